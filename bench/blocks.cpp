//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//
// P17: what is built on contexts. P18: from cancel() to the handler, while the
// io_context has other work.

#include <asioctx/after_func.hpp>
#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/merge.hpp>
#include <asioctx/task_group.hpp>
#include <asioctx/value.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support.hpp"

namespace asio = boost::asio;

namespace asioctx::bench {
namespace {

using namespace std::chrono_literals;
using benchmark::State;

void merge_some(State& state)
{
    asio::io_context ioc(1);
    auto const root = background(ioc);
    std::vector<cancelable> parents;
    parents.reserve(static_cast<std::size_t>(state.range(0)));
    for (std::int64_t i = 0; i < state.range(0); ++i)
        parents.push_back(with_cancel(root));
    for (auto _ : state)
    {
        auto merged = merge(parents[0].ctx, parents[1].ctx);
        for (std::size_t i = 2; i < parents.size(); ++i)
            // NOLINTNEXTLINE(asioctx-fat-context): that is what is measured
            merged = merge(merged, parents[i].ctx);
        benchmark::DoNotOptimize(merged);
    }
}

void stop_after_func(State& state)
{
    asio::io_context ioc(1);
    auto const c = with_cancel(background(ioc));
    for (auto _ : state)
        after_func(c.ctx, [] {}).stop();
}

void wait_until_canceled(State& state)
{
    asio::io_context ioc(1);
    auto const root = background(ioc);
    for (auto _ : state)
    {
        auto const c = with_cancel(root);
        c.ctx.async_wait(asio::detached);
        c.cancel();
        ioc.restart();
        ioc.poll();
    }
}

void task_in_a_group(State& state)
{
    asio::io_context ioc(1);
    auto const root = background(ioc);
    for (auto _ : state)
    {
        task_group group(root);
        group.spawn([](context) -> asio::awaitable<void> { co_return; });
        group.async_join(asio::detached);
        ioc.restart();
        ioc.poll();
    }
}

void give_a_value(State& state)
{
    asio::io_context ioc(1);
    auto const root = background(ioc);
    static context_key<int> const key("n");
    for (auto _ : state)
        benchmark::DoNotOptimize(with_value(root, key, 1));
}

// The first context with a deadline of an execution context, and its end.
void cold_start(State& state)
{
    for (auto _ : state)
    {
        asio::io_context ioc(1);
        auto const c = with_timeout(background(ioc), 30s);
        c.cancel();
        ioc.run();
    }
}

void bare_cold_start(State& state)
{
    for (auto _ : state)
    {
        asio::io_context ioc(1);
        asio::steady_timer timer(ioc, 30s);
        timer.async_wait(asio::detached);
        timer.cancel();
        ioc.run();
    }
}

// Waits that are canceled one by one, while 32 handlers keep the io_context
// busy. From the call of cancel() to the handler.
class canceled_waits
{
public:
    enum class from : unsigned char
    {
        here,
        another_thread,
        strand,
    };

    explicit canceled_waits(from f) : from_(f)
    {
    }

