//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DEADLINE_HPP
#define ASIOCTX_DEADLINE_HPP

#include <asioctx/cancel.hpp>
#include <asioctx/config.hpp>
#include <asioctx/context.hpp>

#include <asioctx/detail/timed_scopes.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <exception>
#include <utility>

namespace asioctx {

struct idleable;

namespace detail {

struct idle_access;

ASIOCTX_DECL cancelable with_timeout(context const& parent, duration timeout,
    error_code const& cause, source_location at);
ASIOCTX_DECL cancelable with_timeout(
    context const& parent,
    duration timeout,
    std::exception_ptr cause,
    source_location at);
ASIOCTX_DECL idleable with_idle_timeout(context const& parent,
    duration timeout, error_code const& cause, source_location at);
ASIOCTX_DECL idleable with_idle_timeout(
    context const& parent,
    duration timeout,
    std::exception_ptr cause,
    source_location at);
ASIOCTX_DECL cancelable with_deadline(
    context const& parent,
    time_point deadline,
    std::exception_ptr cause,
    source_location at);
ASIOCTX_DECL cancelable with_grace(
    context const& parent, duration grace, source_location at);

// Converts a duration of any kind, rounding up: a deadline is never early. What
// is too long, or too far back, becomes the limit that is nearest to it. What
// is no number is as far back as can be: it must not keep anything waiting.
template <class Rep, class Period>
constexpr duration to_duration(std::chrono::duration<Rep, Period> d) noexcept
{
    using wide = std::chrono::duration<long double, duration::period>;
    if (wide(d) >= wide((duration::max)()))
        return (duration::max)();
    if (!(wide(d) > wide((duration::min)())))
        return (duration::min)();
    return std::chrono::ceil<duration>(d);
}

// A clock that is not ours.
template <class Clock>
concept other_clock = !std::same_as<Clock, clock_type> && requires {
    typename Clock::time_point;
    {
        Clock::now()
    } -> std::same_as<typename Clock::time_point>;
};

// A deadline by another clock.
struct clock_deadline
{
    // Rounded up, as the clock's time is down: a deadline is never early.
    template <class Clock, class Duration>
    explicit clock_deadline(std::chrono::time_point<Clock, Duration> t) noexcept
        : left(&left_until<Clock>), time(to_duration(t.time_since_epoch()).count())
    {
    }

    template <class Clock>
    static duration left_until(std::int64_t deadline)
    {
        auto const now =
            std::chrono::floor<duration>(Clock::now().time_since_epoch());
        return add_saturated(time_point(duration(deadline)), -now)
            .time_since_epoch();
    }

