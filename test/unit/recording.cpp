//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained. What it is for: flight_recorder.cpp.
#include <asioctx/detail/recording.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstdint>

using namespace asioctx::detail;

BOOST_AUTO_TEST_SUITE(test_recording)

BOOST_AUTO_TEST_CASE(times_are_told_apart_by_powers_of_two)
{
    recording r;
    r.start(1);
    for (coarse_time const t : {0u, 1u, 2u, 3u, 4u, 0xffff'ffffu})
        r.add_time_to_end(t);
    r.look(
        [](auto const&, auto, auto const&, auto, auto const& times)
        {
            std::array<std::uint64_t, 16> expected{};
            expected[0] = expected[1] = expected[3] = expected[15] = 1;
            expected[2] = 2;
            BOOST_TEST(times == expected, boost::test_tools::per_element());
        });
}

BOOST_AUTO_TEST_SUITE_END()
