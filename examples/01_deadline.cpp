//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// A read with a deadline: first nothing comes, then something.

//[readme
#include <asioctx.hpp>

#include <boost/asio.hpp>

#include <iostream>
#include <string_view>

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

//[receive
// Gives up after the timeout, or when the parent is done.
asio::awaitable<void> receive(
    asioctx::context parent, tcp::socket& socket, asioctx::duration timeout)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, timeout);

    char data[64];
    auto [ec, n] = co_await socket.async_read_some(
        asio::buffer(data),
        asioctx::bind_context(ctx, asio::as_tuple(asio::use_awaitable)));
    if (ec)
        std::cout << ec.message() << '\n';
    else
        std::cout << "received " << std::string_view(data, n) << '\n';
}
//]

//[main
int main()
{
    asio::io_context ioc;
    tcp::acceptor acceptor(ioc, {asio::ip::address_v4::loopback(), 0});
    tcp::socket socket(ioc), peer(ioc);
    socket.connect(acceptor.local_endpoint());
    acceptor.accept(peer);

    auto talk = [&](asioctx::context ctx) -> asio::awaitable<void>
    {
        co_await receive(ctx, socket, 50ms);
        asio::write(peer, asio::buffer("hello", 5));
        co_await receive(ctx, socket, 10s);
    };
    asio::co_spawn(ioc, talk(asioctx::background(ioc)), asio::detached);
    ioc.run();
}
//]
//]
