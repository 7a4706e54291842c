//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// A function that runs when a context is done, unless it is stopped before.

#include <asioctx.hpp>

#include <boost/asio.hpp>

#include <iostream>
#include <string>

namespace asio = boost::asio;
using namespace std::chrono_literals;

// A wait that the context does not end is the point of this.
// NOLINTBEGIN(asioctx-unbound-operation)
//[transfer
// Moves money. What was begun is undone if it does not end in time.
asio::awaitable<void> transfer(
    asioctx::context ctx, std::string name, asioctx::duration time)
{
    std::cout << name << ": begun\n";
    auto undo =
        asioctx::after_func(ctx, [name] { std::cout << name << ": undone\n"; });

    // Stands for work that cannot be canceled.
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(asio::use_awaitable);

    if (undo.stop())
        std::cout << name << ": done\n"; // and will not be undone
    else
        std::cout << name << ": too late\n";
}
//]
// NOLINTEND(asioctx-unbound-operation)

int main()
{
    asio::io_context ioc;
    auto [ctx, cancel] = asioctx::with_timeout(asioctx::background(ioc), 50ms);

    asio::co_spawn(ioc, transfer(ctx, "first", 0ms), asio::detached);
    asio::co_spawn(ioc, transfer(ctx, "second", 100ms), asio::detached);
    ioc.run();

    //[late
    // On a context that is done already, the function is posted at once.
    auto late =
        asioctx::after_func(ctx, [] { std::cout << "the context is done\n"; });
    std::cout << "posted, not called\n";
    ioc.restart();
    ioc.run();
    //]
}
