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
        return scheduled_.load(std::memory_order_acquire);
    }

private:
    friend class deadline_set;

    std::int64_t key_ = 0;
    atomic<bool> scheduled_{false};
};

// A set of points in time, to the nanosecond, that does no work for the many
// that are removed before they pass, and never much at once.
//
// There are 13 rings of 64 slots. A slot of level l is 2^(5 l) ns long, so a ring
// reaches two slots of the next level. An entry is put into the lowest level whose
// ring reaches its key from base_, the time that was set last.
//
// base_ does not pass a slot that holds something: it stops where the slot begins,
// or later, at the first key in it. That slot is then dealt out among the lower
// levels: each entry goes to the highest level at which its slot does not hold
// base_. Level 0's slot of base_ holds what has expired.
//
// A slot with many entries is emptied into the level below before base_ gets
// there, which that one's reach allows: see prepare().
//
// Both may be done bit by bit, so a step is as short as its caller wants. An entry
// only moves down, so it is moved at most once for each level.
//
// Equal keys expire in the order in which they were inserted. The later one is
// never in a higher level: time has only come nearer, and of the slots that hold
// base_ the lowest is dealt out first. And it is never before the other in a slot:
// entries are inserted at the end, and leave from there for the front of another.
//
// Not synchronized. A time before the clock's epoch counts as the epoch.
class deadline_set
{
public:
    bool empty() const noexcept
    {
        return size_ == 0;
    }

    void insert(deadline_entry& e, time_point deadline) noexcept
    {
        e.key_ = key(deadline);
        put(e);
        ++size_;
        e.scheduled_.store(true, std::memory_order_relaxed);
    }

    void remove(deadline_entry& e) noexcept
    {
        e.unlink();
        --size_;
        e.scheduled_.store(false, std::memory_order_release);
    }

    // Gives an entry of the set another deadline.
    void move(deadline_entry& e, time_point deadline) noexcept
    {
        e.unlink();
        e.key_ = key(deadline);
        put(e);
    }

    // The time that was set last.
    time_point now() const noexcept
    {
        return time_point(duration(base_));
    }

    // Sets the time, which must not be later than next(), and does nothing if it
    // is before the one that was set last. Then moves entries for that, as many as
    // there is room for: until all are moved, nothing has expired, and next() is
    // now().
    void advance(time_point now, unsigned& room) noexcept
    {
        auto const k = key(now);
        if (k > base_ && reached_ == 0)
        {
            // Of other levels, the slot is the same.
            auto const highest = level_of(k ^ base_);
            base_ = k;
            for (unsigned l = 1; l <= highest; ++l)
                if ((used_[l] >> index(slot_of_base(l)) & 1u) != 0)
                    reached_ |= 1u << l;
        }
        for (; reached_ != 0; reached_ &= reached_ - 1)
        {
            auto const l = static_cast<unsigned>(std::countr_zero(reached_));
            auto& from = list(l, slot_of_base(l));
            for (; !from.empty(); --room)
            {
                if (room == 0)
                    return;
                auto& e = from.pop_back();
                put_before(e, level_of(e.key_ ^ base_));
            }
        }
    }

    // Moves entries of slots that will be reached next and hold many, as many as
    // there is room for.
    void prepare(unsigned& room) noexcept
    {
        for (unsigned l = first_prepared; l != levels; ++l)
        {
            if (!is_next_near(l))
                continue;
            auto& from = list(l, slot_of_base(l) + 1);
            if (!holds_many(from))
                continue;
            for (; room != 0 && !from.empty(); --room)
                put_before(from.pop_back(), l - 1);
        }
    }

    // Sets a time that may be before the one that was set last. Deals out all
    // entries anew.
    void rewind(time_point now) noexcept
    {
        entry_list all;
        for (unsigned l = levels; l-- != 0;)
            for (auto& slot : rings_[l])
                all.splice(slot);
        used_ = {};
        reached_ = 0;
        base_ = key(now);
        while (!all.empty())
            put(all.pop_front());
    }

    // Returns an entry that has expired, or null. It stays in the set.
    deadline_entry* expired() noexcept
    {
        auto& l = list(0, slot_of_base(0));
        return reached_ != 0 || l.empty() ? nullptr : &l.front();
    }

    // A time not later than the earliest deadline, and later than now unless
    // something has expired or is still to be moved. Exact if few deadlines are
    // about to pass; else looking again then will tell more. The set must not be
    // empty.
    time_point next() noexcept
    {
        if (reached_ != 0)
            return now();
        auto earliest = (std::numeric_limits<std::int64_t>::max)();
        int left = few;
        for (unsigned l = 0; l != levels; ++l)
        {
            // There is nothing before, nor of higher levels.
            if (l != 0 && earliest < begin(l, slot_of_base(l) + 1))
                break;
            if (auto const s = first_slot(l); s != none && begin(l, s) < earliest)
                earliest =
                    (std::min)(earliest, first_key(list(l, s), begin(l, s), left));
        }
        return time_point(duration((std::max)(earliest, base_)));
    }

