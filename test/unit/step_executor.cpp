//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/detail/step_executor.hpp>

// For the tests.
#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/test/unit_test.hpp>

#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include "support/allocation_counter.hpp"
#include "support/bound_fixture.hpp"
#include "support/outcome.hpp"
#include "support/print.hpp"

using namespace asioctx;
using namespace asioctx::test;

namespace {

error_code const no_error;

// Starts an operation that puts something into its slot, and then does what the
// test says with the handler and the executor. It does not tell its I/O executor.
template <class Executor, class F>
struct initiate
{
    template <class Handler>
    void operator()(Handler&& handler) const
    {
        auto slot = asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected())
            slot.assign([n = requests](auto) { ++*n; });
        auto const associated = asio::get_associated_executor(handler, ex);
        f(std::forward<Handler>(handler), associated);
    }

    Executor ex;
    int* requests;
    F f;
};

struct step_fixture : bound_fixture
{
    template <class Executor, class Token, class F>
    void start(Executor const& ex, Token&& token, F f)
    {
        asio::async_initiate<Token, void(error_code)>(
            initiate<Executor, F>{ex, &requests, f}, token);
    }

    // Whether a request from another thread meets a step.
    template <class Executor>
    void check_that_requests_wait_for_a_step(Executor const& ex)
    {
        auto const c = with_cancel(root);
        outcome o;
        requests = 0;
        start(ex, bind_context(c.ctx, recorder(o)),
            [&](auto handler, auto step)
            {
                asio::post(step,
                    [&, h = std::move(handler)]() mutable
                    {
                        std::thread([&] { c.cancel(); }).join();
                        BOOST_TEST(requests == 0);
                        asio::post(ioc,
                            [h = std::move(h)]() mutable
                            { std::move(h)(error_code()); });
                    });
            });
        poll();
        BOOST_TEST(requests == 1);
        BOOST_TEST(o == no_error);
    }

