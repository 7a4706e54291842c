//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//
// P9, P10 and P12: what a server does.

#include <asioctx/after_func.hpp>
#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/version.hpp>

#if BOOST_VERSION >= 108600
#include <boost/asio/cancel_after.hpp>
#endif

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "support.hpp"

namespace {

std::int64_t timer_calls = 0;

} // namespace

// In the place of the C library's: Asio's only timer system call.
extern "C" int timerfd_settime(
    int fd,
    int flags,
    struct itimerspec const* value,
    struct itimerspec* old) noexcept
{
    ++timer_calls;
    return static_cast<int>(
        ::syscall(SYS_timerfd_settime, fd, flags, value, old));
}

namespace asioctx::bench {
namespace {

using namespace std::chrono_literals;
using asio::awaitable;
using asio::use_awaitable;
using asio::ip::tcp;
using benchmark::State;

// Two ends of a connection, and what is sent.
struct connection
{
    connection()
    {
        tcp::acceptor acceptor(ioc, {asio::ip::address_v4::loopback(), 0});
        here.connect(acceptor.local_endpoint());
        acceptor.accept(there);
        here.set_option(tcp::no_delay(true));
        there.set_option(tcp::no_delay(true));
    }

    asio::mutable_buffer buffer()
    {
        return asio::buffer(data);
    }

    asio::io_context ioc{1};
    tcp::socket here{ioc};
    tcp::socket there{ioc};
    std::array<char, 64> data{};
};

// What the operations of a connection run under.
enum class under
{
    nothing,
    context_of_coroutine,
    context_of_connection,
    timeout_of_round,
    cancel_after,
};

// Sends and receives for as long as the benchmark runs.
template <under Under>
awaitable<void> talk(context parent, State& state, connection& c)
{
    while (state.KeepRunning())
    {
        if constexpr (Under == under::context_of_connection)
        {
            co_await c.here.async_write_some(
                c.buffer(), bind_context(parent, use_awaitable));
            co_await c.there.async_read_some(
                c.buffer(), bind_context(parent, use_awaitable));
        }
        else if constexpr (Under == under::timeout_of_round)
        {
            auto const [ctx, cancel] = with_timeout(parent, 30s);
            co_await c.here.async_write_some(
                c.buffer(), bind_context(ctx, use_awaitable));
            co_await c.there.async_read_some(
                c.buffer(), bind_context(ctx, use_awaitable));
        }
#if BOOST_VERSION >= 108600
        else if constexpr (Under == under::cancel_after)
        {
            co_await c.here.async_write_some(
                c.buffer(), asio::cancel_after(30s, use_awaitable));
            co_await c.there.async_read_some(
                c.buffer(), asio::cancel_after(30s, use_awaitable));
        }
#endif
        else
        {
            // What the others are compared with.
            // NOLINTBEGIN(asioctx-unbound-operation)
            co_await c.here.async_write_some(c.buffer(), use_awaitable);
            co_await c.there.async_read_some(c.buffer(), use_awaitable);
            // NOLINTEND(asioctx-unbound-operation)
        }
    }
}

// P9 and P12.
template <under Under>
void rounds(State& state)
{
    connection c;
    auto const root = with_cancel(background(c.ioc));
    if constexpr (Under == under::context_of_coroutine)
        asio::co_spawn(
            c.ioc,
            talk<Under>(root.ctx, state, c),
            bind_context(root.ctx, asio::detached));
    else
        asio::co_spawn(c.ioc, talk<Under>(root.ctx, state, c), asio::detached);
    auto const before = timer_calls;
    c.ioc.run();
    state.counters["timer calls"] = static_cast<double>(timer_calls - before)
        / static_cast<double>(state.iterations());
}

// P9: how long run() goes on after the last deadline is gone.
void end_of_run(State& state)
{
    auto worst = 0ns;
    for (auto _ : state)
    {
        asio::io_context ioc(1);
        auto const root = with_cancel(background(ioc));
        std::chrono::steady_clock::time_point gone;
        auto requests = [&]() -> awaitable<void>
        {
            asio::steady_timer timer(ioc);
            for (int i = 0; i < 10; ++i)
            {
                auto const [ctx, cancel] = with_timeout(root.ctx, 30s);
                timer.expires_after(1ms);
                co_await timer.async_wait(bind_context(ctx, use_awaitable));
            }
            gone = std::chrono::steady_clock::now();
        };
        asio::co_spawn(ioc, requests, asio::detached);
        ioc.run();
        auto const late = std::chrono::steady_clock::now() - gone;
        worst = std::max<std::chrono::nanoseconds>(worst, late);
        state.SetIterationTime(std::chrono::duration<double>(late).count());
    }
    state.counters["worst ms"] =
        std::chrono::duration<double, std::milli>(worst).count();
}

// P10: many deadlines spread over a second.

struct lateness
{
    using time_point = std::chrono::steady_clock::time_point;

