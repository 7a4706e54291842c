//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/task_group.hpp>

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/detach_on_cancel.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
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
#include <type_traits>
#include <utility>
#include <vector>

#include "support/allocation_counter.hpp"
#include "support/group_fixture.hpp"
#include "support/outcome.hpp"
#include "support/print.hpp"
#include "support/probe.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

namespace {

error_code const no_error;
error_code const broken(5, boost::system::generic_category());

} // namespace

BOOST_FIXTURE_TEST_SUITE(test_task_group, group_fixture)

BOOST_AUTO_TEST_CASE(runs_every_kind_of_task)
{
    task_group g(root);
    std::vector<std::string> ran;
    g.spawn(
        [&]() -> asio::awaitable<void>
        {
            ran.push_back("coroutine");
            co_return;
        });
    g.spawn(
        [&](context ctx) -> asio::awaitable<int>
        {
            BOOST_TEST((ctx == g.ctx()));
            ran.push_back("coroutine with context");
            co_return 1;
        });
    g.spawn(
        [](asio::awaitable<void> a)
        {
            return a;
        }(
            [](std::vector<std::string>& r) -> asio::awaitable<void>
            {
                r.push_back("awaitable");
                co_return;
            }(ran)));
    g.spawn(expired.async_wait(asio::deferred));
    g.spawn([&](auto token) { return expired.async_wait(std::move(token)); });
    BOOST_TEST(ran.empty());
    start_join(g);
    poll_until(ioc, [&] { return join.calls != 0; });
    BOOST_TEST(join.succeeded());
    BOOST_TEST(ran.size() == 3u);
    BOOST_TEST(g.report().finished == 5u);
    BOOST_TEST(!g.ctx().done());
}

BOOST_AUTO_TEST_CASE(first_exception_cancels_the_rest_and_is_the_cause)
{
    task_group g(root);
    g.spawn([&] { return wait(); });
    g.spawn([&] { return lost(); });
    auto const line = __LINE__ - 1;
    start_join(g);
    poll();
    BOOST_TEST(join.failed_with("lost"));
    BOOST_TEST(g.ctx().error() == errc::canceled);
    BOOST_TEST((g.ctx().exception() == join.exception));
    BOOST_TEST(g.ctx().canceled_at().line() == line);
    auto const r = g.report();
    BOOST_TEST(r.failed == 1u);
    BOOST_TEST(r.aborted == 1u);
    BOOST_TEST(r.pending.empty());
}

BOOST_AUTO_TEST_CASE(first_error_code_cancels_the_rest_and_is_the_cause)
{
    task_group g(root);
    probe<> p;
    g.spawn([&] { return wait(); });
    g.spawn([&](auto token) { return p.start(std::move(token)); });
    start_join(g);
    poll();
    p.complete(broken);
    poll();
    BOOST_TEST(join.code() == broken);
    BOOST_TEST(g.ctx().cause() == broken);
}

BOOST_AUTO_TEST_CASE(later_failures_change_nothing)
{
    task_group g(root);
    probe<> p;
    probe<> q;
    g.spawn([&](auto token) { return p.start(std::move(token)); });
    g.spawn([&](auto token) { return q.start(std::move(token)); });
    start_join(g);
    p.complete(broken);
    q.complete(asio::error::eof);
    poll();
    BOOST_TEST(join.code() == broken);
    BOOST_TEST(g.report().failed == 2u);
}

BOOST_AUTO_TEST_CASE(the_parent_ends_the_group)
{
    task_group g(c.ctx);
    g.spawn([&] { return wait(); });
    start_join(g);
    poll();
    BOOST_TEST(join.calls == 0);
    c.cancel(broken);
    poll();
    BOOST_TEST(join.code() == broken);
    BOOST_TEST(g.report().aborted == 1u);
}

