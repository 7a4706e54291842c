//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// P1 and P2: what binding costs an operation that completes by post.

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>

#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/version.hpp>

#if BOOST_VERSION >= 108600
#include <boost/asio/cancel_after.hpp>
#endif

#include <chrono>
#include <cstddef>
#include <deque>
#include <utility>

#include "support.hpp"

namespace asioctx::bench {
namespace {

using namespace std::chrono_literals;
using executor = asio::io_context::executor_type;

// What an operation puts into the slot, if it does: as large as Asio's own.
struct canceler
{
    void* a;
    void* b;

    void operator()(asio::cancellation_type) const
    {
        benchmark::DoNotOptimize(a);
    }
};

// An operation that completes by post. One that can be canceled puts something
// into the slot, as all of Asio's do that can.
template <bool Cancelable>
struct initiate_step
{
    using executor_type = executor;

    executor_type get_executor() const noexcept
    {
        return ex;
    }

    template <class Handler>
    void operator()(Handler&& handler) const
    {
        if constexpr (Cancelable)
        {
            auto slot = asio::get_associated_cancellation_slot(handler);
            if (slot.is_connected())
                slot.assign(canceler{nullptr, nullptr});
        }
        asio::post(
            ex, asio::append(std::forward<Handler>(handler), error_code()));
    }

    executor ex;
};

template <bool Cancelable = false, class Token>
auto async_step(executor const& ex, Token&& token)
{
    return asio::async_initiate<Token, void(error_code)>(
        initiate_step<Cancelable>{ex}, token);
}

// A handler that starts the next operation.
template <class Start>
struct again
{
    void operator()(error_code const&) const
    {
        if (state->KeepRunning())
            (*start)(*this);
        else
            ioc->stop();
    }

    benchmark::State* state;
    asio::io_context* ioc;
    Start* start;
    std::size_t chain;
};

// The reactor is there and looks for events in each round of the queue, as in
// any program that does I/O. With one operation in flight that is a system
// call for each; with many, what is left is the operations' own cost.
constexpr std::size_t one = 1;
constexpr std::size_t many = 64;

// Runs a chain of operations, or many side by side. Each operation is started
// with start(handler).
template <class Start>
void run(
    benchmark::State& state,
    asio::io_context& ioc,
    std::size_t in_flight,
    Start start)
{
    asio::steady_timer const makes_the_reactor(ioc);
    for (std::size_t i = 0; i < in_flight; ++i)
        asio::post(
            ioc,
            [first = again<Start>{&state, &ioc, &start, i}]
            { first(error_code()); });
    ioc.run();
}

template <bool Cancelable>
void bare(benchmark::State& state, std::size_t in_flight)
{
    asio::io_context ioc(1);
    auto const ex = ioc.get_executor();
    run(state, ioc, in_flight, [ex](auto h) { async_step<Cancelable>(ex, h); });
}

template <bool Cancelable>
void bound(benchmark::State& state, std::size_t in_flight)
{
    asio::io_context ioc(1);
    auto const ex = ioc.get_executor();
    auto const [ctx, cancel] = with_cancel(background(ioc));
    run(state,
        ioc,
        in_flight,
        [ex, c = ctx](auto h)
        { async_step<Cancelable>(ex, bind_context(c, h)); });
}

void own_signal(benchmark::State& state)
{
    asio::io_context ioc(1);
    auto const ex = ioc.get_executor();
    std::deque<asio::cancellation_signal> signals(many);
    run(state,
        ioc,
        many,
        [ex, &signals](auto h)
        {
            async_step<true>(
                ex, asio::bind_cancellation_slot(signals[h.chain].slot(), h));
        });
}

void timeout_and_bound(benchmark::State& state, std::size_t in_flight)
{
    asio::io_context ioc(1);
    auto const ex = ioc.get_executor();
    auto const [parent, cancel] = with_cancel(background(ioc));
    run(state,
        ioc,
        in_flight,
        [ex, p = parent](auto h)
        {
            // The right to cancel lives as long as the operation.
            auto request = with_timeout(p, 30s);
            async_step(
                ex,
                bind_context(
                    std::move(request.ctx),
                    [h, c = std::move(request.cancel)](error_code const& ec)
                    { h(ec); }));
        });
}

#if BOOST_VERSION >= 108600
// With one operation in flight its timer is the earliest; with many it is not.
void cancel_after(benchmark::State& state, std::size_t in_flight)
{
    asio::io_context ioc(1);
    auto const ex = ioc.get_executor();
    run(state,
        ioc,
        in_flight,
        [ex](auto h) { async_step<true>(ex, asio::cancel_after(30s, h)); });
}
#endif

void coroutine(benchmark::State& state, bool with_timer)
{
    using namespace asio::experimental::awaitable_operators;

    asio::io_context ioc(1);
    asio::steady_timer const makes_the_reactor(ioc);
    auto const ex = ioc.get_executor();
    auto bare = [&]() -> asio::awaitable<void>
    {
        while (state.KeepRunning())
            co_await async_step<true>(ex, asio::use_awaitable);
    };
    auto or_timer = [&]() -> asio::awaitable<void>
    {
        asio::steady_timer timer(ioc);
        while (state.KeepRunning())
        {
            timer.expires_after(30s);
            co_await (
                async_step<true>(ex, asio::use_awaitable)
                || timer.async_wait(asio::use_awaitable));
        }
    };
    if (with_timer)
        asio::co_spawn(ioc, or_timer, asio::detached);
    else
        asio::co_spawn(ioc, bare, asio::detached);
    ioc.run();
}

} // namespace

void add_benchmarks()
{
    using benchmark::RegisterBenchmark;

    RegisterBenchmark("P1/plain, many/bare", bare<false>, many);
    RegisterBenchmark("P1/plain, many/asioctx", bound<false>, many);
    RegisterBenchmark("P1/many/bare", bare<true>, many);
    RegisterBenchmark("P1/many/asioctx", bound<true>, many);
    RegisterBenchmark("P1/many/own signal", own_signal);
    RegisterBenchmark("P1/one/bare", bare<true>, one);
    RegisterBenchmark("P1/one/asioctx", bound<true>, one);
    RegisterBenchmark("P1/coroutine/bare", coroutine, false);
    RegisterBenchmark("P1/coroutine/op || timer", coroutine, true);
    RegisterBenchmark("P2/many/asioctx", timeout_and_bound, many);
    RegisterBenchmark("P2/one/asioctx", timeout_and_bound, one);
#if BOOST_VERSION >= 108600
    RegisterBenchmark("P1/many/cancel_after", cancel_after, many);
    RegisterBenchmark("P1/one/cancel_after", cancel_after, one);
#endif
}

} // namespace asioctx::bench
