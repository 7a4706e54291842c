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

constexpr unsigned unlimited = 1'000'000'000;

// Sets a time that is not later than the set's next(), and moves all that has to
// be moved for it.
void advance(deadline_set& set, std::int64_t now)
{
    auto room = unlimited;
    set.advance(at(now), room);
}

// A deadline_set, and what it has to be like: a multimap of when entries expire.
struct model
{
    struct entry : deadline_entry
    {
        std::int64_t deadline = 0;
        std::uint64_t number = 0; // in the order in which they were inserted
        std::multimap<std::int64_t, entry*>::iterator place;
    };

    std::mt19937_64 random;
    std::deque<entry> pool;
    std::vector<entry*> unused;
    std::vector<entry*> used;
    deadline_set set;
    std::multimap<std::int64_t, entry*> expected; // equal keys: as inserted
    std::int64_t base = 0;
    std::uint64_t inserted = 0;
    bool moving = false; // perhaps not all is in its place for base

    explicit model(std::uint64_t s) : random(s)
    {
        // Time begins near the epoch, or some years later.
        base = static_cast<std::int64_t>(random() >> (5 + below(59)));
        set.rewind(at(base));
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
        auto const late = random() >> (1 + below(63));
        return base + static_cast<std::int64_t>(std::min(late, room));
    }

