//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include "server.hpp"

#include <asioctx/bind_context.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/deadline_header.hpp>
#include <asioctx/without_cancel.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <utility>

#include "handlers.hpp"
#include "timeout_header.hpp"

namespace example {
namespace {

using namespace asio::experimental::awaitable_operators;
using namespace std::literals;
using asioctx::bind_context;
using asioctx::error_code;
using asioctx::with_timeout;
using boost::beast::flat_buffer;
using std::chrono::steady_clock;
using request = http::request<http::string_body>;
using request_parser = http::request_parser<http::string_body>;

constexpr auto header_limit = 8 * 1024;
constexpr auto body_limit = 64 * 1024;
constexpr auto idle_timeout = 60s;
constexpr auto write_timeout = 1s;
constexpr auto accept_pause = 100ms;

// Operations whose error is a result and not an exception.
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

// How a request ended, in words and in HTTP. Without a status, the connection
// is closed and there is no answer.
struct outcome
{
    std::string what = "finished";
    reply answer;
};

// The time that a request has; empty if a header is malformed.
std::optional<asioctx::duration> timeout_of(
    http::fields const& headers, asioctx::duration max)
{
    auto const end = headers.end();
    if (auto const h = headers.find("Request-Timeout"); h != end)
    {
        auto const timeout = parse_request_timeout(h->value());
        if (!timeout)
            return std::nullopt;
        max = std::min(max, *timeout);
    }
    if (auto const h = headers.find("grpc-timeout"); h != end)
    {
        auto const timeout = asioctx::parse_timeout(h->value());
        if (!timeout)
            return std::nullopt;
        max = std::min(max, *timeout);
    }
    return max;
}

// How a request ended that was not received.
outcome not_received(error_code const& ec)
{
    auto const status = ec == asioctx::errc::deadline_exceeded
        ? http::status::request_timeout
        : http::status::bad_request;
    return {"not received", {status, ec.message()}};
}

// How a request ended whose context is done.
outcome end_of(asioctx::context const& ctx)
{
    if (ctx.error() == asioctx::errc::deadline_exceeded)
        return {
            "deadline exceeded",
            {http::status::gateway_timeout, "The deadline has passed."}};
    if (ctx.cause().category() == asioctx::signal_category())
        return {
            "canceled by signal " + ctx.cause().message(),
            {http::status::service_unavailable, "Shutting down."}};
    return {"canceled by client", {http::status::unknown, ""}};
}

asio::awaitable<outcome> run_handler(
    asioctx::context ctx,
    asioctx::cancel_source const& cancel,
    request const& req,
    server& self)
{
    outcome result;
    ++self.in_flight;
    try
    {
        ctx.throw_if_done();
        if (req.target() == "/requests")
            result.answer.text = std::to_string(self.in_flight);
        else
            result.answer = co_await handle(ctx, req.target());
    }
    catch (std::exception const& e)
    {
        // The context tells why, whatever that has led to in the handler.
        if (ctx.done())
            result = end_of(ctx);
        else
            result = {
                "failed: "s + e.what(),
                {http::status::internal_server_error, "The server failed."}};
    }
    --self.in_flight;
    cancel(); // ends watch_client()
    co_return result;
}

// Cancels the request when the client closes or resets the connection. Closing
// only the sending side counts too, as it does for Go's server.
asio::awaitable<void> watch_client(
    asioctx::context ctx,
    asioctx::cancel_source const& cancel,
    tcp::socket& socket)
{
    error_code ec = asio::error::would_block;
    while (ec == asio::error::would_block)
    {
        auto [stopped] = co_await socket.async_wait(
            tcp::socket::wait_read, bind_context(ctx, as_result));
        if (stopped)
            co_return;
        // Bytes are the next request's and stay where they are. They end the
        // watch, since nobody can see what is behind them.
        char byte = 0;
        socket.receive(asio::buffer(&byte, 1), tcp::socket::message_peek, ec);
    }
    if (ec)
        cancel(ec);
}

asio::awaitable<outcome> run(
    asioctx::context ctx, tcp::socket& socket, request const& req, server& self)
{
    if (req.method() != http::verb::get)
        co_return outcome{
            "rejected", {http::status::not_implemented, "Only GET is served."}};
    auto const timeout = timeout_of(req, self.max_timeout);
    if (!timeout)
        co_return outcome{
            "rejected",
            {http::status::bad_request,
             "The timeout is malformed: send Request-Timeout as 250ms (or "
             "us, s, m) or grpc-timeout as 250m (or H, M, S, u, n)."}};

    // Both have ended before anyone else uses the socket.
    auto limited = with_timeout(ctx, *timeout);
    co_return co_await (
        run_handler(limited.ctx, limited.cancel, req, self)
        && watch_client(limited.ctx, limited.cancel, socket));
}

asio::awaitable<error_code> send(
    asioctx::context parent, tcp::socket& socket, reply answer, bool keep_alive)
{
    http::response<http::string_body> response(answer.status, 11);
    response.set(http::field::content_type, "text/plain");
    response.keep_alive(keep_alive);
    response.body() = std::move(answer.text) + '\n';
    response.prepare_payload();

    // That the parent is done may be what there is to tell.
    auto [ctx, cancel] =
        with_timeout(asioctx::without_cancel(parent), write_timeout);
    auto [ec, n] = co_await http::async_write(
        socket, response, bind_context(ctx, as_result));
    co_return ec;
}

// Serves one request, whose first byte is there, and logs how it ended. Returns
// whether the connection can take another.
asio::awaitable<bool> serve_request(
    asioctx::context ctx,
    tcp::socket& socket,
    flat_buffer& buffer,
    server& self)
{
    auto const start = steady_clock::now();
    auto [grace, cancel] = asioctx::with_grace(ctx, self.grace);
    request_parser parser;
    parser.header_limit(header_limit);
    parser.body_limit(body_limit);
    auto const& req = parser.get();
    outcome end;
    {
        auto [reading, stop] = with_timeout(grace, self.read_timeout);
        auto [ec, n] = co_await http::async_read(
            socket, buffer, parser, bind_context(reading, as_result));
        if (ec == http::error::end_of_stream || (ec && grace.done()))
            co_return false; // nobody waits for an answer
        if (ec)
            end = not_received(ec);
    }
    if (parser.is_done())
        end = co_await run(grace, socket, req, self);

    auto const status = end.answer.status;
    bool const answered = status != http::status::unknown;
    bool const keep_alive = answered && parser.is_done() && req.keep_alive()
        && req.method() == http::verb::get && !ctx.done();
    error_code ec;
    if (answered)
        ec = co_await send(grace, socket, end.answer, keep_alive);
    if (answered && ctx.done())
        ++(status == http::status::service_unavailable ? self.aborted
                                                       : self.finished);

    if (req.target().empty())
        std::cout << "(nothing)";
    else
        std::cout << req.method_string() << ' ' << req.target();
    std::cout << ' ' << end.what;
    if (answered)
        std::cout << ' ' << static_cast<unsigned>(status);
    std::cout << " in " << (steady_clock::now() - start) / 1ms << "ms";
    if (ec)
        std::cout << ", not sent: " << ec.message();
    std::cout << std::endl;
    co_return keep_alive && !ec;
}

asio::awaitable<void> serve_connection(
    asioctx::context ctx, tcp::socket socket, server& self)
{
    socket.non_blocking(true); // so that a peek cannot block
    flat_buffer buffer(header_limit + body_limit);
    for (bool open = true; open && !ctx.done();)
    {
        if (buffer.size() == 0)
        {
            auto [idle, cancel] = with_timeout(ctx, idle_timeout);
            auto [ec] = co_await socket.async_wait(
                tcp::socket::wait_read, bind_context(idle, as_result));
            if (ec || ctx.done())
                break;
        }
        open = co_await serve_request(ctx, socket, buffer, self);
    }
}

} // namespace

asio::awaitable<void> listen(
    asioctx::context ctx, tcp::acceptor acceptor, server& self)
{
    asio::steady_timer timer(acceptor.get_executor());
    while (!ctx.done())
    {
        try
        {
            auto socket = co_await acceptor.async_accept(
                bind_context(ctx, asio::use_awaitable));
            asio::co_spawn(
                acceptor.get_executor(),
                serve_connection(ctx, std::move(socket), self),
                asio::detached);
            continue;
        }
        catch (std::exception const& e)
        {
            if (ctx.done())
                break;
            std::cerr << "accept: " << e.what() << std::endl;
        }
        // Out of descriptors or memory. Connections that end make room.
        timer.expires_after(accept_pause);
        co_await timer.async_wait(bind_context(ctx, as_result));
    }
}

} // namespace example
