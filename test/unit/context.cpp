//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/context.hpp>

#include <asioctx/after_func.hpp>
#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/merge.hpp>
#include <asioctx/value.hpp>
#include <asioctx/without_cancel.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/system_context.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "support/allocation_counter.hpp"
#include "support/io_context_fixture.hpp"
#include "support/measuring_allocator.hpp"
#include "support/poll_until.hpp"
#include "support/print.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

namespace {

// Something for a handler to hold, to see when the handler is destroyed.
using token = std::shared_ptr<int>;

token make_token()
{
    return std::make_shared<int>(0);
}

auto counting(token t)
{
    return [t = std::move(t)](error_code const&)
    {
        ++*t;
    };
}

// Keeps what a wait completed with.
struct outcome
{
    int calls = 0;
    error_code ec;

    auto handler()
    {
        return [this](error_code const& e)
        {
            ++calls;
            ec = e;
        };
    }
};

void check_live_for_ever(context const& ctx)
{
    BOOST_TEST(!ctx.done());
    BOOST_TEST(!ctx.error());
    BOOST_TEST(!ctx.cause());
    BOOST_TEST(!ctx.exception());
    BOOST_TEST(ctx.canceled_at().line() == 0u);
    BOOST_TEST(!ctx.deadline().has_value());
    BOOST_TEST((ctx.remaining() == duration::max()));
    static constexpr context_key<int> key;
    BOOST_TEST(!ctx.value(key));
    BOOST_CHECK_NO_THROW(ctx.throw_if_done());
}

constinit context global;

constexpr context_key<std::string> user("user");

// A slot without memory.
struct full_slot
{
    template <class F, class... Args>
    F& emplace(Args&&...)
    {
        throw std::bad_alloc();
    }

    bool is_connected() const noexcept
    {
        return true;
    }

