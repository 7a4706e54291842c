//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/retry.hpp>

#include <asioctx/async_sleep.hpp>
#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/value.hpp>

#include <asioctx/testing/manual_clock.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iterator>
#include <memory>
#include <new>
#include <optional>
#include <random>
#include <sstream>
#include <stdexcept>
#include <tuple>
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

// Pauses of a second.
// The same with pauses of a second.
constexpr retry_policy by_seconds(retry_policy p = {})
{
    p.initial_backoff = 1s;
    p.max_backoff = 1s;
    p.jitter = nullptr;
    return p;
}

struct retry_fixture : manual_time_fixture
{
    // What is tried. It ends when the test says so, or when it is asked to.
    probe<void(error_code)> attempt;
    std::vector<context> contexts;
    outcome o;
    retry_report report;

    retry_fixture()
    {
        attempt.when_asked = [this](auto)
        {
            asio::post(
                ioc,
                [this] { attempt.complete(asio::error::operation_aborted); });
        };
    }

    auto operation()
    {
        return [this](context ctx)
        {
            contexts.push_back(ctx);
            return attempt.start(asio::deferred);
        };
    }

    void start(context const& ctx, retry_policy const& policy = by_seconds())
    {
        retry(ctx, policy, operation(), report, recorder(o));
    }

    void fail_with(error_code const& ec)
    {
        attempt.complete(ec);
        poll();
    }

    void pass(duration d)
    {
        clock.advance(d);
        poll();
    }
};

} // namespace

// A model of the budget, beside which random ones are spent.

namespace {

// All is in milliseconds. The error of an attempt is its number.
struct plan
{
    static constexpr int attempts = 12;

    std::optional<int> budget;
    int reserve;
    std::optional<int> limit;
    std::size_t most;
    int takes[attempts];
    bool succeeds[attempts];
    bool is_fatal[attempts];
    int pause[attempts];
    int const* next_pause = pause;

    explicit plan(std::uint64_t seed)
    {
        std::mt19937_64 random(seed);
        auto const below = [&](int n)
        {
            return static_cast<int>(random() % static_cast<unsigned>(n));
        };
        if (below(8) != 0)
            budget = 1 + below(40);
        reserve = below(2) * (1 + below(12));
        if (below(2) == 0)
            limit = 1 + below(12);
        most = below(3) == 0 ? 1u + static_cast<unsigned>(below(5)) : attempts;
        for (int i = 0; i != attempts; ++i)
        {
            takes[i] = below(10);
            succeeds[i] = below(6) == 0;
            is_fatal[i] = below(10) == 0;
            pause[i] = below(8);
        }
    }
};

struct course
{
    std::vector<int> begins;
    int end = 0;
    int error = 0; // of the attempt, or the deadline's
    bool spent = false;

    static constexpr int deadline = 1000;

    bool operator==(course const&) const = default;

