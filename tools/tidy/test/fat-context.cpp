// RUN: %check_clang_tidy %s asioctx-fat-context %t

#include "common.hpp"

inline constexpr asioctx::context_key<int> key;

asio::awaitable<void> wait(asioctx::context ctx);

//
// Bad
//

asio::awaitable<void> a_value(asioctx::context ctx)
{
    for (int i = 0; i != 10; ++i)
    {
        ctx = asioctx::with_value(ctx, key, i);
        // CHECK-MESSAGES: :[[@LINE-1]]:9: warning: 'ctx' is derived from itself in a loop: each round adds a context to those that it keeps [asioctx-fat-context]
        co_await wait(ctx);
    }
}

asio::awaitable<void> a_while(asioctx::context ctx, int& n)
{
    while (!ctx.done())
        ctx = asioctx::with_value(ctx, key, n++);
    // CHECK-MESSAGES: :[[@LINE-1]]:9: warning: 'ctx' is derived from itself in a loop
    co_return;
}

asio::awaitable<void> both(asioctx::context parent)
{
    auto limited = asioctx::with_timeout(parent, 1s);
    do
    {
        co_await wait(limited.ctx);
        limited = asioctx::with_timeout(limited.ctx, 1s);
        // CHECK-MESSAGES: :[[@LINE-1]]:9: warning: 'limited' is derived from itself in a loop
    } while (!parent.done());
}

void of_a_range(asioctx::context ctx, std::vector<int> const& all)
{
    for (auto const i : all)
        if (i != 0)
            ctx = asioctx::without_cancel(asioctx::with_value(ctx, key, i));
    // CHECK-MESSAGES: :[[@LINE-1]]:13: warning: 'ctx' is derived from itself in a loop
}

struct session
{
    void run(std::vector<int> const& all)
    {
        for (auto const i : all)
            ctx_ = asioctx::with_value(ctx_, key, i);
        // CHECK-MESSAGES: :[[@LINE-1]]:13: warning: 'ctx_' is derived from itself in a loop
    }

    asioctx::context ctx_;
};

void merged(asioctx::context ctx, std::vector<asioctx::context> const& all)
{
    for (auto const& c : all)
        ctx = asioctx::merge(ctx, c);
    // CHECK-MESSAGES: :[[@LINE-1]]:9: warning: 'ctx' is derived from itself in a loop
}

void in_a_nested_loop(asioctx::context ctx)
{
    for (int i = 0; i != 10; ++i)
        for (auto inner = ctx; !inner.done();)
            inner = asioctx::with_value(std::move(inner), key, i);
    // CHECK-MESSAGES: :[[@LINE-1]]:13: warning: 'inner' is derived from itself in a loop
}

asio::awaitable<void> a_name(asioctx::context ctx)
{
    for (int i = 0; i != 10; ++i)
    {
        ctx = asioctx::with_name(ctx, "round " + std::to_string(i));
        // CHECK-MESSAGES: :[[@LINE-1]]:9: warning: 'ctx' is derived from itself in a loop
        co_await wait(ctx);
    }
}

//
// Good
//

asio::awaitable<void> a_new_one_each_time(asioctx::context parent)
{
    for (int i = 0; i != 10; ++i)
    {
        auto const ctx = asioctx::with_value(parent, key, i);
        co_await wait(ctx);
    }
}

asio::awaitable<void> assigned_from_the_parent(asioctx::context parent)
{
    auto ctx = parent;
    for (int i = 0; i != 10; ++i)
    {
        ctx = asioctx::with_value(parent, key, i);
        co_await wait(ctx);
    }
}

asio::awaitable<void> before_the_loop(asioctx::context ctx)
{
    ctx = asioctx::with_value(ctx, key, 1);
    while (!ctx.done())
        co_await wait(ctx);
}

asio::awaitable<void> declared_in_the_loop(asioctx::context parent)
{
    while (!parent.done())
    {
        auto ctx = asioctx::with_value(parent, key, 1);
        ctx = asioctx::with_value(ctx, key, 2);
        co_await wait(ctx);
    }
}

asio::awaitable<void> a_timeout_each_time(asioctx::context parent)
{
    while (!parent.done())
    {
        auto [ctx, cancel] = asioctx::with_timeout(parent, 1s);
        co_await wait(ctx);
    }
}

asio::awaitable<void> renewed_from_the_parent(asioctx::context parent)
{
    auto limited = asioctx::with_timeout(parent, 1s);
    while (!parent.done())
    {
        co_await wait(limited.ctx);
        limited = asioctx::with_timeout(parent, 1s);
    }
}

void once(asioctx::context ctx, std::vector<int> const& all)
{
    for (auto const i : all)
        if (i == 7)
        {
            ctx = asioctx::with_value(ctx, key, i);
            break;
        }
    static_cast<void>(ctx);
}

asioctx::context once_and_out(asioctx::context ctx, std::vector<int> const& all)
{
    for (auto const i : all)
    {
        if (i != 7)
            continue;
        ctx = asioctx::with_value(ctx, key, i);
        return ctx;
    }
    return ctx;
}

void assigned(asioctx::context ctx, std::vector<asioctx::context> const& all)
{
    for (auto const& c : all)
        ctx = c;
}

void of_a_lambda_in_a_loop(asioctx::context const& parent)
{
    for (int i = 0; i != 10; ++i)
    {
        auto const derive = [&](asioctx::context ctx)
        {
            ctx = asioctx::with_value(ctx, key, i);
            return ctx;
        };
        static_cast<void>(derive(parent));
    }
}

void another_one(asioctx::context a, asioctx::context b)
{
    for (int i = 0; i != 10; ++i)
        a = asioctx::with_value(b, key, i);
}

void no_derivation(asioctx::context ctx, std::vector<int> const& all)
{
    for (auto const i : all)
        ctx = i != 0 ? asioctx::context(ctx) : asioctx::context();
}

asio::awaitable<void> a_name_each_time(asioctx::context parent)
{
    for (int i = 0; i != 10; ++i)
        co_await wait(asioctx::with_name(parent, std::to_string(i)));
}

// Each attempt is given a new one.
asio::awaitable<void> in_an_attempt(asioctx::context ctx)
{
    for (int i = 0; i != 10; ++i)
        co_await asioctx::retry(
            ctx,
            {},
            [](asioctx::context attempt)
            {
                attempt = asioctx::with_name(attempt, "attempt");
                return wait(attempt);
            },
            asio::use_awaitable);
}
