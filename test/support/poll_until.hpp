//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TEST_SUPPORT_POLL_UNTIL_HPP
#define ASIOCTX_TEST_SUPPORT_POLL_UNTIL_HPP

#include <asioctx/config.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <thread>

namespace asioctx::test {

// How long a condition may take that comes true at once, or the test fails.
inline constexpr auto patience = std::chrono::seconds(30);

// Lets other threads run until the condition holds. A failure tells the line
// of the caller.
template <class Condition>
void wait_until(
    Condition condition, source_location at = BOOST_CURRENT_LOCATION)
{
    auto const end = clock_type::now() + patience;
    while (!condition() && clock_type::now() < end)
        std::this_thread::yield();
    BOOST_REQUIRE_MESSAGE(condition(), "waited in vain at " << at);
}

// Runs the io_context, whether or not it has work, until the condition holds.
template <class Condition>
void poll_until(
    asio::io_context& ioc,
    Condition condition,
    source_location at = BOOST_CURRENT_LOCATION)
{
    auto const work = asio::make_work_guard(ioc);
    auto const end = clock_type::now() + patience;
    while (!condition() && clock_type::now() < end)
    {
        ioc.restart();
        ioc.run_one_until(end);
    }
    BOOST_REQUIRE_MESSAGE(condition(), "polled in vain at " << at);
}

} // namespace asioctx::test

#endif
