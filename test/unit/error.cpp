//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/error.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/version.hpp>
#include <boost/system/errc.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstring>
#include <string>
#include <system_error>

#if !defined(ASIOCTX_STANDALONE)
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>
#endif

#include "support/print.hpp"

using namespace asioctx;

namespace {

error_code const canceled = errc::canceled;
error_code const deadline_exceeded = errc::deadline_exceeded;

} // namespace

BOOST_AUTO_TEST_SUITE(test_error)

BOOST_AUTO_TEST_CASE(canceled_is_a_canceled_operation_to_both_libraries)
{
    BOOST_TEST((canceled == std::errc::operation_canceled));
    BOOST_TEST((canceled == boost::system::errc::operation_canceled));
    BOOST_TEST((canceled != std::errc::timed_out));
    BOOST_TEST((canceled != boost::system::errc::timed_out));
}

BOOST_AUTO_TEST_CASE(deadline_exceeded_is_a_timeout_to_both_libraries)
{
    BOOST_TEST((deadline_exceeded == std::errc::timed_out));
    BOOST_TEST((deadline_exceeded == boost::system::errc::timed_out));
    BOOST_TEST((deadline_exceeded != std::errc::operation_canceled));
    BOOST_TEST((deadline_exceeded != boost::system::errc::operation_canceled));
}

BOOST_AUTO_TEST_CASE(a_timeout_is_not_a_cancellation)
{
    BOOST_TEST(canceled != deadline_exceeded);
    BOOST_TEST(canceled == errc::canceled);
    BOOST_TEST(canceled != errc::deadline_exceeded);
    BOOST_TEST(
        (canceled.default_error_condition()
         != deadline_exceeded.default_error_condition()));
}

BOOST_AUTO_TEST_CASE(conditions_cover_the_errors_of_asio_as_well)
{
    error_code const aborted = asio::error::operation_aborted;
    error_code const timed_out = asio::error::timed_out;
    // One condition for the caller to ask for, but other codes. Some versions of
    // Asio without Boost do not know the conditions of their errors.
#if !defined(ASIOCTX_STANDALONE) || BOOST_ASIO_VERSION >= 103800
    BOOST_TEST((aborted == std::errc::operation_canceled));
    BOOST_TEST((timed_out == std::errc::timed_out));
    BOOST_TEST(
        (aborted.default_error_condition()
         == canceled.default_error_condition()));
    BOOST_TEST(
        (timed_out.default_error_condition()
         == deadline_exceeded.default_error_condition()));
#endif
    BOOST_TEST(canceled != aborted);
    BOOST_TEST(deadline_exceeded != timed_out);
}

BOOST_AUTO_TEST_CASE(the_systems_conditions_are_equivalent)
{
    auto const as_condition = [](error_code const& ec)
    { return boost::system::error_condition(ec.value(), ec.category()); };
    auto const aborted = as_condition(asio::error::operation_aborted);
    auto const timed_out = as_condition(asio::error::timed_out);
    BOOST_TEST((canceled == aborted));
    BOOST_TEST((canceled != timed_out));
    BOOST_TEST((deadline_exceeded == timed_out));
    BOOST_TEST((deadline_exceeded != aborted));
    BOOST_TEST((error_code(99, error_category()) != aborted));
    BOOST_TEST((error_code(99, error_category()) != timed_out));
    BOOST_TEST((error_code(0, error_category()) != as_condition(error_code())));
}

#if !defined(ASIOCTX_STANDALONE)
BOOST_AUTO_TEST_CASE(beasts_timeout_is_equivalent)
{
    namespace beast = boost::beast;
    BOOST_TEST((deadline_exceeded == beast::condition::timeout));
    BOOST_TEST((canceled != beast::condition::timeout));
    BOOST_TEST((deadline_exceeded != beast::http::error::end_of_stream));
    error_code const late = beast::error::timeout;
    BOOST_TEST((late == make_error_condition(errc::deadline_exceeded)));
    BOOST_TEST((late != make_error_condition(errc::canceled)));
}
#endif

