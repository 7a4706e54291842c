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

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>

#include "admission.hpp"
#include "backend.hpp"
#include "upstream.hpp"

namespace example {

/// The options of a server.
struct server_options
{
    asioctx::duration drain{0}; // for new clients, once it is to stop
    asioctx::duration grace = std::chrono::seconds(1); // for requests, after it
    asioctx::duration max_timeout = std::chrono::seconds(2);
    asioctx::duration read_timeout = std::chrono::seconds(5);
    asioctx::duration idle_timeout = std::chrono::seconds(60);
    std::size_t limit = 1000; // requests that are handled at a time
    asioctx::limiter_options queue{.max_queued = 0};
    upstreams others;
    asio::ssl::context* tls = nullptr;
    unsigned threads = 1; // that run the io_context
};

/// A server, and what it counts.
struct server : server_options
{
    explicit server(server_options const& o = {})
        : server_options(o), admitted(limit, queue)
    {
    }

    admission admitted; // requests, each with a permit

    std::atomic<int> in_flight = 0; // requests that are handled, or wait for it
    std::atomic<int> requests = 0;  // requests of any outcome
    std::atomic<int> finished = 0;  // that ended well during the shutdown
    std::atomic<int> aborted = 0;   // that outlasted the grace
    std::mutex mutex;
    std::string aborted_at; // what those waited for; guarded by the mutex
    std::chrono::steady_clock::time_point closed_at; // for new clients
    std::shared_ptr<int> contexts = // one use, and one for each context
        std::make_shared<int>();
};

/// Accepts connections and serves them until stop is done, and the drain is
/// over.
/**
 * During the drain, "/ready" answers 503, and each answer ends its connection.
 * A request that has been accepted by its end may go on for the grace. Ends
 * when the last connection has. The server outlives the io_context's run().
 *
 * If several threads run the io_context, spawn it on a strand, the acceptor's
 * executor. Each connection has a strand of its own then.
 */
asio::awaitable<void> listen(
    asioctx::context stop, tcp::acceptor acceptor, server& self);

} // namespace example

#endif
