//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/hedge.hpp>

#include <asioctx/async_sleep.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>

#include <asioctx/testing/manual_clock.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <random>
#include <sstream>
#include <stdexcept>
#include <utility>
#include <vector>

#include "support/io_context_fixture.hpp"
#include "support/outcome.hpp"
#include "support/print.hpp"
#include "support/probe.hpp"
#include "support/random_seed.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

namespace {

constexpr auto refused = asio::error::connection_refused;
constexpr auto reset = asio::error::connection_reset;

struct hedge_fixture : manual_time_fixture
{
    // What is tried, twice. It ends when the test says so.
    std::array<probe<void(error_code)>, 2> attempts;
    std::vector<context> contexts;
    outcome o;

    auto operation()
    {
        return [this](context ctx)
        {
            contexts.push_back(ctx);
            return attempts[contexts.size() - 1].start(asio::deferred);
        };
    }

    void start(context const& ctx, duration delay = 1s)
    {
        hedge(ctx, delay, operation(), recorder(o));
    }

    void end(std::size_t i, error_code const& ec)
    {
        attempts[i].complete(ec);
        poll();
    }

    void pass(duration d)
    {
        clock.advance(d);
        poll();
    }
};

// A model. All is in milliseconds. No two things are at the same time, but for
// the end of the budget and the delay's.
struct plan
{
    std::optional<int> budget; // 4k
    int delay;                 // 4k
    int takes[2];              // 4k + 1, 4k + 2
    bool succeeds[2];

    explicit plan(std::uint64_t seed)
    {
        std::mt19937_64 random(seed);
        auto const below = [&](int n)
        {
            return static_cast<int>(random() % static_cast<unsigned>(n));
        };
        if (below(3) != 0)
            budget = 4 * (1 + below(8));
        delay = 4 * below(8);
        for (int i = 0; i != 2; ++i)
        {
            takes[i] = 4 * below(8) + 1 + i;
            succeeds[i] = below(2) == 0;
        }
    }
};

struct course
{
    std::vector<int> begins;
    int end = 0;
    int result = 0;    // the number of the attempt, negative if it has failed
    bool lost = false; // the other attempt, with the cause that says so

    static constexpr int deadline = -1000;

    bool operator==(course const&) const = default;

    friend std::ostream& operator<<(std::ostream& os, course const& c)
    {
        os << "attempts at";
        for (auto const t : c.begins)
            os << ' ' << t;
        return os << ", ends at " << c.end << " with " << c.result
                  << (c.lost ? ", one lost" : "");
    }
};

course expected(plan const& p)
{
    constexpr int never = 1'000'000;
    int const end = p.budget.value_or(never);
    course c{.begins = {0}};
    int const first = p.takes[0];
    int second = never;
    int const begin = p.succeeds[0] ? p.delay : std::min(p.delay, first);
    if (begin < end && (!p.succeeds[0] || begin < first))
    {
        c.begins.push_back(begin);
        second = begin + p.takes[1];
    }
    bool const wins[] = {
        p.succeeds[0] && first < end && (!p.succeeds[1] || first < second),
        p.succeeds[1] && second < end && (!p.succeeds[0] || second < first)};
    for (int i = 0; i != 2; ++i)
        if (wins[i])
        {
            int const other = i == 0 ? second : first;
            c.end = i == 0 ? first : second;
            c.result = i + 1;
            c.lost = c.begins.size() == 2 && other > c.end;
            return c;
        }
    c.end = std::min(end, std::max(first, second));
    int const earliest = std::min(first, second);
    c.result = earliest >= end ? course::deadline : first < second ? -1 : -2;
    return c;
}

course actual(plan const& p)
{
    using std::chrono::milliseconds;
    manual_time_fixture f;
    auto const begin = f.now();
    auto const time = [&]
    {
        return static_cast<int>(
            std::chrono::duration_cast<milliseconds>(f.now() - begin).count());
    };
    course c;
    int live = 0;
    auto const operation = [&](context ctx) -> asio::awaitable<int>
    {
        auto const i = c.begins.size();
        c.begins.push_back(time());
        struct count
        {
            ~count()
            {
                --n;
                lost = lost || ctx.cause() == hedge_lost;
            }

            int& n;
            bool& lost;
            context ctx;
        } const here{++live, c.lost, ctx};
        co_await async_sleep(
            ctx, milliseconds(p.takes[i]), asio::use_awaitable);
        if (!p.succeeds[i])
            throw boost::system::system_error(
                static_cast<int>(i) + 1, boost::system::generic_category());
        co_return static_cast<int>(i) + 1;
    };
    auto const b = p.budget ? with_timeout(f.root, milliseconds(*p.budget))
                            : with_cancel(f.root);
    bool done = false;
    hedge(
        b.ctx,
        milliseconds(p.delay),
        operation,
        [&](std::exception_ptr e, int n)
        {
            done = true;
            BOOST_TEST(live == 0);
            c.end = time();
            auto const ec = code_of(e);
            c.result = !ec                      ? n
                : ec == errc::deadline_exceeded ? course::deadline
                                                : -ec.value();
        });
    for (int i = 0; i != 1000 && !done; ++i)
    {
        f.poll();
        if (!done)
            f.clock.advance(1ms);
    }
    BOOST_TEST(done);
    return c;
}

} // namespace

