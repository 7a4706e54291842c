//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Operations that more than one context can end, which two threads cancel at
// once: bound twice and three times, below a merge, detached, in a
// parallel_group, in a coroutine's ||, in a coroutine that is bound as a whole.
// And whole trees that are dropped, canceled and looked at, while their
// execution context goes.

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/detach_on_cancel.hpp>
#include <asioctx/dump.hpp>
#include <asioctx/error.hpp>
#include <asioctx/merge.hpp>
#include <asioctx/stop_token.hpp>
#include <asioctx/value.hpp>
#include <asioctx/without_cancel.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "support/race.hpp"

namespace asio = boost::asio;
using namespace asioctx;
using namespace race;
using namespace std::chrono_literals;

namespace {

// More than one cancel() asks itself.
constexpr int operations = 90;

using strand_type = asio::strand<asio::io_context::executor_type>;
using timer_type = asio::steady_timer;

// An io_context that a number of threads run until the end.
class running
{
public:
    explicit running(int n)
    {
        for (int i = 0; i != n; ++i)
            threads_.emplace_back([this] { ioc.run(); });
    }

    ~running()
    {
        work_.reset();
        for (auto& t : threads_)
            t.join();
    }

    asio::io_context ioc;

private:
    asio::executor_work_guard<asio::io_context::executor_type> work_{
        ioc.get_executor()};
    std::vector<std::thread> threads_;
};

void wait_for(std::atomic<int> const& ended, int n)
{
    while (ended != n)
        std::this_thread::yield();
}

// Two threads, the second somewhat later.
template <class First, class Second>
void staggered(std::mt19937& random, First first, Second second)
{
    auto const spins = random() % 3000;
    together(
        {first,
         [&]
         {
             for (std::atomic<unsigned> i{0}; i < spins;)
                 ++i;
             second();
         }});
}

// Some end by themselves meanwhile.
timer_type::duration time_of(int i)
{
    return i % 4 == 0 ? timer_type::duration(20us) : 1h;
}

// start(timer, i, handler) begins an operation on the strand of its timer.
template <class Start>
void race_of_timers(int rounds, Start start)
{
    running here(2);
    running there(1);
    std::mt19937 random(1);
    for (int r = 0; r < rounds; ++r)
    {
        auto const a = with_cancel(background(here.ioc));
        auto const b = with_cancel(background(here.ioc));
        auto const c = with_cancel(background(there.ioc));
        auto const merged = merge(a.ctx, {b.ctx, c.ctx});
        auto const handlers = asio::make_strand(here.ioc);
        std::atomic<int> ended{0};
        for (int i = 0; i != operations; ++i)
        {
            auto const s = asio::make_strand(i % 7 == 0 ? there.ioc : here.ioc);
            asio::post(
                s,
                [&, s, i]
                {
                    auto timer = std::make_shared<timer_type>(s, time_of(i));
                    auto& t = *timer;
                    auto const handler = [&ended, s, timer = std::move(timer)](
                                             error_code const& ec) mutable
                    {
                        RACE_CHECK(!ec || ec == errc::canceled);
                        // It goes where it is used.
                        asio::post(
                            s,
                            [&ended, timer = std::move(timer)]() mutable
                            {
                                timer.reset();
                                ++ended;
                            });
                    };
                    start(
                        t,
                        a.ctx,
                        b.ctx,
                        merged,
                        asio::bind_executor(handlers, handler));
                });
        }
        staggered(
            random,
            [&] { a.cancel(); },
            [&]
            {
                b.cancel();
                c.cancel();
            });
        wait_for(ended, operations);
        count(operations);
    }
}

void bound_twice(int rounds)
{
    race_of_timers(
        rounds,
        [](auto& t,
           context const& a,
           context const& b,
           context const&,
           auto handler)
        { t.async_wait(bind_context(a, bind_context(b, handler))); });
}

void bound_three_times(int rounds)
{
    race_of_timers(
        rounds,
        [](auto& t,
           context const& a,
           context const& b,
           context const& merged,
           auto handler)
        {
            t.async_wait(bind_context(
                merged, bind_context(b, bind_context(a, handler))));
        });
}

void below_a_merge(int rounds)
{
    race_of_timers(
        rounds,
        [](auto& t,
           context const&,
           context const&,
           context const& merged,
           auto handler) { t.async_wait(bind_context(merged, handler)); });
}

void detached(int rounds)
{
    race_of_timers(
        rounds,
        [](auto& t,
           context const&,
           context const&,
           context const& merged,
           auto handler) { t.async_wait(detach_on_cancel(merged, handler)); });
}

// Two waits on a strand, each of which has a context: the second's is below the
// first's.
struct pair
{
    strand_type strand;
    context first;
    context second;
    timer_type::duration time; // of the second
};

// begin(pair, handler) begins them.
template <class Begin>
void race_of_pairs(int rounds, Begin begin)
{
    running here(2);
    std::mt19937 random(1);
    for (int r = 0; r < rounds; ++r)
    {
        auto const a = with_cancel(background(here.ioc));
        auto const b = with_cancel(a.ctx);
        std::atomic<int> ended{0};
        for (int i = 0; i != operations; ++i)
        {
            auto const s = asio::make_strand(here.ioc);
            asio::post(
                s,
                [&, s, i]
                {
                    begin(
                        pair{s, a.ctx, b.ctx, time_of(i)},
                        asio::bind_executor(s, [&](auto&&...) { ++ended; }));
                });
        }
        staggered(
            random, [&] { a.cancel(); }, [&] { b.cancel(); });
        wait_for(ended, operations);
        count(operations);
    }
}

void in_a_parallel_group(int rounds)
{
    race_of_pairs(
        rounds,
        [](pair const& p, auto handler)
        {
            auto const first = std::make_shared<timer_type>(p.strand, 1h);
            auto const second = std::make_shared<timer_type>(p.strand, p.time);
            asio::experimental::make_parallel_group(
                first->async_wait(bind_context(p.first, asio::deferred)),
                second->async_wait(bind_context(p.second, asio::deferred)))
                .async_wait(
                    asio::experimental::wait_for_one(),
                    bind_context(
                        p.second,
                        asio::bind_executor(
                            p.strand,
                            [first, second, handler](
                                auto, error_code, error_code) mutable
                            { handler(); })));
        });
}

asio::awaitable<void> either(pair p)
{
    using namespace asio::experimental::awaitable_operators;
    timer_type first(p.strand, 1h);
    timer_type second(p.strand, p.time);
    try
    {
        co_await (
            first.async_wait(bind_context(p.first, asio::use_awaitable))
            || second.async_wait(bind_context(p.second, asio::use_awaitable)));
    }
    catch (std::exception const&)
    {
    }
}

void in_a_coroutine(int rounds)
{
    race_of_pairs(
        rounds,
        [](pair const& p, auto handler)
        { asio::co_spawn(p.strand, either(p), handler); });
}

void in_a_coroutine_that_is_bound(int rounds)
{
    race_of_pairs(
        rounds,
        [](pair const& p, auto handler)
        {
            asio::co_spawn(
                p.strand,
                [p] { return either(p); },
                bind_context(p.second, handler));
        });
}

context_key<int> const key("n", loggable);

// Contexts below one, of all kinds, and their sources.
struct family
{
    family(context const& top, context const& other, std::mt19937& random)
    {
        for (int i = 0; i != 80; ++i)
        {
            auto const& parent = all.empty() || random() % 3 == 0
                ? top
                : all[random() % all.size()];
            all.push_back(make(parent, other, random() % 8));
        }
        std::shuffle(all.begin(), all.end(), random);
    }

