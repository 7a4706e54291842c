//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Every function of the library without memory, at each of its allocations. It
// throws std::bad_alloc or does what it does. After it has thrown, all is as
// before: what was pending is, nothing else is, each handler is called once or
// destroyed, and the io_context runs out of work. The program never ends.

#include <asioctx.hpp>

#include <asioctx/testing/manual_clock.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/consign.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <atomic>
#include <csignal>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include "support/measuring_allocator.hpp"
#include "support/scarce.hpp"

namespace asio = boost::asio;

using namespace asioctx;
using namespace std::chrono_literals;
using asio::local::stream_protocol;
using scarce::plan;

namespace {

// An io_context with I/O objects, and what became of handlers.
struct world
{
    class handler
    {
    public:
        explicit handler(world& w) noexcept : world_(&w)
        {
            ++w.handlers;
        }

        handler(handler&& other) noexcept
            : world_(std::exchange(other.world_, nullptr))
        {
        }

        ~handler()
        {
            if (world_)
                --world_->handlers;
        }

        template <class... Results>
        void operator()(Results&&...)
        {
            SCARCE_CHECK(world_ != nullptr);
            ++world_->calls;
            --std::exchange(world_, nullptr)->handlers;
        }

    private:
        world* world_;
    };

    world()
    {
        asio::local::connect_pair(in, out);
    }

    // Cancels everything; then no handler is left, and no work.
    void end()
    {
        parent.cancel();
        stop.cancel();
        timer.cancel();
        if (may_not_be_asked)
            in.cancel();
        run();
        pool.join();
        SCARCE_CHECK(handlers == 0);
        SCARCE_CHECK(memory.blocks == 0);
        SCARCE_CHECK(ioc.stopped());
    }

    // An exception for want of memory may come out of run(), and is no reason
    // to end.
    void run()
    {
        ioc.restart();
        for (;;)
        {
            try
            {
                ioc.run();
                return;
            }
            catch (std::bad_alloc const&)
            {
            }
        }
    }

    // Likewise, while memory is scarce.
    void poll()
    {
        ioc.restart();
        for (;;)
        {
            try
            {
                ioc.poll();
                return;
            }
            catch (std::bad_alloc const&)
            {
            }
        }
    }

