//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/boot_clock.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>

#include <asioctx/testing/manual_clock.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

#include "support/io_context_fixture.hpp"
#include "support/poll_until.hpp"
#include "support/print.hpp"

// Deadlines by clocks other than that of the library.

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

namespace {

// A clock that a test sets. It is not that of the library's, which goes on
// beside it.
struct wall
{
    using rep = long;
    using period = std::milli;
    using duration = std::chrono::milliseconds;
    using time_point = std::chrono::time_point<wall>;

    [[maybe_unused]] static constexpr bool is_steady = false;

    static time_point now() noexcept
    {
        return time_point(time);
    }

    static inline std::atomic<duration> time{1000s};
};

// A clock that stands still, and counts who looks at it.
struct stuck
{
    using rep = long;
    using period = std::nano;
    using duration = std::chrono::nanoseconds;
    using time_point = std::chrono::time_point<stuck>;

    [[maybe_unused]] static constexpr bool is_steady = false;

    static time_point now() noexcept
    {
        ++looks;
        return time_point();
    }

    static inline std::atomic<int> looks{0};
};

error_code const slow = make_error_code(boost::system::errc::stream_timeout);

struct wall_fixture : manual_time_fixture
{
    wall_fixture()
    {
        wall::time = 1000s;
    }

    // Time passes for both clocks.
    void pass(std::chrono::milliseconds d)
    {
        wall::time = wall::time.load() + d;
        clock.advance(d);
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(test_boot_clock)

BOOST_FIXTURE_TEST_CASE(a_deadline_passes_with_its_clock, wall_fixture)
{
    auto const c = with_deadline(root, wall::now() + 1h, slow);
    pass(1h - 1ms);
    BOOST_TEST(!c.ctx.done());
    pass(1ms);
    BOOST_TEST(c.ctx.error() == errc::deadline_exceeded);
    BOOST_TEST(c.ctx.cause() == slow);
    BOOST_TEST(c.ctx.ended_by_own_deadline());
}

BOOST_FIXTURE_TEST_CASE(a_clock_set_back_puts_its_deadlines_off, wall_fixture)
{
    auto const c = with_deadline(root, wall::now() + 10s);
    pass(9s);
    wall::time = wall::time.load() - 1h;
    pass(1h);
    BOOST_TEST(!c.ctx.done());
    pass(1s);
    BOOST_TEST(c.ctx.done());
}

// Just before the deadline, or long before it.
BOOST_FIXTURE_TEST_CASE(
    a_clock_that_stands_still_is_looked_at_a_thousand_times_a_second,
    manual_time_fixture)
{
    for (auto const left : {1ns, 1000ns, 1000000000ns})
    {
        auto const c = with_deadline(root, stuck::time_point(left));
        stuck::looks = 0;
        clock.advance(1s);
        BOOST_TEST(!c.ctx.done());
        BOOST_TEST(stuck::looks > 0);
        BOOST_TEST(stuck::looks <= 2001);
    }
    auto const never = with_deadline(root, stuck::time_point::max() - 1ns);
    BOOST_TEST(!never.ctx.done());
}

BOOST_FIXTURE_TEST_CASE(
    a_clock_set_forward_is_seen_within_a_second, wall_fixture)
{
    auto const c = with_deadline(root, wall::now() + 24h);
    pass(10s);
    wall::time = wall::time.load() + 24h;
    BOOST_TEST(!c.ctx.done());
    clock.advance(1s);
    BOOST_TEST(c.ctx.done());
}

BOOST_FIXTURE_TEST_CASE(
    a_deadline_by_another_clock_that_has_passed_ends_at_once, wall_fixture)
{
    BOOST_TEST(with_deadline(root, wall::now()).ctx.done());
    BOOST_TEST(with_deadline(root, wall::time_point::min()).ctx.done());
    auto const parent = with_cancel(root);
    parent.cancel(slow);
    auto const c = with_deadline(parent.ctx, wall::now() - 1s);
    BOOST_TEST(c.ctx.error() == errc::canceled);
    BOOST_TEST(c.ctx.cause() == slow);
}

BOOST_FIXTURE_TEST_CASE(the_longest_time_of_a_clock_is_none, wall_fixture)
{
    auto const c = with_deadline(root, wall::time_point::max());
    auto const d = with_deadline(
        root, std::chrono::time_point<wall, std::chrono::hours>::max());
    pass(24h);
    BOOST_TEST(!c.ctx.done());
    BOOST_TEST(!d.ctx.done());
}

BOOST_FIXTURE_TEST_CASE(
    it_is_not_what_deadline_says_and_the_parents_still_counts, wall_fixture)
{
    auto const parent = with_timeout(root, 1min);
    auto const c = with_deadline(parent.ctx, wall::now() + 1h);
    auto const below = with_timeout(c.ctx, 30s);
    BOOST_TEST((c.ctx.deadline() == parent.ctx.deadline()));
    pass(30s);
    BOOST_TEST(below.ctx.done());
    BOOST_TEST(!c.ctx.done());
    pass(30s);
    BOOST_TEST(c.ctx.error() == errc::deadline_exceeded);
    BOOST_TEST(!c.ctx.ended_by_own_deadline());
}

BOOST_FIXTURE_TEST_CASE(what_is_canceled_or_dropped_is_not_late, wall_fixture)
{
    auto const c = with_deadline(root, wall::now() + 10s);
    auto d = with_deadline(root, wall::now() + 10s);
    pass(5s);
    c.cancel(slow);
    d.cancel.detach();
    d = {};
    pass(5s);
    BOOST_TEST(c.ctx.error() == errc::canceled);
    BOOST_TEST(c.ctx.cause() == slow);
}

BOOST_FIXTURE_TEST_CASE(its_cause_can_be_an_exception, wall_fixture)
{
    auto const c = with_deadline(
        root,
        wall::now() + 10s,
        std::make_exception_ptr(std::runtime_error("too late")));
    pass(10s);
    BOOST_CHECK_THROW(
        std::rethrow_exception(c.ctx.exception()), std::runtime_error);
}

BOOST_FIXTURE_TEST_CASE(to_string_tells_what_is_left_by_its_clock, wall_fixture)
{
    auto const c = with_deadline(root, wall::now() + 10s);
    pass(4s);
    BOOST_TEST(to_string(c.ctx) == "background.with_deadline(6s left)");
    pass(6s);
    BOOST_TEST(
        to_string(c.ctx)
        == "background.with_deadline[done: deadline exceeded]");
}

BOOST_FIXTURE_TEST_CASE(the_systems_clocks_are_never_early, io_context_fixture)
{
    auto const wall_end = std::chrono::system_clock::now() + 3ms;
    auto const a = with_deadline(root, wall_end);
    poll_until(ioc, [&] { return a.ctx.done(); });
    BOOST_TEST((std::chrono::system_clock::now() >= wall_end));
#if defined(CLOCK_BOOTTIME)
    auto const end = boot_clock::now() + 3ms;
    auto const b = with_deadline(root, end);
    poll_until(ioc, [&] { return b.ctx.done(); });
    BOOST_TEST((boot_clock::now() >= end));
#endif
}

BOOST_FIXTURE_TEST_CASE(it_is_no_work_either, io_context_fixture)
{
    auto const c = with_deadline(root, std::chrono::system_clock::now() + 1min);
    ioc.run();
    BOOST_TEST(!c.ctx.done());
}

// Whoever cancels while it is taken out and put back.
BOOST_AUTO_TEST_CASE(a_deadline_is_put_off_while_others_cancel_it)
{
    asio::io_context ioc;
    testing::manual_clock clock(ioc);
    auto const root = background(ioc);
    for (int i = 0; i != 300; ++i)
    {
        auto c = with_deadline(root, wall::now() + 1h);
        std::thread canceler(
            [&]
            {
                if (i % 2)
                    c.cancel(slow);
                else
                    c = {};
            });
        for (int j = 0; j != 20; ++j)
            clock.advance(1s);
        canceler.join();
    }
}

BOOST_AUTO_TEST_SUITE_END()
