//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/merge.hpp>

#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/value.hpp>

#include <asioctx/testing/manual_clock.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>

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
    auto const merged =
        merge(with_value(late.ctx, number, 1), with_value(early.ctx, number, 2));
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

BOOST_AUTO_TEST_SUITE_END()
