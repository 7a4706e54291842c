//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// The time of a context is a budget: attempts and the pauses between them spend
// it, a second attempt beside a slow one saves it, and what it is not enough
// for is not begun.

#include <asioctx.hpp>

#include <boost/asio.hpp>

#include <cstddef>
#include <iostream>
#include <string>
#include <utility>

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

//[connect
// Connects, again and again if nobody is there yet. With callbacks.
template <class Handler>
void connect(
    asioctx::context ctx,
    tcp::socket& socket,
    tcp::endpoint server,
    asioctx::retry_report& report,
    Handler handler)
{
    asioctx::retry(
        ctx,
        {.attempt_timeout = 2s, .initial_backoff = 1ms, .max_backoff = 1s},
        [&socket, server](asioctx::context)
        {
            socket.close(); // what the attempt before has left
            return socket.async_connect(server, asio::deferred);
        },
        report,
        std::move(handler));
}
//]

// Stands for a service: it refuses some calls, and hangs in one.
struct service
{
    int refuses = 0;
    int hangs_in = 0;
    int calls = 0;

    asio::awaitable<std::string> ask(asioctx::context ctx)
    {
        int const number = ++calls;
        if (number <= refuses)
            throw boost::system::system_error(asio::error::connection_refused);
        try
        {
            co_await asioctx::async_sleep(
                ctx, number == hangs_in ? 1h : 0h, asio::use_awaitable);
        }
        catch (boost::system::system_error const&)
        {
            std::cout << "call " << number << ": " << ctx.cause().message()
                      << '\n';
            throw;
        }
        co_return "the answer of call " + std::to_string(number);
    }
};

//[fetch
bool may_pass(asioctx::error_code const& ec)
{
    return ec == asio::error::connection_refused
        || ec == asio::error::connection_reset;
}

constexpr asioctx::retry_policy policy{
    .attempt_timeout = 1s,
    .reserve = 500ms, // the last attempt has that
    .initial_backoff = 1ms,
    .is_retryable = may_pass};

asio::awaitable<std::string> fetch(asioctx::context parent, service& remote)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, 2s);
    co_return co_await asioctx::retry(
        ctx,
        policy,
        [&](asioctx::context attempt) { return remote.ask(attempt); },
        asio::use_awaitable);
}
//]

//[report
asio::awaitable<void> give_up(asioctx::context parent, service& remote)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, 1200ms);
    asioctx::retry_report report;
    try
    {
        co_await asioctx::retry(
            ctx,
            // After 200 ms, then 400 ms; for 800 ms there is no time.
            {.initial_backoff = 200ms, .jitter = nullptr},
            [&](asioctx::context attempt) { return remote.ask(attempt); },
            report,
            asio::use_awaitable);
    }
    catch (boost::system::system_error const& e)
    {
        std::cout << e.code().message() << ": " << to_string(report) << '\n';
    }
}
//]

//[hedge
asio::awaitable<std::string> ask_twice(asioctx::context ctx, service& remote)
{
    co_return co_await asioctx::hedge(
        ctx,
        20ms,
        [&](asioctx::context attempt) { return remote.ask(attempt); },
        asio::use_awaitable);
}
//]

//[require
asio::awaitable<std::string> report_on(asioctx::context ctx, service& remote)
{
    ctx.require(200ms); // the call takes that long as a rule
    co_return co_await remote.ask(ctx);
}
//]

asio::awaitable<void> run(asioctx::context root)
{
    service busy{.refuses = 2}, gone{.refuses = 1000}, slow{.hangs_in = 1};
    std::cout << co_await fetch(root, busy) << '\n';
    co_await give_up(root, gone);
    std::cout << co_await ask_twice(root, slow) << '\n';
    std::cout << co_await report_on(root, slow) << '\n';
    try
    {
        auto [ctx, cancel] = asioctx::with_timeout(root, 100ms);
        co_await report_on(ctx, slow);
    }
    catch (boost::system::system_error const& e)
    {
        std::cout << "not asked: " << e.code().message() << '\n';
    }
}

int main()
{
    asio::io_context ioc;
    auto const root = asioctx::background(ioc);

    // Nobody listens yet.
    tcp::acceptor acceptor(ioc);
    acceptor.open(tcp::v4());
    acceptor.bind({asio::ip::address_v4::loopback(), 0});
    asio::steady_timer later(ioc, 20ms);
    later.async_wait([&](asioctx::error_code) { acceptor.listen(); });

    tcp::socket socket(ioc);
    asioctx::retry_report report;
    connect(
        root,
        socket,
        acceptor.local_endpoint(),
        report,
        [&](asioctx::error_code ec)
        {
            std::cout << "connect: " << ec.message() << ", "
                      << (report.attempts > 1 ? "not at once" : "at once")
                      << '\n';
        });
    ioc.run();

    ioc.restart();
    asio::co_spawn(ioc, run(root), asio::detached);
    ioc.run();
}
