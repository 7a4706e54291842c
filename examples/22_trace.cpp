//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// A request's trace and baggage travel with its context: into the lines of the
// log, and on to whom the server asks.

#include <asioctx.hpp>

#include <boost/asio.hpp>

#include <iostream>
#include <map>
#include <string>
#include <string_view>

namespace asio = boost::asio;
using namespace std::chrono_literals;

// Stands for those of a library of HTTP.
using headers = std::map<std::string, std::string>;

//[receive
// Derives the context of a request. What is malformed is ignored: another trace
// begins.
asioctx::context with_trace(asioctx::context parent, headers const& request)
{
    auto trace = asioctx::make_traceparent();
    if (auto const h = request.find("traceparent"); h != request.end())
        if (auto const parsed = asioctx::parse_traceparent(h->second))
            trace = *parsed;
    auto ctx = asioctx::with_value(parent, asioctx::traceparent_key, trace);
    if (auto const h = request.find("baggage"); h != request.end())
        ctx = asioctx::with_value(ctx, asioctx::baggage_key, h->second);
    return ctx;
}
//]

//[log
void log(asioctx::context const& ctx, std::string_view text)
{
    if (auto const* trace = ctx.value(asioctx::traceparent_key))
        std::cout << asioctx::format_traceparent(*trace).trace_id() << ' ';
    std::cout << text << '\n';
}
//]

//[baggage
// Who asks, as somebody before us has put it into the baggage.
std::string user_of(asioctx::context const& ctx)
{
    auto const* header = ctx.value(asioctx::baggage_key);
    if (!header)
        return "nobody";
    auto const user = asioctx::baggage_view(*header).find("user");
    if (!user)
        return "nobody";
    char text[64];
    auto const name = asioctx::decode_baggage(user->value, text);
    return name ? std::string(*name) : "somebody with a strange name";
}
//]

//[send
// What a request to another server says. The span is its own.
headers headers_for_upstream(asioctx::context const& ctx)
{
    headers request;
    if (auto const* trace = ctx.value(asioctx::traceparent_key))
        request["traceparent"] =
            asioctx::format_traceparent(asioctx::make_child(*trace)).view();

    // What has come, and one member more.
    char buffer[asioctx::baggage_view::max_size];
    asioctx::baggage_writer baggage(buffer);
    if (auto const* header = ctx.value(asioctx::baggage_key))
        for (auto const& member : asioctx::baggage_view(*header))
            baggage.add(member);
    baggage.add("via", "the gateway");
    request["baggage"] = baggage.view();
    return request;
}
//]

asio::awaitable<void> serve(
    asioctx::context parent, std::string name, headers received)
{
    auto const ctx = with_trace(parent, received);
    log(ctx, name + " for " + user_of(ctx));
    co_await asioctx::async_sleep(ctx, 1ms, asio::use_awaitable);

    auto const sent = headers_for_upstream(ctx);
    auto const before = asioctx::parse_traceparent(received["traceparent"]);
    auto const after = asioctx::parse_traceparent(sent.at("traceparent"));
    bool const same = before && before->trace_id == after->trace_id;
    log(ctx,
        same && before->parent_id != after->parent_id
            ? "sends a span of its own"
            : "sends another trace");
    std::cout << "baggage: " << sent.at("baggage") << '\n';
}

int main()
{
    asio::io_context ioc;
    auto const root = asioctx::background(ioc);
    asio::co_spawn(
        ioc,
        serve(
            root,
            "a request",
            {{"traceparent",
              "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
             {"baggage",
              "user=J%C3%B6rg%20M.;role=admin,shard = 7, nonsense"}}),
        asio::detached);
    ioc.run();
}
