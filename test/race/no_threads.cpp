//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// The system executor's threads are started by its first use. To bind an
// operation whose handler has that executor, as that of use_future does, is no
// use of it. That is seen in a process that has not used it before: this one.

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/detach_on_cancel.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/use_future.hpp>

#include <array>
#include <chrono>
#include <filesystem>
#include <future>

#include "support/local_pair.hpp"
#include "support/race.hpp"

namespace asio = boost::asio;

using namespace asioctx;
using namespace std::chrono_literals;
using stream_protocol = asioctx::test::local_stream;

namespace {

// What the system counts, if it does.
int threads()
{
    std::error_code ec;
    std::filesystem::directory_iterator const tasks("/proc/self/task", ec);
    return static_cast<int>(std::distance(begin(tasks), end(tasks)));
}

// Binds operations of one step and of several, which are asked to stop.
template <class Token>
void start_no_thread(Token token)
{
    auto const before = threads();
    asio::io_context ioc;
    auto source = with_cancel(background(ioc));
    asio::steady_timer completes(ioc, 0h);
    asio::steady_timer timer(ioc, 1h);
    stream_protocol::socket in(ioc);
    stream_protocol::socket out(ioc);
    asioctx::test::connect_pair(in, out);
    std::array<char, 4> data;
    auto a = completes.async_wait(bind_context(background(ioc), token));
    auto b = timer.async_wait(bind_context(source.ctx, token));
    RACE_CHECK(threads() == before);
    auto c = asio::async_read(
        in, asio::buffer(data), bind_context(source.ctx, token));
    RACE_CHECK(threads() == before);
    auto d = timer.async_wait(detach_on_cancel(source.ctx, token));
    RACE_CHECK(threads() == before);
    source.cancel();
    ioc.run();
    RACE_CHECK(threads() == before);
}

void use_future(int)
{
    start_no_thread(asio::use_future);
}

} // namespace

int main(int argc, char** argv)
{
    return race::main(argc, argv, {{"use_future", 1, use_future}});
}
