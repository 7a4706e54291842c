// expect: asioctx::hedge: the operation must be a function object
// lines: 20
//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/hedge.hpp>

#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

int main()
{
    boost::asio::io_context ioc;
    boost::asio::steady_timer timer(ioc);
    asioctx::hedge(
        asioctx::background(ioc),
        std::chrono::seconds(1),
#ifdef ASIOCTX_EXPECT_PASS
        [&](asioctx::context)
        { return timer.async_wait(boost::asio::deferred); },
#else
        [&](asioctx::context)
        { return boost::asio::post(ioc, boost::asio::deferred); },
#endif
        [](asioctx::error_code) {});
}