    std::atomic<int> handlers{0}; // that exist and were not called
    std::atomic<int> calls{0};
    bool may_not_be_asked = false;
    test::memory_use memory; // of handlers that have an allocator
    asio::io_context ioc{1};
    testing::manual_clock clock{ioc};
    context root = background(ioc);
    cancelable parent = with_cancel(root);
    cancelable stop = with_cancel(root); // another
    asio::thread_pool pool{1};
    asio::strand<asio::io_context::executor_type> strand = make_strand(ioc);
    asio::steady_timer timer{ioc, 1h};
    stream_protocol::socket in{ioc};
    stream_protocol::socket out{ioc};
    std::array<char, 4> data{};
};

context_key<int> const key("key");

// A function that makes a context. What it makes is done with its parent.
template <class Derive>
void derive(plan& p, Derive make)
{
    world w;
    using derived = decltype(make(w));
    std::optional<derived> made;
    bool const ok = p.act([&] { made.emplace(make(w)); });
    SCARCE_CHECK(ok == made.has_value());
    SCARCE_CHECK(!w.parent.ctx.done());
    std::ignore = with_cancel(w.parent.ctx); // it still can
    made.reset();
    w.end();
}

void with_cancel_(plan& p)
{
    derive(p, [](world& w) { return with_cancel(w.parent.ctx); });
}

void with_timeout_(plan& p)
{
    derive(p, [](world& w) { return with_timeout(w.parent.ctx, 1s); });
}

void with_idle_timeout_(plan& p)
{
    derive(p, [](world& w) { return with_idle_timeout(w.parent.ctx, 1s); });
}

void with_deadline_by_another_clock(plan& p)
{
    derive(
        p,
        [](world& w) {
            return with_deadline(
                w.parent.ctx, std::chrono::system_clock::now() + 1h);
        });
}

void with_grace_(plan& p)
{
    derive(p, [](world& w) { return with_grace(w.parent.ctx, 0s); });
}

void with_value_(plan& p)
{
    derive(p, [](world& w) { return with_value(w.parent.ctx, key, 1); });
}

void without_cancel_(plan& p)
{
    derive(p, [](world& w) { return without_cancel(w.parent.ctx); });
}

void merge_(plan& p)
{
    derive(p, [](world& w) { return merge(w.parent.ctx, w.stop.ctx); });
}

void with_signals_(plan& p)
{
    derive(p, [](world& w) { return with_signals(w.parent.ctx, {SIGUSR1}); });
}

void with_peer_(plan& p)
{
    derive(p, [](world& w) { return with_peer(w.parent.ctx, w.in); });
}

void with_stop_token_(plan& p)
{
    std::stop_source source;
    derive(
        p,
        [&](world& w)
        { return with_stop_token(w.parent.ctx, source.get_token()); });
}

void get_stop_token_(plan& p)
{
    derive(p, [](world& w) { return get_stop_token(w.parent.ctx); });
}

void with_remote_deadline_(plan& p)
{
    derive(
        p, [](world& w) { return with_remote_deadline(w.parent.ctx, "1S"); });
}

void to_string_(plan& p)
{
    derive(p, [](world& w) { return to_string(w.parent.ctx); });
}

void exception_(plan& p)
{
    derive(
        p,
        [](world& w)
        {
            auto const c = with_cancel(w.parent.ctx);
            c.cancel();
            return c.ctx.exception();
        });
}

void background_(plan& p)
{
    asio::io_context ioc;
    p.act([&] { std::ignore = background(ioc); });
    std::ignore = with_timeout(background(ioc), 0s);
    ioc.run();
}

void background_with_time(plan& p)
{
    asio::io_context time;
    asio::io_context ioc;
    p.act([&] { std::ignore = background(ioc, time); });
    std::ignore = with_timeout(background(ioc, time), 0s);
    ioc.run();
}

// What is done while memory is scarce still, after something has begun.
enum class then
{
    nothing,
    cancel,
    run_and_cancel, // not on a strand, which allocates in a destructor
};

// A function that starts something with a handler. Its context is canceled
// while memory is scarce still, or only later.
template <class Start>
void start(plan& p, Start begin, then next = then::run_and_cancel)
{
    for (auto const t : {then::nothing, next})
    {
        world w;
        bool const ok = p.act([&] { begin(w, w.parent.ctx); });
        // Nothing holds the handler of what has not begun.
        SCARCE_CHECK(ok || w.handlers == 0);
        if (t == then::cancel)
            SCARCE_CHECK(p.act([&] { w.parent.cancel(); }));
        if (t == then::run_and_cancel)
            p.act(
                [&]
                {
                    w.poll();
                    w.parent.cancel();
                    w.poll();
                });
        w.end();
        SCARCE_CHECK(w.calls <= 1);
    }
}

// Operations of one step and of several on an executor.
template <class Get>
void bind(plan& p, Get get, then next = then::run_and_cancel)
{
    start(
        p,
        [&](world& w, context const& ctx)
        {
            w.timer.async_wait(bind_context(
                ctx, asio::bind_executor(get(w), world::handler(w))));
        },
        next);
    start(
        p,
        [&](world& w, context const& ctx)
        {
            asio::async_read(
                w.in,
                asio::buffer(w.data),
                bind_context(
                    ctx, asio::bind_executor(get(w), world::handler(w))));
        },
        next);
}

void bind_own(plan& p)
{
    bind(p, [](world& w) { return w.ioc.get_executor(); });
}

void bind_any(plan& p)
{
    bind(
        p,
        [](world& w) { return asio::any_io_executor(w.ioc.get_executor()); });
}

void bind_strand(plan& p)
{
    bind(
        p, [](world& w) { return asio::make_strand(w.ioc); }, then::cancel);
}

void bind_any_strand(plan& p)
{
    bind(
        p,
        [](world& w) { return asio::any_io_executor(w.strand); },
        then::cancel);
}

// What gives the steps of a composed operation their turns is too large for a
// polymorphic executor. Without memory they have none, and it is not asked.
void bind_any_pool(plan& p)
{
    bind(
        p,
        [](world& w)
        {
            w.may_not_be_asked = true;
            return asio::any_io_executor(w.pool.get_executor());
        },
        then::cancel);
}

void bind_current(plan& p)
{
    bind(p, [](world& w) { return make_current_executor(w.root, w.ioc); });
}

// The polymorphic executor holds one that the library does not know.
void bind_any_current(plan& p)
{
    bind(
        p,
        [](world& w)
        {
            w.may_not_be_asked = true; // as above
            return asio::any_io_executor(make_current_executor(w.root, w.ioc));
        },
        then::cancel);
}

void bind_none(plan& p)
{
    start(
        p,
        [](world& w, context const& ctx)
        { w.timer.async_wait(bind_context(ctx, world::handler(w))); });
}

// Asio gives its memory back through a handler that it has moved from.
void bind_allocator_(plan& p)
{
    start(
        p,
        [](world& w, context const& ctx)
        {
            asio::async_read(
                w.in,
                asio::buffer(w.data),
                bind_context(
                    ctx,
                    asio::bind_allocator(
                        test::measuring_allocator<>(w.memory),
                        world::handler(w))));
        });
}

void bind_when_done(plan& p)
{
    start(
        p,
        [](world& w, context const& ctx)
        {
            w.stop.cancel();
            w.timer.async_wait(bind_context(w.stop.ctx, world::handler(w)));
            std::ignore = ctx;
        });
}

void bind_twice(plan& p)
{
    start(
        p,
        [](world& w, context const& ctx)
        {
            asio::async_read(
                w.in,
                asio::buffer(w.data),
                bind_context(ctx, bind_context(w.stop.ctx, world::handler(w))));
        });
}

// A channel allocates when it is asked to stop.
void bind_channel(plan& p)
{
    start(
        p,
        [](world& w, context const& ctx)
        {
            using channel = asio::experimental::channel<void(error_code, int)>;
            auto const c = std::make_shared<channel>(w.ioc, 1);
            c->async_receive(bind_context(
                ctx,
                [c, h = world::handler(w)](error_code, int) mutable { h(); }));
        },
        then::nothing);
}

// Asio's coroutines end the program if they are not started or resumed for want
// of memory. So it is there but for what asioctx does.
void cancel_coroutine(plan& p)
{
    world w;
    asio::co_spawn(
        w.ioc,
        w.timer.async_wait(asio::use_awaitable),
        bind_context(w.parent.ctx, world::handler(w)));
    w.poll();
    SCARCE_CHECK(p.act([&] { w.parent.cancel(); }));
    w.end();
    SCARCE_CHECK(w.calls == 1);
}

void after_func_(plan& p)
{
    start(
        p,
        [](world& w, context const& ctx)
        { after_func(ctx, world::handler(w)).detach(); });
}

void async_wait_(plan& p)
{
    start(
        p,
        [](world& w, context const& ctx)
        { ctx.async_wait(world::handler(w)); });
}

void async_sleep_(plan& p)
{
    start(
        p,
        [](world& w, context const& ctx)
        { async_sleep(ctx, 1h, world::handler(w)); });
}

void detach_on_cancel_(plan& p)
{
    start(
        p,
        [](world& w, context const& ctx)
        { w.timer.async_wait(detach_on_cancel(ctx, world::handler(w))); });
}

void retry_(plan& p)
{
    start(
        p,
        [](world& w, context const& ctx)
        {
            auto const attempt = [&w](context)
            {
                return w.timer.async_wait(asio::deferred);
            };
            retry(ctx, {}, attempt, world::handler(w));
        });
}

void hedge_(plan& p)
{
    start(
        p,
        [](world& w, context const& ctx)
        {
            auto const attempt = [&w](context)
            {
                return w.timer.async_wait(asio::deferred);
            };
            hedge(ctx, 1h, attempt, world::handler(w));
        });
}

void async_acquire_(plan& p)
{
    start(
        p,
        [](world& w, context const& ctx)
        {
            // Waits until the limiter goes.
            limiter l(w.root, 1);
            auto const permit = l.try_acquire(w.root);
            l.async_acquire(ctx, world::handler(w));
        });
}

// A task that is no coroutine, of which see cancel_coroutine(). It holds a
// handler until it has ended.
auto wait_with(world::handler h, asio::steady_timer& timer)
{
    return
        [h = std::make_shared<world::handler>(std::move(h)), &timer](auto token)
    {
        return timer.async_wait(asio::consign(std::move(token), h));
    };
}

// A group and what it does. It is destroyed without having been joined.
template <class Use>
void use_group(plan& p, Use use)
{
    for (bool const on_strand : {false, true})
    {
        world w;
        auto const ex = on_strand
            ? asio::any_io_executor(asio::make_strand(w.ioc))
            : asio::any_io_executor(w.ioc.get_executor());
        {
            std::optional<task_group> group;
            p.act(
                [&]
                {
                    group.emplace(ex, w.parent.ctx, 1);
                    use(*group, w);
                });
            SCARCE_CHECK(p.act([&] { w.parent.cancel(); }));
        }
        w.end();
    }
}

void group_spawn(plan& p)
{
    use_group(
        p,
        [](task_group& g, world& w)
        {
            for (int i = 0; i < 3; ++i)
                g.spawn(wait_with(world::handler(w), w.timer));
        });
}

void group_try_spawn(plan& p)
{
    use_group(
        p,
        [](task_group& g, world& w)
        {
            for (int i = 0; i < 3; ++i)
                std::ignore =
                    g.try_spawn(wait_with(world::handler(w), w.timer));
        });
}

void group_async_spawn(plan& p)
{
    use_group(
        p,
        [](task_group& g, world& w)
        {
            for (int i = 0; i < 3; ++i)
                g.async_spawn(
                    wait_with(world::handler(w), w.timer), world::handler(w));
        });
}

void group_async_join(plan& p)
{
    use_group(
        p,
        [](task_group& g, world& w)
        {
            g.spawn(wait_with(world::handler(w), w.timer));
            g.async_join(world::handler(w));
        });
}

void group_report(plan& p)
{
    use_group(
        p,
        [](task_group& g, world& w)
        {
            g.spawn(wait_with(world::handler(w), w.timer));
            std::ignore = g.report();
        });
}

// Some of everything waits for a context to be done. To ask for it cannot fail.
struct everything
{
    world w;
    std::optional<cancelable> source;
    int waiting = 0;
    std::optional<task_group> group;
    std::optional<cancelable> grace;
    std::optional<idleable> idle;
    std::optional<context> merged;
    std::optional<cancelable> peer;

