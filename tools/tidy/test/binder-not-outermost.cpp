// RUN: %check_clang_tidy %s asioctx-binder-not-outermost %t

#include "common.hpp"

using asioctx::bind_context;

asio::awaitable<void> f(
    asioctx::context ctx, asio::steady_timer& timer, tcp::socket& socket)
{
    error_code ec;
    auto const ex = timer.get_executor();
    char data[64];

    //
    // Bad
    //

    co_await timer.async_wait(
        asio::as_tuple(bind_context(ctx, asio::use_awaitable)));
    // CHECK-MESSAGES: :[[@LINE-1]]:9: warning: 'as_tuple' around 'bind_context': the binder goes outermost [asioctx-binder-not-outermost]
    // CHECK-FIXES: bind_context(ctx, asio::as_tuple(asio::use_awaitable)));

    timer.async_wait(
        asio::bind_executor(ex, bind_context(ctx, [](error_code) {})));
    // CHECK-MESSAGES: :[[@LINE-1]]:9: warning: 'bind_executor' around 'bind_context'
    // CHECK-FIXES: bind_context(ctx, asio::bind_executor(ex, [](error_code) {})));

    co_await timer.async_wait(
        asio::redirect_error(bind_context(ctx, asio::use_awaitable), ec));
    // CHECK-MESSAGES: :[[@LINE-1]]:9: warning: 'redirect_error' around 'bind_context'
    // CHECK-FIXES: bind_context(ctx, asio::redirect_error(asio::use_awaitable, ec)));

    co_await timer.async_wait(asio::as_tuple(bind_context(
        ctx, asio::cancellation_type::total, asio::use_awaitable)));
    // CHECK-MESSAGES: :[[@LINE-2]]:31: warning: 'as_tuple' around 'bind_context'
    // CHECK-FIXES: bind_context(
    // CHECK-FIXES: ctx, asio::cancellation_type::total, asio::as_tuple(asio::use_awaitable)));

    co_await timer.async_wait(asio::as_tuple(
        bind_context(ctx, asio::use_awaitable, BOOST_CURRENT_LOCATION)));
    // CHECK-MESSAGES: :[[@LINE-2]]:31: warning: 'as_tuple' around 'bind_context'

    auto const bound = bind_context(ctx, asio::use_awaitable);
    co_await timer.async_wait(asio::as_tuple(bound));
    // CHECK-MESSAGES: :[[@LINE-1]]:31: warning: 'as_tuple' around 'a bound token'

    co_await socket.async_read_some(
        asio::buffer(data),
        asio::as_tuple(asioctx::detach_on_cancel(ctx, asio::use_awaitable)));
    // CHECK-MESSAGES: :[[@LINE-1]]:9: warning: 'as_tuple' around 'detach_on_cancel'

    timer.async_wait(asio::bind_allocator(
        std::allocator<void>(), bind_context(ctx, [](error_code) {})));
    // CHECK-MESSAGES: :[[@LINE-2]]:22: warning: 'bind_allocator' around 'bind_context'

    co_await timer.async_wait(bind_context(
        ctx, asio::as_tuple(bind_context(ctx, asio::use_awaitable))));
    // CHECK-MESSAGES: :[[@LINE-1]]:14: warning: 'as_tuple' around 'bind_context'

    //
    // Good
    //

    co_await timer.async_wait(
        bind_context(ctx, asio::as_tuple(asio::use_awaitable)));
    timer.async_wait(
        bind_context(ctx, asio::bind_executor(ex, [](error_code) {})));
    co_await timer.async_wait(
        bind_context(ctx, asio::redirect_error(asio::use_awaitable, ec)));
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    timer.async_wait(asio::bind_executor(ex, [ctx](error_code) {}));
    co_await timer.async_wait(bind_context(ctx));
    co_await timer.async_wait(bind_context(ctx)(asio::use_awaitable));
    co_await socket.async_read_some(
        asio::buffer(data),
        asioctx::detach_on_cancel(ctx, asio::as_tuple(asio::use_awaitable)));
    co_await timer.async_wait(
        bind_context(ctx, bind_context(ctx, asio::use_awaitable)));

    // This one is the same both ways.
    asio::cancellation_signal signal;
    timer.async_wait(asio::bind_cancellation_slot(
        signal.slot(), bind_context(ctx, [](error_code) {})));

    // The handler of an adapter may bind what it starts.
    timer.async_wait(asio::bind_executor(
        ex,
        [&timer, ctx](error_code)
        { timer.async_wait(bind_context(ctx, [](error_code) {})); }));

    // What an attempt returns has a token of its own.
    co_await asioctx::retry(
        ctx,
        {},
        [&](asioctx::context attempt)
        { return timer.async_wait(bind_context(attempt, asio::deferred)); },
        asio::as_tuple(asio::use_awaitable));

    auto const tuple = asio::as_tuple(asio::use_awaitable);
    co_await timer.async_wait(bind_context(ctx, tuple));
}

// A function of the user's own with such a name.
namespace own {

template <class Token>
Token as_result(Token token)
{
    return token;
}

} // namespace own

asio::awaitable<void> g(asioctx::context ctx, asio::steady_timer& timer)
{
    co_await timer.async_wait(
        own::as_result(bind_context(ctx, asio::use_awaitable)));
}