    friend std::ostream& operator<<(std::ostream& os, course const& c)
    {
        os << "attempts at";
        for (auto const t : c.begins)
            os << ' ' << t;
        return os << ", ends at " << c.end << " with " << c.error
                  << (c.spent ? ", spent" : "");
    }
};

course expected(plan const& p)
{
    constexpr int never = 1'000'000;
    course c;
    auto const& k = c.begins;
    int const end = p.budget.value_or(never);
    int last_real = course::deadline;
    bool is_last = false;
    if (p.budget && end < p.reserve)
    {
        c.spent = true;
        c.error = course::deadline;
        return c;
    }
    for (int t = 0;;)
    {
        c.begins.push_back(t);
        auto const i = k.size() - 1;
        int until = p.limit ? t + *p.limit : never;
        bool cut = false;
        if (p.reserve && p.budget && !is_last && k.size() < p.most
            && end - t >= 2 * p.reserve && end - p.reserve < until)
        {
            until = end - p.reserve;
            cut = true;
        }
        int error = course::deadline;
        if (t + p.takes[i] < std::min(until, end))
        {
            t += p.takes[i];
            c.end = t;
            if (p.succeeds[i])
            {
                c.error = 0;
                return c;
            }
            error = static_cast<int>(i) + 1;
            cut = false;
            if (p.is_fatal[i])
            {
                c.error = error;
                return c;
            }
        }
        else if (end <= until)
        {
            c.end = end;
            c.error = last_real;
            c.spent = true;
            return c;
        }
        else
            t = until;
        c.end = t;
        if (!cut)
            last_real = error;
        c.error = last_real;
        if (k.size() == p.most)
            return c;
        int const pause = p.pause[i];
        if (p.budget && p.reserve == 0 && t + pause >= end)
            c.spent = true;
        else if (p.budget && p.reserve && (is_last || end - t < p.reserve))
            c.spent = true;
        if (c.spent)
            return c;
        is_last = p.budget && p.reserve && t + pause > end - p.reserve;
        t = is_last ? end - p.reserve : t + pause;
    }
}

// The one that is followed at present.
plan* followed;

course actual(plan p)
{
    followed = &p;
    p.next_pause = p.pause;
    using std::chrono::milliseconds;
    manual_time_fixture f;
    auto const begin = f.now();
    auto const time = [&]
    {
        return static_cast<int>(
            std::chrono::duration_cast<milliseconds>(f.now() - begin).count());
    };
    course c;
    auto const operation = [&](context ctx) -> asio::awaitable<void>
    {
        auto const i = c.begins.size();
        c.begins.push_back(time());
        co_await async_sleep(
            ctx, milliseconds(p.takes[i]), asio::use_awaitable);
        if (!p.succeeds[i])
            throw boost::system::system_error(
                static_cast<int>(i) + 1, boost::system::generic_category());
    };
    auto const b = p.budget ? with_timeout(f.root, milliseconds(*p.budget))
                            : with_cancel(f.root);
    bool done = false;
    retry_report report;
    retry(
        b.ctx,
        {.max_attempts = p.most,
         .attempt_timeout = p.limit ? milliseconds(*p.limit) : duration::max(),
         .reserve = milliseconds(p.reserve),
         .jitter = [](duration) -> duration
         { return milliseconds(*followed->next_pause++); },
         .is_retryable =
             [](error_code const& ec)
         {
             return !followed->is_fatal[ec.value() - 1];
         }},
        operation,
        report,
        [&](std::exception_ptr e)
        {
            done = true;
            c.end = time();
            auto const ec = code_of(e);
            c.error =
                ec == errc::deadline_exceeded ? course::deadline : ec.value();
        });
    for (int i = 0; i != 1000 && !done; ++i)
    {
        f.poll();
        if (!done)
            f.clock.advance(1ms);
    }
    c.spent = report.deadline_spent;
    BOOST_TEST(report.attempts == c.begins.size());
    BOOST_TEST(done);
    return c;
}

} // namespace

BOOST_AUTO_TEST_SUITE(test_retry)

BOOST_FIXTURE_TEST_CASE(the_first_success_ends_it, retry_fixture)
{
    start(root);
    BOOST_TEST(attempt.initiations == 1);
    fail_with(refused);
    BOOST_TEST(!attempt.pending());
    pass(1s - 1ns);
    BOOST_TEST(attempt.initiations == 1);
    pass(1ns);
    BOOST_TEST(attempt.initiations == 2);
    fail_with(error_code());
    BOOST_TEST((o == error_code()));
    BOOST_TEST(o.blocks_when_called == 0);
    BOOST_TEST(report.attempts == 2u);
    BOOST_TEST(!report.deadline_spent);
}

BOOST_FIXTURE_TEST_CASE(
    the_handler_is_not_called_within_the_call, retry_fixture)
{
    attempt.at_end = [this]
    {
        attempt.complete(error_code());
    };
    start(root);
    BOOST_TEST(!o.completed());
    poll();
    BOOST_TEST((o == error_code()));
    BOOST_TEST(o.blocks_when_called == 0);
}

BOOST_FIXTURE_TEST_CASE(
    an_attempt_has_a_context_of_its_own_below_the_one_given, retry_fixture)
{
    static constexpr context_key<int> key("key");
    start(with_value(root, key, 1), by_seconds({.attempt_timeout = 5s}));
    BOOST_TEST(*contexts[0].value(key) == 1);
    BOOST_TEST((contexts[0].remaining() == 5s));
    fail_with(refused);
    BOOST_TEST(contexts[0].done());
    pass(1s);
    BOOST_TEST((contexts[1].remaining() == 5s));
    BOOST_TEST(!contexts[1].done());
    fail_with(error_code());
}

