//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TEST_SUPPORT_IMMEDIATE_EXECUTOR_HPP
#define ASIOCTX_TEST_SUPPORT_IMMEDIATE_EXECUTOR_HPP

#include <boost/asio/execution/blocking.hpp>

#include <utility>

namespace asioctx::test {

// Runs functions where they are given to it, as asio::inline_executor does, and
// cannot be asked not to.
struct immediate_executor
{
    static constexpr auto query(boost::asio::execution::blocking_t) noexcept
    {
        return boost::asio::execution::blocking.always;
    }

    template <class F>
    void execute(F&& f) const
    {
        std::forward<F>(f)();
    }

    bool operator==(immediate_executor const&) const noexcept = default;
};

} // namespace asioctx::test

#endif
