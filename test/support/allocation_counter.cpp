//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include "support/allocation_counter.hpp"

#include <asioctx/detail/thread_memory.hpp>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <limits>
#include <new>

#if defined(_WIN32)
#include <malloc.h>
#elif !defined(__GLIBC__)
#include <dlfcn.h>
#endif

namespace asioctx::test {
namespace {

constexpr auto unlimited = std::numeric_limits<std::size_t>::max();

thread_local std::size_t allocations = 0;
thread_local std::size_t allowed = unlimited;
thread_local bool fails_once = false;
std::atomic<std::ptrdiff_t> live{0};

// False if the allocation has to fail.
bool count_one() noexcept
{
    ++allocations;
    if (allowed == 0)
    {
        if (fails_once)
            allowed = unlimited;
        return false;
    }
    if (allowed != unlimited)
        --allowed;
    return true;
}

#if defined(_WIN32)

void* aligned(std::size_t align, std::size_t size) noexcept
{
    return ::_aligned_malloc(size, align);
}

void free_aligned(void* p) noexcept
{
    ::_aligned_free(p);
}

#else

void* aligned(std::size_t align, std::size_t size) noexcept
{
#if !defined(__GLIBC__)
    // musl's posix_memalign() calls the function of below.
    static auto const of_system = reinterpret_cast<decltype(&::aligned_alloc)>(
        ::dlsym(RTLD_NEXT, "aligned_alloc"));
    return of_system(align, size);
#else
    void* p = nullptr;
    return ::posix_memalign(&p, align, size) == 0 ? p : nullptr;
#endif
}

void free_aligned(void* p) noexcept
{
    std::free(p);
}

#endif

void* allocate(std::size_t align, std::size_t size) noexcept
{
    if (align < sizeof(void*))
        align = sizeof(void*);
    return count_one() ? aligned(align, size ? size : 1) : nullptr;
}

void* new_object(std::size_t size, std::size_t align) noexcept
{
    void* const p = allocate(align, size);
    if (p)
        live.fetch_add(1, std::memory_order_relaxed);
    return p;
}

void delete_object(void* p) noexcept
{
    if (p)
        live.fetch_sub(1, std::memory_order_relaxed);
    free_aligned(p);
}

void* new_or_throw(std::size_t size, std::size_t align)
{
    if (void* const p = new_object(size, align))
        return p;
    throw std::bad_alloc();
}

} // namespace

allocation_counter::allocation_counter() noexcept : start_(allocations)
{
}

std::size_t allocation_counter::count() const noexcept
{
    return allocations - start_;
}

std::ptrdiff_t live_objects() noexcept
{
    return live.load(std::memory_order_relaxed)
        - static_cast<std::ptrdiff_t>(detail::thread_memory::free_blocks());
}

failing_allocations::failing_allocations(
    std::size_t succeeding, extent e) noexcept
{
    allowed = succeeding;
    fails_once = e == extent::one;
}

failing_allocations::~failing_allocations()
{
    allowed = unlimited;
}

} // namespace asioctx::test

// The forms for arrays and for sizes call these.

void* operator new(std::size_t size)
{
    return asioctx::test::new_or_throw(size, alignof(std::max_align_t));
}

void* operator new(std::size_t size, std::nothrow_t const&) noexcept
{
    return asioctx::test::new_object(size, alignof(std::max_align_t));
}

void* operator new(std::size_t size, std::align_val_t align)
{
    return asioctx::test::new_or_throw(size, static_cast<std::size_t>(align));
}

void operator delete(void* p) noexcept
{
    asioctx::test::delete_object(p);
}

void operator delete(void* p, std::size_t) noexcept
{
    asioctx::test::delete_object(p);
}

void operator delete(void* p, std::align_val_t) noexcept
{
    asioctx::test::delete_object(p);
}

void operator delete(void* p, std::size_t, std::align_val_t) noexcept
{
    asioctx::test::delete_object(p);
}

// In place of the C library's. Windows has none.
#if !defined(_WIN32)
extern "C" void* aligned_alloc(std::size_t align, std::size_t size) noexcept(
    noexcept(::aligned_alloc(align, size)))
{
    void* const p = asioctx::test::allocate(align, size);
    if (!p)
        errno = ENOMEM; // musl's posix_memalign() would have succeeded else
    return p;
}
#endif