BOOST_AUTO_TEST_SUITE(test_hedge)

BOOST_FIXTURE_TEST_CASE(an_answer_in_time_is_the_only_one, hedge_fixture)
{
    start(root);
    pass(1s - 1ns);
    end(0, error_code());
    BOOST_TEST((o == error_code()));
    BOOST_TEST(o.blocks_when_called == 0);
    pass(1s);
    BOOST_TEST(contexts.size() == 1u);
    BOOST_TEST((contexts[0].cause() != hedge_lost));
}

BOOST_FIXTURE_TEST_CASE(
    the_second_attempt_wins_and_the_first_is_waited_for, hedge_fixture)
{
    start(root);
    pass(1s);
    BOOST_TEST(attempts[1].pending());
    end(1, error_code());
    BOOST_TEST(!o.completed());
    BOOST_TEST((contexts[0].cause() == hedge_lost));
    BOOST_TEST(attempts[0].requests.size() == 1u);
    BOOST_TEST((contexts[1].error() == error_code()));
    end(0, asio::error::operation_aborted);
    BOOST_TEST((o == error_code()));
    BOOST_TEST(o.blocks_when_called == 0);
}

BOOST_FIXTURE_TEST_CASE(
    the_first_attempt_wins_and_the_second_is_waited_for, hedge_fixture)
{
    start(root);
    pass(1s);
    end(0, error_code());
    BOOST_TEST(!o.completed());
    BOOST_TEST((contexts[1].cause() == hedge_lost));
    end(1, error_code()); // too late
    BOOST_TEST((o == error_code()));
}

BOOST_FIXTURE_TEST_CASE(
    a_failure_begins_the_second_attempt_at_once, hedge_fixture)
{
    start(root, duration::max());
    end(0, refused);
    BOOST_TEST(attempts[1].pending());
    end(1, error_code());
    BOOST_TEST((o == error_code()));
}

BOOST_FIXTURE_TEST_CASE(without_a_delay_both_begin, hedge_fixture)
{
    start(root, -1s);
    BOOST_TEST(contexts.size() == 1u);
    poll();
    BOOST_TEST(contexts.size() == 2u);
    end(1, refused);
    BOOST_TEST(!o.completed());
    end(0, error_code());
    BOOST_TEST((o == error_code()));
}

BOOST_FIXTURE_TEST_CASE(if_both_fail_it_is_the_first_error, hedge_fixture)
{
    start(root);
    pass(1s);
    end(1, reset);
    end(0, refused);
    BOOST_TEST((o == error_code(reset)));
}

