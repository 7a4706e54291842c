//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/detail/step_executor.hpp>

#include <asioctx/detail/executor_target.hpp>

#include <new>

namespace asioctx::detail {

template <class Polymorphic>
Polymorphic steps_on(
    bound_op& op, Polymorphic const& ex, bool is_home) noexcept
{
    Polymorphic result;
    visit_executor(
        ex,
        [&]<class Ex>(Ex const& e)
        {
            if (is_strand<Ex> && is_home)
            {
                op.steps_on_strand();
                result = ex;
            }
            else
            {
                // A large one is on the heap.
                result = Polymorphic(std::nothrow,
                    step_executor<Ex>(op.steps_begin(), e));
            }
        });
    if (result)
        return result;
    op.steps_unguarded();
    return ex;
}

template asio::any_io_executor steps_on(
    bound_op& op, asio::any_io_executor const& ex, bool is_home) noexcept;
template asio::any_completion_executor steps_on(bound_op& op,
    asio::any_completion_executor const& ex, bool is_home) noexcept;

} // namespace asioctx::detail
