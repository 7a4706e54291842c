// RUN: %check_clang_tidy %s asioctx-parent-instead-of-derived %t

#include "common.hpp"

asio::awaitable<void> wait(asioctx::context ctx, asio::steady_timer& timer);

//
// Bad
//

asio::awaitable<void> a_timeout(
    asioctx::context parent, asio::steady_timer& timer)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, 1s);
    co_await timer.async_wait(
        asioctx::bind_context(parent, asio::use_awaitable));
    // CHECK-MESSAGES: :[[@LINE-1]]:31: warning: this is bound to 'parent', and 'ctx', which is derived from it, is never used [asioctx-parent-instead-of-derived]
    // CHECK-FIXES: asioctx::bind_context(ctx, asio::use_awaitable));
}

asio::awaitable<void> a_coroutine(
    asioctx::context parent, asio::steady_timer& timer)
{
    auto const [limited, cancel] = asioctx::with_cancel(parent);
    co_await wait(parent, timer);
    // CHECK-MESSAGES: :[[@LINE-1]]:19: warning: this is bound to 'parent', and 'limited', which
    // CHECK-FIXES: co_await wait(limited, timer);
}

asio::awaitable<void> both_in_one(
    asioctx::context parent, asio::steady_timer& timer)
{
    auto const limited = asioctx::with_timeout(parent, 1s);
    co_await wait(parent, timer);
    // CHECK-MESSAGES: :[[@LINE-1]]:19: warning: this is bound to 'parent', and 'limited', which
    // CHECK-FIXES: co_await wait(limited.ctx, timer);
}

asio::awaitable<void> a_value(
    asioctx::context parent, asio::steady_timer& timer)
{
    static constexpr asioctx::context_key<int> key;
    auto const named = asioctx::with_value(parent, key, 1);
    co_await asioctx::async_sleep(parent, 1ms, asio::use_awaitable);
    // CHECK-MESSAGES: :[[@LINE-1]]:35: warning: this is bound to 'parent', and 'named', which
}

asio::awaitable<void> a_wait(asioctx::context parent)
{
    auto [nap, wake] = asioctx::with_timeout(parent, 1s);
    co_await parent.async_wait(asio::use_awaitable);
    // CHECK-MESSAGES: :[[@LINE-1]]:14: warning: this is bound to 'parent', and 'nap', which
}

asio::awaitable<void> in_a_lambda(
    asioctx::context parent, asio::steady_timer& timer)
{
    auto const limited = asioctx::with_timeout(parent, 1s);
    auto const body = [&]() -> asio::awaitable<void>
    {
        co_await wait(parent, timer);
        // CHECK-MESSAGES: :[[@LINE-1]]:23: warning: this is bound to 'parent', and 'limited', which
    };
    co_await body();
}

asio::awaitable<void> in_an_attempt(
    asioctx::context parent, asio::steady_timer& timer)
{
    co_await asioctx::retry(
        parent,
        {.attempt_timeout = 1s},
        [&](asioctx::context attempt) { return wait(parent, timer); },
        // CHECK-MESSAGES: :[[@LINE-1]]:53: warning: this is bound to 'parent', and 'attempt', which is derived from it, is never used
        // CHECK-FIXES: [&](asioctx::context attempt) { return wait(attempt, timer); },
        asio::use_awaitable);
    co_await asioctx::hedge(
        parent,
        10ms,
        [&](asioctx::context) { return wait(parent, timer); },
        // CHECK-MESSAGES: :[[@LINE-1]]:45: warning: this is bound to 'parent', and the parameter, which is derived from it, is never used
        asio::use_awaitable);
}

asio::awaitable<void> in_a_clean_up(
    asioctx::context parent, asio::steady_timer& timer)
{
    co_await asioctx::with_clean_up(
        parent,
        1s,
        [&] { return wait(parent, timer); },
        [&](asioctx::context ctx) { return wait(parent, timer); });
    // CHECK-MESSAGES: :[[@LINE-1]]:49: warning: this is bound to 'parent', and 'ctx', which is derived from it, is never used
    // CHECK-FIXES: [&](asioctx::context ctx) { return wait(ctx, timer); });
}

asio::awaitable<void> attempts_below_the_parent(
    asioctx::context parent, asio::steady_timer& timer)
{
    auto [limited, cancel] = asioctx::with_timeout(parent, 1s);
    co_await asioctx::retry(
        parent,
        // CHECK-MESSAGES: :[[@LINE-1]]:9: warning: this is bound to 'parent', and 'limited', which
        {},
        [&](asioctx::context attempt) { return wait(attempt, timer); },
        asio::use_awaitable);
}

//
// Good
//

