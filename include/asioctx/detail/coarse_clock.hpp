//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_COARSE_CLOCK_HPP
#define ASIOCTX_DETAIL_COARSE_CLOCK_HPP

#include <asioctx/config.hpp>

#include <cstdint>

namespace asioctx::detail {

// A time to tell ages by, which everything that may be asked for its age keeps:
// in ticks of 2^24 ns, about 17 ms. Only differences mean something, and not if
// they are longer than two years.
using coarse_time = std::uint32_t;

inline constexpr coarse_time coarse(std::int64_t nanoseconds) noexcept
{
    return static_cast<coarse_time>(nanoseconds >> 24);
}

// The time that it is. It may be late by some ticks of the system, and costs a
// sixth of what a precise one does.
ASIOCTX_DECL coarse_time coarse_now() noexcept;

// How long ago that was. What is a bit later than now was seen after that.
constexpr duration coarse_age(coarse_time now, coarse_time then) noexcept
{
    coarse_time const age = now - then;
    return age > static_cast<coarse_time>(-0x10000)
        ? duration::zero()
        : duration(static_cast<std::int64_t>(age) << 24);
}

} // namespace asioctx::detail

#endif
