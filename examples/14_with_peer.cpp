//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// A server stops working for a client that does not wait for the answer.

#include <asioctx.hpp>

#include <boost/asio.hpp>

#include <iostream>
#include <string_view>

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using namespace std::chrono_literals;

// Takes an hour.
asio::awaitable<void> work(asioctx::context ctx)
{
    asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
    co_await timer.async_wait(asioctx::bind_context(ctx, asio::use_awaitable));
}

//[serve
asio::awaitable<void> serve(asioctx::context parent, tcp::socket socket)
{
    char data[64];
    auto const n = co_await socket.async_read_some(
        asio::buffer(data), asioctx::bind_context(parent, asio::use_awaitable));
    std::cout << "request: " << std::string_view(data, n) << '\n';

    // Reads nothing, and does not get in the way of what does.
    auto [ctx, cancel] = asioctx::with_peer(parent, socket);
    try
    {
        co_await work(ctx);
    }
    catch (boost::system::system_error const& e)
    {
        std::cout << "work: " << e.code().message() << '\n';
        std::cout << "because: " << ctx.cause().message() << '\n';
    }
}
//]

int main()
{
    asio::io_context ioc;
    tcp::socket socket(ioc), client(ioc);
    tcp::acceptor acceptor(ioc, {asio::ip::address_v4::loopback(), 0});
    client.connect(acceptor.local_endpoint());
    acceptor.accept(socket);
    asio::co_spawn(
        ioc,
        serve(asioctx::background(ioc), std::move(socket)),
        asio::detached);

    asio::write(client, asio::buffer(std::string_view("the answer, please")));
    ioc.poll();
    client.close();
    ioc.run();
}
