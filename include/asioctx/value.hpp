//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_VALUE_HPP
#define ASIOCTX_VALUE_HPP

#include <asioctx/config.hpp>
#include <asioctx/context.hpp>
#include <asioctx/context_key.hpp>

#include <asioctx/detail/node.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace asioctx {

namespace detail {

template <class T>
struct value_node_of final : value_node
{
    template <class U>
    value_node_of(node* p, context_key<T> const& k, U&& v)
        : value_node(p, &k),
          name(k.name()),
          text(key_access::text_function(k)),
          value(std::forward<U>(v))
    {
    }

    void const* get() const noexcept override
    {
        return &value;
    }

    void describe(std::string& out) const override
    {
        out += ".with_value(";
        out += name;
        if (text)
        {
            out += '=';
            out += text(value);
        }
        out += ')';
    }

    void tell(node_info& i) const override
    {
        if (!text)
            return;
        i.what = node_info::part::value;
        i.key = name;
        i.text = text(value);
    }

    char const* const name;
    std::string (*const text)(T const&);
    T const value;
};

} // namespace detail

/// Derives a context that carries a value.
/**
 * The context is done when the parent is. Its value() for the key is the one
 * given here; for other keys it is the parent's.
 *
 * Values are for data of a request that crosses interfaces, such as who asks
 * and how the request is traced. They are not for optional parameters.
 *
 * @param parent The context to derive from.
 *
 * @param key The key.
 *
 * @param value What the value is made from.
 *
 * @par Preconditions
 * The key outlives every context that holds the value.
 *
 * @par Object lifetimes
 * The context keeps the parent and the value. The value is destroyed on the
 * thread that drops the last handle to the context or one derived from it.
 *
 * @par Exceptions
 * @c std::bad_alloc, and what making the value throws.
 *
 * @par Thread Safety
 * Safe. The value is read by any number of threads, through a pointer to const.
 *
 * @par Example
 * examples/04_values.cpp
 */
template <class T, class U = T>
context with_value(
    context const& parent, context_key<T> const& key, U&& value)
{
    static_assert(std::constructible_from<T, U>,
        "asioctx::with_value: a value of the key's type cannot be made from "
        "the third argument");
    return detail::context_access::make(
        detail::make_node<detail::value_node_of<T>>(
            detail::context_access::get(parent), key, std::forward<U>(value)));
}

/// Does not compile: a temporary would be gone before the context.
template <class T, class U = T>
context with_value(context const&, context_key<T> const&&, U&&)
{
    static_assert(detail::no_temporary_key<T>,
        "asioctx::with_value: the key is a temporary; declare it as a "
        "variable that outlives the context");
    return {};
}

} // namespace asioctx

#endif
