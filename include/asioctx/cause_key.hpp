//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_CAUSE_KEY_HPP
#define ASIOCTX_CAUSE_KEY_HPP

#include <asioctx/config.hpp>

#include <boost/system/error_category.hpp>

#include <cstdint>
#include <string>

namespace asioctx {

/// Names a cause, for those who need no error category of their own.
/**
 * A key is an error code wherever one is taken, as the cause of cancel() and of
 * with_timeout() is, and equals the context's cause() then. The code's message
 * is the key's name.
 *
 * A key is its address: two key objects are two causes, whatever their names.
 * Declare a key as a variable that is never destroyed; at namespace scope,
 * @c inline @c constexpr is the idiom. A temporary key does not compile.
 *
 * @par Thread Safety
 * @e Distinct @e objects: Safe.@n
 * @e Shared @e objects: Safe.
 *
 * @par Example
 * @code
 * inline constexpr asioctx::cause_key idle{"idle"};
 *
 * cancel(idle);
 * if (ctx.cause() == idle)
 *     reconnect();
 * @endcode
 */
class cause_key final : private boost::system::error_category
{
public:
    /// Makes a key. The name is not copied.
    constexpr explicit cause_key(char const* name) noexcept : name_(name)
    {
    }

    /// Makes a key that is its number instead of its address.
    /**
     * For programs with plugins, which may hold copies of one key: they are
     * equal. The number is a random one other than zero, see
     * @c boost::system::error_category.
     */
    constexpr cause_key(char const* name, std::uint64_t id) noexcept
        : boost::system::error_category(id), name_(name)
    {
    }

    /// The name that the key was made with.
    char const* name() const noexcept override
    {
        return name_;
    }

    /// Makes the error code that stands for the cause.
    operator error_code() const& noexcept
    {
        return {1, *this};
    }

    // The code would refer to a temporary.
    operator error_code() const&& = delete;

    /// Tells whether a cause is the one that the key names.
    friend bool operator==(error_code const& c, cause_key const& k) noexcept
    {
        return c == error_code(k);
    }

private:
    std::string message(int) const override
    {
        return name_;
    }

    char const* name_;
};

} // namespace asioctx

#endif
