//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// An operation that cannot be canceled: a look-up of a name. When its time is
// up, the coroutine goes on and the look-up is left to itself.

#include <asioctx.hpp>

#include <boost/asio.hpp>

#include <chrono>
#include <iostream>
#include <string>

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

//[resolve
asio::awaitable<void> resolve(
    asioctx::context parent, std::string host, asioctx::duration timeout)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, timeout);

    // A resolver may be destroyed before its look-up has ended.
    tcp::resolver resolver(co_await asio::this_coro::executor);
    auto [ec, found] = co_await resolver.async_resolve(
        host,
        "80",
        asioctx::detach_on_cancel(ctx, asio::as_tuple(asio::use_awaitable)));
    if (ec)
        std::cout << host << ": " << ec.message() << '\n';
    else
        std::cout << host << ": " << found.begin()->endpoint() << '\n';
}
//]

int main()
{
    asio::io_context ioc;

    auto look_up = [](asioctx::context ctx) -> asio::awaitable<void>
    {
        co_await resolve(ctx, "127.0.0.1", 10s);
        co_await resolve(ctx, "localhost", 0s);
    };
    asio::co_spawn(ioc, look_up(asioctx::background(ioc)), asio::detached);
    ioc.run();
}
