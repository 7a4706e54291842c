//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/deadline_header.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

void check(bool ok)
{
    if (!ok)
        std::abort();
}

using asioctx::timeout_format;

constexpr timeout_format formats[] = {
    timeout_format::grpc, timeout_format::connect, timeout_format::envoy};
constexpr std::string_view digits = "0123456789";

bool is_well_formed(std::string_view text, timeout_format format)
{
    if (format == timeout_format::grpc)
        return 2 <= text.size() && text.size() <= 9
            && text.find_first_not_of(digits) == text.size() - 1
            && std::string_view("HMSmun").find(text.back()) != text.npos;
    return !text.empty() && text.find_first_not_of(digits) == text.npos
        && (format == timeout_format::envoy || text.size() <= 10);
}

// What is written is well-formed and not early, and stays the same.
void check_written(asioctx::duration timeout, timeout_format format)
{
    auto const text = asioctx::format_timeout(timeout, format);
    check(is_well_formed(text, format));
    auto const received = asioctx::parse_timeout(text, format);
    check(received.has_value());
    check(
        *received >= timeout
        || (format != timeout_format::grpc && text.view() == "9999999999"));
    check(asioctx::format_timeout(*received, format).view() == text.view());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(
    std::uint8_t const* data, std::size_t size)
{
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    asioctx::duration::rep count = 0;
    if (size >= sizeof(count))
        std::memcpy(&count, data, sizeof(count));
    for (auto const format : formats)
    {
        auto const timeout = asioctx::parse_timeout(text, format);
        check(timeout.has_value() == is_well_formed(text, format));
        if (timeout)
        {
            check(*timeout >= asioctx::duration::zero());
            check_written(*timeout, format);
        }
        check_written(asioctx::duration(count), format);
    }
    return 0;
}
