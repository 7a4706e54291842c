//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// The code of doc/guide/from-go.md. ctest runs it: it fails if a function does
// not do what the page says.

#include <asioctx.hpp>

#include <boost/asio.hpp>
#include <boost/asio/experimental/channel.hpp>

#include <array>
#include <csignal>
#include <exception>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace asio = boost::asio;
using asioctx::bind_context;
using asioctx::error_code;
using stream = asio::local::stream_protocol;
using channel = asio::experimental::channel<void(error_code, int)>;
using namespace std::chrono_literals;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

void check(bool ok, char const* what)
{
    if (!ok)
        throw std::runtime_error(what);
}

#define CHECK(...) check((__VA_ARGS__), #__VA_ARGS__)

asio::awaitable<void> pause(asioctx::context ctx, asioctx::duration time)
{
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(bind_context(ctx));
}

//[first
asio::awaitable<std::string> fetch(asioctx::context ctx, std::string name);
//]

asio::awaitable<std::string> fetch(asioctx::context ctx, std::string name)
{
    if (name == "missing")
        throw std::runtime_error("not found");
    co_await pause(ctx, name == "slow" ? 1h : 0h);
    co_return name;
}

asio::awaitable<void> roots(asio::io_context& ioc)
{
    //[background
    asioctx::context const root = asioctx::background(ioc);
    //]
    CHECK(!root.done() && !root.deadline());
    co_return;
}

asio::awaitable<void> cancel_and_timeout(asioctx::context parent)
{
    asioctx::context after;
    {
        //[cancel
        auto [ctx, cancel] = asioctx::with_cancel(parent);
        //]
        // NOLINTNEXTLINE(asioctx-dead-context): what it shows.
        after = ctx;
        CHECK(!ctx.done());
    }
    CHECK(after.done());
    {
        auto const t = asioctx::clock_type::now() + 1h;
        error_code const too_slow = asio::error::try_again;
        //[timeout
        auto [ctx, cancel] = asioctx::with_timeout(parent, 2s);
        auto [ctx2, cancel2] = asioctx::with_deadline(parent, t);
        auto [ctx3, cancel3] = asioctx::with_timeout(parent, 2s, too_slow);
        //]
        CHECK(ctx.remaining() <= 2s && ctx2.deadline() == t && !ctx3.done());
    }
    {
        auto const ctx = parent;
        auto const t = asioctx::clock_type::now();
        //[sleep
        auto [nap, wake] = asioctx::with_timeout(ctx, 1ms);
        co_await nap.async_wait(asio::use_awaitable);
        ctx.throw_if_done();
        //]
        CHECK(asioctx::clock_type::now() >= t + 1ms);
    }
    co_return;
}

//[key
inline constexpr asioctx::context_key<std::string> user_key{"user"};
//]

asio::awaitable<void> values(asioctx::context parent)
{
    std::string_view greeted;
    auto const greet = [&](std::string_view name)
    {
        greeted = name;
    };
    //[value
    auto const ctx = asioctx::with_value(parent, user_key, "ann");
    if (auto const* user = ctx.value(user_key))
        greet(*user);
    //]
    CHECK(greeted == "ann");
    co_return;
}

//[select
asio::awaitable<int> next(asioctx::context ctx, channel& numbers)
{
    co_return co_await numbers.async_receive(bind_context(ctx));
}
//]

asio::awaitable<void> select(asioctx::context parent)
{
    channel numbers(co_await asio::this_coro::executor, 1);
    numbers.try_send(error_code(), 7);
    CHECK(co_await next(parent, numbers) == 7);

    auto [ctx, cancel] = asioctx::with_timeout(parent, 1ms);
    error_code error;
    try
    {
        co_await next(ctx, numbers);
    }
    catch (boost::system::system_error const& e)
    {
        error = e.code();
    }
    CHECK(error == asioctx::errc::deadline_exceeded);

    //[done
    co_await ctx.async_wait(asio::use_awaitable);
    //]
    int rounds = 0;
    auto const work = [&]
    {
        ++rounds;
    };
    //[poll
    while (!ctx.done())
        work();
    //]
    CHECK(rounds == 0);
}

asio::awaitable<void> errors(asioctx::context parent)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, 1ms);
    asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
    std::string seen;
    auto const answer = [&](std::string text)
    {
        seen = std::move(text);
    };
    //[error
    auto [ec] = co_await timer.async_wait(bind_context(ctx, as_result));
    if (ec == asioctx::errc::deadline_exceeded)
        answer("too late");
    else if (ec == asioctx::errc::canceled)
        answer("never mind");
    //]
    CHECK(seen == "too late" && ec == std::errc::timed_out);
}

asio::awaitable<void> causes(asioctx::context parent)
{
    //[cause
    auto [ctx, cancel] = asioctx::with_cancel(parent);
    cancel(asio::error::connection_reset);
    std::cout << ctx.error().message() << ": " << ctx.cause().message()
              << ", from line " << ctx.canceled_at().line() << '\n';
    //]
    CHECK(ctx.cause() == asio::error::connection_reset);
    co_return;
}

// Stands for something without a cancellation slot.
struct job
{
    void abort()
    {
        ++aborted;
    }

    int aborted = 0;
};

