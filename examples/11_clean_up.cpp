//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// What is done says good-bye: the end of a protocol after the cancellation.

#include <asioctx.hpp>

#include <boost/asio.hpp>

#include <iostream>
#include <string>

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

//[good_bye
// Says QUIT and waits for the answer, though the context is done: that has a
// time of its own. What is bound to ctx itself would not even be started.
asio::awaitable<std::string> say_good_bye(
    asioctx::context ctx, tcp::socket& socket, asioctx::duration time)
{
    auto [grace, cancel] = asioctx::with_grace(ctx, time);
    auto const bound = asioctx::bind_context(grace);
    std::string answer;
    co_await asio::async_write(socket, asio::buffer("QUIT\n", 5), bound);
    co_await asio::async_read_until(
        socket, asio::dynamic_buffer(answer), '\n', bound);
    co_return answer;
}

asio::awaitable<void> client(
    asioctx::context ctx, tcp::socket& socket, asioctx::duration time)
{
    char data[64];
    auto [ec, n] = co_await socket.async_read_some(
        asio::buffer(data),
        asioctx::bind_context(ctx, asio::as_tuple(asio::use_awaitable)));
    std::cout << "read: " << ec.message() << '\n';
    try
    {
        auto const answer = co_await say_good_bye(ctx, socket, time);
        std::cout << "answer: " << answer;
    }
    catch (boost::system::system_error const& e)
    {
        std::cout << "no answer: " << e.code().message() << '\n';
    }
}
//]

asio::awaitable<void> server(tcp::socket& socket)
{
    char line[5];
    co_await asio::async_read(socket, asio::buffer(line), asio::use_awaitable);
    asio::write(socket, asio::buffer("BYE\n", 4));
}

int main()
{
    asio::io_context ioc;
    tcp::acceptor acceptor(ioc, {asio::ip::address_v4::loopback(), 0});
    auto [ctx, cancel] = asioctx::with_timeout(asioctx::background(ioc), 20ms);
    for (bool const answers : {true, false})
    {
        tcp::socket socket(ioc), peer(ioc);
        socket.connect(acceptor.local_endpoint());
        acceptor.accept(peer);
        auto const time = answers ? 10s : 50ms;
        asio::co_spawn(ioc, client(ctx, socket, time), asio::detached);
        if (answers)
            asio::co_spawn(ioc, server(peer), asio::detached);
        ioc.run();
        ioc.restart();
    }
}
