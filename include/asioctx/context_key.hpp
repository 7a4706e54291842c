//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_CONTEXT_KEY_HPP
#define ASIOCTX_CONTEXT_KEY_HPP

#include <asioctx/config.hpp>

#include <type_traits>

namespace asioctx {

/// Names a value of type @c T that a context can carry.
/**
 * A key is its address: two key objects are two keys, whatever their type and
 * name. Declare a key as a variable that outlives every context that holds a
 * value for it; at namespace scope, @c inline @c constexpr is the idiom. A
 * temporary key does not compile.
 *
 * @par Thread Safety
 * @e Distinct @e objects: Safe.@n
 * @e Shared @e objects: Safe.
 *
 * @par Example
 * @code
 * inline constexpr asioctx::context_key<std::string> user{"user"};
 * @endcode
 */
template <class T>
class context_key
{
    static_assert(std::is_object_v<T> && !std::is_const_v<T>,
        "asioctx::context_key<T>: T must be an object type without const; "
        "values are read as T const*");

public:
    /// The type of the value.
    using value_type = T;

    /// Makes a key. The name is for to_string() alone and is not copied.
    constexpr explicit context_key(char const* name = "value") noexcept
        : name_(name)
    {
    }

    context_key(context_key const&) = delete;
    context_key& operator=(context_key const&) = delete;

    /// The name that the key was made with.
    constexpr char const* name() const noexcept
    {
        return name_;
    }

private:
    char const* name_;
};

namespace detail {

// Fails a static_assert that depends on T.
template <class T>
inline constexpr bool no_temporary_key = false;

} // namespace detail

} // namespace asioctx

#endif