BOOST_AUTO_TEST_CASE(tasks_that_succeed_after_the_end_leave_no_error)
{
    task_group g(root);
    probe<> p;
    g.spawn([&](auto token) { return p.start(std::move(token)); });
    g.cancel();
    p.complete({});
    start_join(g);
    poll();
    BOOST_TEST(join.succeeded());
}

BOOST_AUTO_TEST_CASE(queues_what_is_beyond_the_limit)
{
    task_group g(root, 2);
    std::array<probe<>, 4> p;
    for (auto& q : p)
        g.spawn([&q](auto token) { return q.start(std::move(token)); });
    BOOST_TEST(p[1].pending());
    BOOST_TEST(!p[2].pending());
    auto const r = g.report();
    BOOST_TEST(r.pending.size() == 4u);
    BOOST_TEST(!r.pending[1].queued);
    BOOST_TEST(r.pending[2].queued);
    p[1].complete({});
    poll();
    BOOST_TEST(p[2].pending());
    BOOST_TEST(!p[3].pending());
    p[0].complete({});
    poll();
    BOOST_TEST(p[3].pending());
    start_join(g);
    p[2].complete({});
    p[3].complete({});
    poll();
    BOOST_TEST(join.succeeded());
}

BOOST_AUTO_TEST_CASE(drops_the_queue_when_the_group_is_done)
{
    task_group g(c.ctx, 1);
    probe<> p;
    g.spawn([&](auto token) { return p.start(std::move(token)); });
    auto const alive = std::make_shared<int>();
    g.spawn([&, alive] { return nothing(); });
    start_join(g);
    c.cancel(broken);
    BOOST_TEST(alive.use_count() == 2);
    poll(); // although the other task goes on
    BOOST_TEST(alive.use_count() == 1);
    BOOST_TEST(join.calls == 0);
    p.complete({});
    poll();
    BOOST_TEST(join.code() == broken);
    BOOST_TEST(g.report().aborted == 1u);
    BOOST_TEST(g.report().finished == 1u);
}

BOOST_AUTO_TEST_CASE(try_spawn_respects_the_limit_and_the_queue)
{
    task_group g(root, 1);
    probe<> p;
    auto const start = [&p](auto token)
    {
        return p.start(std::move(token));
    };
    BOOST_TEST(g.try_spawn(start));
    auto const alive = std::make_shared<int>();
    auto f = [this, alive]
    {
        return nothing();
    };
    // NOLINTBEGIN(bugprone-use-after-move): moved from only if it is spawned
    BOOST_TEST(!g.try_spawn(std::move(f)));
    BOOST_TEST(alive.use_count() == 2);
    p.complete({});
    poll();
    BOOST_TEST(g.try_spawn(std::move(f)));
    // NOLINTEND(bugprone-use-after-move)
    poll();
    g.cancel();
    BOOST_TEST(!g.try_spawn(start));
}

BOOST_AUTO_TEST_CASE(async_spawn_completes_when_the_task_is_started)
{
    task_group g(root, 1);
    probe<> p;
    outcome first;
    outcome second;
    auto const start = [&p](auto token)
    {
        return p.start(std::move(token));
    };
    g.async_spawn(start, recorder(first));
    BOOST_TEST(!first.completed());
    poll();
    BOOST_TEST(first == no_error);
    g.async_spawn([&] { return nothing(); }, recorder(second));
    poll();
    BOOST_TEST(!second.completed());
    p.complete({});
    poll();
    BOOST_TEST(second == no_error);
    BOOST_TEST(g.report().finished == 2u);
}

BOOST_AUTO_TEST_CASE(async_spawn_fails_when_the_group_is_done)
{
    task_group g(root, 1);
    outcome queued;
    outcome late;
    probe<> p;
    g.spawn([&](auto token) { return p.start(std::move(token)); });
    g.async_spawn([&] { return nothing(); }, recorder(queued));
    g.cancel(broken);
    g.async_spawn([&] { return nothing(); }, recorder(late));
    poll();
    BOOST_TEST(queued == make_error_code(errc::canceled));
    BOOST_TEST(late == make_error_code(errc::canceled));
    p.complete({});
    poll();
}

