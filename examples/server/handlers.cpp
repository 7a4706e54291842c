//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include "handlers.hpp"

#include <asioctx/bind_context.hpp>
#include <asioctx/with_task_group.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "backend.hpp"

namespace example {
namespace {

using std::chrono::milliseconds;

// Awaits something, and notes what it was if the context ends it.
template <class T>
asio::awaitable<T> noted(
    asioctx::context ctx, std::string name, asio::awaitable<T> work)
{
    try
    {
        co_return co_await std::move(work);
    }
    catch (...)
    {
        if (auto const* t = ctx.value(trace_key); t && ctx.done())
        {
            auto& list = (*t)->waited_for;
            list += (list.empty() ? "" : ", ") + name;
        }
        throw;
    }
}

asio::awaitable<void> pause(asioctx::context ctx, milliseconds time)
{
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(asioctx::bind_context(ctx, asio::use_awaitable));
}

// Stands for an operation of a library that knows nothing of cancellation: it
// takes its time.
struct ask_old_library
{
    template <class Handler>
    void operator()(
        Handler handler, asio::any_io_executor ex, milliseconds time) const
    {
        auto timer = std::make_unique<asio::steady_timer>(ex, time);
        auto& t = *timer;
        t.async_wait([handler = std::move(handler),
                      timer = std::move(timer)](asioctx::error_code ec) mutable
                     { std::move(handler)(ec); });
    }
};

template <class Token>
auto async_ask_old_library(
    asio::any_io_executor ex, milliseconds time, Token&& token)
{
    return asio::async_initiate<Token, void(asioctx::error_code)>(
        ask_old_library(), token, ex, time);
}

asio::awaitable<reply> ask_old_library_of(
    asioctx::context ctx, milliseconds time)
{
    co_await noted(
        ctx,
        "an old library",
        async_ask_old_library(
            co_await asio::this_coro::executor,
            time,
            asioctx::bind_context(ctx, asio::use_awaitable)));
    co_return reply{http::status::ok, "it has answered"};
}

std::string text_of(milliseconds time)
{
    return std::to_string(time.count());
}

asio::awaitable<reply> sleep(asioctx::context ctx, milliseconds time)
{
    co_await noted(ctx, "sleep", pause(ctx, time));
    co_return reply{http::status::ok, "slept " + text_of(time) + "ms"};
}

asio::awaitable<reply> work(
    asioctx::context ctx, milliseconds time, backend& slow)
{
    co_await noted(ctx, "the backend", slow.ask(ctx, time));
    co_return reply{http::status::ok, "worked " + text_of(time) + "ms"};
}

// Redis waits for an element of a list to which nobody adds one.
std::vector<std::string> redis_command(milliseconds time)
{
    if (time == milliseconds(0))
        return {"INCR", "asioctx:fan-outs"};
    auto const seconds = std::chrono::duration<double>(time).count();
    return {"BLPOP", "asioctx:nobody", std::to_string(seconds)};
}

// Asks one upstream. A failure tells whose it is.
template <class T>
asio::awaitable<void> ask(
    asioctx::context ctx, std::string name, asio::awaitable<T> call, T& answer)
{
    try
    {
        answer = co_await noted(ctx, name, std::move(call));
    }
    catch (upstream_error const& e)
    {
        throw upstream_error(name + ": " + e.what(), e.status);
    }
}

//[fan_out
// Asks all upstreams at once. The first failure cancels the other calls. All
// have ended when this does, also if it is canceled.
asio::awaitable<reply> fan_out(
    asioctx::context parent,
    std::vector<milliseconds> times,
    upstreams const& others)
{
    std::vector<std::string> answers(others.servers.size() + 1);
    times.resize(answers.size());
    auto const ask_all = [&](asioctx::task_group& group)
    {
        auto const ctx = group.ctx();
        for (std::size_t i = 0; i != others.servers.size(); ++i)
            group.spawn(
                ask(ctx,
                    "upstream " + std::to_string(i + 1),
                    http_get(
                        ctx,
                        others.servers[i],
                        "/sleep/" + text_of(times[i]),
                        others.reserve),
                    answers[i]));
        for (auto const& server : others.redis)
            group.spawn(
                ask(ctx,
                    "redis",
                    redis(ctx, server, redis_command(times.back())),
                    answers.back()));
    };
    co_await asioctx::with_task_group(parent, ask_all);

    reply all;
    for (auto const& answer : answers)
        all.text += (all.text.empty() ? "" : ", ") + answer;
    co_return all;
}
//]

// The numbers that follow a prefix, such as 1/2/3; empty if the target is
// something else.
std::vector<milliseconds> times_after(
    std::string_view prefix, std::string_view target)
{
    std::vector<milliseconds> times;
    if (!target.starts_with(prefix))
        return times;
    target.remove_prefix(prefix.size());
    auto const last = target.data() + target.size();
    for (auto first = target.data(); times.size() != 3; ++first)
    {
        int value = 0;
        auto const [end, ec] = std::from_chars(first, last, value);
        if (ec != std::errc() || value < 0)
            break;
        times.emplace_back(value);
        if (end == last)
            return times;
        if (*end != '/')
            break;
        first = end;
    }
    return {};
}

} // namespace

asio::awaitable<reply> handle(
    asioctx::context ctx, std::string_view target, upstreams const& others)
{
    if (target == "/hello")
        co_return reply{http::status::ok, "hello"};
    if (auto const times = times_after("/sleep/", target); times.size() == 1)
        co_return co_await sleep(ctx, times.front());
    if (auto const times = times_after("/work/", target);
        times.size() == 1 && others.slow)
        co_return co_await work(ctx, times.front(), *others.slow);
    if (auto const times = times_after("/old/", target); times.size() == 1)
        co_return co_await ask_old_library_of(ctx, times.front());
    if (auto times = times_after("/fan-out/", target); times.size() == 3)
        co_return co_await fan_out(ctx, std::move(times), others);
    co_return reply{
        http::status::not_found,
        "There are /hello, /requests, /limiter, /sleep/<ms>, /work/<ms>, "
        "/old/<ms> and /fan-out/<ms>/<ms>/<ms>."};
}

} // namespace example
