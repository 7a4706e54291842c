//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Sends requests to the gateway over many connections, one after the other on
// each, and accounts for every one of them:
//
//     asioctx_example_load --port 8080 --connections 1000 --seconds 5
//
// A fifth of the requests time out in the server, and a tenth of the time the
// client hangs up before there is an answer. A client ends when the time is
// over or the server accepts no more. Succeeds if every request ended as it
// should.
//
//     asioctx_example_load --port 8080 --rate 240 --seconds 5 --timeout 1000
//
// Requests for /work/100 come at a rate, whatever becomes of those before, as
// those of many clients do. Each has a timeout, in milliseconds. Tells how many
// were answered in time, and how fast the others were refused.

#include <asioctx/async_sleep.hpp>
#include <asioctx/bind_context.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/task_group.hpp>
#include <asioctx/with_task_group.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iostream>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace asio = boost::asio;
using namespace std::literals;
using asio::ip::tcp;
using asioctx::bind_context;
using asioctx::error_code;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

// What has become of the requests.
struct tally
{
    int sent = 0;
    int answered = 0;
    int timed_out = 0; // 504
    int refused = 0;   // 503
    int closed = 0;    // the server closed the connection without a byte
    int hung_up = 0;
    int wrong = 0; // anything else
};

enum class kind
{
    served,
    timing_out,
    hanging_up,
};

kind random_kind(std::mt19937& random)
{
    auto const n = std::uniform_int_distribution<>(0, 9)(random);
    return n < 2 ? kind::timing_out : n < 3 ? kind::hanging_up : kind::served;
}

std::string text_of(kind k, int milliseconds)
{
    auto const ms = std::to_string(milliseconds);
    switch (k)
    {
    case kind::served:
        return "GET /sleep/" + ms + " HTTP/1.1\r\nHost: gateway\r\n\r\n";
    case kind::timing_out:
        return "GET /sleep/60000 HTTP/1.1\r\nHost: gateway\r\n"
               "Request-Timeout: "
            + ms + "ms\r\n\r\n";
    case kind::hanging_up:
        break;
    }
    return "GET /sleep/60000 HTTP/1.1\r\nHost: gateway\r\n\r\n";
}

// Whether the answer is one that a request of its kind may get.
bool count(kind k, std::string_view status, tally& all)
{
    if (status == "200" && k == kind::served)
        ++all.answered;
    else if (status == "504" && k == kind::timing_out)
        ++all.timed_out;
    else if (status == "503")
        ++all.refused;
    else
        return false;
    return true;
}

// Reads an answer whose length is in its header, as all of the gateway's are.
asio::awaitable<error_code> read(
    asioctx::context ctx, tcp::socket& socket, std::string& text)
{
    auto [ec, size] = co_await asio::async_read_until(
        socket,
        asio::dynamic_buffer(text),
        "\r\n\r\n",
        bind_context(ctx, as_result));
    if (ec)
        co_return ec;
    constexpr auto name = "Content-Length: "sv;
    auto const at = text.find(name);
    if (at == text.npos)
        co_return asio::error::invalid_argument;
    size += std::strtoul(text.c_str() + at + name.size(), nullptr, 10);
    if (text.size() >= size)
        co_return error_code();
    auto [failed, n] = co_await asio::async_read(
        socket,
        asio::dynamic_buffer(text),
        asio::transfer_exactly(size - text.size()),
        bind_context(ctx, as_result));
    co_return failed;
}

enum class next
{
    request,
    connection,
    nothing,
};

// Sends a request and waits for its answer, or not. Returns what to do next.
asio::awaitable<next> request(
    asioctx::context root,
    tcp::socket& socket,
    std::mt19937& random,
    tally& all)
{
    auto const k = random_kind(random);
    auto const time = std::uniform_int_distribution<>(5, 50)(random);
    auto const patience = k == kind::hanging_up ? time * 1ms : 30s;
    auto [ctx, cancel] = asioctx::with_timeout(root, patience);

    ++all.sent;
    auto const text = text_of(k, time);
    co_await asio::async_write(
        socket, asio::buffer(text), bind_context(ctx, as_result));
    // Where that has failed there may be an answer nevertheless.
    std::string answer;
    auto const ec = co_await read(ctx, socket, answer);

    if (!ec && count(k, answer.substr(std::strlen("HTTP/1.1 "), 3), all))
        co_return answer.find("Connection: close") == answer.npos
            ? next::request
            : next::connection;
    if (ec == asioctx::errc::deadline_exceeded && k == kind::hanging_up)
    {
        ++all.hung_up;
        co_return next::connection;
    }
    if (ec && answer.empty() && !ctx.done())
    {
        ++all.closed;
        co_return next::nothing;
    }
    ++all.wrong;
    std::cerr << text.substr(0, text.find('\r')) << ": "
              << (ec ? ec.message() : answer) << std::endl;
    co_return next::nothing;
}

asio::awaitable<void> client(
    asioctx::context root,
    asioctx::context until,
    tcp::endpoint server,
    unsigned seed,
    tally& all)
{
    std::mt19937 random(seed);
    auto then = next::connection;
    while (then == next::connection && !until.done())
    {
        tcp::socket socket(co_await asio::this_coro::executor);
        auto [ec] = co_await socket.async_connect(
            server, bind_context(until, as_result));
        if (ec)
            co_return;
        do
            then = co_await request(root, socket, random, all);
        while (then == next::request && !until.done());
    }
}

