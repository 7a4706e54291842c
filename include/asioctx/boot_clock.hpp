//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_BOOT_CLOCK_HPP
#define ASIOCTX_BOOT_CLOCK_HPP

#include <asioctx/config.hpp>

#include <chrono>
#include <ctime>

#if defined(CLOCK_BOOTTIME)

namespace asioctx {

/// A clock that counts the time since the system has started, also while it
/// sleeps.
/**
 * On Linux, @c std::chrono::steady_clock stands still while the system is
 * suspended. A lease that was granted by another machine runs out meanwhile:
 * its deadline is one by this clock.
 * @code with_deadline(parent, asioctx::boot_clock::now() + 30s) @endcode
 *
 * Only where the system has @c CLOCK_BOOTTIME.
 *
 * @par Thread Safety
 * Safe.
 */
struct boot_clock
{
    /// The type that counts.
    using rep = asioctx::duration::rep;
    /// The unit.
    using period = asioctx::duration::period;
    /// The type of a time span.
    using duration = asioctx::duration;
    /// The type of a point in time.
    using time_point = std::chrono::time_point<boot_clock>;

    /// Nobody sets the clock.
    static constexpr bool is_steady = true;

    /// Returns the time since the system has started.
    static time_point now() noexcept
    {
        std::timespec t = {};
        ::clock_gettime(CLOCK_BOOTTIME, &t);
        return time_point(
            std::chrono::seconds(t.tv_sec)
            + std::chrono::nanoseconds(t.tv_nsec));
    }
};

} // namespace asioctx

#endif

#endif
