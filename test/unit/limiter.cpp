//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/limiter.hpp>

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/dump.hpp>

#include <asioctx/testing/manual_clock.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <future>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/io_context_fixture.hpp"
#include "support/outcome.hpp"
#include "support/print.hpp"
#include "support/random_seed.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

namespace {

using permit = limiter::permit;

// Who wants to be admitted, and keeps the permit.
struct guest : outcome
{
    permit got;

    bool admitted() const noexcept
    {
        return calls == 1 && !error && got;
    }
};

// As a recorder, but that it keeps the permit.
struct guest_handler : recorder
{
    explicit guest_handler(guest& g) noexcept : recorder(g), who(&g)
    {
    }

    void operator()(error_code const& ec, permit p)
    {
        who->got = std::move(p);
        recorder::operator()(ec);
    }

    guest* who;
};

struct limiter_fixture : manual_time_fixture
{
    void acquire(limiter& l, guest& g)
    {
        acquire(l, root, g);
    }

    // NOLINTNEXTLINE(asioctx-first-parameter): as a member of the limiter
    void acquire(limiter& l, context const& ctx, guest& g)
    {
        l.async_acquire(ctx, guest_handler(g));
    }

    void pass(duration d)
    {
        clock.advance(d);
        poll();
    }

    // Lets some work take a time.
    void work(limiter& l, duration time)
    {
        guest g;
        acquire(l, g);
        poll();
        BOOST_TEST_REQUIRE(g.admitted());
        clock.advance(time);
        g.got.release();
    }

    // Nobody waits any more.
    void finish(std::vector<guest*> guests)
    {
        for (std::size_t n = guests.size(); n-- != 0; poll())
            for (auto* const g : guests)
                g->got.drop();
    }
};

error_code const rejected = overloaded;

} // namespace

BOOST_TEST_DONT_PRINT_LOG_VALUE(asioctx::queue_order)

BOOST_AUTO_TEST_SUITE(test_limiter)

// Room and queue

BOOST_FIXTURE_TEST_CASE(
    it_admits_up_to_the_limit_and_queues_the_others, limiter_fixture)
{
    limiter l(root, 2);
    guest a, b, c;
    acquire(l, a);
    acquire(l, b);
    acquire(l, c);
    poll();
    BOOST_TEST(a.admitted());
    BOOST_TEST(b.admitted());
    BOOST_TEST(!c.completed());
    BOOST_TEST(l.report().in_use == 2u);
    BOOST_TEST(l.report().queued == 1u);

    a.got.release();
    BOOST_TEST(!a.got);
    poll();
    BOOST_TEST(c.admitted());
    BOOST_TEST(l.report().in_use == 2u);
    BOOST_TEST(l.report().queued == 0u);
    BOOST_TEST(l.report().admitted == 3u);
}

BOOST_FIXTURE_TEST_CASE(the_oldest_is_next_or_the_newest, limiter_fixture)
{
    for (auto const order :
         {queue_order::oldest_first, queue_order::newest_first})
    {
        limiter l(root, 1, {.order = order});
        guest a, b, c;
        acquire(l, a);
        acquire(l, b);
        acquire(l, c);
        poll();
        bool const oldest = order == queue_order::oldest_first;
        auto& first = oldest ? b : c;
        auto& last = oldest ? c : b;
        a.got.release();
        poll();
        BOOST_TEST(first.admitted());
        BOOST_TEST(!last.completed());
        first.got.release();
        poll();
        BOOST_TEST(last.admitted());
    }
}

BOOST_FIXTURE_TEST_CASE(a_full_queue_rejects_at_once, limiter_fixture)
{
    limiter l(root, 1, {.max_queued = 1});
    guest a, b, c;
    acquire(l, a);
    acquire(l, b);
    acquire(l, c);
    BOOST_TEST(l.report().rejected_full == 1u);
    poll();
    BOOST_TEST(c == rejected);
    BOOST_TEST(!c.got);
    BOOST_TEST(!b.completed());
    b.slot = {};
    a.got.release();
    poll();
    BOOST_TEST(b.admitted());
}

BOOST_FIXTURE_TEST_CASE(
    if_the_newest_is_next_the_oldest_makes_room, limiter_fixture)
{
    limiter l(root, 1, {.max_queued = 2, .order = queue_order::newest_first});
    guest a, b, c, d;
    acquire(l, a);
    acquire(l, b);
    acquire(l, c);
    acquire(l, d);
    BOOST_TEST(l.report().queued == 2u);
    BOOST_TEST(l.report().rejected_full == 1u);
    poll();
    BOOST_TEST(b == rejected);
    BOOST_TEST(!c.completed());
    a.got.release();
    poll();
    BOOST_TEST(d.admitted());
    d.got.release();
    poll();
    BOOST_TEST(c.admitted());
}

