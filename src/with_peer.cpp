//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/with_peer.hpp>

#if defined(ASIOCTX_HAS_WITH_PEER)

#include <asioctx/bind_context.hpp>

#include <asioctx/detail/executor_target.hpp>
#include <asioctx/detail/scope.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <string>
#include <utility>

#if defined(BOOST_ASIO_HAS_IOCP)
#include "peer_watch_windows.hpp"
#elif defined(__linux__)
#include "peer_watch_epoll.hpp"
#else
#include "peer_watch_kqueue.hpp"
#endif

namespace asioctx {

using detail::context_access;
using detail::peer_watch;
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

void cancel(context const& ctx, error_code const& cause, source_location at)
{
    context_access::get(ctx).get_scope()->cancel(
        {errc::canceled, cause, nullptr, at});
}

void begin(
    std::unique_ptr<peer_watch> w, context const& ctx, source_location at)
{
    auto& waiting = *w;
    waiting.async_wait(bind_context(
        ctx,
        [w = std::move(w), ctx, at](error_code const& ec, auto...) mutable
        {
            if (ctx.done() || w->socket_is_closed())
                return;
#if defined(BOOST_ASIO_HAS_IOCP)
            // Which of the driver's errors say that the socket was closed is
            // not documented.
            if (ec)
                return;
#endif
            // Who cannot watch any more must not let others wait for it.
            auto const end = ec ? ec : w->end();
            if (!end)
                return begin(std::move(w), ctx, at);
            w.reset();
            cancel(ctx, end, at);
        },
        at));
}

} // namespace

cancelable detail::with_peer(
    context const& parent,
    peer_socket socket,
    asio::any_io_executor const& ex,
    source_location at)
{
    auto s = make_scope<peer_scope>(context_access::get(parent), at);
    link_or_cancel(*s);
    auto result = make_cancelable(std::move(s));
    if (result.ctx.done())
        return result;
    auto w = std::make_unique<peer_watch>(without_strand(ex), socket);
    w->check_connected();
    if (auto const end = w->end())
        cancel(result.ctx, end, at);
    else
        begin(std::move(w), result.ctx, at);
    return result;
}

} // namespace asioctx

#endif
