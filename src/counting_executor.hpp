//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_SRC_COUNTING_EXECUTOR_HPP
#define ASIOCTX_SRC_COUNTING_EXECUTOR_HPP

#include <asioctx/config.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

namespace asioctx::detail {

// Calls a function with the executor of Asio that an executor holds, if it is
// one whose count of work can be moved. False if it is not.
template <class F>
bool with_counting_executor(asio::any_io_executor const& ex, F&& f)
{
#if !defined(BOOST_ASIO_NO_TS_EXECUTORS)
    if (auto const* const e = ex.target<asio::io_context::executor_type>())
        return f(*e), true;
    if (auto const* const e = ex.target<asio::thread_pool::executor_type>())
        return f(*e), true;
#else
    static_cast<void>(ex);
    static_cast<void>(f);
#endif
    return false;
}

} // namespace asioctx::detail

#endif
