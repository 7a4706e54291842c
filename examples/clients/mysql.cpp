//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Boost.MySQL: a statement that is cut off leaves a connection that is lost,
// and a server that works on. The one is connected again, the other told to
// stop.

#include <asioctx.hpp>

#include <boost/asio.hpp>
#include <boost/mysql/any_connection.hpp>
#include <boost/mysql/connect_params.hpp>
#include <boost/mysql/results.hpp>

#include <exception>
#include <iostream>
#include <string>
#include <utility>

namespace asio = boost::asio;
namespace mysql = boost::mysql;
using asioctx::bind_context;
using namespace std::chrono_literals;

//[query
// If ctx ends the statement, the server is told to end it, too, and the
// connection is made anew: both within two seconds, or it stays lost.
asio::awaitable<void> query(
    asioctx::context ctx,
    mysql::any_connection& c,
    mysql::connect_params const& server,
    std::string sql,
    mysql::results& answer)
{
    auto const id = c.connection_id().value();
    bool answered = false;
    co_await asioctx::with_clean_up(
        ctx,
        2s,
        [&]() -> asio::awaitable<void>
        {
            co_await c.async_execute(sql, answer, bind_context(ctx));
            answered = true;
        },
        [&](asioctx::context grace) -> asio::awaitable<void>
        {
            if (answered || !ctx.done())
                co_return;
            auto const bound = bind_context(grace);
            co_await c.async_connect(server, bound);
            mysql::results killed;
            co_await c.async_execute(
                "KILL " + std::to_string(id), killed, bound);
        });
}
//]

//[ask
asio::awaitable<std::string> ask(
    asioctx::context parent,
    asioctx::duration time,
    mysql::any_connection& c,
    mysql::connect_params const& server,
    std::string sql)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, time);
    mysql::results answer;
    co_await query(ctx, c, server, sql, answer);
    co_return std::string(answer.rows().at(0).at(0).as_string());
}
//]

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

auto const at_work = "SELECT CAST(count(*) AS CHAR) FROM "
                     "information_schema.processlist "
                     "WHERE info = 'SELECT SLEEP(60)'";

//[group
asio::awaitable<void> work(
    asioctx::context ctx, mysql::connect_params const& server)
{
    mysql::any_connection c(co_await asio::this_coro::executor);
    co_await c.async_connect(server, bind_context(ctx));
    co_await ask(ctx, 60s, c, server, "SELECT SLEEP(60)");
}

asio::awaitable<void> serve(
    asioctx::context root,
    mysql::any_connection& c,
    mysql::connect_params const& server)
{
    auto [life, stop] = asioctx::with_cancel(root);
    co_await asioctx::with_task_group(
        life,
        [&](asioctx::task_group& requests) -> asio::awaitable<void>
        {
            for (int i = 0; i != 3; ++i)
                requests.spawn(work(requests.ctx(), server));
            while (co_await ask(root, 5s, c, server, at_work) != "3")
                co_await asioctx::async_sleep(root, 10ms);
            std::cout << "the server works on 3\n";
            stop(); // the shutdown
        });
}
//]

//[bare
// Without the clean-up.
asio::awaitable<std::string> run(
    asioctx::context parent,
    asioctx::duration time,
    mysql::any_connection& c,
    std::string sql)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, time);
    mysql::results answer;
    co_await c.async_execute(sql, answer, bind_context(ctx));
    co_return "done";
}
//]

asio::awaitable<void> show(asioctx::context root, std::string socket)
{
    mysql::connect_params server;
    server.server_address = mysql::unix_path{socket};
    server.username = "root";
    auto const ex = co_await asio::this_coro::executor;
    mysql::any_connection c(ex), bare(ex);
    co_await c.async_connect(server, bind_context(root));
    co_await bare.async_connect(server, bind_context(root));
    auto const count = [&]
    {
        return ask(root, 5s, c, server, at_work);
    };
    auto const tell = [&](char const* wanted) -> asio::awaitable<void>
    {
        // What was killed takes a moment to go.
        while (co_await count() != wanted)
            co_await asioctx::async_sleep(root, 10ms);
        std::cout << "the server works on " << wanted << '\n';
    };

    std::cout << co_await ask(root, 5s, c, server, "SELECT 'hello'") << '\n';
    auto const id = std::to_string(bare.connection_id().value());
    co_await try_to("bare", run(root, 100ms, bare, "SELECT SLEEP(60)"));
    // This waits for the answer to the first, and would take it for its own.
    co_await try_to("bare again", run(root, 100ms, bare, "SELECT 1"));
    co_await tell("1");
    co_await try_to("kill", run(root, 5s, c, "KILL " + id));
    co_await tell("0");

    co_await try_to("slow", ask(root, 100ms, c, server, "SELECT SLEEP(60)"));
    co_await tell("0");
    co_await try_to("again", ask(root, 5s, c, server, "SELECT 'hello'"));
    try
    {
        co_await serve(root, c, server);
    }
    catch (boost::system::system_error const& e)
    {
        std::cout << "stopped: " << e.code().message() << '\n';
    }
    co_await tell("0");
}

int main(int argc, char** argv)
{
    asio::io_context ioc;
    auto const socket = argc > 1 ? argv[1] : "/run/mysqld/mysqld.sock";
    asio::co_spawn(
        ioc,
        show(asioctx::background(ioc), socket),
        [](std::exception_ptr e)
        {
            if (e)
                std::rethrow_exception(e);
        });
    ioc.run();
}
