//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_BIND_CONTEXT_HPP
#define ASIOCTX_BIND_CONTEXT_HPP

#include <asioctx/config.hpp>
#include <asioctx/context.hpp>

#include <asioctx/detail/place.hpp>

#include <boost/asio/cancellation_type.hpp>
#include <boost/assert/source_location.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace asioctx {

/// For code that compares error codes, see bind_context().
struct raw_errors_t
{
    /// Is not made from braces alone.
    explicit raw_errors_t() = default;
};

/// Leaves the operation's own error as it is, see bind_context().
inline constexpr raw_errors_t raw_errors{};

namespace detail {

struct binder_access;

// No completion token can be awaited as it is: an asio::awaitable can.
template <class T>
concept is_coroutine_object = requires(T& t) { t.await_ready(); };

} // namespace detail

/// A completion token that binds an operation to a context.
/**
 * Made by bind_context(), which says what it does.
 *
 * @par Thread Safety
 * @e Distinct @e objects: Safe.@n
 * @e Shared @e objects: Unsafe.
 */
template <class Token>
class context_binder
{
    static_assert(!detail::is_coroutine_object<Token>,
        "asioctx::bind_context: the last argument is a coroutine, and not the "
        "completion token of one; bind the operations in it, or the token: "
        "co_spawn(ex, f(), bind_context(ctx, token))");

public:
    /// The type of the token that is adapted.
    using target_type = Token;

    /// Makes a binder for a context and a token.
    template <class T>
        requires std::constructible_from<Token, T>
    context_binder(context ctx, asio::cancellation_type_t type, T&& token,
        source_location const& at = {})
        : ctx_(std::move(ctx)),
          at_(at),
          type_(type),
          target_(std::forward<T>(token))
    {
    }

    /// The same with the operation's own errors.
    template <class T>
        requires std::constructible_from<Token, T>
    context_binder(context ctx, asio::cancellation_type_t type, raw_errors_t,
        T&& token, source_location const& at = {})
        : ctx_(std::move(ctx)),
          at_(at),
          type_(type),
          raw_errors_(true),
          target_(std::forward<T>(token))
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

    /// The context that the operation is bound to.
    context const& get_context() const& noexcept ASIOCTX_LIFETIMEBOUND
    {
        return ctx_;
    }

    /// The context that the operation is bound to.
    context&& get_context() && noexcept
    {
        return std::move(ctx_);
    }

    /// What the operation is asked for.
    asio::cancellation_type_t get_cancellation_type() const noexcept
    {
        return type_;
    }

    /// Whether the operation's own error is left as it is.
    bool has_raw_errors() const noexcept
    {
        return raw_errors_;
    }

private:
    friend struct detail::binder_access;

    context ctx_;
    detail::place at_;
    asio::cancellation_type_t type_;
    bool raw_errors_ = false;
    Token target_;
};

namespace detail {

// What a binder keeps.
struct binder_access
{
    template <class Binder>
    static place const& at(Binder const& b) noexcept
    {
        return b.at_;
    }

    template <class Token, class T>
    static context_binder<Token> make(context ctx,
        asio::cancellation_type_t type, bool raw, place const& at, T&& token)
    {
        context_binder<Token> result(
            std::move(ctx), type, std::forward<T>(token));
        result.raw_errors_ = raw;
        result.at_ = at;
        return result;
    }

    template <class Adapter, class T>
    static Adapter make_adapter(context ctx, place const& at, T&& token)
    {
        Adapter result(std::move(ctx), std::forward<T>(token));
        result.at_ = at;
        return result;
    }
};

} // namespace detail

/// A completion token that binds an operation with its default token.
/**
 * Made by bind_context() without a token. Called with one it makes a @ref
 * context_binder.
 */
class partial_context_binder
{
public:
    /// Makes a binder for a context.
    explicit partial_context_binder(context ctx,
        asio::cancellation_type_t type = asio::cancellation_type::terminal,
        source_location const& at = {}) noexcept
        : ctx_(std::move(ctx)), at_(at), type_(type)
    {
    }

    /// The same with the operation's own errors.
    partial_context_binder(
        context ctx, raw_errors_t, source_location const& at = {}) noexcept
        : ctx_(std::move(ctx)),
          at_(at),
          type_(asio::cancellation_type::terminal),
          raw_errors_(true)
    {
    }

    /// Adapts a token.
    template <class Token>
    [[nodiscard]] context_binder<std::decay_t<Token>> operator()(
        Token&& token) const
    {
        return detail::binder_access::make<std::decay_t<Token>>(
            ctx_, type_, raw_errors_, at_, std::forward<Token>(token));
    }

    /// The context that the operation is bound to.
    context const& get_context() const noexcept
    {
        return ctx_;
    }

    /// What the operation is asked for.
    asio::cancellation_type_t get_cancellation_type() const noexcept
    {
        return type_;
    }

private:
    friend struct detail::binder_access;

    context ctx_;
    detail::place at_;
    asio::cancellation_type_t type_;
    bool raw_errors_ = false;
};

