//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_EXAMPLES_SERVER_DEBUG_HPP
#define ASIOCTX_EXAMPLES_SERVER_DEBUG_HPP

#include <asioctx/cancel.hpp>
#include <asioctx/context.hpp>
#include <asioctx/flight_recorder.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <thread>

namespace example {

/// Shows what is below a context, on a loopback port of its own.
/**
 * GET /debug/contexts is a page for people, /debug/contexts?format=text what a
 * terminal shows, ?format=json what programs read, ?format=dot what Graphviz
 * draws; GET /debug/events what has happened of late, GET /metrics figures for
 * Prometheus.
 *
 * It has a thread of its own: what holds the server up does not hold this up.
 * Until the object is destroyed it shows the shutdown, too.
 */
class debug_server
{
public:
    debug_server(
        asioctx::context watched, unsigned short port, std::size_t events);

    debug_server(debug_server const&) = delete;
    debug_server& operator=(debug_server const&) = delete;

    ~debug_server();

    boost::asio::ip::tcp::endpoint endpoint() const;

private:
    asioctx::flight_recorder const recorder_;
    boost::asio::io_context ioc_{1};
    asioctx::cancelable stop_;
    boost::asio::ip::tcp::acceptor acceptor_;
    std::thread thread_;
};

} // namespace example

#endif