BOOST_AUTO_TEST_CASE(async_spawn_can_be_canceled)
{
    task_group g(root, 1);
    probe<> p;
    g.spawn([&](auto token) { return p.start(std::move(token)); });
    auto const alive = std::make_shared<int>();
    outcome o;
    auto const limited = with_cancel(root);
    g.async_spawn(
        [&, alive] { return nothing(); },
        bind_context(limited.ctx, recorder(o)));
    limited.cancel();
    poll();
    BOOST_TEST(o == make_error_code(errc::canceled));
    BOOST_TEST(alive.use_count() == 1);
    BOOST_TEST(g.report().pending.size() == 1u);
    BOOST_TEST(!g.ctx().done());
    p.complete({});
    poll();
}

BOOST_AUTO_TEST_CASE(a_canceled_join_cancels_the_group_and_waits)
{
    task_group g(root);
    probe<> p;
    g.spawn([&](auto token) { return p.start(std::move(token)); });
    outcome o;
    auto const limited = with_timeout(root, 1s);
    g.async_join(bind_context(limited.ctx, recorder(o)));
    start_join(g);
    poll();
    clock.advance(1s);
    poll();
    BOOST_TEST(g.ctx().error() == errc::canceled);
    BOOST_TEST(!o.completed());
    BOOST_TEST(join.calls == 0);
    p.complete(asio::error::operation_aborted);
    poll();
    BOOST_TEST(o == make_error_code(errc::deadline_exceeded)); // of its own
    BOOST_TEST(join.code() == errc::canceled);
}

BOOST_AUTO_TEST_CASE(a_canceled_join_tells_of_success_and_of_failure)
{
    for (bool const fails : {false, true})
    {
        task_group g(root);
        probe<> p;
        g.spawn([&](auto token) { return p.start(std::move(token)); });
        outcome o;
        asio::cancellation_signal signal;
        o.slot = signal.slot();
        g.async_join(recorder(o));
        signal.emit(asio::cancellation_type::total);
        poll();
        BOOST_TEST(g.ctx().done());
        BOOST_TEST(!o.completed());
        p.complete(fails ? broken : no_error);
        poll();
        BOOST_TEST(o == (fails ? broken : no_error));
        BOOST_TEST(!signal.slot().has_handler());
    }
}

BOOST_AUTO_TEST_CASE(a_join_that_is_canceled_through_its_slot_is_aborted)
{
    task_group g(root);
    g.spawn([&] { return wait(); });
    outcome o;
    asio::cancellation_signal signal;
    o.slot = signal.slot();
    g.async_join(recorder(o));
    poll();
    signal.emit(asio::cancellation_type::terminal);
    poll();
    BOOST_TEST(o == make_error_code(asio::error::operation_aborted));
}

BOOST_AUTO_TEST_CASE(a_request_after_the_join_has_completed_does_nothing)
{
    task_group g(root);
    outcome o;
    asio::cancellation_signal signal;
    o.slot = signal.slot();
    g.async_join(recorder(o));
    poll();
    BOOST_TEST(o == no_error);
    signal.emit(asio::cancellation_type::terminal);
    BOOST_TEST(!g.ctx().done());
}

BOOST_AUTO_TEST_CASE(who_wants_out_of_a_join_detaches)
{
    task_group g(root);
    probe<> p;
    g.spawn([&](auto token) { return p.start(std::move(token)); });
    outcome o;
    g.async_join(detach_on_cancel(c.ctx, recorder(o)));
    poll();
    c.cancel();
    poll();
    BOOST_TEST(o == make_error_code(errc::canceled));
    BOOST_TEST(g.ctx().done());
    BOOST_TEST(p.pending());
    p.complete({});
    poll();
}

