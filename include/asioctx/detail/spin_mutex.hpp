//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_SPIN_MUTEX_HPP
#define ASIOCTX_DETAIL_SPIN_MUTEX_HPP

#include <asioctx/config.hpp>

#include <atomic>

namespace asioctx::detail {

// Waits a little, the longer the more often it was called: at first the
// processor, then the rest of the thread's time slice. The first wait is as long
// as a few locks take: threads that tried again sooner would take the lock's line
// of cache away from its owner, and all be slower for it.
class backoff
{
public:
    ASIOCTX_DECL void operator()() noexcept;

private:
    unsigned pauses_ = 32;
};

// A mutex of one byte for sections of a few instructions. Uncontended, it
// costs one atomic operation.
class spin_mutex
{
public:
    void lock() noexcept
    {
        if (locked_.exchange(true, std::memory_order_acquire))
            for (backoff wait; locked_.load(std::memory_order_relaxed)
                 || locked_.exchange(true, std::memory_order_acquire);)
                wait();
    }

    void unlock() noexcept
    {
        locked_.store(false, std::memory_order_release);
    }

private:
    std::atomic<bool> locked_{false};
};

} // namespace asioctx::detail

#endif
