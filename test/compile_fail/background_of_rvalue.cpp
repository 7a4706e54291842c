// expect: (no matching function for call to|cannot bind)
//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/context.hpp>

#include <boost/asio/io_context.hpp>

int main()
{
#ifdef ASIOCTX_EXPECT_PASS
    boost::asio::io_context ioc;
    auto const root = asioctx::background(ioc);
#else
    auto const root = asioctx::background(boost::asio::io_context());
#endif
}
