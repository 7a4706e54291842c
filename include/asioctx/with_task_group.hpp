//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_WITH_TASK_GROUP_HPP
#define ASIOCTX_WITH_TASK_GROUP_HPP

#include <asioctx/config.hpp>
#include <asioctx/context.hpp>
#include <asioctx/task_group.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <type_traits>

namespace asioctx {

namespace detail {

// What the body is awaited as: itself, or nothing.
template <class Result>
struct group_body
{
    using type = Result;
};

template <>
struct group_body<void>
{
    using type = asio::awaitable<void>;
};

template <class Body>
using group_body_result =
    typename group_body<std::invoke_result_t<Body&, task_group&>>::type;

} // namespace detail

/// Runs a coroutine with a group of tasks, and ends when all of them have.
/**
 * Makes a task_group on the coroutine's executor, calls a function with it,
 * awaits what that returns, if anything, and joins the group: also if the
 * function or its coroutine has thrown, or this one was canceled. So tasks may
 * refer to what outlives this call, and to what the function has captured. The
 * locals of the function go when it returns, as those of any other.
 *
 * An exception of the body cancels the group, the exception being the cause. So
 * does a request to stop the coroutine that awaits this.
 *
 * @param parent The context to derive the group's from.
 *
 * @param body A function object that is called with a @ref task_group & and
 * returns an @c asio::awaitable<void>, or nothing.
 *
 * @param limit How many tasks may run at a time: at least one.
 *
 * @param policy What to do when a task fails.
 *
 * @param at What canceled_at() is if this cancels the group.
 *
 * @par Object lifetimes
 * The function object is kept until all tasks have ended. The group goes then,
 * and so its context is done.
 *
 * @par Executor
 * That of the coroutine that awaits this. If it is a strand, as in a task of
 * another group, all tasks share it with the body.
 *
 * @par Per-operation cancellation
 * That of the coroutine, which Asio lets be canceled by @c
 * asio::cancellation_type::terminal. The tasks are asked to stop and waited
 * for. If it was canceled before, nothing is started.
 *
 * @par Errors
 * What is thrown is the first failure, the body being counted as a task: what
 * the body has thrown, unless a task had failed before and that was kept, or
 * the body was merely aborted; else what task_group::async_join() tells. It is
 * no error that tasks were aborted if the body has ended without an exception
 * and task_group::cancel() without a cause has ended the group.
 *
 * @par Exceptions
 * As for the constructor of @ref task_group.
 *
 * @par Thread Safety
 * That of a coroutine: it runs on one thread or on a strand.
 *
 * @par Example
 * examples/20_task_group.cpp
 */
template <class Body>
detail::group_body_result<Body> with_task_group(
    context parent,
    Body body,
    std::size_t limit = task_group::unlimited,
    on_error policy = on_error::cancel,
    source_location at = BOOST_CURRENT_LOCATION);

/// The same without a limit.
template <class Body>
detail::group_body_result<Body> with_task_group(
    context parent,
    Body body,
    on_error policy,
    source_location at = BOOST_CURRENT_LOCATION);

} // namespace asioctx

#include <asioctx/impl/with_task_group.hpp>

#endif
