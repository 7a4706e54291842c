//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_SRC_PEER_WATCH_EPOLL_HPP
#define ASIOCTX_SRC_PEER_WATCH_EPOLL_HPP

#include <asioctx/with_peer.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstdint>
#include <sys/epoll.h>
#include <utility>

#include "watched_socket.hpp"

namespace asioctx::detail {

// A descriptor that is readable when the remote side of a socket may have gone.
//
// That needs an epoll instance of its own. Asio's reactor does not ask for
// EPOLLRDHUP, and a wait for the socket to be readable ends with the first
// unread byte: what is behind that could only be found by polling.
//
// The level counts: a forked child shares the instance, and one process must
// not take an event away from the other. Nor is the socket taken out of it,
// which would be for both.
class peer_watch
{
public:
    peer_watch(asio::any_io_executor const& ex, int socket)
        : socket_(socket), epoll_(ex)
    {
        int const fd = ::epoll_create1(EPOLL_CLOEXEC);
        throw_if_failed(fd);
        adopt(epoll_, fd);
        epoll_event event = {};
        event.events = EPOLLRDHUP;
        throw_if_failed(::epoll_ctl(fd, EPOLL_CTL_ADD, socket, &event));
    }

    // Throws if there is no connection, and has not been one.
    void check_connected()
    {
        socket_.check_connected((events() & EPOLLRDHUP) != 0);
    }

    // Why the remote side is gone; no error if it is not.
    error_code end() noexcept
    {
        auto const e = events();
        if ((e & (EPOLLRDHUP | EPOLLHUP)) == 0)
        {
            // An error alone says nothing about the remote side, and may stay:
            // from now on, what is new counts.
            if ((e & EPOLLERR) != 0)
            {
                epoll_event event = {};
                event.events = EPOLLRDHUP | EPOLLET;
                ::epoll_ctl(
                    epoll_.native_handle(),
                    EPOLL_CTL_MOD,
                    socket_.native_handle(),
                    &event);
            }
            return {};
        }
        if ((e & EPOLLERR) != 0)
            return asio::error::connection_reset;
        return asio::error::eof;
    }

    // Whether the socket was closed. The system goes on watching what has
    // another descriptor, as a forked child or dup() may have made.
    bool socket_is_closed() const noexcept
    {
        return socket_.is_closed();
    }

    template <class Token>
    void async_wait(Token&& token)
    {
        epoll_.async_wait(
            asio::posix::stream_descriptor::wait_read,
            std::forward<Token>(token));
    }

private:
    std::uint32_t events() noexcept
    {
        epoll_event event = {};
        int const n = ::epoll_wait(epoll_.native_handle(), &event, 1, 0);
        return n == 1 ? event.events : 0;
    }

    watched_socket const socket_;
    asio::posix::stream_descriptor epoll_;
};

} // namespace asioctx::detail

#endif
