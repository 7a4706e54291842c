//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_EXAMPLES_SERVER_SERVER_HPP
#define ASIOCTX_EXAMPLES_SERVER_SERVER_HPP

#include <asioctx/context.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>

namespace example {

namespace asio = boost::asio;
using asio::ip::tcp;

/// The options of a server, and what it counts.
struct server
{
    asioctx::duration grace = std::chrono::seconds(1);
    asioctx::duration max_timeout = std::chrono::seconds(2);
    asioctx::duration read_timeout = std::chrono::seconds(5);

    int in_flight = 0; // requests that are being handled
    int finished = 0;  // requests that were answered during a shutdown
    int aborted = 0;   // requests that outlasted the grace
};

/// Accepts connections and serves them until ctx is done.
/**
 * A request that is being handled by then may go on for the grace. Everything
 * runs on the one thread that runs the io_context, which the server outlives.
 */
asio::awaitable<void> listen(
    asioctx::context ctx, tcp::acceptor acceptor, server& self);

} // namespace example

#endif
