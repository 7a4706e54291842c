//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Every overloaded function of Asio and Beast takes a handler that is not
// generic, as people write them, bound to a context. Most of this is that it
// compiles.

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/detach_on_cancel.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/completion_condition.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/defer.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <exception>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#if !defined(ASIOCTX_STANDALONE)
#include <boost/beast/core/detect_ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#endif

#ifdef ASIOCTX_TEST_HAS_SSL
#include <boost/asio/ssl.hpp>
#endif

#include "support/io_context_fixture.hpp"
#include "support/print.hpp"

using namespace asioctx;
using asio::ip::tcp;
using asio::ip::udp;

namespace {

// Compiles a call up to the choice of the overload; with a token that is not
// one, the result is something. To compile what is called takes much longer.
#define TAKES(...) static_assert(std::is_void_v<decltype(__VA_ARGS__)>)

struct bound
{
    template <class Handler>
    auto operator()(Handler const& h) const
    {
        return bind_context(ctx, h);
    }

    context ctx;
};

struct detached
{
    template <class Handler>
    auto operator()(Handler const& h) const
    {
        return detach_on_cancel(ctx, h);
    }

    context ctx;
};

// The context is done: every operation ends at once.
struct overloads_fixture : test::io_context_fixture
{
    overloads_fixture()
    {
        auto [c, cancel] = with_cancel(background(ioc));
        cancel();
        ctx = c; // NOLINT(asioctx-dead-context): it is done
    }

    // Runs what was started.
    void expect(int started)
    {
        ioc.run();
        ioc.restart();
        BOOST_TEST(ended == started);
        ended = 0;
    }

    template <class Bind>
    void connections(Bind const& bind)
    {
        using iterator = std::vector<tcp::endpoint>::iterator;
        auto const on_error = [this](error_code ec)
        {
            end(ec);
        };
        auto const on_socket = [this](error_code ec, tcp::socket)
        {
            end(ec);
        };
        auto const on_endpoint = [this](error_code ec, tcp::endpoint)
        {
            end(ec);
        };
        auto const on_iterator = [this](error_code ec, iterator)
        {
            end(ec);
        };
        auto const condition = [](error_code, tcp::endpoint const&)
        {
            return true;
        };

        tcp::acceptor acceptor(ioc);
        tcp::socket socket(ioc);
        tcp::endpoint endpoint;
        std::vector<tcp::endpoint> endpoints;
        asio::any_io_executor ex = ioc.get_executor();
        TAKES(acceptor.async_accept(socket, bind(on_error)));
        TAKES(acceptor.async_accept(socket, endpoint, bind(on_error)));
        TAKES(acceptor.async_accept(
            socket, bind(asio::bind_executor(ioc, on_error))));
        TAKES(acceptor.async_accept(
            socket, bind(std::function<void(error_code)>(on_error))));
        TAKES(acceptor.async_wait(tcp::acceptor::wait_read, bind(on_error)));
        // detach_on_cancel() does not take them.
        if constexpr (std::is_same_v<Bind, bound>)
        {
            TAKES(acceptor.async_accept(bind(on_socket)));
            TAKES(acceptor.async_accept(endpoint, bind(on_socket)));
            TAKES(acceptor.async_accept(ioc, bind(on_socket)));
            TAKES(acceptor.async_accept(ex, bind(on_socket)));
            TAKES(acceptor.async_accept(ioc, endpoint, bind(on_socket)));
            TAKES(acceptor.async_accept(ex, endpoint, bind(on_socket)));
        }

        TAKES(socket.async_connect(endpoint, bind(on_error)));
        TAKES(asio::async_connect(socket, endpoints, bind(on_endpoint)));
        TAKES(asio::async_connect(
            socket, endpoints, condition, bind(on_endpoint)));
        TAKES(asio::async_connect(
            socket, endpoints.begin(), endpoints.end(), bind(on_iterator)));
        TAKES(asio::async_connect(
            socket,
            endpoints.begin(),
            endpoints.end(),
            condition,
            bind(on_iterator)));
        TAKES(asio::async_connect(
            socket,
            tcp::resolver::results_type(),
            bind([this](error_code ec, tcp::endpoint const&) { end(ec); })));
#if !defined(BOOST_ASIO_NO_DEPRECATED) && BOOST_ASIO_VERSION < 103400
        auto const on_resolver_iterator =
            [this](error_code ec, tcp::resolver::iterator)
        {
            end(ec);
        };
        TAKES(asio::async_connect(
            socket, tcp::resolver::iterator(), bind(on_resolver_iterator)));
        TAKES(asio::async_connect(
            socket,
            tcp::resolver::iterator(),
            condition,
            bind(on_resolver_iterator)));
#endif
    }

