//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//
// That Boost.Cobalt's tokens can be bound. It is compiled, not run: Cobalt is
// a library of its own.

#include <asioctx/bind_context.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/cobalt/op.hpp>
#include <boost/cobalt/promise.hpp>
#include <boost/cobalt/task.hpp>
#include <boost/cobalt/this_coro.hpp>

#include <array>
#include <chrono>
#include <cstddef>

namespace asioctx::test {

namespace cobalt = boost::cobalt;

cobalt::task<void> wait(context ctx);
cobalt::promise<std::size_t> read(context ctx, asio::ip::tcp::socket& socket);

cobalt::task<void> wait(context ctx)
{
    asio::steady_timer timer(
        co_await cobalt::this_coro::executor, std::chrono::hours(1));
    co_await timer.async_wait(bind_context(ctx, cobalt::use_op));
}

cobalt::promise<std::size_t> read(context ctx, asio::ip::tcp::socket& socket)
{
    std::array<char, 64> data;
    co_return co_await asio::async_read(
        socket, asio::buffer(data), bind_context(ctx, cobalt::use_op));
}

} // namespace asioctx::test
