//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Pages are fetched, two at a time; one that is missing cancels the others.

#include <asioctx.hpp>

#include <boost/asio.hpp>

#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;

// Stands for a request to a server.
asio::awaitable<void> fetch(std::string page, std::chrono::milliseconds time)
{
    if (page == "missing")
        throw std::runtime_error("there is no page \"" + page + '"');
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(asio::use_awaitable);
    std::cout << "  " << page << " has arrived\n";
}

//[fetch_all
asio::awaitable<void> fetch_all(
    asioctx::context ctx, std::vector<std::string> pages)
{
    co_await asioctx::with_task_group(
        ctx,
        [&](asioctx::task_group& group)
        {
            auto time = 10ms;
            for (auto const& page : pages)
                group.spawn(fetch(page, time *= 2));
        },
        2);
}
//]

asio::awaitable<void> run(asioctx::context ctx)
{
    std::cout << "all are there\n";
    std::vector<std::string> pages{"start", "news", "contact"};
    co_await fetch_all(ctx, pages);

    std::cout << "one is not\n";
    try
    {
        pages.front() = "missing";
        co_await fetch_all(ctx, pages);
    }
    catch (std::runtime_error const& e)
    {
        std::cout << "failed: " << e.what() << '\n';
    }
}

int main()
{
    asio::io_context ioc;
    auto const root = asioctx::background(ioc);
    asio::co_spawn(ioc, run(root), asioctx::bind_context(root, asio::detached));
    ioc.run();

    // A group can be looked at, to find out what holds up a shutdown.
    asioctx::task_group group(root);
    asio::steady_timer never(ioc, asio::steady_timer::time_point::max());
    group.spawn(never.async_wait(asio::deferred));
    for (auto const& task : group.report().pending)
        std::cout << "line " << task.at.line() << " has not ended\n";
    group.cancel();
    group.async_join([](std::exception_ptr) { std::cout << "now it has\n"; });
    ioc.restart();
    ioc.run();
    std::cout << group.report().aborted << " task was aborted\n";
}
