//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TASK_GROUP_HPP
#define ASIOCTX_TASK_GROUP_HPP

#include <asioctx/config.hpp>
#include <asioctx/context.hpp>
#include <asioctx/task_group_report.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <type_traits>

namespace asioctx {

namespace detail {

class task_group_state;
struct task_group_access;

ASIOCTX_DECL bool is_serializing(asio::any_io_executor const& ex) noexcept;

// An executor, or an execution context that is no temporary.
template <class Where>
concept runs_tasks = std::convertible_to<Where, asio::any_io_executor> ||(
    std::is_lvalue_reference_v<Where>&&
        executing_context<std::remove_reference_t<Where>>);

} // namespace detail

/// Tasks that run concurrently under one context, and end together.
/**
 * A task is a coroutine or any other asynchronous operation. It is bound to the
 * group's context as if by bind_context(): it is asked to stop when that is
 * done. A task never runs concurrently with its own cancellation, whatever the
 * executor: it runs on a strand of its own, unless the group's executor is a
 * strand.
 *
 * A task fails with an exception, or with an error code. With on_error::cancel
 * the first failure cancels the group: it is the cause() of the group's
 * context, and its canceled_at() is where the task was spawned.
 *
 * A task that was asked to stop, and does, has not failed but was aborted. So
 * was one that ends after the group's context was done with one of these:
 * @li the context's error() or cause(), @c asio::error::operation_aborted, @c
 * channel_cancelled, or an equal condition, as an error code or the code of a
 * @c boost::system::system_error or @c std::system_error;
 * @li the exception that is the context's cause;
 * @li @c asio::multiple_exceptions, as from operators of awaitables, whose
 * first exception is one of these.
 *
 * A task that ends with errc::canceled while the group is live was aborted,
 * too: it was canceled alone, through a context of its own that is derived from
 * the group's. Its siblings go on, and joining the group does not fail for it.
 *
 * A task whose handler is destroyed, as when an exception leaves @c run() or
 * another execution context goes, was aborted. The others go on.
 *
 * Tasks may spawn tasks. A group starts nothing any more once it is done or its
 * execution context is gone.
 *
 * @par Object lifetimes
 * The group's context is derived from the parent. The destructor cancels the
 * group and does not wait: tasks that have not ended go on until they do, and
 * must not refer to what is gone by then. To wait, use with_task_group(), or
 * async_join() where there is no coroutine. The group
 * may be destroyed within one of its tasks, and may outlive its execution
 * context, unless it was given a strand of it.
 *
 * @par Thread Safety
 * @e Distinct @e objects: Safe.@n
 * @e Shared @e objects: Safe, except for destruction.
 *
 * @par Example
 * examples/20_task_group.cpp
 */
class task_group
{
public:
    /// The type of the executor.
    using executor_type = asio::any_io_executor;

    /// The limit of a group that has none.
    static constexpr std::size_t unlimited =
        (std::numeric_limits<std::size_t>::max)();

    /// Makes a group on the execution context of the parent's root.
    /**
     * @param parent The context to derive the group's from.
     *
     * @param limit How many tasks may run at a time: at least one.
     *
     * @param policy What to do when a task fails.
     *
     * @param at What canceled_at() is if the group is destroyed.
     *
     * @par Exceptions
     * @c std::logic_error if the parent's root was not made from an execution
     * context, or that is gone. @c std::invalid_argument if the limit is zero.
     * @c std::bad_alloc.
     */
    ASIOCTX_DECL explicit task_group(
        context const& parent,
        std::size_t limit = unlimited,
        on_error policy = on_error::cancel,
        source_location at = BOOST_CURRENT_LOCATION);

    /// The same without a limit.
    ASIOCTX_DECL task_group(
        context const& parent,
        on_error policy,
        source_location at = BOOST_CURRENT_LOCATION);

