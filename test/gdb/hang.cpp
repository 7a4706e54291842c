//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// A program that hangs, for a debugger to look at. It prints what it sees
// itself, and calls hangs(): there the debugger must see the same. Twice:
// before it cancels, and after.

#include <asioctx/after_func.hpp>
#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/context.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/dump.hpp>
#include <asioctx/merge.hpp>
#include <asioctx/report_stuck.hpp>
#include <asioctx/task_group.hpp>
#include <asioctx/value.hpp>
#include <asioctx/with_name.hpp>
#include <asioctx/with_signals.hpp>
#include <asioctx/without_cancel.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <future>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/silent_dns.hpp"
#if defined(ASIOCTX_TEST_HAS_SSL)
#include "support/tls_pair.hpp"
#endif

namespace asio = boost::asio;
using namespace std::chrono_literals;

// The debugger stops here.
extern "C" [[gnu::noinline]] void hangs()
{
    asm volatile("" ::: "memory");
}

namespace {

constexpr asioctx::context_key<std::string> request(
    "request", asioctx::loggable);
constexpr asioctx::context_key<int> number("number", asioctx::loggable);
constexpr asioctx::context_key<std::string> secret("secret");

std::vector<std::function<void()>> kept; // what would complete operations

enum class hearing
{
    deaf,  // puts nothing into its slot
    hears, // hears, and goes on
    ends,  // ends at once
};

// Started as Asio's own I/O objects do it.
class initiate_call
{
public:
    using executor_type = asio::any_io_executor;

    initiate_call(executor_type ex, hearing h) : ex_(std::move(ex)), hearing_(h)
    {
    }

    executor_type get_executor() const noexcept
    {
        return ex_;
    }

    template <class Handler>
    void operator()(Handler handler) const
    {
        auto const slot = asio::get_associated_cancellation_slot(handler);
        auto const shared = std::make_shared<Handler>(std::move(handler));
        auto const complete = [shared]
        {
            std::move (*shared)(asio::error::operation_aborted);
        };
        kept.push_back(complete);
        if (hearing_ == hearing::hears)
            asio::cancellation_slot(slot).assign(
                [](asio::cancellation_type) {});
        else if (hearing_ == hearing::ends)
            asio::cancellation_slot(slot).assign(
                [complete](asio::cancellation_type) { complete(); });
    }

private:
    executor_type ex_;
    hearing hearing_;
};

template <class Token>
auto async_call(asio::any_io_executor ex, hearing h, Token&& token)
{
    return asio::async_initiate<Token, void(asioctx::error_code)>(
        initiate_call(std::move(ex), h), token);
}

// Hangs in an operation that is asked to stop: what the cancellation has not
// come to is in no list, so that the program does not see it itself.
void hang_in_cancel()
{
    using asioctx::bind_context;

    asio::io_context ioc;
    auto const ex = asio::any_io_executor(ioc.get_executor());
    auto const job = asioctx::with_cancel(
        asioctx::with_name(asioctx::background(ioc), "job"));
    auto const first = asioctx::with_cancel(job.ctx);
    auto const second = asioctx::with_cancel(first.ctx);
    auto const third =
        asioctx::with_cancel(asioctx::with_name(job.ctx, "third"));
    async_call(ex, hearing::deaf, bind_context(first.ctx, asio::detached));
    auto token = bind_context(second.ctx, asio::detached);
    asio::async_initiate<decltype(token), void()>(
        [](auto handler)
        {
            asio::get_associated_cancellation_slot(handler).assign(
                [](asio::cancellation_type) { hangs(); });
            using type = decltype(handler);
            kept.push_back([h = std::make_shared<type>(std::move(handler))]
                           { std::move (*h)(); });
        },
        token);
    async_call(ex, hearing::deaf, bind_context(third.ctx, asio::detached));
    job.cancel.cancel();
    std::quick_exit(0);
}

} // namespace

