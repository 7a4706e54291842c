//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx.hpp>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>

int main()
{
    asio::io_context ioc;
    auto [ctx, cancel] = asioctx::with_cancel(asioctx::background(ioc));
    asio::steady_timer timer(ioc, std::chrono::hours(1));
    bool canceled = false;
    timer.async_wait(asioctx::bind_context(
        ctx,
        [&canceled](asioctx::error_code ec)
        { canceled = ec == asioctx::errc::canceled; }));
    cancel();
    ioc.run();
    return canceled && ctx.done() ? 0 : 1;
}
