//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// How tasks end, and what a group makes of it.

#include <asioctx/bind_context.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/detach_on_cancel.hpp>
#include <asioctx/task_group.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/channel_error.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/group_fixture.hpp"
#include "support/print.hpp"
#include "support/probe.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

namespace {

error_code const broken(5, boost::system::generic_category());

boost::system::error_category const& test_category()
{
    struct type : boost::system::error_category
    {
        char const* name() const noexcept override
        {
            return "test";
        }

        std::string message(int) const override
        {
            return "test";
        }
    };
    static type const instance;
    return instance;
}

struct gone_wrong : std::runtime_error
{
    gone_wrong() : runtime_error("gone wrong")
    {
    }
};

struct fixture : group_fixture
{
    // Runs the handlers that are ready, whatever they throw.
    int poll_and_catch()
    {
        for (int caught = 0;; ++caught)
            try
            {
                poll();
                return caught;
            }
            catch (gone_wrong const&)
            {
            }
    }

    // A task that throws out of run(): from where no coroutine catches it.
    auto throws_out_of_run()
    {
        return [this](context) -> asio::awaitable<void>
        {
            co_await asio::
                async_initiate<asio::use_awaitable_t<> const, void()>(
                    [this](auto handler) {
                        asio::post(
                            ioc,
                            [h = std::move(handler)] { throw gone_wrong(); });
                    },
                    asio::use_awaitable);
        };
    }

    // Fails with an error of its own after the context has asked.
    asio::awaitable<void> fails_when_asked(context ctx, int code)
    {
        co_await never.async_wait(
            bind_context(ctx, asio::as_tuple(asio::use_awaitable)));
        throw boost::system::system_error(code, test_category());
    }

