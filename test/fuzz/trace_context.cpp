//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// The headers traceparent and baggage, read and written.

#include <asioctx/baggage.hpp>
#include <asioctx/trace_context.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

void check(bool ok)
{
    if (!ok)
        std::abort();
}

void check_traceparent(std::string_view text)
{
    auto const t = asioctx::parse_traceparent(text);
    if (!t)
        return;
    auto const written = asioctx::format_traceparent(*t);
    check(written.view().substr(2, 51) == text.substr(2, 51));
    check(*asioctx::parse_traceparent(written) == *t);
}

bool is_utf8(std::string_view text)
{
    while (!text.empty())
    {
        auto const c = static_cast<unsigned char>(text[0]);
        std::size_t const size = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
        if (size > text.size() || (c >= 0x80 && c < 0xc2) || c > 0xf4)
            return false;
        std::uint32_t value = size == 1 ? c : c & (0xffu >> (size + 1));
        for (std::size_t i = 1; i != size; ++i)
        {
            auto const next = static_cast<unsigned char>(text[i]);
            if ((next & 0xc0u) != 0x80)
                return false;
            value = value << 6 | (next & 0x3fu);
        }
        constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
        if (value < least[size] || value > 0x10ffff
            || (value >= 0xd800 && value <= 0xdfff))
            return false;
        text.remove_prefix(size);
    }
    return true;
}

// All members can be written, and are the same when they are read again.
void check_baggage(std::string_view text)
{
    static char buffer[asioctx::baggage_view::max_size];
    asioctx::baggage_writer out(buffer);
    asioctx::baggage_view const view(text);
    for (auto const& member : view)
    {
        check(out.add(member));
        std::string decoded(member.value.size(), '\0');
        auto const value = asioctx::decode_baggage(member.value, decoded);
        if (value)
            check(is_utf8(*value));
    }
    auto copy = asioctx::baggage_view(out.view()).begin();
    for (auto const& member : view)
    {
        check(
            copy->key == member.key && copy->value == member.value
            && copy->properties == member.properties);
        ++copy;
    }
    check(copy == std::default_sentinel);
}

// Any text can be a value.
void check_value(std::string_view text)
{
    std::string buffer(2 + 3 * text.size(), '\0');
    asioctx::baggage_writer out(buffer);
    if (!out.add("k", text))
        return check(3 * text.size() > asioctx::baggage_view::max_size - 2);
    std::string decoded(buffer.size(), '\0');
    auto const value = asioctx::decode_baggage(
        asioctx::baggage_view(out.view()).find("k")->value, decoded);
    check(value && (!is_utf8(text) || *value == text));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(
    std::uint8_t const* data, std::size_t size)
{
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    check_traceparent(text);
    check_baggage(text);
    check_value(text);
    return 0;
}
