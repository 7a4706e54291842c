//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//
// P3 to P8, P11 and P15: deriving, canceling and looking.

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/value.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <deque>
#include <numeric>
#include <optional>
#include <random>
#include <stop_token>
#include <utility>
#include <vector>

#include "support.hpp"

namespace asioctx::bench {
namespace {

using namespace std::chrono_literals;
using benchmark::State;

template <class T>
std::vector<T> reserved(std::int64_t n)
{
    std::vector<T> v;
    v.reserve(static_cast<std::size_t>(n));
    return v;
}

// P3: derive, cancel and drop, beside n - 1 siblings.

void cancel_one(State& state)
{
    auto const n = up_to(state.range(0));
    asio::io_context ioc(1);
    auto const [parent, cancel] = with_cancel(background(ioc));
    auto siblings = reserved<cancelable>(n);
    while (static_cast<std::int64_t>(siblings.size()) < n - 1)
        siblings.push_back(with_cancel(parent));
    for (auto _ : state)
    {
        auto const [ctx, cancel_child] = with_cancel(parent);
        cancel_child();
    }
}

struct stop_other
{
    void operator()() const
    {
        other.request_stop();
    }

    std::stop_source other;
};

// A stop_source that is stopped with its parent.
struct stop_child
{
    explicit stop_child(std::stop_source const& parent)
        : stops(parent.get_token(), stop_other{source})
    {
    }