BOOST_AUTO_TEST_CASE(locals_outlive_the_tasks_of_a_join_that_is_canceled)
{
    // A group in a task of a group whose time is up.
    for (bool const deaf : {false, true})
    {
        auto const limited = with_timeout(root, 1s);
        task_group outer(limited.ctx);
        bool ended = false;
        asio::steady_timer own(ioc, time_point::max());
        outer.spawn(
            [&, deaf](context parent) -> asio::awaitable<void>
            {
                std::string answer;
                task_group inner(co_await asio::this_coro::executor, parent);
                inner.spawn(
                    [&](context ctx) -> asio::awaitable<void>
                    {
                        auto& timer = deaf ? own : never;
                        if (deaf)
                            co_await asio::this_coro::reset_cancellation_state(
                                asio::disable_cancellation());
                        auto [ec] = co_await timer.async_wait(bind_context(
                            deaf ? root : ctx,
                            asio::as_tuple(asio::use_awaitable)));
                        answer = "no answer: " + ec.message();
                        ended = true;
                    });
                auto [e] = co_await inner.async_join(
                    asio::as_tuple(asio::use_awaitable));
                BOOST_TEST(ended);
                BOOST_TEST(!answer.empty());
            });
        joined all;
        outer.async_join(all.handler());
        poll();
        clock.advance(1s);
        poll();
        if (deaf)
        {
            BOOST_TEST(!ended);
            own.cancel();
            poll();
        }
        BOOST_TEST(ended);
        BOOST_TEST(all.calls == 1);
    }
}

BOOST_AUTO_TEST_CASE(async_join_of_nothing_completes_at_once)
{
    task_group g(root);
    start_join(g);
    BOOST_TEST(join.calls == 0);
    poll();
    BOOST_TEST(join.succeeded());
}

BOOST_AUTO_TEST_CASE(is_joined_twice_and_used_in_between)
{
    task_group g(root);
    joined other;
    g.spawn([&] { return nothing(); });
    start_join(g);
    g.async_join(other.handler());
    poll();
    BOOST_TEST(join.succeeded());
    BOOST_TEST(other.succeeded());
    g.spawn([&] { return lost(); });
    joined third;
    g.async_join(third.handler());
    poll();
    BOOST_TEST(third.failed_with("lost"));
}

BOOST_AUTO_TEST_CASE(the_destructor_cancels)
{
    context ctx;
    {
        task_group g(root);
        ctx = g.ctx();
        g.spawn([&] { return wait(); });
        start_join(g);
        poll();
    }
    BOOST_TEST(ctx.error() == errc::canceled);
    poll();
    BOOST_TEST(join.code() == errc::canceled);
}

BOOST_AUTO_TEST_CASE(is_destroyed_within_one_of_its_tasks)
{
    auto g = std::make_unique<task_group>(root, 2);
    bool ended = false;
    g->spawn([&] { return wait(); });
    g->spawn(
        [&]() -> asio::awaitable<void>
        {
            g.reset();
            ended = true;
            co_return;
        });
    g->spawn([&] { return nothing(); });
    start_join(*g);
    poll();
    BOOST_TEST(ended);
    BOOST_TEST(join.code() == errc::canceled);
}

BOOST_AUTO_TEST_CASE(tasks_spawn_tasks)
{
    task_group g(root, 3);
    int ran = 0;
    std::function<asio::awaitable<void>(int)> const tree =
        [&](int depth) -> asio::awaitable<void>
    {
        ++ran;
        for (int i = 0; i < 2 && depth > 0; ++i)
            g.spawn([&, depth] { return tree(depth - 1); });
        co_return;
    };
    g.spawn([&] { return tree(4); });
    start_join(g);
    poll();
    BOOST_TEST(join.succeeded());
    BOOST_TEST(ran == 31);
}

