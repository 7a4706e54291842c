// RUN: %check_clang_tidy %s asioctx-dead-context %t

#include "common.hpp"

//
// Bad
//

asio::awaitable<void> wait(asioctx::context ctx, asio::steady_timer& timer)
{
    co_await timer.async_wait(asioctx::bind_context(ctx, asio::use_awaitable));
}

asio::awaitable<void> a_variable(
    asioctx::context parent, asio::steady_timer& timer)
{
    auto ctx = asioctx::with_timeout(parent, 1s).ctx;
    // CHECK-MESSAGES: :[[@LINE-1]]:50: warning: the context is canceled at the end of this expression, with the temporary that it is taken from; keep its source [asioctx-dead-context]
    // CHECK-FIXES: auto [ctx, cancel_ctx] = asioctx::with_timeout(parent, 1s);
    co_await wait(ctx, timer);
}

void a_constant(asioctx::context const& parent, asio::steady_timer& timer)
{
    asioctx::context const limited = asioctx::with_cancel(parent).ctx;
    // CHECK-MESSAGES: :[[@LINE-1]]:67: warning: the context is canceled at the end
    // CHECK-FIXES: auto const [limited, cancel_limited] = asioctx::with_cancel(parent);
    timer.async_wait(asioctx::bind_context(limited, [](error_code) {}));
    timer.get_executor().context();
}

asioctx::context a_result(asioctx::context const& parent)
{
    return asioctx::with_timeout(parent, 1s).ctx;
    // CHECK-MESSAGES: :[[@LINE-1]]:46: warning: the context is canceled at the end
}

void an_assignment(asioctx::context ctx, asio::steady_timer& timer)
{
    ctx = asioctx::with_idle_timeout(ctx, 1s).ctx;
    // CHECK-MESSAGES: :[[@LINE-1]]:47: warning: the context is canceled at the end
    timer.async_wait(asioctx::bind_context(ctx, [](error_code) {}));
}

void a_handler(asioctx::context const& parent, asio::steady_timer& timer)
{
    timer.async_wait(asioctx::bind_context(
        asioctx::with_timeout(parent, 1s).ctx, [](error_code) {}));
    // CHECK-MESSAGES: :[[@LINE-1]]:43: warning: the context is canceled at the end
}

void a_coroutine(asioctx::context const& parent, asio::steady_timer& timer)
{
    asio::co_spawn(
        timer.get_executor(),
        wait(asioctx::with_timeout(parent, 1s).ctx, timer),
        // CHECK-MESSAGES: :[[@LINE-1]]:48: warning: the context is canceled at the end
        asio::detached);
}

void a_capture(asioctx::context const& parent, asio::steady_timer& timer)
{
    timer.async_wait(
        [ctx = asioctx::with_cancel(parent).ctx](error_code) {});
    // CHECK-MESSAGES: :[[@LINE-1]]:45: warning: the context is canceled at the end
}

void a_value(asioctx::context const& parent)
{
    static constexpr asioctx::context_key<int> key;
    auto const ctx =
        asioctx::with_value(asioctx::with_timeout(parent, 1s).ctx, key, 1);
    // CHECK-MESSAGES: :[[@LINE-1]]:63: warning: the context is canceled at the end
}

void a_group(asioctx::context const& parent)
{
    asioctx::task_group group(asioctx::with_timeout(parent, 1s).ctx);
    // CHECK-MESSAGES: :[[@LINE-1]]:65: warning: the context is canceled at the end
}

asioctx::context the_source_goes_with_the_function(
    asioctx::context const& parent)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, 1s);
    return ctx;
    // CHECK-MESSAGES: :[[@LINE-1]]:12: warning: the context that is returned is canceled as 'cancel' goes with this function [asioctx-dead-context]
}

asioctx::context both_go_with_the_function(asioctx::context const& parent)
{
    auto both = asioctx::with_cancel(parent);
    return both.ctx;
    // CHECK-MESSAGES: :[[@LINE-1]]:12: warning: the context that is returned is canceled as 'both' goes
}

