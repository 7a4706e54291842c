//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TEST_SUPPORT_ALLOCATION_COUNTER_HPP
#define ASIOCTX_TEST_SUPPORT_ALLOCATION_COUNTER_HPP

#include <cstddef>

namespace asioctx::test {

// Counts what the calling thread allocates from now on, with operator new or
// with std::aligned_alloc, which Asio uses for its handlers.
class allocation_counter
{
public:
    allocation_counter() noexcept;

    std::size_t count() const noexcept;

private:
    std::size_t const start_;
};

// The number of objects that all threads have allocated with operator new and
// not deleted yet, without what the calling thread keeps for new contexts.
std::ptrdiff_t live_objects() noexcept;

// Lets the calling thread's allocations fail, after the first few: all of them,
// or the next one.
class failing_allocations
{
public:
    enum class extent
    {
        all,
        one,
    };

    explicit failing_allocations(
        std::size_t succeeding = 0, extent e = extent::all) noexcept;
    failing_allocations(failing_allocations const&) = delete;
    failing_allocations& operator=(failing_allocations const&) = delete;
    ~failing_allocations();
};

} // namespace asioctx::test

#endif
