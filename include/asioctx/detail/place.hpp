//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_PLACE_HPP
#define ASIOCTX_DETAIL_PLACE_HPP

#include <asioctx/config.hpp>

#include <cstdint>

namespace asioctx::detail {

// A line of the source, in as little room as it takes: every operation keeps
// one.
struct place
{
    constexpr place() noexcept = default;

    constexpr place(source_location const& l) noexcept
        : file(l.file_name()), line(l.line())
    {
    }

    // Whether it is known.
    explicit operator bool() const noexcept
    {
        return line != 0;
    }

    operator source_location() const noexcept
    {
        return line != 0 ? source_location(file, line, "") : source_location();
    }

    char const* file = "";
    std::uint32_t line = 0;
};

} // namespace asioctx::detail

#endif
