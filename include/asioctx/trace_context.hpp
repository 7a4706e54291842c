//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TRACE_CONTEXT_HPP
#define ASIOCTX_TRACE_CONTEXT_HPP

#include <asioctx/config.hpp>
#include <asioctx/context_key.hpp>

#include <boost/system/result.hpp>

#include <array>
#include <string>
#include <string_view>

namespace asioctx {

/// A place in a distributed trace, as W3C Trace Context's `traceparent` has it.
/**
 * The trace is what a request leads to in all processes; a span is one
 * process's part of it. Who receives a request finds the caller's span here,
 * and sends on its own.
 *
 * @par Thread Safety
 * @e Distinct @e objects: Safe.@n
 * @e Shared @e objects: Unsafe.
 */
struct traceparent
{
    /// The trace. All zeros are none.
    std::array<unsigned char, 16> trace_id{};

    /// The span, which whoever receives this is a child of. All zeros are none.
    std::array<unsigned char, 8> parent_id{};

    /// Whether the span's process may have recorded it.
    bool sampled = false;

    /// Tells whether two are the same place, and recorded alike.
    friend bool operator==(traceparent const&, traceparent const&) noexcept =
        default;
};

/// A `traceparent` as text, 55 characters long.
/**
 * It holds its characters itself: there is no allocation.
 *
 * @par Thread Safety
 * @e Distinct @e objects: Safe.@n
 * @e Shared @e objects: Unsafe.
 */
class traceparent_text
{
public:
    /// Returns the characters. They live as long as this object.
    std::string_view view() const noexcept ASIOCTX_LIFETIMEBOUND
    {
        return {chars_.data(), chars_.size()};
    }

    /// The same as view(), which is for who asks for another type of view.
    operator std::string_view() const noexcept ASIOCTX_LIFETIMEBOUND
    {
        return view();
    }

    /// Returns the 32 digits of the trace, as a line of a log has them.
    std::string_view trace_id() const noexcept ASIOCTX_LIFETIMEBOUND
    {
        return view().substr(3, 32);
    }

    /// Returns the 16 digits of the span.
    std::string_view parent_id() const noexcept ASIOCTX_LIFETIMEBOUND
    {
        return view().substr(36, 16);
    }

private:
    friend ASIOCTX_DECL traceparent_text
    format_traceparent(traceparent const& t) noexcept;

    traceparent_text() = default;

    std::array<char, 55> chars_;
};

/// Writes the value of a `traceparent` header.
/**
 * The version is 00, that of W3C Trace Context, level 1: of the flags that is
 * @c sampled alone. One whose ids are zeros is written so, and is ignored by
 * who receives it.
 *
 * @param t The place.
 *
 * @par Exceptions
 * None. There is no allocation.
 *
 * @par Thread Safety
 * Safe.
 */
ASIOCTX_DECL traceparent_text format_traceparent(traceparent const& t) noexcept;

/// Returns the text of format_traceparent() as a string.
/**
 * @par Exceptions
 * @c std::bad_alloc.
 *
 * @par Thread Safety
 * Safe.
 */
inline std::string to_string(traceparent const& t)
{
    return std::string(format_traceparent(t).view());
}

/// Reads the value of a `traceparent` header.
/**
 * The text is that of version 00 of W3C Trace Context, with nothing before or
 * after. Of a later version it is what begins so, and either ends there or goes
 * on after a @c -. Hexadecimal digits are in lower case.
 *
 * @param text The text.
 *
 * @returns The place.
 *
 * @par Errors
 * @c invalid_argument of the generic category if the text is anything else, or
 * if an id is all zeros, or if the version is ff. The specification wants the
 * header to be ignored then, and @c tracestate with it: make_traceparent()
 * begins another trace.
 *
 * @par Exceptions
 * None. There is no allocation.
 *
 * @par Thread Safety
 * Safe.
 */
ASIOCTX_DECL boost::system::result<traceparent> parse_traceparent(
    std::string_view text) noexcept;

/// Begins a trace: both ids are random.
/**
 * The ids are unique, but no secret.
 *
 * @param sampled Whether the caller records the span.
 *
 * @par Exceptions
 * None. There is no allocation.
 *
 * @par Thread Safety
 * Safe.
 */
ASIOCTX_DECL traceparent make_traceparent(bool sampled = false) noexcept;

/// Returns another span in the same trace: its id is random.
/**
 * @c sampled is as the parent has it.
 *
 * @param parent Where the trace is.
 *
 * @par Exceptions
 * None. There is no allocation.
 *
 * @par Thread Safety
 * Safe.
 *
 * @par Example
 * @code
 * if (auto const* t = ctx.value(traceparent_key))
 *     request.set("traceparent", format_traceparent(make_child(*t)).view());
 * @endcode
 */
ASIOCTX_DECL traceparent make_child(traceparent const& parent) noexcept;

/// The place of a request in its trace, as a value of its context.
/**
 * to_string() and dump() of a context show it.
 *
 * @par Example
 * examples/22_trace.cpp
 */
extern ASIOCTX_DECL context_key<traceparent> const traceparent_key;

/// The `tracestate` header of a request, as a value of its context.
/**
 * It is what tracing systems tell each other, each in its own words. Who adds
 * nothing to it sends it on as it has come, if the `traceparent` was valid.
 * Several headers of one request are joined by commas, in their order.
 */
extern ASIOCTX_DECL context_key<std::string> const tracestate_key;

} // namespace asioctx

#endif
