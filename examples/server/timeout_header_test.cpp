//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <chrono>
#include <cstdio>

#include "timeout_header.hpp"

using namespace std::chrono_literals;

namespace {

constexpr auto longest = asioctx::duration::max();

struct
{
    std::string_view text;
    std::optional<asioctx::duration> timeout;
} const cases[] = {
    {"250us", 250us},
    {"250ms", 250ms},
    {"2s", 2s},
    {"250m", 250min},
    {"0m", 0min},
    {"007m", 7min},
    // Nothing before, between or after, and the case counts.
    {"", {}},
    {"m", {}},
    {"1", {}},
    {" 1m", {}},
    {"1 m", {}},
    {"1m ", {}},
    {"+1m", {}},
    {"-1m", {}},
    {"1.5m", {}},
    {"0x1m", {}},
    {"1MS", {}},
    {"1ns", {}},
    {"1h", {}},
    {{"1m\0", 3}, {}},
    {"100000000m", 100000000min},
    // The last that fits into 64 bits of nanoseconds, and the first that does
    // not; 2^64 and more.
    {"9223372036854775us", 9223372036854775us},
    {"9223372036854776us", longest},
    {"18446744073709551616s", longest},
    {"99999999999999999999999999999999m", longest},
    {"99999999999999999999999999999999x", {}},
};

} // namespace

int main()
{
    int failures = 0;
    auto const show = [](std::optional<asioctx::duration> const& d)
    {
        return d ? static_cast<long long>(d->count()) : -1;
    };
    for (auto const& c : cases)
    {
        auto const actual = example::parse_request_timeout(c.text);
        if (actual == c.timeout)
            continue;
        ++failures;
        std::printf(
            "\"%.*s\": expected %lld, got %lld (-1: malformed)\n",
            static_cast<int>(c.text.size()),
            c.text.data(),
            show(c.timeout),
            show(actual));
    }
    return failures == 0 ? 0 : 1;
}
