//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TEST_SUPPORT_LOCAL_PAIR_HPP
#define ASIOCTX_TEST_SUPPORT_LOCAL_PAIR_HPP

#include <asioctx/config.hpp>

#include <boost/asio/basic_socket.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/datagram_protocol.hpp>
#include <boost/asio/local/stream_protocol.hpp>

namespace asioctx::test {

#if defined(BOOST_ASIO_WINDOWS)

// Windows makes no pairs: TCP and UDP stand in for the local sockets.
using local_stream = asio::ip::tcp;
using local_datagram = asio::ip::udp;

template <class Executor1, class Executor2>
void connect_pair(
    asio::basic_socket<asio::ip::tcp, Executor1>& a,
    asio::basic_socket<asio::ip::tcp, Executor2>& b)
{
    asio::ip::tcp::endpoint const any(asio::ip::address_v4::loopback(), 0);
    asio::basic_socket_acceptor<asio::ip::tcp, Executor1> acceptor(
        a.get_executor(), any);
    b.connect(acceptor.local_endpoint());
    acceptor.accept(a);
    // A byte is on its way at once, as between local sockets.
    a.set_option(asio::ip::tcp::no_delay(true));
    b.set_option(asio::ip::tcp::no_delay(true));
}

template <class Executor1, class Executor2>
void connect_pair(
    asio::basic_socket<asio::ip::udp, Executor1>& a,
    asio::basic_socket<asio::ip::udp, Executor2>& b)
{
    asio::ip::udp::endpoint const any(asio::ip::address_v4::loopback(), 0);
    a.open(any.protocol());
    b.open(any.protocol());
    a.bind(any);
    b.bind(any);
    a.connect(b.local_endpoint());
    b.connect(a.local_endpoint());
}

#else

using local_stream = asio::local::stream_protocol;
using local_datagram = asio::local::datagram_protocol;
using asio::local::connect_pair;

#endif

} // namespace asioctx::test

#endif