BOOST_FIXTURE_TEST_CASE(there_need_not_be_a_queue, limiter_fixture)
{
    for (auto const order :
         {queue_order::oldest_first, queue_order::newest_first})
    {
        limiter l(root, 1, {.max_queued = 0, .order = order});
        guest a, b, c;
        acquire(l, a);
        acquire(l, b);
        poll();
        BOOST_TEST(a.admitted());
        BOOST_TEST(b == rejected);
        a.got.release();
        acquire(l, c);
        poll();
        BOOST_TEST(c.admitted());
    }
}

BOOST_FIXTURE_TEST_CASE(one_may_try, limiter_fixture)
{
    limiter l(root, 1);
    auto p = l.try_acquire(root);
    BOOST_TEST(bool(p));
    BOOST_TEST(!l.try_acquire(root));
    BOOST_TEST(l.report().rejected_full == 1u);

    guest a;
    acquire(l, a);
    p.release();
    BOOST_TEST(!l.try_acquire(root)); // it is a's
    poll();
    a.got.release();
    auto [ctx, cancel] = with_cancel(root);
    cancel();
    BOOST_TEST(!l.try_acquire(ctx));
    BOOST_TEST(l.report().canceled == 1u);
    auto [late, source] = with_timeout(root, 0s);
    BOOST_TEST(!l.try_acquire(late));
    BOOST_TEST(l.report().expired == 1u);
    BOOST_TEST(bool(l.try_acquire(root)));
}

// Contexts

BOOST_FIXTURE_TEST_CASE(
    who_is_canceled_leaves_the_queue_within_the_call, limiter_fixture)
{
    limiter l(root, 1, {.max_queued = 1});
    guest a, b, c;
    auto [ctx, cancel] = with_cancel(root);
    acquire(l, a);
    acquire(l, ctx, b);
    poll();
    cancel();
    BOOST_TEST(l.report().queued == 0u);
    BOOST_TEST(l.report().canceled == 1u);
    BOOST_TEST(!b.completed());
    acquire(l, c); // there is room in the queue
    poll();
    BOOST_TEST(b == errc::canceled);
    BOOST_TEST(!b.got);
    a.got.release();
    poll();
    BOOST_TEST(c.admitted());
    BOOST_TEST(l.report().expired == 0u);
}

BOOST_FIXTURE_TEST_CASE(
    so_does_who_is_late_and_that_is_counted_apart, limiter_fixture)
{
    limiter l(root, 1);
    guest a, b;
    auto [ctx, cancel] = with_timeout(root, 5s);
    acquire(l, a);
    acquire(l, ctx, b);
    poll();
    clock.advance(5s);
    BOOST_TEST(l.report().queued == 0u);
    BOOST_TEST(l.report().expired == 1u);
    poll();
    BOOST_TEST(b == errc::deadline_exceeded);
    BOOST_TEST(l.report().canceled == 0u);
    BOOST_TEST(l.report().rejected_late == 0u);
}

BOOST_FIXTURE_TEST_CASE(who_is_done_is_not_admitted, limiter_fixture)
{
    limiter l(root, 1);
    guest a, b;
    auto [ctx, cancel] = with_cancel(root);
    cancel();
    auto [late, source] = with_timeout(root, 0s);
    acquire(l, ctx, a);
    acquire(l, late, b);
    BOOST_TEST(!a.completed());
    poll();
    BOOST_TEST(a == errc::canceled);
    BOOST_TEST(b == errc::deadline_exceeded);
    BOOST_TEST(l.report().canceled == 1u);
    BOOST_TEST(l.report().expired == 1u);
    BOOST_TEST(l.report().in_use == 0u);
}

BOOST_FIXTURE_TEST_CASE(
    who_was_admitted_is_so_though_it_is_canceled_then, limiter_fixture)
{
    limiter l(root, 1);
    guest a;
    auto [ctx, cancel] = with_cancel(root);
    acquire(l, ctx, a);
    cancel();
    poll();
    BOOST_TEST(a.admitted());
    BOOST_TEST(l.report().canceled == 0u);
}

BOOST_FIXTURE_TEST_CASE(the_slot_ends_the_wait, limiter_fixture)
{
    limiter l(root, 1);
    guest a, b;
    asio::cancellation_signal signal;
    b.slot = signal.slot();
    acquire(l, a);
    acquire(l, b);
    poll();
    signal.emit(asio::cancellation_type::none);
    BOOST_TEST(l.report().queued == 1u);
    signal.emit(asio::cancellation_type::total);
    BOOST_TEST(l.report().queued == 0u);
    signal.emit(asio::cancellation_type::terminal);
    poll();
    BOOST_TEST(b == asio::error::operation_aborted);
    BOOST_TEST(l.report().canceled == 1u);
    BOOST_TEST(!b.slot.has_handler());
}

