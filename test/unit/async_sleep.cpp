//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/async_sleep.hpp>
#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/without_cancel.hpp>

#include <asioctx/testing/manual_clock.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <limits>
#include <stdexcept>

#include "support/io_context_fixture.hpp"
#include "support/outcome.hpp"
#include "support/print.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(test_async_sleep)

BOOST_FIXTURE_TEST_CASE(
    a_sleep_ends_when_its_time_has_passed, manual_time_fixture)
{
    outcome o;
    async_sleep(root, 10s, recorder(o));
    clock.advance(10s - 1ns);
    poll();
    BOOST_TEST(!o.completed());
    clock.advance(1ns);
    BOOST_TEST(!o.completed()); // never inline
    poll();
    BOOST_TEST((o == error_code()));
}

BOOST_FIXTURE_TEST_CASE(a_sleep_ends_with_its_context, manual_time_fixture)
{
    auto [canceled, cancel] = with_cancel(root);
    auto const late = with_timeout(root, 5s);
    outcome a;
    outcome b;
    async_sleep(canceled, 10s, recorder(a));
    async_sleep(late.ctx, 10s, recorder(b));
    cancel();
    poll();
    BOOST_TEST((a == make_error_code(errc::canceled)));
    BOOST_TEST(!b.completed());
    clock.advance(5s);
    poll();
    BOOST_TEST((b == make_error_code(errc::deadline_exceeded)));
}

BOOST_FIXTURE_TEST_CASE(
    a_deadline_at_the_same_time_is_the_contexts, manual_time_fixture)
{
    auto const c = with_timeout(root, 5s);
    outcome o;
    async_sleep(c.ctx, 5s, recorder(o));
    clock.advance(5s);
    poll();
    BOOST_TEST((o == make_error_code(errc::deadline_exceeded)));
}

BOOST_FIXTURE_TEST_CASE(
    a_sleep_under_a_context_that_is_done_ends_at_once, manual_time_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    cancel();
    outcome o;
    async_sleep(ctx, 10s, recorder(o));
    BOOST_TEST(!o.completed());
    poll();
    BOOST_TEST((o == make_error_code(errc::canceled)));
}

BOOST_FIXTURE_TEST_CASE(a_time_of_zero_or_less_has_passed, manual_time_fixture)
{
    for (auto const d :
         {0.0,
          -1.0,
          -std::numeric_limits<double>::infinity(),
          std::numeric_limits<double>::quiet_NaN()})
    {
        outcome o;
        async_sleep(root, std::chrono::duration<double>(d), recorder(o));
        BOOST_TEST(!o.completed());
        poll();
        BOOST_TEST((o == error_code()));
    }
}

BOOST_FIXTURE_TEST_CASE(a_sleep_can_be_canceled, manual_time_fixture)
{
    for (auto const type :
         {asio::cancellation_type::terminal,
          asio::cancellation_type::partial,
          asio::cancellation_type::total})
    {
        asio::cancellation_signal signal;
        outcome o;
        async_sleep(
            root,
            10s,
            asio::bind_cancellation_slot(signal.slot(), recorder(o)));
        signal.emit(type);
        poll();
        BOOST_TEST((o == error_code(asio::error::operation_aborted)));
    }
}

BOOST_FIXTURE_TEST_CASE(a_sleep_is_work, manual_time_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    outcome o;
    async_sleep(ctx, 10s, recorder(o));
    BOOST_TEST(!idle());
    cancel();
    ioc.restart();
    ioc.run();
    BOOST_TEST(o.completed());
}

BOOST_FIXTURE_TEST_CASE(a_sleep_can_be_awaited, manual_time_fixture)
{
    auto const nap = [](context ctx) -> asio::awaitable<int>
    {
        co_await async_sleep(ctx, 10s, asio::use_awaitable);
        co_await async_sleep(ctx, 10s);
        co_return 1;
    };
    auto slept = asio::co_spawn(ioc, nap(root), asio::use_future);
    for (int i = 0; i != 2; ++i)
    {
        poll();
        clock.advance(10s);
    }
    poll();
    BOOST_TEST(slept.get() == 1);
}

BOOST_FIXTURE_TEST_CASE(
    in_a_coroutine_bound_as_a_whole_the_error_is_the_contexts,
    manual_time_fixture)
{
    auto const c = with_timeout(root, 5s);
    error_code seen;
    auto const nap = [&seen](context ctx) -> asio::awaitable<void>
    {
        try
        {
            co_await async_sleep(ctx, 10s, asio::use_awaitable);
        }
        catch (boost::system::system_error const& e)
        {
            seen = e.code();
        }
    };
    asio::co_spawn(ioc, nap(c.ctx), bind_context(c.ctx, asio::detached));
    poll();
    clock.advance(5s);
    poll();
    BOOST_TEST(seen == errc::deadline_exceeded);
}

BOOST_AUTO_TEST_CASE(a_sleep_below_background_says_what_it_needs)
{
    outcome o;
    BOOST_CHECK_THROW(
        async_sleep(background(), 1s, recorder(o)), std::logic_error);
    BOOST_TEST(!o.completed());
}

BOOST_AUTO_TEST_CASE(a_sleep_goes_with_the_io_context)
{
    outcome o;
    {
        asio::io_context ioc;
        async_sleep(background(ioc), 1h, recorder(o));
        ioc.poll();
    }
    BOOST_TEST(!o.completed());
    BOOST_TEST(o.handlers == 0);
}

BOOST_AUTO_TEST_SUITE_END()
