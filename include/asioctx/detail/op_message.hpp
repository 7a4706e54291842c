//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_OP_MESSAGE_HPP
#define ASIOCTX_DETAIL_OP_MESSAGE_HPP

#include <asioctx/config.hpp>

#include <asioctx/detail/reserved_memory.hpp>
#include <asioctx/detail/sync.hpp>

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace asioctx::detail {

// The memory of one message at a time. A strand makes two blocks of it, and the
// second may be freed when the operation has gone with its execution context:
// each holds the record's memory.
class op_memory
{
public:
    ASIOCTX_DECL void* allocate(std::size_t size);
    ASIOCTX_DECL void deallocate(void* p, std::size_t size) noexcept;

protected:
    ~op_memory() = default;

    // Gives up the record's hold on its memory. True if that was the last.
    bool let_go_of_memory() noexcept
    {
        return holds_.load(std::memory_order_acquire) == 1
            || holds_.fetch_sub(1, std::memory_order_acq_rel) == 1;
    }

private:
    virtual void free_memory() noexcept = 0;

    message_memory memory_;

    // By the record, and by each block of it.
    atomic<std::uint32_t> holds_{1};
};

// What is dispatched or posted for a bound operation.
class op_message
{
public:
    enum class kind : unsigned char
    {
        request,        // to where the operation is asked, or on the way there
        own_request,    // to the handler's executor, where it is asked
        completion,     // to where it completes, or on the way there
        own_completion, // to the handler's executor
    };

    using allocator_type = owner_allocator<void, op_memory>;

    // The memory is the operation's: see bound_op.
    op_message(op_memory& op, kind k) noexcept : op_(&op), kind_(k)
    {
    }

    op_message(op_message&& other) noexcept
        : op_(std::exchange(other.op_, nullptr)), kind_(other.kind_)
    {
    }

    ~op_message()
    {
        if (op_)
            dropped();
    }

    allocator_type get_allocator() const noexcept
    {
        return allocator_type(*op_);
    }

    // The executor that it is for has been copied: what is in the record may go.
    // False if there is nothing to send any more.
    [[nodiscard]] ASIOCTX_DECL bool depart() noexcept;

    ASIOCTX_DECL void operator()();

    // False once it was moved from.
    bool pending() const noexcept
    {
        return op_ != nullptr;
    }

private:
    ASIOCTX_DECL void dropped() noexcept;

    op_memory* op_;
    kind kind_;
};

} // namespace asioctx::detail

#endif
