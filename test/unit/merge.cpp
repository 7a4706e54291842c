//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/merge.hpp>

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/value.hpp>
#include <asioctx/without_cancel.hpp>

#include <asioctx/testing/manual_clock.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "support/print.hpp"

using namespace asioctx;
using namespace std::chrono_literals;

namespace {

constexpr context_key<int> number;

struct fixture
{
    boost::asio::io_context ioc;
    testing::manual_clock clock{ioc};
    context root = background(ioc);
};

error_code const broken(5, boost::system::generic_category());

} // namespace

BOOST_FIXTURE_TEST_SUITE(test_merge, fixture)

BOOST_AUTO_TEST_CASE(is_done_with_whichever_is_done_first)
{
    for (int which = 0; which < 3; ++which)
    {
        cancelable const c[] = {
            with_cancel(root), with_cancel(root), with_cancel(root)};
        auto const merged = merge(c[0].ctx, c[1].ctx, c[2].ctx);
        BOOST_TEST(!merged.done());
        c[which].cancel(broken);
        BOOST_TEST(merged.error() == errc::canceled);
        BOOST_TEST(merged.cause() == broken);
        BOOST_TEST(
            merged.canceled_at().line() == c[which].ctx.canceled_at().line());
        c[(which + 1) % 3].cancel();
        BOOST_TEST(merged.cause() == broken);
    }
}

BOOST_AUTO_TEST_CASE(is_done_at_once_with_the_first_that_is)
{
    auto const live = with_cancel(root);
    auto const done = with_cancel(root);
    done.cancel(broken);
    BOOST_TEST(merge(live.ctx, done.ctx).cause() == broken);
    BOOST_TEST(merge(done.ctx, live.ctx).cause() == broken);
}

BOOST_AUTO_TEST_CASE(has_the_earliest_deadline_and_the_values_of_the_first)
{
    auto const early = with_timeout(root, 1s, broken);
    auto const late = with_timeout(root, 2s);
    auto const merged = merge(
        with_value(late.ctx, number, 1), with_value(early.ctx, number, 2));
    BOOST_TEST((merged.deadline() == early.ctx.deadline()));
    BOOST_TEST(*merged.value(number) == 1);
    clock.advance(1s);
    BOOST_TEST(merged.error() == errc::deadline_exceeded);
    BOOST_TEST(merged.cause() == broken);
}

