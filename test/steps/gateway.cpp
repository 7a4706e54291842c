//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// The gateway of examples/server, from which guides take their code, canceled
// at every step from every level above it.

// GCC takes the files that are included here for headers.
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wsubobject-linkage"
#endif

#include <boost/asio/detached.hpp>

#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

#include "../../examples/server/admission.cpp"
#include "../../examples/server/backend.cpp"
#include "../../examples/server/handlers.cpp"
#include "../../examples/server/server.cpp"
#include "../../examples/server/timeout_header.cpp"
#include "../../examples/server/upstream.cpp"
#include "support/steps.hpp"

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::ip::tcp;
using asioctx::context;
using asioctx::error_code;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

// Runs it until it has ended, when no request must be left.
asio::awaitable<void> serve(
    context ctx, tcp::acceptor acceptor, example::server& s)
{
    std::exception_ptr e;
    try
    {
        co_await listen(ctx, std::move(acceptor), s);
    }
    catch (...)
    {
        e = std::current_exception();
    }
    if (s.in_flight != 0)
        throw std::logic_error("a request is left");
    if (e)
        std::rethrow_exception(e);
}

// Sends a request and takes what comes: until the server closes, or only a bit.
asio::awaitable<void> client(
    asio::any_io_executor ex, tcp::endpoint to, std::string target, bool stays)
{
    tcp::socket socket(ex);
    auto [ec] = co_await socket.async_connect(to, as_result);
    std::string text = "GET " + target + " HTTP/1.1\r\n\r\n";
    while (!ec)
    {
        std::tie(ec, std::ignore) =
            co_await asio::async_write(socket, asio::buffer(text), as_result);
        if (!stays)
            co_return;
        while (!ec)
            std::tie(ec, std::ignore) =
                co_await socket.async_read_some(asio::buffer(text), as_result);
    }
}

// A gateway that is its own upstream, with one client.
steps::coroutine gateway(std::string target, bool stays)
{
    return [=](context ctx) -> asio::awaitable<std::string>
    {
        example::server s;
        auto const ex = co_await asio::this_coro::executor;
        tcp::acceptor acceptor(ex, {asio::ip::address_v4::loopback(), 0});
        auto const here = acceptor.local_endpoint();
        s.others.servers = {here, here};
        asio::co_spawn(ex, client(ex, here, target, stays), asio::detached);
        co_await serve(ctx, std::move(acceptor), s);
        co_return "";
    };
}

} // namespace

int main(int argc, char** argv)
{
    std::cout.rdbuf(nullptr); // the server's log
    constexpr auto handled = steps::results::handled;
    constexpr auto never = steps::end::never;
    return steps::main(
        argc,
        argv,
        {
            {"answered", gateway("/hello", true), handled, never, 1s},
            {"waiting", gateway("/sleep/60000", true), handled, never, 1s},
            {"abandoned", gateway("/sleep/60000", false), handled, never, 1s},
            {"fan_out", gateway("/fan-out/0/0/0", true), handled, never, 1s},
            {"slow_fan_out",
             gateway("/fan-out/0/60000/0", true),
             handled,
             never,
             1s},
        });
}
