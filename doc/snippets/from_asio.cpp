//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// The code of doc/guide/from-asio.md that is not in why_not.cpp. ctest runs it.

#include <asioctx.hpp>

#include <boost/asio.hpp>

#include <stdexcept>

namespace asio = boost::asio;
using stream = asio::local::stream_protocol;
using asioctx::bind_context;
using asioctx::error_code;
using namespace std::chrono_literals;

namespace {

namespace without {

//[timer
asio::awaitable<std::size_t> read(
    stream::socket& socket, asio::mutable_buffer buffer)
{
    asio::steady_timer timer(socket.get_executor(), 20ms);
    timer.async_wait(
        [&](error_code ec)
        {
            if (!ec)
                socket.cancel();
        });
    co_return co_await socket.async_read_some(buffer, asio::use_awaitable);
}
//]

} // namespace without

namespace with {

//[timer_with
asio::awaitable<std::size_t> read(
    asioctx::context parent,
    stream::socket& socket,
    asio::mutable_buffer buffer)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, 20ms);
    co_return co_await socket.async_read_some(buffer, bind_context(ctx));
}
//]

} // namespace with

asio::awaitable<error_code> error_of(asio::awaitable<std::size_t> f)
{
    try
    {
        co_await std::move(f);
    }
    catch (boost::system::system_error const& e)
    {
        co_return e.code();
    }
    co_return error_code();
}

asio::awaitable<void> run(asioctx::context root)
{
    auto const ex = co_await asio::this_coro::executor;
    stream::socket socket(ex), peer(ex);
    asio::local::connect_pair(socket, peer);
    char data[8];
    auto const a = co_await error_of(without::read(socket, asio::buffer(data)));
    if (a != asio::error::operation_aborted)
        throw std::runtime_error("timer: " + a.message());
    auto const b =
        co_await error_of(with::read(root, socket, asio::buffer(data)));
    if (b != asioctx::errc::deadline_exceeded)
        throw std::runtime_error("context: " + b.message());
}

} // namespace

int main()
{
    asio::io_context ioc;
    asio::co_spawn(
        ioc,
        run(asioctx::background(ioc)),
        [](std::exception_ptr e)
        {
            if (e)
                std::rethrow_exception(e);
        });
    ioc.run();
}
