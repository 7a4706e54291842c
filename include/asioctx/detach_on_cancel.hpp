//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETACH_ON_CANCEL_HPP
#define ASIOCTX_DETACH_ON_CANCEL_HPP

#include <asioctx/bind_context.hpp>
#include <asioctx/config.hpp>
#include <asioctx/context.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace asioctx {

/// A completion token that completes an operation early.
/**
 * Made by detach_on_cancel(), which says what it does.
 *
 * @par Thread Safety
 * @e Distinct @e objects: Safe.@n
 * @e Shared @e objects: Unsafe.
 */
template <class Token>
class detach_on_cancel_t
{
public:
    /// The type of the token that is adapted.
    using target_type = Token;

    /// Makes a token for a context from the one to adapt.
    template <class T>
        requires std::constructible_from<Token, T>
    detach_on_cancel_t(context ctx, T&& token, source_location const& at = {})
        : ctx_(std::move(ctx)), at_(at), target_(std::forward<T>(token))
    {
    }

    /// The token that is adapted.
    target_type& get() noexcept
    {
        return target_;
    }

    /// The token that is adapted.
    target_type const& get() const noexcept
    {
        return target_;
    }

    /// The context that completes the operation.
    context const& get_context() const noexcept ASIOCTX_LIFETIMEBOUND
    {
        return ctx_;
    }

private:
    friend struct detail::binder_access;

    context ctx_;
    detail::place at_;
    Token target_;
};

/// A completion token that completes an operation with its default token early.
/**
 * Made by detach_on_cancel() without a token. Called with one it makes a @ref
 * detach_on_cancel_t.
 */
class partial_detach_on_cancel
{
public:
    /// Makes a token for a context.
    explicit partial_detach_on_cancel(
        context ctx, source_location const& at = {}) noexcept
        : ctx_(std::move(ctx)), at_(at)
    {
    }

    /// Adapts a token.
    template <class Token>
    [[nodiscard]] detach_on_cancel_t<std::decay_t<Token>> operator()(
        Token&& token) const
    {
        return detail::binder_access::make_adapter<
            detach_on_cancel_t<std::decay_t<Token>>>(
            ctx_, at_, std::forward<Token>(token));
    }

    /// The context that completes the operation.
    context const& get_context() const noexcept ASIOCTX_LIFETIMEBOUND
    {
        return ctx_;
    }

private:
    context ctx_;
    detail::place at_;
};

/// Lets an operation go when a context is done.
/**
 * Adapts a completion token, for operations that cannot be canceled, such as
 * @c asio::ip::tcp::resolver::async_resolve. Such an operation completes when
 * it ends, or when the context is done, whichever comes first. In the latter
 * case the error is the context's error() and the other results are
 * default-constructed. The operation itself runs on, and what comes of it is
 * destroyed. It is bound to the context as with bind_context(), so that one
 * that can be canceled in part is asked to stop. The handler is called after
 * that, so that it may destroy the I/O object; see Object lifetimes.
 *
 * If the context is done already, the operation is not started.
 *
 * @param ctx The context.
 *
 * @param token The completion token to adapt. Without one, the operation's
 * default token is used, or @c asio::deferred if it has none.
 *
 * @param at Where the operation is bound, which dump() shows.
 *
 * @par Preconditions
 * The operation's signature begins with an @c error_code or a @c
 * std::exception_ptr, and the other results have default constructors.
 *
 * @par Object lifetimes
 * Its handler being called does not mean that the operation has ended. What the
 * operation refers to must live until it does: its I/O object, unless that may
 * be destroyed amid the operation, as a resolver may, and above all buffers.
 * The operation counts as work of its execution context until it ends.
 *
 * @par Executor
 * The handler is called on its associated executor, or else the I/O object's.
 * The state which the handler and the operation share outlives the handler, and
 * so is not allocated with the handler's associated allocator.
 *
 * @par Per-operation cancellation
 * A cancellation request through the slot of the token's handler, of any type,
 * has the same effect as the context's, with @c
 * asio::error::operation_aborted.
 *
 * @par Errors
 * @c errc::canceled, @c errc::deadline_exceeded, and the operation's own.
 *
 * @par Exceptions
 * What the operation's initiation throws, and @c std::bad_alloc.
 *
 * @par Thread Safety
 * The context may be canceled by any thread at any time.
 *
 * @par Example
 * examples/13_resolve.cpp
 */
template <class Token>
[[nodiscard]] detach_on_cancel_t<std::decay_t<Token>> detach_on_cancel(
    context ctx, Token&& token, source_location at = BOOST_CURRENT_LOCATION)
{
    return {std::move(ctx), std::forward<Token>(token), at};
}

/// Lets an operation with its default token go when a context is done.
[[nodiscard]] inline partial_detach_on_cancel detach_on_cancel(
    context ctx, source_location at = BOOST_CURRENT_LOCATION) noexcept
{
    return partial_detach_on_cancel(std::move(ctx), at);
}

} // namespace asioctx

#include <asioctx/impl/detach_on_cancel.hpp>

#endif
