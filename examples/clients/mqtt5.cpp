//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Boost.MQTT5: what terminal cancellation means here is the end of the client.
// So a publication that takes too long is let go, and not canceled.

#include <asioctx.hpp>

#include <boost/asio.hpp>
#include <boost/mqtt5/mqtt_client.hpp>
#include <boost/mqtt5/types.hpp>

#include <cstdint>
#include <exception>
#include <iostream>
#include <string>
#include <utility>

namespace asio = boost::asio;
namespace mqtt = boost::mqtt5;
using asio::ip::tcp;
using asioctx::bind_context;
using namespace std::chrono_literals;
using client = mqtt::mqtt_client<tcp::socket>;

template <class Token>
auto send(client& c, std::string text, Token token)
{
    return c.async_publish<mqtt::qos_e::at_least_once>(
        "greetings",
        std::move(text),
        mqtt::retain_e::no,
        mqtt::publish_props{},
        std::move(token));
}

//[publish
// Goes on: it is sent again until it is acknowledged, or the client ends.
asio::awaitable<void> send_in_any_case(client& c, std::string text)
{
    co_await asio::this_coro::reset_cancellation_state(
        asio::disable_cancellation());
    co_await send(c, std::move(text), asio::use_awaitable);
}

// Waits for the acknowledgment for a time.
asio::awaitable<void> publish(
    asioctx::context parent,
    asioctx::duration time,
    client& c,
    std::string text)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, time);
    co_await asio::co_spawn(
        co_await asio::this_coro::executor,
        send_in_any_case(c, std::move(text)),
        asioctx::detach_on_cancel(ctx, asio::use_awaitable));
}
//]

//[receive
// A message that comes later waits for the next call.
asio::awaitable<std::string> receive(
    asioctx::context parent, asioctx::duration time, client& c)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, time);
    auto const [topic, text, props] =
        co_await c.async_receive(bind_context(ctx, asio::use_awaitable));
    co_return text;
}
//]

asio::awaitable<void> try_to(std::string name, asio::awaitable<void> f)
{
    std::string result = "done";
    try
    {
        co_await std::move(f);
    }
    catch (boost::system::system_error const& e)
    {
        result = e.code().message();
    }
    std::cout << name << ": " << result << '\n';
}

asio::awaitable<void> print_next(
    asioctx::context ctx, asioctx::duration time, client& c)
{
    std::cout << "received " << co_await receive(ctx, time, c) << '\n';
}

//[life
// Runs a client for what f does with it, and says good-bye: the broker would
// publish the client's will otherwise.
template <class F>
asio::awaitable<void> with_client(asioctx::context ctx, std::uint16_t port, F f)
{
    client c(co_await asio::this_coro::executor);
    c.brokers("127.0.0.1", port);
    c.async_run(asio::detached); // until async_disconnect
    co_await asioctx::with_clean_up(
        ctx,
        2s,
        [&] { return f(c); },
        [&](asioctx::context grace) -> asio::awaitable<void>
        {
            co_await c.async_disconnect(
                bind_context(grace, asio::use_awaitable));
            std::cout << "good-bye\n";
        });
}
//]

//[subscribe
// What is asked for total is not sent again, and the client goes on.
asio::awaitable<void> subscribe(asioctx::context ctx, client& c)
{
    mqtt::subscribe_options options;
    options.no_local = mqtt::no_local_e::no; // what it says itself, too
    mqtt::subscribe_topic const all{"greetings", options};
    co_await c.async_subscribe(
        all,
        mqtt::subscribe_props{},
        bind_context(ctx, asio::cancellation_type::total, asio::use_awaitable));
}
//]

asio::awaitable<void> talk(asioctx::context ctx, client& c)
{
    co_await subscribe(ctx, c);
    co_await publish(ctx, 5s, c, "hello");
    co_await print_next(ctx, 5s, c);
    co_await try_to("nothing", print_next(ctx, 100ms, c));
    co_await publish(ctx, 5s, c, "hello again");
    co_await print_next(ctx, 5s, c);
}

//[nobody
asio::awaitable<void> cut_off(asioctx::context parent, client& c)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, 100ms);
    co_await send(c, "hello", bind_context(ctx, asio::use_awaitable));
}

// A broker that is not there.
asio::awaitable<void> reach_nobody(asioctx::context root)
{
    client c(co_await asio::this_coro::executor);
    c.brokers("127.0.0.1", 1);
    bool runs = true;
    c.async_run([&](asioctx::error_code) { runs = false; });
    co_await try_to("let go", publish(root, 100ms, c, "hello"));
    std::cout << "the client " << (runs ? "runs on\n" : "has ended\n");
    co_await try_to("cut off", cut_off(root, c));
    while (runs)
        co_await asioctx::async_sleep(root, 10ms);
    std::cout << "the client has ended\n";
}
//]

//[group
asio::awaitable<void> serve(asioctx::context root, std::uint16_t port)
{
    auto [server, stop] = asioctx::with_cancel(root);
    int subscribed = 0;
    auto const listen = [&](asioctx::context ctx)
    {
        return with_client(
            ctx,
            port,
            [ctx, &subscribed](client& c) -> asio::awaitable<void>
            {
                co_await subscribe(ctx, c);
                ++subscribed;
                co_await receive(ctx, 60s, c);
            });
    };
    co_await asioctx::with_task_group(
        server,
        [&](asioctx::task_group& listeners) -> asio::awaitable<void>
        {
            for (int i = 0; i != 3; ++i)
                listeners.spawn(listen(listeners.ctx()));
            while (subscribed != 3)
                co_await asioctx::async_sleep(root, 10ms);
            stop(); // the shutdown
        });
}
//]

asio::awaitable<void> show(asioctx::context root, std::uint16_t port)
{
    co_await with_client(root, port, [&](client& c) { return talk(root, c); });
    co_await reach_nobody(root);
    co_await try_to("stopped", serve(root, port));
}

int main(int argc, char** argv)
{
    asio::io_context ioc;
    auto const port = argc > 1 ? std::stoi(argv[1]) : 1883;
    asio::co_spawn(
        ioc,
        show(asioctx::background(ioc), static_cast<std::uint16_t>(port)),
        [](std::exception_ptr e)
        {
            if (e)
                std::rethrow_exception(e);
        });
    ioc.run();
}
