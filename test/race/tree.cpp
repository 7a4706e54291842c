//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx.hpp>

#include <asioctx/testing/manual_clock.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>

#include "support/race.hpp"
#include "support/runner.hpp"

namespace asio = boost::asio;

using namespace asioctx;
using namespace std::chrono_literals;

namespace {

error_code cause_number(int n)
{
    return {n, boost::system::generic_category()};
}

// A complete tree of four children each.
struct tree
{
    explicit tree(context const& root, std::size_t size)
    {
        nodes.push_back(with_cancel(root));
        for (std::size_t i = 1; i < size; ++i)
            nodes.push_back(with_cancel(nodes[(i - 1) / 4].ctx));
    }

    bool subtree_done(std::size_t i) const
    {
        if (i >= nodes.size())
            return true;
        if (!nodes[i].ctx.done())
            return false;
        for (std::size_t c = 4 * i + 1; c <= 4 * i + 4; ++c)
            if (!subtree_done(c))
                return false;
        return true;
    }

    std::vector<cancelable> nodes;
};

void every_cancel_returns_with_its_subtree_done(int rounds)
{
    for (int r = 0; r < rounds; ++r)
    {
        asio::io_context ioc;
        tree t(r % 2 ? background(ioc) : background(), 85);
        auto const canceler = [&t, r](unsigned which)
        {
            return [&t, seed = static_cast<unsigned>(r) * 4 + which]
            {
                std::mt19937 random(seed);
                for (int i = 0; i < 40; ++i)
                {
                    auto const n = random() % t.nodes.size();
                    t.nodes[n].cancel();
                    RACE_CHECK(t.subtree_done(n));
                }
                t.nodes[0].cancel();
                RACE_CHECK(t.subtree_done(0));
            };
        };
        race::together({canceler(0), canceler(1), canceler(2)});
    }
}

void a_context_derived_beside_a_cancel_is_done_with_its_cause(int rounds)
{
    for (int r = 0; r < rounds; ++r)
    {
        auto parent = with_cancel(background());
        std::vector<cancelable> children;
        race::together({
            [&] { parent.cancel(cause_number(7)); },
            [&]
            {
                for (int i = 0; i < 50; ++i)
                    children.push_back(with_cancel(
                        i % 2 ? children.back().ctx : parent.ctx));
            },
        });
        for (auto const& c : children)
            RACE_CHECK(c.ctx.done() && c.ctx.cause() == cause_number(7));
    }
}

void an_observer_of_done_sees_error_and_cause(int rounds)
{
    for (int r = 0; r < rounds; ++r)
    {
        auto parent = with_cancel(background());
        auto child = with_cancel(parent.ctx);
        auto const observe = [&]
        {
            while (!child.ctx.done())
                RACE_CHECK(!child.ctx.error() || child.ctx.done());
            RACE_CHECK(child.ctx.error() == errc::canceled);
            auto const cause = child.ctx.cause();
            RACE_CHECK(cause == cause_number(1) || cause == cause_number(2));
            RACE_CHECK(child.ctx.cause() == cause);
            RACE_CHECK(child.ctx.exception() != nullptr);
            RACE_CHECK(child.ctx.canceled_at().line() != 0);
        };
        race::together({observe, [&] { parent.cancel(cause_number(1)); },
            [&] { child.cancel(cause_number(2)); }});
    }
}

// Go's interlocked cancels: who sees the parent done cancels what is below it,
// while the parent's own cancel is on its way there.
void watchers_of_a_context_cancel_what_is_below(int rounds)
{
    for (int r = 0; r < rounds; ++r)
    {
        auto parent = with_cancel(background());
        auto child = with_cancel(parent.ctx);
        auto leaf = with_cancel(child.ctx);
        auto merged = merge(background(), leaf.ctx, parent.ctx);
        auto const watch = [&parent](cancelable& below, int cause)
        {
            return [&parent, &below, cause]
            {
                while (!parent.ctx.done())
                    std::this_thread::yield();
                below.cancel(cause_number(cause));
                RACE_CHECK(below.ctx.done());
                parent.cancel(cause_number(cause));
            };
        };
        race::together({[&] { parent.cancel(cause_number(1)); },
            watch(child, 2), watch(leaf, 3)});
        RACE_CHECK(parent.ctx.cause() == cause_number(1));
        auto const of_child = child.ctx.cause();
        RACE_CHECK(of_child == cause_number(1) || of_child == cause_number(2));
        auto const of_leaf = leaf.ctx.cause();
        RACE_CHECK(of_leaf == of_child || of_leaf == cause_number(3));
        RACE_CHECK(merged.done());
    }
}

void handles_are_dropped_beside_a_cancel(int rounds)
{
    for (int r = 0; r < rounds; ++r)
    {
        auto parent = with_cancel(background());
        std::vector<cancelable> a;
        std::vector<cancelable> b;
        for (int i = 0; i < 20; ++i)
        {
            a.push_back(with_cancel(i ? a.back().ctx : parent.ctx));
            b.push_back(with_cancel(parent.ctx));
        }
        for (auto* v : {&a, &b})
            for (auto& c : *v)
                c.cancel.detach();
        context const kept = b[10].ctx;
        race::together({[&] { parent.cancel(); },
            [&] { a.clear(); }, [&] { b.clear(); }});
        RACE_CHECK(kept.done());
    }
}

void a_function_runs_or_is_stopped_never_both(int rounds)
{
    asio::io_context ioc;
    for (int r = 0; r < rounds; ++r)
    {
        auto source = with_cancel(background(ioc));
        int runs = 0;
        int stops = 0;
        std::vector<after_func_registration> registrations;
        registrations.reserve(20);
        for (int i = 0; i < 20; ++i)
            registrations.push_back(
                after_func(source.ctx, [&runs] { ++runs; }));
        race::together({[&] { source.cancel(); },
            [&]
            {
                for (auto& g : registrations)
                    stops += g.stop();
            }});
        ioc.restart();
        ioc.poll();
        RACE_CHECK(runs + stops == 20);
    }
}

void functions_are_detached_and_contexts_dropped_beside_a_cancel(int rounds)
{
    asio::io_context ioc;
    for (int r = 0; r < rounds; ++r)
    {
        auto source = std::make_optional(with_cancel(background(ioc)));
        auto const alive = std::make_shared<int>(0);
        std::vector<after_func_registration> registrations;
        registrations.reserve(10);
        for (int i = 0; i < 10; ++i)
            registrations.push_back(after_func(source->ctx, [alive] {}));
        auto cancel = std::move(source->cancel);
        race::together({[&] { cancel(); },
            [&]
            {
                for (auto& g : registrations)
                    g.detach();
            },
            [&] { source.reset(); }});
        ioc.restart();
        ioc.poll();
        RACE_CHECK(alive.use_count() == 1);
    }
}

void waits_start_beside_a_cancel(int rounds)
{
    asio::io_context ioc;
    for (int r = 0; r < rounds; ++r)
    {
        auto source = with_cancel(background(ioc));
        int done = 0;
        race::together({[&] { source.cancel(); },
            [&]
            {
                for (int i = 0; i < 20; ++i)
                    source.ctx.async_wait(
                        [&done](error_code ec) { done += !ec; });
            }});
        ioc.restart();
        ioc.run();
        RACE_CHECK(done == 20);
    }
}

void deadlines_pass_beside_cancel_and_drop(int rounds)
{
    asio::io_context ioc;
    race::runner const run(ioc); // it ends: no deadline is left
    auto const root = background(ioc);
    auto const derive = [&](unsigned seed)
    {
        return [&root, seed, rounds]
        {
            std::mt19937 random(seed);
            std::vector<cancelable> live;
            for (int i = 0; i < rounds; ++i)
            {
                auto const before = clock_type::now();
                std::chrono::microseconds const timeout(random() % 200);
                auto parent = with_timeout(root, timeout);
                auto child =
                    with_timeout(parent.ctx, timeout - 5us * (random() % 3));
                if (child.ctx.done())
                    RACE_CHECK(clock_type::now() - before
                        >= timeout - 10us);
                live.push_back(std::move(parent));
                live.push_back(std::move(child));
                if (live.size() > 50)
                {
                    auto const n = random() % live.size();
                    if (random() % 2)
                        live[n].cancel();
                    live.erase(live.begin()
                        + static_cast<std::ptrdiff_t>(n));
                }
            }
        };
    };
    race::together({derive(1), derive(2)});
}

void a_grace_begins_beside_its_cancellation(int rounds)
{
    asio::io_context ioc;
    race::runner const run(ioc);
    for (int r = 0; r < rounds; ++r)
    {
        auto parent = with_cancel(background(ioc));
        auto graced = with_grace(parent.ctx, 10us * (r % 5 + 1));
        auto below = with_cancel(graced.ctx);
        race::together({[&] { parent.cancel(cause_number(1)); },
            [&]
            {
                if (r % 2)
                    graced.cancel(cause_number(2));
            }});
        while (!below.ctx.done())
            std::this_thread::yield();
        auto const cause = below.ctx.cause();
        RACE_CHECK(cause == cause_number(1)
            || (r % 2 && cause == cause_number(2)));
    }
}

// Each time that a bit less passes than the idle time, somebody has touched since:
// who had read the clock before, and is late, puts nothing back.
void two_touch_an_idle_context(int rounds)
{
    for (int r = 0; r < rounds; ++r)
    {
        asio::io_context ioc;
        testing::manual_clock clock(ioc);
        auto const idle = with_idle_timeout(background(ioc), 10ms);
        std::atomic<bool> over{false};
        std::atomic<int> touches[2] = {0, 0};
        auto const touch = [&](int i)
        {
            return [&, i]
            {
                for (; !over; ++touches[i])
                    idle.idle.touch();
            };
        };
        race::together(
            {touch(0),
             touch(1),
             [&]
             {
                 for (int i = 0; i < 10; ++i)
                 {
                     clock.advance(9ms);
                     RACE_CHECK(!idle.ctx.done());
                     int const seen[] = {touches[0], touches[1]};
                     // The first of two may have begun before.
                     while (touches[0] < seen[0] + 2 && touches[1] < seen[1] + 2)
                         std::this_thread::yield();
                 }
                 over = true;
             }});
        clock.advance(10ms);
        RACE_CHECK(idle.ctx.done());
    }
}

// Tells a root to take another's time: later than the first deadline, or if the
// other has a third one's, that is refused.
bool takes_time(asio::io_context& of, asio::io_context& time)
{
    try
    {
        static_cast<void>(background(of, time));
        return true;
    }
    catch (std::logic_error const&)
    {
        return false;
    }
}

// Of two roots and of one whose time they take. Whatever the order, all that is
// kept ends when its time has come, and what is dropped leaves nothing in
// either's set.
void first_deadlines_are_made_beside_taking_time(int rounds)
{
    for (int r = 0; r < rounds; ++r)
    {
        asio::io_context a, b, time;
        std::vector<cancelable> kept(2);
        // Their grace begins, and they are dropped, beside the rest.
        auto parent = with_cancel(background(r % 2 ? a : b));
        auto graced = std::make_optional(with_grace(parent.ctx, 1h));
        {
            race::runner const run_a(a), run_b(b), run_time(time);
            auto const take = [&](asio::io_context& own,
                                  asio::io_context& other,
                                  cancelable& last)
            {
                // NOLINTBEGIN(asioctx-background-in-function): last is a result
                return [&]
                {
                    takes_time(own, time);
                    {
                        auto const first = with_timeout(background(own), 1h);
                        takes_time(own, other);
                    }
                    takes_time(own, time);
                    last = with_timeout(background(own), 50us);
                };
                // NOLINTEND(asioctx-background-in-function)
            };
            race::together(
                {take(a, b, kept[0]),
                 take(b, a, kept[1]),
                 [&]
                 {
                     parent.cancel();
                     graced.reset();
                 },
                 [&]
                 {
                     for (auto* const ioc : {&a, &b})
                     {
                         auto const c = with_timeout(background(*ioc), 1us);
                         static_cast<void>(c.ctx.check());
                     }
                 }});
            for (auto const& c : kept)
                while (!c.ctx.done())
                    std::this_thread::yield();
        }
    }
}

// A clock that somebody sets.
struct set_clock
{
    using duration = asioctx::duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<set_clock, duration>;

