//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/cause_key.hpp>

#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/error.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <exception>
#include <sstream>
#include <stdexcept>
#include <string>

#include "support/io_context_fixture.hpp"
#include "support/print.hpp"

using namespace asioctx;
using namespace std::chrono_literals;

namespace {

inline constexpr cause_key stale{"stale"};
inline constexpr cause_key another_stale{"stale"};
inline constexpr cause_key shared{"shared", 0x2d50d6a0e1e5b652};
inline constexpr cause_key copy_of_shared{"shared", 0x2d50d6a0e1e5b652};

} // namespace

BOOST_FIXTURE_TEST_SUITE(test_cause_key, test::manual_time_fixture)

BOOST_AUTO_TEST_CASE(a_key_is_a_failure_with_its_name)
{
    error_code const ec = stale;
    BOOST_TEST(!!ec);
    BOOST_TEST(ec.message() == "stale");
    BOOST_TEST(stale.name() == std::string("stale"));
    std::ostringstream out;
    out << ec;
    BOOST_TEST(out.str() == "stale:1");
    BOOST_TEST(std::error_code(ec).message() == "stale");
}

BOOST_AUTO_TEST_CASE(a_key_is_its_address_or_its_number)
{
    error_code const ec = stale;
    BOOST_TEST((ec == stale));
    BOOST_TEST((stale == ec));
    BOOST_TEST((ec != another_stale));
    BOOST_TEST((ec != errc::canceled));
    BOOST_TEST((ec != std::errc::operation_canceled));
    BOOST_TEST((error_code() != stale));
#if !defined(ASIOCTX_STANDALONE)
    BOOST_TEST((error_code(shared) == copy_of_shared));
#endif
    BOOST_TEST((error_code(shared) != stale));
}

BOOST_AUTO_TEST_CASE(cancel_takes_a_key)
{
    auto [ctx, cancel] = with_cancel(root);
    cancel(stale);
    BOOST_TEST(ctx.error() == errc::canceled);
    BOOST_TEST((ctx.cause() == stale));

    auto [ctx_2, cancel_2] = with_cancel(root);
    cancel_2.cancel(shared);
    BOOST_TEST((ctx_2.cause() == shared));
}

BOOST_AUTO_TEST_CASE(deadlines_take_a_key)
{
    auto [ctx, cancel] = with_timeout(root, 1s, stale);
    auto [at, cancel_at] = with_deadline(root, now() + 1s, stale);
    auto [quiet, touch] = with_idle_timeout(root, 1s, stale);
    auto [passed, cancel_passed] = with_timeout(root, 0s, stale);
    clock.advance(1s);
    for (auto const& c : {ctx, at, quiet, passed})
    {
        BOOST_TEST(c.error() == errc::deadline_exceeded);
        BOOST_TEST((c.cause() == stale));
    }
}

BOOST_AUTO_TEST_CASE(deadlines_take_an_exception)
{
    auto const e = std::make_exception_ptr(std::runtime_error("too slow"));
    auto const s =
        std::make_exception_ptr(boost::system::system_error(stale, "slow"));
    auto [ctx, cancel] = with_timeout(root, 1s, e);
    auto [at, cancel_at] = with_deadline(root, now() + 1s, e);
    auto [quiet, touch] = with_idle_timeout(root, 1s, e);
    auto [passed, cancel_passed] = with_timeout(root, 0s, e);
    auto [coded, cancel_coded] = with_timeout(root, 1s, s);
    clock.advance(1s);
    for (auto const& c : {ctx, at, quiet, passed})
    {
        BOOST_TEST(c.error() == errc::deadline_exceeded);
        BOOST_TEST(c.cause() == errc::deadline_exceeded);
        BOOST_TEST((c.exception() == e));
    }
    BOOST_TEST((coded.cause() == stale));
    BOOST_TEST((coded.exception() == s));
}

BOOST_AUTO_TEST_CASE(a_null_exception_counts_as_none)
{
    auto [ctx, cancel] = with_timeout(root, 1s, std::exception_ptr());
    clock.advance(1s);
    BOOST_TEST(ctx.cause() == errc::deadline_exceeded);
    BOOST_TEST((ctx.exception() != nullptr));
}

BOOST_AUTO_TEST_CASE(the_cause_of_a_deadline_does_not_survive_a_cancellation)
{
    auto const e = std::make_exception_ptr(std::runtime_error("too slow"));
    auto [ctx, cancel] = with_timeout(root, 1s, e);
    auto [ctx_2, cancel_2] = with_timeout(root, 1s, e);
    cancel();
    cancel_2 = {};
    BOOST_TEST(ctx.cause() == errc::canceled);
    BOOST_TEST((ctx.exception() != e));
    BOOST_TEST((ctx_2.exception() != e));
}

BOOST_AUTO_TEST_SUITE_END()
