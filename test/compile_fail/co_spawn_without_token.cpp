// expect: (nodiscard|unused)
// lines: 20
//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

namespace {

boost::asio::awaitable<void> work()
{
    co_return;
}

} // namespace

int main()
{
    boost::asio::io_context ioc;
    auto const ctx = asioctx::with_cancel(asioctx::background(ioc));
#ifdef ASIOCTX_EXPECT_PASS
    co_spawn(
        ioc, work(), asioctx::bind_context(ctx.ctx, boost::asio::detached));
#else
    co_spawn(ioc, work(), asioctx::bind_context(ctx.ctx)); // starts nothing
#endif
}
