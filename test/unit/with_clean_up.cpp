//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/with_clean_up.hpp>

#include <asioctx/bind_context.hpp>
#include <asioctx/task_group.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

#include "support/group_fixture.hpp"
#include "support/poll_until.hpp"
#include "support/print.hpp"
#include "support/probe.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

namespace {

// The ways in which a coroutine is bound to a context.
enum way
{
    each_operation,
    task,
    whole,
};

constexpr way ways[] = {each_operation, task, whole};

std::ostream& operator<<(std::ostream& os, way w)
{
    return os << (w == task ? "task" : w == whole ? "whole" : "each operation");
}

struct fixture : group_fixture
{
    // Whether the coroutine's own operations are bound, too.
    bool binds(way w) const
    {
        return w == each_operation;
    }

    template <class F>
    void start(context ctx, way w, F f)
    {
        if (w == task)
        {
            group.emplace(ctx, on_error::collect);
            group->spawn(f);
            group->async_join(join.handler());
        }
        else if (w == whole)
            asio::co_spawn(
                ioc,
                [ctx, f] { return f(ctx); },
                bind_context(ctx, join.handler()));
        else
            asio::co_spawn(
                ioc, [ctx, f] { return f(ctx); }, join.handler());
    }

    // Waits for the context to ask.
    asio::awaitable<void> work(context ctx, way w)
    {
        if (binds(w))
            co_await never.async_wait(bind_context(ctx, asio::use_awaitable));
        else
            // It is bound as a whole.
            // NOLINTNEXTLINE(asioctx-unbound-operation)
            co_await never.async_wait(asio::use_awaitable);
    }

