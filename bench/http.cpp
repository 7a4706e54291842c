//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//
// P13: an HTTP server on one thread, for bench/http.py to put under load.
//
//     asioctx_bench_http <bare|asioctx|expires_after>
//
// prints its port and serves until its input ends. Each request has no
// deadline, a context with one, or the deadline that Beast's stream has.

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <chrono>
#include <cstdio>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::awaitable;
using asio::ip::tcp;

enum class deadline
{
    none,
    context,
    stream,
};

constexpr auto token = asio::as_tuple(asio::use_awaitable);

// Reads a request and answers it. Returns whether there may be another.
template <class Token>
awaitable<bool> serve_request(
    beast::tcp_stream& stream, beast::flat_buffer& buffer, Token token)
{
    http::request<http::empty_body> request;
    auto [failure, n] =
        co_await http::async_read(stream, buffer, request, token);
    if (failure)
        co_return false;
    http::response<http::string_body> response(http::status::ok, 11);
    response.keep_alive(request.keep_alive());
    response.body() = "hello";
    response.prepare_payload();
    auto [unsent, m] = co_await http::async_write(stream, response, token);
    co_return !unsent && request.keep_alive();
}

template <deadline Deadline>
awaitable<void> serve(asioctx::context parent, beast::tcp_stream stream)
{
    beast::flat_buffer buffer;
    for (bool open = true; open;)
    {
        if constexpr (Deadline == deadline::context)
        {
            auto const [ctx, cancel] = asioctx::with_timeout(parent, 30s);
            open = co_await serve_request(
                stream, buffer, asioctx::bind_context(ctx, token));
        }
        else
        {
            if constexpr (Deadline == deadline::stream)
                stream.expires_after(30s);
            open = co_await serve_request(stream, buffer, token);
        }
    }
}

template <deadline Deadline>
awaitable<void> listen(asioctx::context parent, tcp::acceptor& acceptor)
{
    for (;;)
    {
        // Is the same for all.
        // NOLINTNEXTLINE(asioctx-unbound-operation)
        auto socket = co_await acceptor.async_accept(asio::use_awaitable);
        socket.set_option(tcp::no_delay(true));
        asio::co_spawn(
            acceptor.get_executor(),
            serve<Deadline>(parent, beast::tcp_stream(std::move(socket))),
            asio::detached);
    }
}

} // namespace

int main(int argc, char** argv)
{
    std::string_view const how = argc == 2 ? argv[1] : "";
    asio::io_context ioc(1);
    auto const root = asioctx::with_cancel(asioctx::background(ioc));
    tcp::acceptor acceptor(ioc, {asio::ip::address_v4::loopback(), 0});
    if (how == "bare")
        asio::co_spawn(
            ioc, listen<deadline::none>(root.ctx, acceptor), asio::detached);
    else if (how == "asioctx")
        asio::co_spawn(
            ioc, listen<deadline::context>(root.ctx, acceptor), asio::detached);
    else if (how == "expires_after")
        asio::co_spawn(
            ioc, listen<deadline::stream>(root.ctx, acceptor), asio::detached);
    else
        return 2;
    std::printf("%d\n", acceptor.local_endpoint().port());
    std::fflush(stdout);

    asio::posix::stream_descriptor input(ioc, ::dup(STDIN_FILENO));
    char byte;
    // Ends the program.
    // NOLINTNEXTLINE(asioctx-unbound-operation)
    input.async_read_some(
        asio::buffer(&byte, 1), [&](auto&&...) { ioc.stop(); });
    ioc.run();
}
