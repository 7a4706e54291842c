// RUN: %check_clang_tidy %s asioctx-reference-in-coroutine %t

#include "common.hpp"

//
// Bad
//

// CHECK-FIXES: asio::awaitable<void> declared(asioctx::context ctx, int n);
asio::awaitable<void> declared(asioctx::context const& ctx, int n);

// CHECK-FIXES: asio::awaitable<void> declared(asioctx::context ctx, int n)
asio::awaitable<void> declared(asioctx::context const& ctx, int n)
// CHECK-MESSAGES: :[[@LINE-1]]:56: warning: a coroutine takes a context by reference, which may be gone when it is resumed [asioctx-reference-in-coroutine]
{
    co_await ctx.async_wait(asio::use_awaitable);
    static_cast<void>(n);
}

// CHECK-FIXES: asio::awaitable<void> const_first(asioctx::context ctx)
asio::awaitable<void> const_first(const asioctx::context& ctx)
// CHECK-MESSAGES: :[[@LINE-1]]:59: warning: a coroutine takes a context by reference
{
    co_await ctx.async_wait(asio::use_awaitable);
}

// CHECK-FIXES: asio::awaitable<void> by_rvalue(asioctx::context ctx)
asio::awaitable<void> by_rvalue(asioctx::context&& ctx)
// CHECK-MESSAGES: :[[@LINE-1]]:52: warning: a coroutine takes a context by reference
{
    co_await ctx.async_wait(asio::use_awaitable);
}

// CHECK-FIXES: asio::awaitable<void> by_lvalue(asioctx::context& ctx)
asio::awaitable<void> by_lvalue(asioctx::context& ctx)
// CHECK-MESSAGES: :[[@LINE-1]]:51: warning: a coroutine takes a context by reference
{
    co_await ctx.async_wait(asio::use_awaitable);
}

// CHECK-FIXES: asio::awaitable<void> by_pointer(asioctx::context const* ctx)
asio::awaitable<void> by_pointer(asioctx::context const* ctx)
// CHECK-MESSAGES: :[[@LINE-1]]:58: warning: a coroutine takes a context by pointer
{
    co_await ctx->async_wait(asio::use_awaitable);
}

template <class T>
asio::awaitable<T> in_a_template(asioctx::context const& ctx, T t)
// CHECK-MESSAGES: :[[@LINE-1]]:58: warning: a coroutine takes a context by reference
{
    co_await ctx.async_wait(asio::use_awaitable);
    co_return t;
}

struct session
{
    asio::awaitable<void> run(int, asioctx::context const& ctx)
    // CHECK-MESSAGES: :[[@LINE-1]]:60: warning: a coroutine takes a context by reference
    {
        co_await ctx.async_wait(asio::use_awaitable);
    }
};

auto const lambda = [](asioctx::context const& ctx) -> asio::awaitable<void>
// CHECK-MESSAGES: :[[@LINE-1]]:48: warning: a coroutine takes a context by reference
{ co_await ctx.async_wait(asio::use_awaitable); };

void captures_of_a_temporary(
    asioctx::context const& ctx,
    asio::io_context& ioc,
    asioctx::task_group& group)
{
    asio::co_spawn(
        ioc,
        [ctx]() -> asio::awaitable<void>
        // CHECK-MESSAGES: :[[@LINE-1]]:9: warning: the captures of this lambda go before its coroutine ends; pass the lambda itself, or make them parameters [asioctx-reference-in-coroutine]
        { co_await ctx.async_wait(asio::use_awaitable); }(),
        asio::detached);
    group.spawn(
        [&]() -> asio::awaitable<void>
        // CHECK-MESSAGES: :[[@LINE-1]]:9: warning: the captures of this lambda go
        { co_await ctx.async_wait(asio::use_awaitable); }());
    auto kept = [=]() -> asio::awaitable<void>
    // CHECK-MESSAGES: :[[@LINE-1]]:17: warning: the captures of this lambda go
    { co_await ctx.async_wait(asio::use_awaitable); }();
    asio::co_spawn(ioc, std::move(kept), asio::detached);
}

asio::awaitable<void> an_attempt(asioctx::context parent)
{
    co_await asioctx::retry(
        parent,
        {},
        [](asioctx::context const& ctx) -> asio::awaitable<void>
        // CHECK-MESSAGES: :[[@LINE-1]]:36: warning: a coroutine takes a context by reference
        // CHECK-FIXES: [](asioctx::context ctx) -> asio::awaitable<void>
        { co_await ctx.async_wait(asio::use_awaitable); },
        asio::use_awaitable);
}

//
// Good
//

asio::awaitable<void> by_value(asioctx::context ctx)
{
    co_await ctx.async_wait(asio::use_awaitable);
}

asio::awaitable<void> by_const_value(asioctx::context const ctx)
{
    co_await ctx.async_wait(asio::use_awaitable);
}

// No coroutine: it has copied the context when it returns.
asio::awaitable<void> a_function(asioctx::context const& ctx)
{
    return by_value(ctx);
}

bool an_ordinary_function(asioctx::context const& ctx)
{
    return ctx.done();
}

asio::awaitable<void> another_reference(std::string const& text)
{
    static_cast<void>(text);
    co_return;
}

asio::awaitable<void> a_key(asioctx::context_key<int> const& key)
{
    static_cast<void>(key);
    co_return;
}

// Only a coroutine that is defined can be known to be one.
asio::awaitable<void> only_declared(asioctx::context const& ctx);

void lambdas_that_are_kept(
    asioctx::context const& ctx,
    asio::io_context& ioc,
    asioctx::task_group& group)
{
    // Who is given the lambda keeps it.
    asio::co_spawn(
        ioc,
        [ctx]() -> asio::awaitable<void>
        { co_await ctx.async_wait(asio::use_awaitable); },
        asio::detached);
    group.spawn([ctx]() -> asio::awaitable<void>
        { co_await ctx.async_wait(asio::use_awaitable); });
    auto const named = [&]() -> asio::awaitable<void>
    { co_await ctx.async_wait(asio::use_awaitable); };
    asio::co_spawn(ioc, named(), asio::detached);
    ioc.run();
}

void without_captures(asioctx::context const& ctx, asio::io_context& ioc)
{
    asio::co_spawn(
        ioc,
        [](asioctx::context own) -> asio::awaitable<void>
        { co_await own.async_wait(asio::use_awaitable); }(ctx),
        asio::detached);
}

asio::awaitable<void> awaited(asioctx::context ctx)
{
    co_await [&]() -> asio::awaitable<void>
    { co_await ctx.async_wait(asio::use_awaitable); }();
}

bool no_coroutine(asioctx::context const& ctx)
{
    return [&] { return ctx.done(); }();
}

asio::awaitable<void> a_lambda_in_a_coroutine(asioctx::context ctx)
{
    auto const done = [](asioctx::context const& c) { return c.done(); };
    if (!done(ctx))
        co_await ctx.async_wait(asio::use_awaitable);
}

asio::awaitable<void> lambdas_of_attempts(asioctx::context ctx)
{
    // These keep their lambdas, too.
    co_await asioctx::retry(
        ctx,
        {},
        [ctx](asioctx::context attempt) -> asio::awaitable<void>
        { co_await (ctx.done() ? ctx : attempt).async_wait(asio::use_awaitable); },
        asio::use_awaitable);
    co_await asioctx::with_clean_up(
        ctx,
        1s,
        [&]() -> asio::awaitable<void>
        { co_await ctx.async_wait(asio::use_awaitable); },
        [](asioctx::context grace) -> asio::awaitable<void>
        { co_await grace.async_wait(asio::use_awaitable); });
}
