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
    std::optional<asioctx::duration> request_timeout;
    std::optional<asioctx::duration> grpc_timeout;
} const cases[] = {
    {"250us", 250us, {}},
    {"250ms", 250ms, {}},
    {"2s", 2s, {}},
    {"7H", {}, 7h},
    {"7M", {}, 7min},
    {"7S", {}, 7s},
    {"250m", 250min, 250ms},
    {"250u", {}, 250us},
    {"250n", {}, 250ns},
    {"0m", 0min, 0ms},
    {"007m", 7min, 7ms},
    // Nothing before, between or after, and the case counts.
    {"", {}, {}},
    {"m", {}, {}},
    {"1", {}, {}},
    {" 1m", {}, {}},
    {"1 m", {}, {}},
    {"1m ", {}, {}},
    {"+1m", {}, {}},
    {"-1m", {}, {}},
    {"1.5m", {}, {}},
    {"0x1m", {}, {}},
    {"1MS", {}, {}},
    {"1ns", {}, {}},
    {"1h", {}, {}},
    {{"1m\0", 3}, {}, {}},
    // gRPC allows 8 digits.
    {"99999999m", 99999999min, 99999999ms},
    {"100000000m", 100000000min, {}},
    {"000000001m", 1min, {}},
    // The last that fits into 64 bits of nanoseconds, and the first that does
    // not; 2^64 and more.
    {"9223372036854775us", 9223372036854775us, {}},
    {"9223372036854776us", longest, {}},
    {"18446744073709551616s", longest, {}},
    {"99999999999999999999999999999999m", longest, {}},
    {"99999999999999999999999999999999x", {}, {}},
    {"2562047H", {}, 2562047h},
    {"2562048H", {}, longest},
    {"99999999H", {}, longest},
};

} // namespace

int main()
{
    int failures = 0;
    auto const check = [&](char const* name,
                           std::string_view text,
                           auto const& actual,
                           auto const& expected)
    {
        if (actual == expected)
            return;
        ++failures;
        auto const show = [](std::optional<asioctx::duration> const& d)
        {
            return d ? static_cast<long long>(d->count()) : -1;
        };
        std::printf(
            "%s(\"%.*s\"): expected %lld, got %lld (-1: malformed)\n",
            name,
            static_cast<int>(text.size()),
            text.data(),
            show(expected),
            show(actual));
    };
    for (auto const& c : cases)
    {
        check(
            "parse_request_timeout",
            c.text,
            example::parse_request_timeout(c.text),
            c.request_timeout);
        check(
            "parse_grpc_timeout",
            c.text,
            example::parse_grpc_timeout(c.text),
            c.grpc_timeout);
    }
    return failures == 0 ? 0 : 1;
}
