//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/detail/coarse_clock.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>

using namespace asioctx;
using namespace asioctx::detail;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(test_coarse_clock)

BOOST_AUTO_TEST_CASE(an_age_is_a_difference)
{
    auto const at = [](duration d)
    {
        return coarse(std::chrono::nanoseconds(d).count());
    };
    auto const age = coarse_age(at(75s), at(11s));
    BOOST_TEST((age > 64s - 20ms && age < 64s + 20ms));
    BOOST_TEST((coarse_age(at(5s), at(5s)) == duration::zero()));
}

BOOST_AUTO_TEST_CASE(the_count_may_begin_anew_in_between)
{
    coarse_time const before = 0xffff'fff0u;
    BOOST_TEST(
        (coarse_age(before + 32, before)
         == std::chrono::nanoseconds(std::int64_t{32} << 24)));
}

BOOST_AUTO_TEST_CASE(what_comes_later_is_new)
{
    BOOST_TEST((coarse_age(100, 101) == duration::zero()));
    BOOST_TEST((coarse_age(0, 1000) == duration::zero()));
    BOOST_TEST((coarse_age(3'000'000'000u, 0) > duration::zero()));
}

BOOST_AUTO_TEST_CASE(it_goes_with_the_clock)
{
    auto const exact = []
    {
        return coarse(
            std::chrono::nanoseconds(clock_type::now().time_since_epoch())
                .count());
    };
    auto const before = exact();
    auto const now = coarse_now();
    auto const after = exact();
    // It may be late by a tick of the system, 10 ms at most.
    BOOST_TEST(static_cast<std::int32_t>(now - before) >= -1);
    BOOST_TEST(static_cast<std::int32_t>(after - now) >= 0);
}

BOOST_AUTO_TEST_SUITE_END()
