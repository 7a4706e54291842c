//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Threads that compute or block: context::check(), and a root whose time is
// another execution context's.

#include <asioctx/after_func.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/context.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/with_signals.hpp>

#include <asioctx/testing/manual_clock.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/system_context.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "support/io_context_fixture.hpp"
#include "support/outcome.hpp"
#include "support/poll_until.hpp"
#include "support/print.hpp"
#include "support/signals.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

namespace {

error_code const slow = make_error_code(boost::system::errc::stream_timeout);

// Runs a function on the one thread of a pool, which does nothing else then.
template <class F>
void busy(asio::thread_pool& pool, F f)
{
    std::atomic<bool> over{false};
    asio::post(
        pool,
        [&]
        {
            f();
            over = true;
        });
    wait_until([&] { return over.load(); });
}

// A clock that tells when it is looked at, and stands until it is set.
struct watched_clock
{
    using duration = asioctx::duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<watched_clock, duration>;

    [[maybe_unused]] static constexpr bool is_steady = false;

    static time_point now()
    {
        if (auto const f = std::exchange(on_look, nullptr))
            f();
        return time_point(time);
    }

    static inline duration time{};
    static inline std::function<void()> on_look;
};

// A deadline that this thread is looking at is in no set. Does something just
// then, and after that has the deadline's time come, which is to be seen on the
// io_context.
void while_a_clock_is_looked_at(
    asio::io_context& ioc, asio::io_context& time, std::function<void()> f)
{
    watched_clock::time = {};
    auto const c =
        with_deadline(background(ioc), watched_clock::time_point(1ns));
    bool looked = false;
    watched_clock::on_look = [&]
    {
        looked = true;
        f();
    };
    wait_until([&] { return c.ctx.check() || looked; });
    BOOST_TEST(!c.ctx.done());
    watched_clock::time = 1ns;
    poll_until(time, [&] { return c.ctx.done(); });
    BOOST_TEST(c.ctx.error() == errc::deadline_exceeded);
}

} // namespace

BOOST_AUTO_TEST_SUITE(test_busy_threads)

// check()

BOOST_AUTO_TEST_CASE(a_look_at_the_clock_lets_a_deadline_pass)
{
    // Nobody runs it.
    asio::io_context ioc;
    auto const c = with_timeout(background(ioc), 2ms, slow);
    auto const below = with_cancel(c.ctx);
    auto const late = with_timeout(background(ioc), 1h);
    while (!below.ctx.check())
        BOOST_REQUIRE((clock_type::now() < *c.ctx.deadline() + patience));
    BOOST_TEST((clock_type::now() >= *c.ctx.deadline()));
    BOOST_TEST(c.ctx.cause() == slow);
    BOOST_TEST(c.ctx.ended_by_own_deadline());
    BOOST_TEST(!late.ctx.check());
}

BOOST_AUTO_TEST_CASE(a_look_at_the_clock_sees_idle_times_and_graces)
{
    asio::io_context ioc;
    auto const root = background(ioc);
    auto const a = with_idle_timeout(root, 2ms);
    auto parent = with_timeout(root, 1ms);
    auto const b = with_grace(parent.ctx, 2ms);
    auto const start = clock_type::now();
    while (!a.ctx.check() || !b.ctx.check())
        BOOST_REQUIRE((clock_type::now() < start + patience));
    BOOST_TEST((clock_type::now() >= start + 2ms));
    BOOST_TEST(parent.ctx.done());
    auto const touched = with_idle_timeout(root, 1h);
    touched.idle.touch();
    BOOST_TEST(!touched.ctx.check());
}

BOOST_AUTO_TEST_CASE(a_look_at_the_clock_sees_what_was_set_after_the_last)
{
    asio::io_context ioc;
    auto const root = background(ioc);
    for (int i = 0; i != 20; ++i)
    {
        auto const late = with_timeout(root, 1h);
        auto const c = with_timeout(root, 300us);
        auto const d = with_deadline(root, *c.ctx.deadline() - 200us);
        while (!c.ctx.check())
            BOOST_REQUIRE((clock_type::now() < *c.ctx.deadline() + patience));
        BOOST_TEST(d.ctx.done());
        BOOST_TEST(!late.ctx.done());
    }
    // The timer goes on as if nothing had been.
    auto const last = with_timeout(root, 1ms);
    poll_until(ioc, [&] { return last.ctx.done(); });
}