    duration (*left)(std::int64_t);
    std::int64_t time;
};

ASIOCTX_DECL cancelable with_deadline(
    context const& parent,
    clock_deadline const& deadline,
    error_code const& cause,
    source_location at);
ASIOCTX_DECL cancelable with_deadline(
    context const& parent,
    clock_deadline const& deadline,
    std::exception_ptr cause,
    source_location at);

} // namespace detail

/// Derives a context with a deadline.
/**
 * The context is done when the deadline passes, with the error @c
 * errc::deadline_exceeded; or when it is canceled or the parent is done, if
 * that is first. A deadline never fires early.
 *
 * The earlier of the parent's deadline and this one counts, and is the
 * context's deadline(). If the parent's is not later, it ends both contexts,
 * with its own cause. A deadline that has passed makes the context done at
 * once, unless the parent is done: then the parent's error and cause count.
 * @c time_point::max() is no deadline.
 *
 * @param parent The context to derive from.
 *
 * @param deadline The time at which the context is done.
 *
 * @param cause What the context's cause() is if this deadline ends it. Without
 * one, it is @c errc::deadline_exceeded.
 *
 * @param at What canceled_at() is if this deadline, or the source's destructor,
 * ends the context.
 *
 * @par Preconditions
 * The parent's root was made from an execution context, see background().
 *
 * @par Object lifetimes
 * As for with_cancel().
 *
 * @par Executor
 * The deadline passes on a thread that runs the execution context: while none
 * does, the context stays live. It is no outstanding work, see background().
 *
 * @par Exceptions
 * @c std::logic_error if there is no execution context, or it was destroyed.
 * @c std::bad_alloc.
 *
 * @par Thread Safety
 * Safe.
 *
 * @par Example
 * examples/01_deadline.cpp
 */
ASIOCTX_DECL cancelable with_deadline(context const& parent,
    time_point deadline, error_code const& cause = {},
    source_location at = BOOST_CURRENT_LOCATION);

/// The same with an exception as the cause, which exception() returns.
template <std::same_as<std::exception_ptr> Exception>
cancelable with_deadline(
    context const& parent,
    time_point deadline,
    Exception cause,
    source_location at = BOOST_CURRENT_LOCATION)
{
    return detail::with_deadline(parent, deadline, std::move(cause), at);
}

/// Derives a context with a deadline by another clock.
/**
 * As with_deadline() with a @c time_point, for a clock that may be set, as @c
 * std::chrono::system_clock, or that goes on while the system sleeps, as
 * boot_clock. The context is done once that clock has come to the deadline,
 * and follows its changes:
 *
 * - The context is never done while that clock says that it is too early.
 * - If the clock is not set, it is done as exactly as with any deadline.
 * - If the clock is set back, it is done when the clock has come to the deadline
 *   again.
 * - If the clock is set forward, or the system was asleep, it is done a second
 *   late at most: that is how often the clock is looked at. So a program with
 *   such a deadline wakes up every second.
 *
 * The deadline is not part of the context's deadline(), which never moves: that
 * is the parent's. Nor does it go to other processes.
 *
 * @c Clock::now() is called by the threads that run the execution context, and
 * must not throw.
 */
template <detail::other_clock Clock, class Duration>
cancelable with_deadline(context const& parent,
    std::chrono::time_point<Clock, Duration> deadline,
    error_code const& cause = {}, source_location at = BOOST_CURRENT_LOCATION)
{
    return detail::with_deadline(
        parent, detail::clock_deadline(deadline), cause, at);
}

/// The same with an exception as the cause, which exception() returns.
template <
    detail::other_clock Clock,
    class Duration,
    std::same_as<std::exception_ptr> Exception>
cancelable with_deadline(
    context const& parent,
    std::chrono::time_point<Clock, Duration> deadline,
    Exception cause,
    source_location at = BOOST_CURRENT_LOCATION)
{
    return detail::with_deadline(
        parent, detail::clock_deadline(deadline), std::move(cause), at);
}

/// Derives a context that is done after a time.
/**
 * The same as with_deadline() with the time that is @c timeout from now. A
 * timeout that is zero, negative or not a number has passed; one that is too
 * long for a @c time_point, as the @c max() of any duration is, is none.
 */
template <class Rep, class Period>
cancelable with_timeout(context const& parent,
    std::chrono::duration<Rep, Period> timeout, error_code const& cause = {},
    source_location at = BOOST_CURRENT_LOCATION)
{
    return detail::with_timeout(
        parent, detail::to_duration(timeout), cause, at);
}

/// The same with an exception as the cause, which exception() returns.
template <class Rep, class Period, std::same_as<std::exception_ptr> Exception>
cancelable with_timeout(
    context const& parent,
    std::chrono::duration<Rep, Period> timeout,
    Exception cause,
    source_location at = BOOST_CURRENT_LOCATION)
{
    return detail::with_timeout(
        parent, detail::to_duration(timeout), std::move(cause), at);
}

/// The right to cancel a context with an idle timeout, and to keep it live.
/**
 * The functions of @ref cancel_source do here what they do there.
 *
 * @par Thread Safety
 * As for cancel_source; any number of threads may call touch() as well.
 */
class [[nodiscard("the destructor cancels")]] idle_source : private cancel_source
{
public:
    using cancel_source::cancel;
    using cancel_source::detach;
    using cancel_source::operator();
    using cancel_source::operator bool;

    /// Holds no right. The functions do nothing.
    idle_source() noexcept = default;