/// Binds an asynchronous operation to a context.
/**
 * Adapts a completion token. An operation that is started with the adapted
 * token is asked to stop when the context is done. It completes as it does
 * without the context, except as follows.
 *
 * @li If the operation ends with @c asio::error::operation_aborted, or a
 * channel's @c channel_cancelled, because the context asked it to, the error is
 * the context's error() instead: @c errc::canceled or @c
 * errc::deadline_exceeded. An operation that has succeeded by then delivers its
 * success, and any other error is passed on.
 *
 * @li If the context is done already, the operation is not started. It
 * completes with the context's error(), the other results being
 * default-constructed. If the operation's signature does not begin with an @c
 * error_code or a @c std::exception_ptr, or a result has no default
 * constructor, it is started and asked to stop at once.
 *
 * Any operation and any token will do: a coroutine is bound as a whole by
 * giving the adapted token to @c asio::co_spawn. If the context is done when the
 * coroutine is about to begin, it does not begin.
 *
 * The binder goes outermost: @c bind_context(ctx, redirect_error(token, ec)), not
 * the reverse. Outside of it, @c redirect_error hides the error, so that the
 * binder does not translate it; @c bind_executor hides where the operation's
 * steps run. With older Boosts any adapter hides the I/O object's executor, @c
 * as_tuple, too. @c bind_cancellation_slot(slot, bind_context(ctx, token)) is the
 * same as @c bind_context(ctx, bind_cancellation_slot(slot, token)).
 *
 * If a token is bound to two contexts, as when a function binds the token that
 * it was given, both count: the first that is done ends the operation, and the
 * error is that context's.
 *
 * @param ctx The context.
 *
 * @param token The completion token to adapt. Without one, the operation's
 * default token is used, or @c asio::deferred if it has none.
 *
 * @param at Where the operation is bound, which dump() shows.
 *
 * @par Preconditions
 * A coroutine that is bound as a whole, or a @c parallel_group, runs on one
 * thread or on a strand, as Asio requires. Other operations need no strand.
 *
 * @par Object lifetimes
 * The operation keeps the context until just before its handler is called. By
 * then nothing refers to the operation or its I/O object any more. Until then
 * the I/O object must stay alive and where it is.
 *
 * @par Executor
 * All that is associated with the token's handler is associated with the
 * operation: executor, immediate executor, allocator. The record of the bound
 * operation is one allocation with that allocator. An operation that is not
 * started completes through the immediate executor, or as if by asio::post.
 *
 * The cancellation request is dispatched to where the operation is: for one
 * that touches its object in one step, the I/O object's executor; for a
 * composed one, the handler's associated executor. If that is a strand on the
 * I/O object's execution context, and the object has none itself, it is where
 * both are. So that no step of the operation runs beside the request, the
 * executor that the operation finds may be one of asioctx's own, which runs
 * functions on the handler's.
 *
 * @par Per-operation cancellation
 * The operation is asked for @c asio::cancellation_type::terminal, which
 * most operations honor; bind_context() with a type asks for another. The
 * cancellation slot of the token's handler works beside the context; an
 * operation that is aborted through it ends with @c operation_aborted.
 *
 * A composed operation looks itself whether it was asked, before it begins its
 * next part; for one that does not, see @ref stays_asked.
 *
 * @par Errors
 * @c errc::canceled, @c errc::deadline_exceeded, and the operation's own.
 *
 * @par Exceptions
 * What the operation's initiation throws, and what allocating throws.
 *
 * @par Thread Safety
 * The context may be canceled by any thread at any time.
 *
 * @par Example
 * examples/03_tokens.cpp
 */
template <class Token>
[[nodiscard]] context_binder<std::decay_t<Token>> bind_context(
    context ctx, Token&& token, source_location at = BOOST_CURRENT_LOCATION)
{
    return {std::move(ctx), asio::cancellation_type::terminal,
        std::forward<Token>(token), at};
}

/// Binds an asynchronous operation to a context, and says what to ask it for.
/**
 * @param type What the operation is asked for. The weaker types leave more of
 * the operation's object intact, but fewer operations honor them; one that
 * does not runs on.
 */
template <class Token>
[[nodiscard]] context_binder<std::decay_t<Token>> bind_context(
    context ctx, asio::cancellation_type_t type, Token&& token,
    source_location at = BOOST_CURRENT_LOCATION)
{
    return {std::move(ctx), type, std::forward<Token>(token), at};
}

/// Binds an asynchronous operation to a context, and leaves its errors alone.
/**
 * For code that compares error codes. The operation is asked to stop as ever,
 * but if it does, its error stays what Asio makes of it, @c
 * asio::error::operation_aborted as a rule. One that is not started because the
 * context is done ends with that, too. The context tells why.
 */
template <class Token>
[[nodiscard]] context_binder<std::decay_t<Token>> bind_context(
    context ctx, raw_errors_t, Token&& token,
    source_location at = BOOST_CURRENT_LOCATION)
{
    return {std::move(ctx), asio::cancellation_type::terminal, raw_errors,
        std::forward<Token>(token), at};
}

/// Binds an asynchronous operation, with its default token, to a context.
[[nodiscard]] inline partial_context_binder bind_context(
    context ctx, source_location at = BOOST_CURRENT_LOCATION) noexcept
{
    return partial_context_binder(
        std::move(ctx), asio::cancellation_type::terminal, at);
}

/// The same, and says what to ask the operation for.
[[nodiscard]] inline partial_context_binder bind_context(
    context ctx, asio::cancellation_type_t type,
    source_location at = BOOST_CURRENT_LOCATION) noexcept
{
    return partial_context_binder(std::move(ctx), type, at);
}

/// The same, and leaves the operation's errors alone.
[[nodiscard]] inline partial_context_binder bind_context(
    context ctx, raw_errors_t,
    source_location at = BOOST_CURRENT_LOCATION) noexcept
{
    return partial_context_binder(std::move(ctx), raw_errors, at);
}

} // namespace asioctx

#include <asioctx/impl/bind_context.hpp>

#endif