BOOST_FIXTURE_TEST_CASE(
    a_look_at_a_clock_that_a_test_moves_tells_its_time, manual_time_fixture)
{
    auto const c = with_timeout(root, 0s + 1ns);
    auto const d = with_timeout(root, 1s);
    BOOST_TEST(!c.ctx.check());
    clock.advance(1ns);
    BOOST_TEST(c.ctx.check());
    BOOST_TEST(!d.ctx.check());
}

BOOST_AUTO_TEST_CASE(a_look_at_no_clock_is_a_look)
{
    static_assert(noexcept(context().check()));
    BOOST_TEST(!background().check());
    auto const c = with_cancel(background());
    BOOST_TEST(!c.ctx.check());
    c.cancel();
    BOOST_TEST(c.ctx.check());
    std::optional<cancelable> late;
    {
        asio::io_context ioc;
        testing::manual_clock const clock(ioc);
        late = with_timeout(background(ioc), 1ns);
    }
    BOOST_REQUIRE((clock_type::now() >= *late->ctx.deadline()));
    BOOST_TEST(!late->ctx.check()); // it passes no more
}

BOOST_AUTO_TEST_CASE(threads_that_look_at_the_clock_agree)
{
    asio::thread_pool pool(2);
    auto const root = background(pool);
    for (int i = 0; i != 100; ++i)
    {
        auto const c = with_timeout(root, 100us);
        std::vector<cancelable> others;
        for (int j = 0; j != 10; ++j)
            others.push_back(with_timeout(root, 50us + j * 10us));
        std::atomic<int> seen{0};
        for (int j = 0; j != 2; ++j)
            asio::post(
                pool,
                [&]
                {
                    while (!c.ctx.check())
                    {
                    }
                    ++seen;
                });
        wait_until([&] { return seen == 2; });
        BOOST_REQUIRE((clock_type::now() >= *c.ctx.deadline()));
    }
    pool.join();
}

// A root whose time is another's.

BOOST_AUTO_TEST_CASE(deadlines_pass_while_all_threads_are_busy)
{
    asio::thread_pool time(1);
    asio::thread_pool pool(1);
    auto const root = background(pool, time);
    BOOST_TEST((root == background(pool)));
    busy(
        pool,
        [&]
        {
            auto const c = with_timeout(root, 1ms);
            auto parent = with_cancel(root);
            auto const grace = with_grace(parent.ctx, 1ms);
            parent.cancel();
            auto const idle = with_idle_timeout(root, 1ms);
            wait_until(
                [&] {
                    return c.ctx.done() && grace.ctx.done() && idle.ctx.done();
                });
        });
    pool.join();
    time.join();
}

BOOST_AUTO_TEST_CASE(the_systems_threads_can_see_to_the_time)
{
    auto& system =
        asio::query(asio::system_executor(), asio::execution::context);
    asio::thread_pool pool(1);
    auto const root = background(pool, system);
    busy(
        pool,
        [&]
        {
            auto const c = with_timeout(root, 1ms);
            wait_until([&] { return c.ctx.done(); });
        });
    pool.join();
}

BOOST_AUTO_TEST_CASE(signals_are_heard_while_all_threads_are_busy)
{
    asio::thread_pool time(1);
    asio::thread_pool pool(1);
    auto const c = with_signals(background(pool, time), {signal_one});
    busy(
        pool,
        [&]
        {
            std::raise(signal_one);
            wait_until([&] { return c.ctx.done(); });
        });
    BOOST_TEST(c.ctx.cause().value() == signal_one);
    pool.join();
    time.join();
}

BOOST_AUTO_TEST_CASE(a_clock_that_a_test_moves_is_that_of_the_time)
{
    asio::io_context time;
    asio::io_context ioc;
    testing::manual_clock clock(time);
    auto const root = background(ioc, time);
    auto const c = with_timeout(root, 10s);
    auto const d = with_timeout(root, 20s);
    auto const e = with_timeout(background(time), 10s);
    outcome o;
    c.ctx.async_wait(recorder(o));
    clock.advance(10s);
    BOOST_TEST(c.ctx.done());
    BOOST_TEST(e.ctx.done());
    BOOST_TEST(!d.ctx.check());
    BOOST_TEST((d.ctx.remaining() == 10s));
    ioc.run();
    BOOST_TEST(o.calls == 1);
}