BOOST_FIXTURE_TEST_CASE(
    an_attempt_that_takes_too_long_is_made_again, retry_fixture)
{
    start(
        root,
        by_seconds(
            {.max_attempts = 2,
             .attempt_timeout = 5s,
             .is_retryable = [](auto const&)
             {
                 return false;
             }}));
    pass(5s);
    BOOST_TEST(!attempt.pending());
    pass(1s);
    BOOST_TEST(attempt.pending());
    pass(5s);
    BOOST_TEST((o == make_error_code(errc::deadline_exceeded)));
    BOOST_TEST(report.attempts == 2u);
    BOOST_TEST(!report.deadline_spent);
}

BOOST_FIXTURE_TEST_CASE(
    an_attempt_cut_off_at_the_deadline_leaves_the_last_real_error,
    retry_fixture)
{
    auto const c = with_timeout(root, 10s);
    start(c.ctx);
    fail_with(reset);
    pass(1s);
    fail_with(refused);
    pass(1s);
    BOOST_TEST(attempt.pending());
    BOOST_TEST((contexts[2].remaining() == 8s));
    pass(8s);
    BOOST_TEST((o == error_code(refused)));
    BOOST_TEST(to_string(report) == "deadline spent after 3 attempts");
}

BOOST_FIXTURE_TEST_CASE(
    without_a_real_error_it_is_that_of_the_deadline, retry_fixture)
{
    auto const c = with_timeout(root, 10s);
    start(c.ctx);
    pass(10s);
    BOOST_TEST((o == make_error_code(errc::deadline_exceeded)));
    BOOST_TEST(to_string(report) == "deadline spent after 1 attempt");
}

BOOST_FIXTURE_TEST_CASE(
    a_time_limit_of_an_attempt_is_a_real_error, retry_fixture)
{
    auto const c = with_timeout(root, 10s);
    start(c.ctx, by_seconds({.attempt_timeout = 6s}));
    fail_with(refused);
    pass(1s);
    pass(6s);
    pass(1s);
    BOOST_TEST(attempt.pending());
    pass(2s);
    BOOST_TEST((o == make_error_code(errc::deadline_exceeded)));
    BOOST_TEST(report.attempts == 3u);
    BOOST_TEST(report.deadline_spent);
}

BOOST_FIXTURE_TEST_CASE(
    a_pause_that_there_is_no_time_for_is_not_made, retry_fixture)
{
    auto const c = with_timeout(root, 1s);
    start(c.ctx);
    fail_with(refused);
    BOOST_TEST((o == error_code(refused)));
    BOOST_TEST(to_string(report) == "deadline spent after 1 attempt");
    BOOST_TEST(!c.ctx.done());
}

BOOST_FIXTURE_TEST_CASE(a_reserve_is_kept_for_the_last_attempt, retry_fixture)
{
    auto const c = with_timeout(root, 10s);
    start(c.ctx, by_seconds({.reserve = 3s}));
    BOOST_TEST((contexts[0].remaining() == 7s));
    pass(7s);
    // The pause would go into the reserve.
    BOOST_TEST(attempt.initiations == 2);
    BOOST_TEST((contexts[1].remaining() == 3s));
    fail_with(refused);
    BOOST_TEST((o == error_code(refused)));
    BOOST_TEST(report.attempts == 2u);
    BOOST_TEST(report.deadline_spent);
}

BOOST_FIXTURE_TEST_CASE(
    what_is_cut_off_to_keep_the_reserve_has_no_real_error, retry_fixture)
{
    auto const c = with_timeout(root, 20s);
    start(c.ctx, by_seconds({.reserve = 3s}));
    fail_with(refused);
    pass(1s);
    pass(16s);
    BOOST_TEST(attempt.initiations == 3);
    pass(3s);
    BOOST_TEST((o == error_code(refused)));
    BOOST_TEST(report.attempts == 3u);
}

BOOST_FIXTURE_TEST_CASE(
    a_pause_is_cut_short_for_the_last_attempt, retry_fixture)
{
    auto const c = with_timeout(root, 10s);
    start(
        c.ctx,
        {.reserve = 3s,
         .initial_backoff = 1h,
         .max_backoff = 1h,
         .jitter = nullptr});
    fail_with(refused);
    pass(7s - 1ns);
    BOOST_TEST(attempt.initiations == 1);
    pass(1ns);
    BOOST_TEST(attempt.initiations == 2);
    fail_with(error_code());
    BOOST_TEST((o == error_code()));
}

