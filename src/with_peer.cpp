//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/with_peer.hpp>

#if defined(__linux__)

#include <asioctx/bind_context.hpp>

#include <asioctx/detail/executor_target.hpp>
#include <asioctx/detail/node.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/system_error.hpp>

#include <cerrno>
#include <memory>
#include <string>
#include <sys/epoll.h>
#include <unistd.h>
#include <utility>

namespace asioctx {

using detail::context_access;
using detail::scope;

namespace {

class peer_scope final : public scope
{
public:
    using scope::scope;

    void describe(std::string& out) const override
    {
        out += ".with_peer";
    }
};

// The executor under the strands, if it is one.
asio::any_io_executor without_strand(asio::any_io_executor const& ex)
{
    asio::any_io_executor result = ex;
    detail::visit_executor(
        ex,
        [&]<class Executor>(Executor const& target)
        {
            if constexpr (detail::is_strand<Executor>)
                result = without_strand(target.get_inner_executor());
        });
    return result;
}

void throw_if(error_code const& ec)
{
    if (ec)
        throw boost::system::system_error(ec, "asioctx::with_peer");
}

// A descriptor that is readable when the remote side of a socket may have gone.
//
// That needs an epoll instance of its own. Asio's reactor does not ask for
// EPOLLRDHUP, and a wait for the socket to be readable ends with the first
// unread byte: what is behind that could only be found by polling. So, too,
// nothing here refers to the socket, and the system forgets it when it is
// closed.
class watch
{
public:
    watch(asio::any_io_executor const& ex, int socket) : epoll_(ex)
    {
        int const fd = ::epoll_create1(EPOLL_CLOEXEC);
        throw_if(last_error(fd));
        error_code ec;
        epoll_.assign(fd, ec);
        if (ec)
            ::close(fd);
        throw_if(ec);
        // The edge, for an error alone, which says nothing about the remote
        // side, may stay.
        epoll_event event = {};
        event.events = EPOLLRDHUP | EPOLLET;
        throw_if(last_error(::epoll_ctl(fd, EPOLL_CTL_ADD, socket, &event)));
    }

    // Why the remote side is gone; no error if it is not.
    error_code end() noexcept
    {
        epoll_event event = {};
        int const n = ::epoll_wait(epoll_.native_handle(), &event, 1, 0);
        if (n != 1 || (event.events & (EPOLLRDHUP | EPOLLHUP)) == 0)
            return {};
        if ((event.events & EPOLLERR) != 0)
            return asio::error::connection_reset;
        return asio::error::eof;
    }

    template <class Token>
    void async_wait(Token&& token)
    {
        epoll_.async_wait(
            asio::posix::stream_descriptor::wait_read,
            std::forward<Token>(token));
    }

private:
    // For what returns -1 on failure.
    static error_code last_error(int result) noexcept
    {
        return result != -1
            ? error_code()
            : error_code(errno, boost::system::system_category());
    }

    asio::posix::stream_descriptor epoll_;
};

void cancel(context const& ctx, error_code const& cause, source_location at)
{
    context_access::get(ctx).get_scope()->cancel(
        {errc::canceled, cause, nullptr, at});
}

void start(std::unique_ptr<watch> w, context const& ctx, source_location at)
{
    auto& waiting = *w;
    waiting.async_wait(bind_context(
        ctx,
        [w = std::move(w), ctx, at](error_code const& ec) mutable
        {
            if (ec)
                return;
            auto const end = w->end();
            if (!end)
                return start(std::move(w), ctx, at);
            w.reset();
            cancel(ctx, end, at);
        }));
}

} // namespace

cancelable detail::with_peer(
    context const& parent,
    int socket,
    asio::any_io_executor const& ex,
    source_location at)
{
    auto s = make_scope<peer_scope>(context_access::get(parent), at);
    link_or_cancel(*s);
    auto result = make_cancelable(std::move(s));
    if (result.ctx.done())
        return result;
    auto w = std::make_unique<watch>(without_strand(ex), socket);
    if (auto const end = w->end())
        cancel(result.ctx, end, at);
    else
        start(std::move(w), result.ctx, at);
    return result;
}

} // namespace asioctx

#endif
