//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_EXECUTION_CONTEXT_GATE_HPP
#define ASIOCTX_DETAIL_EXECUTION_CONTEXT_GATE_HPP

#include <asioctx/config.hpp>

#include <asioctx/detail/sync.hpp>

#include <cstdint>

namespace asioctx::detail {

// Holds up the shutdown of an execution context while other threads dispatch
// something to it, and turns them away from then on.
class execution_context_gate
{
public:
    bool enter() noexcept
    {
        if ((state_.fetch_add(visitor, std::memory_order_acquire) & closed)
            == 0) [[likely]]
            return true;
        leave();
        return false;
    }

    void leave() noexcept
    {
        state_.fetch_sub(visitor, std::memory_order_release);
    }

    // Waits until all have left.
    ASIOCTX_DECL void close() noexcept;

private:
    static constexpr std::uint32_t closed = 1;
    static constexpr std::uint32_t visitor = 2;

    atomic<std::uint32_t> state_{0};
};

} // namespace asioctx::detail

#endif