    context make(context const& parent, context const& other, unsigned kind)
    {
        switch (kind)
        {
        case 0:
            sources.push_back(with_cancel(parent));
            return sources.back().ctx;
        case 1:
            return with_value(parent, key, 1);
        case 2:
            return merge(parent, other);
        case 3:
            return detach(with_grace(parent, 1ms));
        case 4:
        {
            auto c = with_idle_timeout(parent, 1h);
            c.idle.detach();
            return c.ctx;
        }
        case 5:
            return without_cancel(parent);
        case 6:
            static_cast<void>(get_stop_token(parent));
            return parent;
        default:
            return detach(with_timeout(parent, 1h));
        }
    }

    static context detach(cancelable c)
    {
        c.cancel.detach();
        return c.ctx;
    }

    std::vector<context> all;
    std::vector<cancelable> sources;
};

void a_tree_goes(int rounds)
{
    std::mt19937 random(1);
    for (int r = 0; r < rounds; ++r)
    {
        auto ioc = std::make_unique<asio::io_context>();
        auto const root = background(*ioc);
        auto top = with_cancel(with_value(root, key, 0));
        auto const other = with_cancel(background());
        family f(top.ctx, other.ctx, random);
        std::vector<context> half(
            std::make_move_iterator(f.all.begin() + 40),
            std::make_move_iterator(f.all.end()));
        f.all.resize(40);
        if (r % 2 == 0)
            top.ctx = context(); // the source alone keeps it
        together(
            {[&] { top.cancel.cancel(); },
             [&] { f.all.clear(); },
             [&]
             {
                 half.clear();
                 f.sources.clear();
             },
             [&]
             {
                 if (r % 4 == 0)
                     ioc.reset();
                 else
                     static_cast<void>(snapshot(root));
             }});
        if (ioc)
            ioc->poll();
        count(1);
    }
}

} // namespace

int main(int argc, char** argv)
{
    return race::main(
        argc,
        argv,
        {
            {"bound_twice", 100, bound_twice},
            {"bound_three_times", 100, bound_three_times},
            {"below_a_merge", 100, below_a_merge},
            {"detached", 100, detached},
            {"in_a_parallel_group", 100, in_a_parallel_group},
            {"in_a_coroutine", 60, in_a_coroutine},
            {"in_a_coroutine_that_is_bound", 60, in_a_coroutine_that_is_bound},
            {"a_tree_goes", 300, a_tree_goes},
        });
}
