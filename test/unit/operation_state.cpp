//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained. What the states mean: unit/dump.cpp.
#include <asioctx/operation_state.hpp>

#include <boost/test/unit_test.hpp>

using state = asioctx::operation_state;

BOOST_AUTO_TEST_SUITE(test_operation_state)

// So they are told apart with one comparison.
BOOST_AUTO_TEST_CASE(those_that_were_asked_come_last)
{
    for (auto const s :
         {state::on_its_way, state::never_heard, state::heard, state::put_off})
    {
        BOOST_TEST((s > state::pending));
        BOOST_TEST((s > state::queued));
    }
}

BOOST_AUTO_TEST_SUITE_END()
