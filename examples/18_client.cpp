//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// A client: one time limit for connecting and asking, connections that are used
// again, retries, and a second try beside a slow first.

#include <asioctx.hpp>

#include <boost/asio.hpp>

#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using asio::ip::tcp;
using asioctx::bind_context;
using namespace std::chrono_literals;

//[pool
// Connections to one server that wait to be used again. Not for several
// threads.
class pool
{
public:
    pool(std::string host, std::string port)
        : host_(std::move(host)), port_(std::move(port))
    {
    }

    // An idle connection, or a new one. All its steps share the time of ctx.
    asio::awaitable<tcp::socket> get(asioctx::context ctx)
    {
        if (!idle_.empty())
        {
            auto socket = std::move(idle_.back());
            idle_.pop_back();
            co_return socket;
        }
        auto const ex = co_await asio::this_coro::executor;
        tcp::resolver resolver(ex);
        auto const found = co_await resolver.async_resolve(
            host_, port_, asioctx::detach_on_cancel(ctx, asio::use_awaitable));
        tcp::socket socket(ex);
        co_await asio::async_connect(
            socket, found, bind_context(ctx, asio::use_awaitable));
        // TLS's async_handshake is bound in the same way, and belongs here.
        ++made;
        co_return socket;
    }

    void put(tcp::socket socket)
    {
        idle_.push_back(std::move(socket));
    }

    int made = 0;

private:
    std::string const host_, port_;
    std::vector<tcp::socket> idle_;
};
//]

//[ask
asio::awaitable<std::string> ask(
    asioctx::context ctx, pool& server, std::string question)
{
    auto socket = co_await server.get(ctx);
    std::string answer;
    co_await asio::async_write(
        socket, asio::buffer(question + '\n'), bind_context(ctx));
    co_await asio::async_read_until(
        socket, asio::dynamic_buffer(answer), '\n', bind_context(ctx));
    answer.pop_back();
    // Not reached if the answer is late: a connection that still owes one is
    // closed, and not used again.
    server.put(std::move(socket));
    co_return answer;
}
//]

//[retry
// Tries until one try succeeds, or the time of parent is up.
asio::awaitable<std::string> retry(
    asioctx::context parent, pool& server, std::string question)
{
    for (auto pause = 10ms;; pause *= 2)
    {
        auto [ctx, cancel] = asioctx::with_timeout(parent, 50ms);
        try
        {
            co_return co_await ask(ctx, server, question);
        }
        catch (boost::system::system_error const& e)
        {
            // Nobody waits any more: no further try.
            parent.throw_if_done();
            std::cout << "try again: " << e.code().message() << '\n';
        }
        co_await asioctx::async_sleep(parent, pause);
    }
}
//]

//[hedge
asio::awaitable<void> ask_after(
    asioctx::context ctx,
    asioctx::duration time,
    pool& server,
    std::string question,
    std::string& answer)
{
    co_await asioctx::async_sleep(ctx, time);
    answer = co_await ask(ctx, server, question);
}

// Asks a second time if there is no answer after 50 ms. The first answer
// counts, and cancels the other try.
asio::awaitable<std::string> hedge(
    asioctx::context parent, pool& server, std::string question)
{
    std::string first, second;
    co_await asioctx::with_task_group(
        parent,
        [&](asioctx::task_group& tries)
        {
            auto const ctx = tries.ctx();
            tries.spawn(ask_after(ctx, 0ms, server, question, first));
            tries.spawn(ask_after(ctx, 50ms, server, question, second));
        },
        asioctx::on_error::until_success);
    co_return first.empty() ? second : first;
}
//]

// A server that answers lines, but for the first "slow" of each two.
asio::awaitable<void> serve(tcp::socket socket, int& slow)
{
    for (std::string line;; line.clear())
    {
        co_await asio::async_read_until(
            socket, asio::dynamic_buffer(line), '\n', asio::use_awaitable);
        if (line == "never\n" || (line == "slow\n" && ++slow % 2 == 1))
            continue;
        line.insert(0, "re: ");
        co_await asio::async_write(
            socket, asio::buffer(line), asio::use_awaitable);
    }
}

asio::awaitable<void> listen(asioctx::context ctx, tcp::acceptor acceptor)
{
    int slow = 0;
    co_await asioctx::with_task_group(
        ctx,
        [&](asioctx::task_group& sessions) -> asio::awaitable<void>
        {
            for (;;)
                sessions.spawn(serve(
                    co_await acceptor.async_accept(bind_context(ctx)), slow));
        },
        asioctx::on_error::ignore);
}

asio::awaitable<void> run(
    asioctx::context root, std::string port, asioctx::cancel_source stop)
{
    pool server("127.0.0.1", port);
    for (auto const& question : {"one", "two"})
    {
        auto [ctx, cancel] = asioctx::with_timeout(root, 5s);
        std::cout << co_await ask(ctx, server, question) << '\n';
    }
    std::cout << "connections: " << server.made << '\n';

    std::cout << co_await retry(root, server, "slow") << '\n';
    std::cout << co_await hedge(root, server, "slow") << '\n';
    try
    {
        auto [ctx, cancel] = asioctx::with_timeout(root, 80ms);
        co_await retry(ctx, server, "never");
    }
    catch (boost::system::system_error const& e)
    {
        std::cout << "no answer: " << e.code().message() << '\n';
    }
    stop();
}

int main()
{
    asio::io_context ioc;
    auto [root, stop] = asioctx::with_cancel(asioctx::background(ioc));
    tcp::acceptor acceptor(ioc, {asio::ip::address_v4::loopback(), 0});
    auto const port = std::to_string(acceptor.local_endpoint().port());
    asio::co_spawn(ioc, listen(root, std::move(acceptor)), asio::detached);
    asio::co_spawn(ioc, run(root, port, std::move(stop)), asio::detached);
    ioc.run();
}
