// expect: (ignoring return(ed)? value|nodiscard)
//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/deadline.hpp>

#include <boost/asio/io_context.hpp>

int main()
{
    boost::asio::io_context ioc;
#ifdef ASIOCTX_EXPECT_PASS
    auto const c =
#endif
        asioctx::with_timeout(
            asioctx::background(ioc), std::chrono::seconds(1));
}
