//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Tasks end while others are spawned, joined and canceled. They are functions
// that are posted to an io_context, which one or two threads poll.

#include <asioctx/cancel.hpp>
#include <asioctx/task_group.hpp>

#include <asioctx/detail/turn.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "explore/explore.hpp"

namespace asio = boost::asio;

using namespace asioctx;
using explore::check;
using explore::op;
using explore::together;

// What operations need is kept for good by the pool, and so would go from one
// order into the next.
extern "C" {

asioctx::detail::turn& __wrap__ZN7asioctx6detail9turn_pool4takeEv()
{
    auto* const t = new asioctx::detail::turn;
    t->add_ref();
    return *t;
}

void __wrap__ZN7asioctx6detail9turn_pool3putERNS0_4turnE(
    asioctx::detail::turn& t)
{
    delete &t;
}

} // extern "C"

namespace {

struct fixture
{
    explicit fixture(std::size_t limit = task_group::unlimited)
    {
        group.emplace(ioc.get_executor(), background(ioc), limit);
    }

    // A task that ends when it is polled.
    auto task()
    {
        return [this](auto&& token)
        {
            return asio::post(ioc, std::forward<decltype(token)>(token));
        };
    }

    void spawn()
    {
        group->spawn(task());
    }

    void join()
    {
        group->async_join(
            [this](std::exception_ptr e)
            {
                ++joined;
                failed += e != nullptr;
            });
    }

    void poll()
    {
        ioc.poll();
    }

    // All tasks have ended once this returns.
    void finish()
    {
        work.reset();
        ioc.restart();
        ioc.poll();
    }

    // How many tasks have ended; none is left.
    std::size_t ended() const
    {
        auto const r = group->report();
        check(r.pending.empty(), "no task is left");
        check(r.failed == 0, "no task has failed");
        return r.finished + r.aborted;
    }

    asio::io_context ioc;
    asio::executor_work_guard<asio::io_context::executor_type> work{
        ioc.get_executor()};
    std::optional<task_group> group;
    int joined = 0;
    int failed = 0;
};

void the_last_task_ends_beside_a_join()
{
    fixture f;
    f.spawn();
    together([&] { f.poll(); }, [&] { f.join(); });
    f.finish();
    check(f.joined == 1 && f.failed == 0, "it was joined");
    check(f.ended() == 1, "it has ended");
}

void a_task_is_spawned_beside_the_last_ones_end()
{
    fixture f;
    f.spawn();
    f.join();
    together([&] { f.poll(); }, [&] { f.spawn(); });
    f.finish();
    check(f.joined == 1, "it was joined once");
    check(f.ended() == 2, "both have ended");
}

void a_queued_task_starts_beside_another()
{
    fixture f(1);
    f.spawn();
    together([&] { f.poll(); }, [&] { f.spawn(); });
    f.join();
    f.finish();
    check(f.joined == 1, "it was joined");
    check(f.ended() == 2 && f.group->report().finished == 2, "both have ended");
}

void two_tasks_end_and_two_are_queued()
{
    fixture f(2);
    for (int i = 0; i < 4; ++i)
        f.spawn();
    f.join();
    together([&] { f.ioc.poll_one(); }, [&] { f.ioc.poll_one(); });
    f.finish();
    check(f.joined == 1, "it was joined");
    check(f.ended() == 4 && f.group->report().finished == 4, "all have ended");
}

void a_group_is_canceled_beside_the_last_end()
{
    fixture f;
    f.spawn();
    f.join();
    together([&] { f.poll(); }, [&] { f.group->cancel(); });
    f.finish();
    check(f.joined == 1, "it was joined");
    check(f.ended() == 1, "it has ended");
}

void a_group_is_canceled_beside_a_spawn()
{
    fixture f(1);
    f.spawn();
    together([&] { f.group->cancel(); }, [&] { f.spawn(); });
    f.join();
    f.finish();
    check(f.joined == 1, "it was joined");
    check(f.ended() == 2, "both have ended");
}

void a_group_is_tried_by_two()
{
    fixture f(1);
    int accepted = 0;
    explore::atomic<int> count{0};
    auto const attempt = [&]
    {
        count += f.group->try_spawn(f.task());
    };
    together(attempt, attempt);
    accepted = count;
    f.join();
    f.finish();
    check(accepted == 1, "one had room");
    check(f.joined == 1 && f.ended() == 1, "and has ended");
}

void a_task_is_admitted_beside_another_ones_end()
{
    fixture f(1);
    f.spawn();
    int admitted = 0;
    together(
        [&] { f.poll(); },
        [&]
        {
            f.group->async_spawn(
                f.task(),
                [&](error_code ec)
                {
                    check(!ec, "it was admitted");
                    ++admitted;
                });
        });
    f.finish();
    check(admitted == 1, "once");
    check(f.ended() == 2, "both have ended");
}

void an_admission_is_dropped_beside_a_cancel()
{
    fixture f(1);
    f.spawn();
    int told = 0;
    together(
        [&] { f.group->cancel(); },
        [&] { f.group->async_spawn(f.task(), [&](error_code) { ++told; }); });
    f.finish();
    check(told == 1, "it is told");
    auto const ended = f.ended();
    check(ended == 1 || ended == 2, "nothing is left");
}

void a_group_goes_beside_the_last_end()
{
    fixture f;
    f.spawn();
    f.join();
    together([&] { f.poll(); }, [&] { f.group.reset(); });
    f.finish();
    check(f.joined == 1, "it was joined");
}

void a_parent_is_canceled_beside_the_groups_end()
{
    fixture f;
    auto parent = with_cancel(background(f.ioc));
    f.group.emplace(f.ioc.get_executor(), parent.ctx);
    f.spawn();
    together([&] { parent.cancel.cancel(); }, [&] { f.group.reset(); });
    f.finish();
}

} // namespace

