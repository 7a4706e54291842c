//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/detail/execution_context_gate.hpp>

namespace asioctx::detail {

void execution_context_gate::close() noexcept
{
    state_.fetch_or(closed, std::memory_order_relaxed);
    for (backoff wait; state_.load(std::memory_order_acquire) != closed;)
        wait();
}

} // namespace asioctx::detail