BOOST_FIXTURE_TEST_CASE(
    with_less_time_than_the_reserve_nothing_begins, retry_fixture)
{
    auto const c = with_timeout(root, 3s - 1ns);
    start(c.ctx, {.reserve = 3s});
    BOOST_TEST(!o.completed());
    poll();
    BOOST_TEST((o == make_error_code(errc::deadline_exceeded)));
    BOOST_TEST(attempt.initiations == 0);
    BOOST_TEST(to_string(report) == "deadline spent after 0 attempts");
}

BOOST_FIXTURE_TEST_CASE(the_policy_says_what_is_worth_it, retry_fixture)
{
    start(
        root,
        by_seconds(
            {.is_retryable = [](error_code const& ec)
             {
                 return ec == refused;
             }}));
    fail_with(refused);
    pass(1s);
    fail_with(reset);
    BOOST_TEST((o == error_code(reset)));
    BOOST_TEST(to_string(report) == "2 attempts");
}

BOOST_FIXTURE_TEST_CASE(
    what_somebody_has_canceled_is_not_tried_again, retry_fixture)
{
    error_code const aborted = asio::error::operation_aborted;
    for (error_code const& ec :
         {aborted,
          error_code(std::error_code(aborted)),
          make_error_code(errc::canceled),
          error_code(std::make_error_code(std::errc::operation_canceled))})
    {
        outcome last;
        retry(root, by_seconds(), operation(), recorder(last));
        fail_with(ec);
        BOOST_TEST_REQUIRE(last.completed());
        BOOST_TEST(last.error == ec);
    }
}

BOOST_FIXTURE_TEST_CASE(there_are_no_more_attempts_than_allowed, retry_fixture)
{
    for (std::size_t const most : {0u, 1u, 3u})
    {
        outcome last;
        int n = 0;
        attempt.initiations = 0;
        retry(
            root,
            by_seconds({.max_attempts = most}),
            operation(),
            recorder(last));
        for (; !last.completed() && n != 10; ++n)
        {
            fail_with(refused);
            if (!last.completed())
                pass(1s);
        }
        BOOST_TEST((last == error_code(refused)));
        BOOST_TEST(std::size_t(n) == std::max<std::size_t>(most, 1));
    }
}

BOOST_FIXTURE_TEST_CASE(
    canceling_the_context_ends_an_attempt_and_a_pause, retry_fixture)
{
    {
        auto [ctx, cancel] = with_cancel(root);
        start(ctx);
        cancel();
        poll();
        BOOST_TEST((o == make_error_code(errc::canceled)));
    }
    {
        outcome in_pause;
        auto [ctx, cancel] = with_cancel(root);
        retry(ctx, by_seconds(), operation(), recorder(in_pause));
        fail_with(refused);
        cancel();
        poll();
        BOOST_TEST((in_pause == make_error_code(errc::canceled)));
        BOOST_TEST(attempt.initiations == 2);
    }
}

BOOST_FIXTURE_TEST_CASE(
    under_a_context_that_is_done_nothing_begins, retry_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    cancel();
    start(ctx);
    BOOST_TEST(!o.completed());
    poll();
    BOOST_TEST((o == make_error_code(errc::canceled)));
    BOOST_TEST(attempt.initiations == 0);
}

BOOST_FIXTURE_TEST_CASE(
    a_success_counts_though_the_context_is_done, retry_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    attempt.when_asked = nullptr;
    start(ctx);
    cancel();
    poll();
    fail_with(error_code());
    BOOST_TEST((o == error_code()));
}

BOOST_FIXTURE_TEST_CASE(
    an_error_of_its_own_counts_though_the_context_is_done, retry_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    attempt.when_asked = nullptr;
    start(ctx);
    cancel();
    poll();
    fail_with(refused);
    BOOST_TEST((o == error_code(refused)));
}

BOOST_FIXTURE_TEST_CASE(its_slot_ends_an_attempt_and_a_pause, retry_fixture)
{
    for (auto const type :
         {asio::cancellation_type::terminal,
          asio::cancellation_type::partial,
          asio::cancellation_type::total})
        for (bool const in_pause : {false, true})
        {
            asio::cancellation_signal signal;
            outcome last;
            attempt.initiations = 0;
            attempt.requests.clear();
            retry(
                root,
                by_seconds(),
                operation(),
                asio::bind_cancellation_slot(signal.slot(), recorder(last)));
            if (in_pause)
                fail_with(refused);
            signal.emit(type);
            poll();
            BOOST_TEST((last == error_code(asio::error::operation_aborted)));
            BOOST_TEST(attempt.initiations == 1);
            if (!in_pause)
                BOOST_TEST(
                    (attempt.requests[0] == asio::cancellation_type::terminal));
            BOOST_TEST(!signal.slot().has_handler());
        }
}

