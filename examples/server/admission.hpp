//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_EXAMPLES_SERVER_ADMISSION_HPP
#define ASIOCTX_EXAMPLES_SERVER_ADMISSION_HPP

#include <asioctx/context.hpp>
#include <asioctx/limiter.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>

namespace example {

namespace asio = boost::asio;

/// A request is not handled, as there are too many.
struct refused : std::runtime_error
{
    refused(std::string const& what, std::chrono::seconds after)
        : std::runtime_error(what), retry_after(after)
    {
    }

    std::chrono::seconds retry_after;
};

/// Decides which requests are handled, and when.
class admission
{
public:
    /// limit: requests that are handled at a time.
    admission(std::size_t limit, asioctx::limiter_options const& options)
        : limit_(limit), options_(options)
    {
    }

    /// Begins to admit requests. A context whose root has the clock.
    void start(asioctx::context const& root);

    /// Waits until a request may be handled. Throws refused, or when ctx is
    /// done.
    asio::awaitable<asioctx::limiter::permit> admit(asioctx::context ctx);

    /// Tells in a line what has become of the requests.
    std::string report() const;

private:
    std::size_t const limit_;
    asioctx::limiter_options const options_;
    std::optional<asioctx::limiter> limiter_;
};

} // namespace example

#endif
