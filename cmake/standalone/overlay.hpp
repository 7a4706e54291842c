//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_STANDALONE_HPP
#define ASIOCTX_DETAIL_STANDALONE_HPP

// What Boost has and the standard library has not, or not as it is needed. It
// is there in asioctx::standalone alone.

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>
#include <version>

#if defined(__cpp_lib_source_location)
#include <source_location>
#endif

#define ASIOCTX_STANDALONE

namespace asioctx {

/// A place in the source.
/**
 * As @c std::source_location, from which it can be made, but one that can also
 * be kept as a file and a line.
 */
class source_location
{
public:
    constexpr source_location() noexcept = default;

    constexpr source_location(
        char const* file,
        std::uint_least32_t line,
        char const* function,
        std::uint_least32_t column = 0) noexcept
        : file_(file), function_(function), line_(line), column_(column)
    {
    }

#if defined(__cpp_lib_source_location)
    constexpr source_location(std::source_location const& l) noexcept
        : source_location(
            l.file_name(), l.line(), l.function_name(), l.column())
    {
    }
#endif

    /// The place of the call. As a default argument, that of the caller.
    static constexpr source_location current(
        char const* file = __builtin_FILE(),
        std::uint_least32_t line = __builtin_LINE(),
        char const* function = __builtin_FUNCTION()) noexcept
    {
        return {file, line, function};
    }

    constexpr char const* file_name() const noexcept
    {
        return file_;
    }

    constexpr char const* function_name() const noexcept
    {
        return function_;
    }

    constexpr std::uint_least32_t line() const noexcept
    {
        return line_;
    }

    constexpr std::uint_least32_t column() const noexcept
    {
        return column_;
    }

    /// Prints "file:line".
    template <class Char, class Traits>
    friend std::basic_ostream<Char, Traits>& operator<<(
        std::basic_ostream<Char, Traits>& os, source_location const& l)
    {
        return os << l.file_name() << ':' << l.line();
    }

private:
    char const* file_ = "";
    char const* function_ = "";
    std::uint_least32_t line_ = 0;
    std::uint_least32_t column_ = 0;
};

/// A value, or the error for which there is none.
/**
 * What @c std::expected is from C++23 on. To look at a value that is not there
 * is undefined, but with value().
 */
template <class T>
class result
{
public:
    // Not an error, nor a result.
    template <
        class U,
        class = std::enable_if_t<
            std::is_convertible_v<
                U,
                T> && !std::is_same_v<std::remove_cvref_t<U>, std::error_code> && !std::is_same_v<std::remove_cvref_t<U>, result>>>
    result(U&& value) : value_(std::forward<U>(value))
    {
    }

    result(std::error_code const& ec) noexcept : error_(ec)
    {
    }

    bool has_value() const noexcept
    {
        return value_.has_value();
    }

    bool has_error() const noexcept
    {
        return !has_value();
    }

    explicit operator bool() const noexcept
    {
        return has_value();
    }

    /// The error; none if there is a value.
    std::error_code error() const noexcept
    {
        return error_;
    }

    /// The value. Throws @c std::system_error if there is none.
    T& value() &
    {
        throw_if_none();
        return *value_;
    }

    T const& value() const&
    {
        throw_if_none();
        return *value_;
    }

    T&& value() &&
    {
        throw_if_none();
        return *std::move(value_);
    }

    T& operator*() & noexcept
    {
        return *value_;
    }

    T const& operator*() const& noexcept
    {
        return *value_;
    }

    T&& operator*() && noexcept
    {
        return *std::move(value_);
    }

    T* operator->() noexcept
    {
        return std::addressof(*value_);
    }

    T const* operator->() const noexcept
    {
        return std::addressof(*value_);
    }

private:
    void throw_if_none() const
    {
        if (!value_)
            throw std::system_error(error_);
    }

    std::optional<T> value_;
    std::error_code error_;
};

namespace detail {

// Takes the number that Boost's category is compared by. The standard library's
// is its address: what two copies of asioctx in a process have is never equal.
class numbered_category : public std::error_category
{
protected:
    constexpr explicit numbered_category(std::uint64_t = 0) noexcept
    {
    }

    ~numbered_category() = default;
};

} // namespace detail
} // namespace asioctx

#endif