    std::optional<task_group> group;
    std::optional<cancelable> bound_to;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(test_with_clean_up, fixture)

BOOST_AUTO_TEST_CASE(what_is_done_is_cleaned_up_however_it_is_bound)
{
    for (auto const w : ways)
        for (bool const bound : {false, true})
        {
            BOOST_TEST_CONTEXT(w)
            {
                join = {};
                std::string log;
                auto const f =
                    [&, w, bound](context ctx) -> asio::awaitable<void>
                {
                    co_await with_clean_up(
                        ctx,
                        2s,
                        [&] { return work(ctx, w); },
                        [&](context grace) -> asio::awaitable<void>
                        {
                            BOOST_TEST(ctx.done());
                            BOOST_TEST(!grace.done());
                            for (int i = 0; i != 2; ++i)
                            {
                                log += 's';
                                asio::steady_timer t(ioc, time_point());
                                if (bound)
                                    co_await t.async_wait(bind_context(
                                        grace, asio::use_awaitable));
                                else
                                    co_await t.async_wait(asio::use_awaitable);
                                co_await nothing();
                            }
                        });
                };
                bound_to.emplace(with_cancel(root));
                start(bound_to->ctx, w, f);
                poll();
                bound_to->cancel();
                // On Windows a timer that is due takes a thread to say so.
                poll_until(ioc, [&] { return join.calls != 0; });
                BOOST_TEST(log == "ss");
                BOOST_TEST(join.calls == 1);
                BOOST_TEST(join.code() == errc::canceled);
            }
        }
}

BOOST_AUTO_TEST_CASE(the_grace_ends_the_clean_up)
{
    for (auto const w : ways)
        for (bool const bound : {false, true})
        {
            BOOST_TEST_CONTEXT(w)
            {
                join = {};
                error_code seen;
                asio::steady_timer timer(ioc, time_point::max());
                auto const f =
                    [&, w, bound](context ctx) -> asio::awaitable<void>
                {
                    co_await with_clean_up(
                        ctx,
                        2s,
                        [&] { return work(ctx, w); },
                        [&](context grace) -> asio::awaitable<void>
                        {
                            auto const t = asio::as_tuple(asio::use_awaitable);
                            std::tuple<error_code> r;
                            if (bound)
                                r = co_await timer.async_wait(
                                    bind_context(grace, t));
                            else
                                r = co_await timer.async_wait(t);
                            seen = std::get<0>(r);
                        });
                };
                bound_to.emplace(with_cancel(root));
                start(bound_to->ctx, w, f);
                poll();
                bound_to->cancel();
                poll();
                clock.advance(1s);
                poll();
                BOOST_TEST(join.calls == 0);
                clock.advance(1s);
                poll();
                BOOST_TEST(join.calls == 1);
                BOOST_TEST((seen == make_error_condition(errc::canceled)));
                BOOST_TEST(join.code() == errc::canceled);
            }
        }
}

BOOST_AUTO_TEST_CASE(a_clean_up_that_runs_already_gets_the_grace)
{
    for (auto const w : ways)
        BOOST_TEST_CONTEXT(w)
        {
            join = {};
            probe<> p;
            bool cleaned = false;
            auto const f = [&](context ctx) -> asio::awaitable<void>
            {
                co_await with_clean_up(
                    ctx,
                    2s,
                    [&] { return nothing(); },
                    [&](context grace) -> asio::awaitable<void>
                    {
                        co_await p.start(
                            bind_context(grace, asio::use_awaitable));
                        cleaned = true;
                    });
            };
            bound_to.emplace(with_cancel(root));
            start(bound_to->ctx, w, f);
            poll();
            bound_to->cancel();
            poll();
            clock.advance(1s);
            poll();
            BOOST_TEST(p.requests.empty());
            p.complete({});
            poll();
            BOOST_TEST(cleaned);
            BOOST_TEST(join.calls == 1);
        }
}

BOOST_AUTO_TEST_CASE(the_coroutine_remembers_that_it_was_asked)
{
    for (auto const w : {task, whole})
        BOOST_TEST_CONTEXT(w)
        {
            join = {};
            bool after = false;
            bool beyond = false;
            auto const f = [&](context ctx) -> asio::awaitable<void>
            {
                try
                {
                    co_await with_clean_up(
                        ctx,
                        2s,
                        [&] { return wait(); },
                        [&](context) { return nothing(); });
                }
                catch (boost::system::system_error const&)
                {
                    after = true;
                }
                co_await nothing();
                beyond = true;
            };
            bound_to.emplace(with_cancel(root));
            start(bound_to->ctx, w, f);
            poll();
            bound_to->cancel();
            poll();
            BOOST_TEST(after);
            BOOST_TEST(!beyond);
            BOOST_TEST(join.code() == errc::canceled);
        }
}

BOOST_AUTO_TEST_CASE(cleans_up_after_success_and_after_an_exception)
{
    for (bool const fails : {false, true})
        for (bool const late : {false, true})
        {
            joined all;
            int cleaned = 0;
            asio::co_spawn(
                ioc,
                with_clean_up(
                    c.ctx,
                    2s,
                    [&, fails] { return fails ? lost() : nothing(); },
                    [&, late](context grace) -> asio::awaitable<void>
                    {
                        ++cleaned;
                        BOOST_TEST((grace != c.ctx));
                        if (late)
                            throw std::runtime_error("late");
                        co_return;
                    }),
                all.handler());
            poll();
            BOOST_TEST(cleaned == 1);
            if (fails)
                BOOST_TEST(all.failed_with("lost"));
            else if (late)
                BOOST_TEST(all.failed_with("late"));
            else
                BOOST_TEST(all.succeeded());
        }
}

BOOST_AUTO_TEST_CASE(a_root_without_an_execution_context_is_refused)
{
    auto const unbound = with_cancel(background());
    asio::co_spawn(
        ioc,
        with_clean_up(
            unbound.ctx,
            2s,
            [&] { return nothing(); },
            [&](context) { return nothing(); }),
        [&](std::exception_ptr e)
        {
            BOOST_CHECK_THROW(std::rethrow_exception(e), std::logic_error);
            join.calls = 1;
        });
    poll();
    BOOST_TEST(join.calls == 1);
}

BOOST_AUTO_TEST_SUITE_END()
