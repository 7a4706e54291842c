//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// A generator that ends when the loop that it feeds is left.

#include <asioctx.hpp>

#include <boost/asio.hpp>
#include <boost/asio/experimental/channel.hpp>

#include <iostream>
#include <memory>

namespace asio = boost::asio;
using asioctx::bind_context;
using asioctx::error_code;

//[generator
using channel = asio::experimental::channel<void(error_code, int)>;

// Sends 1, 2, 3 and so on, as long as the context is live.
asio::awaitable<void> generate(
    asioctx::context ctx, std::shared_ptr<channel> out)
{
    for (int n = 1;; ++n)
    {
        auto [ec] = co_await out->async_send(
            {}, n, bind_context(ctx, asio::as_tuple(asio::use_awaitable)));
        if (ec)
        {
            std::cout << "generator: " << ec.message() << '\n';
            co_return;
        }
    }
}

asio::awaitable<void> count_to_five(asioctx::context parent)
{
    auto const ex = co_await asio::this_coro::executor;
    auto [ctx, cancel] = asioctx::with_cancel(parent);
    auto const numbers = std::make_shared<channel>(ex);
    asio::co_spawn(ex, generate(ctx, numbers), asio::detached);

    for (int n = 0; n != 5;)
    {
        n = co_await numbers->async_receive(bind_context(ctx));
        std::cout << n << '\n';
    }
} // cancel goes, and with it the context and the generator
//]

int main()
{
    asio::io_context ioc;
    asio::co_spawn(
        ioc, count_to_five(asioctx::background(ioc)), asio::detached);
    ioc.run();
}