    template <class Make>
    explicit everything(Make make)
    {
        source.emplace(make(w));
        auto const& ctx = source->ctx;
        grace.emplace(with_grace(ctx, 1s));
        idle.emplace(with_idle_timeout(ctx, 1h));
        merged.emplace(merge(w.stop.ctx, ctx));
        peer.emplace(with_peer(ctx, w.in));
        auto const handler = [&]
        {
            ++waiting;
            return world::handler(w);
        };
        w.timer.async_wait(bind_context(ctx, handler()));
        w.timer.async_wait(bind_context(*merged, handler()));
        w.timer.async_wait(bind_context(grace->ctx, handler()));
        w.timer.async_wait(bind_context(
            ctx, asio::bind_executor(asio::make_strand(w.ioc), handler())));
        asio::async_read(
            w.in, asio::buffer(w.data), bind_context(ctx, handler()));
        w.timer.async_wait(detach_on_cancel(idle->ctx, handler()));
        after_func(peer->ctx, handler()).detach();
        ctx.async_wait(handler());
        group.emplace(ctx);
        group->spawn([this](auto token)
                     { return w.timer.async_wait(std::move(token)); });
        group->async_join(handler());
        w.poll();
    }

    // Asio destroys a handler for which it has no memory where it runs.
    void end(bool all_are_called)
    {
        group.reset();
        w.clock.advance(1h);
        w.run();
        SCARCE_CHECK(!all_are_called || w.calls == waiting);
        SCARCE_CHECK(w.calls <= waiting);
        w.end();
    }
};

void cancel_(plan& p)
{
    everything e([](world& w) { return with_cancel(w.parent.ctx); });
    SCARCE_CHECK(p.act([&] { e.source->cancel(); }));
    e.end(true);
}

void cancel_and_run(plan& p)
{
    everything e([](world& w) { return with_cancel(w.parent.ctx); });
    p.act(
        [&]
        {
            e.source->cancel();
            e.w.poll();
            e.w.clock.advance(1h);
            e.w.poll();
        });
    e.end(false);
}

void deadline_passes(plan& p)
{
    everything e([](world& w) { return with_timeout(w.parent.ctx, 1s); });
    p.act(
        [&]
        {
            e.w.clock.advance(1s);
            e.w.poll();
            e.w.clock.advance(1h);
            e.w.poll();
        });
    e.end(false);
}

// The steps of a composed operation, to its end.
void read_completes(plan& p)
{
    world w;
    p.act(
        [&]
        {
            asio::async_read(
                w.in,
                asio::buffer(w.data),
                bind_context(w.parent.ctx, world::handler(w)));
            for (int i = 0; i < 4; ++i)
            {
                asio::write(w.out, asio::buffer("x", 1));
                w.poll();
            }
        });
    w.end();
    SCARCE_CHECK(w.calls <= 1);
}

} // namespace

