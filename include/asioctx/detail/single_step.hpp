//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_SINGLE_STEP_HPP
#define ASIOCTX_DETAIL_SINGLE_STEP_HPP

#include <cstddef>
#include <string_view>

namespace asioctx::detail {

// Whether a type's name is that of what one of Asio's own I/O objects initiates:
// boost::asio::...basic_<object><...>::initiate_async_<operation>. These are
// private, and have nothing in common but their names.
constexpr bool names_io_object_initiation(std::string_view name) noexcept
{
    if (!name.starts_with("boost::asio::"))
        return false;
    std::string_view object, member;
    std::size_t depth = 0, begin = 0;
    for (std::size_t i = 0; i != name.size(); ++i)
    {
        if (name[i] == '<')
            ++depth;
        else if (name[i] == '>')
            --depth;
        else if (depth == 0 && name[i] == ':')
        {
            object = name.substr(begin, i - begin);
            begin = ++i + 1;
        }
        else if (depth == 0 && (name[i] == ';' || name[i] == ']'))
        {
            name = name.substr(0, i);
            break;
        }
    }
    member = name.substr(begin);
    return object.starts_with("basic_")
        && member.starts_with("initiate_async_");
}

// Found in what GCC and Clang call this function. Where it is not found, the
// operation is taken for one of several steps.
template <class T>
consteval bool is_io_object_initiation() noexcept
{
    std::string_view const function = __PRETTY_FUNCTION__;
    constexpr std::string_view before = "T = ";
    auto const found = function.find(before);
    return found != function.npos
        && names_io_object_initiation(function.substr(found + before.size()));
}

} // namespace asioctx::detail

#endif
