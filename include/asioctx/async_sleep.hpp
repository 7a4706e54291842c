//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_ASYNC_SLEEP_HPP
#define ASIOCTX_ASYNC_SLEEP_HPP

#include <asioctx/config.hpp>
#include <asioctx/context.hpp>
#include <asioctx/deadline.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/deferred.hpp>

#include <chrono>
#include <optional>
#include <utility>

namespace asioctx {
namespace detail {

struct sleep_op
{
    template <class Self>
    void operator()(Self& self)
    {
        self.reset_cancellation_state(asio::enable_total_cancellation());
        alarm.emplace(asioctx::with_timeout(ctx, time, {}, at));
        auto const c = alarm->ctx;
        c.async_wait(std::move(self), at);
    }

    template <class Self>
    void operator()(Self& self, error_code ec)
    {
        if (!ec && !alarm->ctx.ended_by_own_deadline())
            ec = alarm->ctx.error();
        else if (ec && ctx.done())
            ec = ctx.error();
        alarm.reset();
        ctx = {};
        self.complete(ec);
    }

    context ctx;
    duration time;
    source_location at;
    std::optional<cancelable> alarm;
};

} // namespace detail

/// Sleeps for a time, by the clock of a context.
/**
 * Starts an asynchronous operation that completes when the time has passed, or
 * when the context is done, if that is first. The operation is bound to the
 * context. Its time is that of the context's deadlines, which a
 * testing::manual_clock moves.
 *
 * @param ctx The context.
 *
 * @param time The time, which begins when the operation is initiated. One that is
 * zero, negative or not a number has passed.
 *
 * @par Preconditions
 * The context's root was made from an execution context, see background().
 *
 * @par Object lifetimes
 * The operation keeps the context.
 *
 * @par Completion signature
 * @code void(error_code) @endcode
 *
 * @par Executor
 * As for context::async_wait(). The operation counts as outstanding work.
 *
 * @par Per-operation cancellation
 * All types. A sleep has no effect that could be partial.
 *
 * @par Errors
 * No error when the time has passed. The context's error() if that was done
 * first, also if its deadline is at the same time. @c
 * asio::error::operation_aborted if the operation was canceled otherwise.
 *
 * @par Exceptions
 * @c std::logic_error if there is no execution context, or it was destroyed.
 * @c std::bad_alloc. The operation was not started then.
 *
 * @par Thread Safety
 * Any thread may start a sleep.
 *
 * @par Example
 * @code co_await asioctx::async_sleep(ctx, 100ms, asio::use_awaitable); @endcode
 */
template <
    class Rep,
    class Period,
    asio::completion_token_for<void(error_code)> Token>
auto async_sleep(
    context const& ctx,
    std::chrono::duration<Rep, Period> time,
    Token&& token,
    source_location at = BOOST_CURRENT_LOCATION)
{
    return asio::async_compose<Token, void(error_code)>(
        detail::sleep_op{ctx, detail::to_duration(time), at, {}},
        token,
        detail::executor_of(detail::context_access::get(ctx).get_root()));
}

/// The same with @c asio::deferred.
template <class Rep, class Period>
auto async_sleep(
    context const& ctx,
    std::chrono::duration<Rep, Period> time,
    source_location at = BOOST_CURRENT_LOCATION)
{
    return async_sleep(ctx, time, asio::deferred, at);
}

} // namespace asioctx

#endif