BOOST_FIXTURE_TEST_CASE(a_retry_is_work, retry_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    start(ctx);
    BOOST_TEST(!idle());
    fail_with(refused);
    BOOST_TEST(!idle());
    cancel();
    BOOST_TEST(idle());
}

BOOST_FIXTURE_TEST_CASE(
    what_starting_the_first_attempt_throws_comes_out, retry_fixture)
{
    attempt.at_begin = []
    {
        throw std::runtime_error("first");
    };
    BOOST_CHECK_THROW(start(root), std::runtime_error);
    BOOST_TEST(o.handlers == 0);
    BOOST_CHECK_THROW(
        retry(
            root,
            {},
            [this](context)
            {
                attempt.at_begin = []
                {
                    throw std::bad_alloc();
                };
                return attempt.start(asio::deferred);
            },
            recorder(o)),
        std::bad_alloc);
    BOOST_CHECK_THROW(
        start(background(), {.attempt_timeout = 1s}), std::logic_error);
    BOOST_TEST(!o.completed());
}

BOOST_FIXTURE_TEST_CASE(
    what_starting_another_attempt_throws_is_the_error, retry_fixture)
{
    using boost::system::system_error;
    for (int i = 0; i != 2; ++i)
    {
        outcome last;
        attempt.at_begin = nullptr;
        retry(root, by_seconds(), operation(), recorder(last));
        attempt.at_begin = [i]
        {
            if (i == 0)
                throw std::bad_alloc();
            throw system_error(reset);
        };
        fail_with(refused);
        pass(1s);
        if (i == 0)
            BOOST_TEST(
                (last
                 == make_error_code(boost::system::errc::not_enough_memory)));
        else
            BOOST_TEST((last == error_code(reset)));
    }
}

BOOST_FIXTURE_TEST_CASE(
    an_exception_without_a_code_comes_out_of_run, retry_fixture)
{
    start(root);
    attempt.at_begin = []
    {
        throw std::runtime_error("second");
    };
    fail_with(refused);
    clock.advance(1s);
    BOOST_CHECK_THROW(poll(), std::runtime_error);
    BOOST_TEST(!o.completed());
    BOOST_TEST(o.handlers == 0);
}

BOOST_FIXTURE_TEST_CASE(
    an_attempt_that_drops_its_handler_drops_all, retry_fixture)
{
    start(root);
    attempt.abandon();
    BOOST_TEST(o.handlers == 0);
    BOOST_TEST(idle());
}

BOOST_AUTO_TEST_CASE(it_goes_with_the_io_context)
{
    for (bool const in_pause : {false, true})
    {
        outcome o;
        {
            asio::io_context ioc;
            auto const root = background(ioc);
            retry(
                root,
                {.initial_backoff = 1h, .max_backoff = 1h, .jitter = nullptr},
                [&](context ctx)
                { return async_sleep(ctx, in_pause ? 0h : 1h); },
                recorder(o));
            retry(
                root,
                {.max_attempts = in_pause ? 2u : 1u,
                 .initial_backoff = 1h,
                 .max_backoff = 1h,
                 .jitter = nullptr},
                [&](context ctx) -> asio::awaitable<void>
                {
                    if (in_pause)
                        throw boost::system::system_error(refused);
                    co_await async_sleep(ctx, 1h);
                },
                asio::detached);
            ioc.poll();
        }
        BOOST_TEST(o.handlers == 0);
    }
}

// Coroutines

BOOST_FIXTURE_TEST_CASE(coroutines_are_tried, manual_time_fixture)
{
    int n = 0;
    auto const answer = [&n](context ctx) -> asio::awaitable<int>
    {
        co_await async_sleep(ctx, 1s, asio::use_awaitable);
        if (++n < 3)
            throw boost::system::system_error(refused);
        co_return 42;
    };
    auto found = retry(root, by_seconds(), answer, asio::use_future);
    for (int i = 0; i != 5; ++i)
    {
        poll();
        clock.advance(1s);
    }
    poll();
    BOOST_TEST(found.get() == 42);
}

