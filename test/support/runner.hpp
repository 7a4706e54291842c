//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TEST_SUPPORT_RUNNER_HPP
#define ASIOCTX_TEST_SUPPORT_RUNNER_HPP

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <thread>
#include <vector>

namespace race {

// Runs an io_context on some threads while it exists.
class runner
{
public:
    explicit runner(boost::asio::io_context& ioc, int threads = 1)
        : work_(ioc.get_executor())
    {
        for (int i = 0; i < threads; ++i)
            threads_.emplace_back([&ioc] { ioc.run(); });
    }

    ~runner()
    {
        work_.reset();
        for (auto& t : threads_)
            t.join();
    }

private:
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type>
        work_;
    std::vector<std::thread> threads_;
};

} // namespace race

#endif