    // When to look at the set again: next(), or earlier if there is something to
    // prepare. Now if there is already.
    time_point next_look() noexcept
    {
        auto look = key(next());
        for (unsigned l = first_prepared; l != levels; ++l)
        {
            auto const s = first_slot(l);
            if (s == none)
                continue;
            auto const due = begin(l, s) - width(l) / 2;
            if (due < look && holds_many(list(l, s)))
                look = due;
        }
        return time_point(duration((std::max)(look, base_)));
    }

    // How often entries were moved from one slot to another as time passed.
    std::uint64_t moves() const noexcept
    {
        return moves_;
    }

private:
    using entry_list = intrusive_list<deadline_entry, deadline_tag>;

    static constexpr unsigned digit_bits = 5;
    static constexpr unsigned levels = 13;
    static constexpr unsigned slots = 64;
    static_assert(slots == 2u << digit_bits);     // two of the next level
    static_assert(levels * digit_bits + 1 >= 63); // what a key has

    // So many are looked at one by one, and need not be prepared.
    static constexpr int few = 64;

    // Slots of lower levels are shorter than 1 ms, too short to matter.
    static constexpr unsigned first_prepared = 4;

    // In place of a slot's number.
    static constexpr std::int64_t none = -1;

    static std::int64_t key(time_point t) noexcept
    {
        auto const n = t.time_since_epoch().count();
        return n < 0 ? 0 : n;
    }

    static constexpr std::int64_t width(unsigned level) noexcept
    {
        return std::int64_t{1} << level * digit_bits;
    }

    // Slots are numbered from the epoch on.
    static std::int64_t slot_of(unsigned level, std::int64_t key) noexcept
    {
        return key >> level * digit_bits;
    }

    std::int64_t slot_of_base(unsigned level) const noexcept
    {
        return slot_of(level, base_);
    }

    static std::int64_t begin(unsigned level, std::int64_t slot) noexcept
    {
        return slot << level * digit_bits;
    }

    // The level of a number's highest digit.
    static unsigned level_of(std::int64_t n) noexcept
    {
        auto const highest_bit = static_cast<unsigned>(
            std::bit_width(static_cast<std::uint64_t>(n | 1)) - 1);
        return highest_bit / digit_bits;
    }

    static unsigned index(std::int64_t slot) noexcept
    {
        return static_cast<unsigned>(slot) % slots;
    }

    entry_list& list(unsigned level, std::int64_t slot) noexcept
    {
        return rings_[level][index(slot)];
    }

    void set_used(unsigned level, std::int64_t slot) noexcept
    {
        used_[level] |= std::uint64_t{1} << index(slot);
    }

    // Inserts an entry after all others.
    void put(deadline_entry& e) noexcept
    {
        auto const key = (std::max)(e.key_, base_);
        // The level below reaches a digit's last bit more.
        auto l = level_of((key - base_) >> 1);
        auto slot = slot_of(l, key);
        if (slot - slot_of_base(l) >= slots)
            slot = slot_of(++l, key);
        list(l, slot).push_back(e);
        set_used(l, slot);
    }

    // Moves an entry of a higher level, which is older than all that lie lower.
    void put_before(deadline_entry& e, unsigned level) noexcept
    {
        auto const slot = slot_of(level, e.key_);
        list(level, slot).push_front(e);
        set_used(level, slot);
        ++moves_;
    }

    // The first slot of a level, from that of base_ on, that holds something.
    // Forgets that those before were used.
    std::int64_t first_slot(unsigned level) noexcept
    {
        if (used_[level] == 0)
            return none;
        auto const from = slot_of_base(level);
        auto const turn = static_cast<int>(index(from));
        for (auto u = std::rotr(used_[level], turn); u != 0; u &= u - 1)
        {
            auto const slot = from + std::countr_zero(u);
            if (!list(level, slot).empty())
                return slot;
            used_[level] &= ~(std::uint64_t{1} << index(slot));
        }
        return none;
    }

    // The earliest key in a slot; if that takes too long, when the slot begins.
    static std::int64_t first_key(
        entry_list& l, std::int64_t begin, int& left) noexcept
    {
        auto earliest = (std::numeric_limits<std::int64_t>::max)();
        l.for_each_while(
            [&](deadline_entry& e)
            {
                earliest = --left >= 0 ? (std::min)(earliest, e.key_) : begin;
                return earliest > begin;
            });
        return earliest;
    }

    static bool holds_many(entry_list& l) noexcept
    {
        int seen = 0;
        l.for_each_while([&](deadline_entry&) { return ++seen <= few; });
        return seen > few;
    }

    // Whether the slot after that of base_ will be reached soon enough to be
    // prepared: half a slot before.
    bool is_next_near(unsigned level) const noexcept
    {
        return (base_ & width(level) / 2) != 0;
    }

    std::int64_t base_ = 0;
    std::size_t size_ = 0;
    std::uint64_t moves_ = 0;

    // A bit for each level whose slot of base_ may have to be dealt out. Level
    // 0's has not.
    std::uint32_t reached_ = 0;

    // A bit for each slot; none that holds something lacks it.
    std::array<std::uint64_t, levels> used_{};
    std::array<std::array<entry_list, slots>, levels> rings_;
};

} // namespace asioctx::detail

#endif
