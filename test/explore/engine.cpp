//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// The explorer itself: what it must find, it finds, and nothing else. A fault
// that only states something untrue, never_..., shows that there is an order in
// which it is so.

#include <asioctx/detail/sync.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>

#include "explore/explore.hpp"

using asioctx::detail::atomic;
using asioctx::detail::backoff;
using asioctx::detail::mutex;
using asioctx::detail::spin_mutex;
using explore::check;
using explore::marked;
using explore::op;
using explore::planted;
using explore::together;

namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto acquire = std::memory_order_acquire;
constexpr auto release = std::memory_order_release;

// The order that the fault weakens.
std::memory_order unless(char const* fault, std::memory_order order)
{
    return planted(fault) ? relaxed : order;
}

void increments_are_not_lost()
{
    atomic<int> n{0};
    auto const increment = [&]
    {
        if (planted("load_and_store"))
            n.store(n.load() + 1);
        else
            ++n;
    };
    together(increment, increment, increment);
    check(n == 3, "an increment was lost");
}

void a_message_of_plain_memory_arrives()
{
    atomic<bool> ready{false};
    int data = 0;
    together(
        [&]
        {
            data = 1;
            ready.store(true, unless("store_relaxed", release));
        },
        [&]
        {
            if (ready.load(unless("load_relaxed", acquire)))
                check(data == 1, "it has arrived");
        });
}

void a_message_of_atomics_arrives()
{
    atomic<bool> ready{false};
    atomic<int> data{0};
    together(
        [&]
        {
            data.store(1, relaxed);
            ready.store(true, unless("store_relaxed", release));
        },
        [&]
        {
            if (ready.load(unless("load_relaxed", acquire)))
                check(data.load(relaxed) == 1, "it has arrived");
            else if (planted("never_early"))
                check(false, "there was none");
        });
}

void a_message_is_passed_on()
{
    atomic<int> ready{0};
    atomic<int> data{0};
    together(
        [&]
        {
            data.store(1, relaxed);
            ready.store(1, release);
        },
        [&]
        {
            if (ready.load(relaxed) != 1)
                return;
            if (planted("store_passes_on_nothing"))
                ready.store(2, relaxed);
            else
                ready.fetch_add(1, relaxed);
        },
        [&]
        {
            if (ready.load(acquire) == 2)
                check(data.load(relaxed) == 1, "it has arrived");
        });
}

void one_of_two_sees_the_other()
{
    auto const strong = planted("acquire_and_release");
    auto const store = strong ? release : std::memory_order_seq_cst;
    auto const load = strong ? acquire : std::memory_order_seq_cst;
    atomic<bool> x{false};
    atomic<bool> y{false};
    bool saw_y = false;
    bool saw_x = false;
    together(
        [&]
        {
            x.store(true, store);
            saw_y = y.load(load);
        },
        [&]
        {
            y.store(true, store);
            saw_x = x.load(load);
        });
    check(saw_x || saw_y, "both came first");
    if (planted("never_both"))
        check(!(saw_x && saw_y), "both came second");
    if (planted("never_first"))
        check(saw_y, "the first came first");
    if (planted("never_second"))
        check(saw_x, "the second came first");
}

void values_are_not_read_backwards()
{
    atomic<int> n{0};
    together(
        [&]
        {
            n.store(1, relaxed);
            n.store(2, relaxed);
        },
        [&]
        {
            int const first = n.load(relaxed);
            int const second = n.load(relaxed);
            check(first <= second, "backwards");
            if (planted("never_old"))
                check(first != 0 || second != 1, "0, 1");
        });
}

void a_waiter_goes_on()
{
    atomic<bool> ready{false};
    together(
        [&]
        {
            for (backoff wait; !ready.load(acquire);)
                wait();
        },
        [&]
        {
            if (!planted("not_set"))
                ready.store(true, release);
        });
}

void two_wait_in_turn()
{
    atomic<int> turn{0};
    int data = 0;
    auto const take = [&](int n)
    {
        for (backoff wait; turn.load(acquire) != n;)
            wait();
        ++data;
        turn.store(n + 1, unless("store_relaxed", release));
    };
    together([&] { take(1); }, [&] { take(0); }, [&] { take(2); });
    check(data == 3, "all had their turn");
}

void the_order_of_mutexes_is_kept()
{
    mutex first;
    mutex second;
    auto const lock_both = [](mutex& m, mutex& n)
    {
        std::lock_guard const outer(m);
        std::lock_guard const inner(n);
    };
    together(
        [&] { lock_both(first, second); },
        [&] {
            planted("reversed") ? lock_both(second, first)
                                : lock_both(first, second);
        });
}

template <class Mutex>
void a_mutex_excludes()
{
    Mutex m;
    bool inside = false;
    atomic<int> between{0};
    auto const enter = [&]
    {
        std::lock_guard const lock(m);
        check(!std::exchange(inside, true), "two are inside");
        ++between; // where another could come in
        inside = false;
    };
    together(enter, enter, enter);
}