    // start(handler) begins a wait, and returns what cancels it.
    template <class Start>
    void run(State& state, Start start)
    {
        for (auto _ : state)
        {
            auto const n = static_cast<std::size_t>(up_to(5'000));
            times_.clear();
            times_.reserve(n);
            busy_ = true;
            for (int i = 0; i < 32; ++i)
                asio::post(ioc, [this] { keep_busy(); });
            std::thread canceling;
            if (from_ == from::here)
                asio::post(ioc, [&, n] { next(start, n); });
            else
                canceling = std::thread([&, n] { others(start, n); });
            ioc.restart();
            ioc.run();
            if (canceling.joinable())
                canceling.join();
            report(state);
        }
    }

    asio::io_context ioc;
    asio::strand<asio::io_context::executor_type> strand{ioc.get_executor()};

private:
    using clock = std::chrono::steady_clock;

    void keep_busy()
    {
        for (int i = 0; i < 1000; ++i)
            benchmark::DoNotOptimize(i);
        if (busy_)
            asio::post(ioc, [this] { keep_busy(); });
    }

    template <class Start>
    void next(Start const& start, std::size_t left)
    {
        if (left == 0)
        {
            busy_ = false;
            return;
        }
        auto const cancel = start(
            [this, &start, left](error_code const&)
            {
                times_.push_back(clock::now() - since_);
                next(start, left - 1);
            });
        since_ = clock::now();
        cancel();
    }

    template <class Start>
    void others(Start const& start, std::size_t n)
    {
        for (std::size_t i = 0; i != n; ++i)
        {
            std::atomic<bool> ended{false};
            std::atomic<bool> begun{false};
            std::function<void()> cancel;
            asio::post(
                strand,
                [&]
                {
                    cancel = start(
                        [&](error_code const&)
                        {
                            times_.push_back(clock::now() - since_);
                            ended = true;
                        });
                    begun = true;
                });
            while (!begun)
                std::this_thread::yield();
            since_ = clock::now();
            cancel();
            while (!ended)
                std::this_thread::yield();
        }
        busy_ = false;
    }

    void report(State& state)
    {
        std::sort(times_.begin(), times_.end());
        auto const us = [&](std::size_t i)
        {
            return std::chrono::duration<double, std::micro>(times_[i]).count();
        };
        state.SetIterationTime(us(times_.size() / 2) * 1e-6);
        state.counters["median us"] = us(times_.size() / 2);
        state.counters["p99 us"] = us(times_.size() - 1 - times_.size() / 100);
        state.counters["worst us"] = us(times_.size() - 1);
    }

    from const from_;
    std::atomic<bool> busy_{false};
    clock::time_point since_;
    std::vector<clock::duration> times_;
};

void cancel_context(State& state, canceled_waits::from f)
{
    canceled_waits w(f);
    auto const root = background(w.ioc);
    asio::steady_timer timer(w.ioc);
    asio::steady_timer on_strand(asio::any_io_executor(w.strand));
    w.run(
        state,
        [&](auto handler)
        {
            auto c = with_cancel(root);
            auto& t = f == canceled_waits::from::strand ? on_strand : timer;
            t.expires_after(1h);
            t.async_wait(bind_context(c.ctx, std::move(handler)));
            return [c = std::make_shared<cancelable>(std::move(c))]
            {
                c->cancel();
            };
        });
}

// What is safe without a context: the signal is emitted where the operation is.
void post_signal(State& state, canceled_waits::from f)
{
    canceled_waits w(f);
    asio::steady_timer timer(w.ioc);
    asio::steady_timer on_strand(asio::any_io_executor(w.strand));
    asio::cancellation_signal signal;
    w.run(
        state,
        [&](auto handler)
        {
            auto& t = f == canceled_waits::from::strand ? on_strand : timer;
            t.expires_after(1h);
            t.async_wait(asio::bind_cancellation_slot(
                signal.slot(), std::move(handler)));
            return [&]
            {
                auto const emit = [&]
                {
                    signal.emit(asio::cancellation_type::terminal);
                };
                if (f == canceled_waits::from::here)
                    emit();
                else if (f == canceled_waits::from::strand)
                    asio::post(w.strand, emit);
                else
                    asio::post(w.ioc, emit);
            };
        });
}

} // namespace

void add_benchmarks()
{
    using benchmark::RegisterBenchmark;

    RegisterBenchmark("P17/value/asioctx", give_a_value);
    RegisterBenchmark("P17/merge/asioctx", merge_some)->Arg(2)->Arg(15);
    RegisterBenchmark("P17/after_func/asioctx", stop_after_func);
    RegisterBenchmark("P17/async_wait/asioctx", wait_until_canceled);
    RegisterBenchmark("P17/task_group/asioctx", task_in_a_group);
    RegisterBenchmark("P17/cold start/asioctx", cold_start);
    RegisterBenchmark("P17/cold start/steady_timer", bare_cold_start);
    using from = canceled_waits::from;
    for (auto const& [name, f] :
         {std::pair("here", from::here),
          std::pair("other thread", from::another_thread),
          std::pair("strand", from::strand)})
    {
        auto const p = std::string("P18/") + name;
        RegisterBenchmark((p + "/asioctx").c_str(), cancel_context, f)
            ->Apply(measured_by_hand);
        RegisterBenchmark((p + "/own signal").c_str(), post_signal, f)
            ->Apply(measured_by_hand);
    }
}

} // namespace asioctx::bench
