//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TEST_SUPPORT_IO_CONTEXT_FIXTURE_HPP
#define ASIOCTX_TEST_SUPPORT_IO_CONTEXT_FIXTURE_HPP

#include <asioctx/cancel.hpp>
#include <asioctx/context.hpp>

#include <asioctx/testing/manual_clock.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <vector>

namespace asioctx::test {

// An io_context and its root, and the proof that a test leaves nothing running.
struct io_context_fixture
{
    asio::io_context ioc;
    context root = background(ioc);

    // Runs the handlers that are ready and returns their number.
    std::size_t poll()
    {
        ioc.restart();
        return ioc.poll();
    }

    // Whether run() would return at once.
    bool idle()
    {
        poll();
        return ioc.stopped();
    }

    // Called by Boost.Test after the test's own objects are gone. The time is
    // no more than a bound for a test that fails.
    void teardown()
    {
        ioc.restart();
        ioc.run_for(std::chrono::seconds(10));
        BOOST_TEST(ioc.stopped(), "something is left on the io_context");
    }
};

// The same with a time that the test moves.
struct manual_time_fixture : io_context_fixture
{
    testing::manual_clock clock{ioc};

    time_point now() const
    {
        return clock.now();
    }
};

} // namespace asioctx::test

#endif
