//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Groups of tasks on a pool of threads: whatever the moment at which one is
// canceled, joined or destroyed, each task ends once, and is over when the
// group is joined.

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/task_group.hpp>
#include <asioctx/with_task_group.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "support/race.hpp"

namespace asio = boost::asio;

using namespace asioctx;

namespace {

// What a task does, in steps that are not atomic: it is a race if it is run
// concurrently with itself or its own cancellation.
struct task
{
    asio::thread_pool& pool;
    std::atomic<int>& alive;
    int steps = 0;

    explicit task(asio::thread_pool& p, std::atomic<int>& n) : pool(p), alive(n)
    {
        ++alive;
    }

    task(task&& other) noexcept
        : pool(other.pool), alive(other.alive), steps(other.steps)
    {
        ++alive;
    }

    ~task()
    {
        --alive;
    }

    asio::awaitable<void> operator()()
    {
        asio::steady_timer timer(pool);
        for (; steps < 3; ++steps)
        {
            timer.expires_after(std::chrono::microseconds(20));
            co_await timer.async_wait(asio::use_awaitable);
            co_await asio::post(pool, asio::use_awaitable);
        }
    }
};

// The result of joining a group that may have been canceled.
void check_joined(std::future<void>& f)
{
    try
    {
        f.get();
    }
    catch (boost::system::system_error const& e)
    {
        RACE_CHECK(e.code() == errc::canceled);
    }
}

void check_all_counted(task_group_report const& r, std::size_t n)
{
    RACE_CHECK(r.pending.empty());
    RACE_CHECK(r.finished + r.failed + r.aborted == n);
    RACE_CHECK(r.failed == 0);
}

// Tasks are spawned by two threads, while a third cancels.
void spawn_and_cancel(int rounds)
{
    for (int i = 0; i < rounds; ++i)
    {
        asio::thread_pool pool(2);
        std::atomic<int> alive{0};
        auto const limit = i % 2 == 0 ? task_group::unlimited : 2;
        task_group g(background(pool), limit);
        auto const spawn = [&]
        {
            for (int n = 0; n < 8; ++n)
                g.spawn(task(pool, alive));
        };
        race::together(
            {spawn,
             spawn,
             [&]
             {
                 g.cancel();
             }});
        auto joined = g.async_join(asio::use_future);
        check_joined(joined);
        RACE_CHECK(alive == 0);
        check_all_counted(g.report(), 16);
        pool.join();
    }
}

// The group is destroyed by one thread while its tasks end on others: the last
// handle goes anywhere.
void destroy_while_tasks_end(int rounds)
{
    asio::thread_pool pool(2);
    std::atomic<int> alive{0};
    for (int i = 0; i < rounds; ++i)
    {
        std::optional<task_group> g(std::in_place, background(pool), 2);
        for (int n = 0; n < 4; ++n)
            g->spawn(task(pool, alive));
        auto joined = g->async_join(asio::use_future);
        race::together(
            {[&] { g.reset(); },
             [&]
             {
                 check_joined(joined);
             }});
        RACE_CHECK(alive == 0);
    }
    pool.join();
}

// No more tasks run at a time than the limit allows, whoever starts them.
void limits(int rounds)
{
    asio::thread_pool pool(3);
    for (int i = 0; i < rounds; ++i)
    {
        task_group g(background(pool), 2);
        std::atomic<int> running{0};
        std::atomic<std::size_t> spawned{0};
        auto const f = [&]() -> asio::awaitable<void>
        {
            RACE_CHECK(++running <= 2);
            co_await asio::post(pool, asio::use_awaitable);
            --running;
        };
        race::together(
            {[&]
             {
                 for (int n = 0; n < 8; ++n)
                     spawned += g.try_spawn(f);
             },
             [&]
             {
                 for (int n = 0; n < 8; ++n, ++spawned)
                     g.spawn(f);
             },
             [&]
             {
                 for (int n = 0; n < 8; ++n, ++spawned)
                     g.async_spawn(f, asio::use_future).get();
             }});
        g.async_join(asio::use_future).get();
        RACE_CHECK(g.report().finished == spawned);
    }
    pool.join();
}

// One who waits for a task's start gives up while it is started.
void cancel_admission(int rounds)
{
    asio::thread_pool pool(2);
    for (int i = 0; i < rounds; ++i)
    {
        task_group g(background(pool), 1);
        std::atomic<int> ran{0};
        auto const f = [&]() -> asio::awaitable<void>
        {
            ++ran;
            co_return;
        };
        auto const c = with_cancel(background(pool));
        std::promise<error_code> p;
        g.spawn(f);
        race::together(
            {[&]
             {
                 g.async_spawn(
                     f,
                     bind_context(
                         c.ctx, [&](error_code ec) { p.set_value(ec); }));
             },
             [&]
             {
                 c.cancel();
             }});
        auto const ec = p.get_future().get();
        g.async_join(asio::use_future).get();
        RACE_CHECK(!ec || ec == errc::canceled);
        RACE_CHECK(ran == (ec ? 1 : 2));
    }
    pool.join();
}

// Two tasks fail at once: one is the cause, and the result.
void two_fail(int rounds)
{
    asio::thread_pool pool(2);
    for (int i = 0; i < rounds; ++i)
    {
        task_group g(background(pool));
        auto const fail = [&](int n)
        {
            g.spawn(
                [n]() -> asio::awaitable<void>
                {
                    throw n;
                    co_return;
                });
        };
        race::together(
            {[&] { fail(1); },
             [&]
             {
                 fail(2);
             }});
        int caught = 0;
        try
        {
            g.async_join(asio::use_future).get();
        }
        catch (int n)
        {
            caught = n;
        }
        int cause = 0;
        try
        {
            std::rethrow_exception(g.ctx().exception());
        }
        catch (int n)
        {
            cause = n;
        }
        RACE_CHECK(caught != 0 && caught == cause);
    }
    pool.join();
}

// Waits are canceled, and the last task ends, at once.
void cancel_join(int rounds)
{
    asio::thread_pool pool(2);
    for (int i = 0; i < rounds; ++i)
    {
        task_group g(background(pool));
        std::atomic<int> alive{0};
        auto const c = with_cancel(background(pool));
        g.spawn(task(pool, alive));
        auto first = g.async_join(bind_context(c.ctx, asio::use_future));
        auto second = g.async_join(asio::use_future);
        race::together(
            {[&] { c.cancel(); },
             [&]
             {
                 g.cancel();
             }});
        check_joined(first);
        check_joined(second);
        RACE_CHECK(alive == 0);
    }
    pool.join();
}

// Locals of a coroutine that fans out, and is canceled, while its tasks run on
// other threads.
void cancel_fan_out(int rounds)
{
    asio::thread_pool pool(2);
    for (int i = 0; i < rounds; ++i)
    {
        std::atomic<int> alive{0};
        auto const c = with_cancel(background(pool));
        task_group outer(c.ctx);
        bool left = false; // guarded by the strand of the task
        auto const fan_out = [&](context ctx) -> asio::awaitable<void>
        {
            int sum = 0;
            std::exception_ptr e;
            try
            {
                co_await with_task_group(
                    ctx,
                    [&](task_group& g)
                    {
                        for (int n = 0; n < 3; ++n)
                        {
                            g.spawn(task(pool, alive));
                            g.spawn(
                                [&]() -> asio::awaitable<void>
                                {
                                    co_await asio::post(
                                        pool, asio::use_awaitable);
                                    ++sum; // they share a strand
                                });
                        }
                    });
            }
            catch (...)
            {
                e = std::current_exception();
            }
            RACE_CHECK(alive == 0);
            RACE_CHECK(sum <= 3);
            left = true;
            if (e)
                std::rethrow_exception(e);
        };
        race::together(
            {[&] { outer.spawn(fan_out); },
             [&]
             {
                 for (int n = 0; n < i % 50; ++n)
                     std::this_thread::yield();
                 c.cancel();
             }});
        auto joined = outer.async_join(asio::use_future);
        check_joined(joined);
        auto const r = outer.report();
        RACE_CHECK(left || r.aborted == 1);
    }
    pool.join();
}

// Another execution context goes, with what tasks wait for, while the others
// end: the queue goes on.
void lose_tasks(int rounds)
{
    asio::thread_pool pool(2);
    for (int i = 0; i < rounds; ++i)
    {
        std::optional<asio::io_context> other(std::in_place);
        std::optional<asio::steady_timer> never(
            std::in_place, *other, asio::steady_timer::time_point::max());
        task_group g(background(pool), 3, on_error::collect);
        std::atomic<int> ran{0};
        std::promise<void> waits;
        g.spawn(
            [&](auto token)
            {
                never->async_wait(std::move(token));
                waits.set_value();
            });
        race::together(
            {[&]
             {
                 for (int n = 0; n < 8; ++n)
                     g.spawn(
                         [&]() -> asio::awaitable<void>
                         {
                             co_await asio::post(pool, asio::use_awaitable);
                             ++ran;
                         });
             },
             [&]
             {
                 waits.get_future().get();
                 never.reset();
                 other.reset();
             }});
        auto joined = g.async_join(asio::use_future);
        try
        {
            joined.get();
            RACE_CHECK(false);
        }
        catch (boost::system::system_error const& e)
        {
            RACE_CHECK(e.code() == asio::error::operation_aborted);
        }
        RACE_CHECK(ran == 8);
        RACE_CHECK(g.report().aborted == 1);
    }
    pool.join();
}

// Several succeed, and fail, at once; each failure is told of.
void first_success(int rounds)
{
    asio::thread_pool pool(2);
    for (int i = 0; i < rounds; ++i)
    {
        task_group g(background(pool), on_error::until_success);
        std::atomic<std::size_t> told{0};
        g.on_failure([&](task_group_report::failure const&) { ++told; });
        auto const spawn = [&]
        {
            for (int n = 0; n < 4; ++n)
                g.spawn(
                    [&, n]() -> asio::awaitable<void>
                    {
                        co_await asio::post(pool, asio::use_awaitable);
                        if (n != 3)
                            throw n;
                    });
        };
        race::together({spawn, spawn});
        g.async_join(asio::use_future).get();
        auto const r = g.report();
        RACE_CHECK(r.finished >= 1 && r.finished <= 2);
        RACE_CHECK(r.finished + r.failed + r.aborted == 8);
        RACE_CHECK(r.failures.size() == r.failed && told == r.failed);
    }
    pool.join();
}

} // namespace

int main(int argc, char** argv)
{
    return race::main(
        argc,
        argv,
        {{"spawn and cancel", 100, spawn_and_cancel},
         {"destroy while tasks end", 200, destroy_while_tasks_end},
         {"limits", 100, limits},
         {"cancel an admission", 200, cancel_admission},
         {"two fail", 200, two_fail},
         {"cancel a join", 200, cancel_join},
         {"cancel a fan-out", 200, cancel_fan_out},
         {"lose tasks", 200, lose_tasks},
         {"first success", 200, first_success}});
}
