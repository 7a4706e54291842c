//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Whether a forked child hears of what an epoll instance has to tell, which is
// how with_peer() watches a socket, without the library: with a reactor it
// does, with io_uring it does not.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstdio>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace asio = boost::asio;
using asio::ip::tcp;

int main()
{
    asio::io_context ioc;
    tcp::acceptor acceptor(ioc, {asio::ip::address_v4::loopback(), 0});
    tcp::socket socket(ioc);
    tcp::socket peer(ioc);
    peer.connect(acceptor.local_endpoint());
    acceptor.accept(socket);
    asio::posix::stream_descriptor epoll(ioc, ::epoll_create1(EPOLL_CLOEXEC));
    epoll_event event = {};
    event.events = EPOLLRDHUP;
    ::epoll_ctl(
        epoll.native_handle(), EPOLL_CTL_ADD, socket.native_handle(), &event);
    bool told = false;
    epoll.async_wait(
        asio::posix::stream_descriptor::wait_read,
        [&](boost::system::error_code const& ec) { told = !ec; });

    ioc.notify_fork(asio::execution_context::fork_prepare);
    auto const child = ::fork();
    if (child == 0)
    {
        ioc.notify_fork(asio::execution_context::fork_child);
        peer.close();
        ioc.run_for(std::chrono::seconds(2));
        ::_exit(told ? 42 : 1);
    }
    ioc.notify_fork(asio::execution_context::fork_parent);
    peer.shutdown(tcp::socket::shutdown_both);
    int status = 0;
    ::waitpid(child, &status, 0);
    ioc.run_for(std::chrono::seconds(10));
    bool const child_was_told = WEXITSTATUS(status) == 42;
    std::printf("told: parent %d, child %d\n", told, child_was_told);
#if defined(BOOST_ASIO_HAS_IO_URING_AS_DEFAULT)
    return told && !child_was_told ? 0 : 1;
#else
    return told && child_was_told ? 0 : 1;
#endif
}
