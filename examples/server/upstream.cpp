//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include "upstream.hpp"

#include <asioctx/baggage.hpp>
#include <asioctx/bind_context.hpp>
#include <asioctx/deadline_header.hpp>
#include <asioctx/trace_context.hpp>

#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <charconv>
#include <utility>

#include "timeout_header.hpp"

namespace example {
namespace {

using asio::use_awaitable;
using asioctx::bind_context;

constexpr std::size_t reply_limit = 64 * 1024;

asio::awaitable<tcp::socket> connect(asioctx::context ctx, tcp::endpoint server)
{
    tcp::socket socket(co_await asio::this_coro::executor);
    co_await socket.async_connect(server, bind_context(ctx, use_awaitable));
    socket.set_option(tcp::no_delay(true));
    co_return socket;
}

//[set_trace
// The upstream is asked by a span of its own, in the request's trace.
void set_trace(asioctx::context const& ctx, http::fields& headers)
{
    if (auto const* t = ctx.value(asioctx::traceparent_key))
        headers.set(
            "traceparent",
            asioctx::format_traceparent(asioctx::make_child(*t)).view());
    if (auto const* state = ctx.value(asioctx::tracestate_key))
        headers.set("tracestate", *state);
    if (auto const* baggage = ctx.value(asioctx::baggage_key))
        headers.set("baggage", *baggage);
}
//]

} // namespace

//[http_get
asio::awaitable<std::string> http_get(
    asioctx::context ctx,
    tcp::endpoint server,
    std::string target,
    asioctx::duration reserve)
{
    auto socket = co_await connect(ctx, server);

    http::request<http::empty_body> request(http::verb::get, target, 11);
    request.set(http::field::host, "upstream");
    request.keep_alive(false);
    set_trace(ctx, request);
    if (ctx.deadline())
    {
        auto const left = ctx.remaining() - reserve;
        for (auto const& h : timeout_headers)
            request.set(h.name, asioctx::format_timeout(left, h.format).view());
    }
    co_await http::async_write(
        socket, request, bind_context(ctx, use_awaitable));

    boost::beast::flat_buffer buffer(reply_limit);
    http::response<http::string_body> response;
    co_await http::async_read(
        socket, buffer, response, bind_context(ctx, use_awaitable));
    auto& body = response.body();
    if (body.ends_with('\n'))
        body.pop_back();
    if (response.result() != http::status::ok)
        throw upstream_error(
            std::to_string(response.result_int()) + ' ' + body,
            response.result());
    co_return std::move(body);
}
//]

asio::awaitable<std::string> redis(
    asioctx::context ctx,
    tcp::endpoint server,
    std::vector<std::string> command)
{
    auto socket = co_await connect(ctx, server);

    std::string text = '*' + std::to_string(command.size()) + "\r\n";
    for (auto const& word : command)
        text += '$' + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    co_await asio::async_write(
        socket, asio::buffer(text), bind_context(ctx, use_awaitable));

    // The first line is the whole reply, or the length of what follows.
    text.clear();
    auto const line = co_await asio::async_read_until(
        socket,
        asio::dynamic_buffer(text, reply_limit),
        "\r\n",
        bind_context(ctx, use_awaitable));
    auto const kind = text[0];
    auto first = text.substr(1, line - 3);
    if (kind == '+' || kind == ':')
        co_return first;
    if (kind == '-')
        throw upstream_error(first, http::status::bad_gateway);

    int size = 0;
    auto const end = first.data() + first.size();
    if (std::from_chars(first.data(), end, size).ptr != end
        || size >= static_cast<int>(reply_limit))
        throw upstream_error("a bad reply", http::status::bad_gateway);
    if (size < 0)
        co_return "";
    if (kind != '$')
        throw upstream_error("a list", http::status::bad_gateway);
    auto const whole = line + static_cast<std::size_t>(size) + 2;
    if (text.size() < whole)
        co_await asio::async_read(
            socket,
            asio::dynamic_buffer(text, reply_limit + line + 2),
            asio::transfer_exactly(whole - text.size()),
            bind_context(ctx, use_awaitable));
    co_return text.substr(line, static_cast<std::size_t>(size));
}

} // namespace example
