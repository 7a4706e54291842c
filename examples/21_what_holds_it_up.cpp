//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// A shutdown that hangs, and what report_stuck() and dump() say about it.

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/dump.hpp>
#include <asioctx/report_stuck.hpp>
#include <asioctx/task_group.hpp>
#include <asioctx/with_name.hpp>

#include <asioctx/testing/manual_clock.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <functional>
#include <iostream>
#include <memory>
#include <utility>

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto ignore = [](auto const&...) {
};

// Stands for an operation of a library that knows nothing of cancellation.
struct ask_old_library
{
    template <class Handler>
    void operator()(Handler handler, std::function<void()>* answer) const
    {
        *answer = [h = std::make_shared<Handler>(std::move(handler))]
        {
            std::move (*h)(asioctx::error_code());
        };
    }
};

template <class Token>
auto async_ask_old_library(std::function<void()>& answer, Token&& token)
{
    return asio::async_initiate<Token, void(asioctx::error_code)>(
        ask_old_library(), token, &answer);
}

int main()
{
    asio::io_context ioc;
    asioctx::testing::manual_clock clock(ioc); // not to wait for so long
    auto const root = asioctx::background(ioc);

    //[report
    auto const reporter = asioctx::report_stuck(root, std::cout);
    //]

    auto const server = asioctx::with_cancel(with_name(root, "server"));
    auto const grace = asioctx::with_grace(server.ctx, 10s);
    auto const request =
        asioctx::with_timeout(with_name(grace.ctx, "GET /report"), 90s);

    // Two that do not end.
    std::function<void()> answer;
    async_ask_old_library(answer, asioctx::bind_context(server.ctx, ignore));
    asio::io_context blocked; // an executor that nobody runs
    asio::steady_timer timer(blocked, 1h);
    timer.async_wait(asioctx::bind_context(server.ctx, ignore));

    // Two that may go on until the grace is over.
    asio::steady_timer one(ioc, 1h), two(ioc, 1h);
    asioctx::task_group group(ioc, request.ctx, 1);
    group.spawn([&](auto token) { one.async_wait(std::move(token)); });
    group.spawn([&](auto token) { two.async_wait(std::move(token)); });
    auto const go_on = [&](std::chrono::seconds time)
    {
        for (; time != 0s; time -= 1s)
        {
            clock.advance(1s);
            ioc.restart();
            ioc.poll();
        }
    };
    go_on(60s);

    server.cancel();
    go_on(3s);

    //[dump
    std::cout << '\n';
    dump(std::cout, root);
    //]

    // What holds it up ends after all.
    answer();
    blocked.poll();
    std::cout << '\n';
    go_on(3s);
    ioc.restart();
    request.cancel();
    ioc.run();
}
