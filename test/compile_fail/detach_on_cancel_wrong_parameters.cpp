// expect: asioctx::detach_on_cancel: the last argument is not a completion token
//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/detach_on_cancel.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <string>

int main()
{
    boost::asio::io_context ioc;
    boost::asio::steady_timer timer(ioc);
#ifdef ASIOCTX_EXPECT_PASS
    auto const handler = [](asioctx::error_code) {};
#else
    auto const handler = [](std::string) {};
#endif
    timer.async_wait(asioctx::detach_on_cancel(asioctx::background(), handler));
}
