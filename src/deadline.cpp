//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/deadline.hpp>

#include <asioctx/detail/root.hpp>

#include <stdexcept>

namespace asioctx {

using detail::context_access;
using detail::add_saturated;
using detail::scope;

namespace {

detail::root& root_for_deadline(context const& parent)
{
    auto* const r = context_access::get(parent).get_root();
    if (!r)
        throw std::logic_error(
            "asioctx: a deadline needs the timer of an execution context, and "
            "this context's root has none; derive it from background(ioc) "
            "instead of background()");
    return *r;
}

// Derives with a deadline, now being known.
cancelable derive(context const& parent, detail::root& r, time_point deadline,
    time_point now, error_code const& cause, source_location at)
{
    auto n = detail::make_node<scope>(context_access::get(parent));
    auto& s = *n.get_scope();
    s.made_at = at;
    bool const own = deadline < s.deadline;
    if (own)
    {
        s.deadline = deadline;
        s.why = {errc::deadline_exceeded, cause, nullptr, at};
    }
    detail::link_or_finish(s);
    if (own && deadline <= now)
        s.expire(); // does nothing if the parent was done
    else if (own)
        r.schedule_if_live(s, deadline, now);
    return detail::make_cancelable(std::move(n));
}

} // namespace

cancelable with_deadline(context const& parent, time_point deadline,
    error_code const& cause, source_location at)
{
    auto& r = root_for_deadline(parent);
    return derive(parent, r, deadline, r.now(), cause, at);
}

cancelable with_timeout(context const& parent, duration timeout,
    error_code const& cause, source_location at)
{
    auto& r = root_for_deadline(parent);
    auto const now = r.now();
    return derive(parent, r, add_saturated(now, timeout), now, cause, at);
}

void idle_source::touch_scope() const noexcept
{
    auto& s = static_cast<detail::idle_scope&>(
        *context_access::get(target()).get_scope());
    s.touched.store(s.home->now().time_since_epoch().count(),
        std::memory_order_relaxed);
}

idleable with_idle_timeout(context const& parent, duration timeout,
    error_code const& cause, source_location at)
{
    auto& r = root_for_deadline(parent);
    auto const now = r.now();
    auto n = detail::make_node<detail::idle_scope>(
        context_access::get(parent), timeout, now);
    auto& s = static_cast<detail::idle_scope&>(*n.get_scope());
    s.made_at = at;
    s.why = {errc::deadline_exceeded, cause, nullptr, at};
    detail::link_or_finish(s);
    if (timeout <= duration::zero())
        s.expire();
    else if (auto const t = s.expiry(); t != detail::no_deadline)
        r.schedule_if_live(s, t, now);
    auto result = detail::make_cancelable(std::move(n));
    return {std::move(result.ctx), idle_source(std::move(result.cancel))};
}

cancelable with_grace(
    context const& parent, duration grace, source_location at)
{
    auto& r = root_for_deadline(parent);
    if (grace <= duration::zero())
        return with_cancel(parent, at);
    auto n = detail::make_node<detail::grace_scope>(
        context_access::get(parent), grace);
    auto& s = *n.get_scope();
    s.made_at = at;
    if (!detail::link_to_parent(s))
    {
        auto const now = r.now();
        r.schedule_if_live(s, add_saturated(now, grace), now);
    }
    return detail::make_cancelable(std::move(n));
}

} // namespace asioctx
