//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_CONTEXT_KEY_HPP
#define ASIOCTX_CONTEXT_KEY_HPP

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>

namespace asioctx {

/// Says that the values of a key may be shown, see context_key.
struct loggable_t
{
    /// Is not made from braces alone.
    explicit loggable_t() = default;
};

/// Says that the values of a key may be shown, see context_key.
inline constexpr loggable_t loggable{};

namespace detail {

struct key_access;

// The text of a value that may be shown.
template <class T>
std::string text_of(T const& value)
{
    if constexpr (std::convertible_to<T const&, std::string_view>)
        return std::string(std::string_view(value));
    else if constexpr (std::same_as<T, bool>)
        return value ? "true" : "false";
    else if constexpr (std::is_arithmetic_v<T>)
        return std::to_string(value);
    else
        return std::string(to_string(value));
}

template <class T>
concept has_text = std::convertible_to<T const&, std::string_view>
    || std::is_arithmetic_v<T> || requires(T const& value) {
           { to_string(value) } -> std::convertible_to<std::string>;
       };

} // namespace detail

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

    /// Makes a key whose values may be shown.
    /**
     * They then appear in to_string(), in dump() and in the reports of
     * report_stuck(). Of other keys nothing but the name does: values hold
     * secrets. @c T is a string, a number, or has a function @c to_string that is
     * found by its argument.
     *
     * @code
     * inline constexpr asioctx::context_key<std::string> id{
     *     "request", asioctx::loggable};
     * @endcode
     */
    constexpr context_key(char const* name, loggable_t) noexcept : name_(name)
    {
        static_assert(detail::has_text<T>,
            "asioctx::context_key: a value that may be shown must be a string, a "
            "number, or have a function to_string that is found by its argument");
        if constexpr (detail::has_text<T>)
            text_ = &detail::text_of<T>;
    }

    context_key(context_key const&) = delete;
    context_key& operator=(context_key const&) = delete;

    /// The name that the key was made with.
    constexpr char const* name() const noexcept
    {
        return name_;
    }

    /// Tells whether the values may be shown.
    constexpr bool is_loggable() const noexcept
    {
        return text_ != nullptr;
    }

private:
    friend struct detail::key_access;

    char const* name_;
    std::string (*text_)(T const&) = nullptr;
};

namespace detail {

struct key_access
{
    template <class T>
    static auto text_function(context_key<T> const& key) noexcept
    {
        return key.text_;
    }
};

// Fails a static_assert that depends on T.
template <class T>
inline constexpr bool no_temporary_key = false;

} // namespace detail

} // namespace asioctx

#endif