int main(int argc, char** argv)
{
    using namespace explore;
    auto const mutex_is_lost =
        without_mutexes("mutex_is_lost").of_plain_memory();
    return explore::main(
        argc,
        argv,
        {
            {"the_last_task_ends_beside_a_join",
             the_last_task_ends_beside_a_join,
             {mutex_is_lost}},
            {"a_task_is_spawned_beside_the_last_ones_end",
             a_task_is_spawned_beside_the_last_ones_end,
             {mutex_is_lost}},
            {"a_queued_task_starts_beside_another",
             a_queued_task_starts_beside_another,
             {mutex_is_lost}},
            {"two_tasks_end_and_two_are_queued",
             two_tasks_end_and_two_are_queued,
             {mutex_is_lost}},
            {"a_group_is_canceled_beside_the_last_end",
             a_group_is_canceled_beside_the_last_end,
             {}},
            {"a_group_is_canceled_beside_a_spawn",
             a_group_is_canceled_beside_a_spawn,
             {}},
            {"a_group_is_tried_by_two",
             a_group_is_tried_by_two,
             {mutex_is_lost}},
            {"a_task_is_admitted_beside_another_ones_end",
             a_task_is_admitted_beside_another_ones_end,
             {mutex_is_lost}},
            {"an_admission_is_dropped_beside_a_cancel",
             an_admission_is_dropped_beside_a_cancel,
             {}},
            // Who has the last reference is a shared_ptr's to know.
            {.name = "a_group_goes_beside_the_last_end",
             .run = a_group_goes_beside_the_last_end,
             .faults = {},
             .preemptions = 1,
             .stale = 0,
             .ordered = true},
            {.name = "a_parent_is_canceled_beside_the_groups_end",
             .run = a_parent_is_canceled_beside_the_groups_end,
             .faults = {},
             .preemptions = 1,
             .stale = 0,
             .ordered = true},
        });
}