BOOST_FIXTURE_TEST_CASE(
    a_coroutine_is_asked_to_stop_as_a_whole, manual_time_fixture)
{
    auto const c = with_timeout(root, 10s);
    auto const wait = [this](context) -> asio::awaitable<void>
    {
        co_await async_sleep(root, 1h, asio::use_awaitable);
    };
    outcome o;
    retry_report report;
    retry(
        c.ctx, by_seconds({.attempt_timeout = 6s}), wait, report, recorder(o));
    for (int i = 0; i != 10; ++i)
    {
        poll();
        clock.advance(1s);
    }
    poll();
    BOOST_TEST((o == make_error_code(errc::deadline_exceeded)));
    BOOST_TEST(report.attempts == 2u);
}

BOOST_FIXTURE_TEST_CASE(
    an_exception_without_a_code_is_not_worth_another_attempt,
    manual_time_fixture)
{
    int n = 0;
    auto const work = [&n](context) -> asio::awaitable<void>
    {
        ++n;
        throw std::runtime_error("no code");
        co_return;
    };
    auto done = retry(root, by_seconds(), work, asio::use_future);
    poll();
    BOOST_CHECK_THROW(done.get(), std::runtime_error);
    BOOST_TEST(n == 1);
}

BOOST_FIXTURE_TEST_CASE(
    a_retry_can_be_awaited_and_is_on_the_coroutines_strand, manual_time_fixture)
{
    auto const strand = asio::make_strand(ioc);
    bool done = false;
    asio::co_spawn(
        strand,
        [&]() -> asio::awaitable<void>
        {
            auto const get =
                [&](context) -> asio::awaitable<std::unique_ptr<int>>
            {
                BOOST_TEST(strand.running_in_this_thread());
                co_return std::make_unique<int>(7);
            };
            auto const p = co_await retry(root, {}, get, asio::use_awaitable);
            BOOST_TEST(*p == 7);
            auto const [ec] = co_await retry(
                root,
                {},
                [](context ctx) { return async_sleep(ctx, 0s); },
                asio::as_tuple(asio::use_awaitable));
            BOOST_TEST(!ec);
            co_await retry(
                root, {}, [](context ctx) { return async_sleep(ctx, 0s); });
            BOOST_TEST(strand.running_in_this_thread());
            done = true;
        },
        asio::detached);
    poll();
    BOOST_TEST(done);
}

// Tokens and executors

BOOST_FIXTURE_TEST_CASE(
    other_results_are_those_of_the_attempt, manual_time_fixture)
{
    probe<void(error_code, std::unique_ptr<int>)> attempt;
    auto const operation = [&](context)
    {
        return attempt.start(asio::deferred);
    };
    int found = 0;
    retry(
        root,
        by_seconds(),
        operation,
        [&](error_code ec, std::unique_ptr<int> p)
        {
            BOOST_TEST(!ec);
            found = *p;
        });
    attempt.complete(error_code(refused), nullptr);
    poll();
    clock.advance(1s);
    poll();
    attempt.complete(error_code(), std::make_unique<int>(3));
    poll();
    BOOST_TEST(found == 3);
}

BOOST_FIXTURE_TEST_CASE(
    a_deferred_retry_starts_later_and_may_be_started_again, retry_fixture)
{
    auto const later = retry(root, by_seconds(), operation(), asio::deferred);
    BOOST_TEST(attempt.initiations == 0);
    for (int i = 1; i != 3; ++i)
    {
        outcome last;
        later(recorder(last));
        BOOST_TEST(attempt.initiations == i);
        fail_with(error_code());
        BOOST_TEST((last == error_code()));
    }
}

BOOST_FIXTURE_TEST_CASE(
    a_retry_is_bound_to_a_context_as_any_operation, retry_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    retry(root, by_seconds(), operation(), bind_context(ctx, recorder(o)));
    cancel();
    poll();
    BOOST_TEST((o == make_error_code(errc::canceled)));
}

