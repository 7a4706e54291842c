//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// What is done says good-bye: the end of a protocol after the cancellation,
// however the coroutine is bound.

#include <asioctx.hpp>

#include <boost/asio.hpp>

#include <exception>
#include <functional>
#include <iostream>
#include <optional>
#include <string>

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

//[good_bye
// Waits for a message until the context is done.
asio::awaitable<void> talk(asioctx::context ctx, tcp::socket& socket)
{
    char data[64];
    co_await socket.async_read_some(
        asio::buffer(data), asioctx::bind_context(ctx));
}

// Says QUIT and waits for the answer.
asio::awaitable<void> say_good_bye(asioctx::context grace, tcp::socket& socket)
{
    auto const bound = asioctx::bind_context(grace);
    std::string answer;
    co_await asio::async_write(socket, asio::buffer("QUIT\n", 5), bound);
    co_await asio::async_read_until(
        socket, asio::dynamic_buffer(answer), '\n', bound);
    std::cout << "  answer: " << answer;
}

asio::awaitable<void> client(
    asioctx::context ctx, tcp::socket& socket, asioctx::duration grace)
{
    co_await asioctx::with_clean_up(
        ctx,
        grace,
        [&] { return talk(ctx, socket); },
        [&](asioctx::context later) { return say_good_bye(later, socket); });
}
//]

asio::awaitable<void> server(tcp::socket& socket)
{
    char line[5];
    co_await asio::async_read(socket, asio::buffer(line), asio::use_awaitable);
    asio::write(socket, asio::buffer("BYE\n", 4));
}

void report(std::exception_ptr e)
{
    try
    {
        std::rethrow_exception(e);
    }
    catch (boost::system::system_error const& x)
    {
        std::cout << "  " << x.code().message() << '\n';
    }
}

int main()
{
    asio::io_context ioc;
    auto const root = asioctx::background(ioc);
    tcp::acceptor acceptor(ioc, {asio::ip::address_v4::loopback(), 0});

    // Runs a client whose time is up after 50 ms, in which it has begun: else
    // it has nothing to clean up.
    using start = std::function<void(asioctx::context, tcp::socket&)>;
    auto const run = [&](char const* name, bool answers, start const& f)
    {
        std::cout << name << '\n';
        tcp::socket socket(ioc), peer(ioc);
        socket.connect(acceptor.local_endpoint());
        acceptor.accept(peer);
        auto [ctx, cancel] = asioctx::with_timeout(root, 50ms);
        f(ctx, socket);
        if (answers)
            asio::co_spawn(ioc, server(peer), asio::detached);
        ioc.run();
        ioc.restart();
    };

    run("each operation is bound",
        true,
        [&](asioctx::context ctx, tcp::socket& socket)
        { asio::co_spawn(ioc, client(ctx, socket, 10s), report); });

    std::optional<asioctx::task_group> group;
    run("a task of a group",
        true,
        [&](asioctx::context ctx, tcp::socket& socket)
        {
            group.emplace(ctx);
            group->spawn(client(ctx, socket, 10s));
            group->async_join(report);
        });

    run("bound as a whole",
        true,
        [&](asioctx::context ctx, tcp::socket& socket)
        {
            asio::co_spawn(
                ioc,
                client(ctx, socket, 10s),
                asioctx::bind_context(ctx, report));
        });

    run("no answer",
        false,
        [&](asioctx::context ctx, tcp::socket& socket)
        { asio::co_spawn(ioc, client(ctx, socket, 50ms), report); });
}
