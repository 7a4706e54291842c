//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/detail/abi.hpp>

#include <boost/test/unit_test.hpp>

#include <string_view>

#define STRING_OF(x) STRING(x)
#define STRING(x) #x

BOOST_AUTO_TEST_SUITE(test_abi)

// consumer.other_layout shows what becomes of a program that is built
// otherwise.
BOOST_AUTO_TEST_CASE(the_name_tells_the_version_of_boost)
{
    constexpr std::string_view name = STRING_OF(ASIOCTX_ABI_NAME);
    BOOST_TEST(name.starts_with("built_with_boost_" STRING_OF(BOOST_VERSION)));
    asioctx::detail::ASIOCTX_ABI_NAME();
}

BOOST_AUTO_TEST_SUITE_END()
