//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_THREAD_MEMORY_HPP
#define ASIOCTX_DETAIL_THREAD_MEMORY_HPP

#include <asioctx/config.hpp>

#include <cstddef>
#include <new>

namespace asioctx::detail {

// The memory of contexts and of records whose handlers bring no allocator. A
// thread keeps some of what it frees for what it makes next.
struct thread_memory
{
    ASIOCTX_DECL static void* allocate(std::size_t size);
    ASIOCTX_DECL static void deallocate(void* p, std::size_t size) noexcept;

    // How much the calling thread keeps at present, in blocks.
    ASIOCTX_DECL static std::size_t free_blocks() noexcept;

    // Frees it.
    ASIOCTX_DECL static void clear() noexcept;
};

template <class T>
class thread_allocator
{
public:
    using value_type = T;

    thread_allocator() = default;

    template <class U>
    thread_allocator(thread_allocator<U> const&) noexcept
    {
    }

    T* allocate(std::size_t n)
    {
        if constexpr (is_over_aligned())
            return static_cast<T*>(
                ::operator new(n * sizeof(T), std::align_val_t(alignof(T))));
        else
            return static_cast<T*>(thread_memory::allocate(size_of(n)));
    }

    void deallocate(T* p, std::size_t n) noexcept
    {
        if constexpr (is_over_aligned())
            ::operator delete(p, std::align_val_t(alignof(T)));
        else
            thread_memory::deallocate(p, size_of(n));
    }

    template <class U>
    bool operator==(thread_allocator<U> const&) const noexcept
    {
        return true;
    }

private:
    // Also of none: what is kept has room for a few words.
    static constexpr std::size_t size_of(std::size_t n) noexcept
    {
        return (n != 0 ? n : 1) * sizeof(T);
    }

    static constexpr bool is_over_aligned() noexcept
    {
        return alignof(T) > __STDCPP_DEFAULT_NEW_ALIGNMENT__;
    }
};

} // namespace asioctx::detail

#endif
