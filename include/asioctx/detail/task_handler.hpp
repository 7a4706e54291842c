//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_TASK_HANDLER_HPP
#define ASIOCTX_DETAIL_TASK_HANDLER_HPP

#include <asioctx/bind_context.hpp>
#include <asioctx/config.hpp>

#include <asioctx/detail/group_task.hpp>
#include <asioctx/detail/run_task.hpp>
#include <asioctx/detail/task_group_state.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

namespace asioctx::detail {

// The completion handler of a task.
class task_handler
{
public:
    using executor_type = asio::any_io_executor;

    task_handler(
        std::shared_ptr<task_group_state> s,
        group_task& t,
        executor_type ex) noexcept
        : state_(std::move(s)), task_(&t), executor_(std::move(ex))
    {
    }

    task_handler(task_handler&& other) noexcept
        : state_(std::move(other.state_)),
          task_(std::exchange(other.task_, nullptr)),
          executor_(std::move(other.executor_))
    {
    }

    ~task_handler()
    {
        if (task_)
            state_->abandon(*task_);
    }

    executor_type get_executor() const noexcept
    {
        return executor_;
    }

    void set_executor(executor_type ex) noexcept
    {
        executor_ = std::move(ex);
    }

    context const& ctx() const noexcept
    {
        return state_->ctx();
    }

    void operator()()
    {
        end(nullptr);
    }

    template <class First, class... Rest>
    void operator()(First&& first, Rest&&...)
    {
        using type = std::decay_t<First>;
        if constexpr (std::is_same_v<type, error_code>)
            end(first ? std::make_exception_ptr(
                    boost::system::system_error(first))
                      : nullptr);
        else if constexpr (std::is_same_v<type, std::exception_ptr>)
            end(std::forward<First>(first));
        else
            end(nullptr);
    }

private:
    void end(std::exception_ptr e)
    {
        auto const s = std::move(state_);
        s->end(*std::exchange(task_, nullptr), std::move(e));
    }

    std::shared_ptr<task_group_state> state_;
    group_task* task_;
    executor_type executor_;
};

template <class T>
struct awaitable_traits
{
    using executor_type = void;
};

template <class T, class Executor>
struct awaitable_traits<asio::awaitable<T, Executor>>
{
    using executor_type = Executor;
};

template <class T>
concept is_awaitable =
    !std::is_void_v<typename awaitable_traits<T>::executor_type>;

using task_token = context_binder<task_handler>;

template <class F>
concept returns_awaitable =
    std::is_invocable_v<F&> && is_awaitable<std::invoke_result_t<F&>>;

template <class F>
concept starts_operation = std::is_invocable_v<F, task_token> && !is_awaitable<
    std::invoke_result_t<F, task_token>>;

template <class F>
concept returns_awaitable_with_context =
    std::is_invocable_v<F, context> && is_awaitable<
        std::invoke_result_t<F, context>>;

// In this order: a function is tried with a context if it takes nothing else.
template <class F>
concept is_task = is_awaitable<F> || returns_awaitable<F> || starts_operation<
    F> || returns_awaitable_with_context<F>;

template <class F>
class group_task_of final : public group_task
{
public:
    template <class T>
    group_task_of(T&& f, source_location where)
        : group_task(where), function_(std::forward<T>(f))
    {
    }

    void start(task_handler handler) override
    {
        auto const ex = handler.get_executor();
        auto const ctx = handler.ctx();
        task_token token(
            ctx,
            asio::cancellation_type::terminal,
            std::move(handler),
            this->at);
        // The function is kept here until the handler is called: by then the
        // coroutine is gone, but what co_spawn() holds need not be.
        [[maybe_unused]] auto& f = function_;
        if constexpr (is_awaitable<F>)
            asio::co_spawn(
                ex, run_task(std::move(f), nullptr), std::move(token));
        else if constexpr (returns_awaitable<F>)
            asio::co_spawn(
                ex, [&f] { return call_task(f); }, std::move(token));
        else if constexpr (starts_operation<F>)
        {
            // The handler may be called, and this go, within the call.
            F operation(std::move(f));
            static_cast<void>(std::move(operation)(std::move(token)));
        }
        else
            asio::co_spawn(
                ex, [&f, ctx] { return call_task(f, ctx); }, std::move(token));
    }

private:
    F function_;
};

template <class F>
std::unique_ptr<group_task> make_group_task(
    [[maybe_unused]] F&& f, [[maybe_unused]] source_location at)
{
    using type = std::decay_t<F>;
    static_assert(
        is_task<type>,
        "asioctx::task_group: the task must be a function object that "
        "returns an asio::awaitable, called with a context or without "
        "arguments, or an asio::awaitable, or an asynchronous "
        "operation, which is called with a completion token");
    if constexpr (is_task<type>)
        return std::make_unique<group_task_of<type>>(std::forward<F>(f), at);
    else
        return nullptr; // not to add errors of its own
}

} // namespace asioctx::detail

#endif
