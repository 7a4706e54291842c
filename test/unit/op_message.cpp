//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/detail/op_message.hpp>

#include <boost/test/unit_test.hpp>

#include <utility>

#include "support/allocation_counter.hpp"

using namespace asioctx;
using namespace asioctx::test;
using detail::op_message;
using detail::turn;
using detail::turn_frame;
using detail::turn_pool;

// Messages for an operation that is not asked for anything: what they do with
// one that is, bound_op shows.
namespace {

struct turn_fixture
{
    turn_fixture()
    {
        t.begin();
        t.queue();
        t.take_wanted();
    }

    ~turn_fixture()
    {
        t.release();
    }

    op_message request()
    {
        t.add_ref();
        return op_message(t, op_message::kind::own_request);
    }

    // Of no use afterwards.
    turn::word flags()
    {
        return t.begin() & turn::flags;
    }

    turn& t = turn_pool::take();
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(test_op_message, turn_fixture)

BOOST_AUTO_TEST_CASE(a_request_arrives_once)
{
    auto m = request();
    BOOST_TEST(m.depart());
    BOOST_TEST(m.pending());
    m();
    BOOST_TEST(!m.pending());
    BOOST_TEST(flags() == 0u);
}

BOOST_AUTO_TEST_CASE(or_is_dropped)
{
    {
        auto m = request();
        BOOST_TEST(m.depart());
        auto const moved = std::move(m);
        // NOLINTNEXTLINE(bugprone-use-after-move): what is left
        BOOST_TEST(!m.pending());
        BOOST_TEST(moved.pending());
    }
    BOOST_TEST(flags() == 0u);
}

BOOST_AUTO_TEST_CASE(the_turn_is_free_once_it_has_departed)
{
    turn_frame f(&t);
    auto m = request();
    BOOST_TEST(t.is_held());
    BOOST_TEST(m.depart());
    BOOST_TEST(!t.is_held());
    BOOST_TEST(turn_frame::find(t) == nullptr);
    m();
}

BOOST_AUTO_TEST_CASE(what_is_made_of_it_is_in_the_turn)
{
    auto m = request();
    BOOST_TEST(m.get_allocator().owner() == &t);
    allocation_counter const allocations;
    detail::owner_allocator<char, turn> a(m.get_allocator());
    char* const p = a.allocate(64);
    BOOST_TEST(allocations.count() == 0u);
    a.deallocate(p, 64);
}

BOOST_AUTO_TEST_SUITE_END()
