//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/detail/thread_memory.hpp>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ASIOCTX_SANITIZED
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ASIOCTX_SANITIZED
#endif

namespace asioctx::detail {
namespace {

// By size, in steps of what operator new aligns to.
class free_memory
{
public:
    static constexpr std::size_t step = __STDCPP_DEFAULT_NEW_ALIGNMENT__;
    static constexpr std::size_t largest = 1024;

    static constexpr std::size_t index_of(std::size_t size) noexcept
    {
        return (size + step - 1) / step;
    }

    void* take(std::size_t i) noexcept
    {
        auto* const p = first_[i];
        if (p)
            first_[i] = p->next;
        return p;
    }

    bool put(void* p, std::size_t i) noexcept
    {
        auto* const next = first_[i];
        auto const number = next ? next->number + 1 : 1;
        if (number > capacity_ && !may_grow()) [[unlikely]]
            return false;
        first_[i] = ::new (p) block{next, number};
        return true;
    }

    void clear() noexcept
    {
        for (std::size_t i = 0; i != sizes; ++i)
            while (void* const p = take(i))
                ::operator delete(p);
    }

    std::size_t size() const noexcept
    {
        std::size_t n = 0;
        for (auto const* p : first_)
            n += p ? p->number : 0;
        return n;
    }

private:
    struct block
    {
        block* next;
        std::size_t number; // of this and those behind it
    };

    // Frees it at the thread's end, after which nothing is kept.
    struct owner
    {
        ~owner()
        {
            self.capacity_ = 0;
            self.clear();
        }

        free_memory& self;
    };

    static constexpr std::size_t sizes = largest / step + 1;

    // Keeps nothing before it is sure to be freed at the thread's end, nor
    // after.
    ASIOCTX_COLD bool may_grow() noexcept
    {
        if (was_used_)
            return false;
        was_used_ = true;
        capacity_ = most;
        thread_local owner const at_exit{*this};
        static_cast<void>(at_exit);
        return capacity_ != 0;
    }

    // Of each size. A sanitizer is to see what is freed.
#if defined(ASIOCTX_SANITIZED)
    static constexpr std::size_t most = 0;
#else
    static constexpr std::size_t most = 64;
#endif

    block* first_[sizes] = {};
    std::size_t capacity_ = 0;
    bool was_used_ = false;
};

constinit thread_local free_memory kept;

} // namespace

void* thread_memory::allocate(std::size_t size)
{
    if (size > free_memory::largest)
        return ::operator new(size);
    auto const i = free_memory::index_of(size);
    void* const p = kept.take(i);
    return p ? p : ::operator new(i* free_memory::step);
}

void thread_memory::deallocate(void* p, std::size_t size) noexcept
{
    if (size > free_memory::largest
        || !kept.put(p, free_memory::index_of(size)))
        ::operator delete(p);
}

std::size_t thread_memory::free_blocks() noexcept
{
    return kept.size();
}

void thread_memory::clear() noexcept
{
    kept.clear();
}

} // namespace asioctx::detail