    void streams(bound const& bind)
    {
        auto const on_error = [this](error_code ec)
        {
            end(ec);
        };
        auto const on_size = [this](error_code ec, std::size_t)
        {
            end(ec);
        };

        tcp::socket socket(ioc);
        std::array<char, 4> data{};
        std::string text;
        asio::streambuf stream_buffer;
        TAKES(socket.async_wait(tcp::socket::wait_read, bind(on_error)));
        TAKES(socket.async_read_some(asio::buffer(data), bind(on_size)));
        TAKES(socket.async_write_some(asio::buffer(data), bind(on_size)));
        TAKES(socket.async_receive(asio::buffer(data), bind(on_size)));
        TAKES(socket.async_receive(asio::buffer(data), 0, bind(on_size)));
        TAKES(socket.async_send(asio::buffer(data), bind(on_size)));
        TAKES(socket.async_send(asio::buffer(data), 0, bind(on_size)));

        TAKES(asio::async_read(socket, asio::buffer(data), bind(on_size)));
        TAKES(asio::async_read(
            socket, asio::buffer(data), asio::transfer_all(), bind(on_size)));
        TAKES(asio::async_read(
            socket, asio::dynamic_buffer(text), bind(on_size)));
        TAKES(asio::async_read(
            socket,
            asio::dynamic_buffer(text),
            asio::transfer_at_least(1),
            bind(on_size)));
        TAKES(asio::async_read(socket, stream_buffer, bind(on_size)));
        TAKES(asio::async_read(
            socket, stream_buffer, asio::transfer_all(), bind(on_size)));
        TAKES(asio::async_read_until(
            socket, asio::dynamic_buffer(text), '\n', bind(on_size)));
        TAKES(asio::async_read_until(
            socket, asio::dynamic_buffer(text), "\r\n", bind(on_size)));
        TAKES(
            asio::async_read_until(socket, stream_buffer, '\n', bind(on_size)));
        TAKES(asio::async_read_until(
            socket, stream_buffer, std::string("x"), bind(on_size)));

        TAKES(asio::async_write(socket, asio::buffer(data), bind(on_size)));
        TAKES(asio::async_write(
            socket, asio::buffer(data), asio::transfer_all(), bind(on_size)));
        TAKES(asio::async_write(
            socket, asio::dynamic_buffer(text), bind(on_size)));
        TAKES(asio::async_write(
            socket,
            asio::dynamic_buffer(text),
            asio::transfer_all(),
            bind(on_size)));
        TAKES(asio::async_write(socket, stream_buffer, bind(on_size)));
        TAKES(asio::async_write(
            socket, stream_buffer, asio::transfer_all(), bind(on_size)));
    }

    template <class Bind>
    void resolvers(Bind const& bind)
    {
        auto const on_results =
            [this](error_code ec, tcp::resolver::results_type)
        {
            end(ec);
        };

        tcp::resolver resolver(ioc);
        TAKES(resolver.async_resolve("host", "service", bind(on_results)));
        TAKES(resolver.async_resolve(
            "host", "service", tcp::resolver::flags(), bind(on_results)));
        TAKES(resolver.async_resolve(
            tcp::v4(), "host", "service", bind(on_results)));
        TAKES(resolver.async_resolve(
            tcp::v4(),
            "host",
            "service",
            tcp::resolver::flags(),
            bind(on_results)));
        TAKES(resolver.async_resolve(tcp::endpoint(), bind(on_results)));
    }

