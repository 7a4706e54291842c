//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/task_group_report.hpp>

#include <asioctx/task_group.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <utility>

#include "support/group_fixture.hpp"
#include "support/print.hpp"
#include "support/probe.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

namespace {

error_code const broken(5, boost::system::generic_category());

} // namespace

BOOST_FIXTURE_TEST_SUITE(test_task_group_report, group_fixture)

BOOST_AUTO_TEST_CASE(waits_for_a_task_that_does_not_look_at_cancellation)
{
    task_group g(root);
    asio::steady_timer own(ioc, time_point::max());
    auto const deaf = [&]() -> asio::awaitable<void>
    {
        co_await asio::this_coro::reset_cancellation_state(
            asio::disable_cancellation());
        co_await own.async_wait(asio::as_tuple(asio::use_awaitable));
    };
    g.spawn(deaf);
    auto const line = __LINE__ - 1;
    start_join(g);
    poll();
    g.cancel();
    poll();
    clock.advance(3s);
    auto const r = g.report();
    BOOST_TEST(join.calls == 0);
    BOOST_TEST_REQUIRE(r.pending.size() == 1u);
    BOOST_TEST(r.pending[0].at.line() == line);
    BOOST_TEST((r.pending[0].age == 3s));
    BOOST_TEST((r.stopping == 3s));
    own.cancel();
    poll();
    BOOST_TEST(join.succeeded());
    clock.advance(3s);
    BOOST_TEST((g.report().stopping == 3s));
}

BOOST_AUTO_TEST_CASE(collects_every_failure)
{
    task_group g(root, task_group::unlimited, on_error::collect);
    g.spawn([&] { return lost(); });
    probe<> p;
    g.spawn([&](auto token) { return p.start(std::move(token)); });
    g.spawn([&] { return nothing(); });
    start_join(g);
    poll();
    BOOST_TEST(!g.ctx().done());
    p.complete(broken);
    poll();
    BOOST_TEST(join.failed_with("lost"));
    auto const r = g.report();
    BOOST_TEST(r.failures.size() == 2u);
    BOOST_TEST(code_of(r.failures[1].exception) == broken);
    BOOST_TEST(r.failures[1].at.line() == r.failures[0].at.line() + 2);
    BOOST_TEST(r.finished == 1u);
}

BOOST_AUTO_TEST_CASE(ignores_failures)
{
    task_group g(root, task_group::unlimited, on_error::ignore);
    g.spawn([&] { return lost(); });
    start_join(g);
    poll();
    BOOST_TEST(join.succeeded());
    BOOST_TEST(!g.ctx().done());
    BOOST_TEST(g.report().failed == 1u);
    BOOST_TEST(g.report().failures.empty());
}

BOOST_AUTO_TEST_CASE(tells_what_was_not_started)
{
    task_group g(root, 1);
    probe<> p;
    g.spawn([&](auto token) { return p.start(std::move(token)); });
    g.spawn([&] { return nothing(); });
    auto const line = __LINE__ - 1;
    clock.advance(2s);
    auto const before = g.report();
    BOOST_TEST_REQUIRE(before.pending.size() == 2u);
    BOOST_TEST(before.pending[1].queued);
    BOOST_TEST(before.pending[1].at.line() == line);
    BOOST_TEST((before.pending[1].age == 2s));
    g.cancel();
    start_join(g);
    poll();
    auto const r = g.report();
    BOOST_TEST(r.pending.size() == 1u);
    BOOST_TEST(r.aborted == 1u);
    BOOST_TEST(r.not_started == 1u);
    p.complete({});
    poll();
    BOOST_TEST(g.report().finished == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
