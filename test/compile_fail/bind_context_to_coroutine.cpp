// expect: asioctx::bind_context: the last argument is a coroutine
//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/bind_context.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

boost::asio::awaitable<void> work(asioctx::context ctx);

int main()
{
    asioctx::context const ctx;
#ifdef ASIOCTX_EXPECT_PASS
    auto const bound = asioctx::bind_context(ctx, boost::asio::use_awaitable);
#else
    auto const bound = asioctx::bind_context(ctx, work(ctx));
#endif
}
