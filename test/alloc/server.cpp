//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// One request to the gateway of examples/server, and its shutdown, each of its
// allocations failing in turn. The request may fail, and so may the gateway.
// But it ends, and nothing is left of it.

#include "../../examples/server/server.hpp"

#include <asioctx/cancel.hpp>

#include <asioctx/testing/manual_clock.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <string_view>

#include "support/scarce.hpp"

namespace asio = boost::asio;

using namespace std::chrono_literals;
using asioctx::error_code;
using example::tcp;
using scarce::plan;

namespace {

// A gateway and a client that is connected with it.
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
            [this](std::exception_ptr) { ended_ = true; });
    }

    void send(std::string_view text)
    {
        error_code ec;
        asio::write(client_, asio::buffer(text), ec);
    }

    // Runs until nothing is ready; all time that passes is that of deadlines.
    void run_for(asioctx::duration d)
    {
        for (; d > 0s; d -= 100ms)
        {
            poll();
            clock_.advance(100ms);
        }
        poll();
    }

    void shut_down()
    {
        root_.cancel();
        error_code ec;
        client_.close(ec);
        for (int i = 0; !ended_; ++i)
        {
            SCARCE_CHECK(i != 200);
            run_for(100ms);
        }
        run_for(1s);
        SCARCE_CHECK(server_.contexts.use_count() == 1);
    }

private:
    // A step may throw for want of memory, and the others go on.
    void poll()
    {
        for (bool again = true; again;)
        {
            try
            {
                ioc_.restart();
                again = ioc_.poll() != 0;
            }
            catch (std::bad_alloc const&)
            {
            }
        }
    }

    asio::io_context ioc_{1};
    asioctx::testing::manual_clock clock_{ioc_};
    asioctx::cancelable root_ = with_cancel(asioctx::background(ioc_));
    example::server server_;
    tcp::socket client_{ioc_};
    bool ended_ = false;
};

// A connection whose request is answered, canceled by its deadline, or by the
// client that goes.
void request(plan& p, std::string_view target, bool goes)
{
    std::cout.rdbuf(nullptr); // the server's log
    std::cerr.rdbuf(nullptr);
    exchange e;
    std::string const text = "GET " + std::string(target)
        + " HTTP/1.1\r\nHost: h\r\nRequest-Timeout: 300ms\r\n\r\n";
    e.run_for(0s);
    p.act(
        [&]
        {
            e.send(text);
            e.run_for(goes ? 0s : 1s);
        });
    e.shut_down();
}

void answered(plan& p)
{
    request(p, "/hello", false);
}

void answered_later(plan& p)
{
    request(p, "/sleep/100", false);
}

void too_late(plan& p)
{
    request(p, "/sleep/500", false);
}

void abandoned(plan& p)
{
    request(p, "/sleep/500", true);
}

} // namespace

int main(int argc, char** argv)
{
    // A strand that goes on in its invoker's destructor; a coroutine that is
    // destroyed on its executor by a destructor.
    scarce::known = {"strand_executor_service7invoker", "awaitable_thread"};
    return scarce::main(
        argc,
        argv,
        {
            {"answered", answered},
            {"answered_later", answered_later},
            {"too_late", too_late},
            {"abandoned", abandoned},
        });
}
