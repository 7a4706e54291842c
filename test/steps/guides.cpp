//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// The functions of the guides, unchanged, canceled at every step from every
// level above them.

// GCC takes the files that are included here for headers.
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wsubobject-linkage"
#endif

#include <asioctx.hpp>

#include <asioctx/testing/manual_clock.hpp>

#include <boost/asio.hpp>
#include <boost/asio/experimental/channel.hpp>

#include <array>
#include <chrono>
#include <csignal>
#include <exception>
#include <functional>
#include <future>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/steps.hpp"

// The files that the pages take their code from, each in a namespace. What they
// include is included above. Their main() is a function that nobody calls.
#pragma GCC diagnostic ignored "-Wreturn-type"

namespace from_go {
#include "../../doc/snippets/from_go.cpp"
} // namespace from_go

namespace task_groups {
#include "../../doc/snippets/task_groups.cpp"
} // namespace task_groups

namespace deadline {
#include "../../examples/01_deadline.cpp"
} // namespace deadline

namespace tokens {
#include "../../examples/03_tokens.cpp"
} // namespace tokens

namespace values {
#include "../../examples/04_values.cpp"
} // namespace values

namespace after_func {
#include "../../examples/05_after_func.cpp"
} // namespace after_func

namespace graceful_shutdown {
#include "../../examples/06_graceful_shutdown.cpp"
} // namespace graceful_shutdown

namespace clean_up {
#include "../../examples/11_clean_up.cpp"
} // namespace clean_up

namespace resolve {
#include "../../examples/13_resolve.cpp"
} // namespace resolve

namespace task_group {
#include "../../examples/20_task_group.cpp"
} // namespace task_group

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::ip::tcp;
using asioctx::context;
using local = asio::local::stream_protocol;
using steps::end;
using steps::results;
using text = asio::awaitable<std::string>;
using nothing = asio::awaitable<void>;

// What has no result is compared by its end.
text ended(nothing work)
{
    co_await std::move(work);
    co_return "";
}

template <class F>
steps::coroutine program(F f)
{
    return [f](context ctx)
    {
        return ended(f(ctx));
    };
}

// Two sockets that are connected.
struct connection
{
    explicit connection(asio::any_io_executor const& ex) : socket(ex), peer(ex)
    {
        tcp::acceptor acceptor(ex, {asio::ip::address_v4::loopback(), 0});
        socket.connect(acceptor.local_endpoint());
        acceptor.accept(peer);
    }

    tcp::socket socket, peer;
};

// from-go.md

text fetch(context ctx)
{
    return from_go::fetch(ctx, "one");
}

text next(context ctx)
{
    from_go::channel numbers(co_await asio::this_coro::executor);
    co_return std::to_string(co_await from_go::next(ctx, numbers));
}

text next_of_a_sender(context ctx)
{
    from_go::channel numbers(co_await asio::this_coro::executor);
    // NOLINTNEXTLINE(asioctx-unbound-operation): the other side
    numbers.async_send({}, 7, [](asioctx::error_code) {});
    co_return std::to_string(co_await from_go::next(ctx, numbers));
}

text read_nothing(context ctx)
{
    auto const ex = co_await asio::this_coro::executor;
    local::socket socket(ex), peer(ex);
    asio::local::connect_pair(socket, peer);
    char data[8];
    co_await from_go::read(ctx, socket, asio::buffer(data));
    co_return "";
}

text handle(context ctx)
{
    return from_go::handle(ctx, "ann", "page");
}

text handle_slowly(context ctx)
{
    return from_go::handle(ctx, "ann", "slow");
}

// task-groups.md

text first_of(context ctx)
{
    return task_groups::first_of(ctx, {"missing", "never", "one"});
}

text first_of_none(context ctx)
{
    return task_groups::first_of(ctx, {"never", "never"});
}

text in_order(context ctx)
{
    return task_groups::in_order(ctx, {"one", "two", "three"});
}

text in_order_slowly(context ctx)
{
    return task_groups::in_order(ctx, {"never", "one"});
}

nothing use_service(context ctx)
{
    return task_groups::use_service(ctx, "one");
}

nothing use_broken_service(context ctx)
{
    return task_groups::use_service(ctx, "missing");
}

// getting-started.md

nothing receive(context ctx)
{
    connection c(co_await asio::this_coro::executor);
    co_await deadline::receive(ctx, c.socket, 10s);
}

nothing wait_in_vain(context ctx)
{
    asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
    co_await tokens::wait(ctx, timer);
}

