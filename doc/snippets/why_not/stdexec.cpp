//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// The code of doc/guide/why-not.md on stdexec: the same request with senders
// and with a context. The tests compile it, and compare what it prints with
// stdexec.expected, where CMake finds stdexec with its support for Boost.Asio.
//
// Tried on 2026-11-30 with stdexec e92245d53dfc (2026-08-20), GCC 12.2 and
// Boost 1.81.

#include <asioctx.hpp>

#include <boost/asio.hpp>
#include <boost/asio/experimental/channel.hpp>

#include <exec/asio/use_sender.hpp>
#include <exec/start_detached.hpp>
#include <exec/unless_stop_requested.hpp>
#include <exec/when_any.hpp>
#include <stdexec/execution.hpp>
#include <stdexec/stop_token.hpp>

#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <thread>
#include <utility>

namespace asio = boost::asio;
namespace ex = stdexec;
using stream = asio::local::stream_protocol;
using asioctx::bind_context;
using asioctx::error_code;
using boost::system::system_error;
using exec::asio::use_sender;
using namespace std::chrono_literals;
using channel = asio::experimental::channel<void(error_code, int)>;

namespace {

namespace without {

//[request
// Reads twice. The peer answers once.
auto request(stream::socket& socket, asio::mutable_buffer buffer)
{
    return socket.async_read_some(buffer, use_sender)
        | ex::let_value([&socket, buffer](std::size_t)
                        { return socket.async_read_some(buffer, use_sender); });
}

// What the work sends, or after some time an error.
template <ex::sender Work>
auto within(asio::steady_timer& timer, Work work)
{
    auto const timed_out =
        std::make_exception_ptr(system_error(asio::error::timed_out));
    return exec::when_any(
        std::move(work),
        timer.async_wait(use_sender)
            | ex::let_value([timed_out] { return ex::just_error(timed_out); }));
}
//]

// Nothing of the request is started if it has been stopped.
auto careful(stream::socket& socket, asio::mutable_buffer buffer)
{
    return request(socket, buffer) | exec::unless_stop_requested();
}

// Waits for a number or for the end, whichever is first.
auto next(channel& end, channel& numbers)
{
    return exec::when_any(
        end.async_receive(use_sender) | ex::then([](int) { return -1; }),
        numbers.async_receive(use_sender));
}

std::string message(std::exception_ptr error)
{
    try
    {
        std::rethrow_exception(std::move(error));
    }
    catch (system_error const& e)
    {
        return "error " + e.code().message();
    }
}

// Runs the sender. Returns how it ends.
template <ex::sender Sender>
std::string run(
    asio::io_context& ioc, ex::inplace_stop_token token, Sender sender)
{
    std::string end = "nothing";
    exec::start_detached(
        ex::write_env(std::move(sender), ex::prop{ex::get_stop_token, token})
        | ex::then([&end](auto n) { end = "value " + std::to_string(n); })
        | ex::upon_error([&end](std::exception_ptr e)
                         { end = message(std::move(e)); })
        | ex::upon_stopped([&end] { end = "stopped"; }));
    ioc.restart();
    ioc.run();
    return end;
}

} // namespace without

namespace with {

//[request_with
asio::awaitable<std::size_t> request(
    asioctx::context ctx, stream::socket& socket, asio::mutable_buffer buffer)
{
    co_await socket.async_read_some(buffer, bind_context(ctx));
    co_return co_await socket.async_read_some(buffer, bind_context(ctx));
}

asio::awaitable<std::size_t> request_within(
    asioctx::context parent,
    std::chrono::milliseconds time,
    stream::socket& socket,
    asio::mutable_buffer buffer)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, time);
    co_return co_await request(ctx, socket, buffer);
}
//]

asio::awaitable<int> next(asioctx::context ctx, channel& numbers)
{
    co_return co_await numbers.async_receive(bind_context(ctx));
}

template <class T>
std::string run(asio::io_context& ioc, asio::awaitable<T> coroutine)
{
    std::string end = "nothing";
    asio::co_spawn(
        ioc,
        std::move(coroutine),
        [&end](std::exception_ptr e, T n) {
            end = e ? without::message(std::move(e))
                    : "value " + std::to_string(n);
        });
    ioc.restart();
    ioc.run();
    return end;
}

} // namespace with

