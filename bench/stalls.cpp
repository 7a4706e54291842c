//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//
// P16: how long others are held up by many deadlines, and by many operations
// that are canceled at once. In processor time, so that what else runs on the
// machine does not count; of steps that are some microseconds long, the time
// that the clock takes is a part.

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>

#include <asioctx/detail/deadline_set.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <deque>
#include <random>
#include <thread>
#include <vector>

#include "support.hpp"

namespace asioctx::bench {
namespace {

using namespace std::chrono_literals;
using benchmark::State;

double microseconds(std::chrono::duration<double> d)
{
    return 1e6 * d.count();
}

// The steps of a root, each of which is one hold of its mutex: it expires 64 of
// its deadlines at most, or moves 128. The times that are set pass, tick by
// tick, for twenty times 2^power ns; what has expired gets a deadline within
// the next 2^power ns.
class steps
{
public:
    steps(std::int64_t n, unsigned power) : width_(std::int64_t{1} << power)
    {
        auto room = 0u;
        set_.advance(at(now_), room);
        for (std::int64_t i = 0; i < n; ++i)
            insert(entries_.emplace_back());
    }

    ~steps()
    {
        for (auto& e : entries_)
            set_.remove(e);
    }

    void run()
    {
        for (auto const end = now_ + 20 * width_; now_ < end; now_ += tick)
        {
            while (measure([this] { return expire(); }))
            {
            }
            measure(
                [this]
                {
                    auto room = 128u;
                    set_.advance(at(now_), room);
                    set_.prepare(room);
                    return false;
                });
        }
    }

    void report(State& state)
    {
        std::sort(times_.begin(), times_.end());
        state.counters["worst us"] = microseconds(times_.back());
        state.counters["p99.9 us"] =
            microseconds(times_[times_.size() - 1 - times_.size() / 1000]);
        state.counters["most moved"] = static_cast<double>(most_moved_);
    }

private:
    using entry = detail::deadline_entry;

    static constexpr std::int64_t tick = 4'000'000;

    static time_point at(std::int64_t ns)
    {
        return time_point(duration(ns));
    }

    void insert(entry& e)
    {
        auto const ahead = static_cast<std::int64_t>(
            random_() % static_cast<std::uint64_t>(width_));
        set_.insert(e, at(now_ + ahead));
    }

    bool expire()
    {
        auto room = 64u;
        for (;;)
        {
            while (entry* e = room != 0 ? set_.expired() : nullptr)
            {
                --room;
                set_.remove(*e);
                expired_.push_back(e);
            }
            bool const more = !set_.empty() && set_.next() <= at(now_);
            if (room == 0 || !more)
                return more;
            set_.advance(set_.next(), room);
        }
    }

    template <class Step>
    bool measure(Step step)
    {
        auto const moves = set_.moves();
        auto const start = processor_time();
        bool const more = step();
        times_.push_back(processor_time() - start);
        most_moved_ = std::max(most_moved_, set_.moves() - moves);
        for (auto* e : expired_)
            insert(*e);
        expired_.clear();
        return more;
    }

    std::int64_t const width_;
    std::int64_t now_ = 100 * width_ - 1;
    std::mt19937_64 random_{1};
    detail::deadline_set set_;
    std::deque<entry> entries_;
    std::vector<entry*> expired_;
    std::vector<std::chrono::duration<double>> times_;
    std::uint64_t most_moved_ = 0;
};

void step(State& state, unsigned power)
{
    for (auto _ : state)
    {
        steps s(up_to(state.range(0)), power);
        auto const start = processor_time();
        s.run();
        state.SetIterationTime((processor_time() - start).count());
        s.report(state);
    }
}

// A handler that posts itself while there is something going on, and knows the
// longest time, by a clock, from one of its turns to the next.
template <class Clock, class GoesOn>
class other_handler
{
public:
    other_handler(asio::io_context& ioc, Clock now, GoesOn goes_on)
        : ioc_(ioc), now_(now), goes_on_(goes_on), last_(now())
    {
        post();
    }

    other_handler(other_handler const&) = delete;
    other_handler& operator=(other_handler const&) = delete;

    void report(State& state) const
    {
        state.SetIterationTime(worst_.count());
        state.counters["worst us"] = microseconds(worst_);
    }

private:
    void post()
    {
        asio::post(ioc_, [this] { run(); });
    }

    void run()
    {
        auto const now = now_();
        worst_ = std::max(worst_, now - last_);
        last_ = now;
        if (goes_on_())
            post();
    }

    asio::io_context& ioc_;
    Clock const now_;
    GoesOn const goes_on_;
    std::chrono::duration<double> worst_{0};
    std::chrono::duration<double> last_;
};

// What another handler waits for, on the same io_context.
void turn(State& state, duration span)
{
    for (auto _ : state)
    {
        auto const n = up_to(state.range(0));
        asio::io_context ioc(1);
        auto const root = background(ioc);
        std::mt19937_64 random(1);
        auto const start = clock_type::now() + n * 3us;
        std::vector<cancelable> all;
        all.reserve(static_cast<std::size_t>(n) + 1);
        for (std::int64_t i = 0; i < n; ++i)
            all.push_back(with_deadline(
                root,
                start
                    + duration(static_cast<duration::rep>(
                        random() % static_cast<std::uint64_t>(span.count())))));
        all.push_back(with_deadline(root, start + span));

        other_handler other(
            ioc, processor_time, [&] { return !all.back().ctx.done(); });
        ioc.run();
        other.report(state);
    }
}

// Of the calling thread alone.
std::chrono::duration<double> thread_time()
{
    std::timespec t;
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

// What another handler waits for, while many waits are canceled: by a handler,
// or by another thread.
void cancel(State& state, bool in_place)
{
    for (auto _ : state)
    {
        auto const n = up_to(state.range(0));
        asio::io_context ioc;
        auto const c = with_cancel(background(ioc));
        std::deque<asio::steady_timer> timers;
        std::int64_t left = n;
        for (std::int64_t i = 0; i < n; ++i)
            timers.emplace_back(ioc, clock_type::now() + 1h)
                .async_wait(bind_context(c.ctx, [&](error_code) { --left; }));

        other_handler other(ioc, thread_time, [&] { return left != 0; });
        std::thread canceling;
        if (in_place)
            asio::post(ioc, [&] { c.cancel(); });
        else
            canceling = std::thread([&] { c.cancel(); });
        ioc.run();
        if (canceling.joinable())
            canceling.join();
        other.report(state);
    }
}

} // namespace

void add_benchmarks()
{
    using benchmark::RegisterBenchmark;

    for (std::int64_t n = 10'000; n <= 1'000'000; n *= 10)
    {
        RegisterBenchmark("P16/step/2^30", step, 30)
            ->Apply(measured_by_hand)
            ->Arg(n);
        RegisterBenchmark("P16/step/2^36", step, 36)
            ->Apply(measured_by_hand)
            ->Arg(n);
    }
    RegisterBenchmark("P16/turn/1 s", turn, 1s)
        ->Apply(measured_by_hand)
        ->Arg(1'000'000);
    RegisterBenchmark("P16/turn/at once", turn, 1ns)
        ->Apply(measured_by_hand)
        ->Arg(1'000'000);
    RegisterBenchmark("P16/cancel/in place", cancel, true)
        ->Apply(measured_by_hand)
        ->Arg(100'000);
    RegisterBenchmark("P16/cancel/other thread", cancel, false)
        ->Apply(measured_by_hand)
        ->Arg(100'000);
}

} // namespace asioctx::bench
