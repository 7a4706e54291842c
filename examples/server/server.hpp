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
#include <boost/asio/ssl/context.hpp>

#include <chrono>
#include <memory>
#include <string>

#include "admission.hpp"
#include "backend.hpp"
#include "upstream.hpp"

namespace example {

/// The options of a server, and what it counts.
struct server
{
    asioctx::duration drain{0}; // for new clients, once it is to stop
    asioctx::duration grace = std::chrono::seconds(1); // for requests, after it
    asioctx::duration max_timeout = std::chrono::seconds(2);
    asioctx::duration read_timeout = std::chrono::seconds(5);
    asioctx::duration idle_timeout = std::chrono::seconds(60);
    admission admitted; // requests, each with a permit
    upstreams others;
    asio::ssl::context* tls = nullptr;

    int in_flight = 0;      // requests that are handled, or wait for it
    int requests = 0;       // requests of any outcome
    int finished = 0;       // requests that ended well during the shutdown
    int aborted = 0;        // requests that outlasted the grace
    std::string aborted_at; // what those waited for
    std::shared_ptr<int> contexts = // one use, and one for each context
        std::make_shared<int>();
};

/// Accepts connections and serves them until stop is done, and the drain is
/// over.
/**
 * During the drain, "/ready" answers 503, and each answer ends its connection.
 * A request that has been accepted by its end may go on for the grace. Ends
 * when the last connection has, and says how the shutdown went. Everything runs
 * on the one thread that runs the io_context, which the server outlives.
 */
asio::awaitable<void> listen(
    asioctx::context stop, tcp::acceptor acceptor, server& self);

} // namespace example

#endif