BOOST_AUTO_TEST_CASE(many_merged_contexts_leave_nothing_behind)
{
    auto const a = with_cancel(root);
    auto const b = with_cancel(root);
    for (int i = 0; i < 100'000; ++i)
        BOOST_REQUIRE(!merge(a.ctx, b.ctx).done());
    a.cancel();
    b.cancel();
}

BOOST_AUTO_TEST_CASE(a_long_chain_is_canceled_and_dropped_on_this_stack)
{
    auto const source = with_cancel(root);
    context last = source.ctx;
    for (int i = 0; i < 100'000; ++i)
        last = merge(root, last);
    source.cancel(broken);
    BOOST_TEST(last.cause() == broken);
}

// Where no timer can be had, a grace is over at once.
BOOST_AUTO_TEST_CASE(a_long_chain_of_graces_that_cannot_begin_needs_no_stack)
{
    for (bool const merges : {false, true})
    {
        std::optional<asio::io_context> gone(std::in_place);
        auto const its_root = background(*gone);
        auto const source = with_cancel(its_root);
        context last = source.ctx;
        for (int i = 0; i < 50'000; ++i)
        {
            auto graced = with_grace(last, 1s);
            graced.cancel.detach();
            last = merges ? merge(its_root, graced.ctx) : graced.ctx;
        }
        gone.reset();
        source.cancel(broken);
        BOOST_TEST(last.cause() == broken);
    }
}

// Deadlines of several roots.

BOOST_AUTO_TEST_CASE(a_childs_deadline_passes_though_another_roots_is_earlier)
{
    boost::asio::io_context elsewhere;
    testing::manual_clock stopped(elsewhere);
    auto const other = with_timeout(background(elsewhere), 1s);
    auto const merged = merge(root, other.ctx);
    auto const [ctx, cancel] = with_timeout(merged, 2s, broken);
    auto const [below, cancel_below] = with_timeout(ctx, 3s, broken);
    auto const [value, cancel_value] =
        with_timeout(with_value(merged, number, 1), 2s);
    auto const [idle, touch] = with_idle_timeout(merged, 2s);
    // What is reported is the earliest all the same.
    BOOST_TEST((ctx.deadline() == other.ctx.deadline()));
    BOOST_TEST((below.deadline() == other.ctx.deadline()));
    clock.advance(2s);
    BOOST_TEST(!merged.done());
    BOOST_TEST(ctx.cause() == broken);
    BOOST_TEST(ctx.ended_by_own_deadline());
    BOOST_TEST(value.done());
    BOOST_TEST(idle.done());
    BOOST_TEST(!other.ctx.done());
}

BOOST_AUTO_TEST_CASE(a_childs_deadline_passes_below_a_merged_one_and_a_grace)
{
    boost::asio::io_context elsewhere;
    testing::manual_clock stopped(elsewhere);
    auto const other = with_timeout(background(elsewhere), 1s);
    auto const again = merge(root, merge(root, other.ctx));
    auto const [late, cancel_late] = with_grace(again, 1s);
    auto const [ctx, cancel] = with_timeout(late, 3s);
    auto const [direct, cancel_direct] = with_timeout(again, 3s);
    clock.advance(3s);
    BOOST_TEST(ctx.done());
    BOOST_TEST(direct.done());
}

BOOST_AUTO_TEST_CASE(
    a_deadline_of_an_execution_context_that_is_gone_holds_nothing)
{
    auto elsewhere = std::make_unique<boost::asio::io_context>();
    auto const other = with_timeout(background(*elsewhere), 1s);
    elsewhere.reset();
    auto const [ctx, cancel] = with_timeout(merge(root, other.ctx), 2s);
    clock.advance(2s);
    BOOST_TEST(ctx.done());
}

BOOST_AUTO_TEST_CASE(the_other_roots_deadline_counts_if_it_passes)
{
    boost::asio::io_context elsewhere;
    testing::manual_clock other_clock(elsewhere);
    auto const other = with_timeout(background(elsewhere), 1s, broken);
    auto const [ctx, cancel] = with_timeout(merge(root, other.ctx), 2s);
    other_clock.advance(1s);
    BOOST_TEST(ctx.cause() == broken);
    BOOST_TEST(!ctx.ended_by_own_deadline());
    clock.advance(2s);
    BOOST_TEST(ctx.cause() == broken);
}

// Cancellations within a cancellation.

BOOST_AUTO_TEST_CASE(is_done_when_a_cancel_within_another_one_returns)
{
    auto const x = with_cancel(root);
    auto const y = with_cancel(root);
    auto const mx = merge(root, x.ctx);
    auto const my = merge(root, y.ctx);
    auto const chain = merge(root, my);
    bool seen = false;
    bool chain_seen = false;
    std::function<void()> complete;
    auto const initiate = [&](auto handler)
    {
        auto p = std::make_shared<decltype(handler)>(std::move(handler));
        boost::asio::get_associated_cancellation_slot(*p).assign(
            [&](boost::asio::cancellation_type)
            {
                y.cancel();
                seen = my.done();
                chain_seen = chain.done();
            });
        complete = [p]
        {
            (*p)(error_code());
        };
    };
    auto token = bind_context(mx, [](error_code) {});
    boost::asio::async_initiate<decltype(token), void(error_code)>(
        initiate, token);
    boost::asio::post(ioc, [&] { x.cancel(); });
    ioc.poll();
    BOOST_TEST(seen);
    BOOST_TEST(chain_seen);
    boost::asio::post(ioc, std::exchange(complete, nullptr));
    ioc.restart();
    ioc.poll();
}

// What makes nothing.

BOOST_AUTO_TEST_CASE(what_the_parent_is_done_with_anyway_makes_nothing)
{
    auto const outer = with_cancel(root);
    auto const inner = with_cancel(outer.ctx);
    auto const ctx = with_value(inner.ctx, number, 1);
    BOOST_TEST((merge(ctx, {}) == ctx));
    BOOST_TEST((merge(ctx, ctx) == ctx));
    BOOST_TEST((merge(ctx, outer.ctx) == ctx));
    BOOST_TEST((merge(ctx, root, background(), outer.ctx, ctx) == ctx));
    BOOST_TEST((merge(background(), background()) == background()));
}

BOOST_AUTO_TEST_CASE(what_would_outlive_an_ancestor_is_merged_with_it)
{
    auto const outer = with_cancel(root);
    auto const grace = with_grace(outer.ctx, 1s);
    auto const detached = without_cancel(outer.ctx);
    auto const hard = merge(grace.ctx, outer.ctx);
    auto const bound = merge(detached, outer.ctx);
    // The ancestor is not done when what is below it is.
    auto const below = with_cancel(outer.ctx);
    auto const either = merge(outer.ctx, below.ctx);
    below.cancel();
    BOOST_TEST(either.done());
    BOOST_TEST(!hard.done());
    outer.cancel();
    BOOST_TEST(hard.done());
    BOOST_TEST(bound.done());
    BOOST_TEST(!grace.ctx.done());
}

BOOST_AUTO_TEST_CASE(one_that_is_given_twice_counts_once)
{
    auto const a = with_cancel(root);
    auto const merged = merge(root, a.ctx, with_value(a.ctx, number, 1), a.ctx);
    a.cancel(broken);
    BOOST_TEST(merged.cause() == broken);
}

BOOST_AUTO_TEST_SUITE_END()
