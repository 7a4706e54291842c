//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/with_name.hpp>

#include <asioctx/cancel.hpp>
#include <asioctx/value.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

#include "support/print.hpp"

using namespace asioctx;

namespace {

constexpr context_key<int> number("number");

} // namespace

BOOST_AUTO_TEST_SUITE(test_with_name)

BOOST_AUTO_TEST_CASE(it_is_its_parent_in_all_but_the_name)
{
    auto [parent, cancel] = with_cancel(with_value(background(), number, 7));
    auto const ctx = with_name(parent, "GET /report");
    BOOST_TEST((ctx != parent));
    BOOST_TEST(*ctx.value(number) == 7);
    BOOST_TEST(ctx.can_be_done());
    cancel();
    BOOST_TEST(ctx.done());
    BOOST_TEST(!with_name(background(), "server").can_be_done());
}

BOOST_AUTO_TEST_CASE(its_name_is_in_the_text)
{
    auto const server = with_name(background(), "server");
    BOOST_TEST(to_string(server) == "background.with_name(server)");
    BOOST_TEST(
        to_string(with_cancel(with_name(server, "a b")).ctx)
        == "background.with_name(server).with_name(a b).with_cancel");
}

BOOST_AUTO_TEST_SUITE_END()