// Requests that come at a rate.
class arrivals
{
public:
    arrivals(tcp::endpoint server, int rate, int seconds, int timeout)
        : server_(server), rate_(rate), seconds_(seconds), timeout_(timeout),
          text_(
              "GET /work/100 HTTP/1.1\r\nHost: gateway\r\nRequest-Timeout: "
              + std::to_string(timeout) + "ms\r\n\r\n")
    {
    }

    asio::awaitable<void> run(asioctx::context parent)
    {
        auto const all =
            [this](asioctx::task_group& requests) -> asio::awaitable<void>
        {
            std::mt19937 random(1);
            std::exponential_distribution<> pause(rate_);
            auto const begin = std::chrono::steady_clock::now();
            std::chrono::duration<double> at{0};
            while (at.count() < seconds_)
            {
                auto const now = std::chrono::steady_clock::now();
                co_await asioctx::async_sleep(
                    requests.ctx(), at - (now - begin), asio::use_awaitable);
                // As many as are due.
                while (at < std::chrono::steady_clock::now() - begin)
                {
                    ++sent_;
                    requests.spawn(ask(requests.ctx()));
                    at += std::chrono::duration<double>(pause(random));
                }
            }
        };
        co_await asioctx::with_task_group(
            parent, all, asioctx::on_error::ignore);
    }

    void report()
    {
        std::sort(refused_.begin(), refused_.end());
        auto const part = [this](std::size_t percent)
        {
            return refused_.empty()
                ? 0
                : refused_[(refused_.size() - 1) * percent / 100];
        };
        std::cout << "sent " << sent_ << ": " << good_ << " answered, " << late_
                  << " late, " << timed_out_ << " timed out, "
                  << refused_.size() << " refused, 50 % in " << part(50)
                  << " us, 90 % in " << part(90) << " us, "
                  << sent_ - good_ - late_ - timed_out_
                - static_cast<int>(refused_.size())
                  << " wrong; goodput " << good_ / seconds_ << "/s"
                  << std::endl;
    }

private:
    asio::awaitable<void> ask(asioctx::context parent)
    {
        auto [ctx, cancel] = asioctx::with_timeout(parent, 10s);
        tcp::socket socket(co_await asio::this_coro::executor);
        if (!idle_.empty())
        {
            socket = std::move(idle_.back());
            idle_.pop_back();
        }
        else
            co_await socket.async_connect(
                server_, bind_context(ctx, asio::use_awaitable));
        auto const begin = std::chrono::steady_clock::now();
        co_await asio::async_write(
            socket,
            asio::buffer(text_),
            bind_context(ctx, asio::use_awaitable));
        std::string answer;
        if (co_await read(ctx, socket, answer))
            co_return;
        auto const time = std::chrono::steady_clock::now() - begin;
        auto const status = answer.substr(std::strlen("HTTP/1.1 "), 3);
        if (status == "200")
            ++(time <= timeout_ * 1ms ? good_ : late_);
        else if (status == "504")
            ++timed_out_;
        else if (status == "503")
            refused_.push_back(time / 1us);
        if (answer.find("Connection: close") == answer.npos)
            idle_.push_back(std::move(socket));
    }

    tcp::endpoint server_;
    int rate_, seconds_, timeout_;
    std::string text_;
    std::vector<tcp::socket> idle_;
    int sent_ = 0, good_ = 0, late_ = 0, timed_out_ = 0;
    std::vector<long> refused_; // after how many microseconds
};

} // namespace

int main(int argc, char* argv[])
try
{
    int port = 0, connections = 100, seconds = 1, rate = 0, timeout = 1000;
    for (int i = 1; i + 1 < argc; i += 2)
    {
        std::string_view const name = argv[i];
        (name == "--port"              ? port
             : name == "--connections" ? connections
             : name == "--rate"        ? rate
             : name == "--timeout"     ? timeout
                                       : seconds) = std::atoi(argv[i + 1]);
    }

    asio::io_context ioc;
    auto const root = asioctx::background(ioc);
    auto [until, cancel] =
        asioctx::with_timeout(root, std::chrono::seconds(seconds));
    tcp::endpoint const server(
        asio::ip::address_v4::loopback(), static_cast<unsigned short>(port));
    if (rate != 0)
    {
        arrivals requests(server, rate, seconds, timeout);
        asio::co_spawn(
            ioc,
            requests.run(root),
            [](std::exception_ptr e)
            {
                if (e)
                    std::rethrow_exception(e);
            });
        ioc.run();
        requests.report();
        return EXIT_SUCCESS;
    }

    tally all;
    asioctx::task_group clients(root);
    for (int i = 0; i != connections; ++i)
        clients.spawn(
            client(root, until, server, static_cast<unsigned>(i), all));
    clients.async_join(
        [](std::exception_ptr e)
        {
            if (e)
                std::rethrow_exception(e);
        });
    ioc.run();

    std::cout << "sent " << all.sent << ": " << all.answered << " answered, "
              << all.timed_out << " timed out, " << all.refused << " refused, "
              << all.closed << " closed, " << all.hung_up << " hung up, "
              << all.wrong << " wrong" << std::endl;
    auto const sum =
        all.answered + all.timed_out + all.refused + all.closed + all.hung_up;
    return all.sent == sum ? EXIT_SUCCESS : EXIT_FAILURE;
}
catch (std::exception const& e)
{
    std::cerr << e.what() << std::endl;
    return EXIT_FAILURE;
}
