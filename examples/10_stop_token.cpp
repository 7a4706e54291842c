//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Between the standard library's stop tokens and contexts, both ways.

#include <asioctx.hpp>

#include <boost/asio.hpp>

#include <condition_variable>
#include <future>
#include <iostream>
#include <mutex>
#include <stop_token>
#include <thread>

namespace asio = boost::asio;
using namespace std::chrono_literals;

//[to_context
// A thread whose stop token ends the operations that it runs.
void work(std::stop_token token)
{
    asio::io_context ioc;
    auto [ctx, cancel] =
        asioctx::with_stop_token(asioctx::background(ioc), token);
    asio::steady_timer timer(ioc, 1h);
    timer.async_wait(asioctx::bind_context(
        ctx,
        [](asioctx::error_code ec)
        { std::cout << "timer: " << ec.message() << '\n'; }));
    ioc.run();
}
//]

//[from_context
std::mutex mutex;
std::condition_variable_any changed;
bool ready = false;

// Waits for something that is no operation of Asio.
bool wait_until_ready(asioctx::context ctx)
{
    std::unique_lock lock(mutex);
    return changed.wait(
        lock, asioctx::get_stop_token(ctx), [] { return ready; });
}
//]

int main()
{
    {
        std::jthread thread(work);
    } // the thread's destructor requests stop, and joins

    asio::io_context ioc;
    auto [ctx, cancel] = asioctx::with_timeout(asioctx::background(ioc), 20ms);
    auto result = std::async(std::launch::async, wait_until_ready, ctx);
    ctx.async_wait(asio::detached); // else run() does not wait for the deadline
    ioc.run();
    std::cout << (result.get() ? "ready" : "not ready") << ": "
              << ctx.error().message() << '\n';
}
