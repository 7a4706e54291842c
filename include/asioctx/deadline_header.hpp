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

/// How a timeout is written in a header.
/**
 * All are durations and not points in time, so that the clocks of the two sides
 * need not agree.
 */
enum class timeout_format
{
    /// gRPC's `grpc-timeout`, such as @c 250m.
    /**
     * A number of at most 8 digits and one of the units H (hours), M (minutes),
     * S (seconds), m (milli-), u (micro-) and n (nanoseconds). The case of the
     * unit counts.
     */
    grpc,

    /// Connect's `Connect-Timeout-Ms`, such as @c 250.
    /**
     * A number of milliseconds, of at most 10 digits: 115 days.
     */
    connect,

    /// Envoy's `x-envoy-expected-rq-timeout-ms`, such as @c 250.
    /**
     * A number of milliseconds.
     */
    envoy,
};

namespace detail {

ASIOCTX_DECL timeout_text format_timeout(
    duration timeout, timeout_format format) noexcept;
ASIOCTX_DECL boost::system::result<cancelable> with_remote_deadline(
    context const& parent,
    std::string_view text,
    timeout_format format,
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

    /// The same as view(), which is for who asks for another type of view.
    operator std::string_view() const noexcept ASIOCTX_LIFETIMEBOUND
    {
        return view();
    }

private:
    friend timeout_text detail::format_timeout(
        duration timeout, timeout_format format) noexcept;

    timeout_text() = default;

    std::array<char, 10> chars_; // 8 digits and a unit, or 10 digits
    unsigned char size_ = 0;
};

/// Writes a timeout as a header has it.
/**
 * The number is rounded up, so that the receiver never gives up too early. The
 * unit, if the format has one, is the finest one that fits.
 *
 * A timeout that is zero, negative or not a number is @c 0n for gRPC. For the
 * others it is @c 1, for they have no zero: Envoy takes it for no timeout.
 *
 * One that is too long for a @c duration, as the @c max() of any duration is,
 * becomes for gRPC the text that parse_timeout() reads as @c duration::max(). In
 * milliseconds the longest is @c 9999999999, 115 days. So
 * @c format_timeout(ctx.remaining()) is right for a context without a deadline
 * too, though to send no header at all is shorter.
 *
 * To keep time for the way back, subtract a reserve:
 * @c format_timeout(ctx.remaining() - 20ms).
 *
 * @param timeout The time.
 *
 * @param format What it is for.
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
timeout_text format_timeout(
    std::chrono::duration<Rep, Period> timeout,
    timeout_format format = timeout_format::grpc) noexcept
{
    return detail::format_timeout(detail::to_duration(timeout), format);
}

/// Reads a timeout as a header has it.
/**
 * The text is 1 or more digits, and for gRPC a unit, as timeout_format says, with
 * nothing before, between or after. Zero is a timeout that has passed, as other
 * implementations of gRPC send it.
 *
 * @param text The text.
 *
 * @param format What it is for.
 *
 * @returns The timeout. One that is too long for a @c duration is @c
 * duration::max(), which with_timeout() takes for none.
 *
 * @par Errors
 * @c invalid_argument of the generic category if the text is anything else, or
 * has more digits than the format allows. Envoy's may have any number.
 *
 * @par Exceptions
 * None. There is no allocation.
 *
 * @par Thread Safety
 * Safe.
 */
ASIOCTX_DECL boost::system::result<duration> parse_timeout(
    std::string_view text,
    timeout_format format = timeout_format::grpc) noexcept;

/// Derives a context with the deadline that a remote caller has sent.
/**
 * The header is gRPC's, or the one that the format is given for.
 *
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
 * deadline of its own: derive with with_cancel() then. If a request has several
 * such headers, derive from one to the next: the earliest deadline counts.
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
        parent,
        text,
        timeout_format::grpc,
        detail::to_duration(reserve),
        cause,
        at);
}

/// The same, with the header that it is.
template <class Rep = duration::rep, class Period = duration::period>
boost::system::result<cancelable> with_remote_deadline(
    context const& parent,
    std::string_view text,
    timeout_format format,
    std::chrono::duration<Rep, Period> reserve = {},
    error_code const& cause = {},
    source_location at = BOOST_CURRENT_LOCATION)
{
    return detail::with_remote_deadline(
        parent, text, format, detail::to_duration(reserve), cause, at);
}

} // namespace asioctx

#endif
