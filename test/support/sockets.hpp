//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TEST_SUPPORT_SOCKETS_HPP
#define ASIOCTX_TEST_SUPPORT_SOCKETS_HPP

#include <asioctx/config.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect_pipe.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/asio/writable_pipe.hpp>
#include <boost/system/system_error.hpp>

#include <array>

#include "support/local_pair.hpp"

namespace asioctx::test {

template <class Endpoint>
Endpoint loopback()
{
    return Endpoint(asio::ip::address_v4::loopback(), 0);
}

// Two sockets that are connected with each other.
struct tcp_pair
{
    explicit tcp_pair(asio::io_context& ioc) : socket(ioc), peer(ioc)
    {
        asio::ip::tcp::acceptor acceptor(
            ioc, loopback<asio::ip::tcp::endpoint>());
        peer.connect(acceptor.local_endpoint());
        acceptor.accept(socket);
    }

    asio::ip::tcp::socket socket;
    asio::ip::tcp::socket peer;
};

struct udp_pair
{
    explicit udp_pair(asio::io_context& ioc)
        : socket(ioc, loopback<asio::ip::udp::endpoint>()),
          peer(ioc, loopback<asio::ip::udp::endpoint>())
    {
        socket.connect(peer.local_endpoint());
        peer.connect(socket.local_endpoint());
    }

    asio::ip::udp::socket socket;
    asio::ip::udp::socket peer;
};

template <class Protocol>
struct local_pair
{
    explicit local_pair(asio::io_context& ioc) : socket(ioc), peer(ioc)
    {
        test::connect_pair(socket, peer);
    }

    typename Protocol::socket socket;
    typename Protocol::socket peer;
};

using stream_pair = local_pair<local_stream>;
using datagram_pair = local_pair<local_datagram>;

struct pipe_pair
{
    explicit pipe_pair(asio::io_context& ioc) : read_end(ioc), write_end(ioc)
    {
        asio::connect_pipe(read_end, write_end);
    }

    asio::readable_pipe read_end;
    asio::writable_pipe write_end;
};

// Calls f(error) until it says that it would block.
template <class F>
void repeat_until_blocked(F f)
{
    boost::system::error_code ec;
    do
        f(ec);
    while (!ec);
    if (ec != asio::error::would_block && ec != asio::error::try_again)
        throw boost::system::system_error(ec);
}

// Writes until nothing more can be written.
template <class Stream>
void fill(Stream& s)
{
    std::array<char, 4096> const zeros{};
    s.non_blocking(true);
    repeat_until_blocked(
        [&](auto& ec) { s.write_some(asio::buffer(zeros), ec); });
}

// Reads until there is nothing to be read.
template <class Stream>
void drain(Stream& s)
{
    std::array<char, 65536> buffer;
    s.non_blocking(true);
    repeat_until_blocked(
        [&](auto& ec) { s.read_some(asio::buffer(buffer), ec); });
}

// The same for datagrams.
template <class Socket>
void fill_datagrams(Socket& s)
{
    s.non_blocking(true);
    repeat_until_blocked([&](auto& ec) { s.send(asio::buffer("x", 1), 0, ec); });
}

template <class Socket>
void drain_datagrams(Socket& s)
{
    std::array<char, 64> buffer;
    s.non_blocking(true);
    repeat_until_blocked(
        [&](auto& ec) { s.receive(asio::buffer(buffer), 0, ec); });
}

// Listens, but nobody can connect: the queue of connections is full, so that
// the kernel ignores further ones.
struct full_listener
{
    explicit full_listener(asio::io_context& ioc) : acceptor(ioc), first(ioc)
    {
        auto const any = loopback<asio::ip::tcp::endpoint>();
        acceptor.open(any.protocol());
        acceptor.bind(any);
        acceptor.listen(0);
        first.connect(endpoint());
    }

    asio::ip::tcp::endpoint endpoint() const
    {
        return acceptor.local_endpoint();
    }

    asio::ip::tcp::acceptor acceptor;
    asio::ip::tcp::socket first;
};

// Listens and lets everybody connect.
struct open_listener
{
    explicit open_listener(asio::io_context& ioc)
        : acceptor(ioc, loopback<asio::ip::tcp::endpoint>())
    {
    }

    asio::ip::tcp::endpoint endpoint() const
    {
        return acceptor.local_endpoint();
    }

    asio::ip::tcp::acceptor acceptor;
};

} // namespace asioctx::test

#endif
