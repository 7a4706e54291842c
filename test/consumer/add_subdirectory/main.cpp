//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>

#if defined(BOOST_ASIO_SEPARATE_COMPILATION)
#include <boost/asio/impl/src.hpp>
#endif

namespace asio = boost::asio;

namespace {

asio::awaitable<void> wait(asioctx::context ctx)
{
    asio::steady_timer timer(
        co_await asio::this_coro::executor, std::chrono::hours(1));
    co_await timer.async_wait(asioctx::bind_context(ctx, asio::use_awaitable));
}

} // namespace

// In place, through a polymorphic executor, in a coroutine, and by a deadline,
// for which the library has the first timer.
int main()
{
    asio::io_context ioc;
    auto d = asioctx::with_timeout(
        asioctx::background(ioc), std::chrono::milliseconds(1));
    auto c = asioctx::with_cancel(asioctx::background(ioc));
    int canceled = 0;
    auto const count = [&canceled](asioctx::error_code ec)
    {
        canceled += ec == asioctx::errc::canceled;
    };

    asio::any_io_executor const strand = asio::make_strand(ioc);
    asio::steady_timer one(ioc, std::chrono::hours(1));
    asio::steady_timer two(strand, std::chrono::hours(1));
    one.async_wait(asioctx::bind_context(c.ctx, count));
    two.async_wait(
        asioctx::bind_context(c.ctx, asio::bind_executor(strand, count)));
    asio::co_spawn(
        strand,
        wait(c.ctx),
        [&canceled](std::exception_ptr e) { canceled += e != nullptr; });
    asio::post(ioc, [&c] { c.cancel(); });

    bool late = false;
    asio::steady_timer three(ioc, std::chrono::hours(1));
    three.async_wait(asioctx::bind_context(
        d.ctx,
        [&late](asioctx::error_code ec)
        { late = ec == asioctx::errc::deadline_exceeded; }));
    ioc.run();
    return canceled == 3 && late ? 0 : 1;
}
