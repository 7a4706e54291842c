//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_SRC_PEOPLE_HPP
#define ASIOCTX_SRC_PEOPLE_HPP

#include <asioctx/dump.hpp>

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <tuple>

// How what is known of contexts is written for people to read.
namespace asioctx::people {

// "350ms", "4.2s", "2m05s", "3h20m": rounded, as ages are known to a tick.
std::string time(duration d);

// "upstream.cpp:88", without folders; "?" if it is not known.
std::string place(source_location const& at);

// "9,988".
std::string number(std::size_t n);

// "3 operations", "1 operation".
std::string count(std::size_t n, char const* what);

// Without control characters: a name may be what a client has sent, and what it
// is printed to a terminal.
std::string printable(std::string_view text);

// What is the same of operations that are alike.
using operation_kind = std::tuple<
    std::string_view,
    std::string_view,
    std::uint_least32_t,
    operation_state>;

operation_kind kind_of(context_snapshot::operation const& o) noexcept;

// "canceled 4.2s ago, main.cpp:41, Interrupt"; or, if one above was, no more
// than that.
void write_end(
    std::ostream& os, context_snapshot::ending const& e, bool from_above);

// Colors, if they are wanted.
class paint
{
public:
    paint(std::ostream& os, dump_options const& o);

    char const* state(operation_state s) const noexcept;
    char const* faint() const noexcept;
    char const* strong() const noexcept;
    char const* plain() const noexcept;

private:
    bool const on_;
};

} // namespace asioctx::people

#endif
