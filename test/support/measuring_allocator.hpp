//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TEST_SUPPORT_MEASURING_ALLOCATOR_HPP
#define ASIOCTX_TEST_SUPPORT_MEASURING_ALLOCATOR_HPP

#include <cstddef>
#include <new>

namespace asioctx::test {

// What was asked of a measuring_allocator.
struct memory_use
{
    int allocations = 0; // so far
    int blocks = 0;      // at present
};

// An allocator that keeps count of its blocks.
template <class T = void>
class measuring_allocator
{
public:
    using value_type = T;

    explicit measuring_allocator(memory_use& use) noexcept : use_(&use)
    {
    }

    template <class U>
    measuring_allocator(measuring_allocator<U> const& other) noexcept
        : use_(other.use())
    {
    }

    T* allocate(std::size_t n)
    {
        auto* const p = static_cast<T*>(::operator new(n * sizeof(T)));
        ++use_->allocations;
        ++use_->blocks;
        return p;
    }

    void deallocate(T* p, std::size_t) noexcept
    {
        --use_->blocks;
        ::operator delete(p);
    }

    memory_use* use() const noexcept
    {
        return use_;
    }

    template <class U>
    bool operator==(measuring_allocator<U> const& other) const noexcept
    {
        return use_ == other.use();
    }

private:
    memory_use* use_;
};

} // namespace asioctx::test

#endif
