//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/without_cancel.hpp>

#include <asioctx/after_func.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/value.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <string>

#include "support/io_context_fixture.hpp"
#include "support/print.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

namespace {

constexpr context_key<std::string> user("user");

} // namespace

BOOST_AUTO_TEST_SUITE(test_without_cancel)

BOOST_AUTO_TEST_CASE(it_is_not_done_with_its_parent)
{
    auto [parent, cancel] = with_cancel(background());
    auto const ctx = without_cancel(parent);
    BOOST_TEST((ctx != parent));
    cancel();
    BOOST_TEST(parent.done());
    BOOST_TEST(!ctx.done());
    BOOST_TEST(!ctx.error());
    BOOST_TEST(!ctx.cause());
    BOOST_TEST(!ctx.exception());
    BOOST_TEST(ctx.canceled_at().line() == 0u);
    BOOST_CHECK_NO_THROW(ctx.throw_if_done());
}

BOOST_AUTO_TEST_CASE(it_is_live_below_a_parent_that_is_done)
{
    auto [parent, cancel] = with_cancel(background());
    cancel(make_error_code(boost::system::errc::io_error));
    auto const ctx = without_cancel(parent);
    BOOST_TEST(!ctx.done());
    BOOST_TEST(!ctx.cause());
}

BOOST_FIXTURE_TEST_CASE(it_has_no_deadline, manual_time_fixture)
{
    auto [parent, cancel] = with_timeout(root, 1s);
    auto const ctx = without_cancel(parent);
    BOOST_TEST(!ctx.deadline().has_value());
    BOOST_TEST((ctx.remaining() == duration::max()));
    clock.advance(1h);
    BOOST_TEST(parent.done());
    BOOST_TEST(!ctx.done());
}

BOOST_AUTO_TEST_CASE(it_keeps_values)
{
    auto [parent, cancel] =
        with_cancel(with_value(background(), user, "alice"));
    auto const ctx = without_cancel(parent);
    cancel();
    BOOST_TEST(*ctx.value(user) == "alice");
    BOOST_TEST(*with_value(ctx, user, "bob").value(user) == "bob");
}

BOOST_AUTO_TEST_CASE(what_is_derived_from_it_can_be_canceled)
{
    auto [parent, cancel_parent] = with_cancel(background());
    auto const shield = without_cancel(parent);
    auto [ctx, cancel] = with_cancel(shield);
    auto [below, cancel_below] = with_cancel(ctx);
    cancel_parent();
    BOOST_TEST(!ctx.done());
    cancel();
    BOOST_TEST(ctx.error() == errc::canceled);
    BOOST_TEST(below.done());
    BOOST_TEST(!shield.done());
}

BOOST_FIXTURE_TEST_CASE(
    what_is_derived_from_it_can_have_a_deadline, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_timeout(root, 1s);
    auto const shield = without_cancel(parent);
    auto [ctx, cancel] = with_timeout(shield, 2s);
    BOOST_TEST((ctx.deadline() == now() + 2s));
    clock.advance(1s);
    BOOST_TEST(parent.done());
    BOOST_TEST(!ctx.done());
    clock.advance(1s);
    BOOST_TEST(ctx.error() == errc::deadline_exceeded);
    BOOST_TEST(!shield.done());
}

BOOST_FIXTURE_TEST_CASE(
    what_is_derived_from_it_can_have_a_grace, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_cancel(root);
    auto const shield = without_cancel(parent);
    auto [ctx, cancel] = with_grace(shield, 1s);
    cancel_parent();
    clock.advance(1h);
    BOOST_TEST(!ctx.done());
    cancel();
    BOOST_TEST(ctx.done());
}

BOOST_AUTO_TEST_CASE(a_child_of_the_parent_beside_it_is_canceled)
{
    auto [parent, cancel] = with_cancel(background());
    auto [before, cancel_before] = with_cancel(parent);
    auto const shield = without_cancel(parent);
    auto [after, cancel_after] = with_cancel(parent);
    cancel();
    BOOST_TEST(before.done());
    BOOST_TEST(after.done());
    BOOST_TEST(!shield.done());
}

BOOST_FIXTURE_TEST_CASE(a_function_after_it_never_runs, io_context_fixture)
{
    auto [parent, cancel] = with_cancel(root);
    auto const ctx = without_cancel(parent);
    bool called = false;
    auto registration = after_func(ctx, [&] { called = true; });
    cancel();
    poll();
    BOOST_TEST(!called);
    BOOST_TEST(registration.stop());
}

BOOST_AUTO_TEST_CASE(it_keeps_its_parent_alive)
{
    static constexpr context_key<std::shared_ptr<int>> key("shared");
    auto const p = std::make_shared<int>(1);
    {
        auto const ctx = without_cancel(with_value(background(), key, p));
        BOOST_TEST(p.use_count() == 2);
    }
    BOOST_TEST(p.use_count() == 1);
}

BOOST_FIXTURE_TEST_CASE(to_string_shows_it, io_context_fixture)
{
    BOOST_TEST(to_string(without_cancel(root)) == "background.without_cancel");
    BOOST_TEST(
        to_string(without_cancel(background())) == "background.without_cancel");
    BOOST_TEST(
        to_string(with_value(without_cancel(root), user, "x"))
        == "background.without_cancel.with_value(user)");
}

BOOST_AUTO_TEST_SUITE_END()
