//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// A logger that cannot be given a context finds the request's, although many
// take turns on one thread. So does another library that keeps its own notion
// of what is current.

#include <asioctx.hpp>

#include <boost/asio.hpp>

#include <iostream>
#include <string>
#include <string_view>
#include <utility>

namespace asio = boost::asio;

inline constexpr asioctx::context_key<std::string> user{"user"};

//[logger
// Is called by all kinds of code.
void log(std::string_view text)
{
    auto const* who = asioctx::current_context().value(user);
    std::cout << (who ? *who : "nobody") << ": " << text << '\n';
}
//]

// Stands for a library that knows nothing of contexts.
namespace tracing {

thread_local std::string span = "no span";

void add_event(std::string_view event)
{
    std::cout << span << ": " << event << '\n';
}

} // namespace tracing

//[scope
// Tells it whenever a context begins or ceases to be current.
class tracing_scope
{
public:
    explicit tracing_scope(asioctx::context const& ctx) : current_(ctx)
    {
        auto const* who = ctx.value(user);
        auto span = who ? "span of " + *who : "no span";
        before_ = std::exchange(tracing::span, std::move(span));
    }

    ~tracing_scope()
    {
        tracing::span = std::move(before_);
    }

private:
    asioctx::current_scope current_;
    std::string before_;
};
//]

asio::awaitable<void> work()
{
    log("begins");
    co_await asio::post(asio::use_awaitable); // the others have their turn
    log("goes on");
    tracing::add_event("half of it is done");
    co_await asio::post(asio::use_awaitable);
    log("ends");
}

//[connection
// Learns only from what it reads whose request it is.
asio::awaitable<void> serve(asioctx::context connection)
{
    log("reads");
    auto const request = asioctx::with_value(connection, user, "carol");
    auto const ex = co_await asio::this_coro::executor;
    co_await asio::co_spawn(
        asioctx::make_current_executor(request, ex),
        work(),
        asio::use_awaitable);
    log("reads on");
}
//]

int main()
{
    asio::io_context ioc;
    auto const root = asioctx::background(ioc);

    //[spawn
    auto const ann = asioctx::with_value(root, user, "ann");
    asio::co_spawn(
        asioctx::make_current_executor(ann, ioc), work(), asio::detached);
    //]
    auto const bob = asioctx::with_value(root, user, "bob");
    asio::co_spawn(
        asioctx::make_current_executor<tracing_scope>(bob, ioc),
        work(),
        asio::detached);
    asio::co_spawn(ioc, work(), asio::detached);
    ioc.run();
    log("all have ended");

    ioc.restart();
    auto const connection = asioctx::with_value(root, user, "a client");
    asio::co_spawn(
        asioctx::make_current_executor(connection, ioc),
        serve(connection),
        asio::detached);
    ioc.run();
}
