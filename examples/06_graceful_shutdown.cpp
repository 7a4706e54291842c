//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// After a signal: no new connections. After a grace: no connections at all.
// When the last has gone, run() returns.

#include <asioctx.hpp>

#include <boost/asio.hpp>

#include <csignal>
#include <iostream>
#include <string>

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

//[server
// Answers with what it is sent.
asio::awaitable<void> serve(asioctx::context ctx, tcp::socket socket)
{
    for (char data[64];;)
    {
        auto n = co_await socket.async_read_some(
            asio::buffer(data), asioctx::bind_context(ctx));
        co_await asio::async_write(
            socket, asio::buffer(data, n), asioctx::bind_context(ctx));
    }
}

asio::awaitable<void> listen(
    asioctx::context ctx, asioctx::context requests, tcp::acceptor& acceptor)
{
    for (;;)
    {
        auto socket =
            co_await acceptor.async_accept(asioctx::bind_context(ctx));
        asio::co_spawn(
            acceptor.get_executor(),
            serve(requests, std::move(socket)),
            asio::detached);
    }
}
//]

asio::awaitable<void> ask(tcp::socket& socket, std::string text)
{
    co_await asio::async_write(socket, asio::buffer(text), asio::use_awaitable);
    co_await asio::async_read(socket, asio::buffer(text), asio::use_awaitable);
    std::cout << "answer: " << text << '\n';
}

enum class client
{
    leaves,
    stays,
};

asio::awaitable<void> talk(
    asioctx::context ctx, tcp::endpoint server, client then)
{
    tcp::socket socket(co_await asio::this_coro::executor);
    // The context tells of the signal, and does not end the client.
    // NOLINTBEGIN(asioctx-unbound-operation)
    co_await socket.async_connect(server, asio::use_awaitable);
    co_await ask(socket, "before the signal");
    std::raise(SIGTERM);
    co_await ctx.async_wait(asio::use_awaitable);
    std::cout << "no new connections: " << ctx.cause().message() << '\n';
    co_await ask(socket, "after the signal");
    if (then == client::leaves)
        co_return;
    co_await socket.async_wait(tcp::socket::wait_read, asio::use_awaitable);
    // NOLINTEND(asioctx-unbound-operation)
    std::cout << "disconnected\n";
}

void run(asioctx::duration grace, client then)
{
    asio::io_context ioc;
    tcp::acceptor acceptor(ioc, {asio::ip::address_v4::loopback(), 0});
    auto [root, stop] =
        asioctx::with_signals(asioctx::background(ioc), {SIGTERM});
    auto [requests, end] = asioctx::with_grace(root, grace);
    asio::co_spawn(ioc, listen(root, requests, acceptor), asio::detached);
    asio::co_spawn(
        ioc, talk(root, acceptor.local_endpoint(), then), asio::detached);
    ioc.run();
    std::cout << "stopped, " << (requests.done() ? "after" : "before")
              << " the grace was over\n";
}

int main()
{
    run(10s, client::leaves);
    run(200ms, client::stays);
}
