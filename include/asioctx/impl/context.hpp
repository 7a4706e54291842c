//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_IMPL_CONTEXT_HPP
#define ASIOCTX_IMPL_CONTEXT_HPP

#include <asioctx/context.hpp>

#include <asioctx/detail/callback.hpp>
#include <asioctx/detail/root.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>

#include <type_traits>
#include <utility>

namespace asioctx {
namespace detail {

struct initiate_async_wait
{
    using executor_type = asio::any_io_executor;

    executor_type get_executor() const noexcept
    {
        return executor_of(ctx.get_root());
    }

    template <class Handler>
    void operator()(Handler&& handler) const
    {
        auto const io = get_executor();
        auto const ex = asio::get_associated_executor(handler, io);
        using executor = std::decay_t<decltype(ex)>;
        using extra = wait_callback<executor>;
        using op = callback<std::decay_t<Handler>, executor, extra>;
        auto* const r = ctx.get_root();
        auto& o = op::create(ex, std::forward<Handler>(handler),
            scope_or_never(ctx), r ? *r : root_of_executor(ex),
            extra{ctx, work_of(io), work_of(ex), {}});
        o.connect_slot();
        o.set_origin("async_wait", at);
        o.start();
    }

    node_ptr ctx;
    place at;
};

} // namespace detail

template <detail::executing_context ExecutionContext>
context background(ExecutionContext& ec)
{
    auto& r = detail::root_of(ec, ec.get_executor());
    return detail::context_access::make(
        detail::node_ptr(detail::add_ref(&r)));
}

template <
    detail::executing_context ExecutionContext,
    detail::executing_context Time>
context background(ExecutionContext& ec, Time& time)
{
    auto result = background(ec);
    detail::context_access::get(result).get_root()->timer.use_time_of(
        detail::root_of(time, time.get_executor()));
    return result;
}

template <asio::completion_token_for<void(error_code)> Token>
auto context::async_wait(Token&& token, source_location at) const
{
    return asio::async_initiate<Token, void(error_code)>(
        detail::initiate_async_wait{node_, at}, token);
}

inline auto context::async_wait(source_location at) const
{
    return async_wait(asio::deferred, at);
}

} // namespace asioctx

#endif
