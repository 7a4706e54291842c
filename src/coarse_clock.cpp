//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/detail/coarse_clock.hpp>

#include <chrono>

#if defined(__linux__)
#include <time.h>
#endif

namespace asioctx::detail {

coarse_time coarse_now() noexcept
{
#if defined(__linux__)
    timespec t;
    if (::clock_gettime(CLOCK_MONOTONIC_COARSE, &t) == 0) [[likely]]
        return coarse(std::int64_t(t.tv_sec) * 1'000'000'000 + t.tv_nsec);
#endif
    return coarse(std::chrono::nanoseconds(
                      std::chrono::steady_clock::now().time_since_epoch())
                      .count());
}

} // namespace asioctx::detail
