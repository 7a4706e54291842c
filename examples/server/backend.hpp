//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_EXAMPLES_SERVER_BACKEND_HPP
#define ASIOCTX_EXAMPLES_SERVER_BACKEND_HPP

#include <asioctx/context.hpp>
#include <asioctx/limiter.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <limits>
#include <memory>
#include <utility>

namespace example {

namespace asio = boost::asio;

/// Stands for a service that has a capacity, and knows nothing of deadlines.
/**
 * It does a few things at a time. All others wait in their order, also those
 * that nobody waits for any more.
 */
class backend : public std::enable_shared_from_this<backend>
{
public:
    static constexpr std::size_t capacity = 8;

    /// All is over when life is done.
    explicit backend(asioctx::context life)
        : life_(std::move(life)), room_(life_, capacity, everybody_waits)
    {
    }

    /// Does something that takes a time, once there is room. When ctx is done,
    /// goes on with it, but returns.
    asio::awaitable<void> ask(
        asioctx::context ctx, std::chrono::milliseconds time);

private:
    static asio::awaitable<void> work(
        std::shared_ptr<backend> self, std::chrono::milliseconds time);

    static constexpr asioctx::limiter_options everybody_waits{
        .max_queued = (std::numeric_limits<std::size_t>::max)()};

    // NOLINTNEXTLINE(asioctx-stored-context): it is the service's own
    asioctx::context const life_;
    asioctx::limiter room_;
};

} // namespace example

#endif
