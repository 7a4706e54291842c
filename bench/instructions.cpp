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

enum class how
{
    bare,
    bound,
    timeout_and_bound,
};

template <class Token>
void async_step(asio::io_context::executor_type const& ex, Token&& token)
{
    asio::async_initiate<Token, void(asioctx::error_code)>(
        initiate_step{ex}, token);
}

// Starts an operation that completes by post, from its predecessor's handler.
template <how How>
struct start_next
{
    void operator()(asioctx::error_code const&) const
    {
        if (--*left < 0)
            return;
        if constexpr (How == how::bare)
            async_step(ex, *this);
        else if constexpr (How == how::bound)
            async_step(ex, asioctx::bind_context(*ctx, *this));
        else
        {
            // The right to cancel lives as long as the operation.
            auto request = asioctx::with_timeout(*ctx, 30s);
            async_step(
                ex,
                asioctx::bind_context(
                    std::move(request.ctx),
                    [next = *this, c = std::move(request.cancel)](
                        asioctx::error_code const& ec) { next(ec); }));
        }
    }

    long* left;
    asioctx::context const* ctx;
    asio::io_context::executor_type ex;
};

template <how How>
void run(asio::io_context& ioc, long n, asioctx::context const& ctx)
{
    asio::post(
        ioc,
        [first = start_next<How>{&n, &ctx, ioc.get_executor()}]
        { first(asioctx::error_code()); });
    ioc.run();
}

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
    if (what == "bare")
        run<how::bare>(ioc, n, parent);
    else if (what == "P1")
        run<how::bound>(ioc, n, parent);
    else if (what == "P2")
        run<how::timeout_and_bound>(ioc, n, parent);
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
