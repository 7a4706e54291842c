//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// A server with a group of its own, in the design of Beast's example
// advanced/server-flex-awaitable: a list of signals, and two of them at the
// end.
//
//     hand_written <threads> <grace in ms> <timeout in ms>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>

#include <iostream>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "work.hpp"

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using namespace example;
using std::chrono::steady_clock;

namespace {

//[group
// The tasks that run, each with its signal. Any thread may call it.
class task_group
{
public:
    explicit task_group(asio::io_context& ioc)
        : strand_(asio::make_strand(ioc)), none_left_(strand_)
    {
    }

    // Makes a completion token with a slot, which leaves the group at the end.
    template <class Token>
    auto adapt(Token&& token)
    {
        std::lock_guard const lock(mutex_);
        auto const at = signals_.emplace(signals_.end());
        std::shared_ptr<void> leave(nullptr, [=, this](void*) { remove(at); });
        return asio::bind_cancellation_slot(
            at->slot(),
            asio::consign(std::forward<Token>(token), std::move(leave)));
    }

    void emit(asio::cancellation_type type)
    {
        std::lock_guard const lock(mutex_);
        for (auto& signal : signals_)
            signal.emit(type);
    }

    // Waits until no task is left, or the time is up. Returns whether none is.
    asio::awaitable<bool> async_wait(steady_clock::time_point until)
    {
        co_await asio::dispatch(
            asio::bind_executor(strand_, asio::use_awaitable));
        if (!empty())
        {
            none_left_.expires_at(until);
            co_await none_left_.async_wait(asio::bind_executor(
                strand_, asio::as_tuple(asio::use_awaitable)));
        }
        co_return empty();
    }

private:
    using list = std::list<asio::cancellation_signal>;

    bool empty()
    {
        std::lock_guard const lock(mutex_);
        return signals_.empty();
    }

    void remove(list::iterator at)
    {
        std::lock_guard const lock(mutex_);
        signals_.erase(at);
        if (signals_.empty())
            asio::post(strand_, [this] { none_left_.cancel(); });
    }

    std::mutex mutex_;
    list signals_;
    asio::strand<asio::io_context::executor_type> strand_;
    asio::steady_timer none_left_;
};
//]

//[serve
asio::awaitable<void> serve(beast::tcp_stream stream, options o)
{
    // A total request is kept for the loop below. A terminal one goes to the
    // operation that waits, too.
    co_await asio::this_coro::reset_cancellation_state(
        asio::enable_total_cancellation(),
        asio::enable_terminal_cancellation());
    co_await asio::this_coro::throw_if_cancelled(false);
    auto const state = co_await asio::this_coro::cancellation_state;

    stream.expires_after(o.timeout); // for all reads and writes
    beast::flat_buffer buffer;
    bool open = true;
    while (open && state.cancelled() == asio::cancellation_type::none)
    {
        http::request<http::empty_body> request;
        co_await http::async_read(stream, buffer, request, asio::use_awaitable);
        work const work(std::string(request.target()));
        compute(work.compute);
        asio::steady_timer timer(stream.get_executor(), work.sleep);
        co_await timer.async_wait(asio::use_awaitable);
        open = request.keep_alive();
        auto const response =
            answer(http::status::ok, std::string(work.kib * 1024, '.'), open);
        co_await http::async_write(stream, response, asio::use_awaitable);
    }
    stream.socket().shutdown(tcp::socket::shutdown_send);
}
//]

void say(std::exception_ptr e)
{
    try
    {
        if (e)
            std::rethrow_exception(e);
    }
    catch (std::exception const& ex)
    {
        std::cout << std::string("session: ") + ex.what() + '\n' << std::flush;
    }
}

//[listen
asio::awaitable<void> listen(
    tcp::acceptor acceptor, task_group& group, options o)
{
    co_await asio::this_coro::reset_cancellation_state(
        asio::enable_total_cancellation());
    for (;;)
    {
        auto const strand = asio::make_strand(acceptor.get_executor());
        auto socket =
            co_await acceptor.async_accept(strand, asio::use_awaitable);
        asio::co_spawn(
            strand,
            serve(beast::tcp_stream(std::move(socket)), o),
            group.adapt(say));
    }
}
//]

//[stop
asio::awaitable<void> stop(task_group& group, tcp::endpoint at, options o)
{
    asio::signal_set signals(co_await asio::this_coro::executor, SIGINT);
    std::cout << "listening on " << at << std::endl;
    co_await signals.async_wait(asio::use_awaitable);
    std::cout << "stopping" << std::endl;
    group.emit(asio::cancellation_type::total);
    if (!co_await group.async_wait(steady_clock::now() + o.grace))
    {
        std::cout << "the grace is over" << std::endl;
        group.emit(asio::cancellation_type::terminal);
        co_await group.async_wait(steady_clock::time_point::max());
    }
    std::cout << "stopped" << std::endl;
}
//]

} // namespace

int main(int argc, char** argv)
{
    if (argc != 4)
        return 2;
    options const o(argv);
    asio::io_context ioc(o.threads);
    task_group group(ioc);
    tcp::acceptor acceptor(ioc, {asio::ip::address_v4::loopback(), 0});
    asio::co_spawn(
        asio::make_strand(ioc),
        stop(group, acceptor.local_endpoint(), o),
        asio::detached);
    asio::co_spawn(
        asio::make_strand(ioc),
        listen(std::move(acceptor), group, o),
        group.adapt([](std::exception_ptr) {}));

    std::vector<std::jthread> threads;
    for (int i = 1; i < o.threads; ++i)
        threads.emplace_back([&] { ioc.run(); });
    ioc.run();
}
