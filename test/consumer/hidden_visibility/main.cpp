//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <cstdio>
#include <stdexcept>
#include <thread>
#include <utility>

namespace asio = boost::asio;
using asioctx::error_code;

namespace {

// The steps of a read run on two threads, and a third cancels it.
bool reads_are_canceled()
{
    for (int i = 0; i < 200; ++i)
    {
        asio::io_context ioc;
        asio::local::stream_protocol::socket in(ioc);
        asio::local::stream_protocol::socket out(ioc);
        asio::local::connect_pair(in, out);
        auto source = asioctx::with_cancel(asioctx::background(ioc));
        std::array<char, 4> data;
        int calls = 0;
        error_code error;
        asio::async_read(
            in,
            asio::buffer(data),
            asioctx::bind_context(
                source.ctx,
                [&](error_code ec, std::size_t)
                {
                    ++calls;
                    error = ec;
                }));
        std::thread canceler([&] { source.cancel(); });
        std::thread runner([&] { ioc.run(); });
        for (int k = 0; k < 3; ++k)
            asio::write(out, asio::buffer("x", 1));
        ioc.run();
        canceler.join();
        runner.join();
        if (calls != 1 || error != asioctx::errc::canceled)
            return false;
    }
    return true;
}

// The record is destroyed within the initiating function.
bool initiations_may_throw()
{
    auto const initiate = [](auto handler)
    {
        auto const h = std::move(handler);
        throw std::runtime_error("planned");
    };
    auto source = asioctx::with_cancel(asioctx::background());
    auto token = asioctx::bind_context(source.ctx, [](error_code) {});
    try
    {
        asio::async_initiate<decltype(token), void(error_code)>(
            initiate, token);
    }
    catch (std::runtime_error const&)
    {
        return true;
    }
    return false;
}

// The turns of two records, one within the other.
bool records_may_be_nested()
{
    asio::io_context ioc;
    auto one = asioctx::with_cancel(asioctx::background(ioc));
    auto other = asioctx::with_cancel(asioctx::background(ioc));
    bool called = false;
    asio::post(
        ioc,
        [&]
        {
            asio::dispatch(
                ioc,
                asioctx::bind_context(
                    one.ctx,
                    asioctx::bind_context(other.ctx, [&] { called = true; })));
        });
    ioc.run();
    return called;
}

// What waits is made of the library's types here.
bool waits_end()
{
    asio::io_context ioc;
    auto const root = asioctx::background(ioc);
    auto const source = asioctx::with_cancel(root);
    asioctx::limiter limiter(root, 1);
    auto const permit = limiter.try_acquire(root);
    int calls = 0;
    auto const function = asioctx::after_func(source.ctx, [&] { ++calls; });
    source.ctx.async_wait([&](error_code) { ++calls; });
    limiter.async_acquire(
        source.ctx, [&](error_code, asioctx::limiter::permit) { ++calls; });
    source.cancel();
    ioc.run();
    return calls == 3;
}

} // namespace

int main()
{
    bool ok = true;
    auto const check = [&](char const* name, bool (*f)())
    {
        std::printf("%s\n", name);
        std::fflush(stdout);
        if (!f())
        {
            std::printf("failed\n");
            ok = false;
        }
    };
    check("reads are canceled", reads_are_canceled);
    check("initiations may throw", initiations_may_throw);
    check("records may be nested", records_may_be_nested);
    check("waits end", waits_end);
    return ok ? 0 : 1;
}
