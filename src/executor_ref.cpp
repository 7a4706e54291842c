//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/detail/executor_ref.hpp>

#include <asioctx/detail/executor_target.hpp>

namespace asioctx::detail {

// The executor itself, if what it holds is not a usual one. The generic
// constructor would have it call this one.
executor_ref::executor_ref(asio::any_io_executor const& ex) noexcept
{
    auto const refer = [this]<class Ex>(Ex const& e)
    {
        executor_ = &e;
        functions_ = &functions_of<Ex>;
    };
    visit_executor(ex, refer);
}

executor_ref::executor_ref(asio::any_completion_executor const& ex) noexcept
{
    auto const refer = [this]<class Ex>(Ex const& e)
    {
        executor_ = &e;
        functions_ = &functions_of<Ex>;
    };
    visit_executor(ex, refer);
}

} // namespace asioctx::detail