// Deadlines that cannot be met

BOOST_FIXTURE_TEST_CASE(
    who_has_less_than_waiting_and_the_work_take_is_rejected, limiter_fixture)
{
    limiter l(root, 2);
    work(l, 8s);
    BOOST_TEST(l.report().work == 8s);
    guest a, b, c, d, e;
    acquire(l, a);
    acquire(l, b);
    poll();

    // One of the two permits is to be had in 4 s.
    BOOST_TEST(l.report().expected_wait == 4s);
    auto [short_of, s1] = with_timeout(root, 12s - 1ns);
    auto [enough, s2] = with_timeout(root, 12s);
    acquire(l, short_of, c);
    acquire(l, enough, d);
    BOOST_TEST(l.report().rejected_late == 1u);
    poll();
    BOOST_TEST(c == rejected);
    BOOST_TEST(!d.completed());

    // There is one before it now.
    BOOST_TEST(l.report().expected_wait == 8s);
    auto [third, s3] = with_timeout(root, 16s - 1ns);
    acquire(l, third, e);
    poll();
    BOOST_TEST(e == rejected);
    BOOST_TEST(l.report().rejected_full == 0u);
    finish({&a, &b, &d});
}

BOOST_FIXTURE_TEST_CASE(the_newest_has_nobody_before_it, limiter_fixture)
{
    limiter l(root, 1, {.order = queue_order::newest_first});
    work(l, 1s);
    guest a, b, c, d;
    acquire(l, a);
    acquire(l, b);
    BOOST_TEST(l.report().expected_wait == 1s);
    auto [ctx, cancel] = with_timeout(root, 2s);
    acquire(l, ctx, c);
    auto [less, source] = with_timeout(root, 2s - 1ns);
    acquire(l, less, d);
    poll();
    BOOST_TEST(!c.completed());
    BOOST_TEST(d == rejected);
    finish({&a, &b, &c});
}

BOOST_FIXTURE_TEST_CASE(
    whose_turn_comes_too_late_is_passed_over, limiter_fixture)
{
    limiter l(root, 1);
    guest a, b, c;
    auto [ctx, cancel] = with_timeout(root, 5s);
    acquire(l, a);
    acquire(l, ctx, b);
    acquire(l, c);
    poll();
    pass(3s);
    a.got.release(); // it is known now: 3 s
    BOOST_TEST(l.report().rejected_late == 1u);
    poll();
    BOOST_TEST(b == rejected);
    BOOST_TEST(c.admitted());
}

BOOST_FIXTURE_TEST_CASE(where_there_is_room_one_may_try, limiter_fixture)
{
    limiter l(root, 1);
    work(l, 1h);
    guest a, b;
    auto [ctx, cancel] = with_timeout(root, 1s);
    acquire(l, ctx, a);
    acquire(l, ctx, b);
    poll();
    BOOST_TEST(a.admitted());
    BOOST_TEST(b == rejected);

    // So it is found out that the work takes less by now.
    for (int i = 0; i != 100; ++i)
    {
        a.got.release();
        work(l, 10ms);
    }
    guest c, d;
    acquire(l, c);
    poll();
    auto [next, source] = with_timeout(root, 1s);
    acquire(l, next, d);
    poll();
    BOOST_TEST(!d.completed());
    finish({&c, &d});
}

BOOST_FIXTURE_TEST_CASE(
    as_long_as_nothing_is_known_all_may_wait, limiter_fixture)
{
    limiter l(root, 1);
    guest a, b;
    auto [ctx, cancel] = with_timeout(root, 1ns);
    acquire(l, a);
    acquire(l, ctx, b);
    BOOST_TEST(l.report().work == 0s);
    BOOST_TEST(l.report().queued == 1u);
    finish({&a, &b});
}

// Permits

BOOST_FIXTURE_TEST_CASE(the_time_of_the_work_is_an_average, limiter_fixture)
{
    limiter l(root, 1);
    work(l, 8s);
    work(l, 16s);
    BOOST_TEST(l.report().work == 9s);
    work(l, 1s);
    BOOST_TEST(l.report().work == 8s);
}

BOOST_FIXTURE_TEST_CASE(
    what_was_dropped_or_canceled_is_not_in_it, limiter_fixture)
{
    limiter l(root, 1);
    work(l, 1s);
    auto p = l.try_acquire(root);
    clock.advance(9s);
    p.drop();
    BOOST_TEST(!p);
    BOOST_TEST(l.report().work == 1s);
    p = l.try_acquire(root);
    clock.advance(9s);
    p.back_off();
    BOOST_TEST(l.report().work == 1s);
    {
        auto [ctx, cancel] = with_cancel(root);
        p = l.try_acquire(ctx);
        clock.advance(9s);
        cancel();
        p.release();
        BOOST_TEST(l.report().work == 1s);
    }
    // It was late, and has taken that long at least.
    auto [ctx, cancel] = with_timeout(root, 9s);
    p = l.try_acquire(ctx);
    clock.advance(9s);
    p.release();
    BOOST_TEST(l.report().work == 2s);
    BOOST_TEST(l.report().in_use == 0u);
}