asio::awaitable<void> callbacks(asioctx::context parent)
{
    job job;
    auto [ctx, cancel] = asioctx::with_cancel(parent);
    //[after_func
    auto stop = asioctx::after_func(ctx, [&job] { job.abort(); });
    //]
    cancel();
    CHECK(job.aborted == 0);
    co_await asio::post(asio::use_awaitable);
    CHECK(job.aborted == 1);
    //[stop
    bool const in_time = stop.stop(); // else the function has begun
    //]
    CHECK(!in_time);
}

//[read
asio::awaitable<std::size_t> read(
    asioctx::context ctx, stream::socket& socket, asio::mutable_buffer buffer)
{
    co_return co_await socket.async_read_some(buffer, bind_context(ctx));
}
//]

asio::awaitable<void> connection(asioctx::context parent)
{
    auto const ex = co_await asio::this_coro::executor;
    stream::socket socket(ex), peer(ex);
    asio::local::connect_pair(socket, peer);
    std::array<char, 8> data;
    asio::write(peer, asio::buffer("hello", 5));
    CHECK(co_await read(parent, socket, asio::buffer(data)) == 5);
}

asio::awaitable<void> write_audit(asioctx::context ctx)
{
    CHECK(*ctx.value(user_key) == "ann" && !ctx.done());
    co_return;
}

asio::awaitable<void> outlive(asioctx::context parent)
{
    auto const ex = co_await asio::this_coro::executor;
    auto [ctx, cancel] =
        asioctx::with_cancel(asioctx::with_value(parent, user_key, "ann"));
    cancel();
    //[without_cancel
    asio::co_spawn(
        ex, write_audit(asioctx::without_cancel(ctx)), asio::detached);
    //]
    co_await asio::post(asio::use_awaitable);
}

asio::awaitable<std::string> answer(asioctx::context ctx, std::string name)
{
    co_return *ctx.value(user_key) + ": " + co_await fetch(ctx, name);
}

//[request
// Of a connection, each of whose requests has two seconds.
asio::awaitable<std::string> handle(
    asioctx::context connection, std::string user, std::string name)
{
    auto const named = asioctx::with_value(connection, user_key, user);
    auto [ctx, cancel] = asioctx::with_timeout(named, 2s);
    co_return co_await answer(ctx, name);
}
//]

//[group
asio::awaitable<std::string> fetch_both(asioctx::context parent)
{
    std::string a, b;
    co_await asioctx::with_task_group(
        parent,
        [&](asioctx::task_group& group)
        {
            group.spawn(
                [&](asioctx::context ctx) -> asio::awaitable<void>
                { a = co_await fetch(ctx, "one"); });
            group.spawn(
                [&](asioctx::context ctx) -> asio::awaitable<void>
                { b = co_await fetch(ctx, "two"); });
        });
    co_return a + b;
}
//]

asio::awaitable<void> requests(asioctx::context parent)
{
    CHECK(co_await handle(parent, "ann", "page") == "ann: page");
    CHECK(co_await fetch_both(parent) == "onetwo");

    // The first that fails cancels the others.
    std::string failure;
    try
    {
        co_await asioctx::with_task_group(
            parent,
            [&](asioctx::task_group& group)
            {
                group.spawn(fetch(group.ctx(), "slow"));
                group.spawn(fetch(group.ctx(), "missing"));
            });
    }
    catch (std::runtime_error const& e)
    {
        failure = e.what();
    }
    CHECK(failure == "not found");
}

asio::awaitable<void> signals(asio::io_context& ioc)
{
    //[signals
    auto [ctx, stop] =
        asioctx::with_signals(asioctx::background(ioc), {SIGINT, SIGTERM});
    //]
    std::raise(SIGTERM);
    co_await ctx.async_wait(asio::use_awaitable);
    CHECK(ctx.cause().value() == SIGTERM);
}

//[owner
// Has a context of its own for as long as it exists.
class session
{
public:
    explicit session(asioctx::context const& parent)
        : own_(asioctx::with_cancel(parent))
    {
    }

    asioctx::context const& ctx() const
    {
        return own_.ctx;
    }

private:
    asioctx::cancelable own_; // canceled by the destructor
};
//]

asio::awaitable<void> lifetimes(asioctx::context parent)
{
    asioctx::context of_session;
    {
        session const s(parent);
        of_session = s.ctx();
        CHECK(!of_session.done());
    }
    CHECK(of_session.done());

    {
        // What not to do. NOLINTBEGIN(asioctx-dead-context)
        //[temporary
        auto const ctx = asioctx::with_timeout(parent, 5s).ctx; // is done
        //]
        // NOLINTEND(asioctx-dead-context)
        CHECK(ctx.done());
    }

    auto const ex = co_await asio::this_coro::executor;
    {
        auto [ctx, cancel] = asioctx::with_cancel(parent);
        //[capture
        asio::post(ex, [&c = cancel] { c(); });
        //]
        co_await ctx.async_wait(asio::use_awaitable);
    }
}

} // namespace

int main()
{
    asio::io_context ioc;
    auto const root = asioctx::background(ioc);
    auto const run = [&](asio::awaitable<void> test)
    {
        asio::co_spawn(
            ioc,
            std::move(test),
            [](std::exception_ptr e)
            {
                if (e)
                    std::rethrow_exception(e);
            });
        ioc.restart();
        ioc.run();
    };
    run(roots(ioc));
    for (auto* const test :
         {cancel_and_timeout,
          values,
          select,
          errors,
          causes,
          callbacks,
          connection,
          outlive,
          requests,
          lifetimes})
        run(test(root));
    run(signals(ioc));
}