// A socket whose peer has sent one byte, and sends no more.
struct one_byte
{
    explicit one_byte(asio::io_context& ioc) : socket(ioc), peer(ioc)
    {
        asio::local::connect_pair(socket, peer);
        asio::write(peer, asio::buffer("x", 1));
    }

    std::string left() const
    {
        return socket.available() == 0 ? ", the byte is gone"
                                       : ", the byte is there";
    }

    stream::socket socket;
    stream::socket peer;
    char data[8] = {};
    asio::mutable_buffer buffer = asio::buffer(data);
};

// What has become of the number that was sent.
std::string where(std::string const& end, channel& numbers)
{
    int n = 0;
    numbers.try_receive([&n](error_code, int received) { n = received; });
    return end == "value 7" ? end
        : n == 7            ? end + ", the number is there"
                            : end + ", the number is lost";
}

void print(char const* what, std::string const& a, std::string const& b)
{
    std::printf(
        "%s\n  stdexec  %s\n  asioctx  %s\n", what, a.c_str(), b.c_str());
}

void deadline(asio::io_context& ioc, asioctx::context root)
{
    one_byte a(ioc), b(ioc);
    ex::inplace_stop_source source;
    asio::steady_timer timer(ioc, 50ms);
    auto const end = without::run(
        ioc,
        source.get_token(),
        without::within(timer, without::request(a.socket, a.buffer)));
    auto const end_with =
        with::run(ioc, with::request_within(root, 50ms, b.socket, b.buffer));
    print("the deadline passes", end, end_with);
}

void another_thread(asio::io_context& ioc, asioctx::context root)
{
    one_byte a(ioc), b(ioc);
    ex::inplace_stop_source source;
    auto [ctx, cancel] = asioctx::with_cancel(root);
    asio::steady_timer timer(ioc, 1h);
    std::string end, end_with;
    {
        std::jthread stop(
            [&source]
            {
                std::this_thread::sleep_for(50ms);
                source.request_stop();
            });
        end = without::run(
            ioc,
            source.get_token(),
            without::within(timer, without::request(a.socket, a.buffer)));
    }
    {
        std::jthread stop(
            [&cancel = cancel]
            {
                std::this_thread::sleep_for(50ms);
                cancel();
            });
        end_with =
            with::run(ioc, with::request_within(ctx, 1h, b.socket, b.buffer));
    }
    print("another thread stops it", end, end_with);
}

void early(asio::io_context& ioc, asioctx::context root)
{
    one_byte a(ioc), b(ioc), c(ioc);
    ex::inplace_stop_source source;
    source.request_stop();
    auto [ctx, cancel] = asioctx::with_cancel(root);
    cancel();
    auto const end = without::run(
        ioc, source.get_token(), without::request(a.socket, a.buffer));
    auto const end_with =
        with::run(ioc, with::request(ctx, b.socket, b.buffer));
    print(
        "it was stopped before it starts", end + a.left(), end_with + b.left());

    auto const careful = without::run(
        ioc, source.get_token(), without::careful(c.socket, c.buffer));
    print("the same, unless_stop_requested", careful + c.left(), "as above");
}

// Both wait for a number that is there. Before they get it, the end comes.
void both_at_once(asio::io_context& ioc, asioctx::context root)
{
    channel numbers(ioc, 1), end(ioc, 1);
    ex::inplace_stop_source source;
    numbers.try_send(error_code(), 7);
    end.try_send(error_code(), 0);
    auto const got =
        without::run(ioc, source.get_token(), without::next(end, numbers));
    auto const a = where(got, numbers);

    auto [ctx, cancel] = asioctx::with_cancel(root);
    numbers.try_send(error_code(), 7);
    // Twice, and so after the coroutine has begun to wait.
    asio::post(
        ioc,
        [&ioc, &cancel = cancel] { asio::post(ioc, [&cancel] { cancel(); }); });
    auto const got_with = with::run(ioc, with::next(ctx, numbers));
    print("the end (-1) and a number (7) at once", a, where(got_with, numbers));
}

} // namespace

int main()
{
    asio::io_context ioc;
    auto const root = asioctx::background(ioc);
    deadline(ioc, root);
    another_thread(ioc, root);
    early(ioc, root);
    both_at_once(ioc, root);
}
