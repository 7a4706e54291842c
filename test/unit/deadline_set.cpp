//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/detail/deadline_set.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

using namespace asioctx;
using detail::deadline_entry;
using detail::deadline_set;

namespace {

time_point at(std::int64_t ns)
{
    return time_point(duration(ns));
}

std::int64_t ns(time_point t)
{
    return t.time_since_epoch().count();
}

constexpr auto end_of_time = std::numeric_limits<std::int64_t>::max();

// ASIOCTX_TEST_SEED in the environment replays a run.
std::uint64_t seed()
{
    static std::uint64_t const s = []
    {
        auto const* const text = std::getenv("ASIOCTX_TEST_SEED");
        return text ? std::strtoull(text, nullptr, 0) : std::random_device()();
    }();
    return s;
}

// BOOST_REQUIRE is too slow for millions of checks that hold.
#define REQUIRE(...)                      \
    do                                    \
    {                                     \
        if (!(__VA_ARGS__))               \
            BOOST_REQUIRE((__VA_ARGS__)); \
    }                                     \
    while (false)

// A deadline_set, and what it has to be like: a multimap.
struct model
{
    struct entry : deadline_entry
    {
        std::multimap<std::int64_t, entry*>::iterator place;
    };

    std::mt19937_64 random;
    std::deque<entry> pool;
    std::vector<entry*> unused;
    std::vector<entry*> used;
    deadline_set set;
    std::multimap<std::int64_t, entry*> expected; // equal keys: as inserted
    std::int64_t base = 0;

    explicit model(std::uint64_t s) : random(s)
    {
    }

    ~model()
    {
        for (auto* e : used)
            set.remove(*e);
    }

    std::uint64_t below(std::uint64_t n)
    {
        return random() % n;
    }

    // A time that is not before base, near or far.
    std::int64_t later()
    {
        auto const room = static_cast<std::uint64_t>(end_of_time - base);
        auto const far = random() >> (1 + below(63));
        return base + static_cast<std::int64_t>(std::min(far, room));
    }

    std::int64_t some_key()
    {
        switch (below(20))
        {
        case 0: // before base, or before the epoch
            return base
                - static_cast<std::int64_t>(random() >> (1 + below(63)));
        case 1:
            return base;
        case 2:
            return end_of_time - static_cast<std::int64_t>(below(3));
        case 3:
        {
            auto const i = expected.lower_bound(later());
            return i != expected.end() ? i->first
                : expected.empty()     ? base + 1
                                       : expected.begin()->first;
        }
        default:
            return later();
        }
    }

    void insert(std::int64_t key)
    {
        if (unused.empty())
            unused.push_back(&pool.emplace_back());
        auto& e = *unused.back();
        unused.pop_back();
        REQUIRE(!e.scheduled());
        set.insert(e, at(key));
        REQUIRE(e.scheduled());
        e.place = expected.emplace(std::max<std::int64_t>(key, 0), &e);
        used.push_back(&e);
    }

    void remove(entry& e)
    {
        set.remove(e);
        expected.erase(e.place);
        *std::find(used.begin(), used.end(), &e) = used.back();
        used.pop_back();
        unused.push_back(&e);
        REQUIRE(!e.scheduled());
    }

    void move(entry& e, std::int64_t key)
    {
        set.move(e, at(key));
        REQUIRE(e.scheduled());
        expected.erase(e.place);
        e.place = expected.emplace(std::max<std::int64_t>(key, 0), &e);
    }

    void advance(std::int64_t now)
    {
        set.advance(at(now));
        base = std::max(base, now);
        REQUIRE(ns(set.now()) == base);
    }

    void rewind(std::int64_t now)
    {
        set.rewind(at(now));
        base = now;
    }

    void check_next()
    {
        REQUIRE(set.empty() == expected.empty());
        if (expected.empty())
            return;
        auto const next = ns(set.next());
        auto const earliest = expected.begin()->first;
        if (earliest <= base)
        {
            REQUIRE(set.expired());
            REQUIRE(next <= base);
            return;
        }
        REQUIRE(!set.expired());
        REQUIRE(next > base);
        REQUIRE(next <= earliest);
        if (expected.size() <= 64)
            REQUIRE(next == earliest);
    }

    // What has expired, all of it and nothing else, in any order.
    std::size_t pop_expired()
    {
        std::size_t n = 0;
        for (; deadline_entry* e = set.expired(); ++n)
        {
            auto& mine = static_cast<entry&>(*e);
            REQUIRE(mine.place->first <= base);
            remove(mine);
        }
        REQUIRE((expected.empty() || expected.begin()->first > base));
        return n;
    }

