//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// A small HTTP server in which everything that waits is bound to a context:
//
//     asioctx_example_server --port 8080 --grace 1s --max-timeout 2s
//
// examples/demo.sh shows what it does.

#include <asioctx/with_signals.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string_view>

#include "server.hpp"
#include "timeout_header.hpp"

namespace {

using example::tcp;

// Returns the port.
unsigned short parse(int argc, char* argv[], example::server& server)
{
    unsigned short port = 0;
    for (int i = 1; i + 1 < argc; i += 2)
    {
        std::string_view const name = argv[i];
        auto const time = example::parse_request_timeout(argv[i + 1]);
        if (name == "--port")
            port = static_cast<unsigned short>(std::atoi(argv[i + 1]));
        else if (name == "--grace" && time)
            server.grace = *time;
        else if (name == "--max-timeout" && time)
            server.max_timeout = *time;
        else if (name == "--read-timeout" && time)
            server.read_timeout = *time;
        else
            argc = 0;
    }
    if (argc % 2 == 0)
        throw std::invalid_argument(
            "usage: asioctx_example_server [--port 0] [--grace 1s] "
            "[--max-timeout 2s] [--read-timeout 5s]");
    return port;
}

} // namespace

int main(int argc, char* argv[])
try
{
    example::server server;
    auto const port = parse(argc, argv, server);

    boost::asio::io_context ioc;
    auto [root, cancel] =
        asioctx::with_signals(asioctx::background(ioc), {SIGINT, SIGTERM});
    tcp::acceptor acceptor(
        ioc, {boost::asio::ip::address_v4::loopback(), port});
    std::cout << "listening on " << acceptor.local_endpoint() << std::endl;
    boost::asio::co_spawn(
        ioc,
        listen(root, std::move(acceptor), server),
        [](std::exception_ptr e)
        {
            if (e)
                std::rethrow_exception(e);
        });

    // Returns when the last connection has ended: nothing else is left then.
    ioc.run();

    std::cout << "shutdown: signal " << root.cause().message() << "; "
              << server.finished << " finished, " << server.aborted
              << " aborted after a grace of "
              << server.grace / std::chrono::milliseconds(1) << "ms"
              << std::endl;
}
catch (std::exception const& e)
{
    std::cerr << e.what() << std::endl;
    return EXIT_FAILURE;
}
