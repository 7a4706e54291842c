// RUN: %check_clang_tidy %s asioctx-unbound-operation %t

#include "common.hpp"

//
// Bad
//

asio::awaitable<void> a_read(asioctx::context ctx, tcp::socket& socket)
{
    char data[64];
    co_await socket.async_read_some(asio::buffer(data), asio::use_awaitable);
    // CHECK-MESSAGES: :[[@LINE-1]]:21: warning: 'async_read_some' is not bound to a context, though 'ctx' is at hand [asioctx-unbound-operation]
}

asio::awaitable<void> a_free_function(
    asioctx::context ctx, tcp::socket& socket, std::string const& text)
{
    co_await asio::async_write(socket, asio::buffer(text), asio::use_awaitable);
    // CHECK-MESSAGES: :[[@LINE-1]]:14: warning: 'async_write' is not bound to a context, though 'ctx' is at hand
}

void a_handler_that_knows_the_context(
    asioctx::context const& ctx, asio::steady_timer& timer)
{
    timer.async_wait(
        [ctx](error_code) { static_cast<void>(ctx.done()); });
    // CHECK-MESSAGES: :[[@LINE-2]]:11: warning: 'async_wait' is not bound to a context, though 'ctx' is at hand
}

asio::awaitable<void> below_a_local_context(
    asioctx::context parent, asio::steady_timer& timer)
{
    auto [limited, cancel] = asioctx::with_timeout(parent, 1s);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    // CHECK-MESSAGES: :[[@LINE-1]]:20: warning: 'async_wait' is not bound to a context, though 'limited' is at hand
    static_cast<void>(limited);
}

asio::awaitable<void> in_a_lambda(
    asioctx::context ctx, asio::steady_timer& timer)
{
    auto const wait = [&]() -> asio::awaitable<void>
    {
        co_await timer.async_wait(asio::use_awaitable);
        // CHECK-MESSAGES: :[[@LINE-1]]:24: warning: 'async_wait' is not bound to a context, though 'ctx' is at hand
    };
    co_await wait();
    static_cast<void>(ctx);
}

auto const with_a_parameter =
    [](asioctx::context, asio::steady_timer& timer) -> asio::awaitable<void>
{
    co_await timer.async_wait(asio::use_awaitable);
    // CHECK-MESSAGES: :[[@LINE-1]]:20: warning: 'async_wait' is not bound to a context, though '' is at hand
};

template <class Stream>
asio::awaitable<void> in_a_template(asioctx::context ctx, Stream& stream)
{
    char data[64];
    co_await stream.async_read_some(asio::buffer(data), asio::use_awaitable);
    // CHECK-MESSAGES: :[[@LINE-1]]:14: warning: 'async_read_some' is not bound to a context, though 'ctx' is at hand
}

asio::awaitable<void> what_it_knows_is_no_binding(
    asioctx::context ctx, asio::steady_timer& timer)
{
    static constexpr asioctx::context_key<std::string> key;
    co_await asio::async_write(
        *static_cast<tcp::socket*>(nullptr),
        // CHECK-MESSAGES: :[[@LINE-2]]:14: warning: 'async_write' is not bound
        asio::buffer(*ctx.value(key)),
        asio::use_awaitable);
}

asio::awaitable<void> as_deferred(
    asioctx::context ctx, asio::steady_timer& timer)
{
    co_await timer.async_wait(asio::deferred);
    // CHECK-MESSAGES: :[[@LINE-1]]:20: warning: 'async_wait' is not bound
}

struct session
{
    void wait()
    {
        timer.async_wait([this](error_code) { wait(); });
        // CHECK-MESSAGES: :[[@LINE-1]]:15: warning: 'async_wait' is not bound to a context, though 'life' is at hand
    }

    asioctx::cancelable life;
    asio::steady_timer timer;
};

asio::awaitable<std::size_t> returned(
    asioctx::context ctx, tcp::socket& socket, asio::mutable_buffer b)
{
    return socket.async_read_some(b, asio::use_awaitable);
    // CHECK-MESSAGES: :[[@LINE-1]]:19: warning: 'async_read_some' is not bound
}

// What an attempt begins with a handler of its own is not bound with it.
asio::awaitable<void> beside_an_attempt(
    asioctx::context ctx, tcp::socket& socket, asio::steady_timer& timer)
{
    co_await asioctx::retry(
        ctx,
        {},
        [&](asioctx::context attempt)
        {
            timer.async_wait([](error_code) {});
            // CHECK-MESSAGES: :[[@LINE-1]]:19: warning: 'async_wait' is not bound to a context, though 'attempt' is at hand
            return socket.async_connect({}, asio::deferred);
        },
        asio::use_awaitable);
}

asio::awaitable<void> beside_a_task(
    asioctx::context ctx, asioctx::task_group& group, asio::steady_timer& timer)
{
    group.spawn([&]() -> asio::awaitable<void>
        {
            timer.async_wait(asio::detached);
            // CHECK-MESSAGES: :[[@LINE-1]]:19: warning: 'async_wait' is not bound to a context, though 'ctx' is at hand
            co_return;
        });
    co_return;
}

