//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// A context that outlives its parent by a grace, step by step.

#include <asioctx.hpp>

#include <asioctx/testing/manual_clock.hpp>

#include <boost/asio.hpp>

#include <iostream>
#include <string>

namespace asio = boost::asio;
using namespace std::chrono_literals;

void show(asioctx::context const& ctx, std::string const& name)
{
    std::cout << "  " << name << ": ";
    if (ctx.done())
        std::cout << ctx.error().message()
                  << ", cause: " << ctx.cause().message() << '\n';
    else if (ctx.deadline())
        std::cout << "live, " << ctx.remaining() / 1s << " s left\n";
    else
        std::cout << "live\n";
}

int main()
{
    asio::io_context ioc;
    // Time passes when this program says so.
    asioctx::testing::manual_clock clock(ioc);

    //[grace
    auto [server, stop] = asioctx::with_cancel(asioctx::background(ioc));
    auto [requests, end] = asioctx::with_grace(server, 10s);
    auto [request, cancel] = asioctx::with_timeout(requests, 30s);
    //]
    auto const show_all = [&, &s = server, &r = request](auto const& when)
    {
        std::cout << when << '\n';
        show(s, "server");
        show(r, "request");
    };

    show_all("at first");
    stop.cancel(asio::error::shut_down);
    show_all("stopped");
    clock.advance(9s);
    show_all("9 s later");
    clock.advance(1s);
    show_all("10 s later");

    // Of a context that is done the grace begins with the call.
    auto [clean_up, give_up] = asioctx::with_grace(request, 2s);
    show(clean_up, "clean-up");
    clock.advance(2s);
    show(clean_up, "clean-up");
}
