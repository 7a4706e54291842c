//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/detail/request_queue.hpp>

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "support/allocation_counter.hpp"
#include "support/io_context_fixture.hpp"
#include "support/start_operation.hpp"

using namespace asioctx;
using namespace asioctx::test;

namespace {

constexpr auto batch = detail::request_queue::batch;
constexpr auto many = 3 * batch + 8;

// Operations that end when they are asked, and know of how many that is true.
struct operations : io_context_fixture
{
    template <class Executor>
    void start(context const& ctx, Executor const& ex, std::size_t n = many)
    {
        for (std::size_t i = 0; i != n; ++i)
        {
            auto const at = complete.size();
            complete.emplace_back();
            complete[at] = start_operation(
                [this, at]
                {
                    ++asked;
                    complete[at]();
                },
                bind_context(
                    ctx,
                    asio::bind_executor(
                        ex,
                        [this](error_code const& ec)
                        {
                            if (ec == errc::canceled)
                                ++ended;
                        })));
        }
    }

    std::vector<std::function<void()>> complete;
    std::size_t asked = 0;
    std::size_t ended = 0;
};

// A thread that runs the io_context does not ask what it knows of there.
template <class F>
void on_another_thread(F f)
{
    std::thread(f).join();
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(test_request_queue, operations)

BOOST_AUTO_TEST_CASE(others_run_between_what_a_cancel_from_outside_asks)
{
    auto c = with_cancel(root);
    start(c.ctx, ioc.get_executor());
    std::size_t seen = 0;
    c.cancel();
    BOOST_TEST(asked == 0u);
    asio::post(ioc, [&] { seen = asked; });
    poll();
    BOOST_TEST(seen == batch);
    BOOST_TEST(asked == many);
    BOOST_TEST(ended == many);
}

BOOST_AUTO_TEST_CASE(a_handler_that_cancels_asks_a_batch_itself)
{
    auto c = with_cancel(root);
    start(c.ctx, ioc.get_executor());
    std::size_t at_once = 0;
    std::size_t seen = 0;
    asio::post(
        ioc,
        [&]
        {
            c.cancel();
            at_once = asked;
            asio::post(ioc, [&] { seen = asked; });
        });
    poll();
    BOOST_TEST(at_once == batch);
    BOOST_TEST(seen == 2 * batch);
    BOOST_TEST(asked == many);
    BOOST_TEST(ended == many);
}

// Not each of those below it.
BOOST_AUTO_TEST_CASE(what_it_asks_itself_counts_for_the_whole_subtree)
{
    auto c = with_cancel(root);
    std::vector<cancelable> below;
    for (std::size_t i = 0; i != many; ++i)
    {
        below.push_back(with_cancel(c.ctx));
        start(below.back().ctx, ioc.get_executor(), 1);
    }
    std::size_t at_once = 0;
    asio::post(
        ioc,
        [&]
        {
            c.cancel();
            at_once = asked;
        });
    poll();
    BOOST_TEST(at_once == batch);
    BOOST_TEST(ended == many);
}

BOOST_AUTO_TEST_CASE(a_deadline_is_no_exception)
{
    testing::manual_clock clock(ioc);
    auto c = with_timeout(root, std::chrono::seconds(1));
    start(c.ctx, ioc.get_executor());
    std::size_t seen = 0;
    on_another_thread([&] { clock.advance(std::chrono::seconds(2)); });
    asio::post(ioc, [&] { seen = asked; });
    poll();
    BOOST_TEST(seen == batch);
    BOOST_TEST(asked == many);
}

BOOST_AUTO_TEST_CASE(any_executor_of_the_io_context_takes_part)
{
    auto c = with_cancel(root);
    start(c.ctx, asio::any_io_executor(ioc.get_executor()));
    auto const strand = asio::make_strand(ioc);
    start(c.ctx, strand);
    start(c.ctx, asio::any_io_executor(asio::make_strand(ioc)));
    std::size_t seen = 0;
    c.cancel();
    asio::post(ioc, [&] { seen = asked; });
    poll();
    BOOST_TEST(seen == batch);
    BOOST_TEST(asked == 3 * many);
    BOOST_TEST(ended == 3 * many);
}

BOOST_AUTO_TEST_CASE(what_ends_before_it_is_asked_is_left_alone)
{
    auto c = with_cancel(root);
    start(c.ctx, ioc.get_executor());
    c.cancel();
    for (std::size_t i = 0; i != many; i += 2)
        complete[i]();
    poll();
    BOOST_TEST(asked == many / 2);
}

BOOST_AUTO_TEST_CASE(requests_need_no_memory)
{
    auto c = with_cancel(root);
    start(c.ctx, ioc.get_executor());
    {
        failing_allocations const none(0);
        c.cancel();
        ioc.restart();
        ioc.poll();
    }
    BOOST_TEST(asked == many);
}

BOOST_AUTO_TEST_CASE(an_execution_context_that_goes_takes_them_with_it)
{
    auto const there = std::make_shared<int>();
    {
        asio::io_context other;
        auto c = with_cancel(background(other));
        std::vector<std::function<void()>> all(many);
        for (auto& complete : all)
            complete = start_operation(
                [] { BOOST_ERROR("nobody runs it"); },
                bind_context(
                    c.ctx,
                    asio::bind_executor(
                        other.get_executor(), [there](error_code) {})));
        c.cancel();
    }
    BOOST_TEST(there.use_count() == 1);
}

// What is asked may call foreign code, which may wait for others that are to be
// asked: another thread sees to these.
BOOST_AUTO_TEST_CASE(nobody_waits_for_one_that_is_being_asked)
{
    asio::thread_pool pool(2);
    auto c = with_cancel(background(pool));
    std::promise<void> all_others;
    std::atomic<std::size_t> left = 2 * batch - 1;
    std::vector<std::function<void()>> all(2 * batch);
    for (std::size_t i = 0; i != all.size(); ++i)
        all[i] = start_operation(
            [&, i]
            {
                if (i == 0)
                    all_others.get_future().wait();
                else if (--left == 0)
                    all_others.set_value();
            },
            bind_context(
                c.ctx,
                asio::bind_executor(pool.get_executor(), [](error_code) {})));
    c.cancel();
    pool.join();
    BOOST_TEST(left == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
