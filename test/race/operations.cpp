//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Operations on one thread, or on a strand, or of one step, canceled from other
// threads: whatever the moment, each handler is called once, with its success
// or with the context's error.

#include <asioctx.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <random>

#include "support/local_pair.hpp"
#include "support/race.hpp"
#include "support/runner.hpp"

namespace asio = boost::asio;

using namespace asioctx;
using namespace std::chrono_literals;
using stream_protocol = asioctx::test::local_stream;
using race::runner;

namespace {

// Counts handlers, and the two results that they may have.
struct tally
{
    void operator()(error_code ec)
    {
        RACE_CHECK(!ec || ec == errc::canceled);
        ++(ec ? canceled : succeeded);
    }

    int total() const
    {
        return canceled + succeeded;
    }

    std::atomic<int> canceled{0};
    std::atomic<int> succeeded{0};
};

void wait_until(tally const& t, int total)
{
    while (t.total() < total)
        std::this_thread::yield();
    RACE_CHECK(t.total() == total);
}

// The operations are initiated by the canceling thread's neighbour, or by the
// thread that runs them, and some complete at about the same time.
void timers(int rounds, int threads)
{
    asio::io_context ioc;
    runner run(ioc, threads);
    for (int r = 0; r < rounds; ++r)
    {
        auto source = with_cancel(background(ioc));
        tally t;
        std::vector<std::unique_ptr<asio::steady_timer>> timers;
        timers.reserve(8);
        for (int i = 0; i < 8; ++i)
            timers.push_back(std::make_unique<asio::steady_timer>(
                ioc, i % 2 ? 0us : 1h));
        race::together({[&] { source.cancel(); },
            [&]
            {
                for (auto& timer : timers)
                    timer->async_wait(
                        bind_context(source.ctx, std::ref(t)));
            }});
        wait_until(t, 8);
    }
}

void timers_on_one_thread(int rounds)
{
    timers(rounds, 1);
}

void timers_on_two_threads(int rounds)
{
    timers(rounds, 2);
}

void timers_with_futures_on_two_threads(int rounds)
{
    asio::io_context ioc;
    runner run(ioc, 2);
    for (int r = 0; r < rounds; ++r)
    {
        auto source = with_cancel(background(ioc));
        asio::steady_timer timer(ioc, r % 2 ? 1h : 5us);
        auto f = timer.async_wait(bind_context(source.ctx, asio::use_future));
        std::thread canceler([&] { source.cancel(); });
        try
        {
            f.get();
        }
        catch (boost::system::system_error const& e)
        {
            RACE_CHECK(e.code() == errc::canceled);
        }
        canceler.join();
    }
}

// Reads in a loop, each under a context that is canceled about now.
template <class Executor>
void read_loop(asio::io_context& ioc, Executor ex, int rounds)
{
    std::atomic<bool> stop{false};
    auto const source = std::make_shared<std::atomic<cancelable*>>(nullptr);
    std::thread canceler(
        [&]
        {
            while (!stop)
                if (auto* c = source->exchange(nullptr))
                {
                    c->cancel();
                    delete c;
                }
        });

    struct reader
    {
        asio::basic_stream_socket<stream_protocol, Executor> in;
        asio::basic_stream_socket<stream_protocol, Executor> out;
        std::array<char, 256> data{};
        std::shared_ptr<std::atomic<cancelable*>> source;
        context root;
        int left;
        std::promise<void> finished;

        void read()
        {
            auto c = std::make_unique<cancelable>(with_cancel(root));
            auto const ctx = c->ctx;
            c.reset(source->exchange(c.release()));
            asio::async_read(in, asio::buffer(data, 4),
                bind_context(ctx,
                    [this](error_code ec, std::size_t n)
                    {
                        RACE_CHECK(ec ? ec == errc::canceled : n == 4);
                        drain();
                        if (left-- > 0)
                            read();
                        else
                            finished.set_value();
                    }));
            // A byte at a time: as many steps as bytes.
            char const byte = 0;
            for (int i = 0; i < 4; ++i)
                asio::write(out, asio::buffer(&byte, 1));
        }

        // Takes what a canceled read has left.
        void drain()
        {
            error_code ec;
            in.non_blocking(true);
            while (in.read_some(asio::buffer(data), ec) > 0)
            {
            }
        }
    };

    reader r{asio::basic_stream_socket<stream_protocol, Executor>(ex),
        asio::basic_stream_socket<stream_protocol, Executor>(ex), {}, source,
        background(ioc), rounds, {}};
    asioctx::test::connect_pair(r.in, r.out);
    asio::post(ex, [&r] { r.read(); });
    r.finished.get_future().wait();
    stop = true;
    canceler.join();
    delete source->load();
}

void reads_on_one_thread(int rounds)
{
    asio::io_context ioc;
    runner run(ioc);
    read_loop(ioc, ioc.get_executor(), rounds);
}

void reads_on_a_strand_of_two_threads(int rounds)
{
    asio::io_context ioc;
    runner run(ioc, 2);
    read_loop(ioc, asio::make_strand(ioc), rounds);
}

void reads_on_a_polymorphic_strand_of_two_threads(int rounds)
{
    asio::io_context ioc;
    runner run(ioc, 2);
    read_loop(ioc, asio::any_io_executor(asio::make_strand(ioc)), rounds);
}

asio::awaitable<void> echo(context ctx, stream_protocol::socket& s, int& steps)
{
    std::array<char, 16> data;
    for (;;)
    {
        auto const n =
            co_await s.async_read_some(asio::buffer(data), bind_context(ctx));
        co_await asio::async_write(
            s, asio::buffer(data, n), bind_context(ctx));
        ++steps;
    }
}

void coroutines_are_canceled_within_and_as_a_whole(int rounds)
{
    asio::io_context ioc;
    runner run(ioc, 2);
    for (int r = 0; r < rounds; ++r)
    {
        auto source = with_cancel(background(ioc));
        auto const strand = asio::make_strand(ioc);
        stream_protocol::socket a(strand);
        stream_protocol::socket b(strand);
        asioctx::test::connect_pair(a, b);
        char data[4] = {};
        asio::write(a, asio::buffer(data));

        int steps = 0;
        std::promise<std::exception_ptr> result;
        auto const inner = r % 2 ? source.ctx : background(ioc);
        auto const outer = r % 2 ? background(ioc) : source.ctx;
        asio::co_spawn(strand, echo(inner, b, steps),
            bind_context(outer,
                [&result](std::exception_ptr e) { result.set_value(e); }));
        std::thread canceler(
            [&, spin = r % 50]
            {
                for (int i = 0; i < spin; ++i)
                    std::this_thread::yield();
                source.cancel();
            });
        auto const e = result.get_future().get();
        canceler.join();
        try
        {
            std::rethrow_exception(e);
        }
        catch (boost::system::system_error const& error)
        {
            RACE_CHECK(error.code() == errc::canceled);
        }
    }
}

void operations_beside_their_context_s_last_handle(int rounds)
{
    asio::io_context ioc;
    runner run(ioc);
    for (int r = 0; r < rounds; ++r)
    {
        auto parent = with_cancel(background(ioc));
        auto child = with_cancel(parent.ctx);
        tally t;
        auto timer = std::make_unique<asio::steady_timer>(
            ioc, r % 2 ? 1h : 0us);
        timer->async_wait(bind_context(child.ctx, std::ref(t)));
        race::together({[&] { parent.cancel(); },
            [&] { child = cancelable(); }});
        wait_until(t, 1);
    }
}

} // namespace

int main(int argc, char** argv)
{
    return race::main(argc, argv,
        {
#define RACE(name, rounds) {#name, rounds, name}
            RACE(timers_on_one_thread, 2000),
            RACE(timers_on_two_threads, 2000),
            RACE(timers_with_futures_on_two_threads, 2000),
            RACE(reads_on_one_thread, 5000),
            RACE(reads_on_a_strand_of_two_threads, 5000),
            RACE(reads_on_a_polymorphic_strand_of_two_threads, 5000),
            RACE(coroutines_are_canceled_within_and_as_a_whole, 1000),
            RACE(operations_beside_their_context_s_last_handle, 2000),
        });
}
