//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include "timeout_header.hpp"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <limits>
#include <system_error>

namespace example {
namespace {

using namespace std::chrono_literals;

struct unit
{
    std::string_view name;
    asioctx::duration length;
};

constexpr unit units[] = {{"us", 1us}, {"ms", 1ms}, {"s", 1s}, {"m", 1min}};

} // namespace

std::optional<asioctx::duration> parse_request_timeout(
    std::string_view text) noexcept
{
    // Unsigned, so that a sign is not a number.
    std::uint64_t value = 0;
    auto const [end, ec] =
        std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec == std::errc::invalid_argument)
        return std::nullopt;
    if (ec == std::errc::result_out_of_range)
        value = std::numeric_limits<std::uint64_t>::max();

    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    for (auto const& u : units)
    {
        if (text != u.name)
            continue;
        auto const most = asioctx::duration::max() / u.length;
        if (value > static_cast<std::uint64_t>(most))
            return asioctx::duration::max();
        return static_cast<asioctx::duration::rep>(value) * u.length;
    }
    return std::nullopt;
}

} // namespace example