// The body of with_clean_up() is no more bound than what calls it.
asio::awaitable<void> a_body(asioctx::context ctx, asio::steady_timer& timer)
{
    co_await asioctx::with_clean_up(
        ctx,
        1s,
        [&]() -> asio::awaitable<void>
        { co_await timer.async_wait(asio::use_awaitable); },
        // CHECK-MESSAGES: :[[@LINE-1]]:26: warning: 'async_wait' is not bound to a context, though 'ctx' is at hand
        [](asioctx::context) -> asio::awaitable<void> { co_return; });
}

asio::awaitable<void> below_a_name(
    asioctx::context parent, asio::steady_timer& timer)
{
    auto const named = asioctx::with_name(parent, "query");
    co_await timer.async_wait(asio::use_awaitable);
    // CHECK-MESSAGES: :[[@LINE-1]]:20: warning: 'async_wait' is not bound to a context, though 'named' is at hand
}

//
// Good
//

asio::awaitable<void> bound(asioctx::context ctx, tcp::socket& socket)
{
    char data[64];
    co_await socket.async_read_some(
        asio::buffer(data), asioctx::bind_context(ctx, asio::use_awaitable));
    co_await socket.async_read_some(
        asio::buffer(data), asioctx::bind_context(ctx));
    co_await socket.async_read_some(
        asio::buffer(data),
        asioctx::detach_on_cancel(ctx, asio::use_awaitable));
}

