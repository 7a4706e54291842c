// RUN: %check_clang_tidy %s asioctx-background-in-function %t

#include "common.hpp"

asio::awaitable<void> wait(asioctx::context ctx);

//
// Bad
//

asio::awaitable<void> of_an_execution_context(
    asioctx::context ctx, asio::io_context& ioc)
{
    co_await wait(asioctx::background(ioc));
    // CHECK-MESSAGES: :[[@LINE-1]]:19: warning: a new root in a function that was given the context 'ctx' [asioctx-background-in-function]
}

asio::awaitable<void> without_one(asioctx::context const ctx)
{
    auto const root = asioctx::background();
    // CHECK-MESSAGES: :[[@LINE-1]]:23: warning: a new root in a function that was given the context 'ctx'
    co_await wait(root);
}

void by_reference(asioctx::context const& ctx, asio::io_context& ioc)
{
    auto [limited, cancel] =
        asioctx::with_timeout(asioctx::background(ioc), 1s);
    // CHECK-MESSAGES: :[[@LINE-1]]:31: warning: a new root in a function that was given the context 'ctx'
}

asio::awaitable<void> an_empty_handle(asioctx::context ctx)
{
    co_await wait(asioctx::context());
    // CHECK-MESSAGES: :[[@LINE-1]]:19: warning: a new root in a function that was given the context 'ctx'
    co_await wait(asioctx::context{});
    // CHECK-MESSAGES: :[[@LINE-1]]:19: warning: a new root in a function that was given the context 'ctx'
}

void in_a_lambda(asioctx::context const& ctx, asio::io_context& ioc)
{
    auto const f = [&] { return wait(asioctx::background(ioc)); };
    // CHECK-MESSAGES: :[[@LINE-1]]:38: warning: a new root in a function that was given the context 'ctx'
}

auto const lambda = [](asioctx::context ctx, asio::io_context& ioc)
{ return wait(asioctx::background(ioc)); };
// CHECK-MESSAGES: :[[@LINE-1]]:15: warning: a new root in a function that was given the context 'ctx'

struct session
{
    void run(int n, asioctx::context const& ctx)
    {
        static_cast<void>(n);
        asioctx::task_group group(asioctx::background(ioc));
        // CHECK-MESSAGES: :[[@LINE-1]]:35: warning: a new root in a function that was given the context 'ctx'
    }

    asio::io_context& ioc;
};

asio::awaitable<void> in_an_attempt(
    asioctx::context ctx, asio::io_context& ioc)
{
    co_await asioctx::retry(
        ctx,
        {},
        [&](asioctx::context) { return wait(asioctx::background(ioc)); },
        // CHECK-MESSAGES: :[[@LINE-1]]:45: warning: a new root in a function
        asio::use_awaitable);
    co_await wait(asioctx::with_name(asioctx::background(ioc), "job"));
    // CHECK-MESSAGES: :[[@LINE-1]]:38: warning: a new root in a function that was given the context 'ctx'
}

//
// Good
//

void no_context(asio::io_context& ioc)
{
    asio::co_spawn(ioc, wait(asioctx::background(ioc)), asio::detached);
}

int main_function()
{
    asio::io_context ioc;
    auto const root = asioctx::background(ioc);
    auto [ctx, cancel] = asioctx::with_timeout(root, 1s);
    asio::co_spawn(ioc, wait(ctx), asio::detached);
    return static_cast<int>(ioc.run());
}

// Its own context is not one that it was given.
void a_local_context(asio::io_context& ioc)
{
    auto [ctx, cancel] = asioctx::with_cancel(asioctx::background(ioc));
    auto const other = asioctx::background(ioc);
}

bool compared(asioctx::context const& ctx)
{
    return ctx == asioctx::background() || asioctx::background() != ctx;
}

void let_go(asioctx::context& ctx)
{
    ctx = {};
    ctx = asioctx::context();
}

asio::awaitable<void> without_cancel(asioctx::context ctx)
{
    co_await wait(asioctx::without_cancel(ctx));
}

void default_argument(
    int n, asioctx::context ctx = asioctx::background());

void given_no_context(asio::io_context& ioc, asioctx::cancel_source& cancel)
{
    auto [ctx, source] = asioctx::with_cancel(asioctx::background(ioc));
    cancel = std::move(source);
}

void in_a_lambda_that_does_not_see_it(
    asioctx::context const& ctx, asio::io_context& ioc)
{
    auto const make = [&ioc] { return asioctx::background(ioc); };
    static_cast<void>(ctx);
}

namespace own {

int background(int n)
{
    return n;
}

} // namespace own

int another_function(asioctx::context const& ctx)
{
    static_cast<void>(ctx);
    return own::background(1);
}

struct fixture
{
    asio::io_context ioc;
    asioctx::context root = asioctx::background(ioc);
};

void a_declaration_without_a_value(asioctx::context const& ctx)
{
    asioctx::context later;
    if (!ctx.done())
        later = ctx;
}

// All that there is, to look at it.
void looked_at(asioctx::context const& ctx, asio::io_context& ioc)
{
    asioctx::dump(std::cerr, asioctx::background(ioc));
    auto const s = asioctx::snapshot(asioctx::background(ioc));
    auto const reporter =
        asioctx::report_stuck(asioctx::background(ioc), std::clog);
    asioctx::flight_recorder const recorder(asioctx::background(ioc));
    if (!asioctx::testing::expect_nothing_left(asioctx::background(ioc)))
        std::clog << to_string(asioctx::background(ioc)) << to_string(ctx);
}
