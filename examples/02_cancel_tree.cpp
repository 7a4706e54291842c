//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// A tree of contexts. Canceling one ends what is below it, and nothing else.
//
//     server -- session 1 -- query
//           \-- session 2

#include <asioctx.hpp>

#include <boost/asio.hpp>

#include <iostream>
#include <string>

namespace asio = boost::asio;
using namespace std::chrono_literals;

void show(asioctx::context const& ctx, std::string const& name)
{
    std::cout << name << ": ";
    if (ctx.done())
        std::cout << ctx.error().message()
                  << ", cause: " << ctx.cause().message() << '\n';
    else
        std::cout << "live\n";
}

// Stands for an operation that takes some time.
asio::awaitable<void> work(
    asioctx::context ctx, std::string name, asioctx::duration time)
{
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    auto [ec] = co_await timer.async_wait(
        asioctx::bind_context(ctx, asio::as_tuple(asio::use_awaitable)));
    std::cout << "work of " << name << (ec ? " was canceled\n" : " is done\n");
}

int main()
{
    asio::io_context ioc;
    auto [server, stop] = asioctx::with_cancel(asioctx::background(ioc));
    auto [session1, end1] = asioctx::with_cancel(server);
    auto [session2, end2] = asioctx::with_cancel(server);
    auto [query, end_query] = asioctx::with_timeout(session1, 30s);

    asio::co_spawn(ioc, work(session1, "session 1", 1h), asio::detached);
    asio::co_spawn(ioc, work(query, "query", 1h), asio::detached);
    asio::co_spawn(ioc, work(session2, "session 2", 20ms), asio::detached);
    asio::post(
        ioc, [&end = end1] { end.cancel(asio::error::connection_reset); });
    ioc.run();

    show(session1, "session 1");
    show(query, "query");
    show(session2, "session 2");
    show(server, "server");

    // The first cancellation on the way to the root counts.
    stop.cancel(asio::error::shut_down);
    show(query, "query");
    show(session2, "session 2");
}