    /// Makes a group on an executor, or on an execution context.
    /**
     * If the executor is a strand, all tasks share it. The parent's root need
     * not have an execution context.
     *
     * @param where The executor, or the execution context, such as an @c
     * asio::io_context.
     *
     * The other parameters, and the exceptions but the first, are the same.
     */
    template <class Where>
        requires detail::runs_tasks<Where>
    task_group(
        Where&& where,
        context const& parent,
        std::size_t limit = unlimited,
        on_error policy = on_error::cancel,
        source_location at = BOOST_CURRENT_LOCATION);

    /// The same without a limit.
    template <class Where>
        requires detail::runs_tasks<Where>
    task_group(
        Where&& where,
        context const& parent,
        on_error policy,
        source_location at = BOOST_CURRENT_LOCATION);

    task_group(task_group const&) = delete;
    task_group& operator=(task_group const&) = delete;

    /// Cancels the group. Does not wait.
    ASIOCTX_DECL ~task_group();

    /// Returns the context that the tasks are bound to.
    ASIOCTX_DECL context const& ctx() const noexcept ASIOCTX_LIFETIMEBOUND;

    /// Returns the executor of the group.
    ASIOCTX_DECL executor_type get_executor() const noexcept;

    /// Cancels the group, as cancel_source::cancel() does.
    /**
     * That tasks are aborted may be as intended, and no error; see
     * async_join() and with_task_group().
     */
    ASIOCTX_DECL void cancel(
        source_location at = BOOST_CURRENT_LOCATION) noexcept;

    /// Cancels the group and tells why.
    ASIOCTX_DECL void cancel(
        error_code const& cause,
        source_location at = BOOST_CURRENT_LOCATION) noexcept;

    /// Cancels the group and tells why.
    ASIOCTX_DECL void cancel(
        std::exception_ptr cause,
        source_location at = BOOST_CURRENT_LOCATION) noexcept;

    /// Calls a function with each failure.
    /**
     * Replaces the function that was given before. The function is told of what
     * fails from now on, whatever the policy, before the task counts as ended.
     *
     * @param f The function. It must not throw.
     *
     * @par Executor
     * The function runs where the task has failed, and so may run on several
     * threads at a time.
     *
     * @par Exceptions
     * @c std::bad_alloc, and what moving the function throws.
     *
     * @par Thread Safety
     * Safe.
     */
    ASIOCTX_DECL void on_failure(
        std::function<void(task_group_report::failure const&)> f);

    /// Starts a task, or queues it if the limit is reached.
    /**
     * Queued tasks are started in their order when others have ended. Once the
     * group is done they are dropped, as is what is spawned then: the functions
     * are destroyed without having been called, and report() counts them. There
     * is no limit to the queue; see try_spawn() and async_spawn().
     *
     * @returns False if the task was dropped, as the group is done. Whoever
     * joins the group learns that, too.
     *
     * @param f One of these:
     * @li a function object that returns an @c asio::awaitable, called with the
     * group's context or without arguments;
     * @li an @c asio::awaitable;
     * @li an asynchronous operation: a function object that is called with a
     * completion token and starts the operation, as what @c asio::deferred
     * makes of one is.
     *
     * A function object lives as long as the coroutine that it has returned.
     * The results of a task other than its error are dropped.
     *
     * @param at Where the task is said to have been spawned.
     *
     * @par Executor
     * A coroutine is started as if by asio::dispatch on the task's executor: on
     * a thread that runs the execution context, its first step may run within
     * this call. An operation that is no coroutine is started within this call,
     * or where the task ended that made room for it.
     *
     * @par Errors
     * What starting the operation throws is the task's failure.
     *
     * @par Exceptions
     * @c std::bad_alloc, and what moving the function throws. Then nothing was
     * spawned.
     *
     * @par Thread Safety
     * Safe.
     */
    template <class F>
    bool spawn(F&& f, source_location at = BOOST_CURRENT_LOCATION);

    /// Starts a task if the limit is not reached.
    /**
     * Returns false if it is, or tasks are queued, or the group is done; then
     * the function was not touched. Otherwise the same as spawn().
     */
    template <class F>
    [[nodiscard]] bool try_spawn(
        F&& f, source_location at = BOOST_CURRENT_LOCATION);

