//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/context_key.hpp>

#include <asioctx/context.hpp>
#include <asioctx/value.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <type_traits>

using namespace asioctx;

namespace {

inline constexpr context_key<int> constant("constant");
// NOLINTNEXTLINE(asioctx-key): what it shows
constinit context_key<std::string> initialised_early("early");

} // namespace

BOOST_AUTO_TEST_SUITE(test_context_key)

BOOST_AUTO_TEST_CASE(a_key_knows_its_name_and_type)
{
    static_assert(std::is_same_v<context_key<int>::value_type, int>);
    static_assert(constant.name()[0] == 'c');
    BOOST_TEST(constant.name() == std::string("constant"));
    BOOST_TEST(initialised_early.name() == std::string("early"));
}

BOOST_AUTO_TEST_CASE(a_key_without_a_name_is_called_value)
{
    static constexpr context_key<int> key;
    BOOST_TEST(key.name() == std::string("value"));
}

BOOST_AUTO_TEST_CASE(the_name_is_not_copied)
{
    char name[] = "name";
    // NOLINTNEXTLINE(asioctx-key): its name is local, too
    context_key<int> const key(name);
    BOOST_TEST(static_cast<void const*>(key.name()) == name);
}

BOOST_AUTO_TEST_CASE(a_key_stays_where_it_is)
{
    using key = context_key<int>;
    static_assert(!std::is_copy_constructible_v<key>);
    static_assert(!std::is_move_constructible_v<key>);
    static_assert(!std::is_copy_assignable_v<key>);
    static_assert(!std::is_move_assignable_v<key>);
    static_assert(!std::is_convertible_v<char const*, key>);
}

BOOST_AUTO_TEST_CASE(keys_of_one_type_and_name_are_different)
{
    static constexpr context_key<int> one("key");
    static constexpr context_key<int> other("key");
    auto const ctx = with_value(background(), one, 1);
    BOOST_TEST(*ctx.value(one) == 1);
    BOOST_TEST(!ctx.value(other));
}

BOOST_AUTO_TEST_CASE(a_key_can_name_any_object_type)
{
    struct aggregate
    {
        int x;
    };
    static constexpr context_key<aggregate> object;
    static constexpr context_key<int*> pointer;
    static constexpr context_key<int const*> pointer_to_const;
    int x = 3;
    auto const ctx = with_value(
        with_value(with_value(background(), object, aggregate{1}), pointer, &x),
        pointer_to_const,
        nullptr);
    BOOST_TEST(ctx.value(object)->x == 1);
    BOOST_TEST(*ctx.value(pointer) == &x);
    BOOST_REQUIRE(ctx.value(pointer_to_const));
    BOOST_TEST(!*ctx.value(pointer_to_const));
}

BOOST_AUTO_TEST_SUITE_END()
