//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include "server.hpp"

#include <asioctx/baggage.hpp>
#include <asioctx/bind_context.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/deadline_header.hpp>
#include <asioctx/trace_context.hpp>
#include <asioctx/value.hpp>
#include <asioctx/with_name.hpp>
#include <asioctx/with_peer.hpp>
#include <asioctx/with_task_group.hpp>
#include <asioctx/without_cancel.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <exception>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>

#include "handlers.hpp"
#include "stream.hpp"
#include "timeout_header.hpp"

namespace example {
namespace {

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

// Counts the contexts, and so the operations, that a request leaves behind.
asioctx::context_key<std::shared_ptr<int>> const census_key("census");

//[timeout_of
// The time that a request has; empty if a header is malformed.
std::optional<asioctx::duration> timeout_of(
    http::fields const& headers, asioctx::duration max)
{
    if (auto const h = headers.find("Request-Timeout"); h != headers.end())
    {
        auto const timeout = parse_request_timeout(h->value());
        if (!timeout)
            return std::nullopt;
        max = std::min(max, *timeout);
    }
    for (auto const& [name, format] : timeout_headers)
        if (auto const h = headers.find(name); h != headers.end())
        {
            auto const timeout = asioctx::parse_timeout(h->value(), format);
            if (!timeout)
                return std::nullopt;
            max = std::min(max, *timeout);
        }
    return max;
}
//]

//[with_trace
// Where a request is in its trace. What is malformed is ignored, and another
// trace begins.
asioctx::traceparent place_of(http::fields const& headers)
{
    if (headers.count("traceparent") == 1)
        if (auto const t = asioctx::parse_traceparent(headers["traceparent"]))
            return *t;
    return asioctx::make_traceparent();
}

// Derives a context with a header as its value. Several are one, with commas.
asioctx::context with_header(
    asioctx::context parent,
    asioctx::context_key<std::string> const& key,
    http::fields const& headers)
{
    std::string all;
    auto const [first, last] = headers.equal_range(key.name());
    for (auto h = first; h != last; ++h)
        all.append(all.empty() ? "" : ",").append(h->value());
    return all.empty() ? parent : asioctx::with_value(parent, key, all);
}

// The upstreams are told the same, but for what others write of another trace.
asioctx::context with_trace(
    asioctx::context parent,
    asioctx::traceparent const& place,
    http::fields const& headers)
{
    auto ctx = asioctx::with_value(parent, asioctx::traceparent_key, place);
    auto const received = asioctx::parse_traceparent(headers["traceparent"]);
    if (received && *received == place)
        ctx = with_header(ctx, asioctx::tracestate_key, headers);
    return with_header(ctx, asioctx::baggage_key, headers);
}
//]

// How a request ended that was not received.
outcome not_received(error_code const& ec)
{
    auto status = http::status::bad_request;
    if (ec == asioctx::errc::deadline_exceeded)
        status = http::status::request_timeout;
    else if (ec == http::error::header_limit)
        status = http::status::request_header_fields_too_large;
    else if (ec == http::error::body_limit)
        status = http::status::payload_too_large;
    return {"not received", {status, ec.message()}};
}

// How a request ended whose context is done.
outcome end_of(asioctx::context const& ctx, trace const& seen)
{
    auto const waited = seen.waited_for.empty()
        ? ""
        : " It waited for " + seen.waited_for + '.';
    if (ctx.error() == asioctx::errc::deadline_exceeded)
        return {
            "deadline exceeded",
            {http::status::gateway_timeout,
             "The deadline has passed." + waited}};
    if (ctx.cause().category() == asioctx::signal_category())
        return {
            "canceled by signal " + ctx.cause().message(),
            {http::status::service_unavailable, "Shutting down." + waited}};
    return {"canceled by client", {http::status::unknown, ""}};
}

// How a request ended that failed because an upstream did.
outcome end_of(upstream_error const& e)
{
    auto const status = e.status == http::status::gateway_timeout
        ? http::status::gateway_timeout
        : http::status::bad_gateway;
    return {"upstream failed", {status, e.what()}};
}

//[run
// Handles a request until it is done, its time is up, its client is gone, or
// the grace of a shutdown is over.
asio::awaitable<outcome> run(
    asioctx::context parent,
    stream& s,
    request const& req,
    asioctx::time_point deadline,
    trace const& seen,
    server& self)
{
    auto const named = asioctx::with_name(
        parent,
        std::string(req.method_string()) + ' ' + std::string(req.target()));
    auto const traced = with_trace(named, seen.place, req);
    auto [peer, gone] = asioctx::with_peer(traced, s);
    auto [ctx, cancel] = asioctx::with_deadline(peer, deadline);
    try
    {
        auto const permit = co_await self.admitted.admit(ctx);
        auto answer = co_await handle(ctx, req.target(), self.others);
        co_return outcome{"finished", std::move(answer)};
    }
    catch (upstream_error const& e)
    {
        co_return end_of(e);
    }
    catch (refused const& e)
    {
        co_return outcome{
            "refused",
            {http::status::service_unavailable, e.what(), e.retry_after}};
    }
    catch (std::exception const& e)
    {
        // The context tells why, whatever that has led to in the handler.
        if (ctx.done())
            co_return end_of(ctx, seen);
        co_return outcome{
            "failed: "s + e.what(),
            {http::status::internal_server_error, "The server failed."}};
    }
}
//]

// Where a connection is in the life of the server: each outlasts the one
// before. One argument, that coroutines are given, and nobody keeps.
// NOLINTBEGIN(asioctx-stored-context)
struct phases
{
    asioctx::context stop;      // done: it is to stop, and says so
    asioctx::context accepting; // done: no new client is taken
    asioctx::context serving;   // done: requests are aborted
};
// NOLINTEND(asioctx-stored-context)

// Runs a request, whose first byte came at start, or says why not.
asio::awaitable<outcome> admit(
    asioctx::context ctx,
    asioctx::context stop,
    stream& s,
    request const& req,
    steady_clock::time_point start,
    trace const& seen,
    server& self)
{
    if (req.target() == "/ready")
        co_return stop.done()
            ? outcome{"not ready", {http::status::service_unavailable, "Shutting down."}}
            : outcome{"finished", {http::status::ok, "ready"}};
    if (req.target() == "/requests")
        co_return outcome{
            "finished", {http::status::ok, std::to_string(self.in_flight)}};
    if (req.target() == "/limiter")
        co_return outcome{
            "finished", {http::status::ok, self.admitted.report()}};
    if (req.method() != http::verb::get)
        co_return outcome{
            "rejected", {http::status::not_implemented, "Only GET is served."}};
    auto const timeout = timeout_of(req, self.max_timeout);
    if (!timeout)
        co_return outcome{
            "rejected",
            {http::status::bad_request,
             "The timeout is malformed: send Request-Timeout as 250ms (or "
             "us, s, m), grpc-timeout as 250m (or H, M, S, u, n), or "
             "Connect-Timeout-Ms or x-envoy-expected-rq-timeout-ms as 250."}};

    outcome end;
    ++self.in_flight;
    try
    {
        end = co_await run(ctx, s, req, start + *timeout, seen, self);
    }
    catch (std::exception const& e)
    {
        end = {
            "refused: "s + e.what(),
            {http::status::service_unavailable, "Out of resources."}};
    }
    --self.in_flight;
    co_return end;
}

//[say_too_late
// That the deadline has passed, for who else would take the status for that of
// a server that is down, and ask once more.
void say_too_late(
    request const& req, http::response<http::string_body>& response)
{
    response.set("grpc-status", "4"); // DEADLINE_EXCEEDED
    response.set("grpc-retry-pushback-ms", "-1");
    if (!req.count("Connect-Protocol-Version"))
        return;
    response.set(http::field::content_type, "application/json");
    response.body() = R"({"code":"deadline_exceeded"})";
}
//]

asio::awaitable<error_code> send(
    asioctx::context parent,
    stream& s,
    request const& req,
    reply answer,
    bool keep_alive)
{
    http::response<http::string_body> response(answer.status, 11);
    response.set(http::field::content_type, "text/plain");
    response.keep_alive(keep_alive);
    response.body() = std::move(answer.text) + '\n';
    if (answer.status == http::status::service_unavailable)
        response.set(
            http::field::retry_after,
            std::to_string(answer.retry_after.count()));
    else if (answer.status == http::status::gateway_timeout)
        say_too_late(req, response);
    response.prepare_payload();

    // That the parent is done may be what there is to tell.
    auto [ctx, cancel] =
        with_timeout(asioctx::without_cancel(parent), write_timeout);
    auto [ec, n] =
        co_await http::async_write(s, response, bind_context(ctx, as_result));
    co_return ec;
}

// Serves one request and logs how it ended. Returns whether the connection can
// take another.
asio::awaitable<bool> serve_request(
    phases const& during, stream& s, flat_buffer& buffer, server& self)
{
    auto const seen = std::make_shared<trace>();
    auto const ctx = asioctx::with_value(
        asioctx::with_value(during.serving, census_key, self.contexts),
        trace_key,
        seen);
    request_parser parser;
    parser.header_limit(header_limit);
    parser.body_limit(body_limit);
    auto const& req = parser.get();
    outcome end;
    steady_clock::time_point start;
    {
        auto [reading, stop] = with_timeout(ctx, self.read_timeout);
        if (buffer.size() == 0)
        {
            auto [ec, n] = co_await s.async_read_some(
                buffer.prepare(header_limit), bind_context(reading, as_result));
            buffer.commit(n);
            if (n == 0)
                co_return false; // nobody waits for an answer
        }
        // Reading counts as well, and waiting to be handled.
        start = steady_clock::now();
        auto [ec, n] = co_await http::async_read(
            s, buffer, parser, bind_context(reading, as_result));
        if (ec && (!parser.got_some() || during.serving.done()))
            co_return false; // nobody waits for an answer
        if (ec)
            end = not_received(ec);
    }
    seen->place = place_of(req);
    if (parser.is_done())
        end = co_await admit(ctx, during.stop, s, req, start, *seen, self);

    auto const status = end.answer.status;
    bool const answered = status != http::status::unknown;
    bool const keep_alive = answered && parser.is_done() && req.keep_alive()
        && req.method() == http::verb::get && !during.stop.done();
    error_code ec;
    if (answered)
        ec = co_await send(ctx, s, req, end.answer, keep_alive);

    std::string line = "(nothing)";
    if (!req.target().empty())
        line =
            std::string(req.method_string()) + ' ' + std::string(req.target());
    ++self.requests;
    if (during.serving.done())
    {
        ++self.aborted;
        std::lock_guard const lock(self.mutex);
        self.aborted_at += (self.aborted_at.empty() ? "" : "; ") + line
            + " waited for " + seen->waited_for;
    }
    else if (during.stop.done() && answered)
        ++self.finished;

    // At once: other threads have lines, too.
    std::ostringstream log;
    log << line << ' ' << end.what;
    if (answered)
        log << ' ' << static_cast<unsigned>(status);
    log << " in " << (steady_clock::now() - start) / 1ms << "ms";
    if (!seen->waited_for.empty())
        log << ", waited for " << seen->waited_for;
    if (ec)
        log << ", not sent: " << ec.message();
    log << ", trace " << asioctx::format_traceparent(seen->place).trace_id()
        << '\n';
    std::cout << log.str() << std::flush;
    co_return keep_alive && !ec;
}

// Lets the client have what was sent. A socket that is closed while there is
// something left to read takes back what the client has not read.
asio::awaitable<void> close(asioctx::context parent, stream& s)
{
    auto [ctx, cancel] = with_timeout(parent, write_timeout);
    if (s.tls())
        co_await s.tls()->async_shutdown(bind_context(ctx, as_result));
    error_code ec;
    s.socket().shutdown(tcp::socket::shutdown_send, ec);
    char rest[4096];
    while (!ec)
        std::tie(ec, std::ignore) = co_await s.socket().async_read_some(
            asio::buffer(rest), bind_context(ctx, as_result));
}

//[serve_connection
// Serves a connection: one request after the other until the client closes it,
// it is idle for too long, or nobody is accepted any more. A request that has
// come by then is served.
asio::awaitable<void> serve_connection(
    phases during, tcp::socket socket, server& self)
{
    // The operations below are bound one by one.
    co_await asio::this_coro::reset_cancellation_state(
        asio::disable_cancellation());
    stream s(std::move(socket), self.tls);
    if (s.tls())
    {
        auto [ctx, cancel] = with_timeout(during.serving, self.read_timeout);
        auto [ec] = co_await s.tls()->async_handshake(
            asio::ssl::stream_base::server, bind_context(ctx, as_result));
        if (ec)
            co_return;
    }

    flat_buffer buffer(header_limit + body_limit);
    auto const& accepting = during.accepting;
    auto limits = asioctx::with_idle_timeout(accepting, self.idle_timeout);
    bool open = co_await serve_request(during, s, buffer, self);
    while (open)
    {
        // A request may have taken longer than a connection may be idle.
        if (limits.ctx.done() && !accepting.done())
            limits = asioctx::with_idle_timeout(accepting, self.idle_timeout);
        limits.idle.touch();
        if (buffer.size() == 0)
        {
            auto [ec, n] = co_await s.async_read_some(
                buffer.prepare(header_limit),
                bind_context(limits.ctx, as_result));
            buffer.commit(n);
            if (ec && s.socket().available() == 0)
                co_return;
        }
        open = co_await serve_request(during, s, buffer, self);
    }
    co_await close(during.serving, s);
}
//]

//[connection_executor
// Where a connection is served: nothing of it runs on two threads at a time.
asio::any_io_executor connection_executor(
    tcp::acceptor& acceptor, server const& self)
{
    if (self.threads == 1)
        return acceptor.get_executor();
    auto& ioc = asio::query(acceptor.get_executor(), asio::execution::context);
    return asio::make_strand(static_cast<asio::io_context&>(ioc));
}
//]

} // namespace

//[listen
asio::awaitable<void> listen(
    asioctx::context stop, tcp::acceptor acceptor, server& self)
{
    auto const drain = asioctx::with_grace(stop, self.drain);
    auto const& accepting = drain.ctx;
    auto [serving, cancel] = asioctx::with_grace(accepting, self.grace);
    self.others.slow = std::make_shared<backend>(serving);
    self.admitted.start(stop);
    auto const accept =
        [&](asioctx::task_group& connections) -> asio::awaitable<void>
    {
        auto const spawn = [&](tcp::socket socket)
        {
            auto const ex = socket.get_executor();
            connections.spawn(asio::co_spawn(
                ex,
                serve_connection(
                    {stop, accepting, connections.ctx()},
                    std::move(socket),
                    self),
                asio::deferred));
        };

        asio::steady_timer timer(acceptor.get_executor());
        while (!accepting.done())
        {
            auto [ec, socket] = co_await acceptor.async_accept(
                connection_executor(acceptor, self),
                bind_context(accepting, as_result));
            if (!ec)
            {
                spawn(std::move(socket));
                continue;
            }
            if (accepting.done())
                break;
            // Out of descriptors or memory. Connections that end make room.
            std::cerr << "accept: " << ec.message() << std::endl;
            timer.expires_after(accept_pause);
            co_await timer.async_wait(bind_context(accepting, as_result));
        }

        // Those that the system has accepted already are served, too.
        acceptor.non_blocking(true);
        for (error_code ec; !ec;)
            if (auto socket =
                    acceptor.accept(connection_executor(acceptor, self), ec);
                !ec)
                spawn(std::move(socket));
        acceptor.close();
        self.closed_at = steady_clock::now();
    };
    co_await asioctx::with_task_group(
        serving, accept, asioctx::on_error::ignore);
}
//]

} // namespace example
