//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_ASSOCIATED_CONTEXT_HPP
#define ASIOCTX_ASSOCIATED_CONTEXT_HPP

#include <asioctx/config.hpp>
#include <asioctx/context.hpp>

#include <asioctx/detail/bound_handler.hpp>

#include <boost/asio/associator.hpp>

#include <type_traits>

namespace asioctx {

template <class T, class Candidate>
struct associated_context;

namespace detail {

template <class T>
concept has_context = requires(T const& t) {
    { t.get_context() } noexcept -> std::convertible_to<context>;
};

template <class T, class Candidate>
concept has_context_associator = requires {
    typename asio::associator<associated_context, T, Candidate>::type;
};

} // namespace detail

/// Finds the context that is associated with an object, usually a handler.
/**
 * The author of a composed operation finds with it the context under which the
 * operation runs: that of the bind_context() which the handler came through.
 * Asio's own adapters and composed operations pass it on. It does not pass
 * through what erases the handler's type: a coroutine's @c awaitable, @c
 * any_completion_handler.
 *
 * A program may specialize it for a type of its own, or give that type a
 * function <tt>context get_context() const noexcept</tt>.
 *
 * @par Thread Safety
 * Safe for objects that no other thread changes.
 *
 * @par Example
 * @code
 * template <class Self>
 * void connect::operator()(Self& self) // of asio::async_compose
 * {
 *     auto const ctx = asioctx::get_associated_context(self);
 *     timer.expires_after(std::min(patience, ctx.remaining()));
 *     ...
 * }
 * @endcode
 */
template <class T, class Candidate = context>
struct associated_context
{
    /// The type of the context.
    using type = context;

    /// Returns the context of an object, or background() if it has none.
    static type get(T const& t) noexcept
    {
        return get(t, Candidate());
    }

    /// Returns the context of an object, or the candidate if it has none.
    static type get(T const& t, Candidate const& candidate) noexcept
    {
        if constexpr (detail::has_context<T>)
            return t.get_context();
        else if constexpr (detail::has_context_associator<T, Candidate>)
            return asio::associator<asioctx::associated_context, T,
                Candidate>::get(t, candidate);
        else
            return candidate;
    }
};

/// The type of the context that is associated with an object.
template <class T, class Candidate = context>
using associated_context_t = typename associated_context<T, Candidate>::type;

/// Returns the context that is associated with an object, or background().
template <class T>
[[nodiscard]] context get_associated_context(T const& t) noexcept
{
    return associated_context<T>::get(t);
}

/// Returns the context that is associated with an object, or a candidate.
template <class T>
[[nodiscard]] context get_associated_context(
    T const& t, context const& candidate) noexcept
{
    return associated_context<T>::get(t, candidate);
}

// The handler of a bound operation: its context is the one it is bound to.
template <class Op, class Candidate>
struct associated_context<detail::bound_handler<Op>, Candidate>
{
    using type = context;

    static type get(
        detail::bound_handler<Op> const& h) noexcept
    {
        return detail::context_access::make(h.operation().node());
    }

    static type get(detail::bound_handler<Op> const& h,
        Candidate const&) noexcept
    {
        return get(h);
    }
};

} // namespace asioctx

#endif
