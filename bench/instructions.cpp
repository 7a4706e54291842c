//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//
// What .ci/instructions.sh counts the instructions of:
//
//     asioctx_instructions <bare|P1|P2|P3|P4|P7> <count>
//
// does one thing so many times; bare is the operation of P1 without a context.

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>

#include <boost/asio/append.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/version.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

struct initiate_step
{
    using executor_type = asio::io_context::executor_type;

    executor_type get_executor() const noexcept
    {
        return ex;
    }

    template <class Handler>
    void operator()(Handler&& handler) const
    {
        asio::post(
            ex,
            asio::append(
                std::forward<Handler>(handler), asioctx::error_code()));
    }

    executor_type ex;
};

// Binds an operation that completes by post, from its predecessor's handler;
// without a context, starts it as it is.
struct bind_next
{
    void operator()(asioctx::error_code const&) const
    {
        if (--*left < 0)
            return;
        if (!ctx)
        {
            asio::async_initiate<bind_next const, void(asioctx::error_code)>(
                initiate_step{ex}, *this);
            return;
        }
        auto token = asioctx::bind_context(*ctx, *this);
        asio::async_initiate<decltype(token), void(asioctx::error_code)>(
            initiate_step{ex}, token);
    }

    long* left;
    asioctx::context const* ctx;
    asio::io_context::executor_type ex;
};

} // namespace

int main(int argc, char** argv)
{
    if (argc != 3)
    {
        std::printf(
            "%d.%d", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000);
        return 0;
    }
    std::string_view const what = argv[1];
    long n = std::atol(argv[2]);

    asio::io_context ioc(1);
    auto const [parent, cancel] =
        asioctx::with_cancel(asioctx::background(ioc));
    bool seen = false;
    if (what == "bare" || what == "P1")
    {
        bind_next const first{
            &n, what == "P1" ? &parent : nullptr, ioc.get_executor()};
        asio::post(ioc, [first] { first(asioctx::error_code()); });
        ioc.run();
    }
    else if (what == "P3")
    {
        while (--n >= 0)
        {
            auto const [ctx, cancel_child] = asioctx::with_cancel(parent);
            cancel_child();
        }
    }
    else if (what == "P4")
    {
        while (--n >= 0)
        {
            auto const [ctx, cancel_child] = asioctx::with_timeout(parent, 30s);
            cancel_child();
        }
    }
    else if (what == "P7")
    {
        bool volatile result = false;
        while (--n >= 0)
            result = parent.done();
        seen = result;
    }
    else
    {
        std::fprintf(stderr, "unknown: %s\n", argv[1]);
        return 1;
    }
    return seen;
}
