//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/deadline.hpp>

#include <asioctx/detail/root.hpp>
#include <asioctx/detail/timed_scopes.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <type_traits>
#include <utility>

#include "cause.hpp"

namespace asioctx {

using detail::context_access;
using detail::add_saturated;
using detail::scope;

namespace {

detail::root& root_for_deadline(context const& parent)
{
    return detail::root_for(
        "a deadline", context_access::get(parent).get_root());
}

// Says what is to end a scope, before it is shared. after: for messages.
void end_with(scope& s, duration after, error_code const& cause) noexcept
{
    s.why.error = errc::deadline_exceeded;
    s.why.after = std::chrono::duration<float>(after).count();
    s.why.cause = cause;
}

// Keeps the exception that is to be its cause until it goes. Who ends it otherwise
// replaces that under the lock of the scope, where the last reference to it must not
// go: its destructor is foreign code.
template <class Scope>
struct keeps_exception final : Scope
{
    using Scope::Scope;

    std::exception_ptr kept;
};

template <class Scope, class Cause>
using scope_for = std::conditional_t<
    std::is_same_v<std::decay_t<Cause>, std::exception_ptr>,
    keeps_exception<Scope>,
    Scope>;

template <class Scope>
void end_with(keeps_exception<Scope>& s, duration after,
    std::exception_ptr&& cause) noexcept
{
    end_with(s, after, detail::code_of(cause));
    s.kept = cause;
    s.why.exception = std::move(cause);
}

// Of times that are too far apart it is negative.
duration difference(time_point a, time_point b) noexcept
{
    auto const count = [](time_point t)
    {
        return static_cast<std::uint64_t>(t.time_since_epoch().count());
    };
    return duration(static_cast<duration::rep>(count(a) - count(b)));
}

// Derives with a deadline, now being known.
template <class Cause>
cancelable derive(
    context const& parent,
    detail::root& r,
    time_point deadline,
    time_point now,
    Cause&& cause,
    source_location at)
{
    auto s = detail::make_scope<scope_for<scope, Cause>>(
        context_access::get(parent), at);
    // A parent's deadline may have passed that is not seen yet.
    bool const passed = deadline <= now;
    bool const own = deadline < s->deadline;
    // An earlier one of another root may never pass.
    bool const enforced = own || s->deadline_is_elsewhere;
    if (enforced || passed)
        end_with(*s, passed ? duration::zero() : difference(deadline, now),
            std::forward<Cause>(cause));
    if (own)
    {
        s->deadline = deadline;
        s->deadline_is_elsewhere = false;
    }
    if (enforced && !passed)
        r.timer.schedule(*s, deadline, now);
    detail::link_or_cancel(*s);
    if (passed)
        s->expire(); // does nothing if the parent was done
    return detail::make_cancelable(std::move(s));
}

template <class Cause>
cancelable derive(
    context const& parent,
    time_point deadline,
    Cause&& cause,
    source_location at)
{
    auto& r = root_for_deadline(parent);
    return derive(parent, r, deadline, r.timer.now(), std::forward<Cause>(cause), at);
}

template <class Cause>
cancelable derive(
    context const& parent, duration timeout, Cause&& cause, source_location at)
{
    auto& r = root_for_deadline(parent);
    auto const now = r.timer.now();
    return derive(
        parent,
        r,
        add_saturated(now, timeout),
        now,
        std::forward<Cause>(cause),
        at);
}

} // namespace

struct detail::idle_access
{
    template <class Cause>
    static idleable derive(
        context const& parent,
        duration timeout,
        Cause&& cause,
        source_location at)
    {
        auto& r = root_for_deadline(parent);
        auto const now = r.timer.now();
        auto s = make_scope<scope_for<idle_scope, Cause>>(
            context_access::get(parent), at, timeout, now);
        end_with(*s, timeout, std::forward<Cause>(cause));
        bool const passed = timeout <= duration::zero();
        if (auto const t = s->expiry(); !passed && t != no_deadline)
            r.timer.schedule(*s, t, now);
        link_or_cancel(*s);
        if (passed)
            s->expire(); // does nothing if the parent was done
        auto result = make_cancelable(std::move(s));
        return {std::move(result.ctx), idle_source(std::move(result.cancel))};
    }
};

cancelable with_deadline(context const& parent, time_point deadline,
    error_code const& cause, source_location at)
{
    return derive(parent, deadline, cause, at);
}

namespace {

template <class Cause>
cancelable derive_by_clock(
    context const& parent,
    detail::clock_deadline const& deadline,
    Cause&& cause,
    source_location at)
{
    auto& r = root_for_deadline(parent);
    auto s = detail::make_scope<scope_for<detail::clock_scope, Cause>>(
        context_access::get(parent), at, deadline.left, deadline.time);
    bool const never = deadline.time == (duration::max)().count();
    auto const left = never ? (duration::max)() : s->left();
    end_with(*s, left, std::forward<Cause>(cause));
    bool const passed = left <= duration::zero();
    if (!never && !passed)
    {
        auto const now = r.timer.now();
        r.timer.schedule(*s, detail::clock_scope::next_look(now, left), now);
    }
    detail::link_or_cancel(*s);
    if (passed)
        s->expire(); // does nothing if the parent was done
    return detail::make_cancelable(std::move(s));
}

} // namespace

cancelable detail::with_deadline(
    context const& parent,
    clock_deadline const& deadline,
    error_code const& cause,
    source_location at)
{
    return derive_by_clock(parent, deadline, cause, at);
}

cancelable detail::with_deadline(
    context const& parent,
    clock_deadline const& deadline,
    std::exception_ptr cause,
    source_location at)
{
    return derive_by_clock(parent, deadline, std::move(cause), at);
}

cancelable detail::with_deadline(
    context const& parent,
    time_point deadline,
    std::exception_ptr cause,
    source_location at)
{
    return derive(parent, deadline, std::move(cause), at);
}

cancelable detail::with_timeout(context const& parent, duration timeout,
    error_code const& cause, source_location at)
{
    return derive(parent, timeout, cause, at);
}

cancelable detail::with_timeout(
    context const& parent,
    duration timeout,
    std::exception_ptr cause,
    source_location at)
{
    return derive(parent, timeout, std::move(cause), at);
}

void idle_source::touch_scope() const noexcept
{
    auto& s = static_cast<detail::idle_scope&>(
        *context_access::get(target()).get_scope());
    s.touch(s.home->timer.now());
}

idleable detail::with_idle_timeout(context const& parent, duration timeout,
    error_code const& cause, source_location at)
{
    return idle_access::derive(parent, timeout, cause, at);
}

idleable detail::with_idle_timeout(
    context const& parent,
    duration timeout,
    std::exception_ptr cause,
    source_location at)
{
    return idle_access::derive(parent, timeout, std::move(cause), at);
}

cancelable detail::with_grace(
    context const& parent, duration grace, source_location at)
{
    auto& r = root_for_deadline(parent);
    if (grace <= duration::zero())
        return with_cancel(parent, at);
    auto s = detail::make_scope<detail::grace_scope>(
        context_access::get(parent), at, grace);
    s->made_at = at;
    if (auto const* why = detail::link_to_parent(*s))
    {
        // The grace begins now, whatever the parent's deadline was.
        auto const now = r.timer.now();
        auto const over_at = add_saturated(now, grace);
        if (s->begin_grace(*why, over_at))
            r.timer.schedule(*s, over_at, now);
    }
    return detail::make_cancelable(std::move(s));
}

} // namespace asioctx
