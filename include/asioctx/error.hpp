//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_ERROR_HPP
#define ASIOCTX_ERROR_HPP

#include <asioctx/config.hpp>

#include <boost/system/error_category.hpp>
#include <boost/system/error_condition.hpp>

#include <type_traits>

namespace asioctx {

/// Why a context is done.
/**
 * A timeout is not a kind of cancellation: the two never compare equal.
 *
 * @par Conditions
 * @c canceled is equivalent to @c std::errc::operation_canceled, and @c
 * deadline_exceeded to @c std::errc::timed_out. The conditions of
 * Boost.System of the same names compare equal too, and so does, with @c
 * deadline_exceeded, @c boost::beast::condition::timeout.
 *
 * Codes of two categories are never equal: what is an @c errc is not equal to
 * @c asio::error::operation_aborted, nor to @c asio::error::timed_out. Code that
 * is to take all of them compares with a condition, one of those above or one
 * made from an @c errc by make_error_condition().
 *
 * @par Example
 * @code
 * if (ec == asioctx::errc::deadline_exceeded) // or: ec == std::errc::timed_out
 *     retry();
 * @endcode
 */
enum class errc
{
    /// The context was canceled.
    canceled = 1,

    /// The context's deadline passed.
    deadline_exceeded = 2,
};

/// The category of errc.
/**
 * A process may have several copies of the library, as plugins bring them: all
 * of their categories are equal, and so are the codes. As a @c std::error_code, a
 * code equals conditions and the codes of its own copy.
 */
ASIOCTX_DECL boost::system::error_category const& error_category() noexcept;

/// The category of causes that are signals.
/**
 * The value is the signal's number, the message is the system's description
 * of that signal. See with_signals().
 */
ASIOCTX_DECL boost::system::error_category const& signal_category() noexcept;

/// Makes an error code from an errc.
inline error_code make_error_code(errc e) noexcept
{
    return {static_cast<int>(e), error_category()};
}

/// Makes an error condition from an errc.
/**
 * Equivalent to it are the @c errc itself, Asio's and the system's errors of the
 * same meaning, as @c asio::error::operation_aborted, the generic one, and Beast's
 * @c error::timeout. What was a @c std::error_code of another category than the
 * generic one is equivalent to @c std::errc's conditions alone.
 */
inline boost::system::error_condition make_error_condition(errc e) noexcept
{
    return {static_cast<int>(e), error_category()};
}

} // namespace asioctx

template <>
struct boost::system::is_error_code_enum<asioctx::errc> : std::true_type
{
};

#endif
