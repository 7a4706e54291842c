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
#include <asioctx/detail/sync.hpp>

#include <algorithm>
#include <array>
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
    // the entry again unless it is an owner, and only an owner sets it: once an
    // owner reads false, it may give up the entry.
    bool scheduled() const noexcept
    {
        return bucket_.load(std::memory_order_acquire) != none;
    }

private:
    friend class deadline_set;

    static constexpr std::uint16_t none = 0xffff;

    std::int64_t key_ = 0;
    atomic<std::uint16_t> bucket_{none};
};

// A set of points in time, to the nanosecond, that does no work for the many
// that are removed before they pass.
//
// A key is read as eleven digits of six bits. An entry lies in the bucket of the
// highest place in which its key differs from base_, and of the digit there.
// Keys in a lower bucket are earlier than all keys in a higher one. The digit is
// greater than base_'s, so it is not 0; bucket 0 holds what has expired.
//
// Insert and remove are a few instructions. When time passes, base_ moves: the
// buckets below the one that time has reached have expired, and that one is
// dealt out among those of lower places. An entry moves down only, so each is
// moved at most eleven times.
//
// Not synchronized. A time before the clock's epoch counts as the epoch.
class deadline_set
{
public:
    bool empty() const noexcept
    {
        return first() == buckets;
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

    // Sets the time. What has expired by now is then returned by expired().
    void advance(time_point now) noexcept
    {
        auto const k = key(now);
        if (k <= base_)
            return;
        auto const reached = bucket_of(k);
        base_ = k;
        // What has expired before stays where it is.
        auto const expired = used_[0] & 1;
        used_[0] &= ~std::uint64_t{1};
        deal_out(reached);
        used_[0] |= expired;
    }

    // Sets a time that may be before the one that was set last. Deals out all
    // entries anew.
    void rewind(time_point now) noexcept
    {
        base_ = key(now);
        deal_out(buckets - 1);
    }

    // Returns an entry that has expired, or null. It stays in the set.
    deadline_entry* expired() noexcept
    {
        return lists_[0].empty() ? nullptr : &lists_[0].front();
    }

    // A time not later than the earliest deadline, and later than now unless
    // something has expired. Exact if few deadlines are about to pass; else
    // looking again then will tell more. The set must not be empty.
    time_point next() noexcept
    {
        auto const b = first();
        if (b == 0)
            return time_point(duration(base_));
        auto const shift = b / radix * digit_bits;
        auto const digit = static_cast<std::int64_t>(b % radix);
        auto const at_least = ((base_ >> shift & ~digit_mask) | digit) << shift;
        auto earliest = std::numeric_limits<std::int64_t>::max();
        int looked_at = 0;
        lists_[b].for_each_while(
            [&](deadline_entry& e)
            {
                bool const few = ++looked_at <= 64;
                earliest = few ? std::min(earliest, e.key_) : at_least;
                return few;
            });
        return time_point(duration(earliest));
    }

private:
    static constexpr unsigned digit_bits = 6;
    static constexpr unsigned radix = 1u << digit_bits;
    static constexpr std::int64_t digit_mask = radix - 1;
    static constexpr unsigned places = 11; // 63 bits
    static constexpr unsigned buckets = places * radix;

    static std::int64_t key(time_point t) noexcept
    {
        auto const n = t.time_since_epoch().count();
        return n < 0 ? 0 : n;
    }

    unsigned bucket_of(std::int64_t k) const noexcept
    {
        if (k <= base_)
            return 0;
        auto const highest_bit = static_cast<unsigned>(
            std::bit_width(static_cast<std::uint64_t>(k ^ base_)) - 1);
        auto const place = highest_bit / digit_bits;
        return place * radix
            + static_cast<unsigned>(k >> place * digit_bits & digit_mask);
    }

    // The lowest bucket that is not empty, or their number.
    unsigned first() const noexcept
    {
        for (unsigned place = 0; place != places; ++place)
            if (used_[place] != 0)
                return place * radix
                    + static_cast<unsigned>(std::countr_zero(used_[place]));
        return buckets;
    }

    void take(deadline_entry& e) noexcept
    {
        auto const b = e.bucket_.load(std::memory_order_relaxed);
        e.unlink();
        if (lists_[b].empty())
            set_unused(b);
    }

    void put(deadline_entry& e) noexcept
    {
        auto const b = bucket_of(e.key_);
        lists_[b].push_back(e);
        used_[b / radix] |= std::uint64_t{1} << b % radix;
        e.bucket_.store(
            static_cast<std::uint16_t>(b), std::memory_order_relaxed);
    }

    void set_unused(unsigned b) noexcept
    {
        used_[b / radix] &= ~(std::uint64_t{1} << b % radix);
    }

    // Puts the members of the buckets up to one where they belong now.
    void deal_out(unsigned last) noexcept
    {
        intrusive_list<deadline_entry, deadline_tag> all;
        for (auto b = first(); b <= last; b = first())
        {
            all.splice(lists_[b]);
            set_unused(b);
        }
        while (!all.empty())
            put(all.pop_front());
    }

    std::int64_t base_ = 0;
    std::array<std::uint64_t, places> used_{}; // a bit each: not empty
    std::array<intrusive_list<deadline_entry, deadline_tag>, buckets> lists_;
};

} // namespace asioctx::detail

#endif
