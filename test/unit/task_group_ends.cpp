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
    g.spawn(
        [&](context ctx) -> asio::awaitable<void>
        {
            co_await never.async_wait(
                bind_context(ctx, asio::as_tuple(asio::use_awaitable)));
            throw gone_wrong();
        });
    poll();
    g.cancel();
    start_join(g);
    poll();
    BOOST_TEST(g.report().failed == 1u);
    BOOST_TEST(g.report().aborted == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
