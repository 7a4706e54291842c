//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/detail/root.hpp>
#include <asioctx/detail/timed_scopes.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <utility>

namespace asioctx::detail {

std::string seconds(duration d)
{
    char text[32];
    std::snprintf(text, sizeof text, "%.3gs",
        std::chrono::duration<double>(d).count());
    return text;
}

grace_scope::grace_scope(node* above, duration g) noexcept
    : scope(above, behavior::graced), grace(g)
{
    deadline = add_saturated(deadline, grace);
}

void grace_scope::start(cancellation& c) noexcept
{
    try
    {
        auto const now = home->timer.now();
        auto const t = add_saturated(now, grace);
        over_at.store(
            t.time_since_epoch().count(), std::memory_order_relaxed);
        home->timer.schedule(*this, t, now);
    }
    catch (...)
    {
        // No timer can be had: then there is no grace.
        add_ref(this);
        next_without_grace = std::exchange(c.without_grace, this);
        return;
    }
    if (done())
        home->timer.unschedule(*this);
}

void grace_scope::describe(std::string& out) const
{
    out += ".with_grace(" + seconds(grace) + ")";
}

clock_scope::clock_scope(
    node* above, left_function* left_until, std::int64_t over_at) noexcept
    : scope(above, behavior::clocked), left_(left_until), deadline_(over_at)
{
}

void clock_scope::describe(std::string& out) const
{
    out += ".with_deadline";
    if (!done())
        out += '(' + seconds((std::max)(left(), duration::zero())) + " left)";
}

bool clock_scope::put_off() noexcept
{
    auto const l = left();
    if (l <= duration::zero())
        return false;
    // It may stand still, or be coarse.
    auto& t = home->time().timer;
    t.put_back(*this,
        next_look(t.now(), std::max<duration>(l, std::chrono::milliseconds(1))));
    if (done())
        unschedule();
    return true;
}

idle_scope::idle_scope(
    node* above, duration d, time_point now) noexcept
    : scope(above, behavior::idle),
      timeout(d),
      touched(now.time_since_epoch().count())
{
}

void idle_scope::describe(std::string& out) const
{
    out += ".with_idle_timeout(" + seconds(timeout) + ")";
}

} // namespace asioctx::detail