    // The same at or beside a multiple of a power of two: there many digits of
    // the time change at once.
    std::int64_t round_time()
    {
        int const powers[] = {5, 10, 20, 25, 30, 35, 36, 50};
        auto const width = std::int64_t{1} << powers[below(8)];
        auto const n = std::min(later(), end_of_time / 2);
        return n / width * width + width - 2
            + static_cast<std::int64_t>(below(5));
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
        case 4: // one that is there
        {
            auto const i = expected.lower_bound(later());
            return i != expected.end() ? i->first
                : expected.empty()     ? base + 1
                                       : expected.begin()->first;
        }
        case 5:
        case 6:
            return round_time();
        default:
            return later();
        }
    }

    // It expires then, but not before base.
    void expect(entry& e, std::int64_t deadline)
    {
        e.deadline = std::max<std::int64_t>(deadline, 0);
        e.number = ++inserted;
        e.place = expected.emplace(std::max(e.deadline, base), &e);
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
        expect(e, key);
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
        expect(e, key);
    }

    // A step that may be too short to move all. The time may be in the past.
    void advance(std::int64_t now)
    {
        unsigned const room = below(3) == 0
            ? static_cast<unsigned>(below(20))
            : unlimited;
        auto left = room;
        auto const before = set.moves();
        set.advance(at(now), left);
        REQUIRE(set.moves() - before == room - left);
        auto const then = ns(set.now());
        REQUIRE(then == std::max(base, now) || (moving && then == base));
        base = then;
        moving = left == 0;
    }

    void prepare()
    {
        unsigned const room = static_cast<unsigned>(below(200));
        auto left = room;
        auto const before = set.moves();
        set.prepare(left);
        REQUIRE(set.moves() - before == room - left);
    }

    // What has expired by then does so in any order.
    void rewind(std::int64_t now)
    {
        set.rewind(at(now));
        base = now;
        moving = false;
        std::sort(
            used.begin(),
            used.end(),
            [](entry const* a, entry const* b) { return a->number < b->number; });
        expected.clear();
        for (auto* e : used)
            e->place = expected.emplace(std::max(e->deadline, base), e);
        while (deadline_entry* e = set.expired())
        {
            auto& mine = static_cast<entry&>(*e);
            REQUIRE(mine.place->first == base);
            remove(mine);
        }
        REQUIRE((expected.empty() || expected.begin()->first > base));
    }

    void check_next()
    {
        REQUIRE(set.empty() == expected.empty());
        if (expected.empty())
            return;
        auto const next = ns(set.next());
        auto const earliest = expected.begin()->first;
        REQUIRE(next >= base);
        REQUIRE(next <= earliest);
        auto const look = ns(set.next_look());
        REQUIRE(look >= base);
        REQUIRE(look <= next);
        if (moving)
            return;
        REQUIRE((earliest == base) == (set.expired() != nullptr));
        REQUIRE((earliest == base) == (next == base));
        if (expected.size() <= 64)
        {
            REQUIRE(next == earliest);
            REQUIRE(look == earliest);
        }
    }

    // Lets time pass, by asking for the next and moving there. All expire in the
    // order of their deadlines, and of insertion where they are equal. May stop
    // before it gets there.
    std::size_t pass(std::int64_t now, bool all)
    {
        std::size_t n = 0;
        for (int steps = 0; !set.empty() && ns(set.next()) <= now;)
        {
            REQUIRE(++steps <= 10'000);
            if (!all && below(20) == 0)
                return n;
            for (; deadline_entry* e = set.expired(); ++n)
            {
                REQUIRE(e == expected.begin()->second);
                REQUIRE(expected.begin()->first == base);
                remove(*expected.begin()->second);
                steps = 0;
            }
            check_next();
            if (set.empty())
                break;
            advance(std::min(ns(set.next()), now));
            if (below(4) == 0)
                prepare();
            check_next();
        }
        if (set.empty() || ns(set.next()) > now)
        {
            do
                advance(now);
            while (moving);
            REQUIRE((expected.empty() || expected.begin()->first > base));
        }
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
    result run(int steps)
    {
        result r;
        for (int i = 0; i != steps; ++i)
        {
            bool const growing = (i / 2000) % 2 == 0;
            auto const what = below(100);
            if (what < (growing ? 70u : 30u))
            {
                // Some are many at one time.
                auto const key = some_key();
                for (auto n = below(50) == 0 ? below(200) : 1; n != 0; --n)
                {
                    insert(key);
                    ++r.inserted;
                }
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
            else if (below(500) == 0)
            {
                rewind(static_cast<std::int64_t>(
                    static_cast<std::uint64_t>(base) / (1 + below(3))));
            }
            else
            {
                // Mostly short steps; time is not to end too soon.
                auto now = below(8) == 0 && !expected.empty()
                        && expected.begin()->first < end_of_time / 2
                    ? expected.begin()->first
                    : base
                        + static_cast<std::int64_t>(
                            random() >> (growing ? 60 : 20 + below(44)));
                if (below(8) == 0)
                    now = std::min(round_time(), base + (std::int64_t{1} << 37));
                r.expired += pass(std::max(now, base), below(3) != 0);
            }
            check_next();
            r.largest = std::max(r.largest, expected.size());
        }
        return r;
    }
};

// Deadlines that the set is to be driven through as a root does, by batches.
struct crowd
{
    static constexpr unsigned batch = 64;
    static constexpr unsigned batch_of_moves = 128;

    deadline_set set;
    std::deque<deadline_entry> entries;
    std::multimap<std::int64_t, deadline_entry*> expected;
    std::uint64_t most = 0; // that one batch has moved or expired
    std::uint64_t most_ahead = 0;

    crowd(
        std::size_t n,
        std::int64_t start,
        std::int64_t from,
        std::int64_t span,
        std::uint64_t s)
    {
        std::mt19937_64 random(s);
        advance(set, start);
        for (std::size_t i = 0; i != n; ++i)
        {
            auto const key = from
                + static_cast<std::int64_t>(
                    random() % static_cast<std::uint64_t>(span));
            auto& e = entries.emplace_back();
            set.insert(e, at(key));
            expected.emplace(key, &e);
        }
    }

    // One hold of the mutex. True if there is more.
    bool expire(std::int64_t now)
    {
        auto room = batch;
        auto const before = set.moves() + expected.size();
        auto expired = expected.size();
        bool more;
        for (;;)
        {
            while (deadline_entry* e = room != 0 ? set.expired() : nullptr)
            {
                --room;
                REQUIRE(e == expected.begin()->second);
                REQUIRE(expected.begin()->first <= now);
                set.remove(*e);
                expected.erase(expected.begin());
            }
            more = !set.empty() && ns(set.next()) <= now;
            if (room == 0 || !more)
                break;
            set.advance(set.next(), room);
        }
        expired -= expected.size();
        most = std::max(most, set.moves() + expected.size() + 2 * expired - before);
        return more;
    }

    // Another one, after all that is due has expired. When to look again.
    std::int64_t arm(std::int64_t now)
    {
        auto room = batch_of_moves;
        auto const before = set.moves();
        set.advance(at(now), room);
        set.prepare(room);
        auto const moved = set.moves() - before;
        most_ahead = std::max(most_ahead, moved);
        auto const look = ns(set.next_look());
        REQUIRE((look > now || moved != 0));
        return look;
    }

    // Until all have expired, by a timer that is armed a tick ahead at most, or,
    // without ticks, for when there is something to do.
    void run(std::int64_t now, std::int64_t tick)
    {
        while (!set.empty())
        {
            while (expire(now))
            {
            }
            REQUIRE((expected.empty() || expected.begin()->first > now));
            if (set.empty())
                break;
            auto const look = arm(now);
            REQUIRE(look <= expected.begin()->first);
            now = std::max(now, tick != 0 ? std::min(look, now + tick) : look);
        }
        BOOST_TEST(expected.empty());
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
    advance(set, 1'000'000'006);
    BOOST_TEST(!set.expired());
    BOOST_TEST(ns(set.next()) == 1'000'000'007);
    advance(set, 1'000'000'007);
    BOOST_TEST(set.expired() == &e);
    set.remove(e);
    BOOST_TEST(!set.expired());
}

BOOST_AUTO_TEST_CASE(an_entry_that_comes_too_late_has_expired)
{
    deadline_set set;
    deadline_entry past, present, negative;
    advance(set, 100);
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
    advance(set, 100);
    set.insert(e, at(200));
    advance(set, 50);
    BOOST_TEST(ns(set.next()) == 200);
    advance(set, 199);
    BOOST_TEST(!set.expired());
    advance(set, 200);
    BOOST_TEST(set.expired() == &e);
    set.remove(e);
}

BOOST_AUTO_TEST_CASE(time_goes_back_when_rewound)
{
    deadline_set set;
    deadline_entry expired, soon, late;
    advance(set, 1000);
    set.insert(expired, at(500));
    set.insert(soon, at(2000));
    set.insert(late, at(1'000'000));
    set.rewind(at(100));
    BOOST_TEST(ns(set.now()) == 100);
    BOOST_TEST(!set.expired());
    BOOST_TEST(ns(set.next()) == 500);
    advance(set, 500);
    BOOST_TEST(set.expired() == &expired);
    set.remove(expired);
    BOOST_TEST(ns(set.next()) == 2000);
    set.rewind(at(1500)); // or forward
    BOOST_TEST(!set.expired());
    set.rewind(at(2000));
    BOOST_TEST(set.expired() == &soon);
    set.remove(soon);
    set.remove(late);
    BOOST_TEST(set.empty());
    set.rewind(at(0));
    BOOST_TEST(set.empty());
}

BOOST_AUTO_TEST_CASE(an_expired_entry_stays_until_it_is_removed)
{
    deadline_set set;
    deadline_entry e;
    set.insert(e, at(1));
    advance(set, 1);
    BOOST_TEST(set.expired() == &e);
    BOOST_TEST(set.expired() == &e);
    BOOST_TEST(ns(set.next()) == 1);
    BOOST_TEST(!set.empty());
    set.remove(e);
    BOOST_TEST(set.empty());
}

BOOST_AUTO_TEST_CASE(equal_deadlines_expire_as_they_were_inserted)
{
    deadline_set set;
    std::deque<deadline_entry> entries(200);
    std::int64_t const deadline = (std::int64_t{1} << 36) + 12345;
    // Later ones are put lower, as the deadline is near by then.
    for (auto& e : entries)
    {
        auto room = 10u;
        auto const now = deadline - ((deadline - ns(set.now())) * 9 / 10);
        if (set.empty() || at(now) <= set.next())
            set.advance(at(now), room);
        set.prepare(room);
        set.insert(e, at(deadline));
    }
    while (!set.expired())
    {
        auto room = 3u;
        set.advance(set.next(), room);
    }
    BOOST_TEST(ns(set.now()) == deadline);
    for (auto& e : entries)
    {
        BOOST_REQUIRE(set.expired() == &e);
        set.remove(e);
    }
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
    advance(set, end_of_time - 1);
    BOOST_TEST(!set.expired());
    BOOST_TEST((set.next() == time_point::max()));
    advance(set, end_of_time);
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
        advance(set, next);
        BOOST_REQUIRE(!set.expired());
    }
    for (auto& e : entries)
        set.remove(e);
    BOOST_TEST(set.empty());
}

BOOST_AUTO_TEST_CASE(it_is_like_a_multimap)
{
    BOOST_TEST_MESSAGE("ASIOCTX_TEST_SEED=" << seed());
    BOOST_TEST_CONTEXT("ASIOCTX_TEST_SEED=" << seed())
    {
        model::result total;
        for (std::uint64_t round = 0; round != 20; ++round)
        {
            model m(seed() + round);
            auto const r = m.run(20'000);
            total.inserted += r.inserted;
            total.removed += r.removed;
            total.expired += r.expired;
            total.largest = std::max(total.largest, r.largest);
        }
        // The steps were worth their while.
        BOOST_TEST(total.inserted > 200'000u);
        BOOST_TEST(total.removed > 50'000u);
        BOOST_TEST(total.expired > 20'000u);
        BOOST_TEST(total.largest > 1000u);
    }
}

// However many there are, and whatever time they come at.
BOOST_AUTO_TEST_CASE(no_batch_moves_or_expires_more_than_its_size)
{
    constexpr auto ms = std::int64_t{1'000'000};
    constexpr auto second = 1000 * ms;
    BOOST_TEST_MESSAGE("ASIOCTX_TEST_SEED=" << seed());
    BOOST_TEST_CONTEXT("ASIOCTX_TEST_SEED=" << seed())
    for (std::int64_t const span : {std::int64_t{1}, second, 60 * second})
        for (int const power : {30, 36})
            for (std::int64_t const tick : {4 * ms, std::int64_t{0}})
                for (std::size_t const n : {100u, 10'000u, 100'000u})
                {
                    auto const moment = std::int64_t{123} << power;
                    auto const start = moment - 5 * second;
                    crowd c(n, start, moment + 100 * ms, span, seed());
                    c.run(start, tick);
                    BOOST_TEST_MESSAGE(
                        n << " deadlines within " << span << " ns at 123 * 2^"
                          << power << (tick ? ", ticks" : ", no ticks")
                          << ": at most " << c.most << " and "
                          << c.most_ahead << " at once, "
                          << static_cast<double>(c.set.moves())
                                / static_cast<double>(n)
                          << " moves of each");
                    BOOST_TEST(c.most <= crowd::batch);
                    BOOST_TEST(c.most_ahead <= crowd::batch_of_moves);
                    BOOST_TEST(c.set.moves() <= 13 * n);
                }
}

// A slot of 1.07 s, and the one of 34 ms: what lies in them is in lower ones by
// the time they are reached, so that it is not late.
BOOST_AUTO_TEST_CASE(many_are_dealt_out_before_their_time)
{
    constexpr auto ms = std::int64_t{1'000'000};
    auto const moment = std::int64_t{123} << 30;
    auto const start = moment - 20'000 * ms;
    crowd c(100'000, start, moment, 1000 * ms, seed());
    auto now = start;
    for (;;)
    {
        auto const look = c.arm(now);
        if (look >= moment)
            break;
        BOOST_REQUIRE(look >= now);
        now = look;
    }
    // What is next is in a slot of 33 us, one of a thousandth of them all.
    auto const before = c.set.moves();
    while (!c.set.expired())
    {
        auto room = 1u;
        c.set.advance(c.set.next(), room);
    }
    BOOST_TEST(c.set.moves() - before < 500u);
    c.run(ns(c.set.now()), 4 * ms);
}

BOOST_AUTO_TEST_SUITE_END()
