//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_EXAMPLES_SERVER_SUPERVISOR_HPP
#define ASIOCTX_EXAMPLES_SERVER_SUPERVISOR_HPP

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <optional>
#include <string_view>

// What a supervisor such as systemd is told, and gives. Without one, nothing.
namespace example {

/// Sends one datagram to $NOTIFY_SOCKET: "READY=1", "STOPPING=1".
/**
 * Does not wait. A supervisor that does not take it is left alone.
 */
void notify_supervisor(
    boost::asio::io_context& ioc, std::string_view state) noexcept;

/// Returns the socket that the supervisor listens on, if it has one for this
/// process: $LISTEN_FDS.
/**
 * Clients that connect while this process starts, or is replaced, wait there.
 * Throws if it is no TCP socket. To be called once.
 */
std::optional<boost::asio::ip::tcp::acceptor> listening_socket(
    boost::asio::any_io_executor const& ex);

} // namespace example

#endif