BOOST_FIXTURE_TEST_CASE(
    an_attempt_that_is_cut_off_has_not_failed, hedge_fixture)
{
    auto const c = with_timeout(root, 5s);
    start(c.ctx);
    pass(1s);
    pass(4s);
    end(0, asio::error::operation_aborted);
    end(1, refused);
    BOOST_TEST((o == error_code(refused)));
}

BOOST_FIXTURE_TEST_CASE(at_the_deadline_it_is_the_contexts_error, hedge_fixture)
{
    auto const c = with_timeout(root, 1s);
    start(c.ctx);
    pass(1s);
    BOOST_TEST(contexts.size() == 1u);
    end(0, asio::error::operation_aborted);
    BOOST_TEST((o == make_error_code(errc::deadline_exceeded)));
}

BOOST_FIXTURE_TEST_CASE(
    canceling_the_context_cancels_both_attempts, hedge_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    start(ctx);
    pass(1s);
    cancel();
    poll();
    for (std::size_t const i : {0u, 1u})
    {
        BOOST_TEST(attempts[i].requests.size() == 1u);
        BOOST_TEST(!o.completed());
        end(i, asio::error::operation_aborted);
    }
    BOOST_TEST((o == make_error_code(errc::canceled)));
}

BOOST_FIXTURE_TEST_CASE(
    after_a_cancellation_there_is_no_second_attempt, hedge_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    start(ctx);
    cancel();
    end(0, refused);
    BOOST_TEST(contexts.size() == 1u);
    BOOST_TEST((o == make_error_code(errc::canceled)));
}

BOOST_FIXTURE_TEST_CASE(
    under_a_context_that_is_done_nothing_is_tried, hedge_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    cancel();
    start(ctx);
    BOOST_TEST(!o.completed());
    poll();
    BOOST_TEST((o == make_error_code(errc::canceled)));
    BOOST_TEST(contexts.empty());
}

BOOST_FIXTURE_TEST_CASE(its_slot_cancels_both_attempts, hedge_fixture)
{
    asio::cancellation_signal signal;
    hedge(
        root,
        1s,
        operation(),
        asio::bind_cancellation_slot(signal.slot(), recorder(o)));
    pass(1s);
    signal.emit(asio::cancellation_type::total);
    poll();
    for (std::size_t const i : {0u, 1u})
    {
        BOOST_TEST(
            (attempts[i].requests.at(0) == asio::cancellation_type::terminal));
        end(i, asio::error::operation_aborted);
    }
    BOOST_TEST((o == error_code(asio::error::operation_aborted)));
    BOOST_TEST(!signal.slot().has_handler());
}

BOOST_FIXTURE_TEST_CASE(
    a_success_counts_though_the_context_is_done, hedge_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    start(ctx);
    cancel();
    end(0, error_code());
    BOOST_TEST((o == error_code()));
}

