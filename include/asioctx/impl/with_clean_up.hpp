//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_IMPL_WITH_CLEAN_UP_HPP
#define ASIOCTX_IMPL_WITH_CLEAN_UP_HPP

#include <asioctx/bind_context.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/with_clean_up.hpp>

#include <asioctx/detail/run_task.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <type_traits>
#include <utility>

namespace asioctx {

template <class Rep, class Period, class Body, class CleanUp>
std::invoke_result_t<Body&> with_clean_up(
    context ctx,
    std::chrono::duration<Rep, Period> grace,
    Body body,
    CleanUp clean_up,
    source_location at)
{
    using awaitable = std::invoke_result_t<Body&>;
    static_assert(
        std::is_void_v<typename awaitable::value_type>,
        "asioctx::with_clean_up: the functions must return an "
        "asio::awaitable<void>");
    constexpr asio::use_awaitable_t<typename awaitable::executor_type> token;

    std::exception_ptr e;
    try
    {
        co_await body();
    }
    catch (...)
    {
        e = std::current_exception();
    }

    bool const throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    try
    {
        // A coroutine of its own, which the slot of this one does not reach.
        auto const limited = with_grace(ctx, grace, at);
        co_await asio::co_spawn(
            co_await asio::this_coro::executor,
            [&] { return detail::call_task(clean_up, limited.ctx); },
            bind_context(
                limited.ctx,
                asio::bind_cancellation_slot(asio::cancellation_slot(), token),
                at));
    }
    catch (...)
    {
        if (!e)
            e = std::current_exception();
    }
    co_await asio::this_coro::throw_if_cancelled(throws);
    if (e)
        std::rethrow_exception(std::move(e));
}

} // namespace asioctx

#endif
