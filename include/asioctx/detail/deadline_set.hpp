//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_DEADLINE_SET_HPP
#define ASIOCTX_DETAIL_DEADLINE_SET_HPP

#include <asioctx/config.hpp>

#include <asioctx/detail/intrusive_list.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace asioctx::detail {

struct deadline_tag;

// A member of a deadline_set.
class deadline_entry : public list_link<deadline_tag>
{
public:
    // True while in a set. Who clears it, under the set's guard, does not touch
    // the entry again, and only an owner sets it: once an owner reads false, it
    // may free the entry.
    bool scheduled() const noexcept
    {
        return bucket_.load(std::memory_order_acquire) != none;
    }

private:
    friend class deadline_set;

    static constexpr std::uint8_t none = 0xff;

    std::int64_t key_ = 0;
    std::atomic<std::uint8_t> bucket_{none};
};

// A set of points in time, to the nanosecond, that does no work for the many
// that are removed before they pass.
//
// Entries lie in 64 buckets. Bucket 0 holds what has expired; bucket i holds
// the keys whose highest bit that differs from base_ is bit i - 1. Keys in a
// lower bucket are earlier than all keys in a higher one. Insert and remove are
// a few instructions. When time passes, base_ moves: the buckets below the one
// that time has reached have expired, and that one is dealt out among the lower
// ones. An entry moves down only, so each is moved at most 63 times.
//
// Not synchronised. The keys of entries must not be negative.
class deadline_set
{
public:
    bool empty() const noexcept
    {
        return used_ == 0;
    }

    void insert(deadline_entry& e, time_point deadline) noexcept
    {
        e.key_ = key(deadline);
        put(e);
    }

    void remove(deadline_entry& e) noexcept
    {
        take(e);
        e.bucket_.store(deadline_entry::none, std::memory_order_release);
    }

    // Gives an entry of the set another deadline.
    void move(deadline_entry& e, time_point deadline) noexcept
    {
        take(e);
        insert(e, deadline);
    }

    // The time that was set last.
    time_point now() const noexcept
    {
        return time_point(duration(base_));
    }

    // Sets the time. What has expired by now is then returned by pop_expired().
    void advance(time_point now) noexcept
    {
        auto const k = key(now);
        if (k <= base_)
            return;
        auto const reached = bucket_of(k);
        base_ = k;
        for (auto m = used_ & ((std::uint64_t{2} << reached) - 2); m;
             m &= m - 1)
        {
            auto const b = static_cast<std::size_t>(std::countr_zero(m));
            used_ &= ~(std::uint64_t{1} << b);
            intrusive_list<deadline_entry, deadline_tag> rest;
            rest.splice(buckets_[b]);
            while (!rest.empty())
                put(rest.pop_front());
        }
    }

    // Sets a time that may be before the one that was set last. Deals out all
    // entries anew.
    void rewind(time_point now) noexcept
    {
        intrusive_list<deadline_entry, deadline_tag> all;
        for (auto& b : buckets_)
            all.splice(b);
        used_ = 0;
        base_ = key(now);
        while (!all.empty())
            put(all.pop_front());
    }

    // Returns an entry that has expired, or null. It stays in the set.
    deadline_entry* expired() noexcept
    {
        return (used_ & 1) != 0 ? &buckets_[0].front() : nullptr;
    }

    // A time not later than the earliest deadline, and later than now unless
    // something has expired. Exact if few deadlines are about to pass; else
    // looking again then will tell more. The set must not be empty.
    time_point next() noexcept
    {
        auto const b = static_cast<unsigned>(std::countr_zero(used_));
        if (b == 0)
            return time_point(duration(base_));
        auto const at_least = ((base_ >> (b - 1)) | 1) << (b - 1);
        auto earliest = std::numeric_limits<std::int64_t>::max();
        int looked_at = 0;
        buckets_[b].for_each_while(
            [&](deadline_entry& e)
            {
                bool const few = ++looked_at <= 64;
                earliest = few ? std::min(earliest, e.key_) : at_least;
                return few;
            });
        return time_point(duration(earliest));
    }

private:
    static std::int64_t key(time_point t) noexcept
    {
        auto const n = t.time_since_epoch().count();
        return n < 0 ? 0 : n;
    }

    unsigned bucket_of(std::int64_t k) const noexcept
    {
        return k <= base_ ? 0u
                          : static_cast<unsigned>(std::bit_width(
                              static_cast<std::uint64_t>(k ^ base_)));
    }

    void take(deadline_entry& e) noexcept
    {
        auto const b = e.bucket_.load(std::memory_order_relaxed);
        e.unlink();
        if (buckets_[b].empty())
            used_ &= ~(std::uint64_t{1} << b);
    }

    void put(deadline_entry& e) noexcept
    {
        auto const b = bucket_of(e.key_);
        buckets_[b].push_back(e);
        used_ |= std::uint64_t{1} << b;
        e.bucket_.store(
            static_cast<std::uint8_t>(b), std::memory_order_relaxed);
    }

    std::int64_t base_ = 0;
    std::uint64_t used_ = 0; // bit i: bucket i is not empty
    std::array<intrusive_list<deadline_entry, deadline_tag>, 64> buckets_;
};

} // namespace asioctx::detail

#endif
