//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Attempts on a pool of threads, without a strand: however they end at the same
// time, or are canceled, or go with the pool, the handler is called once, after
// both, or is destroyed.

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/hedge.hpp>
#include <asioctx/retry.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/system_error.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <future>
#include <memory>
#include <optional>

#include "support/race.hpp"

namespace asio = boost::asio;

using namespace asioctx;
using std::chrono::microseconds;

namespace {

// Two timers for two attempts, which so may end at the same time.
struct timers
{
    explicit timers(asio::thread_pool& pool)
        : all{asio::steady_timer(pool), asio::steady_timer(pool)}
    {
    }

    // Called for one attempt at a time.
    auto operator()(context)
    {
        auto& t = all[calls++ % 2];
        t.expires_after(microseconds(50));
        return t.async_wait(asio::deferred);
    }

    asio::steady_timer all[2];
    int calls = 0;
};

error_code result_of(std::future<void>& f)
{
    try
    {
        f.get();
        return {};
    }
    catch (boost::system::system_error const& e)
    {
        return e.code();
    }
}

// Both attempts succeed at about the same time, and somebody cancels then.
void hedges(int rounds)
{
    asio::thread_pool pool(3);
    for (int i = 0; i < rounds; ++i)
    {
        auto [ctx, cancel] = with_cancel(background(pool));
        timers two(pool);
        std::promise<error_code> called;
        hedge(
            ctx,
            microseconds(i % 3 * 25),
            [&](context c) { return two(c); },
            asio::bind_executor(
                pool.get_executor(),
                [&](error_code ec) { called.set_value(ec); }));
        auto result = called.get_future();
        if (i % 2 == 0)
        {
            if (i % 4 == 0)
                result.wait_for(microseconds(40));
            cancel();
        }
        auto const ec = result.get();
        RACE_CHECK(!ec || ec == errc::canceled);
        race::count(ec == errc::canceled);
    }
    pool.join();
}

// The same with coroutines, whose data are not to be raced for.
void hedged_coroutines(int rounds)
{
    asio::thread_pool pool(3);
    for (int i = 0; i < rounds; ++i)
    {
        auto [ctx, cancel] = with_cancel(background(pool));
        int steps = 0;
        auto const work = [&](context c) -> asio::awaitable<void>
        {
            for (int n = 0; n != 3; ++n)
            {
                ++steps;
                co_await asio::post(pool, asio::use_awaitable);
                ++steps;
                asio::steady_timer t(pool, microseconds(10));
                co_await t.async_wait(bind_context(c, asio::use_awaitable));
            }
        };
        auto done = hedge(ctx, microseconds(20), work, asio::use_future);
        if (i % 2 == 0)
            cancel();
        auto const ec = result_of(done);
        RACE_CHECK(!ec || ec == errc::canceled);
        race::count(ec == errc::canceled);
    }
    pool.join();
}

// Attempts time out, fail and are canceled by turns, on all threads.
void retries(int rounds)
{
    asio::thread_pool pool(3);
    for (int i = 0; i < rounds; ++i)
    {
        auto [ctx, cancel] = with_cancel(background(pool));
        asio::steady_timer timer(pool);
        int attempts = 0;
        retry_report report;
        std::promise<error_code> called;
        retry(
            ctx,
            {.attempt_timeout = microseconds(60),
             .initial_backoff = microseconds(10),
             .max_backoff = microseconds(20)},
            [&](context)
            {
                timer.expires_after(microseconds(++attempts < 6 ? 70 : 0));
                return timer.async_wait(asio::deferred);
            },
            report,
            asio::bind_executor(
                pool.get_executor(),
                [&](error_code ec) { called.set_value(ec); }));
        auto result = called.get_future();
        if (i % 2 == 0)
        {
            result.wait_for(microseconds(i % 300));
            cancel();
        }
        auto const ec = result.get();
        RACE_CHECK(!ec || ec == errc::canceled);
        RACE_CHECK(report.attempts == std::size_t(attempts));
        race::count(ec == errc::canceled);
    }
    pool.join();
}

// They are bound to another context, which asks through the slot.
void asked_through_the_slot(int rounds)
{
    asio::thread_pool pool(3);
    for (int i = 0; i < rounds; ++i)
    {
        auto [ctx, cancel] = with_cancel(background(pool));
        timers two(pool), other(pool);
        auto hedged = hedge(
            background(pool),
            microseconds(25),
            [&](context c) { return two(c); },
            bind_context(ctx, asio::use_future));
        std::promise<error_code> called;
        retry(
            background(pool),
            {.attempt_timeout = microseconds(40)},
            [&](context c) { return other(c); },
            bind_context(
                ctx,
                asio::bind_executor(
                    pool.get_executor(),
                    [&](error_code ec) { called.set_value(ec); })));
        auto retried = called.get_future();
        retried.wait_for(microseconds(i % 100));
        cancel();
        for (auto const ec : {result_of(hedged), retried.get()})
        {
            RACE_CHECK(!ec || ec == errc::canceled);
            race::count(ec == errc::canceled);
        }
    }
    pool.join();
}

// The pool goes amid the attempts.
void destroyed(int rounds)
{
    for (int i = 0; i < rounds; ++i)
    {
        auto const alive = std::make_shared<int>();
        {
            asio::thread_pool pool(2);
            auto const root = background(pool);
            std::optional<timers> two(pool), other(pool);
            auto const forget = [alive](error_code) {
            };
            hedge(
                root,
                microseconds(i % 2 * 30),
                [&](context c) { return (*two)(c); },
                asio::bind_executor(pool.get_executor(), forget));
            retry(
                root,
                {.attempt_timeout = microseconds(30),
                 .initial_backoff = microseconds(20)},
                [&](context c) { return (*other)(c); },
                asio::bind_executor(pool.get_executor(), forget));
            asio::steady_timer(pool, microseconds(i % 120)).wait();
            pool.stop();
            pool.join();
        }
        RACE_CHECK(alive.use_count() == 1);
    }
}

} // namespace

int main(int argc, char** argv)
{
    return race::main(
        argc,
        argv,
        {{"hedges", 1000, hedges},
         {"hedged coroutines", 500, hedged_coroutines},
         {"retries", 500, retries},
         {"asked through the slot", 500, asked_through_the_slot},
         {"destroyed", 500, destroyed}});
}
