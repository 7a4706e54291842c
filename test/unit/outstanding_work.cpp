//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// What keeps run() and join() from returning. A context that is live afterwards
// proves that nothing has waited for its time.

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/merge.hpp>
#include <asioctx/with_signals.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <optional>
#include <thread>
#include <vector>

#include "support/outcome.hpp"
#include "support/poll_until.hpp"
#include "support/print.hpp"
#include "support/signals.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(test_outstanding_work)

BOOST_AUTO_TEST_CASE(time_that_is_to_pass_is_no_work)
{
    asio::io_context ioc;
    auto const root = background(ioc);
    auto const a = with_timeout(root, 30s);
    auto const b = with_idle_timeout(root, 30s);
    auto parent = with_cancel(root);
    auto const c = with_grace(parent.ctx, 30s);
    parent.cancel();
    ioc.run();
    BOOST_TEST(!a.ctx.done());
    BOOST_TEST(!b.ctx.done());
    BOOST_TEST(!c.ctx.done());
}

BOOST_AUTO_TEST_CASE(time_that_begins_within_run_is_no_work)
{
    asio::io_context ioc;
    auto parent = with_cancel(background(ioc));
    auto const grace = with_grace(parent.ctx, 30s);
    std::optional<cancelable> timeout;
    asio::post(
        ioc,
        [&]
        {
            parent.cancel();
            timeout = with_timeout(background(ioc), 30s);
        });
    ioc.run();
    BOOST_TEST(!grace.ctx.done());
    BOOST_TEST(!timeout->ctx.done());
}

BOOST_AUTO_TEST_CASE(time_that_another_thread_sets_is_no_work)
{
    asio::io_context ioc;
    auto const root = background(ioc);
    auto work = asio::make_work_guard(ioc);
    std::vector<cancelable> contexts;
    std::thread setter(
        [&]
        {
            for (int i = 0; i != 1000; ++i)
                contexts.push_back(with_timeout(root, 60s - i * 1ms));
            work.reset();
        });
    ioc.run();
    setter.join();
    for (auto const& c : contexts)
        BOOST_TEST(!c.ctx.done());
}

BOOST_AUTO_TEST_CASE(a_pool_can_be_joined_before_a_deadline)
{
    asio::thread_pool pool(2);
    auto const root = background(pool);
    auto const outside = with_timeout(root, 30s);
    std::optional<cancelable> inside;
    asio::post(pool, [&] { inside = with_timeout(root, 20s); });
    pool.join();
    BOOST_TEST(!outside.ctx.done());
    BOOST_TEST(!inside->ctx.done());
}

BOOST_AUTO_TEST_CASE(what_is_bound_keeps_run_from_returning_until_its_deadline)
{
    asio::io_context ioc;
    auto [ctx, cancel] = with_timeout(background(ioc), 5ms);
    asio::steady_timer timer(ioc, 1h);
    outcome bound;
    outcome waiting;
    timer.async_wait(bind_context(ctx, recorder(bound)));
    ctx.async_wait(recorder(waiting));
    ioc.run();
    BOOST_TEST(ctx.done());
    BOOST_TEST((bound == make_error_code(errc::deadline_exceeded)));
    BOOST_TEST(waiting.calls == 1);
}

// As many as were counted are taken back, and no more, however often the timer
// is armed anew and from wherever.
BOOST_AUTO_TEST_CASE(run_does_not_return_while_there_is_work)
{
    asio::io_context ioc;
    auto const root = background(ioc);
    std::vector<cancelable> contexts;
    std::atomic<bool> over{false};
    asio::steady_timer timer(ioc);
    int rounds = 0;
    auto const round = [&](auto const& self) -> void
    {
        if (rounds == 20)
        {
            over = true;
            return;
        }
        // Far ahead, nearer, at once, and gone.
        contexts.push_back(with_timeout(root, 60s - rounds * 1s));
        contexts.push_back(with_timeout(root, 500us));
        (void)with_timeout(root, 1ms);
        ++rounds;
        timer.expires_after(rounds % 2 ? 1ms : 6ms);
        timer.async_wait([&](error_code const&) { self(self); });
    };
    round(round);
    std::thread other(
        [&]
        {
            while (!over)
            {
                (void)with_timeout(root, 300us);
                std::this_thread::yield();
            }
        });
    for (int runs = 0; runs != 3; ++runs)
    {
        ioc.run();
        BOOST_TEST(rounds == 20);
        ioc.restart();
    }
    other.join();
    ioc.restart();
    ioc.run();
    BOOST_TEST(!contexts.front().ctx.done());
    BOOST_TEST(contexts[1].ctx.done());
}

BOOST_AUTO_TEST_CASE(a_deadline_passes_in_a_later_run)
{
    asio::io_context ioc;
    auto [ctx, cancel] = with_timeout(background(ioc), 20ms);
    ioc.run();
    ioc.restart();
    ioc.run();
    bool const early = ctx.done() && clock_type::now() < *ctx.deadline();
    BOOST_TEST(!early);
    poll_until(ioc, [c = ctx] { return c.done(); });
    BOOST_TEST((clock_type::now() >= *ctx.deadline()));
    ioc.poll(); // with io_uring, what it does for itself counts
    BOOST_TEST(ioc.poll() == 0u);
}

BOOST_AUTO_TEST_CASE(the_deadlines_of_several_roots_are_no_work)
{
    asio::io_context a;
    asio::io_context b;
    auto const on_a = with_timeout(background(a), 30s);
    auto const on_b = with_timeout(background(b), 20s);
    auto const both = merge(on_a.ctx, on_b.ctx);
    auto const below = with_timeout(both, 25s);
    outcome o;
    below.ctx.async_wait(recorder(o));
    b.run();
    BOOST_TEST(!on_b.ctx.done());
    a.poll();
    BOOST_TEST(!a.stopped()); // the wait is on it
    on_b.cancel();
    a.run();
    BOOST_TEST(o.calls == 1);
    BOOST_TEST(!on_a.ctx.done());
}

BOOST_AUTO_TEST_CASE(an_execution_context_can_go_before_it_has_run)
{
    std::optional<cancelable> kept;
    {
        asio::io_context ioc;
        kept = with_timeout(background(ioc), 1h);
        asio::io_context polled;
        auto const c = with_timeout(background(polled), 1h);
        polled.poll();
    }
    BOOST_TEST(!kept->ctx.done());
}

BOOST_AUTO_TEST_CASE(a_wait_for_a_signal_is_work_until_its_context_is_done)
{
    asio::io_context ioc;
    auto const c = with_signals(background(ioc), {signal_one});
    ioc.poll();
    BOOST_TEST(!ioc.stopped());
    c.cancel();
    ioc.run();
    BOOST_TEST(c.ctx.done());
}

BOOST_AUTO_TEST_SUITE_END()
