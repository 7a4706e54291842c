//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/detail/reserved_memory.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <memory>
#include <new>
#include <utility>

using namespace asioctx;
using detail::message_memory;
using detail::owner_allocator;
using detail::owner_message;
using detail::reserved_block;

namespace {

struct owner
{
    void* allocate(std::size_t size)
    {
        ++blocks;
        last_size = size;
        return ::operator new(size);
    }

    void deallocate(void* p, std::size_t size) noexcept
    {
        --blocks;
        last_size = size;
        ::operator delete(p);
    }

    int blocks = 0;
    std::size_t last_size = 0;
    int arrived = 0;
    int dropped = 0;
};

struct message : owner_message<message, owner>
{
    using owner_message<message, owner>::owner_message;

    static void arrived(owner& o)
    {
        ++o.arrived;
    }

    static void dropped(owner& o) noexcept
    {
        ++o.dropped;
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(test_reserved_memory)

BOOST_AUTO_TEST_CASE(a_block_is_for_one_object_at_a_time)
{
    reserved_block<64> block;
    BOOST_TEST(block.try_allocate(65) == nullptr);
    void* const p = block.try_allocate(64);
    BOOST_TEST_REQUIRE(p != nullptr);
    BOOST_TEST(block.try_allocate(1) == nullptr);
    int other = 0;
    BOOST_TEST(!block.try_deallocate(&other));
    BOOST_TEST(block.try_allocate(1) == nullptr);
    BOOST_TEST(block.try_deallocate(p));
    BOOST_TEST(block.try_allocate(1) == p);
}

BOOST_AUTO_TEST_CASE(there_is_room_for_a_message_and_what_a_strand_keeps)
{
    message_memory memory;
    void* const large = memory.try_allocate(128);
    void* const little = memory.try_allocate(64);
    BOOST_TEST(large != nullptr);
    BOOST_TEST(little != nullptr);
    BOOST_TEST(memory.try_allocate(1) == nullptr);
    BOOST_TEST(memory.try_deallocate(large));
    BOOST_TEST(memory.try_allocate(1) == large); // though it is small
    BOOST_TEST(memory.try_deallocate(little));
    BOOST_TEST(memory.try_allocate(129) == nullptr);
    int other = 0;
    BOOST_TEST(!memory.try_deallocate(&other));
}

BOOST_AUTO_TEST_CASE(an_allocator_asks_its_owner)
{
    owner o;
    owner other;
    owner_allocator<int, owner> a(o);
    int* const p = a.allocate(3);
    BOOST_TEST(o.blocks == 1);
    BOOST_TEST(o.last_size == 3 * sizeof(int));
    owner_allocator<char, owner> const b(a);
    BOOST_TEST(b.owner() == &o);
    BOOST_TEST((a == b));
    BOOST_TEST((a != owner_allocator<int, owner>(other)));
    a.deallocate(p, 3);
    BOOST_TEST(o.blocks == 0);
    std::allocate_shared<int>(b, 1).reset();
    BOOST_TEST(o.blocks == 0);
}

BOOST_AUTO_TEST_CASE(a_message_arrives_or_is_dropped_once)
{
    owner o;
    {
        message m(&o);
        BOOST_TEST(m.pending());
        BOOST_TEST(m.get_allocator().owner() == &o);
        message n(std::move(m));
        // NOLINTNEXTLINE(bugprone-use-after-move): what is left
        BOOST_TEST(!m.pending());
        n();
        BOOST_TEST(!n.pending());
    }
    BOOST_TEST(o.arrived == 1);
    BOOST_TEST(o.dropped == 0);
    {
        message m(&o);
        message const n(std::move(m));
    }
    BOOST_TEST(o.arrived == 1);
    BOOST_TEST(o.dropped == 1);
}

BOOST_AUTO_TEST_SUITE_END()
