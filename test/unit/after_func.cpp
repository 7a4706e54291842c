//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/after_func.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/value.hpp>
#include <asioctx/without_cancel.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
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

// Something for a function to hold, to see when the function is destroyed.
using token = std::shared_ptr<int>;

token make_token()
{
    return std::make_shared<int>(0);
}

// A function that counts its calls in the token that it holds.
auto counting(token t)
{
    return [t = std::move(t)]
    {
        ++*t;
    };
}

struct cancelable_fixture : io_context_fixture
{
    cancelable made = with_cancel(root);
    context ctx = made.ctx;
    cancel_source& cancel = made.cancel;

    void teardown()
    {
        cancel.detach();
        made.ctx = ctx = context();
        io_context_fixture::teardown();
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(test_after_func)

BOOST_FIXTURE_TEST_CASE(runs_once_after_cancel, cancelable_fixture)
{
    int calls = 0;
    auto const registration = after_func(ctx, [&] { ++calls; });
    poll();
    BOOST_TEST(calls == 0);
    cancel();
    cancel();
    BOOST_TEST(poll() == 1u);
    BOOST_TEST(calls == 1);
    BOOST_TEST(poll() == 0u);
}

BOOST_FIXTURE_TEST_CASE(
    runs_on_its_executor_never_inside_cancel, cancelable_fixture)
{
    int calls = 0;
    std::thread::id ran_on;
    auto const registration = after_func(
        ctx,
        [&]
        {
            ++calls;
            ran_on = std::this_thread::get_id();
        });
    std::thread([&] { cancel(); }).join();
    BOOST_TEST(calls == 0);
    poll();
    BOOST_TEST(calls == 1);
    BOOST_TEST((ran_on == std::this_thread::get_id()));
}

BOOST_FIXTURE_TEST_CASE(
    cancel_inside_the_io_context_does_not_run_it_inline, cancelable_fixture)
{
    int calls = 0;
    auto const registration = after_func(ctx, [&] { ++calls; });
    asio::post(
        ioc,
        [&]
        {
            cancel();
            BOOST_TEST(calls == 0);
            (void)after_func(ctx, [&] { calls += 10; });
            after_func(ctx, [&] { calls += 100; }).detach();
            BOOST_TEST(calls == 0);
        });
    poll();
    // A registration that is dropped stops what has not begun.
    BOOST_TEST(calls == 101);
}

BOOST_FIXTURE_TEST_CASE(
    stop_before_cancel_returns_true_and_nothing_runs, cancelable_fixture)
{
    int calls = 0;
    auto registration = after_func(ctx, [&] { ++calls; });
    BOOST_TEST(registration.stop());
    cancel();
    poll();
    BOOST_TEST(calls == 0);
}

BOOST_FIXTURE_TEST_CASE(
    already_canceled_context_still_posts, cancelable_fixture)
{
    cancel();
    int calls = 0;
    auto registration = after_func(ctx, [&] { ++calls; });
    BOOST_TEST(calls == 0);
    BOOST_TEST(poll() == 1u);
    BOOST_TEST(calls == 1);
    BOOST_TEST(!registration.stop());
}

BOOST_FIXTURE_TEST_CASE(
    stop_returns_true_until_the_function_begins, cancelable_fixture)
{
    int calls = 0;
    auto registration = after_func(ctx, [&] { ++calls; });
    cancel();
    BOOST_TEST(registration.stop());
    BOOST_TEST(!registration.stop());
    poll();
    BOOST_TEST(calls == 0);
}

// An owner that goes between cancel() and run() is not called any more.
BOOST_FIXTURE_TEST_CASE(
    what_is_posted_does_not_outlive_its_owner, cancelable_fixture)
{
    struct owner
    {
        explicit owner(context const& ctx)
            : registration(after_func(ctx, [this] { ++calls; }))
        {
        }

        int calls = 0;
        after_func_registration registration;
    };
    auto o = std::make_unique<owner>(ctx);
    cancel();
    o.reset();
    poll();
}

BOOST_FIXTURE_TEST_CASE(stop_after_the_call_returns_false, cancelable_fixture)
{
    int calls = 0;
    auto registration = after_func(ctx, [&] { ++calls; });
    cancel();
    poll();
    BOOST_TEST(calls == 1);
    BOOST_TEST(!registration.stop());
}

BOOST_FIXTURE_TEST_CASE(the_second_stop_returns_false, cancelable_fixture)
{
    auto registration = after_func(ctx, [] {});
    BOOST_TEST(registration.stop());
    BOOST_TEST(!registration.stop());
    cancel();
    BOOST_TEST(!registration.stop());
}

BOOST_FIXTURE_TEST_CASE(stop_destroys_the_function, cancelable_fixture)
{
    auto const t = make_token();
    auto registration = after_func(ctx, counting(t));
    BOOST_TEST(t.use_count() == 2);
    registration.stop();
    BOOST_TEST(t.use_count() == 1);
}

BOOST_FIXTURE_TEST_CASE(
    the_function_is_destroyed_after_it_has_run, cancelable_fixture)
{
    auto const t = make_token();
    auto const registration = after_func(ctx, counting(t));
    cancel();
    BOOST_TEST(t.use_count() == 2);
    poll();
    BOOST_TEST(*t == 1);
    BOOST_TEST(t.use_count() == 1);
}

BOOST_FIXTURE_TEST_CASE(the_destructor_stops, cancelable_fixture)
{
    auto const t = make_token();
    {
        auto const registration = after_func(ctx, counting(t));
    }
    BOOST_TEST(t.use_count() == 1);
    cancel();
    BOOST_TEST(poll() == 0u);
    BOOST_TEST(*t == 0);
}

BOOST_FIXTURE_TEST_CASE(
    the_destructor_stops_what_is_posted_and_has_not_begun, cancelable_fixture)
{
    auto const t = make_token();
    {
        auto const registration = after_func(ctx, counting(t));
        cancel();
    }
    BOOST_TEST(t.use_count() == 1);
    poll();
    BOOST_TEST(*t == 0);
}

// Whoever asked to be called is told by its own function that it is to go.
BOOST_FIXTURE_TEST_CASE(
    a_function_does_not_stop_itself_once_it_has_begun, cancelable_fixture)
{
    bool stopped = true;
    after_func_registration registration;
    registration = after_func(ctx, [&] { stopped = registration.stop(); });
    cancel();
    poll();
    BOOST_TEST(!stopped);
}

BOOST_FIXTURE_TEST_CASE(the_same_function_twice_runs_twice, cancelable_fixture)
{
    int calls = 0;
    auto const f = [&]
    {
        ++calls;
    };
    auto one = after_func(ctx, f);
    auto two = after_func(ctx, f);
    auto three = after_func(ctx, f);
    BOOST_TEST(two.stop());
    cancel();
    poll();
    BOOST_TEST(calls == 2);
}

BOOST_FIXTURE_TEST_CASE(
    functions_run_in_the_order_of_registration, cancelable_fixture)
{
    std::vector<int> order;
    std::vector<after_func_registration> registrations;
    for (int i = 0; i != 10; ++i)
        registrations.push_back(
            after_func(ctx, [&, i] { order.push_back(i); }));
    registrations[3].stop();
    cancel();
    poll();
    BOOST_TEST(
        order == (std::vector{0, 1, 2, 4, 5, 6, 7, 8, 9}),
        boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(
    what_is_posted_can_be_stopped_by_another_function, cancelable_fixture)
{
    int calls = 0;
    bool stopped = false;
    after_func_registration second;
    auto const first = after_func(ctx, [&] { stopped = second.stop(); });
    second = after_func(ctx, [&] { ++calls; });
    cancel();
    poll();
    BOOST_TEST(stopped);
    BOOST_TEST(calls == 0);
}

BOOST_FIXTURE_TEST_CASE(
    a_function_can_stop_that_of_another_context, cancelable_fixture)
{
    auto [other, cancel_other] = with_cancel(root);
    int calls = 0;
    auto second = after_func(other, [&] { ++calls; });
    bool stopped = false;
    auto const first = after_func(ctx, [&] { stopped = second.stop(); });
    cancel();
    poll();
    BOOST_TEST(stopped);
    cancel_other();
    poll();
    BOOST_TEST(calls == 0);
}

BOOST_FIXTURE_TEST_CASE(
    a_function_can_destroy_its_own_registration, cancelable_fixture)
{
    std::optional<after_func_registration> registration;
    auto const t = make_token();
    registration = after_func(
        ctx,
        [&, t]
        {
            registration.reset();
            ++*t;
        });
    cancel();
    poll();
    BOOST_TEST(*t == 1);
    BOOST_TEST(t.use_count() == 1);
}

BOOST_FIXTURE_TEST_CASE(a_function_can_register_another, cancelable_fixture)
{
    std::vector<int> order;
    after_func_registration inner;
    auto const outer = after_func(
        ctx,
        [&]
        {
            order.push_back(1);
            inner = after_func(ctx, [&] { order.push_back(3); });
            order.push_back(2);
        });
    cancel();
    poll();
    BOOST_TEST(
        order == (std::vector{1, 2, 3}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(
    a_function_sees_the_context_done_and_why, cancelable_fixture)
{
    error_code const cause = make_error_code(boost::system::errc::io_error);
    error_code seen;
    auto const registration = after_func(ctx, [&] { seen = ctx.cause(); });
    cancel(cause);
    poll();
    BOOST_TEST(seen == cause);
}

BOOST_FIXTURE_TEST_CASE(runs_when_a_parent_is_canceled, cancelable_fixture)
{
    auto [child, cancel_child] = with_cancel(ctx);
    static constexpr context_key<int> key;
    auto const below = with_value(child, key, 1);
    int calls = 0;
    auto const one = after_func(child, [&] { ++calls; });
    auto const two = after_func(below, [&] { ++calls; });
    cancel();
    poll();
    BOOST_TEST(calls == 2);
}

BOOST_FIXTURE_TEST_CASE(runs_after_a_deadline, manual_time_fixture)
{
    auto [ctx, cancel] = with_timeout(root, 1s);
    int calls = 0;
    auto registration = after_func(ctx, [&] { ++calls; });
    clock.advance(1s - 1ns);
    poll();
    BOOST_TEST(calls == 0);
    clock.advance(1ns);
    BOOST_TEST(calls == 0);
    poll();
    BOOST_TEST(calls == 1);
    BOOST_TEST(!registration.stop());
}

BOOST_FIXTURE_TEST_CASE(
    is_not_called_when_another_context_is_done, cancelable_fixture)
{
    auto [other, cancel_other] = with_cancel(root);
    auto [child, cancel_child] = with_cancel(ctx);
    int calls = 0;
    auto const registration = after_func(ctx, [&] { ++calls; });
    cancel_other();
    cancel_child();
    BOOST_TEST(poll() == 0u);
    BOOST_TEST(calls == 0);
}

// The registration object.

BOOST_FIXTURE_TEST_CASE(
    a_registration_that_owns_nothing_does_nothing, io_context_fixture)
{
    after_func_registration none;
    BOOST_TEST(!none.stop());
    none.detach();
    none = after_func_registration();
    BOOST_TEST(!none.stop());
    static_assert(!std::is_copy_constructible_v<after_func_registration>);
    static_assert(
        std::is_nothrow_move_constructible_v<after_func_registration>);
    static_assert(std::is_nothrow_move_assignable_v<after_func_registration>);
}

BOOST_FIXTURE_TEST_CASE(
    the_association_moves_with_the_registration, cancelable_fixture)
{
    int calls = 0;
    auto one = after_func(ctx, [&] { ++calls; });
    auto two = std::move(one);
    // NOLINTNEXTLINE(bugprone-use-after-move): what is left
    BOOST_TEST(!one.stop());
    after_func_registration three;
    three = std::move(two);
    // NOLINTNEXTLINE(bugprone-use-after-move): what is left
    BOOST_TEST(!two.stop());
    BOOST_TEST(three.stop());
    cancel();
    poll();
    BOOST_TEST(calls == 0);
}

BOOST_FIXTURE_TEST_CASE(
    assignment_stops_what_was_owned_before, cancelable_fixture)
{
    auto const before = make_token();
    auto const after = make_token();
    auto registration = after_func(ctx, counting(before));
    registration = after_func(ctx, counting(after));
    BOOST_TEST(before.use_count() == 1);
    cancel();
    poll();
    BOOST_TEST(*before == 0);
    BOOST_TEST(*after == 1);
}

BOOST_FIXTURE_TEST_CASE(
    a_registration_keeps_the_context_until_it_is_dropped, io_context_fixture)
{
    static constexpr context_key<token> key("token");
    auto const t = make_token();
    auto [ctx, cancel] = with_cancel(with_value(root, key, t));
    auto registration = after_func(ctx, [] {});
    ctx = context();
    cancel.detach();
    BOOST_TEST(t.use_count() == 2);
    registration = {};
    BOOST_TEST(t.use_count() == 1);
}

BOOST_FIXTURE_TEST_CASE(
    a_detached_function_runs_when_the_context_is_done, cancelable_fixture)
{
    auto const t = make_token();
    after_func(ctx, counting(t)).detach();
    BOOST_TEST(t.use_count() == 2);
    cancel();
    poll();
    BOOST_TEST(*t == 1);
    BOOST_TEST(t.use_count() == 1);
}

BOOST_FIXTURE_TEST_CASE(
    a_function_can_be_detached_after_it_was_posted_or_stopped,
    cancelable_fixture)
{
    auto const t = make_token();
    auto stopped = after_func(ctx, counting(t));
    stopped.stop();
    stopped.detach();
    auto posted = after_func(ctx, counting(t));
    cancel();
    posted.detach();
    BOOST_TEST(!posted.stop());
    poll();
    BOOST_TEST(*t == 1);
    auto ran = after_func(ctx, counting(t));
    poll();
    ran.detach();
    BOOST_TEST(*t == 2);
    BOOST_TEST(t.use_count() == 1);
}

BOOST_FIXTURE_TEST_CASE(
    a_detached_function_is_destroyed_with_a_context_that_was_never_done,
    io_context_fixture)
{
    auto const t = make_token();
    {
        auto [ctx, cancel] = with_cancel(root);
        after_func(ctx, counting(t)).detach();
        cancel.detach();
        BOOST_TEST(t.use_count() == 2);
    }
    BOOST_TEST(t.use_count() == 1);
    BOOST_TEST(poll() == 0u);
    BOOST_TEST(*t == 0);
}

BOOST_FIXTURE_TEST_CASE(
    a_detached_function_does_not_keep_the_context, io_context_fixture)
{
    static constexpr context_key<token> key("token");
    auto const t = make_token();
    auto [ctx, cancel] = with_cancel(with_value(root, key, t));
    after_func(ctx, [] {}).detach();
    cancel.detach();
    ctx = context();
    BOOST_TEST(t.use_count() == 1);
}

// The function may own what keeps its context.
BOOST_FIXTURE_TEST_CASE(
    a_detached_function_that_holds_the_context_runs, cancelable_fixture)
{
    auto const t = make_token();
    after_func(ctx, [t, ctx = ctx] { *t = ctx.done() ? 1 : 2; }).detach();
    ctx = context();
    cancel();
    poll();
    BOOST_TEST(*t == 1);
    BOOST_TEST(t.use_count() == 1);
}

BOOST_FIXTURE_TEST_CASE(
    a_function_that_holds_the_source_can_be_destroyed_by_canceling,
    io_context_fixture)
{
    auto const t = make_token();
    auto [ctx, cancel] = with_cancel(root);
    auto shared = std::make_shared<cancel_source>(std::move(cancel));
    after_func(ctx, [t, shared] { ++*t; }).detach();
    ctx = context();
    shared->cancel();
    shared.reset();
    poll();
    BOOST_TEST(*t == 1);
    BOOST_TEST(t.use_count() == 1);
}

// Contexts that are never done.

BOOST_AUTO_TEST_CASE(never_runs_on_background_and_stop_is_true)
{
    auto const t = make_token();
    auto registration = after_func(background(), counting(t));
    BOOST_TEST(t.use_count() == 2);
    BOOST_TEST(registration.stop());
    BOOST_TEST(!registration.stop());
    BOOST_TEST(t.use_count() == 1);
    BOOST_TEST(*t == 0);
}

BOOST_FIXTURE_TEST_CASE(
    never_runs_on_the_root_of_an_execution_context, io_context_fixture)
{
    auto const t = make_token();
    auto registration = after_func(root, counting(t));
    BOOST_TEST(poll() == 0u);
    BOOST_TEST(registration.stop());
    after_func(root, counting(t)).detach();
    BOOST_TEST(poll() == 0u);
    BOOST_TEST(*t == 0);
}

BOOST_AUTO_TEST_CASE(
    a_function_detached_from_a_root_goes_with_the_execution_context)
{
    auto const t = make_token();
    {
        asio::io_context ioc;
        after_func(background(ioc), counting(t)).detach();
        after_func(
            background(), asio::bind_executor(ioc.get_executor(), counting(t)))
            .detach();
        BOOST_TEST(t.use_count() == 3);
    }
    BOOST_TEST(t.use_count() == 1);
    BOOST_TEST(*t == 0);
}

// Executors.

BOOST_FIXTURE_TEST_CASE(
    without_an_executor_it_runs_on_that_of_the_root, cancelable_fixture)
{
    bool there = false;
    auto const registration = after_func(
        ctx, [&] { there = ioc.get_executor().running_in_this_thread(); });
    cancel();
    poll();
    BOOST_TEST(there);
}

BOOST_FIXTURE_TEST_CASE(runs_on_a_strand, cancelable_fixture)
{
    auto const strand = asio::make_strand(ioc);
    asio::strand<asio::any_io_executor> const any_strand(ioc.get_executor());
    int there = 0;
    auto const one = after_func(
        ctx,
        asio::bind_executor(
            strand, [&] { there += strand.running_in_this_thread(); }));
    auto const two = after_func(
        ctx,
        asio::bind_executor(
            any_strand, [&] { there += any_strand.running_in_this_thread(); }));
    auto const three = after_func(
        ctx,
        asio::bind_executor(
            asio::any_io_executor(strand),
            [&] { there += strand.running_in_this_thread(); }));
    cancel();
    poll();
    BOOST_TEST(there == 3);
}

BOOST_FIXTURE_TEST_CASE(runs_on_another_io_context, cancelable_fixture)
{
    asio::io_context other;
    bool there = false;
    auto const registration = after_func(
        ctx,
        asio::bind_executor(
            other.get_executor(),
            [&] { there = other.get_executor().running_in_this_thread(); }));
    cancel();
    BOOST_TEST(poll() == 0u);
    BOOST_TEST(!there);
    BOOST_TEST(other.poll() == 1u);
    BOOST_TEST(there);
}

BOOST_FIXTURE_TEST_CASE(is_posted_not_dispatched, cancelable_fixture)
{
    std::vector<int> order;
    auto const registration = after_func(
        ctx,
        asio::bind_executor(
            asio::make_strand(ioc), [&] { order.push_back(2); }));
    asio::post(
        ioc,
        [&]
        {
            cancel();
            order.push_back(1);
        });
    poll();
    BOOST_TEST(order == (std::vector{1, 2}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(runs_on_a_thread_pool, cancelable_fixture)
{
    asio::thread_pool pool(1);
    std::atomic<bool> there{false};
    auto const registration = after_func(
        ctx,
        asio::bind_executor(
            pool.get_executor(),
            [&] { there = pool.get_executor().running_in_this_thread(); }));
    cancel();
    pool.join();
    BOOST_TEST(there);
}

BOOST_AUTO_TEST_CASE(runs_on_the_thread_pool_of_the_root)
{
    asio::thread_pool pool(1);
    auto [ctx, cancel] = with_cancel(background(pool));
    std::atomic<bool> there{false};
    auto const registration = after_func(
        ctx, [&] { there = pool.get_executor().running_in_this_thread(); });
    cancel();
    wait_until([&] { return there.load(); });
    pool.join();
}

BOOST_AUTO_TEST_CASE(runs_on_the_system_executor_below_background)
{
    auto [ctx, cancel] = with_cancel(background());
    std::atomic<bool> called{false};
    std::thread::id ran_on;
    auto const registration = after_func(
        ctx,
        [&]
        {
            ran_on = std::this_thread::get_id();
            called = true;
        });
    cancel();
    wait_until([&] { return called.load(); });
    BOOST_TEST((ran_on != std::this_thread::get_id()));
}

// Allocation.

BOOST_FIXTURE_TEST_CASE(
    a_registration_is_one_allocation_with_the_functions_allocator,
    cancelable_fixture)
{
    memory_use use;
    auto const t = make_token();
    {
        auto registration = after_func(
            ctx,
            asio::bind_allocator(measuring_allocator<int>(use), counting(t)));
        BOOST_TEST(use.allocations == 1);
        BOOST_TEST(use.blocks == 1);
        cancel();
        poll();
        BOOST_TEST(*t == 1);
    }
    BOOST_TEST(use.allocations == 1);
    BOOST_TEST(use.blocks == 0);

    auto [other, cancel_other] = with_cancel(root);
    after_func(
        other, asio::bind_allocator(measuring_allocator<int>(use), counting(t)))
        .detach();
    BOOST_TEST(use.allocations == 2);
    cancel_other.detach();
    other = context();
    BOOST_TEST(use.blocks == 0);
}

// What cancel() allocates if three functions of a context, and of one below
// it, run on an executor.
template <class Executor, class Run>
std::size_t allocations_of_cancel(
    context const& root, Executor const& ex, Run run)
{
    std::atomic<int> calls{0};
    std::size_t allocations = 0;
    // The first round is for what Asio and the threads allocate on first use.
    for (int round = 1; round != 3; ++round)
    {
        auto [parent, cancel] = with_cancel(root);
        auto [child, cancel_child] = with_cancel(parent);
        std::vector<after_func_registration> registrations;
        for (int i = 0; i != 3; ++i)
            for (auto const& c : {parent, child})
                registrations.push_back(
                    after_func(c, asio::bind_executor(ex, [&] { ++calls; })));
        allocation_counter const counter;
        cancel();
        allocations = counter.count();
        wait_until(
            [&]
            {
                run();
                return calls == 6 * round;
            });
    }
    return allocations;
}

BOOST_FIXTURE_TEST_CASE(cancel_allocates_nothing, io_context_fixture)
{
    auto const run = [&]
    {
        poll();
    };
    auto const ex = ioc.get_executor();
    asio::any_io_executor const any(ex);
    BOOST_TEST(allocations_of_cancel(root, ex, run) == 0u);
    BOOST_TEST(allocations_of_cancel(root, any, run) == 0u);
}

BOOST_FIXTURE_TEST_CASE(
    cancel_allocates_nothing_for_a_strand, io_context_fixture)
{
    auto const run = [&]
    {
        poll();
    };
    auto const strand = asio::make_strand(ioc);
    asio::any_io_executor const any(strand);
    BOOST_TEST(allocations_of_cancel(root, strand, run) == 0u);
    BOOST_TEST(allocations_of_cancel(root, any, run) == 0u);
}

BOOST_AUTO_TEST_CASE(cancel_allocates_nothing_for_a_thread_pool)
{
    auto const run = [] {
    };
    asio::thread_pool pool(1);
    auto const root = background(pool);
    auto const ex = pool.get_executor();
    auto const strand = asio::make_strand(pool);
    BOOST_TEST(allocations_of_cancel(root, ex, run) == 0u);
    BOOST_TEST(allocations_of_cancel(root, strand, run) == 0u);
    pool.join();
}

BOOST_AUTO_TEST_CASE(cancel_allocates_nothing_for_the_system_executor)
{
    std::atomic<int> calls{0};
    auto [ctx, cancel] = with_cancel(background());
    auto const registration = after_func(ctx, [&] { ++calls; });
    allocation_counter const counter;
    cancel();
    auto const allocations = counter.count();
    BOOST_TEST(allocations == 0u);
    wait_until([&] { return calls == 1; });
}

BOOST_FIXTURE_TEST_CASE(
    a_lack_of_memory_leaves_nothing_behind, cancelable_fixture)
{
    auto const t = make_token();
    // Asio keeps some memory for handlers, but not for a hundred.
    std::vector<after_func_registration> registrations;
    registrations.reserve(100);
    bool thrown = false;
    {
        failing_allocations const none;
        try
        {
            for (int i = 0; i != 100; ++i)
                registrations.push_back(after_func(ctx, counting(t)));
        }
        catch (std::bad_alloc const&)
        {
            thrown = true;
        }
    }
    BOOST_TEST(thrown);
    registrations.clear();
    BOOST_TEST(t.use_count() == 1);
    cancel();
    BOOST_TEST(poll() == 0u);
}

BOOST_FIXTURE_TEST_CASE(
    a_function_that_throws_when_moved_in_leaves_nothing_behind,
    cancelable_fixture)
{
    struct picky
    {
        explicit picky(token held) : t(std::move(held))
        {
        }

        picky(picky const& other) : t(other.t)
        {
            throw std::runtime_error("picky");
        }

        picky(picky&&) = default;

        void operator()() const
        {
        }

        token t;
    };
    auto const t = make_token();
    {
        picky const f(t);
        BOOST_CHECK_THROW((void)after_func(ctx, f), std::runtime_error);
    }
    BOOST_TEST(t.use_count() == 1);
    cancel();
    BOOST_TEST(poll() == 0u);
}

// Functions.

BOOST_FIXTURE_TEST_CASE(a_function_may_be_move_only, cancelable_fixture)
{
    int seen = 0;
    auto const registration =
        after_func(ctx, [&seen, p = std::make_unique<int>(7)] { seen = *p; });
    cancel();
    poll();
    BOOST_TEST(seen == 7);
}

BOOST_FIXTURE_TEST_CASE(a_function_may_be_an_lvalue, cancelable_fixture)
{
    int calls = 0;
    std::function<void()> const f = [&]
    {
        ++calls;
    };
    auto const one = after_func(ctx, f);
    auto const two = after_func(ctx, f);
    cancel();
    poll();
    BOOST_TEST(calls == 2);
}

BOOST_FIXTURE_TEST_CASE(
    a_function_pointer_or_a_result_will_do, cancelable_fixture)
{
    static int calls;
    calls = 0;
    struct local
    {
        static void f()
        {
            ++calls;
        }
    };
    auto const one = after_func(ctx, &local::f);
    auto const two = after_func(ctx, [] { return ++calls; });
    cancel();
    poll();
    BOOST_TEST(calls == 2);
}

BOOST_FIXTURE_TEST_CASE(what_a_function_throws_leaves_run, cancelable_fixture)
{
    auto const t = make_token();
    auto const one =
        after_func(ctx, [t]() -> void { throw std::runtime_error("thrown"); });
    auto const two = after_func(ctx, counting(t));
    cancel();
    BOOST_CHECK_THROW(poll(), std::runtime_error);
    poll();
    BOOST_TEST(*t == 1);
    BOOST_TEST(t.use_count() == 1);
}

// Lifetimes.

BOOST_FIXTURE_TEST_CASE(
    a_function_that_waits_does_not_keep_run_from_returning, cancelable_fixture)
{
    auto const registration = after_func(ctx, [] {});
    BOOST_TEST(ioc.run() == 0u);
    BOOST_TEST(ioc.stopped());
}

BOOST_AUTO_TEST_CASE(
    the_function_goes_with_the_io_context_while_all_else_lives_on)
{
    auto const t = make_token();
    std::optional<asio::io_context> ioc(std::in_place);
    auto [ctx, cancel] = with_cancel(background(*ioc));
    auto registration = after_func(ctx, counting(t));
    after_func(ctx, counting(t)).detach();
    BOOST_TEST(t.use_count() == 3);
    ioc.reset();
    BOOST_TEST(t.use_count() == 1);
    BOOST_TEST(!registration.stop());
    cancel();
    BOOST_TEST(ctx.done());
    BOOST_TEST(*t == 0);
}

BOOST_AUTO_TEST_CASE(the_registration_outlives_the_context_and_the_io_context)
{
    auto const t = make_token();
    after_func_registration registration;
    {
        asio::io_context ioc;
        auto [ctx, cancel] = with_cancel(background(ioc));
        registration = after_func(ctx, counting(t));
        cancel.detach();
    }
    BOOST_TEST(t.use_count() == 1);
    BOOST_TEST(!registration.stop());
}

BOOST_AUTO_TEST_CASE(what_is_posted_goes_with_the_io_context)
{
    auto const t = make_token();
    {
        asio::io_context ioc;
        auto [ctx, cancel] = with_cancel(background(ioc));
        auto const registration = after_func(ctx, counting(t));
        after_func(ctx, counting(t)).detach();
        cancel();
        BOOST_TEST(t.use_count() == 3);
    }
    BOOST_TEST(t.use_count() == 1);
    BOOST_TEST(*t == 0);
}

BOOST_AUTO_TEST_CASE(
    a_detached_function_that_holds_the_last_handle_goes_with_the_io_context)
{
    auto const t = make_token();
    {
        asio::io_context ioc;
        auto [ctx, cancel] = with_cancel(background(ioc));
        after_func(ctx, [t, ctx = ctx] {}).detach();
        cancel.detach();
        ctx = context();
        BOOST_TEST(t.use_count() == 2);
    }
    BOOST_TEST(t.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(
    a_function_that_holds_its_registration_goes_with_the_io_context)
{
    auto const t = make_token();
    {
        asio::io_context ioc;
        auto [ctx, cancel] = with_cancel(background(ioc));
        auto const holder = std::make_shared<after_func_registration>();
        *holder = after_func(ctx, [t, holder] {});
        cancel.detach();
    }
    BOOST_TEST(t.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(a_function_that_holds_the_source_goes_with_the_io_context)
{
    auto const t = make_token();
    {
        asio::io_context ioc;
        auto [ctx, cancel] = with_cancel(background(ioc));
        // Destroying the first cancels, and finds the second.
        after_func(ctx, [t, cancel = std::move(cancel)] {}).detach();
        after_func(ctx, counting(t)).detach();
    }
    BOOST_TEST(t.use_count() == 1);
    BOOST_TEST(*t == 0);
}

BOOST_FIXTURE_TEST_CASE(
    the_function_goes_with_its_own_execution_context, cancelable_fixture)
{
    auto const t = make_token();
    auto const here = after_func(ctx, counting(t));
    auto const check = [&](auto executor_of)
    {
        {
            asio::io_context other;
            auto const ex = executor_of(other);
            auto const there =
                after_func(ctx, asio::bind_executor(ex, counting(t)));
            after_func(ctx, asio::bind_executor(ex, counting(t))).detach();
            BOOST_TEST(t.use_count() == 4);
        }
        BOOST_TEST(t.use_count() == 2);
    };
    check([](asio::io_context& i) { return i.get_executor(); });
    check([](asio::io_context& i) { return asio::make_strand(i); });
    check([](asio::io_context& i)
          { return asio::any_io_executor(asio::make_strand(i)); });
    check([](asio::io_context& i)
          { return asio::any_completion_executor(i.get_executor()); });
    check([](asio::io_context& i)
          { return asio::any_completion_executor(asio::make_strand(i)); });
    cancel();
    poll();
    BOOST_TEST(*t == 1);
}

BOOST_FIXTURE_TEST_CASE(
    a_function_of_another_execution_context_outlives_that_of_the_root,
    io_context_fixture)
{
    auto const t = make_token();
    std::optional<asio::io_context> other(std::in_place);
    auto [ctx, cancel] = with_cancel(background(*other));
    auto const registration =
        after_func(ctx, asio::bind_executor(ioc.get_executor(), counting(t)));
    other.reset();
    BOOST_TEST(t.use_count() == 2);
    cancel();
    poll();
    BOOST_TEST(*t == 1);
}

// Threads.

BOOST_FIXTURE_TEST_CASE(
    stop_and_cancel_agree_on_who_was_first, io_context_fixture)
{
    for (int i = 0; i != 500; ++i)
    {
        auto [ctx, cancel] = with_cancel(root);
        int calls = 0;
        auto registration = after_func(ctx, [&] { ++calls; });
        std::atomic<int> ready{0};
        auto const meet = [&]
        {
            ++ready;
            while (ready != 3)
                std::this_thread::yield();
        };
        std::atomic<int> stopped{0};
        std::thread canceler(
            [&, &cancel = cancel]
            {
                meet();
                cancel();
            });
        std::thread stopper(
            [&]
            {
                meet();
                stopped += registration.stop();
            });
        meet();
        stopped += registration.stop();
        canceler.join();
        stopper.join();
        poll();
        BOOST_REQUIRE(stopped <= 1);
        BOOST_REQUIRE(calls == 1 - stopped);
    }
}

BOOST_FIXTURE_TEST_CASE(
    a_registration_that_races_with_cancel_is_not_lost, io_context_fixture)
{
    for (int i = 0; i != 500; ++i)
    {
        auto [ctx, cancel] = with_cancel(root);
        int calls = 0;
        std::atomic<bool> ready{false};
        std::thread canceler(
            [&, &cancel = cancel]
            {
                ready = true;
                cancel();
            });
        while (!ready)
            std::this_thread::yield();
        auto const one = after_func(ctx, [&] { ++calls; });
        after_func(ctx, [&] { ++calls; }).detach();
        canceler.join();
        poll();
        BOOST_REQUIRE(calls == 2);
    }
}

BOOST_AUTO_TEST_SUITE_END()