asio::awaitable<void> the_source_goes_with_its_scope(
    asioctx::context ctx, bool limited, asio::steady_timer& timer)
{
    if (limited)
    {
        auto [limit, cancel] = asioctx::with_timeout(ctx, 1s);
        ctx = limit;
        // CHECK-MESSAGES: :[[@LINE-1]]:15: warning: the context that is assigned is canceled as 'cancel' goes at the end of its scope [asioctx-dead-context]
    }
    co_await wait(ctx, timer);
}

struct session
{
    void start(asioctx::context const& parent)
    {
        auto [ctx, cancel] = asioctx::with_cancel(parent);
        ctx_ = ctx;
        // CHECK-MESSAGES: :[[@LINE-1]]:16: warning: the context that is assigned is canceled as 'cancel' goes
    }

    asioctx::context ctx_;
};

void the_last_thing(asioctx::context const& parent, asio::steady_timer& timer)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, 1s);
    timer.async_wait(asioctx::bind_context(ctx, [](error_code) {}));
    // CHECK-MESSAGES: :[[@LINE-1]]:5: warning: what is started here is canceled at once, as 'cancel' goes at the end of this scope [asioctx-dead-context]
}

void the_last_coroutine(asioctx::context const& parent, asio::steady_timer& timer)
{
    auto limited = asioctx::with_timeout(parent, 1s);
    asio::co_spawn(
        timer.get_executor(), wait(limited.ctx, timer), asio::detached);
    // CHECK-MESSAGES: :[[@LINE-2]]:5: warning: what is started here is canceled at once, as 'limited' goes
}

void attempts(asioctx::context const& parent, tcp::socket& socket)
{
    asioctx::retry(
        asioctx::with_timeout(parent, 1s).ctx,
        // CHECK-MESSAGES: :[[@LINE-1]]:43: warning: the context is canceled at the end
        {},
        [&socket](asioctx::context)
        { return socket.async_connect({}, asio::deferred); },
        [](error_code) {});
}

void attempts_at_the_end(asioctx::context const& parent, tcp::socket& socket)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, 1s);
    asioctx::hedge(
        // CHECK-MESSAGES: :[[@LINE-1]]:5: warning: what is started here is canceled at once, as 'cancel' goes
        ctx,
        10ms,
        [&socket](asioctx::context)
        { return socket.async_connect({}, asio::deferred); },
        [](error_code) {});
}

void a_name(asioctx::context const& parent, asio::steady_timer& timer)
{
    auto const ctx =
        asioctx::with_name(asioctx::with_timeout(parent, 1s).ctx, "query");
    // CHECK-MESSAGES: :[[@LINE-1]]:62: warning: the context is canceled at the end
    timer.async_wait(asioctx::bind_context(ctx, [](error_code) {}));
}

//
// Good
//

asio::awaitable<void> awaited(
    asioctx::context parent, asio::steady_timer& timer)
{
    // The temporary lives until the wait has ended.
    co_await wait(asioctx::with_timeout(parent, 1s).ctx, timer);
    co_await timer.async_wait(asioctx::bind_context(
        asioctx::with_timeout(parent, 1s).ctx, asio::use_awaitable));
    co_await asioctx::with_timeout(parent, 1s).ctx.async_wait(
        asio::use_awaitable);
}

void waited_for(asioctx::context const& parent, asio::steady_timer& timer)
{
    timer
        .async_wait(asioctx::bind_context(
            asioctx::with_timeout(parent, 1s).ctx, asio::use_future))
        .get();
}

void extended(asioctx::context const& parent, asio::io_context& ioc)
{
    // The whole temporary lives as long as the reference.
    auto const& ctx = asioctx::with_timeout(parent, 1s).ctx;
    asio::steady_timer timer(ioc);
    asio::co_spawn(ioc, wait(ctx, timer), asio::detached);
    ioc.run();
}

