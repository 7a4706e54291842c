//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Counts the handlers that get lost: reads with a timeout and use_future, on two
// threads. The socket is on a strand, as Asio asks for.
//
//     lost_handlers [reads]

#include <asioctx/bind_context.hpp>
#include <asioctx/deadline.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>
#include <boost/version.hpp>

#if BOOST_VERSION >= 108600
#include <boost/asio/cancel_after.hpp>
#endif

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <utility>

namespace asio = boost::asio;

using namespace std::chrono_literals;
using asio::local::stream_protocol;

namespace {

constexpr auto timeout = 20us;
constexpr auto patience = 200ms;

struct tally
{
    int read = 0;
    int timed_out = 0;
    int stuck = 0; // long after its timeout
    int lost = 0;
    int failed = 0; // by anything else
};

// Starts a read with start(pool, socket, buffer), which returns a future, and waits
// for it, many times. There is something to be read every second time, unless that of
// the time before has not been read: a read that is not started leaves it there.
template <class Start>
tally count(int reads, Start start)
{
    tally t;
    asio::thread_pool pool(2);
    auto const strand = asio::make_strand(pool);
    stream_protocol::socket in(strand);
    stream_protocol::socket out(strand);
    asio::local::connect_pair(in, out);
    bool is_unread = false;
    for (int i = 0; i < reads; ++i)
    {
        char data = 0;
        auto result = start(pool, in, asio::buffer(&data, 1));
        if (i % 2 && !std::exchange(is_unread, true))
            asio::write(out, asio::buffer("x", 1));
        try
        {
            if (result.wait_for(patience) != std::future_status::ready)
            {
                ++t.stuck;
                is_unread = true;
                asio::write(out, asio::buffer("x", 1));
            }
            result.get();
            is_unread = false;
            ++t.read;
        }
        catch (std::future_error const&)
        {
            ++t.lost;
        }
        catch (boost::system::system_error const& e)
        {
            ++(e.code() == asio::error::operation_aborted
                        || e.code() == asioctx::errc::deadline_exceeded
                    ? t.timed_out
                    : t.failed);
        }
    }
    pool.join();
    return t;
}

void print(char const* who, tally const& t)
{
    std::printf("%-14s %8d %10d %8d %8d %8d\n", who, t.read, t.timed_out,
        t.failed, t.stuck, t.lost);
    std::fflush(stdout);
}

} // namespace

int main(int argc, char** argv)
{
    int const reads = argc > 1 ? std::atoi(argv[1]) : 20000;
    std::printf("%-14s %8s %10s %8s %8s %8s\n", "", "read", "timed out",
        "failed", "stuck", "lost");
#if BOOST_VERSION >= 108600
    print("cancel_after",
        count(reads,
            [](auto&, auto& socket, auto buffer)
            {
                return socket.async_read_some(
                    buffer, asio::cancel_after(timeout, asio::use_future));
            }));
#else
    std::printf("%-14s needs Boost 1.86\n", "cancel_after");
#endif
    auto const ours = count(reads,
        [](auto& pool, auto& socket, auto buffer)
        {
            auto [ctx, cancel] =
                asioctx::with_timeout(asioctx::background(pool), timeout);
            cancel.detach();
            return socket.async_read_some(
                buffer, asioctx::bind_context(ctx, asio::use_future));
        });
    print("bind_context", ours);
    return ours.lost + ours.failed == 0 ? 0 : 1;
}