BOOST_AUTO_TEST_CASE(handlers_run_where_they_did)
{
    asio::thread_pool time(1);
    asio::io_context ioc;
    auto const c = with_timeout(background(ioc, time), 1ms);
    std::thread::id where;
    c.ctx.async_wait([&](error_code) { where = std::this_thread::get_id(); });
    ioc.run();
    BOOST_TEST((where == std::this_thread::get_id()));
    ioc.restart();
    auto const f = after_func(c.ctx, [&] { where = {}; });
    BOOST_TEST(ioc.run() == 1u);
    BOOST_TEST((where == std::thread::id()));
    time.join();
}

BOOST_AUTO_TEST_CASE(time_elsewhere_is_no_work_on_either)
{
    asio::io_context time;
    asio::io_context ioc;
    auto const c = with_timeout(background(ioc, time), 30s);
    ioc.run();
    time.run();
    BOOST_TEST(!c.ctx.done());
}

BOOST_AUTO_TEST_CASE(the_time_can_be_that_of_a_root_whose_time_is_anothers)
{
    asio::io_context a;
    asio::io_context b;
    asio::io_context c;
    testing::manual_clock clock(a);
    auto const on_c = background(c, b);
    auto const on_b = background(b, a);
    auto const x = with_timeout(on_c, 10s);
    auto const y = with_timeout(on_b, 10s);
    clock.advance(10s);
    BOOST_TEST(x.ctx.done());
    BOOST_TEST(y.ctx.done());
    BOOST_TEST((background(c, a) == on_c)); // which it is already
    BOOST_CHECK_NO_THROW(background(a, c)); // and so is this
}

BOOST_AUTO_TEST_CASE(two_may_take_each_others_time_at_once)
{
    for (int i = 0; i != 300; ++i)
    {
        asio::io_context a;
        asio::io_context b;
        std::atomic<int> ready{0};
        auto const take = [&](asio::io_context& mine, asio::io_context& other)
        {
            for (++ready; ready != 2;)
            {
            }
            background(mine, other);
        };
        std::thread second([&] { take(b, a); });
        take(a, b);
        second.join();
        auto const c = with_timeout(background(a), 1h);
        BOOST_TEST(!c.ctx.check());
        BOOST_TEST(!background(b).check());
    }
}

BOOST_AUTO_TEST_CASE(time_may_be_taken_while_a_deadline_is_looked_at)
{
    asio::io_context time;
    asio::io_context ioc;
    while_a_clock_is_looked_at(ioc, time, [&] { background(ioc, time); });
}

BOOST_AUTO_TEST_CASE(time_may_pass_while_a_deadline_is_looked_at)
{
    asio::io_context ioc;
    // Its timer, which counts for a moment, finds nothing more to wait for.
    while_a_clock_is_looked_at(
        ioc,
        ioc,
        [&]
        {
            auto const work = asio::make_work_guard(ioc);
            BOOST_TEST(ioc.run_one_for(patience) == 1u);
            BOOST_TEST(ioc.run_one_for(patience) == 1u);
        });
}

BOOST_AUTO_TEST_CASE(the_time_is_given_before_the_first_deadline)
{
    asio::io_context time;
    asio::io_context other;
    asio::io_context ioc;
    {
        auto const c = with_timeout(background(ioc), 1h);
        BOOST_CHECK_THROW(background(ioc, time), std::logic_error);
    }
    BOOST_CHECK_NO_THROW(background(ioc, ioc));
    {
        testing::manual_clock const clock(ioc);
        BOOST_CHECK_THROW(background(ioc, time), std::logic_error);
    }
    background(ioc, time);
    BOOST_CHECK_NO_THROW(background(ioc, time));
    BOOST_CHECK_THROW(background(ioc, other), std::logic_error);
}

BOOST_AUTO_TEST_CASE(both_can_go_in_any_order)
{
    for (bool const time_first : {false, true})
    {
        std::optional<asio::io_context> time(std::in_place);
        std::optional<asio::io_context> ioc(std::in_place);
        auto const root = background(*ioc, *time);
        auto c = with_timeout(root, 1h);
        auto parent = with_cancel(root);
        auto const grace = with_grace(parent.ctx, 1h);
        auto dropped = with_timeout(root, 2h);
        time->poll();
        if (time_first)
            time.reset();
        else
            ioc.reset();
        BOOST_CHECK_THROW(
            static_cast<void>(with_timeout(root, 1h)), std::logic_error);
        parent.cancel();
        BOOST_TEST(grace.ctx.done() == time_first); // no time, no grace
        dropped = {};
        time.reset();
        ioc.reset();
        BOOST_TEST(!c.ctx.check());
        c.cancel();
        BOOST_TEST(c.ctx.done());
    }
}

BOOST_AUTO_TEST_SUITE_END()
