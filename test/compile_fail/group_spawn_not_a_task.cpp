// expect: the task must be a function object
// lines: 20
//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/context.hpp>
#include <asioctx/task_group.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

namespace {

boost::asio::awaitable<void> work(int)
{
    co_return;
}

} // namespace

int main()
{
    boost::asio::io_context ioc;
    asioctx::task_group group(asioctx::background(ioc));
#ifdef ASIOCTX_EXPECT_PASS
    group.spawn([] { return work(1); });
#else
    group.spawn(work);
#endif
}