void what_is_gone_is_not_used()
{
    auto n = std::make_unique<atomic<int>>(2);
    std::optional<std::unique_ptr<atomic<int>>> owner(std::move(n));
    auto* const p = owner->get();
    auto const leave = [&]
    {
        if (p->fetch_sub(1, std::memory_order_acq_rel) == 1)
            owner.reset();
        else if (planted("used_late"))
            p->load(relaxed);
    };
    together(leave, leave);
    check(!owner, "it is gone");
}

void all_is_destroyed()
{
    auto* const p = new atomic<int>(0);
    together([p] { ++*p; });
    if (!planted("not_deleted"))
        delete p;
}

void no_exception_leaves()
{
    together(
        []
        {
            if (planted("thrown"))
                throw std::runtime_error("thrown");
        });
}

void an_order_ends()
{
    atomic<int> n{0};
    together(
        [&]
        {
            while (planted("endless") && n.load() == 0)
                explore::yield();
        },
        [&] { n.load(); });
}

void the_same_is_done_each_time()
{
    static int runs = 0;
    ++runs;
    mutex m;
    atomic<int> n{0};
    auto const work = [&]
    {
        std::lock_guard const lock(m);
        for (int i = 0; planted("something_else") && i < runs % 7; ++i)
            ++n;
    };
    together(work, work, work);
}

void a_flag_is_kept_beside_a_count()
{
    atomic<unsigned> n{0};
    auto const count = [&]
    {
        auto v = n.load(relaxed);
        while (!n.compare_exchange_weak(v, v + 2, relaxed))
        {
        }
        check(!planted("never_flagged") || (v & 1) == 0, "it was");
    };
    together(
        count, [&] { n.fetch_or(1, relaxed); }, count);
    check(n == 5, "something was lost");
}

// The library's code is not the only one that is explored: so is Asio's.
void an_io_context_is_explored()
{
    boost::asio::io_context ioc;
    int order = 0;
    together(
        [&] { post(ioc, [&] { order = order * 10 + 1; }); },
        [&] { post(ioc, [&] { order = order * 10 + 2; }); },
        [&] { ioc.poll(); });
    ioc.restart();
    ioc.poll();
    check(order == 12 || order == 21, "both were called");
    if (planted("never_12"))
        check(order != 12, "the first came first");
    if (planted("never_21"))
        check(order != 21, "the second came first");
}

} // namespace

int main(int argc, char** argv)
{
    auto const replaced_lock =
        explore::replaced("lock_does_nothing", op::rmw, "sync.hpp", "lock", 0);
    auto const relaxed_unlock =
        explore::relaxed("unlock_relaxed", op::store, "sync.hpp", "unlock");
    return explore::main(
        argc,
        argv,
        {
            {"increments_are_not_lost",
             increments_are_not_lost,
             {marked("load_and_store")}},
            {"a_message_of_plain_memory_arrives",
             a_message_of_plain_memory_arrives,
             {marked("store_relaxed").of_plain_memory(),
              marked("load_relaxed").of_plain_memory()}},
            {"a_message_of_atomics_arrives",
             a_message_of_atomics_arrives,
             {marked("store_relaxed").of_old_values(),
              marked("load_relaxed").of_old_values(),
              marked("never_early")}},
            {"a_message_is_passed_on",
             a_message_is_passed_on,
             {marked("store_passes_on_nothing").of_old_values()}},
            {"one_of_two_sees_the_other",
             one_of_two_sees_the_other,
             {marked("acquire_and_release").of_old_values(),
              marked("never_both"),
              marked("never_first"),
              marked("never_second")}},
            {"values_are_not_read_backwards",
             values_are_not_read_backwards,
             {marked("never_old")}},
            {"a_waiter_goes_on", a_waiter_goes_on, {marked("not_set")}},
            {"two_wait_in_turn",
             two_wait_in_turn,
             {marked("store_relaxed").of_plain_memory()}},
            {"the_order_of_mutexes_is_kept",
             the_order_of_mutexes_is_kept,
             {marked("reversed")}},
            {"a_mutex_excludes",
             a_mutex_excludes<mutex>,
             {explore::without_mutexes("lock_does_nothing")}},
            {"a_spin_mutex_excludes",
             a_mutex_excludes<spin_mutex>,
             {replaced_lock, relaxed_unlock.of_plain_memory()}},
            {"what_is_gone_is_not_used",
             what_is_gone_is_not_used,
             {marked("used_late")}},
            {"all_is_destroyed", all_is_destroyed, {marked("not_deleted")}},
            {"no_exception_leaves", no_exception_leaves, {marked("thrown")}},
            {"an_order_ends", an_order_ends, {marked("endless")}},
            {"the_same_is_done_each_time",
             the_same_is_done_each_time,
             {marked("something_else")}},
            {"a_flag_is_kept_beside_a_count",
             a_flag_is_kept_beside_a_count,
             {marked("never_flagged"),
              explore::misread(
                  "flag_is_not_seen", "engine.cpp", "operator()", 6),
              explore::miswritten(
                  "flag_is_written_over",
                  op::rmw,
                  "engine.cpp",
                  "operator()",
                  6)}},
            {"an_io_context_is_explored",
             an_io_context_is_explored,
             {marked("never_12"), marked("never_21")}},
        });
}
