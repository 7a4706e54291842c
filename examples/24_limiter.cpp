//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// A service does two things at a time, each of which takes 100 ms. Clients come
// all at once. Who cannot be served in time is told so at once.

#include <asioctx.hpp>

#include <asioctx/testing/manual_clock.hpp>

#include <boost/asio.hpp>

#include <iostream>
#include <string>

namespace asio = boost::asio;
using namespace std::chrono_literals;

//[serve
asio::awaitable<void> serve(
    asioctx::context ctx, asioctx::limiter& limiter, std::string name)
{
    try
    {
        auto const permit =
            co_await limiter.async_acquire(ctx, asio::use_awaitable);
        co_await asioctx::async_sleep(ctx, 100ms, asio::use_awaitable);
        std::cout << name << ": served\n";
    }
    catch (boost::system::system_error const& e)
    {
        std::cout << name << ": " << e.code().message() << '\n';
    }
}
//]

int main()
{
    asio::io_context ioc;
    asioctx::testing::manual_clock clock(ioc); // so that it prints the same
    auto const root = asioctx::background(ioc);
    //[limiter
    asioctx::limiter limiter(root, 2, {.max_queued = 100});
    //]
    auto const run = [&]
    {
        ioc.restart();
        ioc.poll();
    };
    auto const come = [&](asioctx::context ctx, std::string name)
    {
        asio::co_spawn(ioc, serve(ctx, limiter, name), asio::detached);
        run();
    };
    auto const pass = [&](asioctx::duration time)
    {
        clock.advance(time);
        run();
    };

    come(root, "first");
    pass(100ms); // it is known now how long the work takes

    auto [patient, c1] = asioctx::with_timeout(root, 1s);
    auto [hasty, c2] = asioctx::with_timeout(root, 120ms);
    auto [gone, c3] = asioctx::with_cancel(root);
    come(patient, "second");
    come(patient, "third");
    come(patient, "fourth");
    come(hasty, "hasty"); // would wait for 100 ms, and work as long
    come(gone, "gone");
    c3.cancel();
    run();
    pass(100ms);
    pass(100ms);

    auto const r = limiter.report();
    std::cout << r.admitted << " admitted, " << r.rejected_late << " rejected, "
              << r.canceled << " canceled\n";
}
