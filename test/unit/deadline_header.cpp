//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/deadline_header.hpp>

#include <asioctx/testing/manual_clock.hpp>

#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iomanip>
#include <limits>
#include <optional>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "support/allocation_counter.hpp"
#include "support/io_context_fixture.hpp"
#include "support/print.hpp"
#include "support/random_seed.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

namespace {

constexpr auto longest = duration::max();
constexpr std::string_view units = "numSMH"; // from the finest
constexpr std::int64_t lengths[] = {
    1, 1'000, 1'000'000, 1'000'000'000, 60'000'000'000, 3'600'000'000'000};

error_code const malformed =
    make_error_code(boost::system::errc::invalid_argument);

error_code const broken = make_error_code(boost::system::errc::io_error);

constexpr auto of_connect = timeout_format::connect;
constexpr auto of_envoy = timeout_format::envoy;

std::string format(auto timeout, timeout_format what = timeout_format::grpc)
{
    return std::string(format_timeout(timeout, what).view());
}

std::string show(std::string_view text)
{
    std::ostringstream out;
    out << '"' << std::hex << std::setfill('0');
    for (unsigned char const c : text)
        if (' ' <= c && c <= '~')
            out << c;
        else
            out << "\\x" << std::setw(2) << unsigned(c);
    out << '"';
    return out.str();
}

// What a text means, in another way than the library finds it out.
std::optional<duration> meaning(std::string_view text, timeout_format format)
{
    std::int64_t length = 1'000'000;
    if (format == timeout_format::grpc)
    {
        auto const unit = text.empty() ? units.npos : units.find(text.back());
        if (unit == units.npos)
            return std::nullopt;
        text.remove_suffix(1);
        length = lengths[unit];
    }
    std::size_t const most_digits = format == timeout_format::grpc ? 8
        : format == timeout_format::connect                        ? 10
                                                                   : text.npos;
    if (text.empty() || text.size() > most_digits)
        return std::nullopt;
    std::int64_t const most = longest.count();
    std::int64_t value = 0;
    for (char const c : text)
    {
        auto const digit = std::string_view("0123456789").find(c);
        if (digit == std::string_view::npos)
            return std::nullopt;
        auto const d = static_cast<std::int64_t>(digit);
        value = value > (most - d) / 10 ? most : 10 * value + d;
    }
    return duration(value > most / length ? most : value * length);
}

void check_meaning(std::string_view text)
{
    for (auto const format : {timeout_format::grpc, of_connect, of_envoy})
    {
        auto const expected = meaning(text, format);
        auto const actual = parse_timeout(text, format);
        bool const right = expected ? actual && *actual == *expected
                                    : !actual && actual.error() == malformed;
        if (!right)
            BOOST_FAIL(
                "parse_timeout(" << show(text) << ", " << int(format)
                                 << ") is wrong");
    }
}

// All texts of a length.
void check_all_texts(std::string_view alphabet, std::size_t length)
{
    std::string text(length, '\0');
    auto const fill = [&](auto& self, std::size_t i) -> void
    {
        if (i == length)
            return check_meaning(text);
        for (char const c : alphabet)
        {
            text[i] = c;
            self(self, i + 1);
        }
    };
    fill(fill, 0);
}

std::string all_characters()
{
    std::string all;
    for (int c = 0; c != 256; ++c)
        all += static_cast<char>(c);
    return all;
}

void check_round_trip(duration timeout)
{
    BOOST_TEST_CONTEXT("a timeout of " << timeout.count() << "ns")
    {
        auto const text = format(timeout);
        auto const received = parse_timeout(text);
        BOOST_REQUIRE(received.has_value());
        auto const unit = units.find(text.back());
        // Not too early, and not a unit too late.
        BOOST_REQUIRE(*received >= timeout);
        auto const late = (*received - timeout).count();
        BOOST_REQUIRE(late < lengths[unit]);
        // No finer unit would do, even if rounded down.
        BOOST_REQUIRE(
            (unit == 0
             || (timeout.count() - 1) / lengths[unit - 1] >= 99'999'999));
        // There is one text for a timeout.
        BOOST_REQUIRE(format(*received) == text);
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(test_deadline_header)

BOOST_AUTO_TEST_CASE(the_finest_unit_that_fits_is_written)
{
    BOOST_TEST(format(1ns) == "1n");
    BOOST_TEST(format(99'999'999ns) == "99999999n");
    BOOST_TEST(format(100ms) == "100000u");
    BOOST_TEST(format(250ms) == "250000u");
    BOOST_TEST(format(99'999'999us) == "99999999u");
    BOOST_TEST(format(100s) == "100000m");
    BOOST_TEST(format(99'999'999ms) == "99999999m");
    BOOST_TEST(format(100'000s) == "100000S");
    BOOST_TEST(format(99'999'999s) == "99999999S");
    BOOST_TEST(format(100'000'000s) == "1666667M");
    BOOST_TEST(format(99'999'999min) == "99999999M");
    BOOST_TEST(format(100'000'000min) == "1666667H");
    BOOST_TEST(format(2'562'047h) == "2562047H");
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_rounded_up)
{
    BOOST_TEST(format(100'000'001ns) == "100001u");
    BOOST_TEST(format(99'999'998'001ns) == "99999999u");
    // Rounding makes it one too many for the finer unit.
    BOOST_TEST(format(99'999'999'001ns) == "100000m");
    BOOST_TEST(format(100'000'000'001ns) == "100001m");
    BOOST_TEST(format(std::chrono::duration<double, std::nano>(1.5)) == "2n");
}

BOOST_AUTO_TEST_CASE(a_timeout_that_has_passed_is_zero)
{
    using seconds = std::chrono::duration<double>;
    BOOST_TEST(format(0s) == "0n");
    BOOST_TEST(format(-1ns) == "0n");
    BOOST_TEST(format(duration::min()) == "0n");
    BOOST_TEST(format(std::chrono::hours::min()) == "0n");
    BOOST_TEST(
        format(seconds(std::numeric_limits<double>::quiet_NaN())) == "0n");
    BOOST_TEST(
        format(-seconds(std::numeric_limits<double>::infinity())) == "0n");
}

BOOST_AUTO_TEST_CASE(a_timeout_that_is_too_long_stays_so)
{
    using seconds = std::chrono::duration<double>;
    BOOST_TEST((*parse_timeout(format(longest)) == longest));
    BOOST_TEST((*parse_timeout(format(std::chrono::hours::max())) == longest));
    BOOST_TEST((
        *parse_timeout(format(seconds(std::numeric_limits<double>::infinity())))
        == longest));
    BOOST_TEST((*parse_timeout(format(background().remaining())) == longest));
}

BOOST_AUTO_TEST_CASE(the_characters_are_those_of_the_object)
{
    auto const text = format_timeout(250ms);
    std::string_view const converted = text;
    auto const* const begin = reinterpret_cast<char const*>(&text);
    BOOST_TEST((converted.data() == text.view().data())); // no strings
    BOOST_TEST(converted.size() == text.view().size());
    BOOST_TEST((begin <= converted.data()));
    BOOST_TEST((converted.data() + 9 <= begin + sizeof(text)));
    auto const copy = text;
    BOOST_TEST(copy.view() == text.view());
    BOOST_TEST((copy.view().data() != text.view().data()));
}

BOOST_AUTO_TEST_CASE(every_unit_is_read)
{
    BOOST_TEST((*parse_timeout("7H") == 7h));
    BOOST_TEST((*parse_timeout("7M") == 7min));
    BOOST_TEST((*parse_timeout("7S") == 7s));
    BOOST_TEST((*parse_timeout("7m") == 7ms));
    BOOST_TEST((*parse_timeout("7u") == 7us));
    BOOST_TEST((*parse_timeout("7n") == 7ns));
    BOOST_TEST((*parse_timeout("0S") == 0s));
    BOOST_TEST((*parse_timeout("00000250m") == 250ms));
    BOOST_TEST((*parse_timeout("99999999n") == 99'999'999ns));
    BOOST_TEST((*parse_timeout("2562047H") == 2'562'047h));
}

BOOST_AUTO_TEST_CASE(a_text_that_means_too_long_a_timeout_is_the_longest)
{
    BOOST_TEST((*parse_timeout("2562048H") == longest));
    BOOST_TEST((*parse_timeout("99999999H") == longest));
    BOOST_TEST((*parse_timeout("99999999M") == 99'999'999min));
}

BOOST_AUTO_TEST_CASE(a_malformed_text_is_an_error)
{
    for (std::string_view const text :
         {"",           "m",
          "1",          "12345678",
          " 1m",        "1 m",
          "1m ",        "1m\n",
          "\t1m",       "+1m",
          "-1m",        "1.5m",
          "1,5m",       "1e3m",
          "0x1m",       "1ms",
          "1s",         "1h",
          "1N",         "1U",
          "1d",         "1mm",
          "1m1m",       "000000001m",
          "100000000m", "99999999999999999999999999999999m",
          "\xb2m",      "inf",
          "nan"})
    {
        auto const result = parse_timeout(text);
        BOOST_TEST(!result, show(text));
        BOOST_TEST(result.error() == malformed, show(text));
    }
    BOOST_TEST(!parse_timeout(std::string_view("1m\0", 3)));
    BOOST_TEST(!parse_timeout(std::string_view("\0001m", 3)));
    BOOST_TEST(!parse_timeout(std::string_view("1\0m", 3)));
    BOOST_TEST(!parse_timeout(std::string_view()));
}

BOOST_AUTO_TEST_CASE(short_texts_mean_what_the_grammar_says)
{
    auto const all = all_characters();
    for (std::size_t length = 0; length <= 2; ++length)
        check_all_texts(all, length);
    // Around the digits and the units in the code, too.
    std::string_view const some("/0189:HMSmunhsNU +-.x\0", 22);
    for (std::size_t length = 3; length <= 4; ++length)
        check_all_texts(some, length);
}

BOOST_AUTO_TEST_CASE(long_texts_mean_what_the_grammar_says)
{
    auto const seed = random_seed();
    BOOST_TEST_MESSAGE("ASIOCTX_TEST_SEED=" << seed);
    BOOST_TEST_CONTEXT("ASIOCTX_TEST_SEED=" << seed)
    {
        std::mt19937 random(seed);
        auto const below = [&](std::size_t n)
        {
            return random() % n;
        };
        for (int i = 0; i != 100'000; ++i)
        {
            std::string text;
            for (auto n = below(25); n != 0; --n)
                text += static_cast<char>('0' + below(10));
            text += units[below(units.size())];
            check_meaning(text);
            check_meaning(std::string_view(text).substr(0, text.size() - 1));
            // And with one mistake.
            auto const at = below(text.size());
            auto const c = static_cast<char>(below(256));
            switch (below(3))
            {
            case 0:
                text[at] = c;
                break;
            case 1:
                text.insert(at, 1, c);
                break;
            default:
                text.erase(at, 1);
            }
            check_meaning(text);
        }
    }
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read_and_never_early)
{
    for (auto const length : lengths)
        for (std::int64_t const count :
             {1, 2, 99'999'998, 99'999'999, 100'000'000, 100'000'001})
            for (std::int64_t const off : {-1, 0, 1})
            {
                std::int64_t n = 0;
                if (!__builtin_mul_overflow(length, count, &n))
                    check_round_trip(duration(n + off));
            }

    auto const seed = random_seed();
    BOOST_TEST_MESSAGE("ASIOCTX_TEST_SEED=" << seed);
    BOOST_TEST_CONTEXT("ASIOCTX_TEST_SEED=" << seed)
    {
        std::mt19937_64 random(seed);
        // All orders of magnitude are equally frequent.
        for (int i = 0; i != 20'000; ++i)
            check_round_trip(
                duration(static_cast<duration::rep>(random() >> (1 + i % 63))));
    }
}

// In milliseconds.

BOOST_AUTO_TEST_CASE(milliseconds_are_rounded_up)
{
    for (auto const what : {of_connect, of_envoy})
    {
        BOOST_TEST(format(250ms, what) == "250");
        BOOST_TEST(format(2s, what) == "2000");
        BOOST_TEST(format(1ns, what) == "1");
        BOOST_TEST(format(1ms, what) == "1");
        BOOST_TEST(format(1ms + 1ns, what) == "2");
        BOOST_TEST(format(9'999'999'998ms + 1ns, what) == "9999999999");
    }
}

BOOST_AUTO_TEST_CASE(milliseconds_that_have_passed_are_one)
{
    using seconds = std::chrono::duration<double>;
    for (auto const what : {of_connect, of_envoy})
    {
        BOOST_TEST(format(0s, what) == "1");
        BOOST_TEST(format(-1h, what) == "1");
        BOOST_TEST(format(duration::min(), what) == "1");
        auto const nan = std::numeric_limits<double>::quiet_NaN();
        BOOST_TEST(format(seconds(nan), what) == "1");
    }
}

BOOST_AUTO_TEST_CASE(milliseconds_have_at_most_ten_digits)
{
    for (auto const what : {of_connect, of_envoy})
    {
        BOOST_TEST(format(9'999'999'999ms, what) == "9999999999");
        BOOST_TEST(format(9'999'999'999ms + 1ns, what) == "9999999999");
        BOOST_TEST(format(longest, what) == "9999999999");
        BOOST_TEST(format(std::chrono::hours::max(), what) == "9999999999");
    }
}

BOOST_AUTO_TEST_CASE(milliseconds_are_read)
{
    for (auto const what : {of_connect, of_envoy})
    {
        BOOST_TEST((*parse_timeout("250", what) == 250ms));
        BOOST_TEST((*parse_timeout("0000000250", what) == 250ms));
        BOOST_TEST((*parse_timeout("0", what) == 0ms));
        BOOST_TEST((*parse_timeout("9999999999", what) == 9'999'999'999ms));
    }
}

BOOST_AUTO_TEST_CASE(more_digits_than_ten_are_an_error_for_connect_alone)
{
    for (std::string_view const text :
         {"10000000000", "00000000001", "99999999999999999999999999999999"})
        BOOST_TEST(parse_timeout(text, of_connect).error() == malformed);
    BOOST_TEST((*parse_timeout("10000000000", of_envoy) == 10'000'000'000ms));
    BOOST_TEST((*parse_timeout("00000000001", of_envoy) == 1ms));
    // The last that fits into a duration, and the first that does not; 2^63
    // and 2^64 of them.
    BOOST_TEST(
        (*parse_timeout("9223372036854", of_envoy) == 9'223'372'036'854ms));
    for (std::string_view const text :
         {"9223372036855",
          "9223372036854775808",
          "18446744073709551616",
          "99999999999999999999999999999999"})
        BOOST_TEST((*parse_timeout(text, of_envoy) == longest), text);
}

BOOST_AUTO_TEST_CASE(malformed_milliseconds_are_an_error)
{
    for (auto const what : {of_connect, of_envoy})
        for (std::string_view const text :
             {"",
              " 1",
              "1 ",
              "1\n",
              "\t1",
              "+1",
              "-1",
              "1.5",
              "1e3",
              "0x1",
              "1m",
              "1ms",
              "1S",
              "1,1",
              "\xb2",
              "inf"})
            BOOST_TEST(
                parse_timeout(text, what).error() == malformed, show(text));
    BOOST_TEST(!parse_timeout(std::string_view("1\0", 2), of_envoy));
}

BOOST_AUTO_TEST_CASE(what_is_written_in_milliseconds_is_read_and_never_early)
{
    auto const seed = random_seed();
    BOOST_TEST_MESSAGE("ASIOCTX_TEST_SEED=" << seed);
    BOOST_TEST_CONTEXT("ASIOCTX_TEST_SEED=" << seed)
    {
        std::mt19937_64 random(seed);
        for (int i = 0; i != 20'000; ++i)
        {
            // All orders of magnitude that ten digits have.
            duration const timeout(static_cast<duration::rep>(
                (random() >> (11 + i % 53)) % (10'000'000'000 * 1'000'000)));
            for (auto const what : {of_connect, of_envoy})
            {
                auto const received =
                    parse_timeout(format(timeout, what), what);
                BOOST_REQUIRE(received.has_value());
                BOOST_REQUIRE((*received >= timeout));
                BOOST_REQUIRE(
                    (*received - std::max(timeout, duration(1)) < 1ms));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(nothing_is_allocated)
{
    allocation_counter const allocations;
    bool right = format_timeout(longest).view() == "2562048H";
    right &= format_timeout(99'999'999s).view() == "99999999S";
    right &= parse_timeout("99999999S").has_value();
    right &= parse_timeout("2562048H").has_value();
    right &= parse_timeout("malformed").has_error();
    right &= format_timeout(longest, of_envoy).view() == "9999999999";
    right &= parse_timeout("99999999999999999999", of_envoy).has_value();
    right &= parse_timeout("malformed", of_connect).has_error();
    right &= parse_timeout("1ms").has_error();
    auto const count = allocations.count();
    BOOST_TEST(right);
    BOOST_TEST(count == 0u);
}

// Derived contexts.

BOOST_FIXTURE_TEST_CASE(the_text_is_the_contexts_timeout, manual_time_fixture)
{
    auto const line = __LINE__ + 1;
    auto const limited = with_remote_deadline(root, "250m", 0s, broken);
    BOOST_REQUIRE(limited.has_value());
    auto const& ctx = limited->ctx;
    BOOST_TEST((ctx.deadline() == now() + 250ms));
    clock.advance(250ms - 1ns);
    BOOST_TEST(!ctx.done());
    clock.advance(1ns);
    BOOST_TEST(ctx.error() == errc::deadline_exceeded);
    BOOST_TEST(ctx.cause() == broken);
    BOOST_TEST(ctx.canceled_at().line() == unsigned(line));
}

BOOST_FIXTURE_TEST_CASE(the_context_can_be_canceled_before, manual_time_fixture)
{
    auto limited = with_remote_deadline(root, "1S");
    BOOST_REQUIRE(limited.has_value());
    auto& [ctx, cancel] = *limited;
    cancel(broken);
    BOOST_TEST(ctx.error() == errc::canceled);
    BOOST_TEST(ctx.cause() == broken);
}

BOOST_FIXTURE_TEST_CASE(a_reserve_is_subtracted, manual_time_fixture)
{
    auto const limited = with_remote_deadline(root, "250m", 20ms);
    BOOST_REQUIRE(limited.has_value());
    BOOST_TEST((limited->ctx.deadline() == now() + 230ms));
}

BOOST_FIXTURE_TEST_CASE(a_reserve_that_is_no_time_is_none, manual_time_fixture)
{
    using seconds = std::chrono::duration<double>;
    auto const deadline_with = [&](auto reserve)
    {
        return with_remote_deadline(root, "1S", reserve).value().ctx.deadline();
    };
    BOOST_TEST((deadline_with(0s) == now() + 1s));
    BOOST_TEST((deadline_with(-1s) == now() + 1s));
    BOOST_TEST((deadline_with(duration::min()) == now() + 1s));
    auto const nan = std::numeric_limits<double>::quiet_NaN();
    BOOST_TEST((deadline_with(seconds(nan)) == now() + 1s));
}

BOOST_FIXTURE_TEST_CASE(
    a_reserve_that_leaves_nothing_makes_it_done_at_once, manual_time_fixture)
{
    for (auto const reserve : {duration(250ms), duration(1h), longest})
    {
        auto const limited = with_remote_deadline(root, "250m", reserve);
        BOOST_REQUIRE(limited.has_value());
        BOOST_TEST(limited->ctx.error() == errc::deadline_exceeded);
    }
    BOOST_TEST(!with_remote_deadline(root, "250m", 250ms - 1ns)->ctx.done());
}

BOOST_FIXTURE_TEST_CASE(
    a_timeout_that_has_passed_makes_it_done_at_once, manual_time_fixture)
{
    auto const limited = with_remote_deadline(root, "0n");
    BOOST_REQUIRE(limited.has_value());
    BOOST_TEST(limited->ctx.error() == errc::deadline_exceeded);
}

BOOST_FIXTURE_TEST_CASE(an_earlier_parents_deadline_counts, manual_time_fixture)
{
    auto const parent = with_timeout(root, 1s);
    auto const limited = with_remote_deadline(parent.ctx, "2S");
    BOOST_REQUIRE(limited.has_value());
    BOOST_TEST((limited->ctx.deadline() == parent.ctx.deadline()));
}

BOOST_FIXTURE_TEST_CASE(a_timeout_that_is_too_long_is_none, manual_time_fixture)
{
    for (auto const reserve : {duration::zero(), duration(20ms), longest})
    {
        auto const limited = with_remote_deadline(root, "99999999H", reserve);
        BOOST_REQUIRE(limited.has_value());
        BOOST_TEST(!limited->ctx.deadline());
        BOOST_TEST(!limited->ctx.done());
    }
}

BOOST_FIXTURE_TEST_CASE(
    no_context_is_made_of_a_malformed_text, manual_time_fixture)
{
    auto const limited = with_remote_deadline(root, "250ms");
    BOOST_TEST(limited.error() == malformed);
    BOOST_CHECK_THROW(
        (void)with_remote_deadline(root, "").value(),
        boost::system::system_error);
}

BOOST_FIXTURE_TEST_CASE(a_format_may_be_given, manual_time_fixture)
{
    auto const line = __LINE__ + 2;
    auto const limited =
        with_remote_deadline(root, "250", of_connect, 20ms, broken);
    BOOST_REQUIRE(limited.has_value());
    BOOST_TEST((limited->ctx.deadline() == now() + 230ms));
    clock.advance(230ms);
    BOOST_TEST(limited->ctx.cause() == broken);
    BOOST_TEST(limited->ctx.canceled_at().line() == unsigned(line));

    BOOST_TEST(
        with_remote_deadline(root, "250m", of_envoy).error() == malformed);
    BOOST_TEST(
        with_remote_deadline(root, "250", timeout_format::grpc).error()
        == malformed);
    BOOST_TEST(!with_remote_deadline(root, std::string(30, '9'), of_envoy, 1h)
                    ->ctx.deadline());
}

BOOST_FIXTURE_TEST_CASE(
    of_several_headers_the_earliest_deadline_counts, manual_time_fixture)
{
    auto const first = with_remote_deadline(root, "9999999999999", of_envoy);
    auto const second = with_remote_deadline(first->ctx, "300m");
    auto const all = with_remote_deadline(second->ctx, "500", of_connect);
    BOOST_TEST((all->ctx.deadline() == now() + 300ms));
}

BOOST_FIXTURE_TEST_CASE(
    what_one_side_sends_is_the_others_deadline, manual_time_fixture)
{
    auto const caller = with_timeout(root, 30s);
    clock.advance(12s);
    auto const text = format_timeout(caller.ctx.remaining() - 1s);
    auto const callee = with_remote_deadline(background(ioc), text, 1s);
    BOOST_REQUIRE(callee.has_value());
    BOOST_TEST((callee->ctx.deadline() == *caller.ctx.deadline() - 2s));
}

BOOST_AUTO_TEST_CASE(a_deadline_needs_an_execution_context)
{
    BOOST_CHECK_THROW(
        (void)with_remote_deadline(background(), "1S"), std::logic_error);
    BOOST_TEST(!with_remote_deadline(background(), "1"));
}

BOOST_AUTO_TEST_SUITE_END()
