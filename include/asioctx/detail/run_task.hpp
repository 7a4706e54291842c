//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_RUN_TASK_HPP
#define ASIOCTX_DETAIL_RUN_TASK_HPP

#include <asioctx/config.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>

#include <exception>
#include <type_traits>
#include <utility>

namespace asioctx::detail {

// The coroutine of a task, unless there is an exception already. It leaves it
// to co_spawn() to end in peace: that awaits something itself, and does not
// expect to be canceled.
template <class T, class Executor>
asio::awaitable<void, Executor> run_task(
    asio::awaitable<T, Executor> coroutine, std::exception_ptr e)
{
    try
    {
        if (!e)
            static_cast<void>(co_await std::move(coroutine));
    }
    catch (...)
    {
        e = std::current_exception();
    }
    co_await asio::this_coro::throw_if_cancelled(false);
    if (e)
        std::rethrow_exception(e);
}

// Calls what returns the coroutine of a task, in the task.
template <class F, class... Args>
auto call_task(F& f, Args const&... args)
{
    std::invoke_result_t<F&, Args const&...> coroutine;
    std::exception_ptr e;
    try
    {
        coroutine = f(args...);
    }
    catch (...)
    {
        e = std::current_exception();
    }
    return run_task(std::move(coroutine), std::move(e));
}

} // namespace asioctx::detail

#endif
