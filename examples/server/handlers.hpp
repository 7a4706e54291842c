//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_EXAMPLES_SERVER_HANDLERS_HPP
#define ASIOCTX_EXAMPLES_SERVER_HANDLERS_HPP

#include <asioctx/context.hpp>
#include <asioctx/context_key.hpp>
#include <asioctx/trace_context.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/beast/http/status.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "upstream.hpp"

namespace example {

struct reply
{
    http::status status = http::status::ok;
    std::string text;
    std::chrono::seconds retry_after{1}; // if that may help
};

/// What a request's context carries.
struct trace
{
    /// What the request waited for when its context was done.
    std::string waited_for;

    /// Where it is in the trace that others know it by.
    asioctx::traceparent place;
};

inline asioctx::context_key<std::shared_ptr<trace>> const trace_key("trace");

/// Answers a request.
/**
 * Everything it awaits is bound to ctx. So it ends as soon as ctx is done, with
 * whatever exception that leads to.
 */
asio::awaitable<reply> handle(
    asioctx::context ctx, std::string_view target, upstreams const& others);

} // namespace example

#endif