int main(int argc, char** argv)
{
    using asioctx::bind_context;

    if (argc > 1 && std::string_view(argv[1]) == "in_cancel")
        hang_in_cancel();

    asio::io_context ioc;
    asio::thread_pool pool(1);
    auto const root = asioctx::background(ioc);
    auto const ex = asio::any_io_executor(ioc.get_executor());
    std::vector<asioctx::cancelable> sources;
    auto const keep = [&](asioctx::cancelable c)
    {
        sources.push_back(std::move(c));
        return sources.back().ctx;
    };

    // A strand that is blocked.
    auto const strand = asio::make_strand(pool);
    std::promise<void> is_blocked, unblock;
    asio::post(
        strand,
        [&]
        {
            is_blocked.set_value();
            unblock.get_future().wait();
        });
    is_blocked.get_future().wait();

    auto const server_name = asioctx::with_name(root, "server");
    auto server = asioctx::with_cancel(server_name);

    // They are alike.
    for (int i = 0; i != 5; ++i)
        async_call(ex, hearing::deaf, bind_context(server.ctx, asio::detached));
    async_call(ex, hearing::hears, bind_context(server.ctx, asio::detached));
    async_call(
        ex,
        hearing::ends,
        bind_context(
            server.ctx,
            asio::bind_executor(strand, [](asioctx::error_code) {})));

    // On the strand.
    asio::steady_timer on_strand(strand, 1h);
    on_strand.async_wait(bind_context(
        asioctx::with_value(server.ctx, secret, "told to nobody"),
        asio::bind_executor(strand, [](asioctx::error_code) {})));

    // What is posted there does not run; of what is stopped nothing is seen.
    asioctx::after_func(server.ctx, asio::bind_executor(strand, [] {}))
        .detach();
    server.ctx.async_wait(
        asio::bind_executor(strand, [](asioctx::error_code) {}));
    auto stopped =
        asioctx::after_func(server.ctx, asio::bind_executor(strand, [] {}));

    // Values that may be shown.
    auto const get = asioctx::with_value(server.ctx, request, "GET /report");
    auto const first = asioctx::with_value(get, number, 1);
    async_call(ex, hearing::deaf, bind_context(first, asio::detached));
    auto const late = keep(asioctx::with_timeout(get, 2h));
    async_call(ex, hearing::hears, bind_context(late, asio::detached));

    auto const grace = keep(asioctx::with_grace(server.ctx, 10min));
    async_call(ex, hearing::deaf, bind_context(grace, asio::detached));

    // Live, and one more than is shown of those that are alike.
    for (int i = 0; i != 6; ++i)
    {
        auto const alike = keep(asioctx::with_cancel(root));
        async_call(ex, hearing::deaf, bind_context(alike, asio::detached));
    }
    auto const [idle, touch] = asioctx::with_idle_timeout(root, 1h);
    idle.async_wait([](asioctx::error_code) {});
    auto const callback = asioctx::after_func(idle, [] {});
    auto const apart = asioctx::without_cancel(server.ctx);
    async_call(ex, hearing::deaf, bind_context(apart, asio::detached));
    auto const other = keep(asioctx::with_cancel(root));
    auto const merged = asioctx::merge(server.ctx, other);
    auto const signals = keep(asioctx::with_signals(root, {SIGUSR1}));
    auto const ended = keep(asioctx::with_timeout(root, 1ns));
    async_call(ex, hearing::deaf, bind_context(ended, asio::detached));

    // A look-up that is not answered, and a peer that does not say goodbye.
    asioctx::test::silent_dns dns;
    asio::ip::tcp::resolver resolver(ioc);
    resolver.async_resolve(
        dns.name, "443", bind_context(server.ctx, asio::detached));
    dns.until_asked();
#if defined(ASIOCTX_TEST_HAS_SSL)
    asioctx::test::tls_pair tls(ioc);
    tls.stream.async_shutdown(bind_context(
        server.ctx, asio::cancellation_type::total, asio::detached));
#endif

    // One task runs, and one is queued. When a group is done it drops what is
    // queued.
    asio::steady_timer never(ioc, asio::steady_timer::time_point::max());
    asioctx::task_group of_server(ioc, server.ctx, 1), group(ioc, root, 1);
    of_server.spawn(async_call(ex, hearing::deaf, asio::deferred));
    group.spawn(never.async_wait(asio::deferred));
    group.spawn(never.async_wait(asio::deferred));

    // Until who started it writes to it, or kills it.
    auto const waits = argc > 1 && std::string_view(argv[1]) == "wait";
    std::cout << "=== before\n"
              << asioctx::snapshot(root) << "=== end before" << std::endl;
    if (waits)
        std::cin.get();
    hangs();

    server.cancel.cancel(asio::error::connection_reset);
    ioc.restart();
    ioc.run_for(50ms);
    stopped.stop();

    std::cout << "=== dump\n"
              << asioctx::snapshot(root) << "=== dump of server\n"
              << asioctx::snapshot(server.ctx) << "=== stuck\n";
    asioctx::print_stuck(std::cout, asioctx::snapshot(root));
    std::cout << "=== end" << std::endl;
    if (waits)
        std::cin.get();
    hangs();

    unblock.set_value();
    std::quick_exit(0);
}
