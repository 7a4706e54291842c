//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/config.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <type_traits>

BOOST_AUTO_TEST_SUITE(test_config)

BOOST_AUTO_TEST_CASE(time_is_steady_and_counted_in_nanoseconds)
{
    static_assert(asioctx::clock_type::is_steady);
    static_assert(std::is_same_v<asioctx::duration::period, std::nano>);
    static_assert(
        std::is_same_v<asioctx::time_point, asioctx::clock_type::time_point>);
    BOOST_TEST(asioctx::duration::max().count() > 0);
}

BOOST_AUTO_TEST_CASE(error_codes_are_those_of_boost_system)
{
    static_assert(
        std::is_same_v<asioctx::error_code, boost::system::error_code>);
    static_assert(
        std::is_same_v<asioctx::source_location, boost::source_location>);
    BOOST_TEST(!asioctx::error_code());
}

BOOST_AUTO_TEST_SUITE_END()
