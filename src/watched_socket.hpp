//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_SRC_WATCHED_SOCKET_HPP
#define ASIOCTX_SRC_WATCHED_SOCKET_HPP

#include <asioctx/config.hpp>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/system_error.hpp>

#include <cerrno>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace asioctx::detail {

// For what returns -1 on failure.
inline void throw_if_failed(int result)
{
    if (result == -1)
        throw boost::system::system_error(
            errno, boost::system::system_category(), "asioctx::with_peer");
}

// A descriptor that the system has just made.
inline void adopt(asio::posix::stream_descriptor& d, int fd)
{
    try
    {
        d.assign(fd);
    }
    catch (...)
    {
        ::close(fd);
        throw;
    }
}

// A socket that somebody else has, and may close: its number and, as that may
// be another one's later, its identity.
class watched_socket
{
public:
    explicit watched_socket(int fd) : fd_(fd)
    {
        throw_if_failed(::fstat(fd, &as_it_was_));
    }

    int native_handle() const noexcept
    {
        return fd_;
    }

    bool is_closed() const noexcept
    {
        struct stat now = {};
        return ::fstat(fd_, &now) != 0 || now.st_ino != as_it_was_.st_ino
            || now.st_dev != as_it_was_.st_dev;
    }

    // Throws if it has no remote side, but for one that was reset: such a
    // socket has no name of it any more.
    void check_connected(bool was_reset) const
    {
        sockaddr_storage address = {};
        socklen_t size = sizeof address;
        if (::getpeername(fd_, reinterpret_cast<sockaddr*>(&address), &size)
                == 0
            || errno != ENOTCONN || was_reset)
            return;
        throw std::invalid_argument(
            "asioctx::with_peer: the socket is not connected; call it after "
            "connect() or accept()");
    }

private:
    int const fd_;
    struct stat as_it_was_ = {};
};

} // namespace asioctx::detail

#endif
