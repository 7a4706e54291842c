//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/detail/place.hpp>

#include <boost/assert/source_location.hpp>
#include <boost/test/unit_test.hpp>

#include <string>

using namespace asioctx;

BOOST_AUTO_TEST_SUITE(test_place)

BOOST_AUTO_TEST_CASE(it_is_known_or_not)
{
    BOOST_TEST(!detail::place());
    BOOST_TEST(!detail::place(source_location()));
    source_location const here = BOOST_CURRENT_LOCATION;
    detail::place const p(here);
    BOOST_TEST(!!p);
    BOOST_TEST(p.line == here.line());
    BOOST_TEST(p.file == std::string(here.file_name()));
}

BOOST_AUTO_TEST_SUITE_END()
