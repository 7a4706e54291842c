//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// A query is done for a request, on a connection of a pool. It ends when the
// request does, or the pool, whichever is first.

#include <asioctx.hpp>

#include <boost/asio.hpp>

#include <iostream>
#include <string>

namespace asio = boost::asio;
using namespace std::chrono_literals;

inline constexpr asioctx::context_key<std::string> user{"user"};

//[query
asio::awaitable<void> query(asioctx::context request, asioctx::context pool)
{
    // The values are those of the first.
    auto const ctx = asioctx::merge(request, pool);

    // Stands for an operation that takes some time.
    asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
    auto [ec] = co_await timer.async_wait(
        asioctx::bind_context(ctx, asio::as_tuple(asio::use_awaitable)));
    std::cout << "query of " << *ctx.value(user) << ": " << ec.message()
              << ", cause: " << ctx.cause().message() << '\n';
}
//]

int main()
{
    asio::io_context ioc;
    auto const root = asioctx::background(ioc);
    auto [pool, close] = asioctx::with_cancel(root);
    auto [ann, end_ann] =
        asioctx::with_cancel(asioctx::with_value(root, user, "ann"));
    auto [bob, end_bob] =
        asioctx::with_cancel(asioctx::with_value(root, user, "bob"));

    asio::co_spawn(ioc, query(ann, pool), asio::detached);
    asio::co_spawn(ioc, query(bob, pool), asio::detached);
    asio::post(
        ioc, [&end = end_ann] { end.cancel(asio::error::connection_reset); });
    asio::post(ioc, [&c = close] { c.cancel(asio::error::shut_down); });
    ioc.run();

    std::cout << "the request of bob is " << (bob.done() ? "done" : "live")
              << '\n';
}