BOOST_AUTO_TEST_CASE(an_errc_is_a_condition_that_comprises_the_others)
{
    auto const is_canceled = make_error_condition(errc::canceled);
    auto const is_late = make_error_condition(errc::deadline_exceeded);
    for (error_code const& ec :
        {canceled, error_code(asio::error::operation_aborted),
            make_error_code(boost::system::errc::operation_canceled)})
    {
        BOOST_TEST((ec == is_canceled));
        BOOST_TEST((ec != is_late));
    }
    for (error_code const& ec :
        {deadline_exceeded, error_code(asio::error::timed_out),
            make_error_code(boost::system::errc::timed_out)})
    {
        BOOST_TEST((ec == is_late));
        BOOST_TEST((ec != is_canceled));
    }
    for (error_code const& ec : {error_code(), error_code(asio::error::eof),
             error_code(1, signal_category()), error_code(1, error_category())})
        BOOST_TEST((ec != is_late));
}

BOOST_AUTO_TEST_CASE(both_are_failures)
{
    BOOST_TEST(!!canceled);
    BOOST_TEST(!!deadline_exceeded);
}

BOOST_AUTO_TEST_CASE(a_code_has_the_category_of_its_enumeration)
{
    BOOST_TEST((canceled.category() == error_category()));
    BOOST_TEST((make_error_code(errc::canceled) == canceled));
    BOOST_TEST(error_category().name() == std::string("asioctx"));
    BOOST_TEST(&error_category() == &error_category());
}

BOOST_AUTO_TEST_CASE(messages_say_what_happened)
{
    BOOST_TEST(canceled.message() == "Context canceled");
    BOOST_TEST(deadline_exceeded.message() == "Context deadline exceeded");
}

BOOST_AUTO_TEST_CASE(an_unknown_value_is_like_nothing_else)
{
    error_code const unknown(99, error_category());
    BOOST_TEST(!unknown.message().empty());
    BOOST_TEST((unknown != std::errc::operation_canceled));
    BOOST_TEST((unknown != std::errc::timed_out));
    BOOST_TEST(unknown != canceled);
}

BOOST_AUTO_TEST_CASE(conditions_survive_the_way_into_a_std_error_code)
{
    std::error_code const c = canceled;
    std::error_code const d = deadline_exceeded;
    BOOST_TEST((c == std::errc::operation_canceled));
    BOOST_TEST((d == std::errc::timed_out));
    BOOST_TEST((c != d));
    BOOST_TEST(error_code(c) == canceled);
    BOOST_TEST(d.message() == deadline_exceeded.message());
}

BOOST_AUTO_TEST_CASE(a_signal_is_described_as_the_system_does)
{
    error_code const ec(SIGTERM, signal_category());
    BOOST_TEST(!!ec);
    BOOST_TEST(ec.category().name() == std::string("asioctx.signal"));
    BOOST_TEST(!ec.message().empty());
    BOOST_TEST(ec.message() != error_code(SIGINT, signal_category()).message());
#if defined(__unix__) || defined(__APPLE__)
    BOOST_TEST(ec.message() == ::strsignal(SIGTERM));
#endif
}

BOOST_AUTO_TEST_CASE(a_signal_is_not_an_error_of_ours_nor_of_the_system)
{
    error_code const one(1, signal_category());
    BOOST_TEST(one != canceled);
    BOOST_TEST((one != error_code(1, boost::system::system_category())));
    BOOST_TEST((one != std::errc::operation_not_permitted));
    BOOST_TEST((signal_category() != error_category()));
}

BOOST_AUTO_TEST_CASE(an_unknown_signal_has_a_message)
{
    BOOST_TEST(!error_code(12345, signal_category()).message().empty());
}

BOOST_AUTO_TEST_SUITE_END()