nothing transfer(context ctx)
{
    return after_func::transfer(ctx, "money", 0ms);
}

nothing look_up(context ctx)
{
    return resolve::resolve(ctx, "127.0.0.1", 10s);
}

nothing fetch_all(context ctx)
{
    return task_group::fetch_all(ctx, {"start", "news", "contact"});
}

nothing ask(asio::any_io_executor ex, tcp::endpoint server)
{
    tcp::socket socket(ex);
    co_await socket.async_connect(server, asio::use_awaitable);
    co_await graceful_shutdown::ask(socket, "hello");
    co_await graceful_shutdown::ask(socket, "hello again");
}

// Two clients; the second stays.
nothing serve(context ctx)
{
    auto const ex = co_await asio::this_coro::executor;
    tcp::acceptor acceptor(ex, {asio::ip::address_v4::loopback(), 0});
    auto [requests, stop] = asioctx::with_grace(ctx, 1s);
    stop.detach();
    asio::co_spawn(ex, ask(ex, acceptor.local_endpoint()), asio::detached);
    auto const stays = std::make_shared<tcp::socket>(ex);
    // NOLINTNEXTLINE(asioctx-unbound-operation): the client
    stays->async_connect(
        acceptor.local_endpoint(),
        [stays](asioctx::error_code const&)
        {
            stays->async_wait(
                tcp::socket::wait_read, [stays](asioctx::error_code const&) {});
        });
    co_await graceful_shutdown::listen(ctx, requests, acceptor);
}

nothing say_good_bye(context ctx)
{
    auto const ex = co_await asio::this_coro::executor;
    auto const c = std::make_shared<connection>(ex);
    asio::co_spawn(ex, clean_up::server(c->peer), [c](std::exception_ptr) {});
    co_await clean_up::client(ctx, c->socket, 10s);
}

// Nobody answers: the grace passes.
nothing say_good_bye_to_nobody(context ctx)
{
    connection c(co_await asio::this_coro::executor);
    co_await clean_up::client(ctx, c.socket, 1s);
}

} // namespace

int main(int argc, char** argv)
{
    std::cout.rdbuf(nullptr); // what the functions print
    constexpr auto documented = results::documented;
    constexpr auto handled = results::handled;
    constexpr auto any = results::any;
    constexpr auto by_itself = end::by_itself;
    constexpr auto never = end::never;
#define PROGRAM(f) #f, program(f)
    return steps::main(
        argc,
        argv,
        {
            {"fetch", fetch},
            {"next", next, documented, never},
            {"next_of_a_sender", next_of_a_sender},
            {"read_nothing", read_nothing, documented, never},
            {"handle", handle},
            {"handle_slowly", handle_slowly, documented, never},
            {"from_go::fetch_both", from_go::fetch_both},
            {PROGRAM(from_go::cancel_and_timeout), any, by_itself, 1ms},
            {PROGRAM(from_go::values), any},
            {PROGRAM(from_go::select), any, by_itself, 1ms},
            {PROGRAM(from_go::errors), any, by_itself, 1ms},
            {PROGRAM(from_go::causes), any},
            {PROGRAM(from_go::callbacks), any},
            {PROGRAM(from_go::connection), any},
            {PROGRAM(from_go::outlive), any},
            {PROGRAM(from_go::requests), any},
            {PROGRAM(from_go::lifetimes), any},
            {"task_groups::fetch_both", task_groups::fetch_both},
            {"first_of", first_of},
            {"first_of_none", first_of_none, documented, never},
            {"in_order", in_order},
            {"in_order_slowly", in_order_slowly, documented, never},
            {PROGRAM(use_service)},
            {PROGRAM(use_broken_service)},
            {PROGRAM(task_groups::session), documented, never},
            {PROGRAM(task_groups::groups), any},
            {PROGRAM(task_groups::alone), any},
            {PROGRAM(task_groups::failures), any},
            {PROGRAM(task_groups::leave), any, by_itself, 10ms},
            {PROGRAM(task_groups::clean_ups), any, by_itself, 5ms},
            {PROGRAM(receive), handled, never},
            {PROGRAM(wait_in_vain), documented, never},
            {PROGRAM(values::handle), handled, never},
            {PROGRAM(transfer), handled},
            {PROGRAM(look_up), handled},
            {PROGRAM(fetch_all)},
            {PROGRAM(task_group::run)},
            {PROGRAM(serve), documented, never, 1s},
            {PROGRAM(say_good_bye), documented, never},
            {PROGRAM(say_good_bye_to_nobody), documented, never, 1s},
        });
}