    auto counts(int& n)
    {
        return [&n]() -> asio::awaitable<void>
        {
            ++n;
            co_return;
        };
    }
};

// An operation that refuses: it drops its handler.
struct refuses
{
    void operator()(asioctx::detail::task_token) const
    {
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(test_task_group_ends, fixture)

//------------------------------------------------------------------------------
// Handlers that are destroyed

BOOST_AUTO_TEST_CASE(an_exception_that_leaves_run_takes_one_task_with_it)
{
    task_group g(root, 2);
    int ran = 0;
    g.spawn(throws_out_of_run());
    g.spawn([&] { return wait(); });
    for (int i = 0; i < 3; ++i)
        g.spawn(counts(ran));
    start_join(g);
    BOOST_TEST(poll_and_catch() == 1);
    BOOST_TEST(ran == 3);
    BOOST_TEST(!g.ctx().done());
    BOOST_TEST(g.try_spawn(counts(ran)));
    never.cancel();
    poll();
    BOOST_TEST(ran == 4);
    auto const r = g.report();
    BOOST_TEST(r.finished == 4u);
    BOOST_TEST(r.aborted == 1u); // not in silence
    BOOST_TEST(r.failed == 1u);  // the wait that was canceled
    BOOST_TEST(join.code() == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_CASE(a_task_that_is_lost_makes_the_join_fail)
{
    task_group g(root);
    g.spawn(throws_out_of_run());
    start_join(g);
    poll_and_catch();
    BOOST_TEST(join.code() == asio::error::operation_aborted);
    BOOST_TEST(!g.ctx().done());
}

BOOST_AUTO_TEST_CASE(an_operation_that_drops_its_handler_is_counted)
{
    task_group g(root, 1, on_error::collect);
    int ran = 0;
    g.spawn(refuses());
    g.spawn(refuses());
    g.spawn(counts(ran));
    start_join(g);
    poll();
    BOOST_TEST(ran == 1);
    BOOST_TEST(g.report().aborted == 2u);
    BOOST_TEST(g.report().finished == 1u);
    BOOST_TEST(join.code() == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_CASE(
    an_execution_context_of_another_object_takes_one_task_with_it)
{
    for (bool const bound : {false, true})
    {
        task_group g(root, 2, on_error::collect);
        joined all;
        int ran = 0;
        probe<> p;
        {
            asio::io_context other;
            asio::steady_timer timer(other, time_point::max());
            g.spawn(
                [&timer, bound](context ctx) -> asio::awaitable<void>
                {
                    if (bound)
                        co_await timer.async_wait(
                            bind_context(ctx, asio::use_awaitable));
                    else
                        co_await timer.async_wait(asio::use_awaitable);
                });
            g.spawn([&](auto token) { return p.start(std::move(token)); });
            for (int i = 0; i < 3; ++i)
                g.spawn(counts(ran));
            poll();
            BOOST_TEST(ran == 0);
        }
        poll();
        BOOST_TEST(ran == 3);
        g.async_join(all.handler());
        p.complete({});
        poll();
        BOOST_TEST(all.code() == asio::error::operation_aborted);
        BOOST_TEST(!g.ctx().done());
    }
}

BOOST_AUTO_TEST_CASE(the_root_of_another_execution_context_may_go)
{
    int ran = 0;
    probe<> p;
    std::optional<task_group> g;
    {
        asio::io_context other;
        auto parent = with_cancel(background(other));
        g.emplace(ioc.get_executor(), parent.ctx, 1, on_error::collect);
        g->spawn([&](auto token) { return p.start(std::move(token)); });
        g->spawn(counts(ran));
        BOOST_TEST(g->report().pending.size() == 2u);
        parent.cancel.detach();
    }
    p.complete({});
    poll();
    BOOST_TEST(ran == 1);
}

BOOST_AUTO_TEST_CASE(async_spawn_goes_on_after_a_task_was_lost)
{
    task_group g(root, 1, on_error::ignore);
    int ran = 0;
    outcome second;
    outcome third;
    g.spawn(throws_out_of_run());
    g.async_spawn(counts(ran), recorder(second));
    g.async_spawn(counts(ran), recorder(third));
    poll_and_catch();
    BOOST_TEST(second == error_code());
    BOOST_TEST(third == error_code());
    BOOST_TEST(ran == 2);
}

//------------------------------------------------------------------------------
// Aborted, not failed

BOOST_AUTO_TEST_CASE(what_a_task_may_end_with_after_the_context_has_asked)
{
    struct derived : boost::system::system_error
    {
        using system_error::system_error;
    };
    auto const cause = std::make_exception_ptr(gone_wrong());
    using ends = std::function<void(context const&)>;
    std::vector<std::pair<char const*, ends>> const all{
        {"the context's error",
         [](context const& ctx)
         {
             ctx.throw_if_done();
         }},
        {"operation_aborted",
         [](context const&)
         {
             throw boost::system::system_error(asio::error::operation_aborted);
         }},
        {"an equal condition",
         [](context const& ctx)
         {
             throw boost::system::system_error(
                 ctx.error().default_error_condition().value(),
                 boost::system::generic_category());
         }},
        {"a channel's error",
         [](context const&)
         {
             throw boost::system::system_error(
                 asio::experimental::error::channel_cancelled);
         }},
        {"derived",
         [](context const& ctx)
         {
             throw derived(ctx.error(), "lost");
         }},
        {"std::system_error",
         [](context const& ctx)
         {
             throw std::system_error(std::error_code(ctx.error()));
         }},
        {"std::system_error, an equal condition",
         [](context const&)
         {
             throw std::system_error(
                 std::make_error_code(std::errc::operation_canceled));
         }},
        {"std::system_error, operation_aborted",
         [](context const&)
         {
             throw std::system_error(
                 std::error_code(error_code(asio::error::operation_aborted)));
         }},
        {"the cause",
         [](context const& ctx)
         {
             std::rethrow_exception(ctx.exception());
         }},
        {"the cause's code",
         [](context const& ctx)
         {
             throw boost::system::system_error(ctx.cause());
         }},
        {"the code of std",
         [](context const& ctx)
         {
             throw std::system_error(std::error_code(ctx.cause()));
         }},
        {"multiple_exceptions",
         [](context const& ctx)
         {
             throw asio::multiple_exceptions(std::make_exception_ptr(
                 boost::system::system_error(ctx.error())));
         }},
        {"multiple_exceptions of the cause",
         [](context const& ctx)
         {
             throw asio::multiple_exceptions(ctx.exception());
         }},
    };
    std::vector<std::function<void(cancel_source const&)>> const cancels{
        [](cancel_source const& c) { c.cancel(); },
        [](cancel_source const& c) { c.cancel(broken); },
        [&](cancel_source const& c) { c.cancel(cause); },
        nullptr, // a deadline
    };
    for (auto const& cancel : cancels)
        for (auto const& [name, end] : all)
        {
            auto const limited = with_timeout(root, 1s);
            task_group g(limited.ctx, task_group::unlimited, on_error::collect);
            g.spawn(
                [&, &f = end](context ctx) -> asio::awaitable<void>
                {
                    co_await never.async_wait(
                        bind_context(ctx, asio::as_tuple(asio::use_awaitable)));
                    f(ctx);
                });
            poll();
            if (cancel)
                cancel(limited.cancel);
            else
                clock.advance(1s);
            poll();
            BOOST_TEST_CONTEXT(name)
            {
                BOOST_TEST(g.ctx().done());
                BOOST_TEST(g.report().aborted == 1u);
                BOOST_TEST(g.report().failed == 0u);
            }
        }
}

BOOST_AUTO_TEST_CASE(operators_of_awaitables_are_aborted)
{
    using namespace asio::experimental::awaitable_operators;
    asio::steady_timer other(ioc, time_point::max());
    for (bool const both : {false, true})
    {
        task_group g(root, task_group::unlimited, on_error::collect);
        g.spawn(
            [&, both]() -> asio::awaitable<void>
            {
                auto a = never.async_wait(asio::use_awaitable);
                auto b = other.async_wait(asio::use_awaitable);
                if (both)
                    co_await (std::move(a) && std::move(b));
                else
                    co_await (std::move(a) || std::move(b));
            });
        poll();
        g.cancel();
        poll();
        BOOST_TEST(g.report().aborted == 1u);
    }
}

BOOST_AUTO_TEST_CASE(anything_else_after_the_end_is_a_failure)
{
    task_group g(root);
    g.spawn([&](context ctx) { return fails_when_asked(ctx, 2); });
    g.spawn([&](context ctx) { return fails_when_asked(ctx, 1); });
    poll();
    g.cancel();
    start_join(g);
    poll();
    BOOST_TEST(g.report().failed == 2u);
    BOOST_TEST(g.report().aborted == 0u);
}

//------------------------------------------------------------------------------
// One task

BOOST_AUTO_TEST_CASE(a_task_is_canceled_alone_by_a_context_of_its_own)
{
    for (auto const policy :
         {on_error::cancel, on_error::collect, on_error::until_success})
    {
        task_group g(root, policy);
        joined all;
        auto const own = with_cancel(g.ctx());
        probe<> p;
        g.spawn(
            [&, ctx = own.ctx]() -> asio::awaitable<void> {
                co_await never.async_wait(
                    bind_context(ctx, asio::use_awaitable));
            });
        g.spawn(asio::co_spawn(
            ioc,
            [&] { return wait(); },
            bind_context(own.ctx, asio::deferred)));
        g.spawn([&](auto token) { return p.start(std::move(token)); });
        g.async_join(all.handler());
        poll();
        own.cancel();
        poll();
        BOOST_TEST(!g.ctx().done());
        BOOST_TEST(p.pending());
        BOOST_TEST(g.report().aborted == 2u);
        BOOST_TEST(g.report().failed == 0u);
        p.complete({});
        poll();
        BOOST_TEST(all.succeeded());
    }
}

BOOST_AUTO_TEST_CASE(a_task_whose_own_time_is_up_has_failed)
{
    task_group g(root);
    g.spawn(
        [&](context ctx) -> asio::awaitable<void>
        {
            auto const own = with_timeout(ctx, 1s);
            co_await never.async_wait(
                bind_context(own.ctx, asio::use_awaitable));
        });
    start_join(g);
    poll();
    clock.advance(1s);
    poll();
    BOOST_TEST(join.code() == errc::deadline_exceeded);
    BOOST_TEST(g.report().failed == 1u);
    BOOST_TEST(g.ctx().cause() == errc::deadline_exceeded);
}

BOOST_AUTO_TEST_CASE(operation_aborted_is_a_failure_if_nobody_has_asked)
{
    task_group g(root);
    g.spawn([&] { return wait(); });
    start_join(g);
    poll();
    never.cancel();
    poll();
    BOOST_TEST(join.code() == asio::error::operation_aborted);
    BOOST_TEST(g.report().failed == 1u);
}

//------------------------------------------------------------------------------
// Failures are not lost

BOOST_AUTO_TEST_CASE(all_failures_are_kept_also_those_after_the_first)
{
    task_group g(root);
    g.spawn([&](context ctx) { return fails_when_asked(ctx, 1); });
    g.spawn([&](context ctx) { return fails_when_asked(ctx, 2); });
    poll();
    g.spawn([&] { return lost(); });
    start_join(g);
    poll();
    BOOST_TEST(join.failed_with("lost"));
    BOOST_TEST((g.ctx().exception() == join.exception));
    auto const r = g.report();
    BOOST_TEST(r.failed == 3u);
    BOOST_TEST_REQUIRE(r.failures.size() == 3u);
    BOOST_TEST((r.failures[0].exception == join.exception));
    BOOST_TEST(code_of(r.failures[1].exception).value() == 1);
    BOOST_TEST(code_of(r.failures[2].exception).value() == 2);
}

BOOST_AUTO_TEST_CASE(a_failure_after_the_parents_end_is_what_join_throws)
{
    for (auto const policy :
         {on_error::cancel, on_error::collect, on_error::until_success})
    {
        auto const parent = with_cancel(root);
        task_group g(parent.ctx, policy);
        joined all;
        g.spawn([&] { return wait(); });
        g.spawn([&](context ctx) { return fails_when_asked(ctx, 7); });
        poll();
        parent.cancel(broken);
        g.async_join(all.handler());
        poll();
        BOOST_TEST(all.code().value() == 7);
        BOOST_TEST(g.ctx().cause() == broken); // what has ended the group
        BOOST_TEST(g.report().failures.size() == 1u);
        BOOST_TEST(g.report().aborted == 1u);
    }
}

BOOST_AUTO_TEST_CASE(collecting_joins_without_error_after_a_success_and_cancel)
{
    for (bool const by_parent : {false, true})
    {
        auto const parent = with_cancel(root);
        task_group g(parent.ctx, on_error::collect);
        joined all;
        g.spawn([&] { return wait(); });
        g.spawn([&] { return nothing(); });
        g.async_join(all.handler());
        poll();
        if (by_parent)
            parent.cancel();
        else
            g.cancel();
        parent.cancel();
        g.cancel(); // changes nothing
        poll();
        BOOST_TEST(all.code() == (by_parent ? errc::canceled : error_code()));
        BOOST_TEST(g.report().aborted == 1u);
    }
}

BOOST_AUTO_TEST_CASE(collecting_and_canceled_without_a_success_is_an_error)
{
    task_group g(root, on_error::collect);
    g.spawn([&] { return wait(); });
    start_join(g);
    poll();
    g.cancel();
    poll();
    BOOST_TEST(join.code() == errc::canceled);
}

BOOST_AUTO_TEST_CASE(a_function_is_told_of_each_failure)
{
    for (auto const policy :
         {on_error::cancel, on_error::collect, on_error::ignore})
    {
        task_group g(root, policy);
        std::vector<std::size_t> lines;
        bool gone = true;
        g.on_failure([&](auto const&) { gone = false; });
        g.on_failure(
            [&, alive = std::make_shared<int>()](
                task_group_report::failure const& f)
            {
                BOOST_TEST(!!code_of(f.exception));
                BOOST_TEST(g.report().pending.size() >= 1u);
                lines.push_back(f.at.line());
            });
        g.spawn([&](context ctx) { return fails_when_asked(ctx, 1); });
        auto const line = __LINE__ - 1;
        g.spawn([&](context ctx) { return fails_when_asked(ctx, 2); });
        poll();
        g.cancel();
        poll();
        BOOST_TEST(gone);
        BOOST_TEST_REQUIRE(lines.size() == 2u);
        BOOST_TEST(lines[0] == line);
        BOOST_TEST(lines[1] == line + 2);
        g.on_failure(nullptr);
    }
}

//------------------------------------------------------------------------------
// The first success ends the rest

BOOST_AUTO_TEST_CASE(the_first_success_ends_the_rest)
{
    task_group g(root, on_error::until_success);
    probe<> p;
    probe<> q;
    g.spawn([&](auto token) { return p.start(std::move(token)); });
    g.spawn([&] { return wait(); });
    g.spawn([&](auto token) { return q.start(std::move(token)); });
    auto const line = __LINE__ - 1;
    start_join(g);
    poll();
    p.complete(broken);
    poll();
    BOOST_TEST(!g.ctx().done());
    q.complete({});
    poll();
    BOOST_TEST(g.ctx().error() == errc::canceled);
    BOOST_TEST(g.ctx().canceled_at().line() == line);
    BOOST_TEST(join.succeeded());
    auto const r = g.report();
    BOOST_TEST(r.failures.size() == 1u);
    BOOST_TEST(r.aborted == 1u);
    BOOST_TEST(r.finished == 1u);
}

BOOST_AUTO_TEST_CASE(without_a_success_the_first_failure_is_the_result)
{
    task_group g(root, on_error::until_success);
    g.spawn([&] { return lost(); });
    g.spawn([&](auto token) { std::move(token.get())(broken); });
    start_join(g);
    poll();
    BOOST_TEST(join.calls == 1);
    BOOST_TEST(code_of(join.exception) == broken);
    BOOST_TEST(g.report().failed == 2u);
}

BOOST_AUTO_TEST_CASE(no_success_before_the_parents_end_is_its_error)
{
    task_group g(c.ctx, on_error::until_success);
    g.spawn([&] { return wait(); });
    start_join(g);
    poll();
    c.cancel(broken);
    poll();
    BOOST_TEST(join.code() == broken);
}

//------------------------------------------------------------------------------
// Tasks that are not started

BOOST_AUTO_TEST_CASE(spawn_says_that_the_group_is_done)
{
    task_group g(c.ctx, 1);
    probe<> p;
    BOOST_TEST(g.spawn([&](auto token) { return p.start(std::move(token)); }));
    BOOST_TEST(g.spawn([&] { return nothing(); })); // queued
    c.cancel();
    auto const alive = std::make_shared<int>();
    BOOST_TEST(!g.spawn([this, alive] { return nothing(); }));
    BOOST_TEST(alive.use_count() == 1);
    auto const r = g.report();
    BOOST_TEST(r.aborted == 2u);
    BOOST_TEST(r.not_started == 2u);
    p.complete({});
    start_join(g);
    poll();
    BOOST_TEST(join.code() == errc::canceled);
    BOOST_TEST(g.report().finished == 1u);
}

BOOST_AUTO_TEST_CASE(a_task_that_is_not_started_is_no_success)
{
    task_group g(c.ctx);
    c.cancel(broken);
    BOOST_TEST(!g.spawn([&] { return nothing(); }));
    start_join(g);
    poll();
    BOOST_TEST(join.code() == broken);
}

BOOST_AUTO_TEST_SUITE_END()
