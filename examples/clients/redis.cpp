//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Boost.Redis: requests share a connection, and one that is cut off while its
// answer is on the way takes the connection with it. So what may block has a
// connection of its own.

#include <asioctx.hpp>

#include <boost/asio.hpp>
#include <boost/redis/connection.hpp>
#include <boost/redis/request.hpp>
#include <boost/redis/response.hpp>
#include <boost/redis/src.hpp>

#include <exception>
#include <iostream>
#include <string>
#include <tuple>
#include <utility>

namespace asio = boost::asio;
namespace redis = boost::redis;
using asioctx::bind_context;
using namespace std::chrono_literals;

//[connection
// Keeps the connection until ctx is done, and makes it anew when it is lost. Of
// a cancellation async_run makes a lost connection: cancel() ends it.
asio::awaitable<void> run(
    asioctx::context ctx, redis::connection& c, std::string port)
{
    redis::config cfg;
    cfg.addr = {"127.0.0.1", port};
    cfg.reconnect_wait_interval = 10ms;
    redis::logger const quiet(redis::logger::level::disabled);
    auto const end = asioctx::after_func(
        ctx, asio::bind_executor(c.get_executor(), [&] { c.cancel(); }));
    co_await c.async_run(cfg, quiet, bind_context(ctx));
}
//]

//[ask
template <class... Words>
asio::awaitable<std::string> ask(
    asioctx::context parent,
    asioctx::duration time,
    redis::connection& c,
    Words... words)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, time);
    redis::request request;
    request.push(words...);
    redis::response<std::string> answer;
    co_await c.async_exec(request, answer, bind_context(ctx));
    co_return std::get<0>(answer).value();
}
//]

// How many clients the server says that it keeps waiting.
asio::awaitable<std::string> waiting(asioctx::context ctx, redis::connection& c)
{
    auto const info = co_await ask(ctx, 5s, c, "INFO", "clients");
    std::string const name = "blocked_clients:";
    auto const at = info.find(name) + name.size();
    co_return info.substr(at, info.find('\r', at) - at);
}

asio::awaitable<void> try_to(std::string name, asio::awaitable<std::string> f)
{
    try
    {
        std::cout << name << ": " << co_await std::move(f) << '\n';
    }
    catch (boost::system::system_error const& e)
    {
        std::cout << name << ": " << e.code().message() << '\n';
    }
}

//[work
// Waits for a job on a connection of its own. The group joins what runs that.
asio::awaitable<void> work(asioctx::context parent, std::string port)
{
    redis::connection c(co_await asio::this_coro::executor);
    co_await asioctx::with_task_group(
        parent,
        [&](asioctx::task_group& group) -> asio::awaitable<void>
        {
            group.spawn(run(group.ctx(), c, port));
            co_await ask(group.ctx(), 60s, c, "BLPOP", "jobs", 0);
            group.cancel();
        });
}
//]

//[group
asio::awaitable<void> serve(
    asioctx::context root, redis::connection& c, std::string port)
{
    auto [server, stop] = asioctx::with_cancel(root);
    co_await asioctx::with_task_group(
        server,
        [&](asioctx::task_group& requests) -> asio::awaitable<void>
        {
            for (int i = 0; i != 3; ++i)
                requests.spawn(work(requests.ctx(), port));
            while (co_await waiting(root, c) != "3")
                co_await asioctx::async_sleep(root, 10ms);
            std::cout << "the server keeps 3 waiting\n";
            stop(); // the shutdown
        });
}
//]

asio::awaitable<void> show(
    asioctx::context root,
    redis::connection& c,
    redis::connection& own,
    std::string port)
{
    co_await try_to("ping", ask(root, 5s, c, "PING", "hello"));

    // Both on one connection: the second waits behind the first, and is lost.
    co_await asioctx::with_task_group(
        root,
        [&](asioctx::task_group& both)
        {
            auto const ctx = both.ctx();
            both.spawn(try_to("pop", ask(ctx, 1s, own, "BLPOP", "jobs", 0)));
            both.spawn(try_to("behind it", ask(ctx, 60s, own, "PING", "two")));
        });
    co_await try_to("afterwards", ask(root, 5s, own, "PING", "three"));
    std::cout << "the server keeps " << co_await waiting(root, c)
              << " waiting\n";
    try
    {
        co_await serve(root, c, port);
    }
    catch (boost::system::system_error const& e)
    {
        std::cout << "stopped: " << e.code().message() << '\n';
    }
    while (co_await waiting(root, c) != "0")
        co_await asioctx::async_sleep(root, 10ms);
    std::cout << "the server keeps none waiting\n";
}

asio::awaitable<void> with_connections(asioctx::context root, std::string port)
{
    auto const ex = co_await asio::this_coro::executor;
    redis::connection c(ex), own(ex);
    co_await asioctx::with_task_group(
        root,
        [&](asioctx::task_group& group) -> asio::awaitable<void>
        {
            group.spawn(run(group.ctx(), c, port));
            group.spawn(run(group.ctx(), own, port));
            co_await show(group.ctx(), c, own, port);
            group.cancel();
        });
}

int main(int argc, char** argv)
{
    asio::io_context ioc;
    asio::co_spawn(
        ioc,
        with_connections(asioctx::background(ioc), argc > 1 ? argv[1] : "6379"),
        [](std::exception_ptr e)
        {
            if (e)
                std::rethrow_exception(e);
        });
    ioc.run();
}
