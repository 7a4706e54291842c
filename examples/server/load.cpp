//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Sends requests to the gateway over many connections, one after the other on
// each, and accounts for every one of them:
//
//     asioctx_example_load --port 8080 --connections 1000 --seconds 5
//
// A fifth of the requests time out in the server, and a tenth of the time the
// client hangs up before there is an answer. A client ends when the time is
// over or the server accepts no more. Succeeds if every request ended as it
// should.

#include <asioctx/bind_context.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/task_group.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iostream>
#include <random>
#include <string>
#include <string_view>

namespace {

namespace asio = boost::asio;
using namespace std::literals;
using asio::ip::tcp;
using asioctx::bind_context;
using asioctx::error_code;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

// What has become of the requests.
struct tally
{
    int sent = 0;
    int answered = 0;
    int timed_out = 0; // 504
    int refused = 0;   // 503
    int closed = 0;    // the server closed the connection without a byte
    int hung_up = 0;
    int wrong = 0; // anything else
};

enum class kind
{
    served,
    timing_out,
    hanging_up,
};

kind random_kind(std::mt19937& random)
{
    auto const n = std::uniform_int_distribution<>(0, 9)(random);
    return n < 2 ? kind::timing_out : n < 3 ? kind::hanging_up : kind::served;
}

std::string text_of(kind k, int milliseconds)
{
    auto const ms = std::to_string(milliseconds);
    switch (k)
    {
    case kind::served:
        return "GET /sleep/" + ms + " HTTP/1.1\r\nHost: gateway\r\n\r\n";
    case kind::timing_out:
        return "GET /sleep/60000 HTTP/1.1\r\nHost: gateway\r\n"
               "Request-Timeout: "
            + ms + "ms\r\n\r\n";
    case kind::hanging_up:
        break;
    }
    return "GET /sleep/60000 HTTP/1.1\r\nHost: gateway\r\n\r\n";
}

// Whether the answer is one that a request of its kind may get.
bool count(kind k, std::string_view status, tally& all)
{
    if (status == "200" && k == kind::served)
        ++all.answered;
    else if (status == "504" && k == kind::timing_out)
        ++all.timed_out;
    else if (status == "503")
        ++all.refused;
    else
        return false;
    return true;
}

// Reads an answer whose length is in its header, as all of the gateway's are.
asio::awaitable<error_code> read(
    asioctx::context ctx, tcp::socket& socket, std::string& text)
{
    auto [ec, size] = co_await asio::async_read_until(
        socket,
        asio::dynamic_buffer(text),
        "\r\n\r\n",
        bind_context(ctx, as_result));
    if (ec)
        co_return ec;
    constexpr auto name = "Content-Length: "sv;
    auto const at = text.find(name);
    if (at == text.npos)
        co_return asio::error::invalid_argument;
    size += std::strtoul(text.c_str() + at + name.size(), nullptr, 10);
    if (text.size() >= size)
        co_return error_code();
    auto [failed, n] = co_await asio::async_read(
        socket,
        asio::dynamic_buffer(text),
        asio::transfer_exactly(size - text.size()),
        bind_context(ctx, as_result));
    co_return failed;
}

enum class next
{
    request,
    connection,
    nothing,
};

// Sends a request and waits for its answer, or not. Returns what to do next.
asio::awaitable<next> request(
    asioctx::context root,
    tcp::socket& socket,
    std::mt19937& random,
    tally& all)
{
    auto const k = random_kind(random);
    auto const time = std::uniform_int_distribution<>(5, 50)(random);
    auto const patience = k == kind::hanging_up ? time * 1ms : 30s;
    auto [ctx, cancel] = asioctx::with_timeout(root, patience);

    ++all.sent;
    auto const text = text_of(k, time);
    co_await asio::async_write(
        socket, asio::buffer(text), bind_context(ctx, as_result));
    // Where that has failed there may be an answer nevertheless.
    std::string answer;
    auto const ec = co_await read(ctx, socket, answer);

    if (!ec && count(k, answer.substr(std::strlen("HTTP/1.1 "), 3), all))
        co_return answer.find("Connection: close") == answer.npos
            ? next::request
            : next::connection;
    if (ec == asioctx::errc::deadline_exceeded && k == kind::hanging_up)
    {
        ++all.hung_up;
        co_return next::connection;
    }
    if (ec && answer.empty() && !ctx.done())
    {
        ++all.closed;
        co_return next::nothing;
    }
    ++all.wrong;
    std::cerr << text.substr(0, text.find('\r')) << ": "
              << (ec ? ec.message() : answer) << std::endl;
    co_return next::nothing;
}

asio::awaitable<void> client(
    asioctx::context root,
    asioctx::context until,
    tcp::endpoint server,
    unsigned seed,
    tally& all)
{
    std::mt19937 random(seed);
    auto then = next::connection;
    while (then == next::connection && !until.done())
    {
        tcp::socket socket(co_await asio::this_coro::executor);
        auto [ec] = co_await socket.async_connect(
            server, bind_context(until, as_result));
        if (ec)
            co_return;
        do
            then = co_await request(root, socket, random, all);
        while (then == next::request && !until.done());
    }
}

} // namespace

int main(int argc, char* argv[])
try
{
    int port = 0, connections = 100, seconds = 1;
    for (int i = 1; i + 1 < argc; i += 2)
    {
        std::string_view const name = argv[i];
        (name == "--port"              ? port
             : name == "--connections" ? connections
                                       : seconds) = std::atoi(argv[i + 1]);
    }

    asio::io_context ioc;
    auto const root = asioctx::background(ioc);
    auto [until, cancel] =
        asioctx::with_timeout(root, std::chrono::seconds(seconds));
    tcp::endpoint const server(
        asio::ip::address_v4::loopback(), static_cast<unsigned short>(port));
    tally all;
    asioctx::task_group clients(root);
    for (int i = 0; i != connections; ++i)
        clients.spawn(
            client(root, until, server, static_cast<unsigned>(i), all));
    clients.async_join(
        [](std::exception_ptr e)
        {
            if (e)
                std::rethrow_exception(e);
        });
    ioc.run();

    std::cout << "sent " << all.sent << ": " << all.answered << " answered, "
              << all.timed_out << " timed out, " << all.refused << " refused, "
              << all.closed << " closed, " << all.hung_up << " hung up, "
              << all.wrong << " wrong" << std::endl;
    auto const sum =
        all.answered + all.timed_out + all.refused + all.closed + all.hung_up;
    return all.sent == sum ? EXIT_SUCCESS : EXIT_FAILURE;
}
catch (std::exception const& e)
{
    std::cerr << e.what() << std::endl;
    return EXIT_FAILURE;
}
