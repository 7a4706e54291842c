//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// The code of doc/guide/why-not.md: the same job without asioctx and with it.
// ctest runs it: it fails if one of them does not do what the page says.

#include <asioctx.hpp>

#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/version.hpp>
#if BOOST_VERSION >= 108600
#include <boost/asio/cancel_after.hpp>
#endif

#include <chrono>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <variant>

namespace asio = boost::asio;
using stream = asio::local::stream_protocol;
using asioctx::bind_context;
using asioctx::error_code;
using namespace std::chrono_literals;
using channel = asio::experimental::channel<void(error_code, int)>;

namespace {

void check(bool ok, char const* what)
{
    if (!ok)
        throw std::runtime_error(what);
}

#define CHECK(...) check((__VA_ARGS__), #__VA_ARGS__)

namespace without {

//[signal
asio::awaitable<void> wait(
    asio::steady_timer& timer, asio::cancellation_signal& signal)
{
    co_await timer.async_wait(
        asio::bind_cancellation_slot(signal.slot(), asio::use_awaitable));
}
//]

//[stop_token
asio::awaitable<std::size_t> read(
    std::stop_token stop, stream::socket& socket, asio::mutable_buffer buffer)
{
    auto const ex = co_await asio::this_coro::executor; // must be a strand
    auto const signal = std::make_shared<asio::cancellation_signal>();
    // Runs on the thread that stops. The signal may be used on ex alone, and
    // must outlive what is posted.
    std::stop_callback const on_stop(
        stop,
        [=] {
            asio::post(
                ex, [=] { signal->emit(asio::cancellation_type::terminal); });
        });
    co_return co_await socket.async_read_some(
        buffer,
        asio::bind_cancellation_slot(signal->slot(), asio::use_awaitable));
}
//]

//[either
// Waits for a number or for the end, whichever is first.
asio::awaitable<int> next(channel& end, channel& numbers)
{
    using namespace asio::experimental::awaitable_operators;
    auto const first = co_await (
        end.async_receive(asio::use_awaitable)
        || numbers.async_receive(asio::use_awaitable));
    co_return first.index() == 1 ? std::get<1>(first) : -1;
}
//]

#if BOOST_VERSION >= 108600
//[cancel_after
asio::awaitable<void> steps(asio::steady_timer& step)
{
    for (int i = 0; i != 30; ++i)
    {
        step.expires_after(20ms);
        co_await step.async_wait(
            asio::cancel_after(500ms, asio::use_awaitable));
    }
}
//]
#endif

} // namespace without

namespace with {

//[signal_with
asio::awaitable<void> wait(asioctx::context ctx, asio::steady_timer& timer)
{
    co_await timer.async_wait(bind_context(ctx, asio::use_awaitable));
}
//]

//[stop_token_with
asio::awaitable<std::size_t> read(
    asioctx::context ctx, stream::socket& socket, asio::mutable_buffer buffer)
{
    co_return co_await socket.async_read_some(buffer, bind_context(ctx));
}
//]

//[either_with
asio::awaitable<int> next(asioctx::context ctx, channel& numbers)
{
    co_return co_await numbers.async_receive(bind_context(ctx));
}
//]

//[cancel_after_with
asio::awaitable<void> steps(asioctx::context parent, asio::steady_timer& step)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, 500ms);
    for (int i = 0; i != 30; ++i)
    {
        step.expires_after(20ms);
        co_await step.async_wait(bind_context(ctx, asio::use_awaitable));
    }
}
//]

} // namespace with

template <class T>
asio::awaitable<error_code> error_of(asio::awaitable<T> f)
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

// A cancellation request that comes before the operation.
asio::awaitable<void> early(asioctx::context root)
{
    asio::steady_timer timer(co_await asio::this_coro::executor, 20ms);
    asio::cancellation_signal signal;
    signal.emit(asio::cancellation_type::all);
    CHECK(!co_await error_of(without::wait(timer, signal))); // it is lost

    auto [ctx, cancel] = asioctx::with_cancel(root);
    cancel();
    timer.expires_after(1h);
    CHECK(co_await error_of(with::wait(ctx, timer)) == asioctx::errc::canceled);
}

// Another thread stops a read.
asio::awaitable<void> stop_from_a_thread(asioctx::context root)
{
    auto const ex = co_await asio::this_coro::executor;
    char data[8];
    stream::socket socket(ex), peer(ex);
    asio::local::connect_pair(socket, peer);
    {
        std::stop_source source;
        std::jthread other([&source] { source.request_stop(); });
        CHECK(
            co_await error_of(
                without::read(source.get_token(), socket, asio::buffer(data)))
            == asio::error::operation_aborted);
    }
    {
        auto [ctx, cancel] = asioctx::with_cancel(root);
        std::jthread other([&cancel = cancel] { cancel(); });
        CHECK(
            co_await error_of(with::read(ctx, socket, asio::buffer(data)))
            == asioctx::errc::canceled);
    }
    {
        std::stop_source source;
        auto [ctx, cancel] = asioctx::with_stop_token(root, source.get_token());
        source.request_stop();
        CHECK(
            co_await error_of(with::read(ctx, socket, asio::buffer(data)))
            == asioctx::errc::canceled);
    }
}

// A number arrives at the moment of the end.
asio::awaitable<void> both_at_once(asioctx::context root)
{
    auto const ex = co_await asio::this_coro::executor;
    channel end(ex, 1), numbers(ex, 1);
    auto const take = [&numbers]
    {
        int taken = 0;
        numbers.try_receive([&taken](error_code, int n) { taken = n; });
        return taken;
    };
    numbers.try_send(error_code(), 7);
    end.try_send(error_code(), 0);
    CHECK(co_await without::next(end, numbers) == -1);
    CHECK(take() == 0); // the number has been received, and is nowhere

    auto [ctx, cancel] = asioctx::with_cancel(root);
    numbers.try_send(error_code(), 7);
    int got = 0;
    asio::co_spawn(
        ex,
        with::next(ctx, numbers),
        [&got](std::exception_ptr e, int n) { got = e ? 0 : n; });
    cancel();
    co_await asio::post(asio::use_awaitable);
    co_await asio::post(asio::use_awaitable);
    co_await asio::post(asio::use_awaitable);
    CHECK(got + take() == 7); // delivered, or still there
}

// Thirty steps are to take half a second in all.
asio::awaitable<void> one_time_for_all(asioctx::context root)
{
    asio::steady_timer step(co_await asio::this_coro::executor);
#if BOOST_VERSION >= 108600
    auto const start = std::chrono::steady_clock::now();
    CHECK(!co_await error_of(without::steps(step)));
    CHECK(std::chrono::steady_clock::now() - start >= 600ms);
#endif
    CHECK(
        co_await error_of(with::steps(root, step))
        == asioctx::errc::deadline_exceeded);
}

} // namespace

int main()
{
    asio::io_context ioc;
    auto const root = asioctx::background(ioc);
    for (auto* const test :
         {early, stop_from_a_thread, both_at_once, one_time_for_all})
    {
        asio::co_spawn(
            ioc,
            test(root),
            [](std::exception_ptr e)
            {
                if (e)
                    std::rethrow_exception(e);
            });
        ioc.restart();
        ioc.run();
    }
}
