//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_EXAMPLES_SERVER_TIMEOUT_HEADER_HPP
#define ASIOCTX_EXAMPLES_SERVER_TIMEOUT_HEADER_HPP

#include <asioctx/config.hpp>
#include <asioctx/deadline_header.hpp>

#include <optional>
#include <string_view>

namespace example {

/// A header by which others say how long they wait.
struct timeout_header
{
    std::string_view name;
    asioctx::timeout_format format;
};

//[timeout_headers
inline constexpr timeout_header timeout_headers[] = {
    {"grpc-timeout", asioctx::timeout_format::grpc},
    {"Connect-Timeout-Ms", asioctx::timeout_format::connect},
    {"x-envoy-expected-rq-timeout-ms", asioctx::timeout_format::envoy}};
//]

/// Reads the value of a `Request-Timeout` header, such as `250ms`.
/**
 * It is digits and one of the units us, ms, s and m. A time that is too long
 * for a duration is duration::max(). Empty if the text is anything else.
 */
std::optional<asioctx::duration> parse_request_timeout(
    std::string_view text) noexcept;

} // namespace example

#endif
