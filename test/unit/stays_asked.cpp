//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/stays_asked.hpp>

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/context_key.hpp>
#include <asioctx/value.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <optional>
#include <utility>

#if !defined(ASIOCTX_STANDALONE)
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/websocket/stream.hpp>
#endif

#include "support/bound_fixture.hpp"
#include "support/local_pair.hpp"
#include "support/outcome.hpp"
#include "support/print.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

namespace {

using local_socket = local_stream::socket;

// Goes through a number of parts that nothing can stop, then waits. It does not
// look whether it was asked to stop.
struct goes_on
{
    asio::steady_timer& timer;
    int parts;

    template <class Self>
    void operator()(Self& self, error_code ec = {})
    {
        if (ec)
            return self.complete(ec);
        if (parts-- > 0)
            return asio::post(timer.get_executor(), std::move(self));
        timer.expires_after(1h);
        timer.async_wait(std::move(self));
    }
};

// The same, but asks for its executor once alone.
struct keeps_its_executor
{
    asio::steady_timer& timer;
    int parts;
    std::optional<asio::any_io_executor> kept{};

    template <class Self>
    void operator()(Self& self, error_code ec = {})
    {
        if (ec)
            return self.complete(ec);
        if (!kept)
            kept = asio::get_associated_executor(self, timer.get_executor());
        auto const ex = *kept;
        if (parts-- > 0)
            return asio::post(
                timer.get_executor(), asio::bind_executor(ex, std::move(self)));
        timer.expires_after(1h);
        timer.async_wait(asio::bind_executor(ex, std::move(self)));
    }
};

// Begins anew whenever it is aborted.
struct begins_anew
{
    asio::steady_timer& timer;
    int& times;

    template <class Self>
    void operator()(Self& self, error_code ec = {})
    {
        if (!ec && times != 0)
            return self.complete(ec);
        ++times;
        timer.async_wait(std::move(self));
    }
};

} // namespace

template <>
[[maybe_unused]] inline constexpr bool asioctx::stays_asked<goes_on> = true;

template <>
[[maybe_unused]] inline constexpr bool
    asioctx::stays_asked<keeps_its_executor> = true;

template <>
[[maybe_unused]] inline constexpr bool asioctx::stays_asked<begins_anew> = true;

namespace {

struct fixture : bound_fixture
{
    asio::strand<asio::io_context::executor_type> strand =
        asio::make_strand(ioc);
    cancelable source = with_cancel(root);
    cancelable const live = with_cancel(root); // is never canceled
    std::optional<outcome> o{std::in_place};

    // Calls a function with each way to bind a handler: to executors of all kinds,
    // and twice.
    template <class F>
    void with_all_tokens(F f)
    {
        asio::any_io_executor const any = ioc.get_executor();
        asio::any_io_executor const any_strand = asio::make_strand(ioc);
        auto const on = [&](auto const& ex)
        {
            return [&, ex]
            {
                return bind_context(
                    source.ctx, asio::bind_executor(ex, recorder(*o)));
            };
        };
        f([&] { return bind_context(source.ctx, recorder(*o)); });
        f(on(ioc.get_executor()));
        f(on(strand));
        f(on(asio::io_context::strand(ioc))); // of the Networking TS
        f(on(any));
        f(on(any_strand));
        f([&] {
            return bind_context(
                source.ctx, bind_context(live.ctx, recorder(*o)));
        });
        f([&] {
            return bind_context(
                with_value(root, number, 1), bind_context(source.ctx, recorder(*o)));
        });
    }

    // Starts an operation, and cancels it after each of its steps in turn.
    template <class Start, class Stop>
    void cancel_after_each_step(int most, Start start, Stop stop)
    {
        for (int steps = 0; steps <= most; ++steps)
        {
            BOOST_TEST_CONTEXT(steps << " steps")
            {
                source = with_cancel(root);
                o.emplace();
                start();
                for (int i = 0; i < steps; ++i)
                {
                    ioc.restart();
                    ioc.poll_one();
                }
                source.cancel();
                poll();
                BOOST_TEST(*o == errc::canceled);
                stop(); // or it would wait for ever
                poll();
                BOOST_TEST(o->calls == 1);
            }
        }
    }