asio::awaitable<void> no_context_at_hand(asio::steady_timer& timer)
{
    co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<void> a_token_that_is_bound(
    asioctx::context ctx, asio::steady_timer& timer)
{
    auto const token = asioctx::bind_context(ctx, asio::use_awaitable);
    co_await timer.async_wait(token);
    auto const bound = asioctx::bind_context(ctx);
    co_await timer.async_wait(bound(asio::use_awaitable));
}

asio::awaitable<void> an_adapted_token(
    asioctx::context ctx, asio::steady_timer& timer)
{
    auto const token =
        asio::as_tuple(asioctx::bind_context(ctx, asio::use_awaitable));
    co_await timer.async_wait(token);
}

asio::awaitable<void> the_librarys_own(
    asioctx::context ctx, asioctx::task_group& group)
{
    co_await ctx.async_wait(asio::use_awaitable);
    co_await asioctx::async_sleep(ctx, 1ms, asio::use_awaitable);
    co_await group.async_join(asio::use_awaitable);
}

asio::awaitable<void> a_task(
    asioctx::context, asioctx::task_group& group, asio::steady_timer& timer)
{
    group.spawn(timer.async_wait(asio::use_awaitable));
    group.spawn(timer.async_wait(asio::deferred));
    group.spawn([&]() -> asio::awaitable<void>
        { co_await timer.async_wait(asio::use_awaitable); });
    co_return;
}

void a_whole_coroutine(asioctx::context const& ctx, asio::steady_timer& timer)
{
    asio::co_spawn(
        timer.get_executor(),
        timer.async_wait(asio::use_awaitable),
        asioctx::bind_context(ctx, asio::detached));
    asio::co_spawn(
        timer.get_executor(),
        [&]() -> asio::awaitable<void>
        { co_await timer.async_wait(asio::use_awaitable); },
        asioctx::bind_context(ctx, asio::detached));
}

void bound_later(asioctx::context const& ctx, asio::steady_timer& timer)
{
    auto operation = timer.async_wait(asio::deferred);
    std::move(operation)(asioctx::bind_context(ctx, [](error_code) {}));
    timer.async_wait(asio::deferred)(
        asioctx::bind_context(ctx, [](error_code) {}));
}

asio::awaitable<void> beside_a_wait(
    asioctx::context ctx, asio::steady_timer& timer)
{
    using namespace asio::experimental::awaitable_operators;
    co_await (
        timer.async_wait(asio::use_awaitable)
        || ctx.async_wait(asio::use_awaitable));
}

int main_function()
{
    // A root is never done.
    asio::io_context ioc;
    auto const root = asioctx::background(ioc);
    auto const named = asioctx::without_cancel(root);
    asio::steady_timer timer(ioc);
    timer.async_wait([](error_code) {});
    return static_cast<int>(ioc.run());
}

void before_there_is_one(asioctx::context const& root) = delete;

void declared_below(asio::steady_timer& timer, asio::io_context& ioc)
{
    timer.async_wait([](error_code) {});
    auto [ctx, cancel] = asioctx::with_cancel(asioctx::background(ioc));
    timer.async_wait(asioctx::bind_context(ctx, [](error_code) {}));
    ioc.run();
}

void in_another_scope(asio::steady_timer& timer, asioctx::cancel_source& keep)
{
    {
        auto [ctx, cancel] = asioctx::with_cancel(asioctx::background());
        keep = std::move(cancel);
    }
    timer.async_wait([](error_code) {});
}

template <class Token>
auto an_initiating_function(
    asioctx::context ctx, asio::steady_timer& timer, Token&& token)
{
    return timer.async_wait(std::forward<Token>(token));
}

template <class Token>
auto composed(asioctx::context const& ctx, asio::steady_timer& timer, Token&& t)
{
    return asio::async_compose<Token, void(error_code)>(
        [&timer, begun = false](auto& self, error_code ec = {}) mutable
        {
            if (std::exchange(begun, true))
                self.complete(ec);
            else
                timer.async_wait(std::move(self));
        },
        t);
}

struct handler
{
    asioctx::context get_context() const noexcept
    {
        return ctx;
    }

    void operator()(error_code) const
    {
    }

    asioctx::context ctx;
};

void a_handler_with_a_context(
    asioctx::context const& ctx, asio::steady_timer& timer)
{
    timer.async_wait(handler{ctx});
}

asio::awaitable<void> async_own(asioctx::context ctx, int n);

asio::awaitable<void> an_operation_of_ones_own(asioctx::context ctx)
{
    co_await async_own(ctx, 1);
}

// retry() and hedge() bind what the function returns to the attempt's context.
asio::awaitable<void> attempts(asioctx::context ctx, tcp::socket& socket)
{
    char data[64];
    co_await asioctx::retry(
        ctx,
        {.attempt_timeout = 1s},
        [&](asioctx::context)
        {
            socket.close();
            return socket.async_connect({}, asio::deferred);
        },
        asio::use_awaitable);
    co_await asioctx::hedge(
        ctx,
        20ms,
        [&](asioctx::context attempt) -> asio::awaitable<void>
        {
            co_await socket.async_read_some(
                asio::buffer(data), asio::use_awaitable);
            static_cast<void>(attempt);
        },
        asio::use_awaitable);
    co_await asioctx::hedge(
        ctx,
        20ms,
        [&](asioctx::context)
        { return socket.async_read_some(asio::buffer(data), asio::deferred); },
        asio::use_awaitable);
}

// The function may have a name.
asio::awaitable<void> a_named_attempt(
    asioctx::context ctx, asio::steady_timer& timer)
{
    auto const attempt = [&](asioctx::context) -> asio::awaitable<void>
    { co_await timer.async_wait(asio::use_awaitable); };
    co_await asioctx::retry(ctx, {}, attempt, asio::use_awaitable);
}

void a_named_task(
    asioctx::context const&,
    asioctx::task_group& group,
    asio::steady_timer& timer)
{
    auto task = [&]() -> asio::awaitable<void>
    { co_await timer.async_wait(asio::use_awaitable); };
    group.spawn(std::move(task));
}

void attempts_with_a_handler(asioctx::context const& ctx, tcp::socket& socket)
{
    asioctx::retry(
        ctx,
        {},
        [&socket](asioctx::context)
        { return socket.async_connect({}, asio::deferred); },
        [](error_code) {});
}

template <class Stream>
asio::awaitable<void> attempts_in_a_template(
    asioctx::context ctx, Stream& stream)
{
    char data[64];
    co_await asioctx::retry(
        ctx,
        {},
        [&](asioctx::context) -> asio::awaitable<void>
        {
            co_await stream.async_read_some(
                asio::buffer(data), asio::use_awaitable);
        },
        asio::use_awaitable);
}

// The clean-up is asked to stop as a whole.
asio::awaitable<void> a_clean_up(
    asioctx::context ctx, asio::steady_timer& timer)
{
    co_await asioctx::with_clean_up(
        ctx,
        1s,
        [&] { return asioctx::async_sleep(ctx, 1s, asio::use_awaitable); },
        [&](asioctx::context) -> asio::awaitable<void>
        { co_await timer.async_wait(asio::use_awaitable); });
}

void below_a_named_root(asio::io_context& ioc, asio::steady_timer& timer)
{
    auto const root = asioctx::with_name(asioctx::background(ioc), "server");
    auto const job = asioctx::with_name(root, "job");
    timer.async_wait([](error_code) {});
    static_cast<void>(job);
}

asio::awaitable<void> what_lets_go(
    asioctx::context ctx, tcp::resolver& resolver)
{
    co_await resolver.async_resolve(
        "localhost", "80", asioctx::detach_on_cancel(ctx, asio::use_awaitable));
    co_await resolver.async_resolve(
        "localhost",
        "80",
        asioctx::detach_on_cancel(ctx)(asio::as_tuple(asio::use_awaitable)));
}

void what_looks_and_what_runs_after(
    asioctx::context const& ctx, asioctx::task_group& group)
{
    static_cast<void>(asioctx::snapshot(ctx));
    asioctx::dump(std::cerr, ctx);
    asioctx::after_func(ctx, [] {}).detach();
    group.async_join([](std::exception_ptr) {});
    ctx.async_wait([](error_code) {});
    asioctx::async_sleep(ctx, 1s, [](error_code) {});
}

struct watched
{
    watched(asio::io_context& ioc, asioctx::context const& root)
        : reporter(asioctx::report_stuck(root, std::clog)), timer(ioc)
    {
    }

    void wait()
    {
        timer.async_wait([](error_code) {});
    }

    asioctx::stuck_reporter reporter;
    asio::steady_timer timer;
};