    void others(bound const& bind)
    {
        auto const on_error = [this](error_code ec)
        {
            end(ec);
        };
        auto const on_size = [this](error_code ec, std::size_t)
        {
            end(ec);
        };

        udp::socket socket(ioc);
        udp::endpoint endpoint;
        std::array<char, 4> data{};
        TAKES(socket.async_receive(asio::buffer(data), bind(on_size)));
        TAKES(socket.async_receive(asio::buffer(data), 0, bind(on_size)));
        TAKES(socket.async_receive_from(
            asio::buffer(data), endpoint, bind(on_size)));
        TAKES(socket.async_receive_from(
            asio::buffer(data), endpoint, 0, bind(on_size)));
        TAKES(socket.async_send(asio::buffer(data), bind(on_size)));
        TAKES(socket.async_send(asio::buffer(data), 0, bind(on_size)));
        TAKES(
            socket.async_send_to(asio::buffer(data), endpoint, bind(on_size)));
        TAKES(socket.async_send_to(
            asio::buffer(data), endpoint, 0, bind(on_size)));

        asio::steady_timer timer(ioc);
        asio::signal_set signals(ioc);
        TAKES(timer.async_wait(bind(on_error)));
        TAKES(
            signals.async_wait(bind([this](error_code ec, int) { end(ec); })));
        TAKES(asio::co_spawn(
            ioc,
            []() -> asio::awaitable<void> { co_return; },
            bind([this](std::exception_ptr e) { end(e); })));
        TAKES(asio::co_spawn(
            ioc.get_executor(),
            []() -> asio::awaitable<int>
            {
                co_return 1;
            }(),
            bind([this](std::exception_ptr e, int) { end(e); })));
    }

    // One of each is run.
    template <class Bind>
    void run_some(Bind const& bind)
    {
        tcp::acceptor acceptor(ioc);
        tcp::socket socket(ioc);
        tcp::resolver resolver(ioc);
        acceptor.async_accept(socket, bind([this](error_code ec) { end(ec); }));
        asio::async_connect(
            socket,
            std::vector<tcp::endpoint>(),
            bind([this](error_code ec, tcp::endpoint) { end(ec); }));
        resolver.async_resolve(
            "host",
            "service",
            bind([this](error_code ec, tcp::resolver::results_type)
                 { end(ec); }));
        expect(3);
    }

    void end(error_code const& ec)
    {
        BOOST_TEST(ec == errc::canceled);
        ++ended;
    }

    void end(std::exception_ptr const&)
    {
        ++ended;
    }

