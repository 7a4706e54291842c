//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_SRC_RANDOM_NUMBER_HPP
#define ASIOCTX_SRC_RANDOM_NUMBER_HPP

#include <asioctx/config.hpp>

#include <cstdint>
#include <random>

namespace asioctx::detail {

// Random numbers that no two processes share: one that is forked off has the
// state of its parent, but not its time.
inline std::uint64_t random_number() noexcept
{
    static thread_local std::uint64_t state = []() -> std::uint64_t
    {
        try
        {
            std::random_device device;
            return (std::uint64_t(device()) << 32) | device();
        }
        catch (...)
        {
            return reinterpret_cast<std::uintptr_t>(&state);
        }
    }();
    state += 0x9e3779b97f4a7c15
        + static_cast<std::uint64_t>(
                 clock_type::now().time_since_epoch().count());
    // splitmix64
    auto x = state;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

} // namespace asioctx::detail

#endif
