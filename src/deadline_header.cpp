//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/deadline_header.hpp>

#include <boost/system/errc.hpp>

#include <algorithm>
#include <charconv>
#include <system_error>

namespace asioctx {

using boost::system::result;
using namespace std::chrono_literals;

namespace {

struct unit
{
    char name;
    duration length;
};

// From the finest to the coarsest.
constexpr unit units[] = {
    {'n', 1ns}, {'u', 1us}, {'m', 1ms}, {'S', 1s}, {'M', 1min}, {'H', 1h}};

constexpr std::size_t most_digits = 8;
constexpr duration::rep most_units = 99'999'999;

// Of the formats that are milliseconds.
constexpr std::size_t most_digits_of_ms = 10;
constexpr duration::rep most_ms = 9'999'999'999;

static_assert(units[0].length == duration(1));
static_assert(
    (duration::max)() / units[5].length < most_units,
    "every duration fits if its unit is coarse enough");
static_assert(
    most_ms < (duration::max)() / duration(1ms),
    "what has no more digits than are allowed fits");

// Rounded up, for a timeout that is not negative.
constexpr duration::rep count(duration timeout, duration length) noexcept
{
    return timeout / length + (timeout % length != duration::zero());
}

bool is_number(std::string_view text) noexcept
{
    auto const is_digit = [](char c)
    {
        return '0' <= c && c <= '9';
    };
    return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

auto malformed() noexcept
{
    return make_error_code(boost::system::errc::invalid_argument);
}

// Digits and a unit: as a duration, the longest one if that is too short.
duration as_duration(std::string_view digits, duration unit) noexcept
{
    duration::rep value = 0;
    auto const ec =
        std::from_chars(digits.data(), digits.data() + digits.size(), value).ec;
    bool const fits = ec == std::errc() && value <= (duration::max)() / unit;
    return fits ? value * unit : (duration::max)();
}

result<duration> parse_grpc(std::string_view text) noexcept
{
    if (text.size() < 2 || text.size() > most_digits + 1)
        return malformed();
    auto const digits = text.substr(0, text.size() - 1);
    auto const u = std::find_if(
        std::begin(units),
        std::end(units),
        [&](unit const& each) { return each.name == text.back(); });
    if (u == std::end(units) || !is_number(digits))
        return malformed();
    return as_duration(digits, u->length);
}

} // namespace

timeout_text detail::format_timeout(
    duration timeout, timeout_format format) noexcept
{
    timeout_text text;
    auto* const first = text.chars_.data();
    auto* end = first;
    if (format == timeout_format::grpc)
    {
        timeout = (std::max)(timeout, duration::zero());
        auto const* u = units;
        while (count(timeout, u->length) > most_units)
            ++u;
        end =
            std::to_chars(first, first + most_digits, count(timeout, u->length))
                .ptr;
        *end++ = u->name;
    }
    else
    {
        timeout = (std::max)(timeout, duration(1)); // there is no zero
        end = std::to_chars(
                  first,
                  first + most_digits_of_ms,
                  (std::min)(count(timeout, 1ms), most_ms))
                  .ptr;
    }
    text.size_ = static_cast<unsigned char>(end - first);
    return text;
}

result<duration> parse_timeout(
    std::string_view text, timeout_format format) noexcept
{
    if (format == timeout_format::grpc)
        return parse_grpc(text);
    if (!is_number(text)
        || (format == timeout_format::connect
            && text.size() > most_digits_of_ms))
        return malformed();
    return as_duration(text, 1ms);
}

result<cancelable> detail::with_remote_deadline(
    context const& parent,
    std::string_view text,
    timeout_format format,
    duration reserve,
    error_code const& cause,
    source_location at)
{
    auto const timeout = parse_timeout(text, format);
    if (!timeout)
        return timeout.error();
    // A timeout that is none stays so.
    bool const limited = *timeout != (duration::max)();
    return with_timeout(
        parent,
        limited ? *timeout - (std::max)(reserve, duration::zero()) : *timeout,
        cause,
        at);
}

} // namespace asioctx
