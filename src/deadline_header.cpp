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
constexpr duration::rep most = 99'999'999;

static_assert(units[0].length == duration(1));
static_assert(
    duration::max() / units[5].length < most,
    "every duration fits if its unit is coarse enough");

// Rounded up, for a timeout that is not negative.
constexpr duration::rep count(duration timeout, duration length) noexcept
{
    return timeout / length + (timeout % length != duration::zero());
}

bool is_digit(char c) noexcept
{
    return '0' <= c && c <= '9';
}

} // namespace

timeout_text detail::format_timeout(duration timeout) noexcept
{
    timeout = std::max(timeout, duration::zero());
    auto const* u = units;
    while (count(timeout, u->length) > most)
        ++u;
    timeout_text text;
    auto* const first = text.chars_.data();
    auto* const end =
        std::to_chars(first, first + most_digits, count(timeout, u->length))
            .ptr;
    *end = u->name;
    text.size_ = static_cast<unsigned char>(end + 1 - first);
    return text;
}

result<duration> parse_timeout(std::string_view text) noexcept
{
    auto const malformed = []
    {
        return make_error_code(boost::system::errc::invalid_argument);
    };
    if (text.size() < 2 || text.size() > most_digits + 1)
        return malformed();
    auto const digits = text.substr(0, text.size() - 1);
    auto const u = std::find_if(
        std::begin(units),
        std::end(units),
        [&](unit const& each) { return each.name == text.back(); });
    if (u == std::end(units)
        || !std::all_of(digits.begin(), digits.end(), is_digit))
        return malformed();
    duration::rep value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (value > duration::max() / u->length)
        return duration::max();
    return value * u->length;
}

result<cancelable> detail::with_remote_deadline(
    context const& parent,
    std::string_view text,
    duration reserve,
    error_code const& cause,
    source_location at)
{
    auto const timeout = parse_timeout(text);
    if (!timeout)
        return timeout.error();
    // A timeout that is none stays so.
    bool const limited = *timeout != duration::max();
    return with_timeout(
        parent,
        limited ? *timeout - std::max(reserve, duration::zero()) : *timeout,
        cause,
        at);
}

} // namespace asioctx
