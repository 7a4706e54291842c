//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_TIMED_SCOPES_HPP
#define ASIOCTX_DETAIL_TIMED_SCOPES_HPP

#include <asioctx/config.hpp>
#include <asioctx/error.hpp>

#include <asioctx/detail/scope.hpp>
#include <asioctx/detail/sync.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

namespace asioctx::detail {

// As to_string() shows it.
ASIOCTX_DECL std::string seconds(duration d);

// A scope whose parent's end starts its grace.
struct grace_scope final : scope
{
    ASIOCTX_DECL grace_scope(node* above, duration g) noexcept;

    ASIOCTX_DECL void describe(std::string& out) const override;

    // Its parent is done.
    ASIOCTX_DECL void start(cancellation& c) noexcept;

    duration const grace;

    // Where the scope was made: why may be the parent's.
    source_location made_at;

    // When it is over, once it has begun.
    atomic<duration::rep> over_at{no_deadline.time_since_epoch().count()};

    // See cancellation.
    grace_scope* next_without_grace = nullptr;
};

// A scope that expires when it has not been touched for a time.
struct idle_scope : scope
{
    ASIOCTX_DECL idle_scope(
        node* above, duration d, time_point now) noexcept;

    ASIOCTX_DECL void describe(std::string& out) const override;

    // When it expires, unless it is touched again.
    time_point expiry() const noexcept
    {
        return add_saturated(
            time_point(duration(touched.load(std::memory_order_relaxed))),
            timeout);
    }

    // Any thread may call it at any time after it has read the clock: the time
    // of the last touch only moves forward.
    void touch(time_point now) noexcept
    {
        auto const t = now.time_since_epoch().count();
        auto last = touched.load(std::memory_order_relaxed);
        while (last < t
               && !touched.compare_exchange_weak(
                   last, t, std::memory_order_relaxed))
        {
        }
    }

    duration const timeout;

    // The time of the last touch, since the clock's epoch. It is scheduled for
    // an earlier touch's expiry: only when that passes is it looked at.
    atomic<duration::rep> touched;
};

// A scope with a deadline by a clock that may be set, or go on while ours stands.
// It is in the set for a while at most. When that is over it looks at its clock,
// outside of all locks, and is put back if that has not come so far.
struct clock_scope : scope
{
    using left_function = duration(std::int64_t deadline);

    ASIOCTX_DECL clock_scope(
        node* above, left_function* left_until, std::int64_t over_at) noexcept;

    ASIOCTX_DECL void describe(std::string& out) const override;

    // The time until the deadline, by its clock.
    duration left() const noexcept
    {
        return left_(deadline_);
    }

    // When to look at that clock again: it may run otherwise than ours.
    static time_point next_look(time_point now, duration left) noexcept
    {
        return add_saturated(
            now, std::min<duration>(left, std::chrono::seconds(1)));
    }

    // True if the time has not come. The caller has taken the scope from the
    // set, and holds a reference.
    ASIOCTX_DECL bool put_off() noexcept;

private:
    left_function* const left_;

    // Since the epoch of that clock, in our durations.
    std::int64_t const deadline_;
};

} // namespace asioctx::detail

#endif
