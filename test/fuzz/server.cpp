//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//
// Clients send the input to the gateway of examples/server. Whatever it is, the
// answer is a status or a closed connection, and nothing is left of it.
//
// The first byte tells how the clients end. Of the others, those from 0xe0 on
// are not sent but are actions: time passes, clients come and go, and the
// contexts above the gateway, which are of every kind, end or are kept alive. A
// group of tasks that clean up after themselves runs beside it.

#include "../../examples/server/server.hpp"

#include <asioctx/async_sleep.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/merge.hpp>
#include <asioctx/task_group.hpp>
#include <asioctx/with_clean_up.hpp>
#include <asioctx/with_signals.hpp>

#include <asioctx/testing/manual_clock.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <list>
#include <string>
#include <utility>

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

// What a byte from 0xe0 on means.
enum class action
{
    run,
    run_one,
    a_moment_passes,
    a_second_passes,
    the_idle_time_passes,
    the_other_time_passes,
    next_client,
    half_close,
    reset,
    touch,
    cancel,
    cancel_other,
    raise_signal,
    spawn,
    spawn_slow,
    join,
    cancel_group,
    count,
};

class exchange
{
public:
    explicit exchange(ending how) : ending_(how)
    {
        asio::co_spawn(
            ioc_,
            listen(root_.ctx, std::move(acceptor_), server_),
            [this](std::exception_ptr e)
            {
                check(!e, "the server has thrown");
                ended_ = true;
            });
        connect();
    }

    void take(asio::const_buffer input)
    {
        auto const* const data =
            static_cast<unsigned char const*>(input.data());
        std::size_t sent = 0;
        for (std::size_t i = 0; i <= input.size(); ++i)
        {
            if (i != input.size() && data[i] < first_action)
                continue;
            send(asio::buffer(data + sent, i - sent));
            sent = i + 1;
            if (i != input.size())
                act(static_cast<action>(
                    (data[i] - first_action)
                    % static_cast<int>(action::count)));
        }
    }

    void end()
    {
        for (auto& c : clients_)
        {
            error_code ec;
            if (ending_ == ending::half_closes)
                c.shutdown(tcp::socket::shutdown_send, ec);
            if (ending_ == ending::resets)
                close(c);
            else if (c.is_open())
                check_answer(received(c));
        }
    }

    void shut_down()
    {
        for (auto& c : clients_)
            close(c);
        act(action::cancel);
        group_.cancel();
        join();
        until(
            [this] { return ended_ && joined_ == joins_; },
            "the server or the group does not end");
        check(server_.in_flight == 0, "a request is left");
        check(server_.contexts.use_count() == 1, "a context is left");
        auto const report = group_.report();
        check(
            report.pending.empty() && report.failed == 0
                && report.finished + report.aborted == spawned_,
            "a task is not accounted for");
        check(cleaned_ == begun_, "a task that began has not cleaned up");
    }

private:
    static constexpr int first_action = 0xe0;
    static constexpr std::size_t most_clients = 3;
    static constexpr std::size_t most_tasks = 8;
    static constexpr asioctx::duration idle_time = 40s;
    static constexpr asioctx::duration other_time = 60s;

    void act(action a)
    {
        switch (a)
        {
        case action::run:
            poll();
            must_be_done_ = must_be_done_ || raised_;
            break;
        case action::run_one:
            ioc_.restart();
            ioc_.poll_one();
            break;
        case action::a_moment_passes:
            clock_.advance(10ms);
            break;
        case action::a_second_passes:
            clock_.advance(1s);
            break;
        case action::the_idle_time_passes:
            clock_.advance(idle_time);
            break;
        case action::the_other_time_passes:
            other_clock_.advance(other_time);
            must_be_done_ = true;
            break;
        case action::next_client:
            if (clients_.size() != most_clients && !root_.ctx.done())
                connect();
            break;
        case action::half_close:
        {
            error_code ec;
            clients_.back().shutdown(tcp::socket::shutdown_send, ec);
            break;
        }
        case action::reset:
            close(clients_.back());
            break;
        case action::touch:
            watched_.idle.touch();
            touched_ = clock_.now();
            break;
        case action::cancel:
            root_.cancel();
            must_be_done_ = true;
            break;
        case action::cancel_other:
            other_.cancel();
            must_be_done_ = true;
            break;
        case action::raise_signal:
            std::raise(SIGHUP);
            raised_ = true; // it is heard when the io_context runs
            break;
        case action::spawn:
            if (spawned_ != most_tasks)
                spawn(10ms);
            break;
        case action::spawn_slow:
            if (spawned_ != most_tasks)
                spawn(1h); // the grace ends its clean-up
            break;
        case action::join:
            if (joins_ != most_tasks)
                join();
            break;
        case action::cancel_group:
            group_.cancel();
            break;
        case action::count:
            break;
        }
        look();
    }

