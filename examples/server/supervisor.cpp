//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include "supervisor.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/datagram_protocol.hpp>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

#include <sys/socket.h>
#include <unistd.h>

namespace example {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// Of an environment variable; empty if it is not a number.
std::optional<long> number_of(char const* variable)
{
    char const* const text = std::getenv(variable);
    char* end = nullptr;
    long const n = text ? std::strtol(text, &end, 10) : 0;
    if (!text || end == text || *end)
        return std::nullopt;
    return n;
}

// The protocol of a socket that somebody else has made.
tcp protocol_of(int descriptor)
{
    int domain = 0;
    socklen_t size = sizeof domain;
    ::getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size);
    return domain == AF_INET6 ? tcp::v6() : tcp::v4();
}

} // namespace

void notify_supervisor(asio::io_context& ioc, std::string_view state) noexcept
try
{
    using datagram = asio::local::datagram_protocol;
    char const* const path = std::getenv("NOTIFY_SOCKET");
    if (!path || !*path)
        return;
    std::string name = path;
    if (name[0] == '@')
        name[0] = '\0'; // not in the file system
    datagram::socket socket(ioc, datagram());
    socket.non_blocking(true);
    socket.send_to(asio::buffer(state), datagram::endpoint(name));
}
catch (std::exception const& e)
{
    std::cerr << "the supervisor was not told: " << e.what() << std::endl;
}

std::optional<tcp::acceptor> listening_socket(asio::any_io_executor const& ex)
{
    constexpr int first_descriptor = 3;
    if (number_of("LISTEN_PID") != ::getpid()
        || number_of("LISTEN_FDS").value_or(0) < 1)
        return std::nullopt;
    // Not for a child of this process.
    ::unsetenv("LISTEN_PID");
    ::unsetenv("LISTEN_FDS");
    return tcp::acceptor(ex, protocol_of(first_descriptor), first_descriptor);
}

} // namespace example
