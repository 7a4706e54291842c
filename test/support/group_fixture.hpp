//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TEST_SUPPORT_GROUP_FIXTURE_HPP
#define ASIOCTX_TEST_SUPPORT_GROUP_FIXTURE_HPP

#include <asioctx/task_group.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

#include "support/bound_fixture.hpp"
#include "support/outcome.hpp"

namespace asioctx::test {

// What async_join, or another operation that ends with an exception, has told.
struct joined
{
    int calls = 0;
    std::exception_ptr exception;

    auto handler()
    {
        return [this](std::exception_ptr e)
        {
            ++calls;
            exception = std::move(e);
        };
    }

    bool failed_with(std::string const& what) const
    {
        try
        {
            if (exception)
                std::rethrow_exception(exception);
        }
        catch (std::runtime_error const& e)
        {
            return calls == 1 && e.what() == what;
        }
        return false;
    }

    bool succeeded() const
    {
        return calls == 1 && !exception;
    }

    error_code code() const
    {
        return code_of(exception);
    }
};

// For tests of groups of tasks.
struct group_fixture : timers_fixture
{
    joined join;

    asio::awaitable<void> wait()
    {
        co_await never.async_wait(asio::use_awaitable);
    }

    asio::awaitable<void> nothing()
    {
        co_return;
    }

    asio::awaitable<void> lost()
    {
        throw std::runtime_error("lost");
        co_return;
    }

    void start_join(task_group& g)
    {
        g.async_join(join.handler());
    }
};

} // namespace asioctx::test

#endif
