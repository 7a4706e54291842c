//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/test/unit_test.hpp>

#include <cstddef>

#include "support/bound_fixture.hpp"
#include "support/outcome.hpp"
#include "support/print.hpp"
#include "support/sockets.hpp"

using namespace asioctx;
using namespace asioctx::test;

namespace {

namespace websocket = boost::beast::websocket;
using boost::beast::flat_buffer;

// Both ends of a WebSocket, on one io_context.
struct websocket_pair
{
    explicit websocket_pair(asio::io_context& ioc) : server(ioc), client(ioc)
    {
        tcp_pair sockets(ioc);
        server.next_layer() = std::move(sockets.socket);
        client.next_layer() = std::move(sockets.peer);
        bool accepted = false;
        server.async_accept([&](error_code ec) { accepted = !ec; });
        bool connected = false;
        client.async_handshake(
            "host", "/", [&](error_code ec) { connected = !ec; });
        poll_until(ioc, [&] { return accepted && connected; });
    }

    websocket::stream<asio::ip::tcp::socket> server;
    websocket::stream<asio::ip::tcp::socket> client;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(test_bind_beast, bound_fixture)

// A read that waits for the close gives its handler away and clears the slot.
BOOST_AUTO_TEST_CASE(a_read_beside_a_close_may_be_canceled_after_it)
{
    websocket_pair pair(ioc);
    flat_buffer in;
    flat_buffer ignored;
    outcome read;
    auto source = with_cancel(root);
    pair.server.async_read(in, bind_context(source.ctx, recorder(read)));
    // NOLINTBEGIN(asioctx-unbound-operation): the close is not canceled
    pair.client.async_read(ignored, [](error_code, std::size_t) {});
    bool closed = false;
    pair.server.async_close(
        websocket::close_code::normal,
        [&](error_code)
        {
            source.cancel();
            closed = true;
        });
    // NOLINTEND(asioctx-unbound-operation)
    poll_until(ioc, [&] { return closed && read.completed(); });
    BOOST_TEST(read.calls == 1);
    BOOST_TEST(
        (read.error == errc::canceled
         || read.error == asio::error::operation_aborted
         || read.error == websocket::error::closed));
}

// A close writes, then reads. The peer does not answer, so that whenever the
// request comes, the close ends by it.
BOOST_AUTO_TEST_CASE(a_close_hears_a_request_between_any_two_of_its_steps)
{
    for (int steps = 0; steps < 8; ++steps)
    {
        BOOST_TEST_CONTEXT(steps << " steps")
        {
            websocket_pair pair(ioc);
            outcome close;
            auto source = with_cancel(root);
            pair.server.async_close(
                websocket::close_code::normal,
                bind_context(source.ctx, recorder(close)));
            for (int i = 0; i < steps; ++i)
            {
                ioc.restart();
                ioc.poll_one();
            }
            source.cancel();
            poll();
            poll();
            BOOST_TEST(close.calls == 1);
            BOOST_TEST(close.error == errc::canceled);
            pair.client.next_layer().close(); // or it would wait for ever
            until_completed(close);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
