//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/detail/op_message.hpp>

#include <asioctx/detail/bound_op.hpp>

namespace asioctx::detail {

void* op_memory::allocate(std::size_t size)
{
    void* p = memory_.try_allocate(size);
    if (!p)
        p = ::operator new(size);
    holds_.fetch_add(1, std::memory_order_relaxed);
    return p;
}

void op_memory::deallocate(void* p, std::size_t) noexcept
{
    if (!memory_.try_deallocate(p))
        ::operator delete(p);
    if (let_go_of_memory())
        free_memory();
}

bool op_message::depart() noexcept
{
    if (static_cast<bound_op&>(*op_).departs(kind_))
        return true;
    op_ = nullptr;
    return false;
}

void op_message::operator()()
{
    static_cast<bound_op&>(*std::exchange(op_, nullptr)).arrived(kind_);
}

void op_message::dropped() noexcept
{
    static_cast<bound_op&>(*op_).dropped(kind_);
}

} // namespace asioctx::detail
