//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//
// A client sends the input to the gateway of examples/server. Whatever it is,
// the answer is a status or a closed connection, and nothing is left of it.

#include "../../examples/server/server.hpp"

#include <asioctx/cancel.hpp>

#include <asioctx/testing/manual_clock.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using asioctx::error_code;
using example::tcp;

void check(bool ok, char const* what)
{
    if (ok)
        return;
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}

// How the client ends, which the first byte of the input tells.
enum class ending
{
    half_closes,
    waits,
    resets,
    count,
};

class exchange
{
public:
    exchange()
    {
        tcp::acceptor acceptor(ioc_, {asio::ip::address_v4::loopback(), 0});
        client_.connect(acceptor.local_endpoint());
        client_.non_blocking(true);
        asio::co_spawn(
            ioc_,
            listen(root_.ctx, std::move(acceptor), server_),
            [this](std::exception_ptr e)
            {
                check(!e, "the server has thrown");
                ended_ = true;
            });
    }

    // The second half is sent once the first has been seen.
    void send(asio::const_buffer data)
    {
        auto const half = data.size() / 2;
        send_some(asio::buffer(data, half));
        ioc_.poll();
        send_some(data + half);
    }

    void end(ending how)
    {
        error_code ec;
        if (how == ending::half_closes)
            client_.shutdown(tcp::socket::shutdown_send, ec);
        if (how == ending::resets)
            reset();
        else
            check_answer(received());
    }

    void shut_down()
    {
        reset();
        root_.cancel();
        until([this] { return ended_; }, "the server does not end");
        check(server_.in_flight == 0, "a request is left");
        check(server_.contexts.use_count() == 1, "a context is left");
    }

private:
    // All time that passes is that of deadlines.
    template <class Condition>
    void until(Condition is_true, char const* otherwise)
    {
        for (int i = 0; !is_true(); ++i)
        {
            check(i != 2000, otherwise);
            if (ioc_.poll() == 0)
                clock_.advance(100ms);
        }
    }

    // What is not taken at once is not sent: the server may have closed.
    void send_some(asio::const_buffer data)
    {
        error_code ec;
        asio::write(client_, asio::buffer(data), ec);
    }

    std::string received()
    {
        std::string text;
        error_code ec;
        until(
            [&]
            {
                char some[4096];
                auto const n = client_.read_some(asio::buffer(some), ec);
                text.append(some, n);
                return ec && ec != asio::error::would_block;
            },
            "the server does not close the connection");
        return text;
    }

    static void check_answer(std::string const& text)
    {
        check(
            text.empty() || text.starts_with("HTTP/1.1 "),
            "an answer without a status");
    }

    void reset()
    {
        error_code ec;
        client_.set_option(asio::socket_base::linger(true, 0), ec);
        client_.close(ec);
    }

    asio::io_context ioc_{1};
    asioctx::testing::manual_clock clock_{ioc_};
    asioctx::cancelable root_ = with_cancel(asioctx::background(ioc_));
    example::server server_;
    tcp::socket client_{ioc_};
    bool ended_ = false;
};

} // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***)
{
    std::cout.rdbuf(nullptr); // the server's log
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(
    std::uint8_t const* data, std::size_t size)
{
    if (size == 0)
        return 0;
    exchange e;
    e.send(asio::buffer(data + 1, size - 1));
    e.end(static_cast<ending>(data[0] % static_cast<int>(ending::count)));
    e.shut_down();
    return 0;
}