BOOST_FIXTURE_TEST_CASE(work_that_takes_no_time_counts_too, limiter_fixture)
{
    limiter l(root, 1);
    l.try_acquire(root).release();
    auto p = l.try_acquire(root);
    clock.advance(8s);
    p.release();
    BOOST_TEST(l.report().work == 1s);
}

BOOST_FIXTURE_TEST_CASE(a_limit_may_be_as_great_as_a_number, limiter_fixture)
{
    limiter l(root, (std::numeric_limits<std::size_t>::max)());
    BOOST_TEST(l.report().limit > 1'000'000u);
    BOOST_TEST(bool(l.try_acquire(root)));
}

// The limiter's execution context goes first, and its waiter's is another.
BOOST_FIXTURE_TEST_CASE(it_goes_before_who_waits_elsewhere, limiter_fixture)
{
    std::optional<asio::io_context> home(std::in_place);
    asio::io_context other;
    auto const there = with_cancel(background(other));
    std::optional<limiter> l(std::in_place, background(*home), 1);
    auto const p = l->try_acquire(there.ctx);
    int ended = 0;
    l->async_acquire(
        there.ctx,
        asio::bind_executor(
            other, [&](error_code, limiter::permit const&) { ++ended; }));
    home.reset();
    l.reset();
    other.run();
    BOOST_TEST(ended == 1);
}