    // The root is done as soon as one of those above it is, and not before.
    void look()
    {
        bool const idle = clock_.now() >= touched_ + idle_time;
        must_be_done_ = must_be_done_ || idle;
        if (must_be_done_)
            check(root_.ctx.done(), "the root is not done");
        else if (!raised_)
            check(!root_.ctx.done(), "the root is done");
        if (root_.ctx.done())
            check(group_.ctx().done(), "the group is not done");
    }

    // Waits until it is asked to stop, and then cleans up for a time.
    asio::awaitable<void> task(asioctx::context ctx, asioctx::duration time)
    {
        ++begun_;
        co_await asioctx::with_clean_up(
            ctx,
            500ms,
            [&] { return sleep(ctx, 24h); },
            [&](asioctx::context grace)
            {
                ++cleaned_;
                return sleep(grace, time);
            });
    }

    static asio::awaitable<void> sleep(
        asioctx::context ctx, asioctx::duration time)
    {
        co_await asioctx::async_sleep(ctx, time, asio::use_awaitable);
    }

    void spawn(asioctx::duration time)
    {
        ++spawned_;
        group_.spawn([this, time](asioctx::context ctx)
                     { return task(std::move(ctx), time); });
    }

    void join()
    {
        ++joins_;
        group_.async_join([this](std::exception_ptr const&) { ++joined_; });
    }

    // The gateway and the group may have ended before.
    std::size_t poll()
    {
        ioc_.restart();
        return ioc_.poll();
    }

    void connect()
    {
        error_code ec;
        auto& c = clients_.emplace_back(ioc_);
        c.connect(address_, ec);
        if (!ec)
            c.non_blocking(true, ec);
        if (ec)
            clients_.pop_back();
    }

    // The second half is sent once the first has been seen. What is not taken
    // at once is not sent: the server may have closed.
    void send(asio::const_buffer data)
    {
        if (clients_.empty() || data.size() == 0)
            return;
        error_code ec;
        auto const half = data.size() / 2;
        asio::write(clients_.back(), asio::buffer(data, half), ec);
        poll();
        asio::write(clients_.back(), asio::buffer(data + half), ec);
    }

    // All time that passes is that of deadlines.
    template <class Condition>
    void until(Condition is_true, char const* otherwise)
    {
        for (int i = 0; !is_true(); ++i)
        {
            check(i != 2000, otherwise);
            if (poll() == 0)
                clock_.advance(100ms);
        }
    }

    std::string received(tcp::socket& client)
    {
        std::string text;
        error_code ec;
        until(
            [&]
            {
                char some[4096];
                auto const n = client.read_some(asio::buffer(some), ec);
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

    static void close(tcp::socket& client)
    {
        error_code ec;
        client.set_option(asio::socket_base::linger(true, 0), ec);
        client.close(ec);
    }

    ending const ending_;
    asio::io_context ioc_{1};
    asio::io_context other_ioc_{1}; // nobody runs it
    asioctx::testing::manual_clock clock_{ioc_};
    asioctx::testing::manual_clock other_clock_{other_ioc_};
    tcp::acceptor acceptor_{ioc_, {asio::ip::address_v4::loopback(), 0}};
    tcp::endpoint const address_ = acceptor_.local_endpoint();

    // Above the gateway.
    asioctx::cancelable signals_ = asioctx::with_signals(
        asioctx::background(ioc_),
        {SIGHUP},
        asioctx::further_signals::are_ignored);
    asioctx::idleable watched_ = with_idle_timeout(signals_.ctx, idle_time);
    asioctx::cancelable other_ =
        with_timeout(asioctx::background(other_ioc_), other_time);
    asioctx::cancelable root_ = with_cancel(merge(watched_.ctx, other_.ctx));

    // Why the root is done.
    asioctx::time_point touched_ = clock_.now();
    bool raised_ = false;
    bool must_be_done_ = false;

    // Of the group.
    asioctx::task_group group_{root_.ctx};
    std::size_t spawned_ = 0;
    std::size_t begun_ = 0;
    std::size_t cleaned_ = 0;
    std::size_t joins_ = 0;
    std::size_t joined_ = 0;

    example::server server_;
    std::list<tcp::socket> clients_;
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
    exchange e(static_cast<ending>(data[0] % static_cast<int>(ending::count)));
    e.take(asio::buffer(data + 1, size - 1));
    e.end();
    e.shut_down();
    return 0;
}
