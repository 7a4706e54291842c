//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_SRC_PEER_WATCH_KQUEUE_HPP
#define ASIOCTX_SRC_PEER_WATCH_KQUEUE_HPP

#include <asioctx/with_peer.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <climits>
#include <cstdint>
#include <fcntl.h>
#include <sys/types.h>
// After the types that it uses.
#include <sys/event.h>
#include <sys/time.h>
#include <utility>

#include "watched_socket.hpp"

namespace asioctx::detail {

// A descriptor that is readable when the remote side of a socket may have gone.
//
// That needs a kqueue of its own: Asio's has one filter of each kind for a
// socket, and those are for what the program reads and writes.
//
// Few bytes are no event, by their low-water mark, but a full buffer may be.
// So the edge counts, and what was told once is kept.
class peer_watch
{
public:
    peer_watch(asio::any_io_executor const& ex, int socket)
        : socket_(socket), kqueue_(ex)
    {
        int const fd = ::kqueue();
        throw_if_failed(fd);
        adopt(kqueue_, fd);
        throw_if_failed(::fcntl(fd, F_SETFD, FD_CLOEXEC));
        struct kevent event = {};
        event.ident = static_cast<std::uintptr_t>(socket);
        event.filter = EVFILT_READ;
        event.flags = EV_ADD | EV_CLEAR;
        event.fflags = NOTE_LOWAT;
        event.data = INT_MAX;
        throw_if_failed(::kevent(fd, &event, 1, nullptr, 0, nullptr));
    }

    // Throws if there is no connection, and has not been one.
    void check_connected()
    {
        socket_.check_connected(static_cast<bool>(end()));
    }

    // Why the remote side is gone; no error if it is not.
    error_code end() noexcept
    {
        struct kevent event = {};
        timespec const now = {};
        if (::kevent(kqueue_.native_handle(), nullptr, 0, &event, 1, &now) == 1
            && (event.flags & EV_EOF) != 0)
        {
            end_ = asio::error::eof;
            if (event.fflags != 0)
                end_ = asio::error::connection_reset;
        }
        return end_;
    }

    // The system tells nothing more of a descriptor that was closed. But it may
    // have told before.
    bool socket_is_closed() const noexcept
    {
        return socket_.is_closed();
    }

    template <class Token>
    void async_wait(Token&& token)
    {
        kqueue_.async_wait(
            asio::posix::stream_descriptor::wait_read,
            std::forward<Token>(token));
    }

private:
    watched_socket const socket_;
    asio::posix::stream_descriptor kqueue_;
    error_code end_;
};

} // namespace asioctx::detail

#endif
