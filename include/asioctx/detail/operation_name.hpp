//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_OPERATION_NAME_HPP
#define ASIOCTX_DETAIL_OPERATION_NAME_HPP

#include <asioctx/detail/type_name.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace asioctx::detail {

// The name by which people know an operation, from the type of its initiation:
//
//     boost::asio::basic_stream_socket<...>::initiate_async_receive
//         basic_stream_socket::async_receive
//     boost::asio::detail::initiate_async_read<...>     async_read
//     boost::asio::detail::initiate_composed_op<...>    what is composed
//     async_ask(int)::<lambda(auto:1)>                  async_ask
//
// What is not found is "operation".
using operation_name_text = std::array<char, 56>;

constexpr std::string_view without_arguments(std::string_view name) noexcept
{
    return name.substr(0, name.find_first_of("<("));
}

// A lambda has no name but that of the function it is in, if that is told.
constexpr std::string_view without_lambda(std::string_view type) noexcept
{
    if (type.find("(lambda at") != type.npos)
        return "lambda";
    auto const lambda = type.find("::<lambda");
    return lambda == type.npos
        ? type
        : type.substr(0, (std::min)(lambda, type.find('(')));
}

constexpr std::string_view without_prefix(
    std::string_view name, std::string_view prefix) noexcept
{
    return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

// Whether it is a class or a function that says more than a namespace.
constexpr bool says_whose(std::string_view object) noexcept
{
    return !object.empty() && !object.starts_with('{') && object != "detail"
        && object != "asio" && object != "asioctx";
}

constexpr operation_name_text name_operation(std::string_view type) noexcept
{
    type_name const t(without_lambda(type));
    operation_name_text result{};
    std::size_t n = 0;
    auto const append = [&](std::string_view part)
    {
        for (char const c : part)
            if (n + 1 != result.size())
                result[n++] = c;
    };
    auto const object = without_arguments(t.object);
    auto member = without_arguments(t.member);
    member = without_prefix(member, "initiate_");
    if (member == "async_move_accept")
        member = "async_accept"; // how it was called
    if (says_whose(object) && t.object.find_first_not_of(' ') != t.object.npos
        && (t.object.size() != object.size() || object.starts_with("basic_")
            || !t.all.starts_with("boost::asio::")))
    {
        append(object);
        append("::");
    }
    append(member.empty() ? "operation" : member);
    return result;
}

template <class T>
inline constexpr operation_name_text name_of_operation =
    name_operation(name_of<T>());

// Of what async_compose() makes, which it is given first.
template <class Initiation, class... Args>
inline constexpr char const* operation_name =
    name_of_operation<Initiation>.data();

template <class Initiation, class Implementation, class... Args>
    requires(type_name(name_of<Initiation>())
                 .member.starts_with("initiate_composed_op"))
inline constexpr char const*
    operation_name<Initiation, Implementation, Args...> =
        name_of_operation<Implementation>.data();

} // namespace asioctx::detail

#endif
