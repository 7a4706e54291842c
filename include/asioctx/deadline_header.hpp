//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DEADLINE_HEADER_HPP
#define ASIOCTX_DEADLINE_HEADER_HPP

#include <asioctx/cancel.hpp>
#include <asioctx/config.hpp>
#include <asioctx/context.hpp>
#include <asioctx/deadline.hpp>

#include <boost/system/result.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <string_view>

namespace asioctx {

class timeout_text;

namespace detail {

ASIOCTX_DECL timeout_text format_timeout(duration timeout) noexcept;
ASIOCTX_DECL boost::system::result<cancelable> with_remote_deadline(
    context const& parent,
    std::string_view text,
    duration reserve,
    error_code const& cause,
    source_location at);

} // namespace detail

/// A timeout as text, such as @c 250m.
/**
 * It holds its characters itself: there is no allocation.
 *
 * @par Thread Safety
 * @e Distinct @e objects: Safe.@n
 * @e Shared @e objects: Unsafe.
 */
class timeout_text
{
public:
    /// Returns the characters. They live as long as this object.
    std::string_view view() const noexcept ASIOCTX_LIFETIMEBOUND
    {
        return {chars_.data(), size_};
    }

    /// The same as view().
    operator std::string_view() const noexcept ASIOCTX_LIFETIMEBOUND
    {
        return view();
    }

private:
    friend timeout_text detail::format_timeout(duration timeout) noexcept;

    timeout_text() = default;

    std::array<char, 9> chars_; // 8 digits and a unit
    unsigned char size_ = 0;
};

/// Writes a timeout as gRPC's `grpc-timeout` header has it.
/**
 * The text is a number of at most 8 digits and one of the units H (hours), M
 * (minutes), S (seconds), m (milli-), u (micro-) and n (nanoseconds). The unit
 * is the finest one that fits. The number is rounded up, so that the receiver
 * never gives up too early.
 *
 * A timeout that is zero, negative or not a number is @c 0n. One that is too
 * long for a @c duration, as the @c max() of any duration is, becomes the text
 * that parse_timeout() reads as @c duration::max(). So
 * @c format_timeout(ctx.remaining()) is right for a context without a deadline
 * too, though to send no header at all is shorter.
 *
 * To keep time for the way back, subtract a reserve:
 * @c format_timeout(ctx.remaining() - 20ms).
 *
 * @param timeout The time: a timeout is sent, not a point in time, so that the
 * clocks of the two sides need not agree.
 *
 * @par Exceptions
 * None. There is no allocation.
 *
 * @par Thread Safety
 * Safe.
 *
 * @par Example
 * @code
 * request.set("grpc-timeout", format_timeout(ctx.remaining()).view());
 * @endcode
 */
template <class Rep, class Period>
timeout_text format_timeout(std::chrono::duration<Rep, Period> timeout) noexcept
{
    return detail::format_timeout(detail::to_duration(timeout));
}

/// Reads a timeout as gRPC's `grpc-timeout` header has it.
/**
 * The text is 1 to 8 digits and one of the units of format_timeout(), with
 * nothing before, between or after. The case of the unit counts. Zero is a
 * timeout that has passed, as other implementations send it.
 *
 * @param text The text.
 *
 * @returns The timeout. One that is too long for a @c duration is @c
 * duration::max(), which with_timeout() takes for none.
 *
 * @par Errors
 * @c invalid_argument of the generic category if the text is anything else.
 *
 * @par Exceptions
 * None. There is no allocation.
 *
 * @par Thread Safety
 * Safe.
 */
ASIOCTX_DECL boost::system::result<duration> parse_timeout(
    std::string_view text) noexcept;

/// Derives a context with the deadline that a remote caller has sent.
/**
 * The same as with_timeout() with what parse_timeout() reads in the text, less
 * a reserve, so that the answer, even an error, reaches the caller while it still
 * waits. The parent's deadline remains the limit, if it is earlier.
 *
 * A reserve that is as long as the timeout or longer makes the context done at
 * once. One that is zero, negative or not a number is none.
 *
 * Preconditions, lifetimes, executor and thread safety are as for
 * with_timeout().
 *
 * @param parent The context to derive from.
 *
 * @param text The value of the header. A request without the header has no
 * deadline of its own: derive with with_cancel() then.
 *
 * @param reserve The time for the way back.
 *
 * @param cause What the context's cause() is if this deadline ends it. Without
 * one, it is @c errc::deadline_exceeded.
 *
 * @param at What canceled_at() is if this deadline, or the source's destructor,
 * ends the context.
 *
 * @returns The context and the right to cancel it, or an error. @c value() of
 * the result throws the error as a @c boost::system::system_error.
 *
 * @par Errors
 * Those of parse_timeout().
 *
 * @par Exceptions
 * Those of with_timeout().
 *
 * @par Example
 * @code
 * auto limited = with_remote_deadline(parent, header, 20ms);
 * if (!limited)
 *     return bad_request();
 * auto& [ctx, cancel] = *limited;
 * @endcode
 */
template <class Rep = duration::rep, class Period = duration::period>
boost::system::result<cancelable> with_remote_deadline(
    context const& parent,
    std::string_view text,
    std::chrono::duration<Rep, Period> reserve = {},
    error_code const& cause = {},
    source_location at = BOOST_CURRENT_LOCATION)
{
    return detail::with_remote_deadline(
        parent, text, detail::to_duration(reserve), cause, at);
}

} // namespace asioctx

#endif