    explicit lateness(State& s) : state(s), cpu(processor_time())
    {
        late.reserve(static_cast<std::size_t>(n));
    }

    time_point due(std::int64_t i) const
    {
        return start + i * (up_to(1000) * 1ms) / n;
    }

    void passed(std::int64_t i)
    {
        late.push_back(std::chrono::steady_clock::now() - due(i));
    }

    void report()
    {
        auto const ms = 1000 * (processor_time() - cpu).count();
        std::sort(late.begin(), late.end());
        auto const at = [&](double q)
        {
            auto const i = q * static_cast<double>(late.size() - 1);
            return std::chrono::duration<double, std::micro>(
                       late[static_cast<std::size_t>(i)])
                .count();
        };
        state.SetIterationTime(ms / 1000);
        state.counters["CPU ms"] = ms;
        state.counters["early"] = static_cast<double>(std::count_if(
            late.begin(), late.end(), [](auto d) { return d.count() < 0; }));
        state.counters["missing"] =
            static_cast<double>(n) - static_cast<double>(late.size());
        state.counters["median us"] = at(.5);
        state.counters["p99 us"] = at(.99);
    }

    State& state;
    std::int64_t const n = up_to(100'000);
    std::chrono::duration<double> const cpu;
    time_point const start = std::chrono::steady_clock::now() + 300ms;
    std::vector<std::chrono::nanoseconds> late;
};

void deadlines(State& state)
{
    for (auto _ : state)
    {
        asio::io_context ioc(1);
        auto const root = with_cancel(background(ioc));
        std::vector<std::pair<cancelable, after_func_registration>> all;
        lateness l(state);
        // Neither a deadline nor a callback is work.
        auto work = asio::make_work_guard(ioc);
        auto const passed = [&](std::int64_t i)
        {
            l.passed(i);
            if (std::ssize(l.late) == l.n)
                work.reset();
        };
        all.reserve(static_cast<std::size_t>(l.n));
        for (std::int64_t i = 0; i < l.n; ++i)
        {
            auto c = with_deadline(root.ctx, l.due(i));
            auto f = after_func(c.ctx, [&passed, i] { passed(i); });
            all.emplace_back(std::move(c), std::move(f));
        }
        ioc.run();
        l.report();
    }
}

void timers(State& state)
{
    for (auto _ : state)
    {
        asio::io_context ioc(1);
        std::vector<asio::steady_timer> all;
        lateness l(state);
        all.reserve(static_cast<std::size_t>(l.n));
        for (std::int64_t i = 0; i < l.n; ++i)
            all.emplace_back(ioc, l.due(i))
                .async_wait([&l, i](error_code const&) { l.passed(i); });
        ioc.run();
        l.report();
    }
}

} // namespace

void add_benchmarks()
{
    using benchmark::RegisterBenchmark;

    RegisterBenchmark("P9/end of run/asioctx", end_of_run)
        ->Apply(measured_by_hand);
    RegisterBenchmark("P10/asioctx", deadlines)->Apply(measured_by_hand);
    RegisterBenchmark("P10/steady_timer", timers)->Apply(measured_by_hand);
    RegisterBenchmark("P12/bare", rounds<under::nothing>);
    RegisterBenchmark(
        "P12/coroutine/asioctx", rounds<under::context_of_coroutine>);
    RegisterBenchmark(
        "P12/connection/asioctx", rounds<under::context_of_connection>);
    RegisterBenchmark("P12/round/asioctx", rounds<under::timeout_of_round>);
#if BOOST_VERSION >= 108600
    RegisterBenchmark("P12/cancel_after", rounds<under::cancel_after>);
#endif
}

} // namespace asioctx::bench
