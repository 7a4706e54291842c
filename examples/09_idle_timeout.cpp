//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// A session may last as long as it likes, but not without a word for a minute.

#include <asioctx.hpp>

#include <asioctx/testing/manual_clock.hpp>

#include <boost/asio.hpp>

#include <iostream>
#include <string_view>

namespace asio = boost::asio;
using stream = asio::local::stream_protocol;
using namespace std::chrono_literals;

//[session
asio::awaitable<void> session(asioctx::context parent, stream::socket socket)
{
    auto [ctx, idle] = asioctx::with_idle_timeout(parent, 60s);
    for (char data[64];;)
    {
        auto [ec, n] = co_await socket.async_read_some(
            asio::buffer(data),
            asioctx::bind_context(ctx, asio::as_tuple(asio::use_awaitable)));
        if (ec)
        {
            std::cout << "session: " << ec.message() << '\n';
            co_return;
        }
        idle.touch(); // moves no timer
        std::cout << "session: " << std::string_view(data, n) << '\n';
    }
}
//]

int main()
{
    asio::io_context ioc;
    // Time passes when this program says so.
    asioctx::testing::manual_clock clock(ioc);

    stream::socket socket(ioc), peer(ioc);
    asio::local::connect_pair(socket, peer);
    asio::co_spawn(
        ioc,
        session(asioctx::background(ioc), std::move(socket)),
        asio::detached);
    ioc.poll();

    for (std::string_view const text : {"one", "two", "three"})
    {
        clock.advance(40s);
        asio::write(peer, asio::buffer(text));
        ioc.poll();
    }
    std::cout << "two minutes have passed\n";
    clock.advance(60s);
    ioc.run();
}
