//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/detail/intrusive_list.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

using asioctx::detail::intrusive_list;
using asioctx::detail::intrusive_ring;
using asioctx::detail::list_link;

namespace {

struct first_tag;
struct second_tag;

// In two lists at a time.
struct item : list_link<first_tag>, list_link<second_tag>
{
    explicit item(char c) noexcept : name(c)
    {
    }

    char name;
};

using list = intrusive_list<item, first_tag>;

template <class List>
std::string names(List& l)
{
    std::string result;
    l.for_each_while(
        [&](item& i)
        {
            result += i.name;
            return true;
        });
    return result;
}

struct items
{
    item a{'a'};
    item b{'b'};
    item c{'c'};
    list l;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(test_intrusive_list, items)

BOOST_AUTO_TEST_CASE(it_is_first_in_first_out)
{
    BOOST_TEST(l.empty());
    l.push_back(a);
    l.push_back(b);
    BOOST_TEST(!l.empty());
    BOOST_TEST(&l.front() == &a);
    BOOST_TEST(l.next(a) == &b);
    BOOST_TEST(l.next(b) == nullptr);
    BOOST_TEST(&l.pop_front() == &a);
    BOOST_TEST(!a.list_link<first_tag>::linked());
    BOOST_TEST(&l.pop_front() == &b);
    BOOST_TEST(l.empty());
}

BOOST_AUTO_TEST_CASE(an_object_may_come_and_go_at_either_end)
{
    l.push_front(b);
    l.push_front(a);
    l.push_back(c);
    BOOST_TEST(names(l) == "abc");
    BOOST_TEST(&l.pop_back() == &c);
    BOOST_TEST(!c.list_link<first_tag>::linked());
    BOOST_TEST(&l.pop_front() == &a);
    BOOST_TEST(&l.pop_back() == &b);
    BOOST_TEST(l.empty());
}

BOOST_AUTO_TEST_CASE(an_object_may_leave_from_anywhere)
{
    l.push_back(a);
    l.push_back(b);
    l.push_back(c);
    b.list_link<first_tag>::unlink();
    BOOST_TEST(names(l) == "ac");
    c.list_link<first_tag>::unlink();
    BOOST_TEST(names(l) == "a");
    l.push_back(b);
    BOOST_TEST(names(l) == "ab");
}

BOOST_AUTO_TEST_CASE(an_object_may_be_in_lists_of_several_kinds)
{
    intrusive_list<item, second_tag> other;
    l.push_back(a);
    other.push_back(b);
    other.push_back(a);
    a.list_link<first_tag>::unlink();
    BOOST_TEST(l.empty());
    BOOST_TEST(a.list_link<second_tag>::linked());
    BOOST_TEST(&other.front() == &b);
}

BOOST_AUTO_TEST_CASE(a_list_is_moved_to_the_end_of_another_or_into_it)
{
    list other;
    l.push_back(a);
    l.splice(other); // empty
    BOOST_TEST(names(l) == "a");
    other.push_back(b);
    other.push_back(c);
    l.splice(other);
    BOOST_TEST(names(l) == "abc");
    BOOST_TEST(other.empty());

    other.push_back(l.pop_front());
    l.splice_after(b, other);
    BOOST_TEST(names(l) == "bac");
    BOOST_TEST(other.empty());
}

BOOST_AUTO_TEST_CASE(who_looks_at_all_may_stop)
{
    l.push_back(a);
    l.push_back(b);
    int seen = 0;
    l.for_each_while([&](item&) { return ++seen < 1; });
    BOOST_TEST(seen == 1);
}

// The ring.

BOOST_AUTO_TEST_CASE(a_ring_keeps_the_order)
{
    intrusive_ring<item, first_tag> r;
    BOOST_TEST(r.empty());
    r.push_back(a);
    BOOST_TEST(!r.empty());
    BOOST_TEST(r.next(a) == nullptr);
    r.push_back(b);
    r.push_back(c);
    BOOST_TEST(names(r) == "abc");
    BOOST_TEST(&r.pop_front() == &a);
    r.push_back(a);
    BOOST_TEST(names(r) == "bca");
    BOOST_TEST(r.next(a) == nullptr);
}

BOOST_AUTO_TEST_CASE(what_is_in_a_ring_may_leave_from_anywhere)
{
    intrusive_ring<item, first_tag> r;
    r.push_back(a);
    r.push_back(b);
    r.push_back(c);
    r.remove(b);
    BOOST_TEST(names(r) == "ac");
    BOOST_TEST(!b.list_link<first_tag>::linked());
    r.remove(a);
    BOOST_TEST(names(r) == "c");
    r.remove(c);
    BOOST_TEST(r.empty());
    BOOST_TEST(!c.list_link<first_tag>::linked());
}

BOOST_AUTO_TEST_CASE(a_place_in_a_ring_may_be_kept)
{
    intrusive_ring<item, first_tag> r;
    r.push_back(a);
    r.insert_after(a, c);
    BOOST_TEST(names(r) == "ac");
    BOOST_TEST(r.next(c) == nullptr);
    r.insert_after(a, b);
    BOOST_TEST(names(r) == "abc");
}

BOOST_AUTO_TEST_SUITE_END()
