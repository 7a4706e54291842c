//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_CURRENT_CONTEXT_HPP
#define ASIOCTX_CURRENT_CONTEXT_HPP

#include <asioctx/config.hpp>
#include <asioctx/context.hpp>

#include <asioctx/detail/executor_traits.hpp>

#include <boost/asio/execution/executor.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace asioctx {

/// Returns the context that is current on this thread.
/**
 * It is that of the innermost @ref current_scope on the thread; background() if
 * there is none. So whatever is called within a scope has that context, also a
 * function that is dispatched to an executor without one and runs at once: a
 * coroutine on such an executor that awaits one on a @ref current_executor goes on
 * with its context until it next waits. Wrap the executors of both.
 *
 * It is for code that cannot be given a context, such as a logger: code that can
 * be given one has it as a parameter.
 *
 * @returns A reference that is valid until the scope ends.
 *
 * @par Exceptions
 * None.
 *
 * @par Thread Safety
 * Safe. Each thread has its own.
 */
ASIOCTX_DECL context const& current_context() noexcept;

/// Makes a context current on this thread as long as it lives.
/**
 * The destructor makes current again what was before. Scopes end in the reverse
 * order of their beginning, on the thread that they began on: in a coroutine,
 * there is no @c co_await while one lives. What @ref current_executor runs has
 * one each time.
 *
 * @par Object lifetimes
 * The handle to the context outlives the scope.
 *
 * @par Exceptions
 * None.
 *
 * @par Thread Safety
 * @e Distinct @e objects: Safe.@n
 * @e Shared @e objects: Unsafe.
 */
class [[nodiscard]] current_scope
{
public:
    /// Makes a context current.
    ASIOCTX_DECL explicit current_scope(
        context const& ctx ASIOCTX_LIFETIMEBOUND) noexcept;

    /// Does not compile: a temporary would be gone before the scope.
    explicit current_scope(context const&&) = delete;

    current_scope(current_scope const&) = delete;
    current_scope& operator=(current_scope const&) = delete;

    /// Makes current again what was before.
    ASIOCTX_DECL ~current_scope();

private:
    context const* previous_;
};

/// What runs another executor's functions, each with a context that is current.
/**
 * It is the other executor in all but that: a strand remains one. Wrap a strand:
 * a strand that is made of this may run a function without it. A coroutine
 * that is spawned on it has the context current whenever it runs, wherever what
 * it has awaited has completed; but for a step that a token's own executor runs.
 * So has the handler that it is bound to with @c boost::asio::bind_executor, each
 * step of its composed operation, and the handlers of an I/O object on it.
 *
 * The context is current, and not bound: what is to end with it is bound to it
 * with bind_context(), outside of @c bind_executor.
 *
 * @tparam Executor The other executor.
 *
 * @tparam Scope What is made of the context before a function is called, and
 * destroyed after it: made from a @c context @c const&, it tells whoever else is
 * to know, such as OpenTelemetry. What it throws is thrown as if the function had
 * thrown it.
 *
 * @par Object lifetimes
 * It keeps the context.
 *
 * @par Thread Safety
 * @e Distinct @e objects: Safe.@n
 * @e Shared @e objects: As for the other executor.
 *
 * @par Example
 * examples/23_current_context.cpp
 */
template <class Executor, class Scope = current_scope>
class current_executor
{
    static_assert(asio::execution::is_executor<Executor>::value,
        "asioctx::current_executor: it wraps an executor; one of the Networking "
        "TS cannot be wrapped");
    static_assert(std::constructible_from<Scope, context const&>,
        "asioctx::current_executor: the scope is made from a context const&");

public:
    /// The other executor's type.
    using inner_executor_type = Executor;

    /// Runs functions with a context that is current, on another executor.
    current_executor(context ctx, Executor inner) noexcept
        : ctx_(std::move(ctx)), inner_(std::move(inner))
    {
    }

    /// As the other executor.
    template <class Property>
        requires asio::can_query_v<Executor const&, Property>
    decltype(auto) query(Property const& p) const
        noexcept(asio::is_nothrow_query_v<Executor const&, Property>)
    {
        return asio::query(inner_, p);
    }

    /// What the other executor becomes, with the same context.
    template <class Property>
        requires asio::can_require_v<Executor const&, Property>
    auto require(Property const& p) const
        noexcept(asio::is_nothrow_require_v<Executor const&, Property>)
    {
        return make(asio::require(inner_, p));
    }

    /// What the other executor becomes, with the same context.
    template <class Property>
        requires asio::can_prefer_v<Executor const&, Property>
    auto prefer(Property const& p) const
        noexcept(asio::is_nothrow_prefer_v<Executor const&, Property>)
    {
        return make(asio::prefer(inner_, p));
    }

    /// Has the other executor run a function, with the context that is current.
    template <class Function>
    void execute(Function&& f) const
    {
        inner_.execute(in_scope<std::decay_t<Function>>{
            ctx_, std::forward<Function>(f)});
    }

    /// As the other executor, if that can tell.
    bool running_in_this_thread() const
        noexcept(noexcept(std::declval<Executor const&>().running_in_this_thread()))
        requires detail::is_placed<Executor>
    {
        return inner_.running_in_this_thread();
    }

    /// The executor that the other one, a strand, serializes.
    decltype(auto) get_inner_executor() const noexcept
        requires(detail::is_strand<Executor>)
    {
        return inner_.get_inner_executor();
    }

    /// Tells whether both have the same context and the same executor.
    friend bool operator==(
        current_executor const& a, current_executor const& b) noexcept
    {
        return a.ctx_ == b.ctx_ && a.inner_ == b.inner_;
    }

    /// Tells whether one has another context or another executor.
    friend bool operator!=(
        current_executor const& a, current_executor const& b) noexcept
    {
        return !(a == b);
    }

private:
    template <class Function>
    struct in_scope
    {
        context ctx;
        Function function;

        void operator()()
        {
            [[maybe_unused]] Scope const s(std::as_const(ctx));
            std::move(function)();
        }
    };

    // By value: a copy of one that counts work would count once more.
    template <class E>
    current_executor<E, Scope> make(E inner) const noexcept
    {
        return {ctx_, std::move(inner)};
    }

    context ctx_;
    Executor inner_;
};

/// Makes an executor that runs functions with a context that is current.
/**
 * @tparam Scope As for @ref current_executor.
 *
 * @param ctx The context.
 *
 * @param ex The executor that runs the functions.
 *
 * @par Exceptions
 * None.
 *
 * @par Thread Safety
 * Safe.
 *
 * @par Example
 * @code
 * co_spawn(make_current_executor(ctx, ioc), serve(ctx), detached);
 * @endcode
 */
template <class Scope = current_scope, class Executor>
    requires(asio::execution::is_executor<Executor>::value)
current_executor<Executor, Scope> make_current_executor(
    context ctx, Executor const& ex) noexcept
{
    return {std::move(ctx), ex};
}

/// The same with the executor of an execution context.
template <class Scope = current_scope, class ExecutionContext>
    requires std::derived_from<ExecutionContext, asio::execution_context>
auto make_current_executor(context ctx, ExecutionContext& ec) noexcept
{
    return make_current_executor<Scope>(std::move(ctx), ec.get_executor());
}

} // namespace asioctx

#endif
