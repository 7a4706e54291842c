//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Values travel with a context, and outlast its cancellation.

#include <asioctx.hpp>

#include <boost/asio.hpp>

#include <iostream>
#include <string>

namespace asio = boost::asio;
using namespace std::chrono_literals;

//[keys
inline constexpr asioctx::context_key<std::string> user{"user"};
inline constexpr asioctx::context_key<int> request{"request"};

void log(asioctx::context const& ctx, std::string const& text)
{
    auto const* const who = ctx.value(user);
    auto const* const id = ctx.value(request);
    std::cout << (who ? *who : "nobody") << ", " << (id ? *id : 0) << ": "
              << text << '\n';
}
//]

// Runs on after the request has ended, and knows what the request was.
asio::awaitable<void> write_audit(asioctx::context ctx)
{
    asio::steady_timer timer(co_await asio::this_coro::executor, 40ms);
    auto [ec] = co_await timer.async_wait(
        asioctx::bind_context(ctx, asio::as_tuple(asio::use_awaitable)));
    log(ctx, ec ? "audit: " + ec.message() : "audit written");
}

asio::awaitable<void> handle(asioctx::context ctx)
{
    auto const ex = co_await asio::this_coro::executor;
    log(ctx, "started");
    asio::co_spawn(
        ex, write_audit(asioctx::without_cancel(ctx)), asio::detached);

    asio::steady_timer timer(ex, 1h);
    auto [ec] = co_await timer.async_wait(
        asioctx::bind_context(ctx, asio::as_tuple(asio::use_awaitable)));
    log(ctx, ec.message());
}

int main()
{
    asio::io_context ioc;

    //[derive
    auto const session =
        asioctx::with_value(asioctx::background(ioc), user, "ann");
    auto [limited, cancel] = asioctx::with_timeout(session, 20ms);
    auto const ctx = asioctx::with_value(limited, request, 7);
    //]

    log(asioctx::background(ioc), "no values");
    log(session, "a session");
    std::cout << asioctx::to_string(session) << '\n';

    asio::co_spawn(ioc, handle(ctx), asio::detached);
    ioc.run();
}
