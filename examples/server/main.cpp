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
#include <asioctx/merge.hpp>
#include <asioctx/report_stuck.hpp>
#include <asioctx/with_name.hpp>
#include <asioctx/with_signals.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "debug.hpp"
#include "server.hpp"
#include "supervisor.hpp"
#include "system.hpp"
#include "timeout_header.hpp"

namespace {

namespace asio = boost::asio;
using namespace std::literals;
using example::tcp;

struct options
{
    example::server_options server;
    unsigned io_contexts = 1;
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
        o.server.limit = number;
    else if (name == "--queue")
        o.server.queue.max_queued = number;
    else if (name == "--target" && time)
        o.server.queue.target = *time;
    else if (name == "--order" && (value == "newest"sv || value == "oldest"sv))
        o.server.queue.order = value == "newest"sv
            ? asioctx::queue_order::newest_first
            : asioctx::queue_order::oldest_first;
    else if (name == "--threads" && number > 0 && number <= 1000)
        o.server.threads = static_cast<unsigned>(number);
    else if (name == "--io-contexts" && number > 0 && number <= 1000)
        o.io_contexts = static_cast<unsigned>(number);
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

using servers = std::vector<std::unique_ptr<example::server>>;

// The server of one of the io_contexts: of the limit it has a share, and one
// request at least.
example::server_options share(options const& o, std::size_t number)
{
    auto result = o.server;
    bool const has_one_more = number < o.server.limit % o.io_contexts;
    result.limit = std::max<std::size_t>(
        o.server.limit / o.io_contexts + (has_one_more ? 1 : 0), 1);
    return result;
}

tcp::acceptor listen_on(
    asio::any_io_executor const& ex, tcp::endpoint const& at, bool shared)
{
    tcp::acceptor a(ex, at.protocol());
    example::prepare_to_listen(a, shared);
    a.bind(at);
    a.listen();
    return a;
}

// How the shutdown went.
void report(asioctx::context const& stop, servers const& all)
{
    using std::chrono::steady_clock;
    int finished = 0, aborted = 0;
    std::string aborted_at;
    auto closed_at = steady_clock::time_point::max();
    for (auto const& s : all)
    {
        finished += s->finished;
        aborted += s->aborted;
        if (s->aborted)
            aborted_at += "; " + s->aborted_at;
        closed_at = std::min(closed_at, s->closed_at);
    }
    std::cout << "shutdown: signal " << stop.cause().message() << "; "
              << finished << " finished, " << aborted << " aborted, in "
              << (steady_clock::now() - closed_at) / 1ms << "ms" << aborted_at
              << std::endl;
}

// Serves on as many io_contexts as there are, each of which some threads run,
// and returns how many requests there were, when the last connection has ended.
int serve(options& o)
{
    //[io_contexts
    std::vector<std::unique_ptr<asio::io_context>> io_contexts;
    for (unsigned i = 0; i != o.io_contexts; ++i)
        io_contexts.push_back(
            std::make_unique<asio::io_context>(o.server.threads));
    auto& ioc = *io_contexts.front();
    auto const all = asioctx::background(ioc);
    // Before what takes its time: a signal meanwhile is not lost, nor does it
    // kill.
    auto [stop, cancel] = asioctx::with_signals(
        asioctx::with_name(all, "server"), {SIGINT, SIGTERM});
    //]

    asio::ssl::context tls(asio::ssl::context::tls_server);
    if (!o.certificate.empty())
    {
        tls.use_certificate_chain_file(o.certificate);
        tls.use_private_key_file(o.key, asio::ssl::context::pem);
        o.server.tls = &tls;
    }
    auto& queue = o.server.queue;
    queue.max_limit = std::max(queue.max_limit, o.server.limit);

    std::vector<asioctx::stuck_reporter> reporters;
    std::vector<std::unique_ptr<example::debug_server>> debug;
    for (auto const& i : io_contexts)
    {
        auto const root = asioctx::background(*i);
        if (o.report_stuck)
            reporters.push_back(asioctx::report_stuck(
                root, std::cout, {.first = *o.report_stuck}));
        if (!o.debug_port)
            continue;
        auto const number = static_cast<unsigned short>(debug.size());
        auto const port = static_cast<unsigned short>(
            *o.debug_port == 0 ? 0 : *o.debug_port + number);
        debug.push_back(
            std::make_unique<example::debug_server>(root, port, 1000));
        std::cout << "debug on " << debug.back()->endpoint() << std::endl;
    }

    std::exception_ptr failure;
    std::mutex failure_mutex;
    auto const at_end = [&, &source = cancel](std::exception_ptr e)
    {
        if (!e)
            return;
        std::lock_guard const lock(failure_mutex);
        failure = e;
        source();
    };

    //[listen_on_each
    servers all_servers;
    tcp::endpoint at(asio::ip::address_v4::loopback(), o.port);
    for (auto const& i : io_contexts)
    {
        auto const ex = o.server.threads == 1
            ? asio::any_io_executor(i->get_executor())
            : asio::make_strand(*i);
        auto acceptor = example::listening_socket(ex);
        if (acceptor && o.io_contexts != 1)
            throw std::invalid_argument(
                "the supervisor has one socket for --io-contexts 1");
        if (!acceptor)
            acceptor.emplace(listen_on(ex, at, o.io_contexts != 1));
        at = acceptor->local_endpoint();
        // One signal stops all: each has a context of its own root for that.
        auto const here = i == io_contexts.front()
            ? stop
            : asioctx::merge(
                asioctx::with_name(asioctx::background(*i), "server"), stop);
        all_servers.push_back(
            std::make_unique<example::server>(share(o, all_servers.size())));
        asio::co_spawn(
            ex,
            listen(here, std::move(*acceptor), *all_servers.back()),
            at_end);
    }
    //]
    std::cout << "listening on " << at << std::endl;
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

    //[run
    std::vector<std::thread> threads;
    for (auto const& i : io_contexts)
        for (unsigned t = 0; t != o.server.threads; ++t)
            threads.emplace_back([&i] { i->run(); });
    for (auto& t : threads)
        t.join();
    //]
    if (failure)
        std::rethrow_exception(failure);

    report(stop, all_servers);
    int in_flight = 0, requests = 0;
    long contexts = 0;
    for (auto const& s : all_servers)
    {
        in_flight += s->in_flight;
        requests += s->requests;
        contexts += s->contexts.use_count() - 1;
    }
    std::cout << "left: " << in_flight << " requests, " << contexts
              << " contexts";
    return requests;
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
                "[--threads 1] [--io-contexts 1] "
                "[--upstream <port>]... [--redis <port>] "
                "[--debug-port 0] [--report-stuck 2s] "
                "[--certificate <file> --key <file>]");

    auto const before = example::descriptors();
    auto const requests = serve(o);
    auto const left = example::descriptors() - before;
    std::cout << ", " << left << " descriptors; served " << requests
              << " requests" << std::endl;
}
catch (std::exception const& e)
{
    std::cerr << e.what() << std::endl;
    return EXIT_FAILURE;
}