    static constexpr bool is_steady = false;

    // It takes a while to look: until the other thread has tried, if it runs.
    static time_point now()
    {
        int const before = tries;
        ++looks;
        for (int i = 0; i < 10000 && tries == before; ++i)
        {
        }
        return time_point(duration(time.load()));
    }

    static inline std::atomic<duration::rep> time{0};
    static inline std::atomic<int> looks{0};
    static inline std::atomic<int> tries{0};
};

// While its clock is looked at a deadline is in no set: just then its root may
// take another's time.
void a_clock_is_looked_at_beside_taking_time(int rounds)
{
    int taken = 0;
    for (int r = 0; r < rounds; ++r)
    {
        asio::io_context own, time;
        race::runner const run_own(own), run_time(time);
        set_clock::time = 0;
        auto parent = with_cancel(background(own));
        auto const t = set_clock::time_point(1ms);
        auto late = with_deadline(parent.ctx, t);
        int const looks = set_clock::looks;
        auto const wait_for_a_look = [&]
        {
            while (set_clock::looks == looks)
                std::this_thread::yield();
        };
        race::together(
            {[&]
             {
                 wait_for_a_look();
                 bool takes = false;
                 for (int i = 0; i < 1000 && !takes && !late.ctx.done(); ++i)
                 {
                     takes = takes_time(own, time);
                     ++set_clock::tries;
                 }
                 taken += takes;
                 set_clock::time = duration(1ms).count();
             },
             [&]
             {
                 wait_for_a_look();
                 if (r % 3 == 0)
                     parent.cancel();
                 else if (r % 3 == 1)
                     static_cast<void>(late.ctx.check());
             }});
        while (!late.ctx.done())
            std::this_thread::yield();
    }
    std::printf("time was taken in %d rounds\n", taken);
}

} // namespace

int main(int argc, char** argv)
{
    return race::main(argc, argv,
        {
#define RACE(name, rounds) {#name, rounds, name}
            RACE(every_cancel_returns_with_its_subtree_done, 300),
            RACE(a_context_derived_beside_a_cancel_is_done_with_its_cause, 500),
            RACE(an_observer_of_done_sees_error_and_cause, 1000),
            RACE(watchers_of_a_context_cancel_what_is_below, 1000),
            RACE(handles_are_dropped_beside_a_cancel, 1000),
            RACE(a_function_runs_or_is_stopped_never_both, 1000),
            RACE(functions_are_detached_and_contexts_dropped_beside_a_cancel,
                1000),
            RACE(waits_start_beside_a_cancel, 1000),
            RACE(deadlines_pass_beside_cancel_and_drop, 20000),
            RACE(a_grace_begins_beside_its_cancellation, 500),
            RACE(two_touch_an_idle_context, 40),
            RACE(first_deadlines_are_made_beside_taking_time, 100),
            RACE(a_clock_is_looked_at_beside_taking_time, 100),
        });
}