int main(int argc, char** argv)
{
    // A strand that cannot be made is destroyed before it has its members.
    scarce::known = {"create_implementation"};
    return scarce::main(
        argc,
        argv,
        {
#define SCARCE(name) {#name, name}
            SCARCE(background_),
            SCARCE(background_with_time),
            SCARCE(with_cancel_),
            SCARCE(with_timeout_),
            SCARCE(with_idle_timeout_),
            SCARCE(with_deadline_by_another_clock),
            SCARCE(with_grace_),
            SCARCE(with_value_),
            SCARCE(without_cancel_),
            SCARCE(merge_),
            SCARCE(with_signals_),
            SCARCE(with_peer_),
            SCARCE(with_stop_token_),
            SCARCE(get_stop_token_),
            SCARCE(with_remote_deadline_),
            SCARCE(to_string_),
            SCARCE(exception_),
            SCARCE(bind_own),
            SCARCE(bind_any),
            SCARCE(bind_strand),
            SCARCE(bind_any_strand),
            SCARCE(bind_any_pool),
            SCARCE(bind_current),
            SCARCE(bind_any_current),
            SCARCE(bind_none),
            SCARCE(bind_allocator_),
            SCARCE(bind_when_done),
            SCARCE(bind_twice),
            SCARCE(bind_channel),
            SCARCE(cancel_coroutine),
            SCARCE(after_func_),
            SCARCE(async_wait_),
            SCARCE(async_sleep_),
            SCARCE(detach_on_cancel_),
            SCARCE(retry_),
            SCARCE(hedge_),
            SCARCE(async_acquire_),
            SCARCE(group_spawn),
            SCARCE(group_try_spawn),
            SCARCE(group_async_spawn),
            SCARCE(group_async_join),
            SCARCE(group_report),
            SCARCE(cancel_),
            SCARCE(cancel_and_run),
            SCARCE(deadline_passes),
            SCARCE(read_completes),
        });
}
