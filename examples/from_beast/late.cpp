//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// What becomes of a cancellation request that comes while no operation waits:
// the last one has ended and its handler is queued, as when its strand is busy.
// One line for each case: what a signal does, and what a context does.

#include <asioctx.hpp>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/version.hpp>

#include <iomanip>
#include <iostream>
#include <optional>
#include <string>

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asioctx::bind_context;
using asioctx::error_code;
using socket_type = asio::local::stream_protocol::socket;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t big = 8 << 20;

// An operation whose steps wait in a queue until they are let run.
struct stage
{
    asio::io_context io;
    asio::io_context steps; // stands for a strand
    socket_type ours{io}, peer{io};
    boost::beast::flat_buffer buffer;
    std::string data = std::string(big, '.');
    http::request<http::string_body> request;
    http::response<http::string_body> response;
    std::optional<error_code> result;

    stage()
    {
        asio::local::connect_pair(ours, peer);
        peer.non_blocking(true);
        response.body() = data;
        response.prepare_payload();
    }

    auto handler()
    {
        return asio::bind_executor(
            steps, [this](error_code ec, std::size_t) { result = ec; });
    }

    void send(std::string const& text)
    {
        peer.write_some(asio::buffer(text));
    }

    void pump()
    {
        for (std::size_t n = 1; n != 0;)
        {
            io.restart();
            steps.restart();
            n = io.poll() + steps.poll();
        }
    }

    // Lets the operation have all it needs.
    std::string finish(std::string const& rest)
    {
        pump();
        if (!result)
            send(rest);
        std::string sink(1 << 16, ' ');
        for (int quiet = 0; !result && quiet != 1000;)
        {
            pump();
            error_code ec;
            quiet = peer.read_some(asio::buffer(sink), ec) ? 0 : quiet + 1;
        }
        if (!result)
            return "has not ended";
        return *result ? "canceled" : "went on";
    }
};

template <class Start>
void show(
    std::string const& name,
    Start start,
    std::string const& first,
    std::string const& rest)
{
    std::string seen[2];
    {
        stage s;
        asio::cancellation_signal signal;
        start(s, asio::bind_cancellation_slot(signal.slot(), s.handler()));
        s.send(first);
        s.io.run_one(); // a step has ended, and its handler is queued
        signal.emit(asio::cancellation_type::terminal);
        seen[0] = s.finish(rest);
    }
    {
        stage s;
        auto [ctx, cancel] = asioctx::with_cancel(asioctx::background(s.io));
        start(s, bind_context(ctx, s.handler()));
        s.send(first);
        s.io.run_one();
        cancel();
        seen[1] = s.finish(rest);
    }
    std::cout << std::left << std::setw(46) << name << std::setw(11) << seen[0]
              << seen[1] << std::endl;
}

//[between
asio::awaitable<void> with_signal(
    asio::cancellation_signal& signal, bool throws, std::string& seen)
{
    co_await asio::this_coro::throw_if_cancelled(throws);
    co_await asio::post(asio::use_awaitable);       // an operation before
    signal.emit(asio::cancellation_type::terminal); // while this computes
    asio::steady_timer timer(co_await asio::this_coro::executor, 50ms);
    co_await timer.async_wait(asio::use_awaitable);
    seen = "went on";
}
//]

asio::awaitable<void> with_context(
    asioctx::context ctx, asioctx::cancel_source& cancel, std::string& seen)
{
    cancel();
    asio::steady_timer timer(co_await asio::this_coro::executor, 50ms);
    co_await timer.async_wait(bind_context(ctx, asio::use_awaitable));
    seen = "went on";
}

void show_coroutine(std::string const& name, bool throws)
{
    asio::io_context io;
    asio::cancellation_signal signal;
    std::string seen[2] = {"canceled", "canceled"};
    asio::co_spawn(
        io,
        with_signal(signal, throws, seen[0]),
        asio::bind_cancellation_slot(signal.slot(), [](std::exception_ptr) {}));
    auto [ctx, cancel] = asioctx::with_cancel(asioctx::background(io));
    asio::co_spawn(
        io, with_context(ctx, cancel, seen[1]), [](std::exception_ptr) {});
    io.run();
    std::cout << std::left << std::setw(46) << name << std::setw(11) << seen[0]
              << seen[1] << std::endl;
}

// Spawned, and asked to stop before it begins.
asio::awaitable<void> begin(std::string& seen)
{
    seen = "went on";
    co_return;
}

void show_spawned(std::string const& name)
{
    asio::io_context io;
    asio::cancellation_signal signal;
    std::string seen[2] = {"canceled", "canceled"};
    asio::co_spawn(
        io,
        begin(seen[0]),
        asio::bind_cancellation_slot(signal.slot(), [](std::exception_ptr) {}));
    signal.emit(asio::cancellation_type::terminal);
    auto [ctx, cancel] = asioctx::with_cancel(asioctx::background(io));
    asio::co_spawn(
        io, begin(seen[1]), bind_context(ctx, [](std::exception_ptr) {}));
    cancel();
    io.run();
    std::cout << std::left << std::setw(46) << name << std::setw(11) << seen[0]
              << seen[1] << std::endl;
}

} // namespace

int main()
{
    std::cout << "Boost " << BOOST_VERSION / 100000 << '.'
              << BOOST_VERSION / 100 % 1000 << '\n'
              << std::left << std::setw(46) << "" << std::setw(11) << "signal"
              << "context\n";
    show(
        "async_read, between two of its reads",
        [](stage& s, auto token) {
            asio::async_read(s.ours, asio::buffer(s.data, 8), std::move(token));
        },
        "1234",
        "5678");
    show(
        "async_write, between two of its writes",
        [](stage& s, auto token)
        { asio::async_write(s.ours, asio::buffer(s.data), std::move(token)); },
        " ",
        " ");
    show(
        "http::async_read, between two of its reads",
        [](stage& s, auto token)
        { http::async_read(s.ours, s.buffer, s.request, std::move(token)); },
        "GET / HTTP/1.1\r\n",
        "\r\n");
    show(
        "http::async_write, between two of its writes",
        [](stage& s, auto token)
        { http::async_write(s.ours, s.response, std::move(token)); },
        " ",
        " ");
    show_spawned("a coroutine that has not begun");
    show_coroutine("one that computes", true);
    show_coroutine("one that computes, throw_if_cancelled(false)", false);
}
