//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_TYPE_NAME_HPP
#define ASIOCTX_DETAIL_TYPE_NAME_HPP

#include <cstddef>
#include <string_view>

namespace asioctx::detail {

// The last two parts of a type's name: ...<object>::<member>, templates with what
// they are made of.
struct type_name
{
    std::string_view all, object, member;

    // Given what begins with the name, and ends with ; or ] or a > too many.
    constexpr explicit type_name(std::string_view name) noexcept
    {
        std::size_t depth = 0, begin = 0, i = 0;
        for (; i != name.size(); ++i)
        {
            if (name[i] == '<')
                ++depth;
            else if (name[i] == '>')
            {
                if (depth == 0)
                    break;
                --depth;
            }
            else if (depth == 0 && name[i] == ':')
            {
                object = name.substr(begin, i - begin);
                begin = ++i + 1;
            }
            else if (depth == 0 && (name[i] == ';' || name[i] == ']'))
                break;
        }
        all = name.substr(0, i);
        member = all.substr(begin);
    }
};

// Whether that is what one of Asio's own I/O objects initiates:
// boost::asio::...basic_<object><...>::initiate_async_<operation>. These are
// private, and have nothing in common but their names.
constexpr bool names_io_object_initiation(std::string_view name) noexcept
{
    type_name const t(name);
    return t.all.starts_with("boost::asio::") && t.object.starts_with("basic_")
        && t.member.starts_with("initiate_async_");
}

// The same for Beast's operations, which go on although they were asked to stop.
constexpr bool names_beast_operation(std::string_view name) noexcept
{
    type_name const t(name);
    return (t.all.starts_with("boost::beast::http::")
               || t.all.starts_with("boost::beast::websocket::"))
        && t.member.substr(0, t.member.find('<')).ends_with("_op");
}

// What begins with the name of the type T, in what compilers call name_of<T>().
// Empty where it is not found.
constexpr std::string_view name_in(std::string_view function) noexcept
{
    // GCC and Clang: ...name_of() [with T = <name>; ...], [T = <name>]
    // MSVC: ...name_of<class <name>>(void) noexcept
    for (std::string_view const before :
        {"T = ", "name_of<class ", "name_of<struct ", "name_of<"})
    {
        auto const found = function.find(before);
        if (found != function.npos)
            return function.substr(found + before.size());
    }
    return {};
}

template <class T>
consteval std::string_view name_of() noexcept
{
#if defined(_MSC_VER)
    return name_in(__FUNCSIG__);
#else
    return name_in(__PRETTY_FUNCTION__);
#endif
}

} // namespace asioctx::detail

#endif
