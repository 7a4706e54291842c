//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/detail/sync.hpp>

#if !defined(ASIOCTX_SYNC)

#include <chrono>
#include <thread>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

namespace asioctx::detail {

void backoff::operator()() noexcept
{
    constexpr unsigned spins = 5;  // of 32 to 512 pauses
    constexpr unsigned yields = 4;
    constexpr unsigned doublings = 4; // of the time asleep

    if (calls_ < spins)
    {
#if defined(__x86_64__) || defined(__i386__)
        for (unsigned i = 0; i != 32u << calls_; ++i)
            _mm_pause();
#endif
    }
    else if (calls_ < spins + yields)
    {
        std::this_thread::yield();
    }
    else
    {
        std::this_thread::sleep_for(
            std::chrono::microseconds(50u << (calls_ - spins - yields)));
        if (calls_ == spins + yields + doublings)
            return;
    }
    ++calls_;
}

} // namespace asioctx::detail

#endif
