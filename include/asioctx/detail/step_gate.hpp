//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_STEP_GATE_HPP
#define ASIOCTX_DETAIL_STEP_GATE_HPP

#include <asioctx/config.hpp>

#include <asioctx/detail/sync.hpp>

#include <cstdint>
#include <mutex>

namespace asioctx::detail {

class bound_op_base;

// Where functions that run on an operation's executor enter its turns. Such a
// function need not hold the operation's handler, and so may outlive the record:
// that of a timer beside a read, say. A gate is never freed, but used again for
// another operation, with another number.
class step_gate
{
public:
    // What a function enters with: it is good for one operation.
    struct ticket
    {
        step_gate* gate = nullptr;
        std::uint64_t number = 0;

        friend bool operator==(ticket const&, ticket const&) = default;
    };

    // Opens a gate for an operation. Throws std::bad_alloc.
    ASIOCTX_DECL static ticket open(bound_op_base& op);

    // The operation ends: nobody enters any more.
    ASIOCTX_DECL void close() noexcept;

    // Calls enter(operation) until it does not return false, with the mutex held
    // so that the record stays. Not if the ticket is no longer good.
    template <class Enter>
    static void pass(ticket const& t, Enter enter) noexcept
    {
        auto const try_once = [&]
        {
            std::lock_guard const lock(t.gate->mutex_);
            return t.number != t.gate->number_ || enter(*t.gate->op_);
        };
        for (backoff wait; !try_once();)
            wait();
    }

private:
    struct pool;

    spin_mutex mutex_; // guards the number and the operation
    std::uint64_t number_ = 0;
    bound_op_base* op_ = nullptr;
    step_gate* next_free_ = nullptr; // guarded by the pool
};

} // namespace asioctx::detail

#endif
