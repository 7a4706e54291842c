//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/detail/thread_memory.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "support/allocation_counter.hpp"
#include "support/sanitized.hpp"

using namespace asioctx;
using namespace asioctx::test;
using detail::thread_allocator;
using detail::thread_memory;

namespace {

struct fixture
{
    fixture()
    {
        thread_memory::clear();
    }
};

constexpr std::size_t most = threads_keep_memory ? 64 : 0;

} // namespace

BOOST_FIXTURE_TEST_SUITE(test_thread_memory, fixture)

BOOST_AUTO_TEST_CASE(what_is_freed_is_used_again)
{
    void* const p = thread_memory::allocate(200);
    thread_memory::deallocate(p, 200);
    allocation_counter const counter;
    void* const q = thread_memory::allocate(208);
    BOOST_TEST(counter.count() == (threads_keep_memory ? 0u : 1u));
    thread_memory::deallocate(q, 208);
}

BOOST_AUTO_TEST_CASE(sizes_do_not_mix)
{
    thread_memory::deallocate(thread_memory::allocate(16), 16);
    allocation_counter const counter;
    void* const p = thread_memory::allocate(17);
    BOOST_TEST(counter.count() == 1u);
    thread_memory::deallocate(p, 17);
}

BOOST_AUTO_TEST_CASE(few_of_each_size_are_kept)
{
    std::vector<void*> all;
    for (int i = 0; i != 1000; ++i)
        all.push_back(thread_memory::allocate(300));
    for (void* const p : all)
        thread_memory::deallocate(p, 300);
    BOOST_TEST(thread_memory::free_blocks() == most);
}

BOOST_AUTO_TEST_CASE(large_ones_are_not)
{
    thread_memory::deallocate(thread_memory::allocate(1025), 1025);
    BOOST_TEST(thread_memory::free_blocks() == 0u);
    thread_memory::deallocate(thread_memory::allocate(1024), 1024);
    BOOST_TEST(thread_memory::free_blocks() == most / 64);
}

BOOST_AUTO_TEST_CASE(a_thread_that_ends_keeps_nothing)
{
    auto const before = live_objects();
    std::thread(
        [&]
        {
            std::vector<void*> all;
            for (int i = 0; i != 10; ++i)
                all.push_back(thread_memory::allocate(100));
            for (void* const p : all)
                thread_memory::deallocate(p, 100);
            BOOST_TEST(live_objects() >= before);
        })
        .join();
    BOOST_TEST(live_objects() == before);
}

BOOST_AUTO_TEST_CASE(objects_are_aligned)
{
    struct alignas(256) over_aligned
    {
        char c;
    };
    thread_allocator<over_aligned> a;
    auto* const p = a.allocate(1);
    BOOST_TEST(reinterpret_cast<std::uintptr_t>(p) % 256 == 0u);
    a.deallocate(p, 1);
    thread_allocator<long double> b(a);
    auto* const q = b.allocate(1);
    BOOST_TEST(
        reinterpret_cast<std::uintptr_t>(q) % alignof(long double) == 0u);
    b.deallocate(q, 1);
}

BOOST_AUTO_TEST_SUITE_END()
