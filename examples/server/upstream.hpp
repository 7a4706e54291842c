//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_EXAMPLES_SERVER_UPSTREAM_HPP
#define ASIOCTX_EXAMPLES_SERVER_UPSTREAM_HPP

#include <asioctx/context.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/status.hpp>

#include <chrono>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace example {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

class backend;

/// Whom the gateway asks.
struct upstreams
{
    std::vector<tcp::endpoint> servers;
    std::vector<tcp::endpoint> redis; // one or none
    std::shared_ptr<backend> slow;    // of /work/<ms>

    /// What an upstream gets less than the time that is left, so that its
    /// answer is here in time.
    asioctx::duration reserve = std::chrono::milliseconds(20);
};

/// An upstream has answered, but not with what was asked for.
struct upstream_error : std::runtime_error
{
    upstream_error(std::string const& what, http::status s)
        : std::runtime_error(what), status(s)
    {
    }

    http::status status;
};

/// Gets a page over HTTP and returns its body.
/**
 * The upstream is told how much time there is. When ctx is done the connection
 * is closed, by which the upstream sees that nobody waits any more.
 *
 * Throws upstream_error if the status is not 200.
 */
asio::awaitable<std::string> http_get(
    asioctx::context ctx,
    tcp::endpoint server,
    std::string target,
    asioctx::duration reserve);

/// Sends a command to Redis and returns its reply as text.
/**
 * The reply is a string, a number or nil, which is an empty text. Throws
 * upstream_error if it is an error.
 */
asio::awaitable<std::string> redis(
    asioctx::context ctx,
    tcp::endpoint server,
    std::vector<std::string> command);

} // namespace example

#endif