BOOST_FIXTURE_TEST_CASE(a_permit_is_released_once, limiter_fixture)
{
    limiter l(root, 3);
    BOOST_TEST(!permit());
    permit().release();
    {
        auto p = l.try_acquire(root);
        auto q = std::move(p);
        // NOLINTNEXTLINE(bugprone-use-after-move): that is what is tested
        BOOST_TEST(!p);
        p.release();
        BOOST_TEST(l.report().in_use == 1u);
        q.release();
        q.release();
        q.drop();
        BOOST_TEST(l.report().in_use == 0u);
        q = l.try_acquire(root);
        p = l.try_acquire(root);
        BOOST_TEST(l.report().in_use == 2u);
        p = std::move(q);
        BOOST_TEST(l.report().in_use == 1u);
    }
    BOOST_TEST(l.report().in_use == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_permit_that_nobody_takes_is_free, limiter_fixture)
{
    limiter l(root, 1);
    l.async_acquire(root, asio::detached);
    guest a;
    acquire(l, a);
    poll();
    BOOST_TEST(a.admitted());
}

// A limit that adapts

BOOST_FIXTURE_TEST_CASE(
    the_limit_grows_by_one_in_a_round_of_work_in_time, limiter_fixture)
{
    limiter l(root, 4, {.target = 1s, .max_limit = 6});
    std::deque<permit> all;
    auto const fill = [&]
    {
        while (auto p = l.try_acquire(root))
            all.push_back(std::move(p));
    };
    std::vector<int> rounds;
    for (int releases = 0; releases != 100; ++releases)
    {
        fill();
        if (l.report().limit != 4 + rounds.size())
            rounds.push_back(releases);
        clock.advance(1s / 10);
        all.pop_front();
    }
    BOOST_TEST(l.report().limit == 6u);
    BOOST_TEST(rounds.size() == 2u);
    // As it grows all the time, a round is of a few more than it was at first.
    BOOST_TEST(rounds.at(0) == 5);
    BOOST_TEST(rounds.at(1) == 10);
}

BOOST_FIXTURE_TEST_CASE(
    it_does_not_grow_while_it_is_not_reached, limiter_fixture)
{
    limiter l(root, 2, {.target = 1s});
    for (int i = 0; i != 100; ++i)
        work(l, 1s);
    BOOST_TEST(l.report().limit == 2u);
}

BOOST_FIXTURE_TEST_CASE(
    work_that_takes_too_long_reduces_it_once_in_a_round, limiter_fixture)
{
    limiter l(root, 100, {.target = 1s, .min_limit = 80});
    std::vector<permit> all(50);
    auto const round = [&](duration time)
    {
        for (auto& p : all)
            p = l.try_acquire(root);
        clock.advance(time);
        for (auto& p : all)
            p.release();
    };
    round(1s);
    BOOST_TEST(l.report().limit == 100u);
    round(1s + 1ns);
    BOOST_TEST(l.report().limit == 90u);
    round(2s);
    BOOST_TEST(l.report().limit == 81u);
    round(2s);
    BOOST_TEST(l.report().limit == 80u);
}

BOOST_FIXTURE_TEST_CASE(so_does_who_backs_off, limiter_fixture)
{
    limiter l(root, 10, {.target = 1s});
    auto p = l.try_acquire(root), q = l.try_acquire(root);
    clock.advance(1ms);
    p.back_off();
    q.back_off();
    BOOST_TEST(l.report().limit == 9u);

    limiter fixed(root, 10);
    fixed.try_acquire(root).back_off();
    BOOST_TEST(fixed.report().limit == 10u);
}

BOOST_FIXTURE_TEST_CASE(a_limit_that_grows_admits_who_waits, limiter_fixture)
{
    limiter l(root, 1, {.target = 1s});
    guest a, b, c;
    acquire(l, a);
    acquire(l, b);
    acquire(l, c);
    poll();
    a.got.release();
    BOOST_TEST(l.report().limit == 2u);
    poll();
    BOOST_TEST(b.admitted());
    BOOST_TEST(c.admitted());
}

// The asynchronous operation

BOOST_FIXTURE_TEST_CASE(
    the_handler_runs_on_its_executor_never_within_a_call, limiter_fixture)
{
    limiter l(root, 1);
    auto strand = asio::make_strand(ioc);
    int calls = 0;
    auto const handler = [&](error_code const&, permit p)
    {
        BOOST_TEST(strand.running_in_this_thread());
        BOOST_TEST(bool(p));
        ++calls;
    };
    asio::post(
        strand,
        [&]
        {
            l.async_acquire(root, asio::bind_executor(strand, handler));
            l.async_acquire(root, asio::bind_executor(strand, handler));
            BOOST_TEST(calls == 0);
        });
    poll();
    BOOST_TEST(calls == 2);

    auto p = l.try_acquire(root);
    asio::post(
        strand,
        [&]
        {
            l.async_acquire(root, asio::bind_executor(strand, handler));
            p.release();
            BOOST_TEST(calls == 2);
        });
    poll();
    BOOST_TEST(calls == 3);
}

BOOST_FIXTURE_TEST_CASE(
    its_memory_is_the_handlers_and_gone_when_that_is_called, limiter_fixture)
{
    limiter l(root, 1);
    guest a, b, c;
    auto [ctx, cancel] = with_cancel(root);
    acquire(l, a);
    acquire(l, b);
    acquire(l, ctx, c);
    BOOST_TEST(b.memory.allocations == 1);
    BOOST_TEST(b.memory.blocks == 1);
    cancel();
    poll();
    a.got.release();
    poll();
    for (auto const* const g : {&a, &b, &c})
    {
        BOOST_TEST(g->calls == 1);
        BOOST_TEST(g->memory.allocations == 1);
        BOOST_TEST(g->blocks_when_called == 0);
    }
}

BOOST_FIXTURE_TEST_CASE(to_wait_is_work, limiter_fixture)
{
    limiter l(root, 1);
    guest a, b;
    acquire(l, a);
    acquire(l, b);
    BOOST_TEST(!idle());
    a.got.release();
    BOOST_TEST(idle());
    BOOST_TEST(b.admitted());
}

BOOST_FIXTURE_TEST_CASE(it_takes_any_token, limiter_fixture)
{
    limiter l(root, 1);
    auto op = l.async_acquire(root); // deferred
    BOOST_TEST(l.report().in_use == 0u);
    permit p;
    std::move(op)([&](error_code, permit q) { p = std::move(q); });
    auto future = l.async_acquire(root, asio::use_future);
    bool done = false;
    asio::co_spawn(
        ioc,
        [&]() -> asio::awaitable<void>
        {
            auto mine = co_await l.async_acquire(root, asio::use_awaitable);
            BOOST_TEST(bool(mine));
            auto [ctx, cancel] = with_timeout(root, 0s);
            auto [ec, none] = co_await l.async_acquire(
                ctx, asio::as_tuple(asio::use_awaitable));
            BOOST_TEST((ec == errc::deadline_exceeded));
            auto [error, other] = co_await l.async_acquire(
                root, bind_context(ctx, asio::as_tuple(asio::use_awaitable)));
            BOOST_TEST((error == errc::deadline_exceeded));
            done = true;
        },
        asio::detached);
    poll();
    BOOST_TEST(bool(p));
    p.release();
    poll();
    future.get().release();
    poll();
    BOOST_TEST(done);
}

BOOST_FIXTURE_TEST_CASE(who_waits_can_be_seen, limiter_fixture)
{
    limiter l(root, 1);
    guest a, b;
    auto [ctx, cancel] = with_cancel(root);
    acquire(l, a);
    acquire(l, ctx, b);
    poll();
    std::ostringstream os;
    dump(os, root);
    BOOST_TEST(os.str().find("async_acquire") != std::string::npos, os.str());
    BOOST_TEST(os.str().find("queued") != std::string::npos, os.str());
    a.got.release();
    poll();
    os.str("");
    dump(os, root);
    BOOST_TEST(os.str().find("async_acquire") == std::string::npos, os.str());
}

BOOST_FIXTURE_TEST_CASE(what_makes_no_sense_is_refused, limiter_fixture)
{
    BOOST_CHECK_THROW(limiter(background(), 1), std::logic_error);
    BOOST_CHECK_THROW(limiter(root, 0), std::invalid_argument);
    BOOST_CHECK_THROW(limiter(root, 1, {.target = 0s}), std::invalid_argument);
    BOOST_CHECK_THROW(
        limiter(root, 1, {.target = 1s, .min_limit = 0}),
        std::invalid_argument);
    BOOST_CHECK_THROW(
        limiter(root, 1, {.target = 1s, .min_limit = 2}),
        std::invalid_argument);
    BOOST_CHECK_THROW(
        limiter(root, 9, {.target = 1s, .max_limit = 8}),
        std::invalid_argument);
    BOOST_CHECK_NO_THROW(limiter(root, 9, {.max_limit = 8}));
}

// What goes

BOOST_FIXTURE_TEST_CASE(the_limiter_may_go_first, limiter_fixture)
{
    guest a, b, c;
    std::optional<limiter> l;
    l.emplace(root, 1);
    auto op = l->async_acquire(root);
    acquire(*l, a);
    acquire(*l, b);
    poll();
    l.reset();
    poll();
    BOOST_TEST(b == asio::error::operation_aborted);
    std::move(op)(guest_handler(c));
    poll();
    BOOST_TEST(c == asio::error::operation_aborted);
    BOOST_TEST(a.admitted());
    a.got.release();
}

BOOST_AUTO_TEST_CASE(the_execution_context_may_go_first)
{
    guest a, b, c;
    std::optional<limiter> l;
    permit p;
    {
        asio::io_context ioc;
        auto const root = background(ioc);
        l.emplace(root, 1);
        p = l->try_acquire(root);
        l->async_acquire(root, guest_handler(b));
        l->async_acquire(root, guest_handler(c));
        p.release(); // b's, whose handler is posted
    }
    BOOST_TEST(b.handlers == 0);
    BOOST_TEST(c.handlers == 0);
    BOOST_TEST(!b.completed());
    BOOST_TEST(l->report().in_use == 0u);
    BOOST_TEST(l->report().queued == 0u);
    BOOST_TEST(bool(l->try_acquire(context())));
    l->async_acquire(
        context(),
        asio::bind_executor(
            asio::system_executor(), [](error_code, permit) {}));
    l.reset();
}

// Each handler gives its permit to the next.
BOOST_FIXTURE_TEST_CASE(a_long_queue_needs_no_deep_stack, limiter_fixture)
{
    struct unwanted
    {
        void operator()(error_code const&, permit) const
        {
        }
    };
    limiter l(root, 1, {.max_queued = 100'000});
    auto p = l.try_acquire(root);
    for (int i = 0; i != 100'000; ++i)
        l.async_acquire(root, unwanted());
    p.release();
    poll();
    BOOST_TEST(l.report().admitted == 100'001u);
    BOOST_TEST(l.report().in_use == 0u);

    // All are done at once, each making room.
    p = l.try_acquire(root);
    auto [ctx, cancel] = with_cancel(root);
    for (int i = 0; i != 100'000; ++i)
        l.async_acquire(ctx, unwanted());
    cancel();
    BOOST_TEST(l.report().queued == 0u);
    BOOST_TEST(l.report().canceled == 100'000u);
}

BOOST_AUTO_TEST_CASE(a_queue_goes_with_its_execution_context)
{
    std::optional<limiter> l;
    permit p;
    {
        asio::io_context ioc;
        auto const root = background(ioc);
        l.emplace(root, 1);
        p = l->try_acquire(root);
        for (int i = 0; i != 1000; ++i)
            l->async_acquire(root, asio::detached);
    }
    BOOST_TEST(l->report().queued == 0u);
    p.release();
    BOOST_TEST(l->report().in_use == 0u);
}

// A model, beside which a limiter is used at random

namespace {

enum class fate
{
    waits,
    has_permit,
    rejected,
    late,
    canceled,
    aborted,
    released,
};

struct model_guest
{
    std::optional<duration> deadline;
    fate what = fate::waits;
    duration since{};
    bool is_canceled = false;
};

// What a limiter is to do, written without regard to how it is done. Times are
// since the begin.
struct model
{
    limiter_options options;
    double limit = 0;
    duration now{};
    duration work{};
    bool is_measured = false;
    duration reduced_at = -1ns;
    std::vector<model_guest> guests;
    std::deque<std::size_t> queue;
    std::size_t in_use = 0;
    limiter_report counts;

    std::size_t whole_limit() const
    {
        return static_cast<std::size_t>(limit);
    }

    duration left(model_guest const& g) const
    {
        return g.deadline ? *g.deadline - now : duration::max();
    }

    duration wait() const
    {
        if (in_use < whole_limit() && queue.empty())
            return {};
        auto const before = options.order == queue_order::newest_first
            ? 0.
            : static_cast<double>(queue.size());
        return duration(static_cast<duration::rep>(
            static_cast<double>(work.count()) * ((before + 1) / limit)));
    }

    void end(std::size_t i, fate f, std::uint64_t& count)
    {
        guests[i].what = f;
        ++count;
        std::erase(queue, i);
    }

    void admit(std::size_t i)
    {
        end(i, fate::has_permit, counts.admitted);
        guests[i].since = now;
        ++in_use;
    }

    void come(std::optional<duration> deadline)
    {
        auto const i = guests.size();
        guests.emplace_back().deadline = deadline;
        bool const newest = options.order == queue_order::newest_first;
        if (deadline && *deadline <= now)
            end(i, fate::late, counts.expired);
        else if (in_use < whole_limit() && queue.empty())
            admit(i);
        else if (deadline && left(guests[i]) < wait() + work)
            end(i, fate::rejected, counts.rejected_late);
        else if (queue.size() < options.max_queued)
            queue.push_back(i);
        else if (!newest || options.max_queued == 0)
            end(i, fate::rejected, counts.rejected_full);
        else
        {
            queue.push_back(i);
            end(queue.front(), fate::rejected, counts.rejected_full);
        }
    }

    void cancel(std::size_t i)
    {
        auto& g = guests[i];
        g.is_canceled = g.is_canceled || !g.deadline || *g.deadline > now;
        if (guests[i].what == fate::waits)
            end(i, fate::canceled, counts.canceled);
    }

    void ask(std::size_t i)
    {
        if (guests[i].what == fate::waits)
            end(i, fate::aborted, counts.canceled);
    }

    void reduce(model_guest const& g)
    {
        if (options.target == duration::max() || g.since < reduced_at)
            return;
        limit = std::max(limit * 0.9, static_cast<double>(options.min_limit));
        reduced_at = now;
    }

    void release(std::size_t i, int how)
    {
        auto& g = guests[i];
        g.what = fate::released;
        auto const time = now - g.since;
        if (how == 2)
            reduce(g);
        else if (how != 1 && !g.is_canceled)
        {
            work = !is_measured ? time : work + (time - work) / 8;
            is_measured = true;
            if (time > options.target)
                reduce(g);
            else if (
                options.target != duration::max() && in_use >= whole_limit())
                limit = std::min(
                    limit + 1 / limit, static_cast<double>(options.max_limit));
        }
        --in_use;
        while (!queue.empty() && in_use < whole_limit())
        {
            auto const next = options.order == queue_order::newest_first
                ? queue.back()
                : queue.front();
            if (left(guests[next]) < work)
                end(next, fate::rejected, counts.rejected_late);
            else
                admit(next);
        }
    }

    void pass(duration d)
    {
        now += d;
        for (std::size_t i = 0; i != guests.size(); ++i)
            if (guests[i].what == fate::waits && guests[i].deadline
                && *guests[i].deadline <= now)
                end(i, fate::late, counts.expired);
    }

    limiter_report report() const
    {
        auto r = counts;
        r.limit = whole_limit();
        r.in_use = in_use;
        r.queued = queue.size();
        r.work = work;
        r.expected_wait = wait();
        return r;
    }
};

std::string text(limiter_report const& r)
{
    std::ostringstream os;
    os << "limit " << r.limit << ", in use " << r.in_use << ", queued "
       << r.queued << ", work " << r.work.count() << ", wait "
       << r.expected_wait.count() << ", admitted " << r.admitted << ", full "
       << r.rejected_full << ", late " << r.rejected_late << ", expired "
       << r.expired << ", canceled " << r.canceled;
    return os.str();
}

struct real_guest : guest
{
    explicit real_guest(cancelable s) : scope(std::move(s))
    {
        slot = signal.slot();
    }

    fate what() const
    {
        if (!completed())
            return fate::waits;
        if (*this == error_code())
            return got ? fate::has_permit : fate::released;
        if (*this == rejected)
            return fate::rejected;
        if (*this == errc::deadline_exceeded)
            return fate::late;
        return *this == errc::canceled ? fate::canceled : fate::aborted;
    }

    asio::cancellation_signal signal;
    cancelable scope;
};

// Compares a limiter with its model after each of some steps. Adds what has
// happened.
std::string differs(std::uint64_t seed, limiter_report& sum)
{
    std::mt19937_64 random(seed);
    auto const below = [&](std::size_t n)
    {
        return random() % n;
    };
    auto const ms = [&](std::size_t n)
    {
        return std::chrono::milliseconds(static_cast<int>(below(n)));
    };
    limiter_options const options{
        .max_queued = below(6),
        .order = below(2) == 0 ? queue_order::oldest_first
                               : queue_order::newest_first,
        .target = below(2) == 0 ? duration::max() : 1ms + ms(20),
        .min_limit = 1,
        .max_limit = 6};
    auto const limit = 1 + below(4);

    manual_time_fixture f;
    std::optional<limiter> used(std::in_place, f.root, limit, options);
    auto& l = *used;
    model m;
    m.options = options;
    m.limit = static_cast<double>(limit);
    std::vector<std::unique_ptr<real_guest>> guests;
    auto const begin = f.now();
    auto const pick = [&](fate w) -> std::optional<std::size_t>
    {
        std::vector<std::size_t> all;
        for (std::size_t i = 0; i != m.guests.size(); ++i)
            if (m.guests[i].what == w && (w == fate::waits || guests[i]->got))
                all.push_back(i);
        if (all.empty())
            return std::nullopt;
        return all[below(all.size())];
    };

    for (int step = 0; step != 120; ++step)
    {
        auto const kind = below(12);
        if (kind < 5)
        {
            std::optional<duration> deadline;
            if (below(4) != 0)
                deadline = m.now + ms(40);
            m.come(deadline);
            guests.push_back(std::make_unique<real_guest>(
                deadline ? with_deadline(f.root, begin + *deadline)
                         : with_cancel(f.root)));
            auto& g = *guests.back();
            l.async_acquire(g.scope.ctx, guest_handler(g));
        }
        else if (kind < 7)
        {
            auto const w = below(2) == 0 ? fate::waits : fate::has_permit;
            if (auto const i = pick(w); i && kind == 5)
            {
                m.cancel(*i);
                guests[*i]->scope.cancel();
            }
            else if (i)
            {
                m.ask(*i);
                guests[*i]->signal.emit(asio::cancellation_type::total);
            }
        }
        else if (kind < 10)
        {
            if (auto const i = pick(fate::has_permit))
            {
                auto const how = static_cast<int>(below(6));
                m.release(*i, how);
                auto& p = guests[*i]->got;
                how == 1 ? p.drop() : how == 2 ? p.back_off() : p.release();
            }
        }
        else
        {
            auto const d = ms(6);
            m.pass(d);
            f.clock.advance(d);
        }

        auto const is = text(l.report()), should = text(m.report());
        auto const where = "step " + std::to_string(step) + ": ";
        if (is != should)
            return std::string(where)
                .append(is)
                .append("; the model: ")
                .append(should);
        if (below(3) == 0)
            continue;
        f.poll();
        for (std::size_t i = 0; i != guests.size(); ++i)
            if (guests[i]->what() != m.guests[i].what)
                return where + "guest " + std::to_string(i) + " is "
                    + std::to_string(static_cast<int>(guests[i]->what()))
                    + "; the model: "
                    + std::to_string(static_cast<int>(m.guests[i].what));
    }
    auto const r = l.report();
    sum.admitted += r.admitted;
    sum.rejected_full += r.rejected_full;
    sum.rejected_late += r.rejected_late;
    sum.expired += r.expired;
    sum.canceled += r.canceled;
    if (r.admitted + r.rejected_full + r.rejected_late + r.expired + r.canceled
            + r.queued
        != guests.size())
        return "not everybody is counted";
    used.reset();
    f.poll();
    for (auto const& g : guests)
        if (!g->completed())
            return "a handler was not called";
    return "";
}

} // namespace

BOOST_AUTO_TEST_CASE(a_limiter_does_as_its_model)
{
    std::uint64_t const seed = random_seed();
    BOOST_TEST_MESSAGE("ASIOCTX_TEST_SEED=" << seed);
    limiter_report sum;
    for (std::uint64_t i = 0; i != 1000; ++i)
    {
        auto const difference = differs(seed + i, sum);
        BOOST_TEST_REQUIRE(
            difference == "",
            "repeat: ASIOCTX_TEST_SEED=" << seed + i
                                         << " asioctx_unit --run_test=test_"
                                            "limiter; "
                                         << difference);
    }
    BOOST_TEST_MESSAGE(text(sum));
    for (auto const n :
         {sum.admitted,
          sum.rejected_full,
          sum.rejected_late,
          sum.expired,
          sum.canceled})
        BOOST_TEST(n > 500u);
}

BOOST_AUTO_TEST_SUITE_END()