std::string used_at_once(asioctx::context const& parent)
{
    if (asioctx::with_timeout(parent, 1s).ctx.done())
        return {};
    return to_string(asioctx::with_timeout(parent, 1s).ctx);
}

bool compared(asioctx::context const& parent)
{
    return asioctx::with_cancel(parent).ctx == parent;
}

asioctx::cancelable both_are_returned(asioctx::context const& parent)
{
    return asioctx::with_timeout(parent, 1s);
}

asioctx::cancelable both_parts_are_returned(asioctx::context const& parent)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, 1s);
    return {ctx, std::move(cancel)};
}

asioctx::context returned_below_what_is_kept(
    asioctx::context const& parent, asioctx::cancel_source& keep)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, 1s);
    keep = std::move(cancel);
    return ctx;
}

asioctx::context returned_and_detached(asioctx::context const& parent)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, 1s);
    cancel.detach();
    return ctx;
}

error_code what_it_says_is_returned(asioctx::context const& parent)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, 1s);
    cancel();
    return ctx.error();
}

asio::awaitable<void> both_live_as_long(
    asioctx::context parent, asio::steady_timer& timer)
{
    asioctx::context ctx = parent;
    auto [limited, cancel] = asioctx::with_timeout(parent, 1s);
    ctx = limited;
    co_await wait(ctx, timer);
}

asio::awaitable<void> the_source_is_kept_outside(
    asioctx::context ctx, bool limited, asio::steady_timer& timer)
{
    asioctx::cancel_source keep;
    if (limited)
    {
        auto [limit, cancel] = asioctx::with_timeout(ctx, 1s);
        ctx = limit;
        keep = std::move(cancel);
    }
    co_await wait(ctx, timer);
}

void the_source_goes_with_the_handler(
    asioctx::context const& parent, asio::steady_timer& timer)
{
    auto both = std::make_shared<asioctx::cancelable>(
        asioctx::with_timeout(parent, 1s));
    timer.async_wait(asioctx::bind_context(both->ctx, [both](error_code) {}));
}

void the_source_is_moved_to_the_handler(
    asioctx::context const& parent, asio::steady_timer& timer)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, 1s);
    timer.async_wait(asioctx::bind_context(
        ctx, [keep = std::move(cancel)](error_code) {}));
}

void run_afterwards(asioctx::context const& parent, asio::io_context& ioc)
{
    asio::steady_timer timer(ioc);
    auto [ctx, cancel] = asioctx::with_timeout(parent, 1s);
    asio::co_spawn(ioc, wait(ctx, timer), asio::detached);
    ioc.run();
}

asio::awaitable<void> awaited_at_the_end(
    asioctx::context parent, asio::steady_timer& timer)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, 1s);
    co_await timer.async_wait(asioctx::bind_context(ctx, asio::use_awaitable));
}

void something_else_at_the_end(
    asioctx::context const& parent, asio::steady_timer& timer)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, 1s);
    timer.async_wait(asioctx::bind_context(parent, [](error_code) {}));
}

struct owner
{
    explicit owner(asioctx::context const& parent)
        : both(asioctx::with_cancel(parent)), ctx(both.ctx)
    {
    }

    asioctx::cancelable both;
    asioctx::context ctx;
};

asio::awaitable<void> attempts_that_are_awaited(
    asioctx::context parent, tcp::socket& socket)
{
    co_await asioctx::retry(
        asioctx::with_timeout(parent, 1s).ctx,
        {},
        [&socket](asioctx::context)
        { return socket.async_connect({}, asio::deferred); },
        asio::use_awaitable);
    auto [ctx, cancel] = asioctx::with_timeout(parent, 1s);
    co_await asioctx::hedge(
        ctx,
        10ms,
        [&socket](asioctx::context)
        { return socket.async_connect({}, asio::deferred); },
        asio::use_awaitable);
}

void only_looked_at(asioctx::context const& parent)
{
    asioctx::dump(std::cerr, asioctx::with_timeout(parent, 1s).ctx);
    auto const s = asioctx::snapshot(asioctx::with_timeout(parent, 1s).ctx);
}
