//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include "handlers.hpp"

#include <asioctx/bind_context.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <charconv>
#include <chrono>
#include <optional>

namespace example {
namespace {

using std::chrono::milliseconds;

asio::awaitable<void> pause(asioctx::context ctx, milliseconds time)
{
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(asioctx::bind_context(ctx, asio::use_awaitable));
}

asio::awaitable<reply> sleep(asioctx::context ctx, milliseconds time)
{
    co_await pause(ctx, time);
    co_return reply{
        http::status::ok, "slept " + std::to_string(time.count()) + "ms"};
}

// Asks three others at once and waits for all of them. The context is the one
// thing that it hands on, and is enough to stop all three.
asio::awaitable<reply> fanout(asioctx::context ctx, milliseconds time)
{
    using namespace asio::experimental::awaitable_operators;
    co_await (pause(ctx, time) && pause(ctx, 2 * time) && pause(ctx, 3 * time));
    co_return reply{http::status::ok, "all three have answered"};
}

// The time that follows a prefix; empty if the target is something else.
std::optional<milliseconds> time_after(
    std::string_view prefix, std::string_view target)
{
    if (!target.starts_with(prefix))
        return std::nullopt;
    target.remove_prefix(prefix.size());
    int value = 0;
    auto const last = target.data() + target.size();
    auto const [end, ec] = std::from_chars(target.data(), last, value);
    if (ec != std::errc() || end != last || value < 0)
        return std::nullopt;
    return milliseconds(value);
}

} // namespace

asio::awaitable<reply> handle(asioctx::context ctx, std::string_view target)
{
    if (target == "/hello")
        co_return reply{http::status::ok, "hello"};
    if (auto const time = time_after("/sleep/", target))
        co_return co_await sleep(ctx, *time);
    if (auto const time = time_after("/fanout/", target))
        co_return co_await fanout(ctx, *time);
    co_return reply{
        http::status::not_found,
        "There are /hello, /requests, /sleep/<ms> and /fanout/<ms>."};
}

} // namespace example
