//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_EXAMPLES_SERVER_HANDLERS_HPP
#define ASIOCTX_EXAMPLES_SERVER_HANDLERS_HPP

#include <asioctx/context.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/beast/http/status.hpp>

#include <string>
#include <string_view>

namespace example {

namespace asio = boost::asio;
namespace http = boost::beast::http;

struct reply
{
    http::status status = http::status::ok;
    std::string text;
};

/// Answers a request.
/**
 * Everything it awaits is bound to ctx. So it ends as soon as ctx is done, with
 * whatever exception that leads to.
 */
asio::awaitable<reply> handle(asioctx::context ctx, std::string_view target);

} // namespace example

#endif