BOOST_FIXTURE_TEST_CASE(
    the_handler_and_all_attempts_but_the_first_are_on_its_executor,
    retry_fixture)
{
    auto const strand = asio::make_strand(ioc);
    bool called = false;
    attempt.at_begin = [&]
    {
        BOOST_TEST(
            strand.running_in_this_thread() == (attempt.initiations > 1));
    };
    retry(
        root,
        by_seconds(),
        operation(),
        asio::bind_executor(
            strand,
            [&](error_code)
            {
                BOOST_TEST(strand.running_in_this_thread());
                called = true;
            }));
    fail_with(refused);
    pass(1s);
    asio::post(strand, [this] { attempt.complete(error_code()); });
    poll();
    BOOST_TEST(called);
}

// Pauses

BOOST_FIXTURE_TEST_CASE(the_bound_of_a_pause_doubles, retry_fixture)
{
    static std::vector<duration> bounds;
    bounds.clear();
    auto const pauses = [this](duration initial, duration most)
    {
        bounds.clear();
        outcome last;
        retry(
            root,
            {.max_attempts = 7,
             .initial_backoff = initial,
             .max_backoff = most,
             .jitter =
                 [](duration bound)
             {
                 bounds.push_back(bound);
                 return duration(-1);
             }},
            operation(),
            recorder(last));
        while (attempt.pending())
            fail_with(refused);
        BOOST_TEST((last == error_code(refused)));
        return bounds;
    };
    using list = std::vector<duration>;
    BOOST_TEST(
        (pauses(100ns, 1us) == list{100ns, 200ns, 400ns, 800ns, 1us, 1us}));
    BOOST_TEST((pauses(2s, 1s) == list(6, 1s)));
    BOOST_TEST((pauses(0s, 1s) == list(6, 0s)));
    auto const longest = duration::max();
    BOOST_TEST((pauses(longest / 2 + 1ns, longest).back() == longest));
}

BOOST_AUTO_TEST_CASE(full_jitter_is_from_zero_to_the_bound)
{
    auto least = duration::max();
    auto most = duration::min();
    for (int i = 0; i != 20'000; ++i)
    {
        auto const d = full_jitter(1us);
        least = std::min(least, d);
        most = std::max(most, d);
    }
    BOOST_TEST((least == duration::zero()));
    BOOST_TEST((most == 1us));
    BOOST_TEST((full_jitter(duration::max()) >= duration::zero()));
    BOOST_TEST((full_jitter(duration::zero()) == duration::zero()));
    BOOST_TEST((full_jitter(duration::min()) == duration::zero()));
}

BOOST_AUTO_TEST_CASE(a_report_can_be_read)
{
    BOOST_TEST(to_string(retry_report{}) == "0 attempts");
    BOOST_TEST(to_string(retry_report{1, false}) == "1 attempt");
    BOOST_TEST(
        to_string(retry_report{3, true}) == "deadline spent after 3 attempts");
}

// Random budgets

BOOST_AUTO_TEST_CASE(every_budget_is_spent_as_its_model)
{
    std::uint64_t const seed = random_seed();
    BOOST_TEST_MESSAGE("ASIOCTX_TEST_SEED=" << seed);
    std::size_t spent = 0, reserved = 0, succeeded = 0;
    for (std::uint64_t i = 0; i != 3000; ++i)
    {
        plan const p(seed + i);
        auto const c = actual(p);
        std::ostringstream repeat;
        repeat << "repeat: ASIOCTX_TEST_SEED=" << seed + i
               << " asioctx_unit --run_test=test_retry; budget "
               << p.budget.value_or(-1) << ", reserve " << p.reserve
               << ", limit " << p.limit.value_or(-1) << ": " << c
               << "; the model: " << expected(p);
        BOOST_TEST_REQUIRE((c == expected(p)), repeat.str());

        // What does not need a model.
        BOOST_TEST_REQUIRE(c.begins.size() <= p.most, repeat.str());
        if (!p.budget)
            continue;
        BOOST_TEST_REQUIRE(c.end <= *p.budget, repeat.str());
        for (auto const t : c.begins)
        {
            BOOST_TEST_REQUIRE(*p.budget - t >= p.reserve, repeat.str());
            BOOST_TEST_REQUIRE(t < *p.budget, repeat.str());
        }
        spent += c.spent;
        succeeded += c.error == 0;
        reserved += p.reserve != 0 && !c.begins.empty()
            && *p.budget - c.begins.back() == p.reserve;
    }
    BOOST_TEST(spent > 100u);
    BOOST_TEST(succeeded > 100u);
    BOOST_TEST(reserved > 100u);
}

BOOST_AUTO_TEST_SUITE_END()
