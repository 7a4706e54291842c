//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_IMPL_WITH_TASK_GROUP_HPP
#define ASIOCTX_IMPL_WITH_TASK_GROUP_HPP

#include <asioctx/with_task_group.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <type_traits>
#include <utility>

namespace asioctx {

template <class Body>
detail::group_body_result<Body> with_task_group(
    context parent,
    Body body,
    std::size_t limit,
    on_error policy,
    source_location at)
{
    using awaitable = detail::group_body_result<Body>;
    static_assert(
        std::is_void_v<typename awaitable::value_type>,
        "asioctx::with_task_group: the function must return an "
        "asio::awaitable<void>, or nothing");
    constexpr asio::use_awaitable_t<typename awaitable::executor_type> token;

    task_group group(
        co_await asio::this_coro::executor, parent, limit, policy, at);
    std::exception_ptr e;
    try
    {
        if constexpr (std::is_void_v<std::invoke_result_t<Body&, task_group&>>)
            body(group);
        else
            co_await body(group);
    }
    catch (...)
    {
        e = std::current_exception();
    }

    // From here to the end of the tasks nothing must throw.
    bool const throws = co_await asio::this_coro::throw_if_cancelled();
    auto const state = co_await asio::this_coro::cancellation_state;
    bool const asked =
        throws && state.cancelled() != asio::cancellation_type::none;
    detail::task_group_access::get(group).end_body(e, asked, at);
    co_await asio::this_coro::throw_if_cancelled(false);
    auto [joined] = co_await group.async_join(asio::as_tuple(token), at);
    co_await asio::this_coro::throw_if_cancelled(throws);
    if (joined)
        std::rethrow_exception(std::move(joined));
    if (e)
        std::rethrow_exception(std::move(e));
}

template <class Body>
detail::group_body_result<Body> with_task_group(
    context parent, Body body, on_error policy, source_location at)
{
    return with_task_group(
        std::move(parent), std::move(body), task_group::unlimited, policy, at);
}

} // namespace asioctx

#endif
