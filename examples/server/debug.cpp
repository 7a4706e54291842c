//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include "debug.hpp"

#include <asioctx/bind_context.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/dump.hpp>
#include <asioctx/report_stuck.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "contexts_html.hpp"

namespace example {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using namespace std::chrono_literals;
using asio::ip::tcp;
using asioctx::bind_context;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr auto time_for_all = 10s;

struct page
{
    http::status status = http::status::ok;
    char const* type = "text/plain; charset=utf-8";
    std::string body;
};

// What is watched.
struct watch
{
    // Nothing is bound to it.
    asioctx::context ctx; // NOLINT(asioctx-stored-context)
    asioctx::flight_recorder const& recorder;
};

// Figures of what there is, and of what has happened, in Prometheus' text
// format.
std::string metrics(
    asioctx::context_snapshot const& s,
    asioctx::flight_recorder::totals const& t)
{
    std::array<std::size_t, 6> states{};
    for (auto const& o : s.operations)
        ++states.at(static_cast<std::size_t>(o.state));
    auto const done = std::count_if(
        s.contexts.begin(),
        s.contexts.end(),
        [](auto const& c) { return c.end.has_value(); });
    std::ostringstream os;
    os << "# TYPE asioctx_contexts gauge\n"
       << "asioctx_contexts{done=\"false\"} "
       << s.contexts.size() - static_cast<std::size_t>(done)
       << "\nasioctx_contexts{done=\"true\"} " << done
       << "\n# TYPE asioctx_operations gauge\n";
    for (std::size_t i = 0; i != states.size(); ++i)
        os << "asioctx_operations{state=\""
           << to_string(static_cast<asioctx::operation_state>(i)) << "\"} "
           << states[i] << '\n';
    asioctx::duration longest{};
    for (auto const& o : s.operations)
        longest = std::max(longest, o.asked.value_or(longest));
    os << "# TYPE asioctx_longest_asked_seconds gauge\n"
       << "asioctx_longest_asked_seconds "
       << std::chrono::duration<double>(longest).count() << '\n';

    os << "# TYPE asioctx_events counter\n";
    for (std::size_t i = 0; i != t.events.size(); ++i)
        os << "asioctx_events{what=\""
           << to_string(static_cast<asioctx::flight_recorder::what>(i))
           << "\"} " << t.events.at(i) << '\n';
    os << "asioctx_events{what=\"ended with its parent\"} " << t.inherited
       << "\n# TYPE asioctx_seconds_from_request_to_end histogram\n";
    std::uint64_t sum = 0;
    double bound = 0.016;
    for (auto const n : t.time_to_end)
    {
        sum += n;
        os << "asioctx_seconds_from_request_to_end_bucket{le=\"";
        if (&n != &t.time_to_end.back())
            os << bound;
        else
            os << "+Inf";
        os << "\"} " << sum << '\n';
        bound *= 2;
    }
    os << "asioctx_seconds_from_request_to_end_count " << sum << '\n';
    return std::move(os).str();
}

page answer(std::string_view target, watch const& w)
{
    auto const& watched = w.ctx;
    if (target == "/metrics")
        return {
            http::status::ok,
            "text/plain; version=0.0.4",
            metrics(snapshot(watched), w.recorder.total())};
    if (target == "/debug/contexts")
        return {
            http::status::ok,
            "text/html; charset=utf-8",
            std::string(contexts_html)};
    std::ostringstream os;
    if (target == "/debug/events")
    {
        for (auto const& e : w.recorder.events())
            os << e << '\n';
        return {
            http::status::ok, "text/plain; charset=utf-8", std::move(os).str()};
    }
    if (target == "/debug/contexts?format=json")
    {
        write_json(os, snapshot(watched), w.recorder.events());
        return {http::status::ok, "application/json", std::move(os).str()};
    }
    if (target == "/debug/contexts?format=dot")
    {
        write_graphviz(os, snapshot(watched));
        return {http::status::ok, "text/vnd.graphviz", std::move(os).str()};
    }
    if (target == "/debug/contexts?format=text")
    {
        auto const s = snapshot(watched);
        if (print_stuck(os, s) != 0)
            os << '\n';
        os << s;
        return {
            http::status::ok, "text/plain; charset=utf-8", std::move(os).str()};
    }
    return {
        http::status::not_found,
        "text/plain",
        "There are /debug/contexts, /debug/events and /metrics.\n"};
}

// What a page of another site has been made to ask, by a name for this machine.
bool is_from_elsewhere(std::string_view host)
{
    host = host.substr(0, host.find_last_of(':'));
    return host != "127.0.0.1" && host != "localhost";
}

asio::awaitable<void> serve(
    asioctx::context parent, tcp::socket socket, watch watched)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, time_for_all);
    boost::beast::flat_buffer buffer(8 * 1024);
    http::request<http::empty_body> request;
    auto [ec, n] = co_await http::async_read(
        socket, buffer, request, bind_context(ctx, as_result));
    if (ec)
        co_return;
    page p;
    if (request.method() != http::verb::get)
        p = {http::status::method_not_allowed, "text/plain", "Only GET.\n"};
    else if (is_from_elsewhere(request[http::field::host]))
        p = {
            http::status::forbidden, "text/plain", "From this machine only.\n"};
    else
        p = answer(request.target(), watched);
    http::response<http::string_body> response(p.status, 11);
    response.set(http::field::content_type, p.type);
    response.set(http::field::cache_control, "no-store");
    response.set("X-Content-Type-Options", "nosniff");
    response.set("Content-Security-Policy", "frame-ancestors 'none'");
    response.keep_alive(false);
    response.body() = std::move(p.body);
    response.prepare_payload();
    co_await http::async_write(socket, response, bind_context(ctx, as_result));
    boost::system::error_code ignored;
    socket.shutdown(tcp::socket::shutdown_send, ignored);
}

asio::awaitable<void> listen(
    asioctx::context ctx, tcp::acceptor& acceptor, watch watched)
{
    while (!ctx.done())
    {
        auto [ec, socket] =
            co_await acceptor.async_accept(bind_context(ctx, as_result));
        if (!ec)
            asio::co_spawn(
                acceptor.get_executor(),
                serve(ctx, std::move(socket), watched),
                asio::detached);
    }
}

} // namespace

debug_server::debug_server(
    asioctx::context watched, unsigned short port, std::size_t events)
    : recorder_(watched, events),
      // It outlives the end of what it shows.
      // NOLINTNEXTLINE(asioctx-background-in-function)
      stop_(with_cancel(asioctx::background(ioc_))),
      acceptor_(ioc_, {asio::ip::address_v4::loopback(), port})
{
    asio::co_spawn(
        ioc_,
        listen(stop_.ctx, acceptor_, watch{std::move(watched), recorder_}),
        asio::detached);
    thread_ = std::thread([this] { ioc_.run(); });
}

debug_server::~debug_server()
{
    stop_.cancel();
    thread_.join();
}

tcp::endpoint debug_server::endpoint() const
{
    return acceptor_.local_endpoint();
}

} // namespace example