BOOST_AUTO_TEST_CASE(nothing_is_started_once_the_group_is_done)
{
    task_group g(root);
    g.cancel(broken);
    bool ran = false;
    g.spawn(
        [&]() -> asio::awaitable<void>
        {
            ran = true;
            co_return;
        });
    start_join(g);
    poll();
    BOOST_TEST(!ran);
    BOOST_TEST(join.code() == broken);
    BOOST_TEST(g.report().aborted == 1u);
}

BOOST_AUTO_TEST_CASE(an_operation_that_cannot_be_started_has_failed)
{
    task_group g(root);
    g.spawn([&] { return wait(); });
    g.spawn([](detail::task_token) { throw std::runtime_error("no start"); });
    start_join(g);
    poll();
    BOOST_TEST(join.failed_with("no start"));
    BOOST_TEST(g.report().failed == 1u);
    BOOST_TEST(g.report().aborted == 1u);
}

BOOST_AUTO_TEST_CASE(a_task_allocates_its_record_and_one_frame)
{
    task_group g(root);
    auto const task = [&]
    {
        return nothing();
    };
    auto const spawn = [&]
    {
        g.spawn(task);
    };
    auto const strand = asio::make_strand(ioc.get_executor());
    auto const spawn_without = [&]
    {
        asio::co_spawn(
            asio::any_io_executor(strand),
            task,
            bind_context(g.ctx(), [](std::exception_ptr) {}));
    };
    // In a handler, where Asio keeps memory for the next one.
    auto const allocated_by = [&](std::function<void()> const& f)
    {
        std::size_t n = 0;
        for (int i = 0; i < 3; ++i)
        {
            asio::post(ioc, f);
            allocation_counter const allocations;
            poll();
            n = allocations.count();
        }
        return n;
    };
    BOOST_TEST(allocated_by(spawn) <= allocated_by(spawn_without) + 2);
}

BOOST_AUTO_TEST_CASE(a_task_cancels_its_own_group_and_ends_at_once)
{
    task_group g(root);
    g.spawn(
        [&]() -> asio::awaitable<void>
        {
            g.cancel();
            co_return;
        });
    g.spawn(
        [&]() -> asio::awaitable<void>
        {
            g.cancel(broken);
            throw std::runtime_error("late");
        }); // no coroutine
    start_join(g);
    poll();
    auto const r = g.report();
    BOOST_TEST(r.finished == 1u);
    BOOST_TEST(r.failed + r.aborted == 1u);
    if (r.failed != 0)
        BOOST_TEST(join.failed_with("late"));
    else
        BOOST_TEST(join.code() == errc::canceled);
}

BOOST_AUTO_TEST_CASE(a_function_is_destroyed_before_the_group_is_joined)
{
    task_group g(root);
    auto const alive = std::make_shared<int>();
    g.spawn([this, alive] { return nothing(); });
    bool gone = false;
    g.async_join([&](std::exception_ptr) { gone = alive.use_count() == 1; });
    poll();
    BOOST_TEST(gone);
}

BOOST_AUTO_TEST_CASE(a_strand_is_shared)
{
    auto const strand = asio::make_strand(ioc);
    task_group g(strand, root);
    g.spawn(
        [&]() -> asio::awaitable<void>
        {
            BOOST_TEST(strand.running_in_this_thread());
            co_return;
        });
    poll();
    BOOST_TEST(g.report().finished == 1u);
}

