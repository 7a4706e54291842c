// expect: asioctx::bind_context: the last argument is not a completion token
//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/bind_context.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

int main()
{
    boost::asio::io_context ioc;
    boost::asio::steady_timer timer(ioc);
#ifdef ASIOCTX_EXPECT_PASS
    timer.async_wait(asioctx::bind_context(
        asioctx::background(), [](asioctx::error_code) {}));
#else
    timer.async_wait(asioctx::bind_context(asioctx::background(), 42));
#endif
}
