//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/baggage.hpp>

#include <boost/system/errc.hpp>

#include <algorithm>

namespace asioctx {

constinit context_key<std::string> const baggage_key("baggage");

namespace {

using namespace std::literals;

constexpr bool is_token_char(char c) noexcept
{
    return ('0' <= c && c <= '9') || ('a' <= c && c <= 'z')
        || ('A' <= c && c <= 'Z') || "!#$%&'*+-.^_`|~"sv.find(c) != ""sv.npos;
}

constexpr bool is_baggage_octet(char c) noexcept
{
    return '!' <= c && c <= '~' && "\",;\\"sv.find(c) == ""sv.npos;
}

bool is_token(std::string_view text) noexcept
{
    return !text.empty()
        && std::all_of(text.begin(), text.end(), is_token_char);
}

bool is_baggage_value(std::string_view text) noexcept
{
    return std::all_of(text.begin(), text.end(), is_baggage_octet);
}

std::string_view without_space_around(std::string_view text) noexcept
{
    auto const space = " \t"sv;
    auto const first = (std::min)(text.find_first_not_of(space), text.size());
    text.remove_prefix(first);
    return text.substr(0, text.find_last_not_of(space) + 1);
}

// Cuts off what comes before a separator, and the separator.
std::string_view cut(std::string_view& text, char separator) noexcept
{
    auto const size = (std::min)(text.find(separator), text.size());
    auto const before = text.substr(0, size);
    text.remove_prefix((std::min)(size + 1, text.size()));
    return before;
}

bool is_property(std::string_view text) noexcept
{
    bool const has_value = text.find('=') != text.npos;
    auto const key = without_space_around(cut(text, '='));
    return is_token(key)
        && (!has_value || is_baggage_value(without_space_around(text)));
}

// Of what comes after the first semicolon.
bool are_properties(std::string_view text) noexcept
{
    auto const end = std::count(text.begin(), text.end(), ';') + 1;
    for (std::ptrdiff_t i = 0; i != end; ++i)
        if (!is_property(cut(text, ';')))
            return false;
    return true;
}

bool parse_member(std::string_view text, baggage_member& member) noexcept
{
    bool const has_properties = text.find(';') != text.npos;
    auto value = cut(text, ';');
    if (value.find('=') == value.npos)
        return false;
    member.key = without_space_around(cut(value, '='));
    member.value = without_space_around(value);
    member.properties = without_space_around(text);
    return is_token(member.key) && is_baggage_value(member.value)
        && (!has_properties || are_properties(text));
}

constexpr int hex_value(char c) noexcept
{
    if ('0' <= c && c <= '9')
        return c - '0';
    if ('a' <= c && c <= 'f')
        return c - 'a' + 10;
    if ('A' <= c && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

// Takes a byte off an encoded text that is not empty; -1 if it is malformed.
int take_byte(std::string_view& text) noexcept
{
    if (text.front() != '%')
    {
        auto const byte = static_cast<unsigned char>(text.front());
        text.remove_prefix(1);
        return byte;
    }
    if (text.size() < 3)
        return -1;
    auto const high = hex_value(text[1]);
    auto const low = hex_value(text[2]);
    text.remove_prefix(3);
    return high < 0 || low < 0 ? -1 : 16 * high + low;
}

// The bytes of UTF-8 after a first one: how many, and what the next may be.
struct continuation
{
    int bytes;
    int least;
    int most;
};

constexpr continuation continuation_of(int first) noexcept
{
    if (0xc2 <= first && first <= 0xdf)
        return {1, 0x80, 0xbf};
    if (0xe0 <= first && first <= 0xef)
        return {2, first == 0xe0 ? 0xa0 : 0x80, first == 0xed ? 0x9f : 0xbf};
    if (0xf0 <= first && first <= 0xf4)
        return {3, first == 0xf0 ? 0x90 : 0x80, first == 0xf4 ? 0x8f : 0xbf};
    return {0, 0, 0};
}

} // namespace

baggage_view::baggage_view(std::string_view text) noexcept : text_(text)
{
    if (text.size() <= max_size)
        return;
    // Up to the last comma that all before it is short enough for.
    auto const end = text.rfind(',', max_size);
    text_ = text.substr(0, end == text.npos ? 0 : end);
}

baggage_view::iterator& baggage_view::iterator::operator++() noexcept
{
    --left_;
    while (left_ != 0)
    {
        if (rest_.empty())
            left_ = 0;
        else if (parse_member(cut(rest_, ','), member_))
            break;
    }
    return *this;
}

std::optional<baggage_member> baggage_view::find(
    std::string_view key) const noexcept
{
    for (auto const& member : *this)
        if (member.key == key)
            return member;
    return std::nullopt;
}

boost::system::result<std::string_view> decode_baggage(
    std::string_view value, std::span<char> buffer) noexcept
{
    std::size_t size = 0;
    while (!value.empty())
    {
        auto const first = take_byte(value);
        if (first < 0)
            return make_error_code(boost::system::errc::invalid_argument);
        char character[4] = {static_cast<char>(first)};
        std::string_view decoded(character, 1);
        if (first >= 0x80)
        {
            auto next = continuation_of(first);
            int n = 0;
            for (; n != next.bytes && !value.empty(); ++n)
            {
                auto rest = value;
                auto const byte = take_byte(rest);
                if (byte < next.least || byte > next.most)
                    break;
                character[n + 1] = static_cast<char>(byte);
                next = {next.bytes, 0x80, 0xbf};
                value = rest;
            }
            bool const is_character = n != 0 && n == next.bytes;
            decoded = is_character
                ? std::string_view(character, static_cast<std::size_t>(n) + 1)
                : "\xef\xbf\xbd"sv; // U+FFFD
        }
        if (decoded.size() > buffer.size() - size)
            return make_error_code(boost::system::errc::no_buffer_space);
        std::copy(decoded.begin(), decoded.end(), buffer.data() + size);
        size += decoded.size();
    }
    return std::string_view(buffer.data(), size);
}

bool baggage_writer::put(char c) noexcept
{
    if (size_ == (std::min)(buffer_.size(), baggage_view::max_size))
        return false;
    buffer_[size_++] = c;
    return true;
}

bool baggage_writer::put(std::string_view text) noexcept
{
    return std::all_of(
        text.begin(), text.end(), [&](char c) { return put(c); });
}

bool baggage_writer::begin_member(std::string_view key) noexcept
{
    return members_ != baggage_view::max_members && is_token(key)
        && (size_ == 0 || put(',')) && put(key) && put('=');
}

bool baggage_writer::end_member(std::size_t before, bool fits) noexcept
{
    if (fits)
        ++members_;
    else
        size_ = before;
    return fits;
}

bool baggage_writer::add(std::string_view key, std::string_view value) noexcept
{
    auto const put_encoded = [&](char c)
    {
        if (c != '%' && is_baggage_octet(c))
            return put(c);
        auto const byte = static_cast<unsigned char>(c);
        constexpr auto digits = "0123456789ABCDEF"sv;
        return put('%') && put(digits[byte >> 4]) && put(digits[byte & 15]);
    };
    auto const before = size_;
    return end_member(
        before,
        begin_member(key)
            && std::all_of(value.begin(), value.end(), put_encoded));
}

bool baggage_writer::add(baggage_member const& member) noexcept
{
    auto const& [key, value, properties] = member;
    auto const before = size_;
    return end_member(
        before,
        begin_member(key) && is_baggage_value(value) && put(value)
            && (properties.empty()
                || (are_properties(properties) && put(';')
                    && put(properties))));
}

} // namespace asioctx