    // The same up to a time, by asking for the next and moving there: then the
    // order is that of the deadlines, and of insertion where they are equal.
    std::size_t pop_in_order_until(std::int64_t now)
    {
        pop_expired(); // what was inserted too late
        std::size_t n = 0;
        int moves = 0;
        while (!set.empty() && ns(set.next()) <= now)
        {
            REQUIRE(++moves <= 64);
            advance(ns(set.next()));
            for (; deadline_entry* e = set.expired(); ++n)
            {
                REQUIRE(e == expected.begin()->second);
                remove(*expected.begin()->second);
                moves = 0;
            }
            check_next();
        }
        advance(now);
        REQUIRE(!set.expired());
        return n;
    }

    struct result
    {
        std::size_t inserted = 0;
        std::size_t removed = 0;
        std::size_t expired = 0;
        std::size_t largest = 0;
    };

    // Random steps. The population swings between few and many.
    result run(int steps, bool in_order)
    {
        result r;
        for (int i = 0; i != steps; ++i)
        {
            bool const growing = (i / 2000) % 2 == 0;
            auto const what = below(100);
            if (what < (growing ? 70u : 30u))
            {
                insert(some_key());
                ++r.inserted;
            }
            else if (what < 90)
            {
                if (!used.empty() && below(4) == 0)
                    move(*used[below(used.size())], some_key());
                else if (!used.empty())
                {
                    remove(*used[below(used.size())]);
                    ++r.removed;
                }
            }
            else
            {
                // Mostly short steps; time is not to end too soon.
                auto const now = below(8) == 0 && !expected.empty()
                        && expected.begin()->first < end_of_time / 2
                    ? expected.begin()->first
                    : base
                        + static_cast<std::int64_t>(
                            random() >> (growing ? 60 : 20 + below(44)));
                if (below(50) == 0)
                {
                    rewind(static_cast<std::int64_t>(
                        static_cast<std::uint64_t>(base) / (1 + below(3))));
                }
                else if (in_order)
                {
                    r.expired += pop_in_order_until(now);
                }
                else
                {
                    advance(now);
                    if (below(2) == 0) // or else later, with more to come
                        r.expired += pop_expired();
                }
            }
            check_next();
            r.largest = std::max(r.largest, expected.size());
        }
        return r;
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(test_deadline_set)

BOOST_AUTO_TEST_CASE(a_set_is_empty_until_something_is_inserted)
{
    deadline_set set;
    deadline_entry e;
    BOOST_TEST(set.empty());
    BOOST_TEST(!set.expired());
    BOOST_TEST(!e.scheduled());
    set.insert(e, at(5));
    BOOST_TEST(!set.empty());
    BOOST_TEST(e.scheduled());
    BOOST_TEST(ns(set.next()) == 5);
    BOOST_TEST(!set.expired());
    set.remove(e);
    BOOST_TEST(set.empty());
    BOOST_TEST(!e.scheduled());
}

BOOST_AUTO_TEST_CASE(an_entry_expires_at_its_time_and_not_before)
{
    deadline_set set;
    deadline_entry e;
    set.insert(e, at(1'000'000'007));
    set.advance(at(1'000'000'006));
    BOOST_TEST(!set.expired());
    BOOST_TEST(ns(set.next()) == 1'000'000'007);
    set.advance(at(1'000'000'007));
    BOOST_TEST(set.expired() == &e);
    set.remove(e);
    BOOST_TEST(!set.expired());
}

BOOST_AUTO_TEST_CASE(an_entry_that_comes_too_late_has_expired)
{
    deadline_set set;
    deadline_entry past, present, negative;
    set.advance(at(100));
    for (auto [e, t] :
         {std::pair(&past, at(99)),
          {&present, at(100)},
          {&negative, time_point::min()}})
    {
        set.insert(*e, t);
        BOOST_TEST(set.expired() == e);
        set.remove(*e);
    }
    BOOST_TEST(set.empty());
}

BOOST_AUTO_TEST_CASE(time_does_not_go_back)
{
    deadline_set set;
    deadline_entry e;
    set.advance(at(100));
    set.insert(e, at(200));
    set.advance(at(50));
    BOOST_TEST(ns(set.next()) == 200);
    set.advance(at(199));
    BOOST_TEST(!set.expired());
    set.advance(at(200));
    BOOST_TEST(set.expired() == &e);
    set.remove(e);
}

BOOST_AUTO_TEST_CASE(time_goes_back_when_rewound)
{
    deadline_set set;
    deadline_entry expired, near, far;
    set.advance(at(1000));
    set.insert(expired, at(500));
    set.insert(near, at(2000));
    set.insert(far, at(1'000'000));
    set.rewind(at(100));
    BOOST_TEST(ns(set.now()) == 100);
    BOOST_TEST(!set.expired());
    BOOST_TEST(ns(set.next()) == 500);
    set.advance(at(500));
    BOOST_TEST(set.expired() == &expired);
    set.remove(expired);
    BOOST_TEST(ns(set.next()) == 2000);
    set.rewind(at(1500)); // or forward
    BOOST_TEST(!set.expired());
    set.rewind(at(2000));
    BOOST_TEST(set.expired() == &near);
    set.remove(near);
    set.remove(far);
    BOOST_TEST(set.empty());
    set.rewind(at(0));
    BOOST_TEST(set.empty());
}

BOOST_AUTO_TEST_CASE(an_expired_entry_stays_until_it_is_removed)
{
    deadline_set set;
    deadline_entry e;
    set.insert(e, at(1));
    set.advance(at(1));
    set.advance(at(1'000));
    BOOST_TEST(set.expired() == &e);
    BOOST_TEST(set.expired() == &e);
    BOOST_TEST(!set.empty());
    set.remove(e);
    BOOST_TEST(set.empty());
}

BOOST_AUTO_TEST_CASE(the_last_and_the_first_point_in_time_are_keys)
{
    deadline_set set;
    deadline_entry first, last;
    set.insert(last, time_point::max());
    BOOST_TEST((set.next() == time_point::max()));
    set.insert(first, at(0));
    BOOST_TEST(set.expired() == &first);
    set.remove(first);
    set.advance(time_point::max() - duration(1));
    BOOST_TEST(!set.expired());
    BOOST_TEST((set.next() == time_point::max()));
    set.advance(time_point::max());
    BOOST_TEST(set.expired() == &last);
    set.remove(last);
}

BOOST_AUTO_TEST_CASE(next_is_a_lower_bound_that_converges_if_there_are_many)
{
    deadline_set set;
    std::deque<deadline_entry> entries(1000);
    std::int64_t t = 1'000'000'000'000;
    for (auto& e : entries)
        set.insert(e, at(t += 1000));
    auto const earliest = 1'000'000'001'000;
    int moves = 0;
    for (auto next = ns(set.next()); next != earliest; next = ns(set.next()))
    {
        BOOST_REQUIRE(next < earliest);
        BOOST_REQUIRE(++moves < 64);
        set.advance(at(next));
        BOOST_REQUIRE(!set.expired());
    }
    for (auto& e : entries)
        set.remove(e);
    BOOST_TEST(set.empty());
}

BOOST_AUTO_TEST_CASE(it_is_like_a_multimap_when_time_jumps)
{
    BOOST_TEST_MESSAGE("ASIOCTX_TEST_SEED=" << seed());
    BOOST_TEST_CONTEXT("ASIOCTX_TEST_SEED=" << seed())
    {
        model::result total;
        for (std::uint64_t round = 0; round != 10; ++round)
        {
            model m(seed() + round);
            auto const r = m.run(20'000, false);
            total.inserted += r.inserted;
            total.removed += r.removed;
            total.expired += r.expired;
            total.largest = std::max(total.largest, r.largest);
        }
        // The steps were worth their while.
        BOOST_TEST(total.inserted > 50'000u);
        BOOST_TEST(total.removed > 30'000u);
        BOOST_TEST(total.expired > 2'000u);
        BOOST_TEST(total.largest > 200u);
    }
}

BOOST_AUTO_TEST_CASE(it_is_like_a_multimap_when_time_is_followed)
{
    BOOST_TEST_MESSAGE("ASIOCTX_TEST_SEED=" << seed());
    BOOST_TEST_CONTEXT("ASIOCTX_TEST_SEED=" << seed())
    {
        model::result total;
        for (std::uint64_t round = 0; round != 10; ++round)
        {
            model m(~seed() + round);
            auto const r = m.run(20'000, true);
            total.expired += r.expired;
            total.largest = std::max(total.largest, r.largest);
        }
        BOOST_TEST(total.expired > 2'000u);
        BOOST_TEST(total.largest > 200u);
    }
}

BOOST_AUTO_TEST_SUITE_END()
