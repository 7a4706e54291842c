//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// What the correct delivery of requests costs an operation, by the executor and
// the number of its steps. doc/design/delivery.md tells what to make of it.

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include <string>
#include <utility>

#include "support.hpp"

namespace asio = boost::asio;

namespace asioctx::bench {
namespace {

// Goes around the executor's queue for a number of times.
template <class Executor>
struct hops
{
    Executor ex;
    int left;

    template <class Self>
    void operator()(Self& self)
    {
        if (left-- > 0)
            asio::post(ex, std::move(self));
        else
            self.complete(error_code());
    }
};

template <class Executor, class Token>
auto async_hops(Executor const& ex, int n, Token&& token)
{
    return asio::async_compose<Token, void(error_code)>(
        hops<Executor>{ex, n}, token, ex);
}

// A handler that starts the next operation with start(handler).
template <class Start>
struct again
{
    void operator()(error_code const&) const
    {
        if (*running && (*running = state->KeepRunning()))
            (*start)(*this);
    }

    benchmark::State* state;
    bool* running;
    Start* start;
};

// Many side by side: one alone would go to the reactor after each step.
template <class Start>
void run(benchmark::State& state, asio::io_context& ioc, Start start)
{
    bool running = true;
    for (int i = 0; i < 64; ++i)
        asio::post(ioc,
            [first = again<Start>{&state, &running, &start}]
            { first(error_code()); });
    ioc.run();
}

// Makes an executor of an io_context's.
auto const plain = [](auto ex) { return ex; };
auto const strand = [](auto ex) { return asio::make_strand(ex); };
auto const any = [](auto ex) { return asio::any_io_executor(ex); };
auto const any_strand = [](auto ex)
{ return asio::any_io_executor(asio::make_strand(ex)); };

template <class MakeExecutor>
void bare(benchmark::State& state, MakeExecutor make, int steps)
{
    asio::io_context ioc(1);
    auto const ex = make(ioc.get_executor());
    run(state, ioc, [=](auto h) { async_hops(ex, steps, h); });
}

template <class MakeExecutor>
void bound(benchmark::State& state, MakeExecutor make, int steps)
{
    asio::io_context ioc(1);
    auto const ex = make(ioc.get_executor());
    auto const [ctx, cancel] = with_cancel(background(ioc));
    run(state, ioc,
        [=, c = ctx](auto h) { async_hops(ex, steps, bind_context(c, h)); });
}

// What a user would have to do otherwise: a strand for each operation.
void bound_on_own_strand(benchmark::State& state, int steps)
{
    asio::io_context ioc(1);
    auto const [ctx, cancel] = with_cancel(background(ioc));
    run(state, ioc,
        [&ioc, steps, c = ctx](auto h)
        {
            auto const ex = asio::make_strand(ioc);
            async_hops(
                ex, steps, bind_context(c, asio::bind_executor(ex, h)));
        });
}

} // namespace

void add_benchmarks()
{
    using benchmark::RegisterBenchmark;

    for (int const steps : {1, 8})
    {
        auto const name = [steps](std::string what)
        { return std::to_string(steps) + " steps/" + what; };
        auto const add = [&](std::string const& what, auto make)
        {
            RegisterBenchmark(name(what + "/bare").c_str(),
                [=](auto& state) { bare(state, make, steps); });
            RegisterBenchmark(name(what + "/bound").c_str(),
                [=](auto& state) { bound(state, make, steps); });
        };
        add("io_context", plain);
        add("any_io_executor", any);
        add("one strand", strand);
        add("one strand, any_io_executor", any_strand);
        RegisterBenchmark(name("a strand each/bound").c_str(),
            bound_on_own_strand, steps);
    }
}

} // namespace asioctx::bench
