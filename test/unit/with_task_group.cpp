//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/with_task_group.hpp>

#include <asioctx/bind_context.hpp>
#include <asioctx/deadline.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/group_fixture.hpp"
#include "support/poll_until.hpp"
#include "support/print.hpp"
#include "support/probe.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

namespace {

error_code const broken(5, boost::system::generic_category());

struct fixture : group_fixture
{
    // Runs a coroutine that is not bound to anything.
    template <class F>
    void start(F f)
    {
        asio::co_spawn(ioc, std::move(f), join.handler());
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(test_with_task_group, fixture)

BOOST_AUTO_TEST_CASE(joins_when_the_body_ends)
{
    probe<> p;
    context of_group;
    start(
        [&]() -> asio::awaitable<void>
        {
            std::string local = "unused";
            co_await with_task_group(
                root,
                [&](task_group& g) -> asio::awaitable<void>
                {
                    of_group = g.ctx();
                    g.spawn(
                        [&, captured = std::string("captured by a task")](
                            context ctx) -> asio::awaitable<void>
                        {
                            co_await p.start(
                                bind_context(ctx, asio::use_awaitable));
                            local = captured;
                        });
                    co_return;
                });
            BOOST_TEST(local == "captured by a task");
        });
    poll();
    BOOST_TEST(join.calls == 0);
    BOOST_TEST(!of_group.done());
    p.complete({});
    poll();
    BOOST_TEST(join.succeeded());
    BOOST_TEST(of_group.error() == errc::canceled);
}

BOOST_AUTO_TEST_CASE(joins_when_the_body_throws_and_rethrows_that)
{
    for (auto const policy :
         {on_error::cancel,
          on_error::collect,
          on_error::ignore,
          on_error::until_success})
    {
        joined all;
        probe<> p; // does not look at cancellation
        asio::co_spawn(
            ioc,
            with_task_group(
                root,
                [&](task_group& g) -> asio::awaitable<void>
                {
                    g.spawn([&](auto token)
                            { return p.start(std::move(token)); });
                    g.spawn([&] { return wait(); });
                    throw std::runtime_error("body");
                    co_return;
                },
                policy),
            all.handler());
        poll();
        BOOST_TEST(all.calls == 0);
        p.complete(asio::error::operation_aborted);
        poll();
        BOOST_TEST(all.failed_with("body"));
    }
}

BOOST_AUTO_TEST_CASE(the_bodys_exception_is_the_cause_of_the_groups_end)
{
    start(
        [&]() -> asio::awaitable<void>
        {
            context of_group;
            try
            {
                co_await with_task_group(
                    root,
                    [&](task_group& g) -> asio::awaitable<void>
                    {
                        of_group = g.ctx();
                        co_await lost();
                    },
                    on_error::ignore);
            }
            catch (std::runtime_error const&)
            {
                BOOST_TEST((of_group.exception() == std::current_exception()));
            }
        });
    poll();
    BOOST_TEST(join.succeeded());
}

BOOST_AUTO_TEST_CASE(the_first_failure_is_thrown_be_it_a_tasks_or_the_bodys)
{
    // The task has failed; the body is aborted, or fails for it, too.
    for (bool const aborted : {true, false})
    {
        joined all;
        asio::co_spawn(
            ioc,
            with_task_group(
                root,
                [&, aborted](task_group& g) -> asio::awaitable<void>
                {
                    g.spawn([&] { return lost(); });
                    auto [ec] = co_await never.async_wait(bind_context(
                        g.ctx(), asio::as_tuple(asio::use_awaitable)));
                    BOOST_TEST(ec == errc::canceled);
                    if (aborted)
                        g.ctx().throw_if_done();
                    throw std::runtime_error("body");
                }),
            all.handler());
        poll();
        BOOST_TEST(all.failed_with("lost"));
    }
}

BOOST_AUTO_TEST_CASE(a_body_that_cancels_the_group_and_fails_is_not_masked)
{
    asio::co_spawn(
        ioc,
        with_task_group(
            root,
            [&](task_group& g) -> asio::awaitable<void>
            {
                g.spawn([&] { return wait(); });
                g.cancel();
                throw std::runtime_error("body");
                co_return;
            }),
        join.handler());
    poll();
    BOOST_TEST(join.failed_with("body"));
}

BOOST_AUTO_TEST_CASE(a_failure_of_a_body_without_tasks_is_thrown)
{
    for (auto const policy : {on_error::cancel, on_error::until_success})
    {
        joined all;
        asio::co_spawn(
            ioc,
            with_task_group(
                root, [&](task_group&) { return lost(); }, policy),
            all.handler());
        poll();
        BOOST_TEST(all.failed_with("lost"));
    }
}

BOOST_AUTO_TEST_CASE(a_body_that_throws_before_its_coroutine_is_no_exception)
{
    asio::co_spawn(
        ioc,
        with_task_group(
            root,
            [&](task_group& g) -> asio::awaitable<void>
            {
                g.spawn([&] { return nothing(); });
                throw std::runtime_error("early");
            }),
        join.handler());
    poll();
    BOOST_TEST(join.failed_with("early"));
}

BOOST_AUTO_TEST_CASE(a_body_that_ends_its_tasks_and_succeeds_is_no_error)
{
    enum
    {
        no_cause,
        cause,
        by_parent
    };
    for (int const how : {no_cause, cause, by_parent})
        for (auto const policy : {on_error::cancel, on_error::collect})
        {
            joined all;
            auto const parent = with_cancel(root);
            asio::co_spawn(
                ioc,
                with_task_group(
                    parent.ctx,
                    [&, how](task_group& g) -> asio::awaitable<void>
                    {
                        g.spawn([&] { return wait(); });
                        co_await asio::post(ioc, asio::use_awaitable);
                        if (how == by_parent)
                            parent.cancel(broken);
                        else if (how == cause)
                            g.cancel(broken);
                        else
                            g.cancel();
                    },
                    policy),
                all.handler());
            poll();
            if (how == no_cause)
                BOOST_TEST(all.succeeded());
            else
                BOOST_TEST(all.code() == broken);
        }
}

BOOST_AUTO_TEST_CASE(a_body_may_be_no_coroutine)
{
    for (bool const fails : {false, true})
    {
        joined all;
        probe<> p;
        asio::co_spawn(
            ioc,
            with_task_group(
                root,
                [&, fails](task_group& g)
                {
                    g.spawn([&](auto token)
                            { return p.start(std::move(token)); });
                    if (fails)
                        throw std::runtime_error("body");
                }),
            all.handler());
        poll();
        BOOST_TEST(all.calls == 0);
        p.complete({});
        poll();
        BOOST_TEST((fails ? all.failed_with("body") : all.succeeded()));
    }
}

BOOST_AUTO_TEST_CASE(the_parents_end_is_told_with_its_error)
{
    auto const limited = with_timeout(root, 1s);
    asio::co_spawn(
        ioc,
        with_task_group(
            limited.ctx,
            [&](task_group& g) -> asio::awaitable<void>
            {
                g.spawn([&] { return wait(); });
                co_return;
            }),
        join.handler());
    poll();
    clock.advance(1s);
    poll();
    BOOST_TEST(join.code() == errc::deadline_exceeded);
}

BOOST_AUTO_TEST_CASE(takes_the_limit_and_the_policy)
{
    std::size_t queued = 0;
    asio::co_spawn(
        ioc,
        with_task_group(
            root,
            [&](task_group& g) -> asio::awaitable<void>
            {
                g.spawn([&] { return lost(); });
                g.spawn([&] { return nothing(); });
                for (auto const& t : g.report().pending)
                    queued += t.queued;
                co_return;
            },
            1,
            on_error::ignore),
        join.handler());
    poll();
    BOOST_TEST(queued == 1u);
    BOOST_TEST(join.succeeded());
}

BOOST_AUTO_TEST_CASE(tasks_share_the_strand_of_the_body)
{
    auto const strand = asio::make_strand(ioc);
    asio::co_spawn(
        strand,
        with_task_group(
            background(), // without an execution context
            [&](task_group& g) -> asio::awaitable<void>
            {
                g.spawn(
                    [&]() -> asio::awaitable<void>
                    {
                        BOOST_TEST(strand.running_in_this_thread());
                        co_return;
                    });
                co_return;
            }),
        join.handler());
    poll();
    BOOST_TEST(join.succeeded());
}

BOOST_AUTO_TEST_CASE(a_canceled_coroutine_waits_and_then_throws)
{
    asio::cancellation_signal signal;
    probe<> p;
    bool after = false;
    asio::co_spawn(
        ioc,
        [&]() -> asio::awaitable<void>
        {
            co_await with_task_group(
                root,
                [&](task_group& g) -> asio::awaitable<void>
                {
                    g.spawn([&](auto token)
                            { return p.start(std::move(token)); });
                    co_return;
                });
            after = true;
            co_await nothing();
        },
        asio::bind_cancellation_slot(signal.slot(), join.handler()));
    poll();
    signal.emit(asio::cancellation_type::terminal);
    poll();
    BOOST_TEST(join.calls == 0);
    p.complete({}); // a success is not lost, and the coroutine remembers
    poll();
    BOOST_TEST(after);
    BOOST_TEST(join.code() == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_CASE(a_coroutine_that_was_asked_while_the_body_ran_cancels)
{
    asio::cancellation_signal signal;
    probe<> p;
    asio::co_spawn(
        ioc,
        with_task_group(
            root,
            [&](task_group& g) -> asio::awaitable<void>
            {
                g.spawn([&] { return wait(); });
                // Its success is not altered by the request.
                co_await p.start(asio::use_awaitable);
            }),
        asio::bind_cancellation_slot(signal.slot(), join.handler()));
    poll();
    signal.emit(asio::cancellation_type::terminal);
    poll(); // co_spawn posts it
    p.complete({});
    poll();
    BOOST_TEST(join.code() == errc::canceled);
}

BOOST_AUTO_TEST_CASE(a_body_that_is_aborted_by_its_coroutine_is_no_failure)
{
    asio::cancellation_signal signal;
    std::size_t failures = 0;
    asio::co_spawn(
        ioc,
        with_task_group(
            root,
            [&](task_group& g) -> asio::awaitable<void>
            {
                g.on_failure([&](auto const&) { ++failures; });
                g.spawn([&](context) { return nothing(); });
                co_await wait();
            }),
        asio::bind_cancellation_slot(signal.slot(), join.handler()));
    poll();
    signal.emit(asio::cancellation_type::terminal);
    poll();
    BOOST_TEST(join.code() == asio::error::operation_aborted);
    BOOST_TEST(failures == 0u);
}

BOOST_AUTO_TEST_CASE(is_not_started_in_a_coroutine_that_was_canceled)
{
    bool started = false;
    probe<> p;
    asio::cancellation_signal signal;
    asio::co_spawn(
        ioc,
        [&]() -> asio::awaitable<void>
        {
            co_await p.start(asio::use_awaitable);
            co_await with_task_group(
                root,
                [&](task_group&) -> asio::awaitable<void>
                {
                    started = true;
                    co_return;
                });
        },
        asio::bind_cancellation_slot(signal.slot(), join.handler()));
    poll();
    signal.emit(asio::cancellation_type::terminal);
    poll(); // co_spawn posts it
    p.complete({});
    poll();
    BOOST_TEST(!started);
    BOOST_TEST(join.code() == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_CASE(works_within_a_clean_up)
{
    // A coroutine that ignores cancellation may still fan out.
    asio::cancellation_signal signal;
    probe<> p;
    bool ran = false;
    asio::co_spawn(
        ioc,
        [&]() -> asio::awaitable<void>
        {
            co_await asio::this_coro::throw_if_cancelled(false);
            co_await p.start(asio::use_awaitable);
            co_await with_task_group(
                root,
                [&](task_group& g) -> asio::awaitable<void>
                {
                    g.spawn(
                        [&]() -> asio::awaitable<void>
                        {
                            co_await asio::post(ioc, asio::use_awaitable);
                            ran = true;
                        });
                    co_return;
                });
        },
        asio::bind_cancellation_slot(signal.slot(), join.handler()));
    poll();
    signal.emit(asio::cancellation_type::terminal);
    poll(); // co_spawn posts it
    p.complete({});
    poll();
    BOOST_TEST(ran);
    BOOST_TEST(join.succeeded());
}

// Two levels of groups that write to locals. Canceled after every number of
// handlers, from every level: whoever leaves a scope, no task of it runs.
BOOST_AUTO_TEST_CASE(locals_outlive_tasks_wherever_and_whenever_it_is_canceled)
{
    enum level
    {
        root_context,
        outer_group,
        coroutine,
        middle_context,
        inner_group,
        inner_task,
        levels
    };
    int runs = 0;
    for (int l = 0; l != levels; ++l)
        for (int n = 0; n < 60; ++n)
        {
            auto const top = with_cancel(root);
            std::function<void()> cancel[levels];
            cancel[root_context] = [&]
            {
                top.cancel();
            };
            task_group outer(ioc, top.ctx);
            cancel[outer_group] = [&]
            {
                outer.cancel();
            };
            asio::cancellation_signal signal;
            // Asio 1.28 to 1.30.1 throws out of run() if it has not begun.
            bool begun =
                BOOST_ASIO_VERSION < 102800 || BOOST_ASIO_VERSION >= 103002;
            cancel[coroutine] = [&]
            {
                if (begun)
                    signal.emit(asio::cancellation_type::terminal);
            };
            joined all;

            auto const fetch = [&](context ctx,
                                   std::string& to,
                                   int& running) -> asio::awaitable<void>
            {
                struct counter
                {
                    int& n;
                    ~counter()
                    {
                        --n;
                    }
                } const c{++running};
                for (int i = 0; i != 3; ++i)
                {
                    asio::steady_timer t(ioc, time_point());
                    auto [ec] = co_await t.async_wait(
                        bind_context(ctx, asio::as_tuple(asio::use_awaitable)));
                    to += ec ? "!" : ".";
                }
            };
            auto const fan_out = [&](context parent) -> asio::awaitable<void>
            {
                auto const middle = with_cancel(parent);
                cancel[middle_context] = [&]
                {
                    middle.cancel();
                };
                std::vector<std::string> answers(3);
                int running = 0;
                std::exception_ptr e;
                try
                {
                    co_await with_task_group(
                        middle.ctx,
                        [&](task_group& g) -> asio::awaitable<void>
                        {
                            cancel[inner_group] = [&]
                            {
                                g.cancel();
                            };
                            auto const own = with_cancel(g.ctx());
                            cancel[inner_task] = [&]
                            {
                                own.cancel();
                            };
                            g.spawn(fetch(own.ctx, answers[0], running));
                            g.spawn(
                                [&](context ctx)
                                { return fetch(ctx, answers[1], running); });
                            co_await asio::post(ioc, asio::use_awaitable);
                            g.spawn(fetch(g.ctx(), answers[2], running));
                            cancel[inner_group] = cancel[inner_task] = [] {
                            };
                        });
                }
                catch (...)
                {
                    e = std::current_exception();
                }
                cancel[middle_context] = cancel[inner_group] =
                    cancel[inner_task] = [] {
                    };
                BOOST_TEST(running == 0);
                if (e)
                    std::rethrow_exception(e);
            };
            outer.spawn([&](context ctx) { return fan_out(ctx); });
            asio::co_spawn(
                ioc,
                [&]() -> asio::awaitable<void>
                {
                    begun = true;
                    co_await with_task_group(
                        top.ctx,
                        [&](task_group& g) -> asio::awaitable<void>
                        {
                            g.spawn([&](context ctx) { return fan_out(ctx); });
                            co_return;
                        });
                },
                asio::bind_cancellation_slot(signal.slot(), all.handler()));
            ioc.restart();
            for (int i = 0; i != n; ++i)
                ioc.poll_one();
            if (cancel[l])
                cancel[l]();
            bool joined = false;
            outer.async_join([&](std::exception_ptr) { joined = true; });
            poll_until(ioc, [&] { return joined && all.calls != 0; });
            BOOST_TEST(all.calls == 1);
            ++runs;
        }
    BOOST_TEST(runs == 60 * levels);
}

BOOST_AUTO_TEST_SUITE_END()
