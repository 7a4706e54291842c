//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_CANCEL_HPP
#define ASIOCTX_CANCEL_HPP

#include <asioctx/cause_key.hpp>
#include <asioctx/config.hpp>
#include <asioctx/context.hpp>

#include <exception>
#include <utility>

namespace asioctx {

struct cancelable;

namespace detail {

ASIOCTX_DECL cancelable make_cancelable(scope_refs&& refs) noexcept;

} // namespace detail

/// The right to cancel a context.
/**
 * It is apart from the right to look at the context, which is @ref context.
 * Whoever holds it must keep it as long as the context is in use: the
 * destructor cancels.
 *
 * Canceling a context cancels every context derived from it. To every operation
 * that is bound to one of them it dispatches a cancellation request, and it
 * posts every callback and wait: parents first, and otherwise in the order in
 * which the contexts were made. When cancel() returns, all contexts are done
 * and all requests are dispatched. If another thread is canceling the same
 * context, or one it is derived from, the contexts are done, but that thread
 * may still be dispatching the requests.
 *
 * Only the first cancellation on the way to the root counts for a context: it
 * gives the error, the cause and the place. Later ones do nothing.
 *
 * The functions do not throw, allocate, or wait for an operation. They run no
 * handler, but @c asio::experimental::promise may run its own. On an executor
 * that allocates for itself, as a strand of an @c asio::any_io_executor does, to
 * post a callback allocates, and ends the program if there is no memory.
 *
 * @par Thread Safety
 * @e Distinct @e objects: Safe.@n
 * @e Shared @e objects: Unsafe, except that any number of threads may call
 * cancel() and the call operators at the same time.
 */
class [[nodiscard("the destructor cancels")]] cancel_source
{
public:
    /// Holds no right. The functions do nothing.
    cancel_source() noexcept = default;

    /// Takes over the right of another source.
    cancel_source(cancel_source&&) noexcept = default;

    /// Cancels as the destructor does, then takes over another's right.
    cancel_source& operator=(cancel_source&& other) noexcept
    {
        cancel_source(std::move(other)).swap(*this);
        return *this;
    }

    /// Cancels the context.
    /**
     * If this is what ends the context, its canceled_at() is where the
     * right was made: where with_cancel() was called, for example.
     */
    ~cancel_source()
    {
        if (*this)
            cancel_here();
    }

    /// Cancels the context: its error() is @c errc::canceled.
    /**
     * @returns True if this call ended the context; false if it was done
     * already, or there is no right.
     */
    bool cancel(source_location at = BOOST_CURRENT_LOCATION) const noexcept
    {
        return cancel(error_code(), at);
    }

    /// Cancels the context and tells why.
    /**
     * The context's error() is @c errc::canceled, its cause() is @c cause.
     * A cause whose failed() is false counts as none. Without an error category
     * of one's own, a @ref cause_key is a cause.
     */
    ASIOCTX_DECL bool cancel(
        error_code const& cause,
        source_location at = BOOST_CURRENT_LOCATION) const noexcept;

    /// Cancels the context and tells why.
    /**
     * The context's error() is @c errc::canceled, its exception() is @c cause.
     * A null pointer counts as none.
     */
    ASIOCTX_DECL bool cancel(
        std::exception_ptr cause,
        source_location at = BOOST_CURRENT_LOCATION) const noexcept;

    /// The same as cancel().
    bool operator()(source_location at = BOOST_CURRENT_LOCATION) const noexcept
    {
        return cancel(at);
    }

    /// The same as cancel().
    bool operator()(
        error_code const& cause,
        source_location at = BOOST_CURRENT_LOCATION) const noexcept
    {
        return cancel(cause, at);
    }

    /// The same as cancel().
    bool operator()(
        std::exception_ptr cause,
        source_location at = BOOST_CURRENT_LOCATION) const noexcept
    {
        return cancel(std::move(cause), at);
    }

    /// Gives up the right without canceling.
    void detach() noexcept
    {
        ctx_ = context();
    }

    /// Tells whether there is a right to cancel.
    explicit operator bool() const noexcept
    {
        return ctx_ != context();
    }

    /// Exchanges the rights of two sources.
    void swap(cancel_source& other) noexcept
    {
        std::swap(ctx_, other.ctx_);
    }

protected:
    /// Returns the context that the right is for.
    context const& target() const noexcept
    {
        return ctx_;
    }

private:
    friend cancelable detail::make_cancelable(detail::scope_refs&&) noexcept;

    explicit cancel_source(context ctx) noexcept : ctx_(std::move(ctx))
    {
    }

    ASIOCTX_DECL void cancel_here() const noexcept;

    context ctx_;
};

/// A context that can be canceled, and the right to do so.
/**
 * To be taken apart:
 * @code auto [ctx, cancel] = asioctx::with_cancel(parent); @endcode
 * The right must be kept: in @c with_cancel(parent).ctx it goes at the end of
 * the expression, and the context is done.
 */
struct [[nodiscard("the source's destructor cancels")]] cancelable
{
    /// The context.
    context ctx;

    /// The right to cancel it. Its destructor does.
    cancel_source cancel;
};

/// Derives a context that can be canceled.
/**
 * The context is done when the returned source cancels it, which its
 * destructor does, or when the parent is done, whichever is first. If the
 * parent is done already, so is the context, with the parent's error and
 * cause.
 *
 * @param parent The context to derive from.
 *
 * @param at What canceled_at() is if the source is destroyed.
 *
 * @par Object lifetimes
 * The context keeps the parent. The parent does not keep the context.
 *
 * @par Exceptions
 * @c std::bad_alloc.
 *
 * @par Thread Safety
 * Safe.
 *
 * @par Example
 * examples/02_cancel_tree.cpp
 */
ASIOCTX_DECL cancelable with_cancel(
    context const& parent, source_location at = BOOST_CURRENT_LOCATION);

} // namespace asioctx

#endif
