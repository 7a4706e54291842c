//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//
// P14: a coroutine that reads once, and the same with the read bound to a
// context, for bench/compile_cost.py to compile.

#if defined(BOUND)
#include <asioctx/bind_context.hpp>
#include <asioctx/deadline.hpp>
#endif

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>

namespace asio = boost::asio;

asio::awaitable<void> read(asio::io_context& ioc)
{
    asio::ip::tcp::socket socket(ioc, asio::ip::tcp::v4());
    char data[64];
#if defined(BOUND)
    auto const [ctx, cancel] = asioctx::with_timeout(
        asioctx::background(ioc), std::chrono::seconds(1));
    co_await socket.async_read_some(
        asio::buffer(data), asioctx::bind_context(ctx, asio::use_awaitable));
#else
    co_await socket.async_read_some(asio::buffer(data), asio::use_awaitable);
#endif
}

int main()
{
    asio::io_context ioc;
    asio::co_spawn(ioc, read(ioc), asio::detached);
    ioc.run();
}
