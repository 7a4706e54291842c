//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/trace_context.hpp>

#include <boost/system/errc.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "random_number.hpp"

namespace asioctx {

constinit context_key<traceparent> const traceparent_key(
    "traceparent", loggable);
constinit context_key<std::string> const tracestate_key("tracestate");

namespace {

// Where the fields of a traceparent begin: version, ids and flags.
constexpr std::size_t at_trace_id = 3;
constexpr std::size_t at_parent_id = 36;
constexpr std::size_t at_flags = 53;
constexpr std::size_t traceparent_size = 55;

using id_bytes = std::span<unsigned char>;

void write_hex(char*& to, unsigned char byte) noexcept
{
    constexpr auto* digits = "0123456789abcdef";
    *to++ = digits[byte >> 4];
    *to++ = digits[byte & 15];
}

// Of a digit in lower case; otherwise more than a digit has.
constexpr unsigned lower_hex_value(char c) noexcept
{
    if ('0' <= c && c <= '9')
        return static_cast<unsigned>(c - '0');
    if ('a' <= c && c <= 'f')
        return static_cast<unsigned>(c - 'a') + 10;
    return 16;
}

// Two digits for each byte. Returns whether they are digits.
bool read_hex(std::string_view digits, id_bytes bytes) noexcept
{
    for (std::size_t i = 0; i != bytes.size(); ++i)
    {
        auto const high = lower_hex_value(digits[2 * i]);
        auto const low = lower_hex_value(digits[2 * i + 1]);
        if (high == 16 || low == 16)
            return false;
        bytes[i] = static_cast<unsigned char>(high << 4 | low);
    }
    return true;
}

bool is_zero(id_bytes id) noexcept
{
    return std::all_of(
        id.begin(), id.end(), [](unsigned char c) { return c == 0; });
}

void fill_with_random(id_bytes id) noexcept
{
    do
        for (std::size_t i = 0; i != id.size(); i += sizeof(std::uint64_t))
        {
            auto x = detail::random_number();
            for (auto& byte : id.subspan(i, sizeof(x)))
            {
                byte = static_cast<unsigned char>(x);
                x >>= 8;
            }
        }
    while (is_zero(id));
}

} // namespace

traceparent_text format_traceparent(traceparent const& t) noexcept
{
    traceparent_text text;
    auto* to = text.chars_.data();
    write_hex(to, 0);
    *to++ = '-';
    for (auto const byte : t.trace_id)
        write_hex(to, byte);
    *to++ = '-';
    for (auto const byte : t.parent_id)
        write_hex(to, byte);
    *to++ = '-';
    write_hex(to, t.sampled);
    return text;
}

boost::system::result<traceparent> parse_traceparent(
    std::string_view text) noexcept
{
    traceparent t;
    unsigned char version = 0;
    unsigned char flags = 0;
    bool const is_valid = text.size() >= traceparent_size
        && text[at_trace_id - 1] == '-' && text[at_parent_id - 1] == '-'
        && text[at_flags - 1] == '-' && read_hex(text, {&version, 1})
        && read_hex(text.substr(at_trace_id), t.trace_id)
        && read_hex(text.substr(at_parent_id), t.parent_id)
        && read_hex(text.substr(at_flags), {&flags, 1}) && version != 0xff
        && !is_zero(t.trace_id) && !is_zero(t.parent_id)
        && (text.size() == traceparent_size
            || (version != 0 && text[traceparent_size] == '-'));
    if (!is_valid)
        return make_error_code(boost::system::errc::invalid_argument);
    t.sampled = flags & 1;
    return t;
}

traceparent make_traceparent(bool sampled) noexcept
{
    traceparent t;
    fill_with_random(t.trace_id);
    fill_with_random(t.parent_id);
    t.sampled = sampled;
    return t;
}

traceparent make_child(traceparent const& parent) noexcept
{
    auto t = parent;
    fill_with_random(t.parent_id);
    return t;
}

} // namespace asioctx