    context ctx;
    int ended = 0;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(test_overloads, overloads_fixture)

BOOST_AUTO_TEST_CASE(asio_takes_plain_handlers_that_are_bound)
{
    run_some(bound{ctx});
    connections(bound{ctx});
    resolvers(bound{ctx});
    streams(bound{ctx});
    others(bound{ctx});
}

BOOST_AUTO_TEST_CASE(asio_takes_plain_handlers_that_are_detached_on_cancel)
{
    run_some(detached{ctx});
    connections(detached{ctx});
    resolvers(detached{ctx});
}

BOOST_AUTO_TEST_CASE(executors_take_plain_functions_that_are_bound)
{
    auto const f = [this]
    {
        ++ended;
    };
    asio::any_io_executor const ex = ioc.get_executor();
    asio::post(bind_context(ctx, asio::bind_executor(ex, f)));
    asio::post(ioc, bind_context(ctx, f));
    asio::post(ex, bind_context(ctx, f));
    asio::dispatch(bind_context(ctx, asio::bind_executor(ex, f)));
    asio::dispatch(ioc, bind_context(ctx, f));
    asio::dispatch(ex, bind_context(ctx, f));
    asio::defer(bind_context(ctx, asio::bind_executor(ex, f)));
    asio::defer(ioc, bind_context(ctx, f));
    asio::defer(ex, bind_context(ctx, f));
    expect(9);
}

#if !defined(ASIOCTX_STANDALONE)

namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;

BOOST_AUTO_TEST_CASE(beast_takes_plain_handlers_that_are_bound)
{
    using iterator = std::vector<tcp::endpoint>::iterator;
    bound const bind{ctx};
    auto const on_error = [this](error_code ec)
    {
        end(ec);
    };
    auto const on_size = [this](error_code ec, std::size_t)
    {
        end(ec);
    };
    auto const on_endpoint = [this](error_code ec, tcp::endpoint)
    {
        end(ec);
    };
    auto const on_iterator = [this](error_code ec, iterator)
    {
        end(ec);
    };
    auto const condition = [](error_code, tcp::endpoint const&)
    {
        return true;
    };

    beast::tcp_stream stream(ioc);
    std::vector<tcp::endpoint> endpoints;
    TAKES(stream.async_connect(tcp::endpoint(), bind(on_error)));
    TAKES(stream.async_connect(endpoints, bind(on_endpoint)));
    TAKES(stream.async_connect(endpoints, condition, bind(on_endpoint)));
    TAKES(stream.async_connect(
        endpoints.begin(), endpoints.end(), bind(on_iterator)));
    TAKES(stream.async_connect(
        endpoints.begin(), endpoints.end(), condition, bind(on_iterator)));

    beast::flat_buffer buffer;
    http::request<http::string_body> request;
    http::request_parser<http::string_body> parser;
    http::request_serializer<http::string_body> serializer(request);
    TAKES(http::async_read_some(stream, buffer, parser, bind(on_size)));
    TAKES(http::async_read_header(stream, buffer, parser, bind(on_size)));
    TAKES(http::async_read(stream, buffer, parser, bind(on_size)));
    TAKES(http::async_read(stream, buffer, request, bind(on_size)));
    TAKES(http::async_write_some(stream, serializer, bind(on_size)));
    TAKES(http::async_write_header(stream, serializer, bind(on_size)));
    TAKES(http::async_write(stream, serializer, bind(on_size)));
    TAKES(http::async_write(stream, request, bind(on_size)));
    TAKES(http::async_write(stream, std::as_const(request), bind(on_size)));
    TAKES(beast::async_detect_ssl(
        stream, buffer, bind([this](error_code ec, bool) { end(ec); })));

    websocket::stream<beast::tcp_stream> ws(ioc);
    websocket::response_type response;
    std::array<char, 4> data{};
    TAKES(ws.async_handshake("host", "/", bind(on_error)));
    TAKES(ws.async_handshake(response, "host", "/", bind(on_error)));
    TAKES(ws.async_accept(bind(on_error)));
    TAKES(ws.async_accept(asio::buffer(data), bind(on_error)));
    TAKES(ws.async_accept(request, bind(on_error)));
    TAKES(ws.async_read(buffer, bind(on_size)));
    TAKES(ws.async_read_some(buffer, 1, bind(on_size)));
    TAKES(ws.async_read_some(asio::buffer(data), bind(on_size)));
    TAKES(ws.async_write(asio::buffer(data), bind(on_size)));
    TAKES(ws.async_write_some(true, asio::buffer(data), bind(on_size)));
    TAKES(ws.async_ping({}, bind(on_error)));
    TAKES(ws.async_pong({}, bind(on_error)));
    TAKES(ws.async_close(websocket::close_code::normal, bind(on_error)));
}

#endif

#ifdef ASIOCTX_TEST_HAS_SSL
BOOST_AUTO_TEST_CASE(ssl_takes_plain_handlers_that_are_bound)
{
    bound const bind{ctx};
    auto const on_error = [this](error_code ec)
    {
        end(ec);
    };
    auto const on_size = [this](error_code ec, std::size_t)
    {
        end(ec);
    };
    using stream_type = asio::ssl::stream<tcp::socket>;

    asio::ssl::context tls(asio::ssl::context::tls);
    stream_type stream(ioc, tls);
    std::array<char, 4> data{};
    TAKES(stream.async_handshake(stream_type::client, bind(on_error)));
    TAKES(stream.async_handshake(
        stream_type::server, asio::buffer(data), bind(on_size)));
    TAKES(stream.async_shutdown(bind(on_error)));
    TAKES(stream.async_read_some(asio::buffer(data), bind(on_size)));
    TAKES(stream.async_write_some(asio::buffer(data), bind(on_size)));
}
#endif

BOOST_AUTO_TEST_SUITE_END()
