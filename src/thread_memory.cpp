//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/detail/thread_memory.hpp>

#include <algorithm>
#include <cstddef>
#include <new>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ASIOCTX_SANITIZED
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ASIOCTX_SANITIZED
#endif

namespace asioctx::detail {
namespace {

// By size, in steps of what operator new aligns to, or of two words.
class free_memory
{
public:
    static constexpr std::size_t step = (std::max)(
        std::size_t(__STDCPP_DEFAULT_NEW_ALIGNMENT__), 2 * sizeof(void*));
    static constexpr std::size_t largest = 1024;

    // Of each size. A sanitizer is to see what is freed. MinGW frees what is
    // thread_local before it calls a destructor that is.
#if defined(ASIOCTX_SANITIZED) || defined(__MINGW32__)
    static constexpr std::size_t most = 0;
#else
    static constexpr std::size_t most = 64;
#endif

    // It keeps so many of each size.
    constexpr explicit free_memory(std::size_t capacity) noexcept
        : capacity_(capacity)
    {
    }

    free_memory(free_memory const&) = delete;
    free_memory& operator=(free_memory const&) = delete;

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
        if (number > capacity_) [[unlikely]]
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

    static constexpr std::size_t sizes = largest / step + 1;

    block* first_[sizes] = {};
    std::size_t const capacity_;
};

// Of a thread that has freed nothing yet, and of one that is about to end.
// Nothing is ever in it.
constinit free_memory none(0);

static constinit thread_local free_memory* kept = &none;

// Frees it at the thread's end, after which nothing is kept.
struct owner
{
    ~owner()
    {
        kept = &none;
        mine->clear();
        delete mine;
    }

    free_memory* const mine;
};

// There is no room for it.
ASIOCTX_COLD void free_or_begin_to_keep(void* p, std::size_t i) noexcept
{
    static constinit thread_local bool has_begun = false;
    if (free_memory::most != 0 && !has_begun)
        if (auto* const mine =
                new (std::nothrow) free_memory(free_memory::most))
        {
            has_begun = true;
            thread_local owner const at_exit{mine};
            kept = at_exit.mine;
            kept->put(p, i);
            return;
        }
    ::operator delete(p);
}

} // namespace

void* thread_memory::allocate(std::size_t size)
{
    if (size > free_memory::largest)
        return ::operator new(size);
    auto const i = free_memory::index_of(size);
    void* const p = kept->take(i);
    return p ? p : ::operator new(i* free_memory::step);
}

void thread_memory::deallocate(void* p, std::size_t size) noexcept
{
    if (size > free_memory::largest)
        return ::operator delete(p);
    auto const i = free_memory::index_of(size);
    if (!kept->put(p, i)) [[unlikely]]
        free_or_begin_to_keep(p, i);
}

std::size_t thread_memory::free_blocks() noexcept
{
    return kept->size();
}

void thread_memory::clear() noexcept
{
    kept->clear();
}

} // namespace asioctx::detail
