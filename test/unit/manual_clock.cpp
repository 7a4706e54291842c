//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/testing/manual_clock.hpp>

#include <asioctx/after_func.hpp>
#include <asioctx/deadline.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <type_traits>

#include "support/io_context_fixture.hpp"
#include "support/poll_until.hpp"
#include "support/print.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;
using testing::manual_clock;

BOOST_AUTO_TEST_SUITE(test_manual_clock)

BOOST_FIXTURE_TEST_CASE(time_begins_at_the_present, io_context_fixture)
{
    auto const before = clock_type::now();
    manual_clock const clock(ioc);
    BOOST_TEST((clock.now() >= before));
    BOOST_TEST((clock.now() <= clock_type::now()));
}

BOOST_FIXTURE_TEST_CASE(time_stands_still_until_advanced, manual_time_fixture)
{
    auto const start = clock.now();
    auto const real = clock_type::now();
    while (clock_type::now() == real)
    {
    }
    BOOST_TEST((clock.now() == start));
    clock.advance(30s);
    BOOST_TEST((clock.now() == start + 30s));
    clock.advance(1ns);
    BOOST_TEST((clock.now() == start + 30s + 1ns));
    clock.advance_to(start + 1h);
    BOOST_TEST((clock.now() == start + 1h));
    clock.advance(0s);
    clock.advance_to(clock.now());
    BOOST_TEST((clock.now() == start + 1h));
}

BOOST_FIXTURE_TEST_CASE(
    a_deadline_passes_when_time_reaches_it, manual_time_fixture)
{
    auto [ctx, cancel] = with_timeout(root, 30s);
    clock.advance(30s - 1ns);
    BOOST_TEST(!ctx.done());
    clock.advance(1ns);
    BOOST_TEST(ctx.error() == errc::deadline_exceeded);
}

BOOST_FIXTURE_TEST_CASE(
    contexts_are_done_when_advance_returns_and_handlers_are_posted,
    manual_time_fixture)
{
    auto [ctx, cancel] = with_timeout(root, 1s);
    int calls = 0;
    auto const registration = after_func(ctx, [&] { ++calls; });
    clock.advance(1s);
    BOOST_TEST(ctx.done());
    BOOST_TEST(calls == 0);
    poll();
    BOOST_TEST(calls == 1);
}

BOOST_FIXTURE_TEST_CASE(
    deadlines_do_not_keep_run_from_returning, manual_time_fixture)
{
    auto [ctx, cancel] = with_timeout(root, 1h);
    BOOST_TEST(ioc.run() == 0u);
    BOOST_TEST(ioc.stopped());
}

BOOST_FIXTURE_TEST_CASE(
    remaining_time_is_counted_by_the_manual_clock, manual_time_fixture)
{
    auto [ctx, cancel] = with_timeout(root, 30s);
    BOOST_TEST((ctx.remaining() == 30s));
    clock.advance(10s);
    BOOST_TEST((ctx.remaining() == 20s));
    clock.advance(30s);
    BOOST_TEST((ctx.remaining() == 0s));
}

BOOST_FIXTURE_TEST_CASE(other_timers_run_in_real_time, manual_time_fixture)
{
    asio::steady_timer timer(ioc, 1ms);
    bool fired = false;
    timer.async_wait([&](error_code const& ec) { fired = !ec; });
    ioc.run();
    BOOST_TEST(fired);
}

BOOST_FIXTURE_TEST_CASE(the_end_of_time_can_be_reached, manual_time_fixture)
{
    auto [ctx, cancel] = with_deadline(root, time_point::max() - 1ns);
    auto [never, source] = with_timeout(root, duration::max());
    clock.advance(duration::max());
    BOOST_TEST((clock.now() == time_point::max()));
    BOOST_TEST(ctx.error() == errc::deadline_exceeded);
    BOOST_TEST(!never.done());
    clock.advance(duration::max());
    BOOST_TEST((clock.now() == time_point::max()));
    BOOST_TEST(!never.done());
}

