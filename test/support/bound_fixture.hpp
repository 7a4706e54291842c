//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TEST_SUPPORT_BOUND_FIXTURE_HPP
#define ASIOCTX_TEST_SUPPORT_BOUND_FIXTURE_HPP

#include <asioctx/cancel.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>

#include "support/io_context_fixture.hpp"
#include "support/outcome.hpp"
#include "support/poll_until.hpp"

namespace asioctx::test {

// For tests of operations that are bound to a context.
struct bound_fixture : manual_time_fixture
{
    void until_completed(
        outcome const& o, source_location at = BOOST_CURRENT_LOCATION)
    {
        poll_until(
            ioc, [&] { return o.completed(); }, at);
    }

    // Cancels when everything else waits.
    void cancel_later(cancel_source const& cancel)
    {
        asio::post(ioc, [this, &cancel] { asio::post(ioc, std::ref(cancel)); });
    }
};

// The same with a context to be bound to, and two timers.
struct timers_fixture : bound_fixture
{
    cancelable const c = with_cancel(root);
    asio::steady_timer never{ioc, time_point::max()};
    asio::steady_timer expired{ioc, time_point()};
};

} // namespace asioctx::test

#endif
