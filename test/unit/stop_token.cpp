//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/stop_token.hpp>

#include <asioctx/after_func.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/value.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <stop_token>

#include "support/allocation_counter.hpp"
#include "support/print.hpp"

using namespace asioctx;

namespace {

constexpr context_key<int> number;

struct fixture
{
    boost::asio::io_context ioc;
    context root = background(ioc);
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(test_stop_token, fixture)

BOOST_AUTO_TEST_CASE(a_stop_request_cancels_before_it_returns)
{
    std::stop_source source;
    auto const c = with_stop_token(root, source.get_token());
    BOOST_TEST(!c.ctx.done());
    source.request_stop();
    BOOST_TEST(c.ctx.error() == errc::canceled);
    BOOST_TEST(with_stop_token(root, source.get_token()).ctx.done());
}

BOOST_AUTO_TEST_CASE(a_source_holds_nothing_of_contexts_that_are_gone)
{
    std::stop_source source;
    auto const value = std::make_shared<int>();
    static constexpr context_key<std::shared_ptr<int>> key;
    auto const live = test::live_objects();
    for (int i = 0; i < 1'000'000; ++i)
        (void)with_stop_token(with_value(root, key, value), source.get_token());
    BOOST_TEST(test::live_objects() == live);
    BOOST_TEST(value.use_count() == 1);
    source.request_stop();
}

BOOST_AUTO_TEST_CASE(a_context_holds_nothing_of_tokens_that_are_gone)
{
    auto const c = with_cancel(root);
    (void)get_stop_token(c.ctx);
    auto const live = test::live_objects();
    int stopped = 0;
    for (int i = 0; i < 1'000'000; ++i)
        std::stop_callback const gone(
            get_stop_token(c.ctx), [&stopped] { ++stopped; });
    BOOST_TEST(test::live_objects() == live);
    c.cancel();
    ioc.poll();
    BOOST_TEST(stopped == 0);
}

// What Go's tests do with a context that is not of the package.

BOOST_AUTO_TEST_CASE(a_stop_request_reaches_all_that_is_below)
{
    std::stop_source source;
    auto const c = with_stop_token(root, source.get_token());
    auto const child = with_cancel(with_value(c.ctx, number, 1));
    auto const timed = with_timeout(child.ctx, std::chrono::hours(1));
    bool called = false;
    auto registration = after_func(c.ctx, [&] { called = true; });
    source.request_stop();
    BOOST_TEST(child.ctx.error() == errc::canceled);
    BOOST_TEST(timed.ctx.error() == errc::canceled);
    BOOST_TEST(!called);
    ioc.poll();
    BOOST_TEST(called);
    BOOST_TEST(!registration.stop());
}

BOOST_AUTO_TEST_CASE(a_child_with_a_cause_leaves_its_source_alone_and_keeps_it)
{
    auto const broken = make_error_code(boost::system::errc::io_error);
    std::stop_source source;
    auto const c = with_stop_token(root, source.get_token());
    auto const child = with_cancel(c.ctx);
    child.cancel(broken);
    BOOST_TEST(!c.ctx.done());
    BOOST_TEST(!source.stop_requested());
    source.request_stop();
    BOOST_TEST(c.ctx.cause() == errc::canceled);
    BOOST_TEST(child.ctx.cause() == broken);
}

BOOST_AUTO_TEST_CASE(a_stop_callback_may_cancel_above_below_and_beside)
{
    std::stop_source source;
    auto const parent = with_cancel(root);
    auto const c = with_stop_token(parent.ctx, source.get_token());
    auto const child = with_cancel(c.ctx);
    std::stop_callback const before(
        source.get_token(),
        [&]
        {
            child.cancel();
            c.cancel();
            parent.cancel();
        });
    auto const beside = with_stop_token(c.ctx, source.get_token());
    source.request_stop();
    for (auto const& ctx : {parent.ctx, c.ctx, child.ctx, beside.ctx})
        BOOST_TEST(ctx.error() == errc::canceled);
}

BOOST_AUTO_TEST_CASE(a_token_is_requested_to_stop_by_a_posted_function)
{
    auto const c = with_cancel(root);
    auto const token = get_stop_token(c.ctx);
    BOOST_TEST((get_stop_token(with_value(c.ctx, number, 1)) == token));
    c.cancel();
    BOOST_TEST(!token.stop_requested());
    ioc.poll();
    BOOST_TEST(token.stop_requested());
}

BOOST_AUTO_TEST_CASE(a_context_that_is_done_gives_a_token_that_is_requested)
{
    auto const c = with_cancel(root);
    c.cancel();
    BOOST_TEST(get_stop_token(c.ctx).stop_requested());
}

BOOST_AUTO_TEST_CASE(a_second_token_of_a_context_that_is_done_is_requested_too)
{
    auto const c = with_cancel(root);
    auto const first = get_stop_token(c.ctx);
    c.cancel();
    BOOST_TEST(!first.stop_requested());
    BOOST_TEST(get_stop_token(c.ctx).stop_requested());
    BOOST_TEST(first.stop_requested());
    ioc.poll();
}

BOOST_AUTO_TEST_CASE(a_token_is_requested_though_the_execution_context_is_gone)
{
    auto c = cancelable();
    std::stop_token first;
    {
        boost::asio::io_context gone;
        c = with_cancel(background(gone));
        first = get_stop_token(c.ctx);
    }
    c.cancel();
    BOOST_TEST(!first.stop_requested());
    BOOST_TEST(get_stop_token(c.ctx).stop_requested());
    BOOST_TEST(first.stop_requested());
}

BOOST_AUTO_TEST_CASE(stop_is_impossible_without_an_end)
{
    BOOST_TEST(!get_stop_token(background()).stop_possible());
    BOOST_TEST(!get_stop_token(root).stop_possible());
    std::stop_token token;
    {
        auto c = with_cancel(root);
        c.cancel.detach();
        token = get_stop_token(c.ctx);
        BOOST_TEST(token.stop_possible());
    }
    BOOST_TEST(!token.stop_possible());
}

BOOST_AUTO_TEST_SUITE_END()