    static constexpr context_key<int> number{"number"};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(test_stays_asked, fixture)

BOOST_AUTO_TEST_CASE(beasts_operations_do)
{
    using detail::names_beast_operation;
    BOOST_TEST(names_beast_operation("boost::beast::http::detail::run_read_op;"));
    BOOST_TEST(names_beast_operation("boost::beast::http::detail::read_op<x, y>]"));
    BOOST_TEST(names_beast_operation(
        "boost::beast::websocket::stream<x::y, true>::run_close_op;"));
    BOOST_TEST(!names_beast_operation("boost::beast::websocket::stream<a_op>;"));
    BOOST_TEST(!names_beast_operation("boost::beast::basic_stream<x>::ops::run;"));
    BOOST_TEST(!names_beast_operation("boost::asio::detail::read_op<x>;"));
    BOOST_TEST(!names_beast_operation(""));
    BOOST_TEST(!stays_asked<int>);
    BOOST_TEST(stays_asked<goes_on>);
}

// The part that is under way may have completed when the request comes, or cannot
// be stopped: the request is for the next, then.
BOOST_AUTO_TEST_CASE(the_request_is_for_what_follows)
{
    constexpr int parts = 3;
    auto const with = [&](auto const& ex)
    {
        with_all_tokens(
            [&](auto token_of)
            {
                asio::steady_timer timer(ex);
                cancel_after_each_step(
                    parts + 1,
                    [&]
                    {
                        auto token = token_of();
                        asio::async_compose<decltype(token), void(error_code)>(
                            goes_on{timer, parts}, token, ex);
                    },
                    [&] { timer.cancel(); });
            });
    };
    with(ioc.get_executor());
    with(strand);
    with(asio::any_io_executor(ioc.get_executor()));
    with(asio::any_io_executor(strand));
}

BOOST_AUTO_TEST_CASE(its_executor_may_be_kept)
{
    constexpr int parts = 3;
    auto const with = [&](auto const& ex)
    {
        asio::steady_timer timer(ex);
        cancel_after_each_step(
            parts + 1,
            [&]
            {
                auto token = bind_context(
                    source.ctx, asio::bind_executor(ex, recorder(*o)));
                asio::async_compose<decltype(token), void(error_code)>(
                    keeps_its_executor{timer, parts}, token, ex);
            },
            [&] { timer.cancel(); });
    };
    with(ioc.get_executor());
    with(strand);
    with(asio::any_io_executor(ioc.get_executor()));
    with(asio::any_io_executor(strand));
}

BOOST_AUTO_TEST_CASE(one_that_begins_anew_is_left_alone_in_the_end)
{
    asio::steady_timer timer(ioc, asio::steady_timer::time_point::max());
    int times = 0;
    auto token = bind_context(source.ctx, recorder(*o));
    asio::async_compose<decltype(token), void(error_code)>(
        begins_anew{timer, times}, token, ioc);
    source.cancel();
    poll();
    BOOST_TEST(times == 66); // the first, that after it was asked, and 64 more
    BOOST_TEST(!o->completed());
    timer.expires_at(asio::steady_timer::time_point::min());
    poll();
    until_completed(*o);
    BOOST_TEST(*o == error_code());
}

#if !defined(ASIOCTX_STANDALONE)

namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::beast::flat_buffer;

// A message comes in small pieces.
BOOST_AUTO_TEST_CASE(a_read_of_beast_misses_nothing)
{
    with_all_tokens(
        [&](auto token_of)
        {
            for (asio::any_io_executor const& ex :
                {asio::any_io_executor(ioc.get_executor()),
                    asio::any_io_executor(strand)})
            {
                local_socket socket(ex);
                local_socket peer(ioc);
                flat_buffer buffer;
                std::optional<http::request_parser<http::empty_body>> parser;
                cancel_after_each_step(
                    4,
                    [&]
                    {
                        socket = local_socket(ex);
                        peer = local_socket(ioc);
                        connect_pair(socket, peer);
                        buffer.clear();
                        http::async_read(
                            socket, buffer, parser.emplace(), token_of());
                        poll();
                        asio::write(peer, asio::buffer("GE", 2));
                        asio::post(ioc,
                            [&] { asio::write(peer, asio::buffer("T", 1)); });
                    },
                    [&] { socket.close(); });
            }
        });
}

BOOST_AUTO_TEST_CASE(a_handshake_of_beast_misses_nothing)
{
    with_all_tokens(
        [&](auto token_of)
        {
            std::optional<websocket::stream<local_socket>> ws;
            local_socket peer(ioc);
            cancel_after_each_step(
                4,
                [&]
                {
                    peer = local_socket(ioc);
                    ws.emplace(local_socket(ioc));
                    connect_pair(ws->next_layer(), peer);
                    ws->async_handshake("host", "/", token_of());
                    poll();
                    asio::write(peer, asio::buffer("HT", 2));
                    asio::post(
                        ioc, [&] { asio::write(peer, asio::buffer("TP", 2)); });
                },
                [&] { ws->next_layer().close(); });
        });
}

#endif

BOOST_AUTO_TEST_SUITE_END()