BOOST_AUTO_TEST_CASE(a_queue_of_tasks_that_end_at_once_needs_no_stack)
{
    task_group g(asio::make_strand(ioc), root, 1);
    probe<> p;
    g.spawn([&](auto token) { return p.start(std::move(token)); });
    for (int i = 0; i < 20'000; ++i)
        g.spawn([](auto token) { std::move(token.get())(error_code()); });
    start_join(g);
    p.complete({});
    poll();
    BOOST_TEST(join.succeeded());
    BOOST_TEST(g.report().finished == 20'001u);
}

BOOST_AUTO_TEST_CASE(needs_an_execution_context)
{
    BOOST_CHECK_THROW(task_group g(background()), std::logic_error);
    task_group g(ioc.get_executor(), background());
    g.spawn([&] { return nothing(); });
    start_join(g);
    poll();
    BOOST_TEST(join.succeeded());
}

BOOST_AUTO_TEST_CASE(is_made_from_what_is_at_hand)
{
    auto const ex = ioc.get_executor();
    asio::any_io_executor const any = ex;
    task_group groups[]{
        task_group(root),
        task_group(root, on_error::collect),
        task_group(root, 2),
        task_group(root, 2, on_error::collect),
        task_group(ioc, root),
        task_group(ioc, root, on_error::collect),
        task_group(ioc, root, 2, on_error::collect),
        task_group(ex, root),
        task_group(any, root, on_error::collect),
        task_group(asio::make_strand(ioc), root, 2)};
    for (auto& g : groups)
    {
        BOOST_TEST((g.get_executor() != asio::any_io_executor()));
        g.spawn([&] { return lost(); });
        g.spawn([&] { return nothing(); });
        poll();
        BOOST_TEST(g.report().failed == 1u);
    }
    BOOST_TEST(!groups[1].ctx().done());
    BOOST_TEST(groups[4].ctx().done());
    static_assert(
        !std::is_constructible_v<task_group, asio::io_context, context>);
}

BOOST_AUTO_TEST_CASE(a_limit_of_zero_is_refused)
{
    BOOST_CHECK_THROW(task_group(root, 0), std::invalid_argument);
    BOOST_CHECK_THROW(
        task_group(ioc.get_executor(), root, 0), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(
    the_first_step_runs_within_spawn_on_a_thread_that_runs_the_execution_context)
{
    task_group g(root);
    bool started = false;
    auto const task = [&]() -> asio::awaitable<void>
    {
        started = true;
        co_return;
    };
    asio::post(
        ioc,
        [&]
        {
            g.spawn(task);
            BOOST_TEST(std::exchange(started, false));
        });
    poll();

    g.spawn(task);
    BOOST_TEST(!started);
    poll();
    BOOST_TEST(started);
}

BOOST_AUTO_TEST_CASE(the_execution_context_goes_with_tasks_pending_and_queued)
{
    for (bool const group_first : {false, true})
    {
        auto const alive = std::make_shared<int>();
        outcome spawned;
        outcome waiting;
        std::optional<task_group> g;
        std::optional<task_group> blocked;
        {
            asio::io_context other;
            asio::steady_timer pending(other, time_point::max());
            g.emplace(background(other), 1);
            g->spawn(
                [&pending, alive](context) -> asio::awaitable<void>
                {
                    auto const in_frame = alive;
                    co_await pending.async_wait(asio::use_awaitable);
                });
            g->spawn([alive](context) -> asio::awaitable<void> { co_return; });
            g->async_spawn(
                [alive](context) -> asio::awaitable<void> { co_return; },
                recorder(spawned));
            g->async_join(recorder(waiting));
            blocked.emplace(background(other), 1);
            blocked->spawn([&](auto token)
                           { pending.async_wait(std::move(token)); });
            blocked->spawn([alive] { return asio::awaitable<void>(); });
            other.poll();
            BOOST_TEST(alive.use_count() > 4);
            if (group_first)
                g.reset();
        }
        BOOST_TEST(blocked->report().aborted == 2u);
        if (g)
        {
            BOOST_TEST(g->report().pending.empty());
            g->spawn([](context) -> asio::awaitable<void> { co_return; });
        }
        g.reset();
        BOOST_TEST(alive.use_count() == 1);
        BOOST_TEST(!waiting.completed());
        BOOST_TEST(!spawned.completed());
    }
}

BOOST_AUTO_TEST_SUITE_END()
