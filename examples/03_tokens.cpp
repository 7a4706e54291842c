//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// An operation is bound to a context by its completion token, whatever that is.

#include <asioctx.hpp>

#include <boost/asio.hpp>

#include <future>
#include <iostream>

namespace asio = boost::asio;
using asioctx::bind_context;
using asioctx::error_code;
using namespace std::chrono_literals;

void show(char const* token, error_code ec)
{
    std::cout << token << ": " << ec.message() << '\n';
}

void show(char const* token, std::future<void>& future)
{
    try
    {
        future.get();
    }
    catch (boost::system::system_error const& e)
    {
        show(token, e.code());
    }
}

//[tokens
asio::awaitable<void> wait(asioctx::context ctx, asio::steady_timer& timer)
{
    auto [ec1] = co_await timer.async_wait(
        bind_context(ctx, asio::as_tuple(asio::use_awaitable)));
    show("as_tuple", ec1);

    // The context is done by now. What is bound to it is not even started.
    error_code ec2;
    co_await timer.async_wait(
        bind_context(ctx, asio::redirect_error(asio::use_awaitable, ec2)));
    show("redirect_error", ec2);

    auto operation = timer.async_wait(bind_context(ctx, asio::deferred));
    std::move(operation)([](error_code ec) { show("deferred", ec); });

    // Without a token: the default one of the operation, or else deferred.
    co_await timer.async_wait(bind_context(ctx)); // throws
}

int main()
{
    asio::io_context ioc;
    asio::steady_timer timer(ioc, 1h);
    auto [ctx, cancel] = asioctx::with_timeout(asioctx::background(ioc), 20ms);

    timer.async_wait(
        bind_context(ctx, [](error_code ec) { show("callback", ec); }));
    auto f1 = timer.async_wait(bind_context(ctx, asio::use_future));
    // A whole coroutine. It knows nothing of contexts itself.
    auto f2 = asio::co_spawn(
        ioc,
        timer.async_wait(asio::use_awaitable),
        bind_context(ctx, asio::use_future));
    auto f3 = asio::co_spawn(ioc, wait(ctx, timer), asio::use_future);
    ioc.run();

    show("use_future", f1);
    show("a whole coroutine", f2);
    show("no token", f3);
}
//]
