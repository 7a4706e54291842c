//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_AFTER_FUNC_HPP
#define ASIOCTX_AFTER_FUNC_HPP

#include <asioctx/config.hpp>
#include <asioctx/context.hpp>

#include <asioctx/detail/callback.hpp>

#include <boost/assert/source_location.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace asioctx {

class after_func_registration;

namespace detail {

// The same as after_func(). host: the root whose execution context destroys the
// function when it goes. Without a name it is not shown.
template <class Handler, class Executor>
after_func_registration start_callback(context const& ctx, root& host,
    Executor const& ex, Handler&& handler, place const& at = {},
    char const* name = nullptr);

} // namespace detail

/// Owns the association of a function with a context.
/**
 * The destructor stops the association. It does not wait for a function that
 * has begun.
 *
 * @par Thread Safety
 * @e Distinct @e objects: Safe.@n
 * @e Shared @e objects: Unsafe, except that any number of threads may call
 * stop() at the same time.
 */
class [[nodiscard(
    "the destructor stops: keep it, or detach() it")]] after_func_registration
{
public:
    /// Owns nothing.
    after_func_registration() noexcept = default;

    /// Takes over the association of another registration.
    after_func_registration(after_func_registration&& other) noexcept
        : ctx_(std::move(other.ctx_)),
          callback_(std::exchange(other.callback_, nullptr))
    {
    }

    /// Stops as the destructor does, then takes over another's association.
    after_func_registration& operator=(after_func_registration other) noexcept
    {
        std::swap(ctx_, other.ctx_);
        std::swap(callback_, other.callback_);
        return *this;
    }

    /// Stops the association of the function with the context.
    ~after_func_registration()
    {
        if (callback_)
        {
            callback_->stop();
            callback_->release();
        }
    }

    /// Stops the association of the function with the context.
    /**
     * Returns true if this call kept the function from being run: it is then
     * destroyed, also if it had been posted. Returns false if the function has
     * begun, or was stopped before. The call does not wait for the function.
     * Any thread may call it.
     */
    bool stop() noexcept
    {
        return callback_ && callback_->stop();
    }

    /// Gives up the association without stopping it.
    /**
     * The function runs when the context is done, and is destroyed if the
     * context, or the nearest one above it that can be done by itself, goes
     * without having been done.
     */
    void detach() noexcept
    {
        if (auto* const c = std::exchange(callback_, nullptr))
            c->detach();
        ctx_ = context();
    }

private:
    template <class Handler, class Executor>
    friend after_func_registration detail::start_callback(
        context const&, detail::root&, Executor const&, Handler&&,
        detail::place const&, char const*);

    after_func_registration(context ctx, detail::callback_base& c) noexcept
        : ctx_(std::move(ctx)), callback_(&c)
    {
    }

    context ctx_;
    detail::callback_base* callback_ = nullptr; // a reference
};

/// Runs a function once, after a context is done.
/**
 * The function is posted when the context is done, at once if it is done
 * already. It never runs inside this call, nor inside what made the context
 * done. Each call is an association of its own. On a context that is never
 * done, the function never runs.
 *
 * @param ctx The context.
 *
 * @param handler The function, called without arguments.
 *
 * @param at Where it is called, which dump() shows.
 *
 * @par Object lifetimes
 * The registration keeps the context. The context does not keep the
 * registration, whose destructor stops the association. A function that was
 * posted keeps the context until it begins or is stopped.
 *
 * @par Executor
 * The function runs on its associated executor, as if by asio::post. Without
 * one, that is the executor of the execution context which the context's root
 * was made from, or else the system executor. A function that waits does not
 * count as work. It is destroyed with that execution context.
 *
 * @par Exceptions
 * @c std::bad_alloc, and what moving the function throws. What the function itself
 * throws comes out of the execution context's @c run(), as of any handler.
 *
 * @par Thread Safety
 * Safe.
 *
 * @par Example
 * examples/05_after_func.cpp
 */
template <class Handler>
after_func_registration after_func(context const& ctx, Handler&& handler,
    source_location at = BOOST_CURRENT_LOCATION)
{
    static_assert(std::invocable<std::decay_t<Handler>>,
        "asioctx::after_func: the second argument must be a function object "
        "that can be called without arguments");
    auto const& node = detail::context_access::get(ctx);
    auto const ex = asio::get_associated_executor(
        handler, detail::executor_of(node.get_root()));
    return detail::start_callback(ctx, detail::host_of(ex, node.get_root()), ex,
        std::forward<Handler>(handler), at, "after_func");
}

template <class Handler, class Executor>
after_func_registration detail::start_callback(context const& ctx, root& host,
    Executor const& ex, Handler&& handler, place const& at, char const* name)
{
    using op = callback<std::decay_t<Handler>, Executor, plain_callback>;
    auto& c = op::create(ex, std::forward<Handler>(handler),
        scope_or_never(context_access::get(ctx)), host, plain_callback());
    c.set_origin(name, at);
    c.start();
    return {ctx, c};
}

} // namespace asioctx

#endif
