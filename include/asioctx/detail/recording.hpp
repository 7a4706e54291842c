//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_RECORDING_HPP
#define ASIOCTX_DETAIL_RECORDING_HPP

#include <asioctx/config.hpp>

#include <asioctx/detail/coarse_clock.hpp>
#include <asioctx/detail/place.hpp>
#include <asioctx/detail/sync.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace asioctx::detail {

// What a flight_recorder has recorded. It belongs to the root, and stays until
// that goes: whoever records does not ask whether it is still there.
class recording
{
public:
    struct event
    {
        std::uint8_t kind = 0;
        time_point time;
        void const* context = nullptr;
        char const* name = "";
        place at;
    };

    static constexpr std::size_t kinds = 6;
    static constexpr std::size_t buckets = 16;

    // Begins anew. Not while it is on.
    void start(std::size_t size)
    {
        std::vector<event> empty(size != 0 ? size : 1);
        std::lock_guard guard(mutex_);
        ring_.swap(empty);
        next_ = 0;
        events_ = {};
        time_to_end_ = {};
        inherited_ = 0;
    }

    // Whether it was switched.
    bool set_on(bool on) noexcept
    {
        return on_.exchange(on, std::memory_order_acq_rel) != on;
    }

    bool is_on() const noexcept
    {
        return on_.load(std::memory_order_acquire);
    }

    void add(event const& e) noexcept
    {
        std::lock_guard guard(mutex_);
        if (!on_.load(std::memory_order_relaxed) || ring_.empty())
            return;
        ++events_[e.kind];
        ring_[next_++ % ring_.size()] = e;
    }

    void add_inherited() noexcept
    {
        inherited_.fetch_add(1, std::memory_order_relaxed);
    }

    void add_time_to_end(coarse_time ticks) noexcept
    {
        std::size_t bucket = 0;
        for (; ticks != 0 && bucket + 1 != buckets; ticks >>= 1)
            ++bucket;
        std::lock_guard guard(mutex_);
        ++time_to_end_[bucket];
    }

    // Calls a function with all that is known, under the lock: f(ring, next,
    // events, inherited, time_to_end).
    template <class F>
    void look(F f) const
    {
        std::lock_guard guard(mutex_);
        f(ring_,
          next_,
          events_,
          inherited_.load(std::memory_order_relaxed),
          time_to_end_);
    }

private:
    atomic<bool> on_{false};
    mutable spin_mutex mutex_;
    std::vector<event> ring_;
    std::size_t next_ = 0;
    std::array<std::uint64_t, kinds> events_{};
    std::array<std::uint64_t, buckets> time_to_end_{};
    atomic<std::uint64_t> inherited_{0};
};

// How many are on: with none, nobody looks for one.
ASIOCTX_DECL extern atomic<unsigned> recordings;

} // namespace asioctx::detail

#endif