    void clear() noexcept
    {
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(test_context)

// The handle.

BOOST_AUTO_TEST_CASE(a_default_constructed_context_is_background)
{
    context const ctx;
    BOOST_TEST((ctx == background()));
    BOOST_TEST((global == background()));
    check_live_for_ever(ctx);
}

BOOST_AUTO_TEST_CASE(background_costs_nothing)
{
    allocation_counter const allocations;
    {
        auto const ctx = background();
        auto copy = ctx;
        auto const moved = std::move(copy);
    }
    auto const n = allocations.count();
    BOOST_TEST(n == 0u);
    static_assert(sizeof(context) == sizeof(void*));
    static_assert(std::is_nothrow_default_constructible_v<context>);
    static_assert(std::is_nothrow_copy_constructible_v<context>);
    static_assert(std::is_nothrow_move_constructible_v<context>);
    static_assert(std::is_nothrow_copy_assignable_v<context>);
    static_assert(std::is_nothrow_move_assignable_v<context>);
    static_assert(noexcept(background()));
    static_assert(std::regular<context>);
}

BOOST_FIXTURE_TEST_CASE(a_moved_from_context_is_background, io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    auto const copy = ctx;
    auto const moved = std::move(ctx);
    // NOLINTNEXTLINE(bugprone-use-after-move): what is left
    BOOST_TEST((ctx == background()));
    BOOST_TEST((moved == copy));
    cancel();
    BOOST_TEST(moved.done());
    check_live_for_ever(ctx);

    context assigned;
    auto source = moved;
    assigned = std::move(source);
    // NOLINTNEXTLINE(bugprone-use-after-move): what is left
    BOOST_TEST((source == background()));
    BOOST_TEST((assigned == moved));
}

BOOST_FIXTURE_TEST_CASE(a_copy_is_the_same_context, io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    context const copy(ctx);
    context assigned;
    assigned = ctx;
    BOOST_TEST((copy == ctx));
    BOOST_TEST((assigned == ctx));
    cancel();
    BOOST_TEST(copy.done());
    BOOST_TEST(assigned.done());
}

BOOST_FIXTURE_TEST_CASE(
    assigning_a_context_to_itself_changes_nothing, io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    auto const copy = ctx;
    auto& same = ctx;
    ctx = same;
    BOOST_TEST((ctx == copy));
    ctx = std::move(same);
    BOOST_TEST((ctx == copy));
}

BOOST_FIXTURE_TEST_CASE(
    assigning_drops_the_context_that_was_there, io_context_fixture)
{
    static constexpr context_key<token> key("token");
    auto const t = make_token();
    auto ctx = with_value(root, key, t);
    BOOST_TEST(t.use_count() == 2);
    ctx = root;
    BOOST_TEST(t.use_count() == 1);
    BOOST_TEST((ctx == root));
}

BOOST_FIXTURE_TEST_CASE(
    every_derived_context_is_one_of_its_own, manual_time_fixture)
{
    auto const one = with_cancel(root);
    auto const two = with_cancel(root);
    BOOST_TEST((one.ctx != two.ctx));
    BOOST_TEST((one.ctx != root));
    BOOST_TEST((root != background()));
    BOOST_TEST((without_cancel(root) != root));
    auto [unbounded, cancel] = with_timeout(root, duration::max());
    BOOST_TEST((unbounded != root));
}

// Roots.

BOOST_FIXTURE_TEST_CASE(an_execution_context_has_one_root, io_context_fixture)
{
    BOOST_TEST((background(ioc) == background(ioc)));
    BOOST_TEST((background(ioc) == root));
    asio::io_context other;
    BOOST_TEST((background(other) != root));
}

BOOST_FIXTURE_TEST_CASE(
    the_root_of_an_execution_context_is_never_done, io_context_fixture)
{
    check_live_for_ever(root);
}

BOOST_FIXTURE_TEST_CASE(
    the_root_of_an_execution_context_does_not_keep_it_busy, io_context_fixture)
{
    BOOST_TEST(ioc.run() == 0u);
    auto [ctx, cancel] = with_cancel(root);
    BOOST_TEST(idle());
}

BOOST_AUTO_TEST_CASE(the_root_outlives_the_execution_context)
{
    context root;
    {
        asio::io_context ioc;
        root = background(ioc);
    }
    check_live_for_ever(root);
    BOOST_TEST(to_string(root) == "background");
    auto [ctx, cancel] = with_cancel(root);
    cancel();
    BOOST_TEST(ctx.done());
}

// NOLINTBEGIN(asioctx-todo): what it shows
BOOST_AUTO_TEST_CASE(todo_is_as_background_and_says_todo)
{
    allocation_counter const allocations;
    auto const ctx = todo();
    bool const allocated = allocations.count() != 0;
    BOOST_TEST(!allocated);
    static_assert(noexcept(todo()));
    check_live_for_ever(ctx);
    BOOST_TEST(!ctx.can_be_done());
    BOOST_TEST((ctx == todo()));
    BOOST_TEST((ctx != background()));
    BOOST_TEST(to_string(ctx) == "todo");
    BOOST_CHECK_THROW((void)with_timeout(ctx, 1s), std::logic_error);
    auto [below, cancel] = with_cancel(with_value(ctx, user, "ann"));
    BOOST_TEST(to_string(below) == "todo.with_value(user).with_cancel");
    BOOST_TEST(*below.value(user) == "ann");
    cancel();
    BOOST_TEST(below.done());
    BOOST_TEST(!ctx.done());
}
// NOLINTEND(asioctx-todo)

BOOST_FIXTURE_TEST_CASE(
    todo_of_an_execution_context_has_its_time, manual_time_fixture)
{
    auto const ctx = todo(ioc); // NOLINT(asioctx-todo): what it shows
    check_live_for_ever(ctx);
    BOOST_TEST((ctx != root));
    BOOST_TEST(to_string(ctx) == "todo");
    auto [below, cancel] = with_timeout(ctx, 3s);
    BOOST_TEST(to_string(below) == "todo.with_deadline(3s left)");
    clock.advance(3s);
    BOOST_TEST(below.error() == errc::deadline_exceeded);
}

BOOST_AUTO_TEST_CASE(a_thread_pool_has_a_root)
{
    asio::thread_pool pool(1);
    auto const root = background(pool);
    BOOST_TEST((root == background(pool)));
    auto [ctx, cancel] = with_timeout(root, 1ms);
    auto done = ctx.async_wait(asio::use_future);
    BOOST_CHECK_NO_THROW(done.get());
    BOOST_TEST((clock_type::now() >= *ctx.deadline()));
    BOOST_TEST(ctx.error() == errc::deadline_exceeded);
    pool.join();
}

BOOST_AUTO_TEST_CASE(a_thread_pool_can_be_joined_with_contexts_alive)
{
    asio::thread_pool pool(1);
    auto [ctx, cancel] = with_cancel(background(pool));
    auto [below, cancel_below] = with_timeout(ctx, 1h);
    auto done = below.async_wait(asio::use_future);
    cancel();
    done.get();
    pool.join(); // does not wait for the hour
    BOOST_TEST(below.error() == errc::canceled);
}

BOOST_AUTO_TEST_CASE(the_system_context_has_a_root)
{
    auto& system =
        asio::query(asio::system_executor(), asio::execution::context);
    auto [ctx, cancel] = with_timeout(background(system), 1ms);
    ctx.async_wait(asio::use_future).get();
    BOOST_TEST((clock_type::now() >= *ctx.deadline()));
    BOOST_TEST(ctx.error() == errc::deadline_exceeded);
}

// What a context tells.

BOOST_FIXTURE_TEST_CASE(a_live_context_has_no_error, io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    check_live_for_ever(ctx);
}

BOOST_FIXTURE_TEST_CASE(
    a_canceled_context_tells_all_about_it, io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    error_code const cause = make_error_code(boost::system::errc::io_error);
    cancel(cause);
    auto const line = __LINE__ - 1;
    BOOST_TEST(ctx.done());
    BOOST_TEST(ctx.error() == errc::canceled);
    BOOST_TEST(ctx.cause() == cause);
    BOOST_CHECK_EXCEPTION(
        std::rethrow_exception(ctx.exception()),
        boost::system::system_error,
        [&](auto const& e) { return e.code() == cause; });
    BOOST_TEST(ctx.canceled_at().line() == unsigned(line));
    BOOST_TEST(ctx.canceled_at().file_name() == std::string(__FILE__));
    BOOST_CHECK_EXCEPTION(
        ctx.throw_if_done(),
        boost::system::system_error,
        [](auto const& e) { return e.code() == errc::canceled; });
}

BOOST_FIXTURE_TEST_CASE(
    a_context_whose_deadline_has_passed_tells_all_about_it, manual_time_fixture)
{
    auto [ctx, cancel] = with_timeout(root, 1s);
    auto const line = __LINE__ - 1;
    clock.advance(1s);
    BOOST_TEST(ctx.done());
    BOOST_TEST(ctx.error() == errc::deadline_exceeded);
    BOOST_TEST(ctx.cause() == errc::deadline_exceeded);
    BOOST_CHECK_EXCEPTION(
        std::rethrow_exception(ctx.exception()),
        boost::system::system_error,
        [](auto const& e) { return e.code() == errc::deadline_exceeded; });
    BOOST_TEST(ctx.canceled_at().line() == unsigned(line));
    BOOST_CHECK_EXCEPTION(
        ctx.throw_if_done(),
        boost::system::system_error,
        [](auto const& e) { return e.code() == errc::deadline_exceeded; });
}

BOOST_FIXTURE_TEST_CASE(
    a_time_that_is_left_can_be_required, manual_time_fixture)
{
    auto [ctx, cancel] = with_timeout(root, 1s);
    clock.advance(250ms);
    error_code ec = errc::canceled;
    for (auto const d : {750ms, 1ms, 0ms, -1ms})
    {
        BOOST_CHECK_NO_THROW(ctx.require(d));
        ctx.require(d, ec);
        BOOST_TEST(!ec);
    }
    BOOST_CHECK_EXCEPTION(
        ctx.require(2s),
        boost::system::system_error,
        [](auto const& e)
        {
            return e.code() == errc::deadline_exceeded
                && std::string(e.what()).starts_with(
                    "2s needed, 0.75s left: Context deadline exceeded");
        });
    ctx.require(750ms + 1ns, ec);
    BOOST_TEST(ec == errc::deadline_exceeded);
    BOOST_TEST(!ctx.done());
}

BOOST_FIXTURE_TEST_CASE(
    what_is_required_of_a_context_that_is_done_is_its_error,
    manual_time_fixture)
{
    auto [ctx, cancel] = with_timeout(root, 1s);
    cancel();
    for (auto const d : {duration(-1), duration::zero(), duration(2s)})
    {
        error_code ec;
        ctx.require(d, ec);
        BOOST_TEST(ec == errc::canceled);
        BOOST_CHECK_EXCEPTION(
            ctx.require(d),
            boost::system::system_error,
            [](auto const& e) { return e.code() == errc::canceled; });
    }
}

BOOST_FIXTURE_TEST_CASE(
    without_a_deadline_there_is_all_the_time_that_is_required,
    io_context_fixture)
{
    static_assert(!noexcept(root.require(1s)));
    for (auto const& c : {root, context()})
    {
        error_code ec = errc::canceled;
        BOOST_CHECK_NO_THROW(c.require(duration::max()));
        c.require(duration::max(), ec);
        BOOST_TEST(!ec);
        static_assert(noexcept(c.require(duration(), ec)));
    }
}

BOOST_FIXTURE_TEST_CASE(an_error_does_not_change, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_cancel(root);
    auto [ctx, cancel] = with_timeout(parent, 1s);
    error_code const cause = make_error_code(boost::system::errc::io_error);
    cancel(cause);
    auto const at = ctx.canceled_at().line();
    cancel();
    cancel_parent();
    clock.advance(1h);
    cancel = {};
    BOOST_TEST(ctx.error() == errc::canceled);
    BOOST_TEST(ctx.cause() == cause);
    BOOST_TEST(ctx.canceled_at().line() == at);
}

BOOST_FIXTURE_TEST_CASE(a_look_costs_no_memory, manual_time_fixture)
{
    static constexpr context_key<int> key;
    auto [ctx, cancel] = with_timeout(with_value(root, key, 1), 1s);
    cancel();
    allocation_counter const allocations;
    bool const all = ctx.done() && ctx.error() && ctx.cause() && ctx.deadline()
        && ctx.remaining() > 0s && ctx.value(key);
    auto const n = allocations.count();
    BOOST_TEST(all);
    BOOST_TEST(n == 0u);
}

BOOST_FIXTURE_TEST_CASE(
    who_sees_a_context_done_sees_why_and_what_happened_before,
    io_context_fixture)
{
    error_code const cause = make_error_code(boost::system::errc::io_error);
    for (int i = 0; i != 200; ++i)
    {
        auto [ctx, cancel] = with_cancel(root);
        auto [below, cancel_below] = with_cancel(ctx);
        int before = 0;
        bool right = false;
        std::thread watcher(
            [&, &below = below]
            {
                while (!below.done())
                    std::this_thread::yield();
                right = below.error() == errc::canceled
                    && below.cause() == cause && below.canceled_at().line() != 0
                    && before == 1;
            });
        before = 1;
        cancel(cause);
        watcher.join();
        BOOST_REQUIRE(right);
    }
}

// async_wait.

BOOST_FIXTURE_TEST_CASE(a_wait_succeeds_when_canceled, io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    outcome o;
    ctx.async_wait(o.handler());
    poll();
    BOOST_TEST(o.calls == 0);
    cancel();
    BOOST_TEST(o.calls == 0);
    BOOST_TEST(poll() == 1u);
    BOOST_TEST(o.calls == 1);
    BOOST_TEST(!o.ec);
}

BOOST_FIXTURE_TEST_CASE(
    a_wait_succeeds_when_a_deadline_passes, manual_time_fixture)
{
    auto [ctx, cancel] = with_timeout(root, 1s);
    auto [below, cancel_below] = with_cancel(ctx);
    outcome o;
    below.async_wait(o.handler());
    clock.advance(1s);
    BOOST_TEST(o.calls == 0);
    poll();
    BOOST_TEST(o.calls == 1);
    BOOST_TEST(!o.ec);
}

BOOST_FIXTURE_TEST_CASE(
    a_wait_for_a_context_that_is_done_completes_but_not_inline,
    io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    cancel();
    outcome o;
    ctx.async_wait(o.handler());
    BOOST_TEST(o.calls == 0);
    asio::post(
        ioc,
        [&, &ctx = ctx]
        {
            ctx.async_wait(o.handler());
            BOOST_TEST(o.calls == 1);
        });
    poll();
    BOOST_TEST(o.calls == 2);
    BOOST_TEST(!o.ec);
}

BOOST_FIXTURE_TEST_CASE(
    a_wait_in_a_handler_is_not_completed_inside_cancel, io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    outcome o;
    ctx.async_wait(o.handler());
    asio::post(
        ioc,
        [&, &cancel = cancel]
        {
            cancel();
            BOOST_TEST(o.calls == 0);
        });
    poll();
    BOOST_TEST(o.calls == 1);
}

BOOST_FIXTURE_TEST_CASE(a_wait_keeps_run_from_returning, io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    outcome o;
    ctx.async_wait(o.handler());
    BOOST_TEST(!idle());
    std::thread canceler([&, &cancel = cancel] { cancel(); });
    ioc.restart();
    ioc.run();
    canceler.join();
    BOOST_TEST(o.calls == 1);
    BOOST_TEST(idle());
}

BOOST_FIXTURE_TEST_CASE(
    a_wait_is_work_for_the_handlers_executor_too, io_context_fixture)
{
    asio::io_context other;
    auto [ctx, cancel] = with_cancel(root);
    outcome o;
    ctx.async_wait(asio::bind_executor(other.get_executor(), o.handler()));
    BOOST_TEST(!idle());
    other.poll();
    BOOST_TEST(!other.stopped());
    cancel();
    other.restart();
    BOOST_TEST(other.run() == 1u);
    BOOST_TEST(o.calls == 1);
    BOOST_TEST(idle());
}

BOOST_FIXTURE_TEST_CASE(a_wait_keeps_the_context, io_context_fixture)
{
    static constexpr context_key<token> key("token");
    auto const t = make_token();
    std::optional<cancelable> c(with_cancel(root));
    outcome o;
    with_value(c->ctx, key, t).async_wait(o.handler());
    BOOST_TEST(t.use_count() == 2);
    c.reset(); // cancels
    poll();
    BOOST_TEST(o.calls == 1);
    BOOST_TEST(t.use_count() == 1);
}

BOOST_FIXTURE_TEST_CASE(
    the_context_is_released_before_the_handler_is_called, io_context_fixture)
{
    static constexpr context_key<token> key("token");
    auto const t = make_token();
    std::optional<cancelable> c(with_cancel(root));
    long uses = 0;
    with_value(c->ctx, key, t)
        .async_wait([&](error_code const&) { uses = t.use_count(); });
    c.reset();
    poll();
    BOOST_TEST(uses == 1);
}

BOOST_FIXTURE_TEST_CASE(
    waits_complete_in_the_order_in_which_they_were_started, io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    std::vector<int> order;
    for (int i = 0; i != 5; ++i)
        ctx.async_wait([&, i](error_code const&) { order.push_back(i); });
    cancel();
    poll();
    BOOST_TEST(
        order == (std::vector{0, 1, 2, 3, 4}),
        boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_wait_for_a_root_never_completes, io_context_fixture)
{
    asio::cancellation_signal signal;
    outcome o;
    root.async_wait(asio::bind_cancellation_slot(signal.slot(), o.handler()));
    BOOST_TEST(!idle());
    signal.emit(asio::cancellation_type::total);
    ioc.restart();
    ioc.run();
    BOOST_TEST(o.calls == 1);
    BOOST_TEST(o.ec == asio::error::operation_aborted);
}

BOOST_FIXTURE_TEST_CASE(
    a_wait_is_one_allocation_with_the_handlers_allocator, io_context_fixture)
{
    memory_use use;
    auto [ctx, cancel] = with_cancel(root);
    outcome o;
    ctx.async_wait(
        asio::bind_allocator(measuring_allocator<int>(use), o.handler()));
    BOOST_TEST(use.allocations == 1);
    cancel();
    poll();
    BOOST_TEST(o.calls == 1);
    BOOST_TEST(use.allocations == 1);
    BOOST_TEST(use.blocks == 0);
}

BOOST_FIXTURE_TEST_CASE(
    the_memory_of_a_wait_is_free_when_its_handler_is_called, io_context_fixture)
{
    memory_use use;
    auto [ctx, cancel] = with_cancel(root);
    int live = -1;
    ctx.async_wait(asio::bind_allocator(
        measuring_allocator<int>(use),
        [&](error_code const&) { live = use.blocks; }));
    cancel();
    poll();
    BOOST_TEST(live == 0);
}

BOOST_FIXTURE_TEST_CASE(
    a_handler_may_be_move_only_and_on_a_strand, io_context_fixture)
{
    auto const strand = asio::make_strand(ioc);
    auto [ctx, cancel] = with_cancel(root);
    int seen = 0;
    ctx.async_wait(asio::bind_executor(
        strand,
        [&, p = std::make_unique<int>(7)](error_code const&)
        { seen = strand.running_in_this_thread() ? *p : 0; }));
    cancel();
    poll();
    BOOST_TEST(seen == 7);
}

// Tokens.

BOOST_FIXTURE_TEST_CASE(a_wait_can_be_awaited, io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    int steps = 0;
    asio::co_spawn(
        ioc,
        [&, &ctx = ctx]() -> asio::awaitable<void>
        {
            ++steps;
            co_await ctx.async_wait(asio::use_awaitable);
            ++steps;
            co_await ctx.async_wait(asio::use_awaitable);
            ++steps;
        },
        asio::detached);
    poll();
    BOOST_TEST(steps == 1);
    cancel();
    poll();
    BOOST_TEST(steps == 3);
}

BOOST_FIXTURE_TEST_CASE(
    a_coroutine_can_be_canceled_while_it_waits, io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    asio::cancellation_signal signal;
    error_code seen;
    asio::co_spawn(
        ioc,
        [&, &ctx = ctx]() -> asio::awaitable<void> {
            co_await ctx.async_wait(
                asio::redirect_error(asio::use_awaitable, seen));
        },
        asio::bind_cancellation_slot(signal.slot(), asio::detached));
    poll();
    signal.emit(asio::cancellation_type::terminal);
    BOOST_TEST(idle());
    BOOST_TEST(seen == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_CASE(a_wait_can_be_a_future)
{
    asio::io_context ioc;
    auto [ctx, cancel] = with_cancel(background(ioc));
    auto done = ctx.async_wait(asio::use_future);
    std::thread runner([&] { ioc.run(); });
    BOOST_TEST((done.wait_for(0s) == std::future_status::timeout));
    cancel();
    BOOST_CHECK_NO_THROW(done.get());
    runner.join();
}

BOOST_AUTO_TEST_CASE(a_wait_below_background_can_be_a_future)
{
    auto [ctx, cancel] = with_cancel(background());
    auto done = ctx.async_wait(asio::use_future);
    cancel();
    BOOST_CHECK_NO_THROW(done.get());
    auto again = ctx.async_wait(asio::use_future);
    BOOST_CHECK_NO_THROW(again.get());
}

BOOST_FIXTURE_TEST_CASE(
    a_wait_below_background_runs_on_the_handlers_executor, io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(background());
    outcome o;
    ctx.async_wait(asio::bind_executor(ioc.get_executor(), o.handler()));
    BOOST_TEST(!idle());
    cancel();
    BOOST_TEST(o.calls == 0);
    ioc.restart();
    ioc.run();
    BOOST_TEST(o.calls == 1);
}

BOOST_FIXTURE_TEST_CASE(a_wait_can_be_deferred, io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    auto op = ctx.async_wait(asio::deferred);
    BOOST_TEST(idle());
    outcome o;
    std::move(op)(o.handler());
    BOOST_TEST(!idle());
    cancel();
    poll();
    BOOST_TEST(o.calls == 1);
}

BOOST_FIXTURE_TEST_CASE(
    a_wait_that_cannot_be_canceled_is_not_started, io_context_fixture)
{
    auto const [ctx, cancel] = with_cancel(root);
    auto const alive = std::make_shared<int>(0);
    BOOST_CHECK_THROW(
        ctx.async_wait(asio::bind_cancellation_slot(
            full_slot(), [alive](error_code) { BOOST_ERROR("called"); })),
        std::bad_alloc);
    BOOST_TEST(alive.use_count() == 1);
    cancel();
    BOOST_TEST(idle());
}

BOOST_FIXTURE_TEST_CASE(
    the_default_token_is_deferred_and_keeps_the_context, io_context_fixture)
{
    auto [parent, cancel] = with_cancel(root);
    static constexpr context_key<int> key;
    auto op = with_value(parent, key, 1).async_wait();
    outcome o;
    std::move(op)(o.handler());
    cancel();
    poll();
    BOOST_TEST(o.calls == 1);

    int steps = 0;
    asio::co_spawn(
        ioc,
        [&, &ctx = parent]() -> asio::awaitable<void>
        {
            co_await ctx.async_wait();
            ++steps;
        },
        asio::detached);
    poll();
    BOOST_TEST(steps == 1);
}

// Cancellation of a wait.

BOOST_FIXTURE_TEST_CASE(
    a_wait_can_be_canceled_with_every_type, io_context_fixture)
{
    for (auto const type :
         {asio::cancellation_type::terminal,
          asio::cancellation_type::partial,
          asio::cancellation_type::total,
          asio::cancellation_type::all})
    {
        auto [ctx, cancel] = with_cancel(root);
        asio::cancellation_signal signal;
        outcome o;
        ctx.async_wait(
            asio::bind_cancellation_slot(signal.slot(), o.handler()));
        poll();
        signal.emit(type);
        BOOST_TEST(o.calls == 0);
        BOOST_TEST(idle());
        BOOST_TEST(o.calls == 1);
        BOOST_TEST(o.ec == asio::error::operation_aborted);
        BOOST_TEST(!ctx.done());
        // The slot is free again, and the context has forgotten the wait.
        BOOST_TEST(!signal.slot().has_handler());
        signal.emit(type);
        cancel();
        BOOST_TEST(poll() == 0u);
        BOOST_TEST(o.calls == 1);
    }
}

BOOST_FIXTURE_TEST_CASE(cancellation_type_none_does_nothing, io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    asio::cancellation_signal signal;
    outcome o;
    ctx.async_wait(asio::bind_cancellation_slot(signal.slot(), o.handler()));
    signal.emit(asio::cancellation_type::none);
    poll();
    BOOST_TEST(o.calls == 0);
    cancel();
    poll();
    BOOST_TEST(o.calls == 1);
    BOOST_TEST(!o.ec);
}

BOOST_FIXTURE_TEST_CASE(
    a_wait_that_has_succeeded_is_not_canceled_any_more, io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    asio::cancellation_signal signal;
    outcome o;
    ctx.async_wait(asio::bind_cancellation_slot(signal.slot(), o.handler()));
    cancel();
    signal.emit(asio::cancellation_type::terminal);
    poll();
    BOOST_TEST(o.calls == 1);
    BOOST_TEST(!o.ec);
}

BOOST_FIXTURE_TEST_CASE(
    a_wait_that_was_canceled_does_not_succeed_any_more, io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    asio::cancellation_signal signal;
    outcome o;
    ctx.async_wait(asio::bind_cancellation_slot(signal.slot(), o.handler()));
    signal.emit(asio::cancellation_type::terminal);
    cancel();
    poll();
    BOOST_TEST(o.calls == 1);
    BOOST_TEST(o.ec == asio::error::operation_aborted);
}

BOOST_FIXTURE_TEST_CASE(
    the_slot_can_be_used_again_in_the_handler, io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    auto [next, cancel_next] = with_cancel(root);
    asio::cancellation_signal signal;
    outcome o;
    ctx.async_wait(asio::bind_cancellation_slot(
        signal.slot(),
        [&, &next = next](error_code const&)
        {
            next.async_wait(
                asio::bind_cancellation_slot(signal.slot(), o.handler()));
        }));
    cancel();
    poll();
    BOOST_TEST(o.calls == 0);
    signal.emit(asio::cancellation_type::terminal);
    poll();
    BOOST_TEST(o.ec == asio::error::operation_aborted);
}

// Bound to another context.

BOOST_FIXTURE_TEST_CASE(
    a_wait_bound_to_another_context_ends_with_that, manual_time_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    auto [limit, cancel_limit] = with_timeout(root, 1s);
    outcome o;
    ctx.async_wait(bind_context(limit, o.handler()));
    clock.advance(1s);
    BOOST_TEST(idle());
    BOOST_TEST(o.calls == 1);
    BOOST_TEST(o.ec == errc::deadline_exceeded);
    BOOST_TEST(!ctx.done());
}

BOOST_FIXTURE_TEST_CASE(
    a_wait_bound_to_another_context_succeeds_before_that, io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    auto [limit, cancel_limit] = with_cancel(root);
    outcome o;
    ctx.async_wait(bind_context(limit, o.handler()));
    cancel();
    cancel_limit();
    poll();
    BOOST_TEST(o.calls == 1);
    BOOST_TEST(!o.ec);
}

BOOST_FIXTURE_TEST_CASE(
    a_wait_bound_to_a_context_that_is_done_is_not_started, io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    auto [limit, cancel_limit] = with_cancel(root);
    cancel_limit();
    outcome o;
    ctx.async_wait(bind_context(limit, o.handler()));
    BOOST_TEST(o.calls == 0);
    BOOST_TEST(idle());
    BOOST_TEST(o.ec == errc::canceled);
}

BOOST_FIXTURE_TEST_CASE(
    a_wait_bound_to_the_context_it_waits_for_ends_with_it, io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    outcome o;
    ctx.async_wait(bind_context(ctx, o.handler()));
    cancel();
    BOOST_TEST(idle());
    BOOST_TEST(o.calls == 1);
}

// Lifetimes.

BOOST_AUTO_TEST_CASE(contexts_outlive_the_io_context)
{
    static constexpr context_key<std::string> key("key");
    std::optional<asio::io_context> ioc(std::in_place);
    auto [ctx, cancel] =
        with_timeout(with_value(background(*ioc), key, "value"), 1h);
    auto [below, cancel_below] = with_cancel(ctx);
    ioc.reset();
    BOOST_TEST(!below.done());
    BOOST_TEST(*below.value(key) == "value");
    BOOST_TEST(below.deadline().has_value());
    BOOST_TEST((below.remaining() > 0s));
    BOOST_TEST(!to_string(below).empty());
    auto [late, cancel_late] = with_cancel(below);
    cancel();
    BOOST_TEST(below.error() == errc::canceled);
    BOOST_TEST(late.done());
}

BOOST_AUTO_TEST_CASE(a_context_is_dropped_after_the_io_context)
{
    std::optional<cancelable> c;
    {
        asio::io_context ioc;
        c = with_timeout(background(ioc), 1h);
        c->cancel.detach();
    }
    c.reset();
}

BOOST_FIXTURE_TEST_CASE(the_io_context_outlives_contexts, io_context_fixture)
{
    for (int i = 0; i != 10; ++i)
    {
        auto [ctx, cancel] = with_timeout(root, 1h);
        // NOLINTNEXTLINE(asioctx-dead-context): it is to end
        ctx.async_wait([](error_code const&) {});
    }
    ioc.run(); // returns
}

BOOST_AUTO_TEST_CASE(a_wait_on_a_context_that_lives_on_goes_with_the_io_context)
{
    auto const t = make_token();
    std::optional<asio::io_context> ioc(std::in_place);
    auto [ctx, cancel] = with_cancel(background(*ioc));
    ctx.async_wait(counting(t));
    BOOST_TEST(t.use_count() == 2);
    ioc.reset();
    BOOST_TEST(t.use_count() == 1);
    cancel();
    BOOST_TEST(ctx.done());
    BOOST_TEST(*t == 0);
}

BOOST_AUTO_TEST_CASE(a_wait_that_is_posted_goes_with_the_io_context)
{
    auto const t = make_token();
    std::optional<asio::io_context> ioc(std::in_place);
    auto [ctx, cancel] = with_cancel(background(*ioc));
    ctx.async_wait(counting(t));
    cancel();
    ctx.async_wait(counting(t));
    BOOST_TEST(t.use_count() == 3);
    ioc.reset();
    BOOST_TEST(t.use_count() == 1);
    BOOST_TEST(*t == 0);
}

BOOST_AUTO_TEST_CASE(
    a_wait_whose_handler_holds_the_last_handle_goes_with_the_io_context)
{
    auto const t = make_token();
    {
        asio::io_context ioc;
        auto [ctx, cancel] = with_cancel(background(ioc));
        cancel.detach();
        auto const waited = ctx;
        waited.async_wait([t, ctx = std::move(ctx)](error_code const&) {});
        BOOST_TEST(t.use_count() == 2);
    }
    BOOST_TEST(t.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(
    a_wait_whose_handler_holds_the_source_goes_with_the_io_context)
{
    auto const t = make_token();
    {
        asio::io_context ioc;
        auto [ctx, cancel] = with_cancel(background(ioc));
        auto [below, cancel_below] = with_cancel(ctx);
        ctx.async_wait([t, cancel = std::move(cancel)](error_code const&) {});
        below.async_wait(
            [t, cancel = std::move(cancel_below)](error_code const&) {});
    }
    BOOST_TEST(t.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(a_wait_in_a_coroutine_goes_with_the_io_context)
{
    auto const t = make_token();
    context kept;
    {
        asio::io_context ioc;
        auto [ctx, cancel] = with_cancel(background(ioc));
        kept = ctx;
        asio::co_spawn(
            ioc,
            [](context c, cancel_source, token) -> asio::awaitable<void>
            {
                co_await c.async_wait(asio::use_awaitable);
            }(ctx, std::move(cancel), t),
            asio::detached);
        ioc.poll();
        BOOST_TEST(t.use_count() == 2);
    }
    BOOST_TEST(t.use_count() == 1);
    BOOST_TEST(kept.done()); // the coroutine held the source
}

BOOST_FIXTURE_TEST_CASE(
    a_wait_goes_with_the_io_context_of_the_root_whatever_its_executor,
    io_context_fixture)
{
    auto const t = make_token();
    std::optional<asio::io_context> other(std::in_place);
    auto [ctx, cancel] = with_cancel(background(*other));
    ctx.async_wait(asio::bind_executor(ioc.get_executor(), counting(t)));
    other.reset();
    BOOST_TEST(t.use_count() == 1);
    cancel();
    BOOST_TEST(idle());
    BOOST_TEST(*t == 0);
}

BOOST_AUTO_TEST_CASE(a_wait_started_after_the_io_context_is_gone_is_harmless)
{
    auto const t = make_token();
    std::optional<asio::io_context> ioc(std::in_place);
    auto [ctx, cancel] = with_cancel(background(*ioc));
    ioc.reset();
    ctx.async_wait(counting(t));
    cancel();
    ctx.async_wait(counting(t));
    wait_until([&] { return t.use_count() == 1; });
}

// What an exception says.

BOOST_FIXTURE_TEST_CASE(
    an_exception_names_the_time_that_was_given, manual_time_fixture)
{
    auto const text_of = [](context const& ctx)
    {
        try
        {
            ctx.throw_if_done();
        }
        catch (boost::system::system_error const& e)
        {
            BOOST_TEST(e.code() == ctx.error());
            return std::string(e.what());
        }
        return std::string();
    };
    auto const text_of_cause = [](context const& ctx)
    {
        try
        {
            std::rethrow_exception(ctx.exception());
        }
        catch (boost::system::system_error const& e)
        {
            BOOST_TEST(e.code() == ctx.cause());
            return std::string(e.what());
        }
    };
    auto const late = "Context deadline exceeded";
    auto const [timeout, cancel_1] = with_timeout(root, 1500ms);
    auto const [deadline, cancel_2] =
        with_deadline(root, clock.now() + 1h, asio::error::eof);
    auto const [idle, touch] = with_idle_timeout(root, 20ms);
    auto const [below, cancel_3] = with_timeout(timeout, 2s);
    auto const [above, cancel_4] = with_timeout(root, 3s);
    clock.advance(1500ms);
    BOOST_TEST(text_of(timeout).starts_with("after 1.5s: "));
    BOOST_TEST(text_of(timeout).find(late) != std::string::npos);
    BOOST_TEST(text_of_cause(timeout).starts_with("after 1.5s: "));
    BOOST_TEST(text_of(idle).starts_with("after 0.02s: "));
    // What ends a context counts, wherever it was given.
    BOOST_TEST(text_of(below).starts_with("after 1.5s: "));
    clock.advance(1h);
    BOOST_TEST(text_of(deadline).starts_with("after 3600s: "));
    BOOST_TEST(
        text_of_cause(deadline).find("End of file") != std::string::npos);
    BOOST_TEST(text_of(above).starts_with("after 3s: "));

    // A cancellation, and a time that had passed, have none.
    auto const [canceled, cancel] = with_timeout(root, 1s);
    cancel();
    BOOST_TEST(text_of(canceled).starts_with("Context canceled"));
    auto const [passed, cancel_5] = with_timeout(root, -1s);
    BOOST_TEST(text_of(passed).starts_with(late));
}

// to_string.

BOOST_FIXTURE_TEST_CASE(
    to_string_shows_the_way_from_the_root, manual_time_fixture)
{
    static constexpr context_key<int> key("user");
    BOOST_TEST(to_string(background()) == "background");
    BOOST_TEST(to_string(root) == "background");
    auto [one, cancel_one] = with_cancel(root);
    BOOST_TEST(to_string(one) == "background.with_cancel");
    auto const two = with_value(one, key, 1);
    auto [three, cancel_three] = with_timeout(two, 4900ms);
    BOOST_TEST(
        to_string(three)
        == "background.with_cancel.with_value(user).with_deadline(4.9s left)");
    auto [four, cancel_four] = with_grace(three, 2s);
    BOOST_TEST(to_string(four) == to_string(three) + ".with_grace(2s)");
    BOOST_TEST(
        to_string(without_cancel(four)) == to_string(four) + ".without_cancel");
    clock.advance(4s);
    BOOST_TEST(
        to_string(three)
        == "background.with_cancel.with_value(user).with_deadline(0.9s left)");
}

BOOST_FIXTURE_TEST_CASE(
    to_string_says_that_and_why_it_is_done, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_timeout(root, 5s);
    auto [ctx, cancel] =
        with_timeout(with_value(parent, user, std::string("x")), 3s);
    auto [below, cancel_below] = with_cancel(ctx);
    cancel(asio::error::eof);
    BOOST_TEST(
        to_string(ctx)
        == "background.with_deadline(5s left).with_value(user)"
           ".with_deadline[done: canceled, End of file]");
    // What is below was ended by that and says no more.
    BOOST_TEST(to_string(below) == to_string(ctx) + ".with_cancel");
    auto [late, cancel_late] = with_cancel(ctx);
    BOOST_TEST(to_string(late) == to_string(ctx) + ".with_cancel");

    auto [grace, cancel_grace] = with_grace(parent, 2s);
    clock.advance(5s);
    BOOST_TEST(
        to_string(parent)
        == "background.with_deadline[done: deadline exceeded]");
    BOOST_TEST(to_string(grace) == to_string(parent) + ".with_grace(2s)");
    cancel_grace(std::make_exception_ptr(1));
    BOOST_TEST(
        to_string(grace)
        == to_string(parent) + ".with_grace(2s)[done: canceled, an exception]");
}

BOOST_AUTO_TEST_CASE(to_string_shows_the_end_of_a_merged_context)
{
    auto [ctx, cancel] = with_cancel(background());
    // NOLINTNEXTLINE(asioctx-dead-context): what it shows
    auto const both = merge(with_cancel(background()).ctx, ctx);
    auto [live, cancel_live] = with_cancel(background());
    auto const other = merge(live, ctx);
    cancel();
    BOOST_TEST(
        to_string(other) == "background.with_cancel.merge[done: canceled]");
    BOOST_TEST(
        to_string(both) == "background.with_cancel[done: canceled].merge");
}

BOOST_AUTO_TEST_CASE(to_string_shows_the_root_below_background)
{
    auto [ctx, cancel] = with_cancel(background());
    BOOST_TEST(to_string(ctx) == "background.with_cancel");
}

BOOST_FIXTURE_TEST_CASE(
    to_string_can_show_the_most_extreme_deadlines, manual_time_fixture)
{
    auto [first, cancel_first] = with_deadline(root, time_point::min());
    auto [least, cancel_least] = with_timeout(root, duration::min());
    auto [most, cancel_most] =
        with_deadline(root, time_point::max() - duration(1));
    clock.advance(1s);
    BOOST_TEST(
        to_string(first)
        == "background.with_deadline[done: deadline exceeded]");
    BOOST_TEST(
        to_string(least)
        == "background.with_deadline[done: deadline exceeded]");
    BOOST_TEST(to_string(most).find("with_deadline(9") != std::string::npos);
}

// can_be_done, ended_by_own_deadline, std::hash.

BOOST_FIXTURE_TEST_CASE(
    what_only_carries_values_can_not_be_done, io_context_fixture)
{
    BOOST_TEST(!context().can_be_done());
    BOOST_TEST(!background().can_be_done());
    BOOST_TEST(!root.can_be_done());
    BOOST_TEST(!with_value(root, user, std::string("x")).can_be_done());
    auto [ctx, cancel] = with_cancel(root);
    BOOST_TEST(!without_cancel(ctx).can_be_done());
    BOOST_TEST(
        !with_value(without_cancel(ctx), user, std::string("x")).can_be_done());
}

BOOST_FIXTURE_TEST_CASE(
    what_is_derived_with_an_end_can_be_done, manual_time_fixture)
{
    auto [ctx, cancel] = with_cancel(background());
    auto [timed, cancel_timed] = with_timeout(root, 1s);
    auto [grace, cancel_grace] = with_grace(root, 1s);
    auto [idle_ctx, touch] = with_idle_timeout(root, 1s);
    allocation_counter const counter;
    bool const all = ctx.can_be_done() && timed.can_be_done()
        && grace.can_be_done() && idle_ctx.can_be_done();
    auto const allocations = counter.count();
    BOOST_TEST(all);
    BOOST_TEST(allocations == 0u);
    BOOST_TEST(with_value(ctx, user, std::string("x")).can_be_done());
    BOOST_TEST(merge(root, ctx).can_be_done());
    cancel();
    BOOST_TEST(ctx.can_be_done());
}

BOOST_FIXTURE_TEST_CASE(
    a_context_tells_whose_deadline_ended_it, manual_time_fixture)
{
    auto [outer, cancel_outer] = with_timeout(root, 2s);
    auto [inner, cancel_inner] = with_timeout(outer, 1s);
    auto [later, cancel_later] = with_timeout(outer, 3s);
    auto [idle_ctx, touch] = with_idle_timeout(outer, 1s);
    auto [below, cancel_below] = with_cancel(inner);
    auto const merged = merge(root, inner);
    auto [grace, cancel_grace] = with_grace(inner, 500ms);
    BOOST_TEST(!inner.ended_by_own_deadline());
    clock.advance(1s);
    BOOST_TEST(inner.ended_by_own_deadline());
    BOOST_TEST(
        with_value(inner, user, std::string("x")).ended_by_own_deadline());
    BOOST_TEST(idle_ctx.ended_by_own_deadline());
    BOOST_TEST(below.error() == errc::deadline_exceeded);
    BOOST_TEST(!below.ended_by_own_deadline());
    BOOST_TEST(merged.error() == errc::deadline_exceeded);
    BOOST_TEST(!merged.ended_by_own_deadline());
    BOOST_TEST(!outer.ended_by_own_deadline());
    clock.advance(500ms);
    BOOST_TEST(grace.error() == errc::deadline_exceeded);
    BOOST_TEST(!grace.ended_by_own_deadline());
    clock.advance(500ms);
    BOOST_TEST(outer.ended_by_own_deadline());
    BOOST_TEST(later.error() == errc::deadline_exceeded);
    BOOST_TEST(!later.ended_by_own_deadline());
    auto [born_done, cancel_born_done] = with_timeout(outer, 1s);
    BOOST_TEST(born_done.error() == errc::deadline_exceeded);
    BOOST_TEST(!born_done.ended_by_own_deadline());
    auto [passed, cancel_passed] = with_timeout(root, 0s);
    BOOST_TEST(passed.ended_by_own_deadline());
    auto [canceled, cancel] = with_timeout(root, 1s);
    cancel();
    BOOST_TEST(!canceled.ended_by_own_deadline());
}

BOOST_FIXTURE_TEST_CASE(contexts_can_be_keys_of_hash_tables, io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    std::unordered_map<context, int> table{{ctx, 1}, {root, 2}, {{}, 3}};
    BOOST_TEST(table.at(context(ctx)) == 1);
    BOOST_TEST(table.at(background(ioc)) == 2);
    BOOST_TEST(table.at(background()) == 3);
    BOOST_TEST(table.count(with_cancel(root).ctx) == 0u);
    BOOST_TEST(std::hash<context>()(ctx) != std::hash<context>()(root));
}

BOOST_AUTO_TEST_SUITE_END()
