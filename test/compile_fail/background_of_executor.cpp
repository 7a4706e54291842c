// expect: the root is that of an execution context
// lines: 15
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
    boost::asio::io_context ioc;
#ifdef ASIOCTX_EXPECT_PASS
    auto const root = asioctx::background(ioc);
#else
    auto const root = asioctx::background(ioc.get_executor());
#endif
}