BOOST_FIXTURE_TEST_CASE(
    an_execution_context_has_one_clock_at_most, manual_time_fixture)
{
    BOOST_CHECK_THROW(manual_clock{ioc}, std::logic_error);
    // The first is none the worse for it.
    auto [ctx, cancel] = with_timeout(root, 30s);
    clock.advance(30s);
    BOOST_TEST(ctx.done());
}

BOOST_FIXTURE_TEST_CASE(
    each_execution_context_has_its_own_time, manual_time_fixture)
{
    asio::io_context other;
    manual_clock other_clock(other);
    auto [ctx, cancel] = with_timeout(root, 1s);
    auto [other_ctx, other_cancel] = with_timeout(background(other), 1s);
    other_clock.advance(1s);
    BOOST_TEST(!ctx.done());
    BOOST_TEST(other_ctx.done());
    clock.advance(1s);
    BOOST_TEST(ctx.done());
}

BOOST_AUTO_TEST_CASE(a_thread_pool_can_have_a_clock)
{
    asio::thread_pool pool(1);
    manual_clock clock(pool);
    auto [ctx, cancel] = with_timeout(background(pool), 30s);
    clock.advance(30s);
    BOOST_TEST(ctx.error() == errc::deadline_exceeded);
    pool.join();
}

BOOST_FIXTURE_TEST_CASE(
    deadlines_set_before_the_clock_was_made_obey_it, io_context_fixture)
{
    auto [ctx, cancel] = with_timeout(root, 1h);
    // Lets the timer settle on the hour.
    ioc.run_one();
    ioc.poll();
    manual_clock clock(ioc);
    ioc.restart();
    ioc.run_for(patience); // does not wait for the hour
    BOOST_TEST(ioc.stopped());
    BOOST_TEST(!ctx.done());
    clock.advance(1h - 1s);
    BOOST_TEST(!ctx.done());
    clock.advance(2s);
    BOOST_TEST(ctx.error() == errc::deadline_exceeded);
}

BOOST_FIXTURE_TEST_CASE(
    real_time_goes_on_when_the_clock_is_gone, io_context_fixture)
{
    std::optional<manual_clock> clock(ioc);
    auto [ctx, cancel] = with_timeout(root, 2ms);
    BOOST_TEST(idle());
    clock.reset();
    poll_until(ioc, [c = ctx] { return c.done(); });
    BOOST_TEST((clock_type::now() >= *ctx.deadline()));
    BOOST_TEST(ctx.error() == errc::deadline_exceeded);
}

BOOST_FIXTURE_TEST_CASE(
    a_later_deadline_of_real_time_is_not_early_after_a_clock_that_was_ahead,
    io_context_fixture)
{
    {
        manual_clock clock(ioc);
        auto [ctx, cancel] = with_timeout(root, 24h);
        clock.advance(24h);
    }
    auto [late, cancel_late] = with_timeout(root, 1h);
    auto [soon, cancel_soon] = with_timeout(root, 20ms);
    poll_until(ioc, [c = soon] { return c.done(); });
    BOOST_TEST((clock_type::now() >= *soon.deadline()));
    BOOST_TEST(!late.done());
}

BOOST_FIXTURE_TEST_CASE(
    a_second_clock_begins_at_the_present_again, io_context_fixture)
{
    {
        manual_clock clock(ioc);
        auto [ctx, cancel] = with_timeout(root, 24h);
        clock.advance(24h);
    }
    manual_clock clock(ioc);
    BOOST_TEST((clock.now() <= clock_type::now()));
    auto [ctx, cancel] = with_timeout(root, 30s);
    clock.advance(1s);
    BOOST_TEST(!ctx.done());
    clock.advance(29s);
    BOOST_TEST(ctx.done());
}

BOOST_AUTO_TEST_CASE(a_clock_stays_where_it_is)
{
    static_assert(!std::is_copy_constructible_v<manual_clock>);
    static_assert(!std::is_copy_assignable_v<manual_clock>);
    static_assert(!std::is_convertible_v<asio::io_context&, manual_clock>);
}

BOOST_AUTO_TEST_SUITE_END()