    /// Starts the idle time anew.
    /**
     * The cost is that of reading the clock and an atomic exchange: no timer is
     * moved. Of touches by several threads the latest counts. Does nothing if
     * the context is done.
     */
    void touch() const noexcept
    {
        if (*this)
            touch_scope();
    }

private:
    friend struct detail::idle_access;

    explicit idle_source(cancel_source&& s) noexcept
        : cancel_source(std::move(s))
    {
    }

    ASIOCTX_DECL void touch_scope() const noexcept;
};

/// A context with an idle timeout, and the right to touch and cancel it.
/**
 * To be taken apart:
 * @code auto [ctx, idle] = asioctx::with_idle_timeout(parent, 60s); @endcode
 */
struct [[nodiscard("the source's destructor cancels")]] idleable
{
    /// The context.
    context ctx;

    /// The right to touch and to cancel it. Its destructor cancels.
    idle_source idle;
};

/// Derives a context that is done when it was not touched for a time.
/**
 * The context is done when idle_source::touch() has not been called for the
 * time of @c timeout, with the error @c errc::deadline_exceeded; or when it is
 * canceled or the parent is done, if that is first. Making the context is a
 * touch.
 *
 * The idle timeout is not part of the context's deadline(): that is the
 * parent's, for a deadline never moves. The limits of a timeout are those of
 * with_timeout(). Preconditions, lifetimes, executor, exceptions and thread
 * safety are as for with_deadline().
 *
 * @param parent The context to derive from.
 *
 * @param timeout The time without a touch.
 *
 * @param cause What the context's cause() is if the timeout ends it. Without
 * one, it is @c errc::deadline_exceeded.
 *
 * @param at What canceled_at() is if the timeout, or the source's destructor,
 * ends the context.
 *
 * @par Example
 * examples/09_idle_timeout.cpp
 */
template <class Rep, class Period>
idleable with_idle_timeout(context const& parent,
    std::chrono::duration<Rep, Period> timeout, error_code const& cause = {},
    source_location at = BOOST_CURRENT_LOCATION)
{
    return detail::with_idle_timeout(
        parent, detail::to_duration(timeout), cause, at);
}

/// The same with an exception as the cause, which exception() returns.
template <class Rep, class Period, std::same_as<std::exception_ptr> Exception>
idleable with_idle_timeout(
    context const& parent,
    std::chrono::duration<Rep, Period> timeout,
    Exception cause,
    source_location at = BOOST_CURRENT_LOCATION)
{
    return detail::with_idle_timeout(
        parent, detail::to_duration(timeout), std::move(cause), at);
}

/// Derives a context that outlives its parent by a grace.
/**
 * When the parent is done the context stays live for the time of @c grace, and
 * is then done with the parent's error and cause. If the parent is done
 * already, the grace begins with this call. The context can be canceled before.
 *
 * This makes "graceful, then hard" a property of the tree: an accept loop is
 * bound to a root, the requests to @c with_grace(root, 10s); work is bound to a
 * context, its clean-up to @c with_grace(ctx, 2s).
 *
 * If the parent has a deadline, this context's deadline() is as much later as
 * the grace is long. If the parent is done already, deadline() is the end of
 * the grace. A grace that is zero, negative or not a number makes this the same
 * as with_cancel(). One of @c duration::max() never ends.
 *
 * Preconditions, lifetimes, executor, exceptions and thread safety are as for
 * with_deadline().
 *
 * @param parent The context to derive from.
 *
 * @param grace The time for which the context outlives the parent.
 *
 * @param at What canceled_at() is if the source's destructor ends the context.
 *
 * @par Example
 * examples/08_grace.cpp, examples/06_graceful_shutdown.cpp
 */
template <class Rep, class Period>
cancelable with_grace(context const& parent,
    std::chrono::duration<Rep, Period> grace,
    source_location at = BOOST_CURRENT_LOCATION)
{
    return detail::with_grace(parent, detail::to_duration(grace), at);
}

} // namespace asioctx

#endif