asio::awaitable<void> the_derived_one(
    asioctx::context parent, asio::steady_timer& timer)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, 1s);
    co_await wait(ctx, timer);
}

asio::awaitable<void> both_are_used(
    asioctx::context parent, asio::steady_timer& timer)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, 1s);
    co_await wait(ctx, timer);
    co_await wait(parent, timer);
}

asio::awaitable<void> used_later(
    asioctx::context parent, asio::steady_timer& timer)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, 1s);
    co_await wait(parent, timer);
    co_await wait(ctx, timer);
}

asio::awaitable<void> before_it_is_derived(
    asioctx::context parent, asio::steady_timer& timer)
{
    co_await wait(parent, timer);
    auto [ctx, cancel] = asioctx::with_timeout(parent, 1s);
    co_await wait(ctx, timer);
}

asio::awaitable<void> after_its_scope(
    asioctx::context parent, asio::steady_timer& timer)
{
    {
        auto [ctx, cancel] = asioctx::with_timeout(parent, 1s);
        cancel();
    }
    co_await wait(parent, timer);
}

asio::awaitable<void> only_derived_from(
    asioctx::context parent, asio::steady_timer& timer)
{
    auto [first, cancel_first] = asioctx::with_timeout(parent, 1s);
    auto [second, cancel_second] = asioctx::with_timeout(parent, 2s);
    co_await wait(first, timer);
    co_await wait(second, timer);
}

asio::awaitable<void> looked_at(
    asioctx::context parent, asio::steady_timer& timer)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, 1s);
    if (!ctx.done())
        co_await wait(parent, timer);
}

asio::awaitable<void> in_a_group(
    asioctx::context parent, asio::steady_timer& timer)
{
    auto limited = asioctx::with_timeout(parent, 1s);
    asioctx::task_group group(limited.ctx);
    co_await wait(parent, timer);
}

asio::awaitable<void> a_parent_that_is_asked(asioctx::context parent)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, 1s);
    if (parent.done())
        co_return;
    static_cast<void>(to_string(parent));
}

asio::awaitable<void> unused_on_purpose(
    asioctx::context parent, asio::steady_timer& timer)
{
    [[maybe_unused]] auto [ctx, cancel] = asioctx::with_timeout(parent, 1s);
    co_await wait(parent, timer);
}

asio::awaitable<void> unused_by_its_name(
    asioctx::context parent, asio::steady_timer& timer)
{
    auto [_, cancel] = asioctx::with_timeout(parent, 1s);
    co_await wait(parent, timer);
}

asio::awaitable<void> from_another_parent(
    asioctx::context root, asioctx::context parent, asio::steady_timer& timer)
{
    auto [ctx, cancel] = asioctx::with_timeout(root, 1s);
    co_await wait(parent, timer);
}

asioctx::cancelable handed_on(
    asioctx::context const& parent, asio::steady_timer& timer)
{
    auto both = asioctx::with_cancel(parent);
    timer.async_wait(asioctx::bind_context(parent, [](error_code) {}));
    return both;
}

asio::awaitable<void> an_attempt(
    asioctx::context ctx, asio::steady_timer& timer, tcp::socket& socket)
{
    co_await asioctx::retry(
        ctx,
        {},
        [&](asioctx::context attempt) { return wait(attempt, timer); },
        asio::use_awaitable);
    // What it returns is bound to the attempt's context.
    co_await asioctx::retry(
        ctx,
        {},
        [&](asioctx::context)
        { return socket.async_connect({}, asio::deferred); },
        asio::use_awaitable);
}

asio::awaitable<void> an_attempt_that_goes_on(
    asioctx::context ctx, asio::steady_timer& timer)
{
    co_await asioctx::hedge(
        ctx,
        10ms,
        [&]([[maybe_unused]] asioctx::context attempt)
        { return wait(ctx, timer); },
        asio::use_awaitable);
}

asio::awaitable<void> an_attempt_that_asks_both(
    asioctx::context ctx, asio::steady_timer& timer)
{
    co_await asioctx::retry(
        ctx,
        {},
        [&](asioctx::context attempt)
        { return wait(attempt.done() ? ctx : attempt, timer); },
        asio::use_awaitable);
}

asio::awaitable<void> a_clean_up(
    asioctx::context ctx, asio::steady_timer& timer)
{
    co_await asioctx::with_clean_up(
        ctx,
        1s,
        [&] { return wait(ctx, timer); },
        [&](asioctx::context grace) { return wait(grace, timer); });
}

asio::awaitable<void> looked_at_by_a_dump(
    asioctx::context parent, asio::steady_timer& timer)
{
    auto const named = asioctx::with_name(parent, "query");
    asioctx::dump(std::cerr, named);
    co_await wait(parent, timer);
}
