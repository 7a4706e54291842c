//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// PostgreSQL with libpq: a statement whose time is up is canceled on the
// server, too, and its connection is used again.

#include <asioctx.hpp>

#include <boost/asio.hpp>

#include <exception>
#include <iostream>
#include <string>

#include "libpq.hpp"

namespace asio = boost::asio;
using namespace std::chrono_literals;

//[ask
asio::awaitable<std::string> ask(
    asioctx::context parent, libpq::connection& c, std::string sql)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, 5s);
    auto const answer = co_await c.query(ctx, sql);
    co_return PQgetvalue(answer.get(), 0, 0);
}
//]

asio::awaitable<void> too_slow(asioctx::context parent, libpq::connection& c)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, 100ms);
    try
    {
        co_await c.query(ctx, "SELECT pg_sleep(60)");
    }
    catch (boost::system::system_error const& e)
    {
        std::cout << e.code().message() << '\n'
                  << c.last_error() << "the connection is "
                  << (c.usable() ? "usable" : "lost") << '\n';
    }
}

//[group
asio::awaitable<void> work(asioctx::context ctx, std::string where)
{
    libpq::connection c(co_await asio::this_coro::executor);
    co_await c.connect(ctx, where);
    co_await c.query(ctx, "SELECT pg_sleep(60)");
}

asio::awaitable<void> serve(
    asioctx::context root, libpq::connection& c, std::string where)
{
    auto const at_work = "SELECT count(*) FROM pg_stat_activity WHERE "
                         "query = 'SELECT pg_sleep(60)' AND state = 'active'";
    auto [server, stop] = asioctx::with_cancel(root);
    try
    {
        co_await asioctx::with_task_group(
            server,
            [&](asioctx::task_group& requests) -> asio::awaitable<void>
            {
                for (int i = 0; i != 3; ++i)
                    requests.spawn(work(requests.ctx(), where));
                while (co_await ask(root, c, at_work) != "3")
                    co_await asioctx::async_sleep(root, 10ms);
                std::cout << "the server works on 3\n";
                stop(); // the shutdown
            });
    }
    catch (boost::system::system_error const& e)
    {
        std::cout << e.code().message() << '\n';
    }
    std::cout << "the server works on " << co_await ask(root, c, at_work)
              << '\n';
}
//]

asio::awaitable<void> run(asioctx::context root, std::string where)
{
    libpq::connection c(co_await asio::this_coro::executor);
    {
        auto [ctx, cancel] = asioctx::with_timeout(root, 5s);
        co_await c.connect(ctx, where);
    }
    std::cout << co_await ask(root, c, "SELECT 'hello'") << '\n';
    co_await too_slow(root, c);
    std::cout << co_await ask(root, c, "SELECT 'hello again'") << '\n';
    co_await serve(root, c, where);
}

int main(int argc, char** argv)
{
    asio::io_context ioc;
    auto const host = std::string(argc > 1 ? argv[1] : "/run/postgresql");
    asio::co_spawn(
        ioc,
        run(asioctx::background(ioc), "user=postgres host=" + host),
        [](std::exception_ptr e)
        {
            if (e)
                std::rethrow_exception(e);
        });
    ioc.run();
}
