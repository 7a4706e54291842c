//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/deadline.hpp>

#include <asioctx/after_func.hpp>
#include <asioctx/value.hpp>
#include <asioctx/without_cancel.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <random>
#include <ratio>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/allocation_counter.hpp"
#include "support/io_context_fixture.hpp"
#include "support/poll_until.hpp"
#include "support/print.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

namespace {

error_code const slow = make_error_code(boost::system::errc::stream_timeout);
error_code const broken = make_error_code(boost::system::errc::io_error);

constexpr context_key<int> number("number");

bool says_what_to_do(std::logic_error const& e)
{
    return std::string(e.what()).find("background(ioc)") != std::string::npos;
}

// None has passed yet.
std::vector<cancelable> many_with_one_deadline(context const& root)
{
    for (auto time = 5ms;; time *= 2)
    {
        std::vector<cancelable> contexts;
        auto const deadline = clock_type::now() + time;
        while (contexts.size() != 1000)
            contexts.push_back(with_deadline(root, deadline));
        if (clock_type::now() < deadline)
            return contexts;
    }
}

// Records the order in which contexts were done.
struct recorder
{
    std::vector<int> order;
    std::vector<after_func_registration> registrations;

    void add(context const& ctx, int name)
    {
        registrations.push_back(
            after_func(ctx, [this, name] { order.push_back(name); }));
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(test_deadline)

// One deadline.

BOOST_FIXTURE_TEST_CASE(
    a_context_is_done_when_its_deadline_passes, manual_time_fixture)
{
    auto [ctx, cancel] = with_deadline(root, now() + 1s);
    auto const line = __LINE__ - 1;
    clock.advance(1s - 1ns);
    BOOST_TEST(!ctx.done());
    BOOST_TEST(!ctx.error());
    clock.advance(1ns);
    BOOST_TEST(ctx.done());
    BOOST_TEST(ctx.error() == errc::deadline_exceeded);
    BOOST_TEST(ctx.cause() == errc::deadline_exceeded);
    BOOST_TEST(ctx.canceled_at().line() == unsigned(line));
}

BOOST_FIXTURE_TEST_CASE(
    a_timeout_is_a_deadline_counted_from_now, manual_time_fixture)
{
    auto const start = now();
    clock.advance(10s);
    auto [ctx, cancel] = with_timeout(root, 1s);
    auto const line = __LINE__ - 1;
    BOOST_TEST((ctx.deadline() == start + 11s));
    clock.advance(1s - 1ns);
    BOOST_TEST(!ctx.done());
    clock.advance(1ns);
    BOOST_TEST(ctx.error() == errc::deadline_exceeded);
    BOOST_TEST(ctx.canceled_at().line() == unsigned(line));
}

BOOST_FIXTURE_TEST_CASE(
    the_deadline_is_what_was_asked_for_to_the_nanosecond, manual_time_fixture)
{
    for (auto const d : {1ns, 999'999'999ns, duration(1h + 7ns)})
    {
        auto const t = now() + d;
        auto [ctx, cancel] = with_deadline(root, t);
        BOOST_TEST((ctx.deadline() == t));
        clock.advance_to(t - 1ns);
        BOOST_TEST(!ctx.done());
        BOOST_TEST((ctx.remaining() == 1ns));
        clock.advance_to(t);
        BOOST_TEST(ctx.done());
        BOOST_TEST((ctx.deadline() == t));
    }
}

BOOST_FIXTURE_TEST_CASE(a_deadline_does_not_move, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_timeout(root, 5s);
    auto [ctx, cancel] = with_timeout(parent, 10s);
    auto const deadline = ctx.deadline();
    clock.advance(1s);
    BOOST_TEST((ctx.deadline() == deadline));
    cancel_parent();
    BOOST_TEST((ctx.deadline() == deadline));
    clock.advance(1h);
    BOOST_TEST((ctx.deadline() == deadline));
}

BOOST_FIXTURE_TEST_CASE(the_remaining_time_shrinks_to_zero, manual_time_fixture)
{
    auto [ctx, cancel] = with_timeout(root, 3s);
    auto const below = with_value(ctx, number, 1);
    BOOST_TEST((ctx.remaining() == 3s));
    clock.advance(1s);
    BOOST_TEST((below.remaining() == 2s));
    clock.advance(2s);
    BOOST_TEST((ctx.remaining() == 0s));
    clock.advance(1h);
    BOOST_TEST((ctx.remaining() == 0s));
}

BOOST_FIXTURE_TEST_CASE(
    a_context_that_was_canceled_has_time_left, manual_time_fixture)
{
    auto [ctx, cancel] = with_timeout(root, 3s);
    cancel();
    BOOST_TEST((ctx.remaining() == 3s));
}

BOOST_FIXTURE_TEST_CASE(what_is_below_is_done_with_it, manual_time_fixture)
{
    auto [ctx, cancel] = with_timeout(root, 1s, slow);
    auto [child, cancel_child] = with_cancel(ctx);
    auto const value = with_value(child, number, 1);
    auto const shield = without_cancel(child);
    BOOST_TEST((value.deadline() == ctx.deadline()));
    clock.advance(1s);
    for (auto const& c : {child, value})
    {
        BOOST_TEST(c.error() == errc::deadline_exceeded);
        BOOST_TEST(c.cause() == slow);
        BOOST_TEST(c.canceled_at().line() == ctx.canceled_at().line());
    }
    BOOST_TEST(!shield.done());
    auto [late, cancel_late] = with_cancel(ctx);
    BOOST_TEST(late.error() == errc::deadline_exceeded);
    BOOST_TEST(late.cause() == slow);
}

// Cancellation.

BOOST_FIXTURE_TEST_CASE(
    a_context_canceled_before_its_deadline_is_canceled_for_ever,
    manual_time_fixture)
{
    auto [ctx, cancel] = with_timeout(root, 1s, slow);
    auto [below, cancel_below] = with_timeout(ctx, 500ms, slow);
    cancel();
    auto const line = __LINE__ - 1;
    clock.advance(1h);
    for (auto const& c : {ctx, below})
    {
        BOOST_TEST(c.error() == errc::canceled);
        BOOST_TEST(c.cause() == errc::canceled);
        BOOST_TEST(c.canceled_at().line() == unsigned(line));
    }
}

BOOST_FIXTURE_TEST_CASE(
    a_cancellation_with_a_cause_replaces_that_of_the_deadline,
    manual_time_fixture)
{
    auto [ctx, cancel] = with_timeout(root, 1s, slow);
    cancel(broken);
    BOOST_TEST(ctx.error() == errc::canceled);
    BOOST_TEST(ctx.cause() == broken);
}

BOOST_FIXTURE_TEST_CASE(
    the_end_of_the_source_is_a_cancellation, manual_time_fixture)
{
    // NOLINTNEXTLINE(asioctx-dead-context): what it shows
    auto const ctx = with_timeout(root, 1s, slow).ctx;
    auto const line = __LINE__ - 1;
    BOOST_TEST(ctx.error() == errc::canceled);
    BOOST_TEST(ctx.cause() == errc::canceled);
    BOOST_TEST(ctx.canceled_at().line() == unsigned(line));
}

BOOST_FIXTURE_TEST_CASE(
    a_cancellation_after_the_deadline_does_nothing, manual_time_fixture)
{
    auto [ctx, cancel] = with_timeout(root, 1s, slow);
    clock.advance(1s);
    cancel(broken);
    BOOST_TEST(ctx.error() == errc::deadline_exceeded);
    BOOST_TEST(ctx.cause() == slow);
}

BOOST_FIXTURE_TEST_CASE(
    a_detached_context_keeps_its_deadline, manual_time_fixture)
{
    auto [ctx, cancel] = with_timeout(root, 1s);
    cancel.detach();
    clock.advance(1s);
    BOOST_TEST(ctx.error() == errc::deadline_exceeded);
}

// Parents.

BOOST_FIXTURE_TEST_CASE(
    the_earlier_of_two_deadlines_counts, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_timeout(root, 2s);
    auto const line = __LINE__ - 1;
    auto [sooner, cancel_sooner] = with_timeout(parent, 1s);
    auto [later, cancel_later] = with_timeout(parent, 3s);
    BOOST_TEST((sooner.deadline() == now() + 1s));
    BOOST_TEST((later.deadline() == now() + 2s));
    clock.advance(1s);
    BOOST_TEST(sooner.error() == errc::deadline_exceeded);
    BOOST_TEST(!parent.done());
    BOOST_TEST(!later.done());
    clock.advance(1s);
    BOOST_TEST(parent.error() == errc::deadline_exceeded);
    BOOST_TEST(later.error() == errc::deadline_exceeded);
    BOOST_TEST(later.canceled_at().line() == unsigned(line));
}

BOOST_FIXTURE_TEST_CASE(
    the_rule_of_the_earlier_works_through_other_contexts, manual_time_fixture)
{
    auto [first, cancel_first] = with_timeout(root, 2s);
    auto [second, cancel_second] = with_cancel(with_value(first, number, 1));
    auto [third, cancel_third] = with_timeout(second, 3s);
    auto [fourth, cancel_fourth] = with_timeout(third, 1s);
    BOOST_TEST((third.deadline() == now() + 2s));
    BOOST_TEST((fourth.deadline() == now() + 1s));
    clock.advance(1s);
    BOOST_TEST(fourth.done());
    BOOST_TEST(!third.done());
    clock.advance(1s);
    BOOST_TEST(third.done());
}

BOOST_FIXTURE_TEST_CASE(
    the_cause_of_a_deadline_is_used_if_that_deadline_counts,
    manual_time_fixture)
{
    auto [parent, cancel_parent] = with_timeout(root, 2s, broken);
    auto [sooner, cancel_sooner] = with_timeout(parent, 1s, slow);
    auto [later, cancel_later] = with_timeout(parent, 3s, slow);
    clock.advance(2s);
    BOOST_TEST(sooner.cause() == slow);
    BOOST_TEST(parent.cause() == broken);
    BOOST_TEST(later.cause() == broken);
    for (auto const& c : {sooner, parent, later})
        BOOST_TEST(c.error() == errc::deadline_exceeded);
}

BOOST_FIXTURE_TEST_CASE(
    of_two_equal_deadlines_the_parents_counts, manual_time_fixture)
{
    auto const t = now() + 1s;
    auto [parent, cancel_parent] = with_deadline(root, t, broken);
    auto [child, cancel_child] = with_deadline(parent, t, slow);
    BOOST_TEST((child.deadline() == t));
    clock.advance(1s);
    BOOST_TEST(parent.cause() == broken);
    BOOST_TEST(child.cause() == broken);
}

BOOST_FIXTURE_TEST_CASE(
    a_parent_that_was_canceled_beats_a_deadline_that_has_passed,
    manual_time_fixture)
{
    auto [parent, cancel_parent] = with_cancel(root);
    cancel_parent(broken);
    for (auto const d : {0s, -1s, 1s})
    {
        auto [ctx, cancel] = with_timeout(parent, d, slow);
        BOOST_TEST(ctx.error() == errc::canceled);
        BOOST_TEST(ctx.cause() == broken);
        BOOST_TEST((ctx.deadline() == now() + d));
        clock.advance(2s);
        BOOST_TEST(ctx.error() == errc::canceled);
    }
}

BOOST_FIXTURE_TEST_CASE(
    a_parent_whose_deadline_has_passed_ends_a_child_with_its_cause,
    manual_time_fixture)
{
    auto [parent, cancel_parent] = with_timeout(root, 1s, broken);
    clock.advance(2s);
    auto [ctx, cancel] = with_timeout(parent, 0s, slow);
    BOOST_TEST(ctx.error() == errc::deadline_exceeded);
    BOOST_TEST(ctx.cause() == broken);
}

BOOST_FIXTURE_TEST_CASE(
    a_child_can_be_canceled_before_its_parents_deadline, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_timeout(root, 1s);
    auto [child, cancel_child] = with_timeout(parent, 2s);
    cancel_child();
    clock.advance(1s);
    BOOST_TEST(child.error() == errc::canceled);
    BOOST_TEST(parent.error() == errc::deadline_exceeded);
}

// The limits of time.

BOOST_FIXTURE_TEST_CASE(
    a_timeout_of_zero_or_less_has_passed, manual_time_fixture)
{
    for (duration const d :
         {duration(0), duration(-1), duration(-1h), duration::min()})
    {
        auto [ctx, cancel] = with_timeout(root, d, slow);
        auto const line = __LINE__ - 1;
        BOOST_TEST(ctx.error() == errc::deadline_exceeded);
        BOOST_TEST(ctx.cause() == slow);
        BOOST_TEST(ctx.canceled_at().line() == unsigned(line));
        BOOST_TEST((ctx.deadline() == now() + d));
        BOOST_TEST((ctx.remaining() == 0s));
        cancel(broken);
        BOOST_TEST(ctx.cause() == slow);
    }
}

BOOST_FIXTURE_TEST_CASE(
    a_deadline_that_has_passed_has_passed, manual_time_fixture)
{
    for (auto const t : {now(), now() - 1ns, time_point(), time_point::min()})
    {
        auto [ctx, cancel] = with_deadline(root, t);
        BOOST_TEST(ctx.error() == errc::deadline_exceeded);
        BOOST_TEST((ctx.deadline() == t));
        auto [below, cancel_below] = with_timeout(ctx, 1s);
        BOOST_TEST(below.error() == errc::deadline_exceeded);
        BOOST_TEST((below.deadline() == t));
    }
}

BOOST_FIXTURE_TEST_CASE(
    no_time_remains_after_the_earliest_deadline, manual_time_fixture)
{
    auto [least, cancel_least] = with_timeout(root, duration::min());
    auto [first, cancel_first] = with_deadline(root, time_point::min());
    BOOST_TEST((least.remaining() == 0s));
    BOOST_TEST((first.remaining() == 0s));
    clock.advance(1s);
    BOOST_TEST((least.remaining() == 0s));
    BOOST_TEST((first.remaining() == 0s));
}

BOOST_FIXTURE_TEST_CASE(the_longest_time_is_no_deadline, manual_time_fixture)
{
    auto [longest, cancel_longest] = with_timeout(root, duration::max());
    auto [last, cancel_last] = with_deadline(root, time_point::max());
    for (auto const& c : {longest, last})
    {
        BOOST_TEST(!c.deadline().has_value());
        BOOST_TEST((c.remaining() == duration::max()));
    }
    clock.advance(24h * 365 * 100);
    BOOST_TEST(!longest.done());
    BOOST_TEST(!last.done());
    cancel_longest();
    cancel_last();
    BOOST_TEST(longest.error() == errc::canceled);
    BOOST_TEST(last.error() == errc::canceled);
}

BOOST_FIXTURE_TEST_CASE(
    the_longest_time_below_a_deadline_is_that_deadline, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_timeout(root, 1s, slow);
    auto [ctx, cancel] = with_timeout(parent, duration::max(), broken);
    BOOST_TEST((ctx.deadline() == parent.deadline()));
    clock.advance(1s);
    BOOST_TEST(ctx.cause() == slow);
}

BOOST_FIXTURE_TEST_CASE(
    durations_of_any_kind_will_do_and_are_rounded_up, manual_time_fixture)
{
    using picoseconds = std::chrono::duration<std::int64_t, std::pico>;
    using seconds_d = std::chrono::duration<double>;
    auto const after = [&](auto d)
    {
        return *with_timeout(root, d).ctx.deadline() - now();
    };
    BOOST_TEST((after(std::chrono::hours(1)) == 1h));
    BOOST_TEST((after(picoseconds(1)) == 1ns));
    BOOST_TEST((after(picoseconds(1000)) == 1ns));
    BOOST_TEST((after(picoseconds(1001)) == 2ns));
    BOOST_TEST((after(picoseconds(-1)) == 0ns));
    BOOST_TEST((after(seconds_d(0.5)) == 500ms));
    BOOST_TEST((after(seconds_d(1e-10)) == 1ns));
    auto [ctx, cancel] = with_timeout(root, picoseconds(-999));
    BOOST_TEST(ctx.done());
    auto [graced, cancel_graced] = with_grace(ctx, seconds_d(0.5));
    auto [idle_ctx, idle] = with_idle_timeout(root, seconds_d(0.5));
    clock.advance(500ms - 1ns);
    BOOST_TEST(!graced.done());
    BOOST_TEST(!idle_ctx.done());
    clock.advance(1ns);
    BOOST_TEST(graced.done());
    BOOST_TEST(idle_ctx.done());
}

BOOST_FIXTURE_TEST_CASE(
    the_limits_of_any_duration_are_those_of_time, manual_time_fixture)
{
    using seconds_d = std::chrono::duration<double>;
    for (auto const& c :
         {with_timeout(root, std::chrono::hours::max()),
          with_timeout(root, seconds_d::max()),
          with_timeout(root, std::chrono::hours(10'000'000)),
          with_timeout(root, seconds_d(1e300))})
    {
        BOOST_TEST(!c.ctx.done());
        BOOST_TEST(!c.ctx.deadline().has_value());
    }
    for (auto const& c :
         {with_timeout(root, std::chrono::hours::min()),
          with_timeout(root, seconds_d::min()),
          with_timeout(root, std::chrono::hours(-10'000'000))})
        BOOST_TEST(c.ctx.error() == errc::deadline_exceeded);
}

BOOST_FIXTURE_TEST_CASE(
    a_time_that_is_not_a_number_has_passed, manual_time_fixture)
{
    auto const in_every_way = [&](auto none)
    {
        BOOST_TEST(
            with_timeout(root, none).ctx.error() == errc::deadline_exceeded);
        BOOST_TEST(with_timeout(root, -none, slow).ctx.cause() == slow);
        BOOST_TEST(with_idle_timeout(root, none, slow).ctx.cause() == slow);
        auto [parent, cancel_parent] = with_cancel(root);
        auto [graced, cancel] = with_grace(parent, none);
        BOOST_TEST(!graced.done());
        cancel_parent(broken);
        BOOST_TEST(graced.cause() == broken);
    };
    constexpr auto nan = std::numeric_limits<double>::quiet_NaN();
#ifndef __clang__ // which does not calculate with what is no number
    // A conversion that is undefined does not compile here.
    static_assert(
        detail::to_duration(std::chrono::duration<double>(nan)) < duration(0));
#endif
    in_every_way(std::chrono::duration<double>(nan));
    in_every_way(std::chrono::duration<float, std::ratio<3600>>(
        static_cast<float>(nan)));
    in_every_way(std::chrono::duration<long double, std::nano>(nan));
}

BOOST_FIXTURE_TEST_CASE(
    a_time_just_below_the_longest_is_a_deadline, manual_time_fixture)
{
    auto const t = time_point::max() - 1ns;
    auto [ctx, cancel] = with_timeout(root, t - now());
    BOOST_TEST((ctx.deadline() == t));
    auto [too_long, cancel_too_long] =
        with_timeout(root, time_point::max() - now() + 1ns);
    BOOST_TEST(!too_long.deadline().has_value());
}

BOOST_FIXTURE_TEST_CASE(
    a_deadline_that_has_passed_ends_the_context_at_once, io_context_fixture)
{
    // Of a parent whose deadline has passed as well, unseen as yet.
    auto [parent, cancel_parent] = with_timeout(root, 1ns, broken);
    while (clock_type::now() <= *parent.deadline())
    {
    }
    auto [ctx, cancel] = with_timeout(parent, 0s, slow);
    BOOST_TEST(ctx.error() == errc::deadline_exceeded);
}

// Execution contexts.

BOOST_AUTO_TEST_CASE(a_deadline_below_background_says_what_it_needs)
{
    auto [ctx, cancel] = with_cancel(background());
    for (auto const& c : {background(), ctx, without_cancel(ctx)})
    {
        BOOST_CHECK_EXCEPTION(
            (void)with_deadline(c, clock_type::now()),
            std::logic_error,
            says_what_to_do);
        BOOST_CHECK_EXCEPTION(
            (void)with_timeout(c, 1s), std::logic_error, says_what_to_do);
        BOOST_CHECK_EXCEPTION(
            (void)with_timeout(c, duration::max()),
            std::logic_error,
            says_what_to_do);
        BOOST_CHECK_EXCEPTION(
            (void)with_grace(c, 1s), std::logic_error, says_what_to_do);
    }
    BOOST_TEST(!ctx.done());
}

BOOST_AUTO_TEST_CASE(a_deadline_needs_an_execution_context_that_lives)
{
    static constexpr context_key<std::shared_ptr<int>> key("token");
    auto const p = std::make_shared<int>(0);
    std::optional<asio::io_context> ioc(std::in_place);
    auto [parent, cancel] = with_cancel(with_value(background(*ioc), key, p));
    auto [timed, cancel_timed] = with_timeout(parent, 1h);
    ioc.reset();
    BOOST_CHECK_THROW((void)with_timeout(parent, 1s), std::logic_error);
    BOOST_CHECK_THROW(
        (void)with_deadline(timed, clock_type::now() + 1s), std::logic_error);
    // Nothing is left of the attempts.
    BOOST_TEST(!parent.done());
    cancel();
    parent = timed = context();
    cancel.detach();
    cancel_timed.detach();
    BOOST_TEST(p.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(a_grace_needs_an_execution_context_that_lives)
{
    std::optional<asio::io_context> ioc(std::in_place);
    auto [live, cancel_live] = with_cancel(background(*ioc));
    auto [done, cancel_done] = with_cancel(background(*ioc));
    cancel_done();
    ioc.reset();
    BOOST_CHECK_THROW((void)with_grace(done, 1s), std::logic_error);
    BOOST_CHECK_THROW((void)with_grace(live, 1s), std::logic_error);
}

BOOST_AUTO_TEST_CASE(deadlines_do_not_pass_without_the_execution_context)
{
    std::optional<asio::io_context> ioc(std::in_place);
    auto [ctx, cancel] = with_timeout(background(*ioc), 1ns);
    auto [graced, cancel_graced] = with_grace(ctx, 1ns);
    ioc.reset();
    while (clock_type::now() <= *graced.deadline())
    {
    }
    BOOST_TEST(!ctx.done());
    BOOST_TEST(!graced.done());
    BOOST_TEST((ctx.remaining() == 0s));
    cancel();
    BOOST_TEST(ctx.error() == errc::canceled);
    // Nothing could end the grace.
    BOOST_TEST(graced.error() == errc::canceled);
}

// Many deadlines.

BOOST_FIXTURE_TEST_CASE(
    contexts_are_done_in_the_order_of_their_deadlines, manual_time_fixture)
{
    recorder r;
    std::vector<int> seconds(500);
    for (int i = 0; i != 500; ++i)
        seconds[static_cast<std::size_t>(i)] = i + 1;
    std::shuffle(seconds.begin(), seconds.end(), std::mt19937(1));
    std::vector<cancelable> contexts;
    for (int const s : seconds)
    {
        contexts.push_back(with_timeout(root, std::chrono::seconds(s)));
        r.add(contexts.back().ctx, s);
    }
    clock.advance(250s);
    clock.advance(1h); // over many
    poll();
    BOOST_TEST(r.order.size() == 500u);
    BOOST_TEST(std::is_sorted(r.order.begin(), r.order.end()));
}

// On the real clock: with a manual one the timer is not armed. The first
// context's end begins a grace, which arms it while most are still to expire.
BOOST_AUTO_TEST_CASE(a_grace_that_begins_meanwhile_does_not_change_the_order)
{
    asio::io_context ioc;
    auto const root = background(ioc);
    auto const work = asio::make_work_guard(ioc);
    recorder r;
    std::vector<cancelable> contexts;
    auto const first = clock_type::now() + 200ms;
    auto last = first;
    for (int i = 600; i-- != 0;)
    {
        auto const t = first + i * 1us;
        last = std::max(last, t);
        contexts.push_back(with_deadline(root, t));
        r.add(contexts.back().ctx, i);
    }
    auto const grace = with_grace(contexts.back().ctx, 1h);
    while (clock_type::now() <= last)
        ;
    ioc.poll();
    BOOST_TEST(r.order.size() == 600u);
    BOOST_TEST(std::is_sorted(r.order.begin(), r.order.end()));
}

BOOST_FIXTURE_TEST_CASE(
    contexts_with_deadlines_a_nanosecond_apart_are_done_in_their_order,
    manual_time_fixture)
{
    recorder r;
    std::vector<cancelable> contexts;
    for (int i = 0; i != 500; ++i)
    {
        int const n = i * 37 % 500;
        contexts.push_back(with_timeout(root, 1s + n * 1ns));
        r.add(contexts.back().ctx, n);
    }
    clock.advance(1s + 99ns);
    poll();
    BOOST_TEST(r.order.size() == 100u);
    clock.advance(1h);
    poll();
    BOOST_TEST(r.order.size() == 500u);
    BOOST_TEST(std::is_sorted(r.order.begin(), r.order.end()));
}

BOOST_FIXTURE_TEST_CASE(
    contexts_with_equal_deadlines_are_done_in_the_order_they_were_made,
    manual_time_fixture)
{
    recorder r;
    std::vector<cancelable> contexts;
    auto const early = now() + 1s;
    auto const late = now() + 2s;
    for (int i = 0; i != 600; ++i)
    {
        contexts.push_back(with_deadline(root, i % 2 ? late : early));
        r.add(contexts.back().ctx, i % 2 ? 1000 + i : i);
        if (i == 300)
            clock.advance(1ms); // what is later may be kept elsewhere
    }
    clock.advance(1h);
    poll();
    BOOST_TEST(r.order.size() == 600u);
    BOOST_TEST(std::is_sorted(r.order.begin(), r.order.end()));
}

BOOST_FIXTURE_TEST_CASE(
    a_childs_earlier_deadline_is_its_own_when_time_jumps_over_both,
    manual_time_fixture)
{
    for (bool const many : {false, true})
    {
        std::vector<cancelable> others;
        for (int i = 0; many && i != 1000; ++i)
            others.push_back(with_timeout(root, 1s + i * 1us));
        auto [parent, cancel_parent] =
            with_timeout(root, 1s + 500us + 2ns, broken);
        auto [child, cancel_child] =
            with_timeout(parent, 1s + 500us + 1ns, slow);
        auto [below, cancel_below] = with_timeout(child, 2s);
        recorder r;
        r.add(parent, 2);
        r.add(child, 1);
        clock.advance(1h);
        poll();
        BOOST_TEST(child.cause() == slow);
        BOOST_TEST(below.cause() == slow);
        BOOST_TEST(parent.cause() == broken);
        BOOST_TEST(
            r.order == (std::vector{1, 2}), boost::test_tools::per_element());
    }
}

BOOST_FIXTURE_TEST_CASE(
    a_context_is_forgotten_when_its_deadline_has_passed, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_cancel(root);
    auto const live = live_objects();
    {
        auto [ctx, cancel] = with_timeout(parent, 1s);
        clock.advance(1s);
        BOOST_TEST(ctx.done());
        cancel_parent(broken);
        BOOST_TEST(ctx.error() == errc::deadline_exceeded);
    }
    BOOST_TEST(live_objects() == live);
}

BOOST_FIXTURE_TEST_CASE(
    contexts_can_be_dropped_before_their_deadlines, manual_time_fixture)
{
    auto const live = live_objects();
    {
        auto kept = with_timeout(root, 50s);
        for (int i = 0; i != 1000; ++i)
        {
            auto c = with_timeout(root, std::chrono::seconds(i % 100));
            auto below = with_timeout(c.ctx, 10s);
            if (i % 2 == 0)
                c.cancel.detach();
            if (i % 3 == 0)
                below.cancel.detach();
            if (i % 20 == 0)
                clock.advance(1s);
        }
        BOOST_TEST(kept.ctx.done());
        clock.advance(1h);
    }
    BOOST_TEST(live_objects() == live);
}

BOOST_FIXTURE_TEST_CASE(
    a_deadline_is_one_allocation_and_its_end_none, manual_time_fixture)
{
    {
        auto const first = with_timeout(root, 1s);
    }
    detail::thread_memory::clear(); // what is made next is allocated
    allocation_counter const counter;
    std::size_t made, expired;
    {
        auto [ctx, cancel] = with_timeout(root, 1s);
        made = counter.count();
        clock.advance(1s);
        expired = counter.count();
    }
    BOOST_TEST(made == 1u);
    BOOST_TEST(expired == 1u);
}

BOOST_FIXTURE_TEST_CASE(
    a_lack_of_memory_leaves_nothing_behind, manual_time_fixture)
{
    auto [parent, cancel] = with_cancel(root);
    detail::thread_memory::clear(); // what is made next is allocated
    auto const live = live_objects();
    int thrown = 0;
    {
        failing_allocations const none;
        for (int i = 0; i != 3; ++i)
        {
            try
            {
                switch (i)
                {
                case 0:
                    (void)with_timeout(parent, 1s);
                    break;
                case 1:
                    (void)with_deadline(parent, now() + 1s);
                    break;
                case 2:
                    (void)with_grace(parent, 1s);
                    break;
                }
            }
            catch (std::bad_alloc const&)
            {
                ++thrown;
            }
        }
    }
    BOOST_TEST(thrown == 3);
    BOOST_TEST(live_objects() == live);
    clock.advance(1h);
    BOOST_TEST(!parent.done());
}

// The real clock.

BOOST_FIXTURE_TEST_CASE(
    a_deadline_of_real_time_is_never_early, io_context_fixture)
{
    std::vector<cancelable> contexts;
    int early = 0;
    int calls = 0;
    std::vector<after_func_registration> registrations;
    for (int i = 0; i != 200; ++i)
    {
        contexts.push_back(with_timeout(root, 1ms + i * 17us));
        registrations.push_back(after_func(
            contexts.back().ctx,
            [&, ctx = contexts.back().ctx]
            {
                ++calls;
                early += clock_type::now() < *ctx.deadline();
                early += ctx.error() != errc::deadline_exceeded;
            }));
    }
    poll_until(ioc, [&] { return calls == 200; });
    BOOST_TEST(early == 0);
}

BOOST_FIXTURE_TEST_CASE(
    an_earlier_deadline_is_not_late_after_a_far_one, io_context_fixture)
{
    auto [late, cancel_late] = with_timeout(root, 1h);
    // Lets the timer settle on the hour.
    auto const work = asio::make_work_guard(ioc);
    ioc.run_for(20ms);
    auto [soon, cancel_soon] = with_timeout(root, 2ms);
    poll_until(ioc, [c = soon] { return c.done(); });
    BOOST_TEST((clock_type::now() >= *soon.deadline()));
    BOOST_TEST(!late.done());
}

BOOST_AUTO_TEST_CASE(others_run_between_many_that_expire_at_one_time)
{
    asio::io_context ioc;
    auto const root = background(ioc);
    auto const contexts = many_with_one_deadline(root);

    std::size_t done = 0;
    std::size_t most = 0;
    auto const other = [&](auto const& self) -> void
    {
        auto const before = done;
        while (done != contexts.size() && contexts[done].ctx.done())
            ++done;
        most = std::max(most, done - before);
        if (done != contexts.size())
            asio::post(ioc, [&] { self(self); });
    };
    asio::post(ioc, [&] { other(other); });
    ioc.run();
    BOOST_TEST(done == contexts.size());
    BOOST_TEST(most <= 64u);
}

// Time is no work, but what is due is not left for later.
BOOST_AUTO_TEST_CASE(run_lets_all_pass_that_is_due_at_one_time)
{
    asio::io_context ioc;
    auto const root = background(ioc);
    auto const contexts = many_with_one_deadline(root);

    auto const wait_for_first = [&](auto const& self) -> void
    {
        if (!contexts.front().ctx.done())
            asio::post(ioc, [&] { self(self); });
    };
    asio::post(ioc, [&] { wait_for_first(wait_for_first); });
    ioc.run();
    BOOST_TEST(contexts.back().ctx.done());
}

BOOST_AUTO_TEST_CASE(deadlines_pass_on_the_threads_of_a_pool)
{
    asio::thread_pool pool(2);
    auto const root = background(pool);
    std::atomic<int> calls{0};
    std::atomic<int> early{0};
    {
        std::vector<cancelable> contexts;
        std::vector<after_func_registration> registrations;
        for (int i = 0; i != 500; ++i)
        {
            contexts.push_back(with_timeout(root, (i % 10) * 500us));
            registrations.push_back(after_func(
                contexts.back().ctx,
                [&, ctx = contexts.back().ctx]
                {
                    early += clock_type::now() < *ctx.deadline();
                    ++calls;
                }));
            auto dropped = with_timeout(root, 1ms);
            if (i % 2 == 0)
                dropped.cancel.detach();
        }
        wait_until([&] { return calls == 500; });
    }
    pool.join();
    BOOST_TEST(early == 0);
}

BOOST_AUTO_TEST_CASE(a_deadline_and_a_cancellation_agree_on_who_was_first)
{
    asio::thread_pool pool(1);
    auto const root = background(pool);
    for (int i = 0; i != 200; ++i)
    {
        auto [ctx, cancel] = with_timeout(root, 50us, slow);
        auto [below, cancel_below] = with_cancel(ctx);
        while (clock_type::now() < *ctx.deadline())
        {
        }
        cancel(broken);
        bool const by_cancel = ctx.error() == errc::canceled;
        BOOST_REQUIRE(ctx.cause() == (by_cancel ? broken : slow));
        BOOST_REQUIRE(below.error() == ctx.error());
        BOOST_REQUIRE(below.cause() == ctx.cause());
    }
    pool.join();
}

// Idle timeouts.

BOOST_FIXTURE_TEST_CASE(
    an_idle_context_is_done_when_not_touched, manual_time_fixture)
{
    auto [ctx, idle] = with_idle_timeout(root, 10s, slow);
    auto const line = __LINE__ - 1;
    clock.advance(10s - 1ns);
    BOOST_TEST(!ctx.done());
    clock.advance(1ns);
    BOOST_TEST(ctx.error() == errc::deadline_exceeded);
    BOOST_TEST(ctx.cause() == slow);
    BOOST_TEST(ctx.canceled_at().line() == unsigned(line));
    auto [other, other_idle] = with_idle_timeout(root, 1s);
    clock.advance(1s);
    BOOST_TEST(other.cause() == errc::deadline_exceeded);
}

BOOST_FIXTURE_TEST_CASE(a_touch_starts_the_idle_time_anew, manual_time_fixture)
{
    auto [ctx, idle] = with_idle_timeout(root, 10s);
    for (int i = 0; i != 100; ++i)
    {
        clock.advance(10s - 1ns);
        BOOST_TEST(!ctx.done());
        idle.touch();
    }
    idle.touch();
    clock.advance(10s - 1ns);
    BOOST_TEST(!ctx.done());
    clock.advance(1ns);
    BOOST_TEST(ctx.error() == errc::deadline_exceeded);
}

BOOST_FIXTURE_TEST_CASE(
    an_idle_time_counts_from_the_last_touch_when_time_jumps,
    manual_time_fixture)
{
    auto [ctx, idle] = with_idle_timeout(root, 10s);
    auto [longer, cancel_longer] = with_timeout(root, 12s);
    auto [shorter, cancel_shorter] = with_timeout(root, 11s);
    recorder r;
    r.add(longer, 3);
    r.add(ctx, 2);
    r.add(shorter, 1);
    clock.advance(1s + 500ms);
    idle.touch(); // until 11.5 s
    clock.advance(1h);
    poll();
    BOOST_TEST(
        r.order == (std::vector{1, 2, 3}), boost::test_tools::per_element());
}

// A thread may lose the processor between reading the clock and storing it.
BOOST_FIXTURE_TEST_CASE(a_touch_does_not_put_the_time_back, manual_time_fixture)
{
    auto s = detail::make_scope<detail::idle_scope>(
        detail::context_access::get(root), source_location(), 10s, now());
    auto const start = now();
    s->touch(start + 5s);
    s->touch(start + 3s);
    BOOST_TEST((s->expiry() == start + 15s));
    s->touch(start + 6s);
    BOOST_TEST((s->expiry() == start + 16s));
}

BOOST_FIXTURE_TEST_CASE(
    of_touches_by_several_threads_the_latest_counts, manual_time_fixture)
{
    auto s = detail::make_scope<detail::idle_scope>(
        detail::context_access::get(root), source_location(), 10s, now());
    auto const start = now();
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t != 4; ++t)
            threads.emplace_back(
                [&, t]
                {
                    for (int i = 0; i != 10'000; ++i)
                        s->touch(start + 1ms * (4 * i + t));
                });
    }
    BOOST_TEST((s->expiry() == start + 10s + 39'999ms));
}

BOOST_FIXTURE_TEST_CASE(many_idle_times_end_in_their_order, manual_time_fixture)
{
    recorder r;
    std::vector<idleable> contexts;
    for (int i = 0; i != 400; ++i)
    {
        contexts.push_back(with_idle_timeout(root, 10s));
        r.add(contexts.back().ctx, i * 7 % 400);
    }
    for (int t = 0; t != 400; ++t)
    {
        clock.advance(1ms);
        for (std::size_t i = 0; i != 400; ++i)
            if (int(i) * 7 % 400 == t)
                contexts[i].idle.touch();
    }
    clock.advance(10s - 201ms);
    poll();
    BOOST_TEST(r.order.size() == 199u);
    clock.advance(1h);
    poll();
    BOOST_TEST(r.order.size() == 400u);
    BOOST_TEST(std::is_sorted(r.order.begin(), r.order.end()));
}

BOOST_FIXTURE_TEST_CASE(
    an_idle_time_is_no_part_of_the_deadline, manual_time_fixture)
{
    auto [ctx, idle] = with_idle_timeout(root, 10s);
    BOOST_TEST(!ctx.deadline().has_value());
    BOOST_TEST((ctx.remaining() == duration::max()));
    auto [parent, cancel_parent] = with_timeout(root, 15s, broken);
    auto [below, below_idle] = with_idle_timeout(parent, 10s);
    BOOST_TEST((below.deadline() == parent.deadline()));
    // Nor does it hide one below it.
    auto [child, cancel_child] = with_timeout(below, 12s, slow);
    BOOST_TEST((child.deadline() == now() + 12s));
    clock.advance(9s);
    below_idle.touch();
    clock.advance(3s);
    BOOST_TEST(child.cause() == slow);
    BOOST_TEST(!below.done());
    clock.advance(3s);
    BOOST_TEST(below.cause() == broken);
}

BOOST_FIXTURE_TEST_CASE(
    what_is_below_an_idle_context_is_done_with_it, manual_time_fixture)
{
    auto [ctx, idle] = with_idle_timeout(root, 10s, slow);
    auto [below, cancel_below] = with_cancel(with_value(ctx, number, 1));
    clock.advance(9s);
    idle.touch();
    clock.advance(9s);
    BOOST_TEST(!below.done());
    clock.advance(1s);
    BOOST_TEST(below.error() == errc::deadline_exceeded);
    BOOST_TEST(below.cause() == slow);
    BOOST_TEST(*below.value(number) == 1);
}

BOOST_FIXTURE_TEST_CASE(
    an_idle_context_can_be_canceled_and_stays_so, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_cancel(root);
    auto [ctx, idle] = with_idle_timeout(parent, 10s, slow);
    auto [by_parent, source] = with_idle_timeout(parent, 10s, slow);
    idle.cancel(broken);
    idle.touch();
    BOOST_TEST(ctx.error() == errc::canceled);
    BOOST_TEST(ctx.cause() == broken);
    cancel_parent();
    source.touch();
    clock.advance(1h);
    BOOST_TEST(ctx.cause() == broken);
    BOOST_TEST(by_parent.error() == errc::canceled);
    auto [late, late_source] = with_idle_timeout(parent, 10s, slow);
    BOOST_TEST(late.error() == errc::canceled);
    // NOLINTNEXTLINE(asioctx-dead-context): what it shows
    auto const gone = with_idle_timeout(root, 10s, slow).ctx;
    BOOST_TEST(gone.error() == errc::canceled);
    BOOST_TEST(gone.cause() == errc::canceled);
}

BOOST_FIXTURE_TEST_CASE(
    a_touch_comes_too_late_or_to_nobody, manual_time_fixture)
{
    auto [ctx, idle] = with_idle_timeout(root, 10s);
    clock.advance(10s);
    idle.touch();
    BOOST_TEST(ctx.done());
    idle_source none;
    none.touch();
    idle_source moved(std::move(idle));
    // NOLINTNEXTLINE(bugprone-use-after-move): what is left
    idle.touch();
    moved.touch();
    moved.detach();
    moved.touch();
    BOOST_TEST(!moved);
}

BOOST_FIXTURE_TEST_CASE(
    an_idle_time_of_zero_or_less_has_passed, manual_time_fixture)
{
    for (duration const d : {duration(0), duration(-1), duration::min()})
    {
        auto [ctx, idle] = with_idle_timeout(root, d, slow);
        BOOST_TEST(ctx.error() == errc::deadline_exceeded);
        BOOST_TEST(ctx.cause() == slow);
    }
}

BOOST_FIXTURE_TEST_CASE(the_longest_idle_time_is_none, manual_time_fixture)
{
    auto [ctx, idle] = with_idle_timeout(root, duration::max());
    idle.touch();
    clock.advance(24h * 365 * 100);
    idle.touch();
    BOOST_TEST(!ctx.done());
    idle();
    BOOST_TEST(ctx.done());
}

BOOST_FIXTURE_TEST_CASE(
    an_idle_time_that_grows_too_long_by_a_touch_is_none, manual_time_fixture)
{
    auto [ctx, idle] = with_idle_timeout(root, time_point::max() - now() - 1s);
    clock.advance(2s);
    idle.touch();
    clock.advance_to(time_point::max() - 1ns);
    BOOST_TEST(!ctx.done());
}

BOOST_FIXTURE_TEST_CASE(
    an_idle_context_is_forgotten_and_its_touches_cost_no_memory,
    manual_time_fixture)
{
    auto const live = live_objects();
    {
        auto [ctx, idle] = with_idle_timeout(root, 10s);
        clock.advance(9s);
        allocation_counter const counter;
        idle.touch();
        clock.advance(9s);
        idle.touch();
        auto const allocations = counter.count();
        BOOST_TEST(allocations == 0u);
        idle.detach();
    }
    BOOST_TEST(live_objects() == live);
    clock.advance(1h);
}

BOOST_AUTO_TEST_CASE(an_idle_time_needs_an_execution_context_that_lives)
{
    BOOST_CHECK_EXCEPTION(
        (void)with_idle_timeout(background(), 1s),
        std::logic_error,
        says_what_to_do);
    std::optional<asio::io_context> ioc(std::in_place);
    auto const root = background(*ioc);
    auto [ctx, idle] = with_idle_timeout(root, 1h);
    ioc.reset();
    idle.touch();
    BOOST_CHECK_THROW((void)with_idle_timeout(root, 1s), std::logic_error);
    BOOST_TEST(!ctx.done());
}

BOOST_FIXTURE_TEST_CASE(
    an_idle_time_of_real_time_is_never_early, io_context_fixture)
{
    auto [ctx, idle] = with_idle_timeout(root, 3ms);
    ioc.run_for(1ms);
    auto const last = clock_type::now();
    idle.touch();
    bool const in_time = !ctx.done();
    poll_until(ioc, [c = ctx] { return c.done(); });
    BOOST_TEST(ctx.error() == errc::deadline_exceeded);
    if (in_time)
        BOOST_TEST((clock_type::now() - last >= 3ms));
}

BOOST_AUTO_TEST_CASE(an_idle_context_can_be_touched_by_any_thread)
{
    asio::thread_pool pool(1);
    auto [ctx, idle] = with_idle_timeout(background(pool), 1h);
    std::thread other([&, &idle = idle] { idle.touch(); });
    idle.touch();
    other.join();
    BOOST_TEST(!ctx.done());
    idle.cancel();
    pool.join();
}

// Grace.

BOOST_FIXTURE_TEST_CASE(
    a_grace_outlives_its_parent_and_ends_as_it_did, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_cancel(root);
    auto [ctx, cancel] = with_grace(parent, 10s);
    clock.advance(1h);
    BOOST_TEST(!ctx.done());
    cancel_parent(broken);
    auto const line = __LINE__ - 1;
    BOOST_TEST(!ctx.done());
    BOOST_TEST(!ctx.error());
    BOOST_TEST(!ctx.cause());
    BOOST_TEST(ctx.canceled_at().line() == 0u);
    clock.advance(10s - 1ns);
    BOOST_TEST(!ctx.done());
    clock.advance(1ns);
    BOOST_TEST(ctx.error() == errc::canceled);
    BOOST_TEST(ctx.cause() == broken);
    BOOST_TEST(ctx.canceled_at().line() == unsigned(line));
}

BOOST_FIXTURE_TEST_CASE(
    a_grace_after_a_deadline_ends_with_that, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_timeout(root, 1s, slow);
    auto const line = __LINE__ - 1;
    auto [ctx, cancel] = with_grace(parent, 2s);
    BOOST_TEST((ctx.deadline() == now() + 3s));
    clock.advance(1s);
    BOOST_TEST(parent.done());
    BOOST_TEST(!ctx.done());
    BOOST_TEST((ctx.remaining() == 2s));
    clock.advance(2s);
    BOOST_TEST(ctx.error() == errc::deadline_exceeded);
    BOOST_TEST(ctx.cause() == slow);
    BOOST_TEST(ctx.canceled_at().line() == unsigned(line));
}

BOOST_FIXTURE_TEST_CASE(a_grace_takes_over_an_exception, manual_time_fixture)
{
    auto const cause = std::make_exception_ptr(std::runtime_error("broken"));
    auto [parent, cancel_parent] = with_cancel(root);
    auto [ctx, cancel] = with_grace(parent, 1s);
    cancel_parent(cause);
    clock.advance(1s);
    BOOST_TEST((ctx.exception() == cause));
}

BOOST_FIXTURE_TEST_CASE(
    the_deadline_of_a_grace_is_its_parents_and_the_grace, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_timeout(root, 1s);
    auto [unbounded, cancel_unbounded] = with_cancel(root);
    BOOST_TEST((with_grace(parent, 5ns).ctx.deadline() == now() + 1s + 5ns));
    BOOST_TEST(!with_grace(unbounded, 5s).ctx.deadline().has_value());
    BOOST_TEST(!with_grace(parent, duration::max()).ctx.deadline().has_value());
    auto [once, cancel_once] = with_grace(parent, 2s);
    auto [twice, cancel_twice] = with_grace(once, 3s);
    BOOST_TEST((twice.deadline() == now() + 6s));
}

BOOST_FIXTURE_TEST_CASE(
    a_grace_ends_at_its_deadline_when_time_jumps_over_it, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_timeout(root, 1s, slow);
    auto [ctx, cancel] = with_grace(parent, 2s);
    clock.advance(1h);
    BOOST_TEST((now() > *ctx.deadline()));
    BOOST_TEST(ctx.error() == errc::deadline_exceeded);
    BOOST_TEST(ctx.cause() == slow);
}

BOOST_FIXTURE_TEST_CASE(
    a_grace_ends_at_its_deadline_when_time_jumps_into_it, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_timeout(root, 1s);
    auto [ctx, cancel] = with_grace(parent, 10s);
    clock.advance(5s);
    BOOST_TEST(!ctx.done());
    clock.advance(6s - 1ns);
    BOOST_TEST(!ctx.done());
    clock.advance(1ns);
    BOOST_TEST(ctx.done());
}

BOOST_FIXTURE_TEST_CASE(
    a_grace_begins_at_once_if_the_parent_is_done, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_cancel(root);
    cancel_parent(broken);
    auto const line = __LINE__ - 1;
    clock.advance(1h);
    auto [ctx, cancel] = with_grace(parent, 2s);
    BOOST_TEST(!ctx.done());
    BOOST_TEST(!ctx.error());
    clock.advance(2s - 1ns);
    BOOST_TEST(!ctx.done());
    clock.advance(1ns);
    BOOST_TEST(ctx.error() == errc::canceled);
    BOOST_TEST(ctx.cause() == broken);
    BOOST_TEST(ctx.canceled_at().line() == unsigned(line));
}

BOOST_FIXTURE_TEST_CASE(
    a_grace_that_begins_late_has_a_deadline_that_is_not_over,
    manual_time_fixture)
{
    auto [parent, cancel_parent] = with_timeout(root, 1s);
    clock.advance(1h);
    auto [ctx, cancel] = with_grace(parent, 10s);
    BOOST_TEST(!ctx.done());
    BOOST_TEST((ctx.deadline() == now() + 10s));
    BOOST_TEST((ctx.remaining() == 10s));
    // Clean-up with a time limit of its own.
    auto [step, cancel_step] = with_timeout(ctx, 1s, slow);
    BOOST_TEST((step.deadline() == now() + 1s));
    clock.advance(1s);
    BOOST_TEST(step.cause() == slow);
    BOOST_TEST(!ctx.done());
    clock.advance(9s);
    BOOST_TEST(ctx.done());
}

BOOST_FIXTURE_TEST_CASE(
    a_grace_after_an_early_cancellation_ends_before_its_deadline,
    manual_time_fixture)
{
    auto [parent, cancel_parent] = with_timeout(root, 1h);
    auto [ctx, cancel] = with_grace(parent, 2s);
    cancel_parent();
    clock.advance(2s);
    BOOST_TEST(ctx.error() == errc::canceled);
}

BOOST_FIXTURE_TEST_CASE(
    a_grace_can_be_canceled_before_it_begins, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_cancel(root);
    auto [ctx, cancel] = with_grace(parent, 2s);
    cancel(slow);
    BOOST_TEST(ctx.cause() == slow);
    BOOST_TEST(!parent.done());
    cancel_parent(broken);
    clock.advance(1h);
    BOOST_TEST(ctx.error() == errc::canceled);
    BOOST_TEST(ctx.cause() == slow);
}

BOOST_FIXTURE_TEST_CASE(
    a_grace_can_be_canceled_while_it_lasts, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_cancel(root);
    auto [ctx, cancel] = with_grace(parent, 2s);
    auto [below, cancel_below] = with_cancel(ctx);
    cancel_parent(broken);
    clock.advance(1s);
    BOOST_TEST(!below.done());
    cancel(slow);
    BOOST_TEST(ctx.cause() == slow);
    BOOST_TEST(below.cause() == slow);
    clock.advance(1h);
    BOOST_TEST(ctx.cause() == slow);
}

BOOST_FIXTURE_TEST_CASE(the_end_of_its_source_ends_a_grace, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_cancel(root);
    // NOLINTNEXTLINE(asioctx-dead-context): what it shows
    auto const before = with_grace(parent, 2s).ctx;
    auto const line = __LINE__ - 1;
    BOOST_TEST(before.done());
    BOOST_TEST(before.canceled_at().line() == unsigned(line));
    std::optional<cancelable> during = with_grace(parent, 2s);
    auto const ctx = during->ctx;
    cancel_parent(broken);
    during.reset();
    BOOST_TEST(ctx.error() == errc::canceled);
    BOOST_TEST(ctx.cause() == errc::canceled);
}

BOOST_FIXTURE_TEST_CASE(a_grace_of_zero_or_less_is_none, manual_time_fixture)
{
    for (duration const d : {duration(0), duration(-1), duration::min()})
    {
        auto [parent, cancel_parent] = with_timeout(root, 1h);
        auto [ctx, cancel] = with_grace(parent, d);
        BOOST_TEST((ctx.deadline() == parent.deadline()));
        BOOST_TEST(!ctx.done());
        cancel_parent(broken);
        BOOST_TEST(ctx.cause() == broken);
        BOOST_TEST(with_grace(parent, d).ctx.cause() == broken);
    }
}

BOOST_FIXTURE_TEST_CASE(
    a_grace_can_last_until_it_is_canceled, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_cancel(root);
    auto [ctx, cancel] = with_grace(parent, duration::max());
    cancel_parent();
    auto [late, cancel_late] = with_grace(parent, duration::max());
    clock.advance(24h * 365 * 100);
    BOOST_TEST(!ctx.done());
    BOOST_TEST(!late.done());
    cancel();
    BOOST_TEST(ctx.done());
}

BOOST_FIXTURE_TEST_CASE(
    a_grace_without_end_does_not_keep_run_from_returning, io_context_fixture)
{
    auto [parent, cancel_parent] = with_cancel(root);
    auto [ctx, cancel] = with_grace(parent, duration::max());
    cancel_parent();
    ioc.run_for(20ms);
    BOOST_TEST(ioc.stopped()); // there is no deadline
    BOOST_TEST(!ctx.done());
}

BOOST_FIXTURE_TEST_CASE(
    the_root_of_a_grace_may_never_be_done, manual_time_fixture)
{
    auto [ctx, cancel] = with_grace(root, 1s);
    clock.advance(1h);
    BOOST_TEST(!ctx.done());
    BOOST_TEST(!ctx.deadline().has_value());
    cancel();
    BOOST_TEST(ctx.done());
}

BOOST_FIXTURE_TEST_CASE(
    what_is_below_a_grace_lives_as_long, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_cancel(root);
    auto [graced, cancel_graced] = with_grace(parent, 2s);
    auto [ctx, cancel] = with_cancel(with_value(graced, number, 1));
    auto [hard, cancel_hard] = with_cancel(parent);
    int calls = 0;
    auto const registration = after_func(ctx, [&] { ++calls; });
    cancel_parent(broken);
    BOOST_TEST(hard.done());
    BOOST_TEST(!ctx.done());
    // What is derived now lives as well.
    auto [late, cancel_late] = with_cancel(ctx);
    BOOST_TEST(!late.done());
    BOOST_TEST(poll() == 0u);
    clock.advance(2s);
    for (auto const& c : {ctx, late})
    {
        BOOST_TEST(c.error() == errc::canceled);
        BOOST_TEST(c.cause() == broken);
    }
    poll();
    BOOST_TEST(calls == 1);
    BOOST_TEST(*ctx.value(number) == 1);
}

BOOST_FIXTURE_TEST_CASE(a_grace_keeps_the_values_above_it, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_cancel(with_value(root, number, 1));
    auto [ctx, cancel] = with_grace(parent, 2s);
    cancel_parent();
    BOOST_TEST(*ctx.value(number) == 1);
    clock.advance(2s);
    BOOST_TEST(*ctx.value(number) == 1);
}

BOOST_FIXTURE_TEST_CASE(
    graces_add_up_when_one_is_below_the_other, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_cancel(root);
    auto [outer, cancel_outer] = with_grace(parent, 2s);
    auto [inner, cancel_inner] = with_grace(outer, 3s);
    cancel_parent(broken);
    clock.advance(2s);
    BOOST_TEST(outer.cause() == broken);
    BOOST_TEST(!inner.done());
    clock.advance(3s - 1ns);
    BOOST_TEST(!inner.done());
    clock.advance(1ns);
    BOOST_TEST(inner.cause() == broken);
}

BOOST_FIXTURE_TEST_CASE(
    graces_that_add_up_end_when_time_jumps_over_them, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_timeout(root, 1s, slow);
    auto [outer, cancel_outer] = with_grace(parent, 2s);
    auto [inner, cancel_inner] = with_grace(outer, 3s);
    recorder r;
    r.add(inner, 3);
    r.add(outer, 2);
    r.add(parent, 1);
    clock.advance(1h);
    BOOST_TEST(inner.cause() == slow);
    poll();
    BOOST_TEST(
        r.order == (std::vector{1, 2, 3}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(
    graces_beside_each_other_end_each_in_its_time, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_cancel(root);
    auto [longer, cancel_longer] = with_grace(parent, 3s);
    auto [shorter, cancel_shorter] = with_grace(parent, 1s);
    auto [hard, cancel_hard] = with_cancel(parent);
    cancel_parent();
    BOOST_TEST(hard.done());
    clock.advance(1s);
    BOOST_TEST(shorter.done());
    BOOST_TEST(!longer.done());
    clock.advance(2s);
    BOOST_TEST(longer.done());
}

BOOST_FIXTURE_TEST_CASE(
    a_deadline_below_a_grace_passes_before_it_begins, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_cancel(root);
    auto [graced, cancel_graced] = with_grace(parent, 10s);
    auto [ctx, cancel] = with_timeout(graced, 1s, slow);
    BOOST_TEST((ctx.deadline() == now() + 1s));
    clock.advance(1s);
    BOOST_TEST(ctx.cause() == slow);
    BOOST_TEST(!graced.done());
}

BOOST_FIXTURE_TEST_CASE(
    a_deadline_below_a_grace_passes_while_it_lasts, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_cancel(root);
    auto [graced, cancel_graced] = with_grace(parent, 10s);
    auto [before, cancel_before] = with_timeout(graced, 3s, slow);
    cancel_parent(broken);
    clock.advance(1s);
    auto [during, cancel_during] = with_timeout(graced, 3s, slow);
    clock.advance(2s);
    BOOST_TEST(before.cause() == slow);
    BOOST_TEST(!during.done());
    clock.advance(1s);
    BOOST_TEST(during.cause() == slow);
    BOOST_TEST(!graced.done());
}

BOOST_FIXTURE_TEST_CASE(
    a_grace_ends_a_later_deadline_below_it, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_cancel(root);
    auto [graced, cancel_graced] = with_grace(parent, 1s);
    auto [ctx, cancel] = with_timeout(graced, 1h, slow);
    cancel_parent(broken);
    clock.advance(1s);
    BOOST_TEST(ctx.error() == errc::canceled);
    BOOST_TEST(ctx.cause() == broken);
}

BOOST_FIXTURE_TEST_CASE(
    a_deadline_below_a_grace_may_be_later_than_above_it, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_timeout(root, 1s, broken);
    auto [graced, cancel_graced] = with_grace(parent, 10s);
    auto [ctx, cancel] = with_timeout(graced, 5s, slow);
    auto [late, cancel_late] = with_timeout(graced, 20s, slow);
    BOOST_TEST((ctx.deadline() == now() + 5s));
    BOOST_TEST((late.deadline() == now() + 11s));
    clock.advance(5s);
    BOOST_TEST(ctx.cause() == slow);
    BOOST_TEST(!graced.done());
    clock.advance(6s);
    BOOST_TEST(late.cause() == broken);
}

BOOST_FIXTURE_TEST_CASE(
    of_a_grace_and_an_equal_deadline_below_it_the_grace_counts,
    manual_time_fixture)
{
    auto [parent, cancel_parent] = with_timeout(root, 1s, broken);
    auto [graced, cancel_graced] = with_grace(parent, 2s);
    auto [ctx, cancel] = with_timeout(graced, 3s, slow);
    BOOST_TEST((ctx.deadline() == graced.deadline()));
    clock.advance(1s);
    clock.advance(2s);
    BOOST_TEST(graced.cause() == broken);
    BOOST_TEST(ctx.cause() == broken);
}

BOOST_FIXTURE_TEST_CASE(
    without_cancel_below_a_grace_has_no_end, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_timeout(root, 1s);
    auto [graced, cancel_graced] = with_grace(parent, 1s);
    auto const ctx = without_cancel(graced);
    BOOST_TEST(!ctx.deadline().has_value());
    clock.advance(1h);
    BOOST_TEST(!ctx.done());
}

BOOST_FIXTURE_TEST_CASE(
    a_grace_can_be_dropped_while_it_lasts, manual_time_fixture)
{
    auto const live = live_objects();
    {
        auto [parent, cancel_parent] = with_cancel(root);
        auto [ctx, cancel] = with_grace(parent, 1s);
        cancel.detach();
        cancel_parent();
        ctx = context();
        parent = context();
        cancel_parent.detach();
        BOOST_TEST(live_objects() == live);
    }
    clock.advance(1s);
}

BOOST_FIXTURE_TEST_CASE(a_grace_of_real_time_is_never_early, io_context_fixture)
{
    auto [parent, cancel_parent] = with_cancel(root);
    auto [ctx, cancel] = with_grace(parent, 3ms);
    BOOST_TEST(idle());
    auto const start = clock_type::now();
    cancel_parent(broken);
    poll_until(ioc, [c = ctx] { return c.done(); });
    BOOST_TEST(ctx.cause() == broken);
    BOOST_TEST((clock_type::now() - start >= 3ms));
}

BOOST_FIXTURE_TEST_CASE(
    a_cancellation_that_begins_a_grace_of_real_time_allocates_nothing,
    io_context_fixture)
{
    // Asio's heap of timers has grown before.
    (void)with_timeout(root, 1ms);
    ioc.restart();
    ioc.run();
    auto [parent, cancel_parent] = with_cancel(root);
    auto [ctx, cancel] = with_grace(parent, 3ms);
    allocation_counter const counter;
    cancel_parent(broken);
    auto const allocations = counter.count();
    BOOST_TEST(allocations == 0u);
    BOOST_TEST(!ctx.done());
}

// Asio's timers may have to allocate. That is no reason to fail, or to stay
// live for ever.
BOOST_FIXTURE_TEST_CASE(
    without_memory_for_a_timer_there_is_no_grace, io_context_fixture)
{
    auto [parent, cancel_parent] = with_cancel(root);
    auto [ctx, cancel] = with_grace(parent, 3ms);
    {
        failing_allocations const none;
        cancel_parent(broken);
    }
    BOOST_TEST(parent.done());
    BOOST_TEST(ctx.done());
    BOOST_TEST(ctx.cause() == broken);
}

// A cause that is destroyed calls foreign code, which may look for the
// context's lock.
BOOST_FIXTURE_TEST_CASE(
    an_exception_that_has_not_become_the_cause_goes_with_its_context,
    io_context_fixture)
{
    struct at_end
    {
        explicit at_end(std::function<void()> f) : function(std::move(f))
        {
        }

        at_end(at_end const&) = delete;
        at_end& operator=(at_end const&) = delete;

        ~at_end()
        {
            function();
        }

        std::function<void()> function;
    };

    enum class end_by
    {
        cause,
        destructor,
        parent,
    };
    auto const derive =
        [](context const& parent, bool by_clock, std::exception_ptr const& e)
    {
        return by_clock
            ? with_deadline(parent, std::chrono::system_clock::now() + 1h, e)
            : with_timeout(parent, 1h, e);
    };
    for (auto const by : {end_by::cause, end_by::destructor, end_by::parent})
        for (bool const by_clock : {false, true})
        {
            context child;
            bool gone = false;
            auto e = std::make_exception_ptr(std::make_shared<at_end>(
                [&]
                {
                    child = {};
                    gone = true;
                }));
            auto top = with_cancel(root);
            auto c = std::optional(derive(top.ctx, by_clock, e));
            e = nullptr;
            auto keep = c->ctx;
            child = without_cancel(keep);
            if (by == end_by::cause)
                c->cancel(broken);
            else if (by == end_by::parent)
                top.cancel(broken);
            c.reset();
            BOOST_TEST(keep.done());
            BOOST_TEST(!gone);
            child = {};
            keep = {};
            BOOST_TEST(gone);
        }
}

BOOST_AUTO_TEST_SUITE_END()
