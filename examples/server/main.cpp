//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// A small HTTP gateway in which everything that waits is bound to a context:
//
//     asioctx_example_server --port 8080 --grace 1s --max-timeout 2s
//
// examples/demo.sh shows what it does.

#include <asioctx/after_func.hpp>
#include <asioctx/report_stuck.hpp>
#include <asioctx/with_name.hpp>
#include <asioctx/with_signals.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "debug.hpp"
#include "server.hpp"
#include "supervisor.hpp"
#include "timeout_header.hpp"

namespace {

namespace asio = boost::asio;
using namespace std::literals;
using example::tcp;

struct options
{
    example::server server;
    unsigned short port = 0;
    std::optional<unsigned short> debug_port;
    std::optional<asioctx::duration> report_stuck;
    std::string certificate;
    std::string key;
};

tcp::endpoint loopback(std::string_view port)
{
    auto const number = std::atoi(port.data());
    return {
        asio::ip::address_v4::loopback(), static_cast<unsigned short>(number)};
}

bool parse(std::string_view name, char const* value, options& o)
{
    auto const time = example::parse_request_timeout(value);
    auto const number = std::strtoul(value, nullptr, 10);
    auto& admitted = o.server.admitted;
    if (name == "--port")
        o.port = loopback(value).port();
    else if (name == "--debug-port")
        o.debug_port = loopback(value).port();
    else if (name == "--report-stuck" && time)
        o.report_stuck = *time;
    else if (name == "--upstream")
        o.server.others.servers.push_back(loopback(value));
    else if (name == "--redis")
        o.server.others.redis = {loopback(value)};
    else if (name == "--limit")
        admitted.limit = number;
    else if (name == "--queue")
        admitted.options.max_queued = number;
    else if (name == "--target" && time)
        admitted.options.target = *time;
    else if (name == "--order" && (value == "newest"sv || value == "oldest"sv))
        admitted.options.order = value == "newest"sv
            ? asioctx::queue_order::newest_first
            : asioctx::queue_order::oldest_first;
    else if (name == "--certificate")
        o.certificate = value;
    else if (name == "--key")
        o.key = value;
    else if (name == "--drain" && time)
        o.server.drain = *time;
    else if (name == "--grace" && time)
        o.server.grace = *time;
    else if (name == "--max-timeout" && time)
        o.server.max_timeout = *time;
    else if (name == "--read-timeout" && time)
        o.server.read_timeout = *time;
    else if (name == "--idle-timeout" && time)
        o.server.idle_timeout = *time;
    else
        return false;
    return true;
}

std::ptrdiff_t descriptors()
{
    std::filesystem::directory_iterator const all("/proc/self/fd");
    return std::distance(begin(all), end(all));
}

// Returns when the last connection has ended.
void serve(options& o)
{
    asio::io_context ioc;
    auto const all = asioctx::background(ioc);
    // Before what takes its time: a signal meanwhile is not lost, nor does it
    // kill.
    auto [stop, cancel] = asioctx::with_signals(
        asioctx::with_name(all, "server"), {SIGINT, SIGTERM});

    asio::ssl::context tls(asio::ssl::context::tls_server);
    if (!o.certificate.empty())
    {
        tls.use_certificate_chain_file(o.certificate);
        tls.use_private_key_file(o.key, asio::ssl::context::pem);
        o.server.tls = &tls;
    }

    asioctx::stuck_reporter reporter;
    if (o.report_stuck)
        reporter =
            asioctx::report_stuck(all, std::cout, {.first = *o.report_stuck});
    std::optional<example::debug_server> debug;
    if (o.debug_port)
    {
        debug.emplace(all, *o.debug_port, 1000);
        std::cout << "debug on " << debug->endpoint() << std::endl;
    }
    auto acceptor = example::listening_socket(ioc);
    if (!acceptor)
        acceptor.emplace(
            ioc, tcp::endpoint(asio::ip::address_v4::loopback(), o.port));
    std::cout << "listening on " << acceptor->local_endpoint() << std::endl;
    //[notify
    example::notify_supervisor(ioc, "READY=1");
    auto const stopping = asioctx::after_func(
        stop,
        asio::bind_executor(
            ioc,
            [&]
            {
                auto const left = o.server.drain + o.server.grace + 5s;
                example::notify_supervisor(
                    ioc,
                    "STOPPING=1\nEXTEND_TIMEOUT_USEC="
                        + std::to_string(left / 1us));
            }));
    //]
    asio::co_spawn(
        ioc,
        listen(stop, std::move(*acceptor), o.server),
        [](std::exception_ptr e)
        {
            if (e)
                std::rethrow_exception(e);
        });
    ioc.run();
    std::cout << "left: " << o.server.in_flight << " requests, "
              << o.server.contexts.use_count() - 1 << " contexts";
}

} // namespace

int main(int argc, char* argv[])
try
{
    options o;
    for (int i = 1; i < argc; i += 2)
        if (i + 1 == argc || !parse(argv[i], argv[i + 1], o))
            throw std::invalid_argument(
                "usage: asioctx_example_server [--port 0] [--drain 0s] "
                "[--grace 1s] "
                "[--max-timeout 2s] [--read-timeout 5s] [--idle-timeout 60s] "
                "[--limit 1000 [--queue 0] [--order oldest] [--target <time>]] "
                "[--upstream <port>]... [--redis <port>] "
                "[--debug-port 0] [--report-stuck 2s] "
                "[--certificate <file> --key <file>]");

    auto const before = descriptors();
    serve(o);
    std::cout << ", " << descriptors() - before << " descriptors; served "
              << o.server.requests << " requests" << std::endl;
}
catch (std::exception const& e)
{
    std::cerr << e.what() << std::endl;
    return EXIT_FAILURE;
}