BOOST_FIXTURE_TEST_CASE(
    the_handler_is_not_called_within_the_call, hedge_fixture)
{
    attempts[0].at_end = [this]
    {
        attempts[0].complete(error_code());
    };
    start(root);
    BOOST_TEST(!o.completed());
    poll();
    BOOST_TEST((o == error_code()));
    BOOST_TEST(contexts.size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(
    what_starting_the_first_attempt_throws_comes_out, hedge_fixture)
{
    attempts[0].at_begin = []
    {
        throw std::runtime_error("first");
    };
    BOOST_CHECK_THROW(start(root), std::runtime_error);
    BOOST_TEST(o.handlers == 0);
    BOOST_TEST(idle());
    BOOST_CHECK_THROW(start(background()), std::logic_error);
}

BOOST_FIXTURE_TEST_CASE(
    what_starting_the_second_attempt_throws_is_a_failure, hedge_fixture)
{
    attempts[1].at_begin = []
    {
        throw std::bad_alloc();
    };
    start(root);
    pass(1s);
    BOOST_TEST(!o.completed());
    BOOST_TEST(attempts[0].requests.empty());
    end(0, error_code());
    BOOST_TEST((o == error_code()));
}

BOOST_FIXTURE_TEST_CASE(
    what_starting_the_second_attempt_throws_may_be_the_error, hedge_fixture)
{
    attempts[1].at_begin = []
    {
        throw std::bad_alloc();
    };
    start(root);
    pass(1s);
    end(0, refused);
    BOOST_TEST((o == make_error_code(boost::system::errc::not_enough_memory)));
}

BOOST_FIXTURE_TEST_CASE(
    an_attempt_that_drops_its_handler_drops_all, hedge_fixture)
{
    start(root);
    pass(1s);
    attempts[0].abandon();
    BOOST_TEST(o.handlers == 1);
    end(1, error_code());
    BOOST_TEST(o.handlers == 0);
    BOOST_TEST(!o.completed());
}

BOOST_FIXTURE_TEST_CASE(it_is_work, hedge_fixture)
{
    start(root);
    BOOST_TEST(!idle());
    end(0, refused);
    BOOST_TEST(!idle());
    end(1, refused);
    BOOST_TEST(idle());
}

BOOST_AUTO_TEST_CASE(it_goes_with_the_io_context)
{
    for (auto const delay : {0h, 1h})
    {
        outcome o;
        {
            asio::io_context ioc;
            auto const root = background(ioc);
            hedge(
                root,
                delay,
                [](context ctx) { return async_sleep(ctx, 2h); },
                recorder(o));
            hedge(
                root,
                delay,
                [&](context ctx) -> asio::awaitable<int>
                {
                    co_await async_sleep(ctx, 2h);
                    co_return 1;
                },
                asio::detached);
            ioc.poll();
        }
        BOOST_TEST(o.handlers == 0);
    }
}

BOOST_FIXTURE_TEST_CASE(it_can_be_awaited, manual_time_fixture)
{
    int n = 0;
    auto const get = [&](context ctx) -> asio::awaitable<std::unique_ptr<int>>
    {
        auto const number = ++n;
        co_await async_sleep(ctx, number == 1 ? 1h : 1s, asio::use_awaitable);
        co_return std::make_unique<int>(number);
    };
    auto const ask = [&]() -> asio::awaitable<int>
    {
        auto const p = co_await hedge(root, 2s, get, asio::use_awaitable);
        co_return *p;
    };
    auto found = asio::co_spawn(ioc, ask, asio::use_future);
    for (int i = 0; i != 3; ++i)
    {
        poll();
        clock.advance(1s);
    }
    poll();
    BOOST_TEST(found.get() == 2);
}

BOOST_AUTO_TEST_CASE(every_hedge_is_like_its_model)
{
    std::uint64_t const seed = random_seed();
    BOOST_TEST_MESSAGE("ASIOCTX_TEST_SEED=" << seed);
    std::size_t lost = 0, second = 0, late = 0;
    for (std::uint64_t i = 0; i != 3000; ++i)
    {
        plan const p(seed + i);
        auto const c = actual(p);
        std::ostringstream repeat;
        repeat << "repeat: ASIOCTX_TEST_SEED=" << seed + i
               << " asioctx_unit --run_test=test_hedge; budget "
               << p.budget.value_or(-1) << ", delay " << p.delay << ", takes "
               << p.takes[0] << ", " << p.takes[1] << ": " << c
               << "; the model: " << expected(p);
        BOOST_TEST_REQUIRE((c == expected(p)), repeat.str());
        lost += c.lost;
        second += c.result == 2;
        late += c.result == course::deadline;
    }
    BOOST_TEST(lost > 100u);
    BOOST_TEST(second > 100u);
    BOOST_TEST(late > 100u);
}

BOOST_AUTO_TEST_SUITE_END()
