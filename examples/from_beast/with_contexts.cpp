//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// The server of hand_written.cpp, with contexts.
//
//     with_contexts <threads> <grace in ms> <timeout in ms>

#include <asioctx.hpp>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>

#include <csignal>
#include <iostream>
#include <optional>
#include <thread>
#include <vector>

#include "work.hpp"

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using asioctx::bind_context;
using namespace example;
using namespace std::chrono_literals;

namespace {

//[run
// Answers a request. Returns whether the connection can take another.
asio::awaitable<bool> run(
    asioctx::context ctx, tcp::socket& socket, beast::flat_buffer& buffer)
{
    bool answering = false;
    try
    {
        http::request<http::empty_body> request;
        co_await http::async_read(socket, buffer, request, bind_context(ctx));
        work const work(std::string(request.target()));
        compute(work.compute);
        co_await asioctx::async_sleep(ctx, work.sleep, asio::use_awaitable);
        ctx.throw_if_done();
        answering = true;
        auto const response = answer(
            http::status::ok,
            std::string(work.kib * 1024, '.'),
            request.keep_alive());
        co_await http::async_write(socket, response, bind_context(ctx));
        co_return request.keep_alive();
    }
    catch (boost::system::system_error const&)
    {
        if (answering || !ctx.done())
            throw;
    }

    // The client is told why.
    auto const status = ctx.error() == asioctx::errc::deadline_exceeded
        ? http::status::gateway_timeout
        : http::status::service_unavailable;
    auto const response = answer(status, ctx.cause().message(), false);
    auto [telling, cancel] =
        asioctx::with_timeout(asioctx::without_cancel(ctx), 1s);
    co_await http::async_write(socket, response, bind_context(telling));
    co_return false;
}
//]

//[serve
asio::awaitable<void> serve(
    asioctx::context stop,
    asioctx::context serving,
    tcp::socket socket,
    options o)
{
    // A task is canceled as a whole, too. This one has an answer to give.
    co_await asio::this_coro::reset_cancellation_state(
        asio::disable_cancellation());
    beast::flat_buffer buffer;
    bool open = true;
    while (open && !stop.done())
    {
        // Nobody waits for a client that is silent.
        auto [idle, cancel] = asioctx::with_timeout(stop, o.timeout);
        buffer.commit(co_await socket.async_read_some(
            buffer.prepare(4096), bind_context(idle)));

        auto [ctx, cancel_request] = asioctx::with_timeout(serving, o.timeout);
        open = co_await run(ctx, socket, buffer);
    }
    socket.shutdown(tcp::socket::shutdown_send);
}
//]

void say(asioctx::task_group_report::failure const& f)
{
    try
    {
        std::rethrow_exception(f.exception);
    }
    catch (std::exception const& e)
    {
        std::cout << std::string("session: ") + e.what() + '\n' << std::flush;
    }
}

//[listen
asio::awaitable<void> listen(
    asioctx::context stop, tcp::acceptor acceptor, options o)
{
    auto [serving, cancel] = asioctx::with_grace(stop, o.grace);
    auto const accept = [&](asioctx::task_group& group) -> asio::awaitable<void>
    {
        group.on_failure(say);
        for (;;)
        {
            auto [ec, socket] = co_await acceptor.async_accept(
                bind_context(stop, asio::as_tuple(asio::use_awaitable)));
            if (ec)
                break;
            group.spawn(serve(stop, group.ctx(), std::move(socket), o));
        }
        acceptor.close();
        std::cout << "stopping" << std::endl;
    };
    co_await asioctx::with_task_group(
        serving, accept, asioctx::on_error::ignore);
    std::cout << "stopped" << std::endl;
}
//]

} // namespace

int main(int argc, char** argv)
{
    if (argc != 4)
        return 2;
    options const o(argv);
    asio::io_context ioc(o.threads);
    auto [stop, cancel] =
        asioctx::with_signals(asioctx::background(ioc), {SIGINT});
    tcp::acceptor acceptor(ioc, {asio::ip::address_v4::loopback(), 0});
    std::cout << "listening on " << acceptor.local_endpoint() << std::endl;
    asio::co_spawn(ioc, listen(stop, std::move(acceptor), o), asio::detached);

    std::vector<std::jthread> threads;
    for (int i = 1; i < o.threads; ++i)
        threads.emplace_back([&] { ioc.run(); });
    ioc.run();
}
