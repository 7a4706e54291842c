//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_SYNC_HPP
#define ASIOCTX_DETAIL_SYNC_HPP

#include <asioctx/config.hpp>

// What threads meet at. test/explore compiles the library with others of these
// names, which a scheduler runs in all orders.
#if defined(ASIOCTX_SYNC)
#include ASIOCTX_SYNC
#else

#include <atomic>
#include <mutex>

namespace asioctx::detail {

template <class T>
using atomic = std::atomic<T>;

using mutex = std::mutex;

// Waits a little, the longer the more often it was called: at first the
// processor, then another thread's turn on it, then asleep. The first wait is as
// long as a few locks take: threads that tried again sooner would take the lock's
// line of cache away from its owner, and all be slower for it. The last lets an
// owner go on that a thread of real-time priority has put off.
class backoff
{
public:
    ASIOCTX_DECL void operator()() noexcept;

private:
    unsigned calls_ = 0;
};

} // namespace asioctx::detail

#endif

namespace asioctx::detail {

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
    atomic<bool> locked_{false};
};

} // namespace asioctx::detail

#endif
