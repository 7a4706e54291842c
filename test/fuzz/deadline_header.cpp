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

bool is_well_formed(std::string_view text)
{
    return 2 <= text.size() && text.size() <= 9
        && text.find_first_not_of("0123456789") == text.size() - 1
        && std::string_view("HMSmun").find(text.back()) != text.npos;
}

// What is written is well-formed and not early, and stays the same.
void check_written(asioctx::duration timeout)
{
    auto const text = asioctx::format_timeout(timeout);
    check(is_well_formed(text));
    auto const received = asioctx::parse_timeout(text);
    check(received && *received >= timeout);
    check(asioctx::format_timeout(*received).view() == text.view());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(
    std::uint8_t const* data, std::size_t size)
{
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    auto const timeout = asioctx::parse_timeout(text);
    check(timeout.has_value() == is_well_formed(text));
    if (timeout)
    {
        check(*timeout >= asioctx::duration::zero());
        check_written(*timeout);
    }

    asioctx::duration::rep count = 0;
    if (size >= sizeof(count))
    {
        std::memcpy(&count, data, sizeof(count));
        check_written(asioctx::duration(count));
    }
    return 0;
}