    int requests = 0;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(test_step_executor, step_fixture)

BOOST_AUTO_TEST_CASE(a_request_waits_for_a_step)
{
    auto const ex = ioc.get_executor();
    check_that_requests_wait_for_a_step(ex);
    check_that_requests_wait_for_a_step(asio::any_io_executor(ex));
    check_that_requests_wait_for_a_step(asio::make_strand(ex));
    check_that_requests_wait_for_a_step(
        asio::any_io_executor(asio::make_strand(ex)));
    check_that_requests_wait_for_a_step(
        asio::make_strand(asio::any_io_executor(ex)));
}

BOOST_AUTO_TEST_CASE(a_request_between_steps_is_heard_by_the_usual_type_of_slot)
{
    outcome o;
    auto const c = with_cancel(root);
    start(ioc.get_executor(), bind_context(c.ctx, recorder(o)),
        [&](auto handler, auto step)
        {
            asio::post(step,
                [&, step, h = std::move(handler)]() mutable
                {
                    asio::get_associated_cancellation_slot(h).clear();
                    std::thread([&] { c.cancel(); }).join();
                    asio::post(step,
                        [&, h = std::move(h)]() mutable
                        {
                            asio::cancellation_slot slot =
                                asio::get_associated_cancellation_slot(h);
                            slot.assign([&](auto) { ++requests; });
                            asio::post(ioc,
                                [h = std::move(h)]() mutable
                                { std::move(h)(error_code()); });
                        });
                });
        });
    poll();
    BOOST_TEST(requests == 1);
    BOOST_TEST(o == no_error);
}

// As Asio has it when a composed operation counts work, where it cannot throw.
BOOST_AUTO_TEST_CASE(a_large_one_in_a_polymorphic_executor_is_shared)
{
    asio::thread_pool pool{1};
    asio::any_io_executor const ex = pool.get_executor();
    auto const c = with_cancel(root);
    outcome o;
    start(ex, bind_context(c.ctx, recorder(o)),
        [&](auto handler, asio::any_io_executor step)
        {
            allocation_counter const allocations;
            auto const copy = step;
            auto const copied = allocations.count();
            auto const tracked = asio::prefer(
                step, asio::execution::outstanding_work.tracked);
            auto const counted = allocations.count();
            BOOST_TEST(copied == 0u); // this allocates, too
            BOOST_TEST(counted == 1u);
            BOOST_TEST((copy == step));
            BOOST_TEST((tracked != step));
            BOOST_TEST(
                (&asio::query(tracked, asio::execution::context) == &pool));
            asio::post(tracked,
                [&, h = std::move(handler)]() mutable
                {
                    c.cancel();
                    BOOST_TEST(requests == 0); // it has the turn
                    std::move(h)(error_code());
                });
        });
    pool.join();
    BOOST_TEST(o == no_error);
}

BOOST_AUTO_TEST_CASE(without_memory_steps_take_no_turns_and_it_is_not_asked)
{
    asio::thread_pool pool{1};
    asio::any_io_executor const ex = pool.get_executor();
    auto const c = with_cancel(root);
    outcome o;
    std::function<void()> complete;
    start(ex, bind_context(c.ctx, recorder(o)),
        [&](auto handler, asio::any_io_executor step)
        {
            {
                auto const tracked = asio::execution::outstanding_work.tracked;
                bool same = false;
                {
                    failing_allocations const none;
                    same = asio::prefer(step, tracked)
                        == asio::prefer(ex, tracked);
                }
                BOOST_TEST(same);
            }
            auto const h =
                std::make_shared<decltype(handler)>(std::move(handler));
            complete = [h] { std::move(*h)(asio::error::operation_aborted); };
        });
    c.cancel();
    pool.join();
    BOOST_TEST(requests == 0);
    complete();
    complete = nullptr;
    BOOST_TEST(o == asio::error::operation_aborted);
}

// As a timer does that an operation has beside it.
BOOST_AUTO_TEST_CASE(what_runs_on_it_may_outlive_the_operation)
{
    outcome o;
    auto const c = with_cancel(root);
    asio::any_io_executor kept;
    start(ioc.get_executor(), bind_context(c.ctx, recorder(o)),
        [&](auto handler, auto ex)
        {
            kept = ex;
            std::move(handler)(error_code());
        });
    BOOST_TEST(o == no_error);

    // Another operation may have taken its place.
    outcome other;
    std::function<void()> complete;
    start(ioc.get_executor(), bind_context(c.ctx, recorder(other)),
        [&](auto handler, auto)
        {
            auto const h =
                std::make_shared<decltype(handler)>(std::move(handler));
            complete = [h] { std::move(*h)(error_code()); };
        });
    bool ran = false;
    asio::post(kept,
        [&]
        {
            c.cancel();
            ran = true;
            BOOST_TEST(requests == 1); // not a step of the other
        });
    poll();
    BOOST_TEST(ran);
    complete();
    complete = nullptr;
    poll();
    BOOST_TEST(other == no_error);
}

BOOST_AUTO_TEST_CASE(a_work_guard_on_it_counts)
{
    outcome o;
    auto const c = with_cancel(root);
    start(ioc.get_executor(), bind_context(c.ctx, recorder(o)),
        [&](auto handler, auto ex)
        {
            auto work = asio::make_work_guard(ex);
            BOOST_TEST(!idle());
            work.reset();
            BOOST_TEST(idle());
            std::move(handler)(error_code());
        });
    BOOST_TEST(o == no_error);
}

BOOST_AUTO_TEST_CASE(an_executor_of_the_networking_ts_is_reported_as_it_is)
{
    outcome o;
    auto const c = with_cancel(root);
    asio::io_context::strand const strand(ioc);
    std::function<void()> complete;
    start(ioc.get_executor(),
        bind_context(c.ctx, asio::bind_executor(strand, recorder(o))),
        [&](auto handler, auto ex)
        {
            BOOST_TEST((ex == strand));
            auto const h =
                std::make_shared<decltype(handler)>(std::move(handler));
            complete = [h] { std::move(*h)(error_code()); };
        });
    c.cancel();
    poll();
    BOOST_TEST(requests == 1);
    complete();
    complete = nullptr;
    BOOST_TEST(o == no_error);
}

BOOST_AUTO_TEST_SUITE_END()