    /// Starts a task as soon as the limit allows.
    /**
     * Starts an asynchronous operation that completes when the task has been
     * started, not when it has ended. A producer that waits for each of these
     * operations has one function in the queue at most.
     *
     * @param f As for spawn().
     *
     * @par Object lifetimes
     * The operation may outlive the group.
     *
     * @par Completion signature
     * @code void(error_code) @endcode
     *
     * @par Executor
     * The I/O executor is the group's. The handler runs on its associated
     * executor, as if by asio::post.
     *
     * @par Per-operation cancellation
     * All types: a task that has not been started is dropped.
     *
     * @par Errors
     * The error() of the group's context if the task was dropped because the
     * group is done. @c asio::error::operation_aborted if the operation was
     * canceled, or the group's execution context is gone.
     *
     * @par Exceptions
     * As for spawn().
     *
     * @par Thread Safety
     * Safe.
     */
    template <
        class F,
        asio::completion_token_for<void(error_code)> Token = asio::deferred_t>
    auto async_spawn(
        F&& f,
        Token&& token = Token(),
        source_location at = BOOST_CURRENT_LOCATION);

    /// Waits until all tasks have ended.
    /**
     * Starts an asynchronous operation that completes when no task runs or is
     * queued, at once if that is so already. It does not cancel the group
     * unless it is canceled itself, and tasks may be spawned again afterwards.
     * Any number of operations may wait, but none of the group's tasks: they
     * would wait for themselves.
     *
     * In a coroutine, use with_task_group(). One that was canceled before does
     * not come to this wait: its @c co_await throws, and what the tasks refer
     * to goes while they run.
     *
     * @par Object lifetimes
     * The operation may outlive the group.
     *
     * @par Completion signature
     * @code void(std::exception_ptr) @endcode
     *
     * @par Executor
     * The I/O executor is the group's. The handler runs on its associated
     * executor, as if by asio::post.
     *
     * @par Per-operation cancellation
     * All types. The group is canceled, and the operation completes when all
     * tasks have ended, as ever. To be let out before that, give it
     * detach_on_cancel(): then the tasks must not refer to what is gone by
     * then.
     *
     * @par Errors
     * Null if all tasks that were ever spawned have succeeded, or were canceled
     * alone. Else:
     * @li with on_error::cancel and on_error::collect, the first failure, also
     * if the group was done before; an error code that a task failed with is
     * the code of a @c boost::system::system_error;
     * @li with on_error::until_success, null if a task has succeeded, or else
     * the first failure;
     * @li with on_error::ignore, null.
     *
     * If no task has failed but some were aborted it is, except with
     * on_error::ignore, the exception() of the group's context, or, if that is
     * live, or this operation was what has canceled it, @c
     * asio::error::operation_aborted. With on_error::collect it is null if a
     * task has succeeded and cancel() without a cause has ended the group.
     *
     * @par Exceptions
     * @c std::bad_alloc. Then no operation was started.
     *
     * @par Thread Safety
     * Safe.
     */
    template <
        asio::completion_token_for<void(std::exception_ptr)> Token =
            asio::deferred_t>
    auto async_join(Token&& token = Token(),
        source_location at = BOOST_CURRENT_LOCATION);

    /// Tells what has become of the tasks, and where the others come from.
    /**
     * @par Exceptions
     * @c std::bad_alloc.
     *
     * @par Thread Safety
     * Safe.
     */
    ASIOCTX_DECL task_group_report report() const;

private:
    friend struct detail::task_group_access;

    ASIOCTX_DECL task_group(
        asio::any_io_executor ex,
        bool serializes,
        context const& parent,
        std::size_t limit,
        on_error policy,
        source_location at);

    std::shared_ptr<detail::task_group_state> const state_;
};

} // namespace asioctx

#include <asioctx/impl/task_group.hpp>

#endif
