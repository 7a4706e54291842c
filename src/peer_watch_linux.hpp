//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_SRC_PEER_WATCH_LINUX_HPP
#define ASIOCTX_SRC_PEER_WATCH_LINUX_HPP

#include <asioctx/with_peer.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/system_error.hpp>

#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

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
        throw_if(last_error(fd));
        error_code ec;
        epoll_.assign(fd, ec);
        if (ec)
            ::close(fd);
        throw_if(ec);
        epoll_event event = {};
        event.events = EPOLLRDHUP;
        throw_if(last_error(::epoll_ctl(fd, EPOLL_CTL_ADD, socket, &event)));
        throw_if(last_error(::fstat(socket, &watched_)));
    }

    // Throws if there is no connection, and has not been one.
    void check_connected()
    {
        sockaddr_storage address = {};
        socklen_t size = sizeof address;
        bool const connected =
            ::getpeername(socket_, reinterpret_cast<sockaddr*>(&address), &size)
            == 0;
        // One that was reset has no name any more.
        if (!connected && errno == ENOTCONN && (events() & EPOLLRDHUP) == 0)
            throw std::invalid_argument(
                "asioctx::with_peer: the socket is not connected; call it "
                "after connect() or accept()");
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
                    epoll_.native_handle(), EPOLL_CTL_MOD, socket_, &event);
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
        struct stat now = {};
        return ::fstat(socket_, &now) != 0 || now.st_ino != watched_.st_ino
            || now.st_dev != watched_.st_dev;
    }

    template <class Token>
    void async_wait(Token&& token)
    {
        epoll_.async_wait(
            asio::posix::stream_descriptor::wait_read,
            std::forward<Token>(token));
    }

private:
    static void throw_if(error_code const& ec)
    {
        if (ec)
            throw boost::system::system_error(ec, "asioctx::with_peer");
    }

    std::uint32_t events() noexcept
    {
        epoll_event event = {};
        int const n = ::epoll_wait(epoll_.native_handle(), &event, 1, 0);
        return n == 1 ? event.events : 0;
    }

    // For what returns -1 on failure.
    static error_code last_error(int result) noexcept
    {
        return result != -1
            ? error_code()
            : error_code(errno, boost::system::system_category());
    }

    // By its number and, as that may be another one's later, its identity.
    int const socket_;
    struct stat watched_ = {};

    asio::posix::stream_descriptor epoll_;
};

} // namespace asioctx::detail

#endif