    std::stop_source source;
    std::stop_callback<stop_other> stops;
};

void stop_one(State& state)
{
    auto const n = up_to(state.range(0));
    std::stop_source parent;
    std::deque<stop_child> siblings;
    while (static_cast<std::int64_t>(siblings.size()) < n - 1)
        siblings.emplace_back(parent);
    for (auto _ : state)
    {
        stop_child child(parent);
        child.source.request_stop();
    }
}

// P4: the same with a deadline.

void timeout_one(State& state)
{
    auto const n = up_to(state.range(0));
    asio::io_context ioc(1);
    auto const [parent, cancel] = with_cancel(background(ioc));
    auto others = reserved<cancelable>(n);
    while (static_cast<std::int64_t>(others.size()) < n - 1)
        others.push_back(with_timeout(parent, 30s));
    for (auto _ : state)
    {
        auto const [ctx, cancel_child] = with_timeout(parent, 30s);
        cancel_child();
    }
}

void timer_one(State& state)
{
    auto const n = up_to(state.range(0));
    asio::io_context ioc(1);
    auto others = reserved<asio::steady_timer>(n);
    while (static_cast<std::int64_t>(others.size()) < n - 1)
        others.emplace_back(ioc, 30s).async_wait([](error_code const&) {});
    int canceled = 0;
    for (auto _ : state)
    {
        asio::steady_timer timer(ioc, 30s);
        timer.async_wait([](error_code const&) {});
        timer.cancel();
        // The handlers run now and then: each time costs a system call.
        if (++canceled % 64 == 0)
            ioc.poll();
    }
}

// Times from 1 ms to 10 min, as many in each decade.
std::vector<duration> spread_times()
{
    std::mt19937 random(1);
    std::uniform_real_distribution<double> power(0, std::log10(600'000));
    std::vector<duration> times(1024);
    for (auto& t : times)
        t = std::chrono::round<duration>(
            std::chrono::duration<double, std::milli>(
                std::pow(10, power(random))));
    return times;
}

// P4 with 1024 of them, the oldest of which is replaced.

void replace_timeouts(State& state)
{
    asio::io_context ioc(1);
    auto const [parent, cancel] = with_cancel(background(ioc));
    auto const times = spread_times();
    auto live = reserved<cancelable>(1024);
    for (auto const t : times)
        live.push_back(with_timeout(parent, t));
    std::size_t i = 0;
    for (auto _ : state)
    {
        live[i] = with_timeout(parent, times[i]);
        i = (i + 1) % times.size();
        if (i % 64 == 0)
            ioc.poll();
    }
}

void replace_timers(State& state)
{
    asio::io_context ioc(1);
    auto const times = spread_times();
    std::deque<asio::steady_timer> live;
    for (auto const t : times)
        live.emplace_back(ioc, t).async_wait([](error_code const&) {});
    std::size_t i = 0;
    for (auto _ : state)
    {
        live[i].expires_after(times[i]);
        live[i].async_wait([](error_code const&) {});
        i = (i + 1) % times.size();
        if (i % 64 == 0)
            ioc.poll();
    }
}

void clock_read(State& state)
{
    for (auto _ : state)
        benchmark::DoNotOptimize(clock_type::now());
}

// P5: many deadlines at a time.

enum class phase
{
    create,
    cancel_in_order,
    cancel_at_random,
    drop_at_random,
    bytes,
};

std::vector<std::size_t> shuffled(std::size_t n)
{
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::shuffle(order.begin(), order.end(), std::mt19937(1));
    return order;
}

// Makes, cancels and drops n objects, and measures one phase of it.
template <class Create, class Cancel>
void many(State& state, phase measured, Create create, Cancel cancel)
{
    auto const n = up_to(1'000'000);
    auto const order = shuffled(static_cast<std::size_t>(n));
    auto const measure = [&](phase p, auto f)
    {
        if (p == measured)
            time_per_item(state, n, f);
        else
            f();
    };
    auto const all_phases = [&](auto const& do_phase)
    {
        auto const before = measured == phase::bytes ? resident_bytes() : 0;
        auto all = reserved<decltype(create())>(n);
        do_phase(
            phase::create,
            [&]
            {
                for (std::int64_t i = 0; i < n; ++i)
                    all.push_back(create());
            });
        if (measured == phase::bytes)
            // As if it were nanoseconds.
            state.SetIterationTime(
                1e-9 * static_cast<double>(resident_bytes() - before)
                / static_cast<double>(n));
        else if (measured == phase::cancel_at_random)
            do_phase(
                phase::cancel_at_random,
                [&]
                {
                    for (auto const i : order)
                        cancel(all[i]);
                });
        else if (measured == phase::drop_at_random)
            do_phase(
                phase::drop_at_random,
                [&]
                {
                    for (auto const i : order)
                        auto const dropped = std::move(all[i]);
                });
        else
            do_phase(
                phase::cancel_in_order,
                [&]
                {
                    for (auto& c : all)
                        cancel(c);
                });
    };
    for (auto _ : state)
    {
        // Once before, so that the memory is there.
        if (measured != phase::bytes)
            all_phases([](phase, auto f) { f(); });
        all_phases(measure);
    }
}

void many_deadlines(State& state, phase measured)
{
    asio::io_context ioc(1);
    auto const [parent, cancel] = with_cancel(background(ioc));
    many(
        state,
        measured,
        [&p = parent] { return with_timeout(p, 30s); },
        [](cancelable& c) { c.cancel(); });
}

void many_timers(State& state, phase measured)
{
    asio::io_context ioc(1);
    many(
        state,
        measured,
        [&]
        {
            asio::steady_timer t(ioc, 30s);
            t.async_wait([](error_code const&) {});
            return t;
        },
        [](asio::steady_timer& t) { t.cancel(); });
}

// P6: one cancellation of many.

void cancel_children(State& state)
{
    auto const n = up_to(state.range(0));
    asio::io_context ioc(1);
    // Few children are canceled many times.
    auto const rounds = std::max<std::int64_t>(1, up_to(10'000) / n);
    for (auto _ : state)
    {
        std::vector<cancelable> roots;
        auto children = reserved<cancelable>(n * rounds);
        for (std::int64_t r = 0; r < rounds; ++r)
        {
            roots.push_back(with_cancel(background(ioc)));
            for (std::int64_t i = 0; i < n; ++i)
                children.push_back(with_cancel(roots.back().ctx));
        }
        time_per_item(
            state,
            n * rounds,
            [&]
            {
                for (auto const& r : roots)
                    r.cancel();
            });
    }
}

void stop_children(State& state)
{
    auto const n = up_to(state.range(0));
    auto const rounds = std::max<std::int64_t>(1, up_to(10'000) / n);
    for (auto _ : state)
    {
        std::vector<std::stop_source> roots;
        std::deque<stop_child> children;
        for (std::int64_t r = 0; r < rounds; ++r)
        {
            auto const& root = roots.emplace_back();
            for (std::int64_t i = 0; i < n; ++i)
                children.emplace_back(root);
        }
        time_per_item(
            state,
            n * rounds,
            [&]
            {
                for (auto& r : roots)
                    r.request_stop();
            });
        // Newest first: libstdc++ puts callbacks at the front.
        while (!children.empty())
            children.pop_back();
    }
}

enum class part
{
    ask,
    run,
};

// Asks, on the thread that runs them, n timers to stop, and runs what they
// complete with.
template <part Part, class Ask>
void stop_timers(State& state, asio::io_context& ioc, std::int64_t n, Ask ask)
{
    asio::post(
        ioc,
        [&]
        {
            if constexpr (Part == part::ask)
                time_per_item(state, n, ask);
            else
                ask();
        });
    ioc.run_one();
    if constexpr (Part == part::run)
        time_per_item(state, n, [&] { ioc.run(); });
    else
        ioc.run();
    ioc.restart();
}

template <part Part>
void cancel_operations(State& state)
{
    auto const n = up_to(100'000);
    for (auto _ : state)
    {
        asio::io_context ioc(1);
        auto const root = with_cancel(background(ioc));
        std::deque<asio::steady_timer> timers;
        for (std::int64_t i = 0; i < n; ++i)
            timers.emplace_back(ioc, 30s).async_wait(
                bind_context(root.ctx, [](error_code const&) {}));
        stop_timers<Part>(state, ioc, n, [&] { root.cancel(); });
    }
}

template <part Part>
void emit_signals(State& state)
{
    auto const n = up_to(100'000);
    for (auto _ : state)
    {
        asio::io_context ioc(1);
        std::deque<asio::cancellation_signal> signals;
        std::deque<asio::steady_timer> timers;
        for (std::int64_t i = 0; i < n; ++i)
            timers.emplace_back(ioc, 30s).async_wait(
                asio::bind_cancellation_slot(
                    signals.emplace_back().slot(), [](error_code const&) {}));
        stop_timers<Part>(
            state,
            ioc,
            n,
            [&]
            {
                for (auto& s : signals)
                    s.emit(asio::cancellation_type::terminal);
            });
    }
}

template <part Part>
void cancel_timers(State& state)
{
    auto const n = up_to(100'000);
    for (auto _ : state)
    {
        asio::io_context ioc(1);
        std::deque<asio::steady_timer> timers;
        for (std::int64_t i = 0; i < n; ++i)
            timers.emplace_back(ioc, 30s).async_wait([](error_code const&) {});
        stop_timers<Part>(
            state,
            ioc,
            n,
            [&]
            {
                for (auto& t : timers)
                    t.cancel();
            });
    }
}

// P7: look.

void done(State& state, bool canceled)
{
    auto const [ctx, cancel] = with_cancel(background());
    if (canceled)
        cancel();
    for (auto _ : state)
        benchmark::DoNotOptimize(ctx.done());
}

void stop_requested(State& state, bool stopped)
{
    std::stop_source source;
    auto const token = source.get_token();
    if (stopped)
        source.request_stop();
    for (auto _ : state)
        benchmark::DoNotOptimize(token.stop_requested());
}

// P8: look up a value.

void value_of_ten(State& state, bool miss)
{
    // NOLINTBEGIN(asioctx-key, asioctx-fat-context): they outlive the context,
    // and that is to be fat.
    std::deque<context_key<std::int64_t>> keys;
    for (int i = 0; i < 10; ++i)
        keys.emplace_back("key");
    context_key<std::int64_t> const other("other");
    context ctx = background();
    for (auto const& k : keys)
        ctx = with_value(ctx, k, 1);
    // NOLINTEND(asioctx-key, asioctx-fat-context)
    auto const& key = miss ? other : keys.front();
    for (auto _ : state)
        benchmark::DoNotOptimize(ctx.value(key));
}

void value_below_nodes(State& state)
{
    static constexpr context_key<std::int64_t> key("key");
    std::vector<cancelable> nodes;
    nodes.push_back(with_cancel(with_value(background(), key, 1)));
    while (nodes.size() < 100)
        nodes.push_back(with_cancel(nodes.back().ctx));
    auto const ctx = nodes.back().ctx;
    for (auto _ : state)
        benchmark::DoNotOptimize(ctx.value(key));
}

// P11: threads that derive under one parent.

void threads(State& state)
{
    static cancelable const shared = with_cancel(background());
    for (auto _ : state)
    {
        auto const [ctx, cancel] = with_cancel(shared.ctx);
        cancel();
    }
    state.SetItemsProcessed(state.iterations());
}

// The same under a root, which has lists for each of them.
void threads_below_root(State& state)
{
    static asio::io_context ioc;
    static context const root = background(ioc);
    for (auto _ : state)
    {
        auto const [ctx, cancel] = with_cancel(root);
        cancel();
    }
    state.SetItemsProcessed(state.iterations());
}

// With a deadline, whose set the threads share unless each has a root of its
// own.
void threads_with_deadlines(State& state, bool own_roots)
{
    static asio::io_context shared;
    asio::io_context own;
    auto const root = background(own_roots ? own : shared);
    for (auto _ : state)
    {
        auto const [ctx, cancel] = with_timeout(root, 30s);
        cancel();
    }
    state.SetItemsProcessed(state.iterations());
}

// Threads each of which has a thousand contexts with deadlines, and replaces
// the oldest.

enum class shared
{
    parent,
    root,
    nothing,
};

void threads_with_population(State& state, shared what)
{
    static asio::io_context ioc;
    static cancelable const parent = with_cancel(background(ioc));
    asio::io_context own;
    auto const above = what == shared::parent
        ? parent.ctx
        : background(what == shared::root ? ioc : own);
    std::vector<cancelable> live;
    for (std::int64_t n = up_to(1000); n != 0; --n)
        live.push_back(with_timeout(above, 30s));
    std::size_t oldest = 0;
    for (auto _ : state)
    {
        live[oldest] = with_timeout(above, 30s);
        oldest = (oldest + 1) % live.size();
    }
    state.SetItemsProcessed(state.iterations());
}

// P15: touch.

void touch(State& state)
{
    asio::io_context ioc(1);
    auto const [ctx, idle] = with_idle_timeout(background(ioc), 30s);
    for (auto _ : state)
        idle.touch();
}

void rearm(State& state)
{
    asio::io_context ioc(1);
    asio::steady_timer timer(ioc);
    int moved = 0;
    for (auto _ : state)
    {
        timer.expires_after(30s);
        timer.async_wait([](error_code const&) {});
        if (++moved % 64 == 0)
            ioc.poll();
    }
}

} // namespace

void add_benchmarks()
{
    using benchmark::RegisterBenchmark;

    for (std::int64_t n = 1; n <= 1'000'000; n *= 10)
    {
        RegisterBenchmark("P3/asioctx", cancel_one)->Arg(n);
        RegisterBenchmark("P4/asioctx", timeout_one)->Arg(n);
        RegisterBenchmark("P4/steady_timer", timer_one)->Arg(n);
        RegisterBenchmark("P6/children/asioctx", cancel_children)
            ->Apply(measured_by_hand)
            ->Arg(n);
    }
    // libstdc++ searches a list for the callback to remove.
    RegisterBenchmark("P3/std::stop_source", stop_one)->Arg(1);
    RegisterBenchmark("P6/children/std::stop_source", stop_children)
        ->Apply(measured_by_hand)
        ->Arg(100'000);
    RegisterBenchmark("P4/spread/asioctx", replace_timeouts);
    RegisterBenchmark("P4/spread/steady_timer", replace_timers);
    RegisterBenchmark("clock", clock_read);

    auto const by_hand = [](char const* name, auto... f)
    {
        RegisterBenchmark(name, f...)->Apply(measured_by_hand);
    };
    by_hand("P5/create/asioctx", many_deadlines, phase::create);
    by_hand("P5/create/steady_timer", many_timers, phase::create);
    by_hand(
        "P5/cancel in order/asioctx", many_deadlines, phase::cancel_in_order);
    by_hand(
        "P5/cancel in order/steady_timer", many_timers, phase::cancel_in_order);
    by_hand(
        "P5/cancel at random/asioctx", many_deadlines, phase::cancel_at_random);
    by_hand(
        "P5/cancel at random/steady_timer",
        many_timers,
        phase::cancel_at_random);
    by_hand("P5/drop at random/asioctx", many_deadlines, phase::drop_at_random);
    by_hand(
        "P5/drop at random/steady_timer", many_timers, phase::drop_at_random);
    by_hand("P5/bytes/asioctx", many_deadlines, phase::bytes);
    by_hand("P5/bytes/steady_timer", many_timers, phase::bytes);
    by_hand("P6/ask/asioctx", cancel_operations<part::ask>);
    by_hand("P6/ask/own signals", emit_signals<part::ask>);
    by_hand("P6/ask/steady_timer", cancel_timers<part::ask>);
    by_hand("P6/run/asioctx", cancel_operations<part::run>);
    by_hand("P6/run/own signals", emit_signals<part::run>);
    by_hand("P6/run/steady_timer", cancel_timers<part::run>);

    RegisterBenchmark("P7/live/asioctx", done, false);
    RegisterBenchmark("P7/live/std::stop_token", stop_requested, false);
    RegisterBenchmark("P7/done/asioctx", done, true);
    RegisterBenchmark("P7/done/std::stop_token", stop_requested, true);
    RegisterBenchmark("P8/10 deep/asioctx", value_of_ten, false);
    RegisterBenchmark("P8/below 100 nodes/asioctx", value_below_nodes);
    RegisterBenchmark("P8/miss/asioctx", value_of_ten, true);
    RegisterBenchmark("P11/asioctx", threads)
        ->Threads(1)
        ->Threads(2)
        ->UseRealTime();
    RegisterBenchmark("P11/from a root/asioctx", threads_below_root)
        ->Threads(1)
        ->Threads(2)
        ->UseRealTime();
    for (bool const own_roots : {false, true})
        RegisterBenchmark(
            own_roots ? "P11/deadlines, own roots/asioctx"
                      : "P11/deadlines, one root/asioctx",
            threads_with_deadlines,
            own_roots)
            ->Threads(1)
            ->Threads(2)
            ->Threads(8)
            ->UseRealTime();
    auto const population = [](char const* name, shared what)
    {
        RegisterBenchmark(name, threads_with_population, what)
            ->ThreadRange(1, 16)
            ->UseRealTime();
    };
    population("P11/live, one parent/asioctx", shared::parent);
    population("P11/live, one root/asioctx", shared::root);
    population("P11/live, own roots/asioctx", shared::nothing);
    RegisterBenchmark("P15/asioctx", touch);
    RegisterBenchmark("P15/steady_timer", rearm);
}

} // namespace asioctx::bench
