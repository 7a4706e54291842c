//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Operations without a strand on several threads, canceled from others while
// they are initiated, run, complete or are destroyed: each handler is called
// once, or destroyed once. With the argument 100 about ten million operations are
// canceled.

#include <asioctx.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "support/local_pair.hpp"
#include "support/race.hpp"
#include "support/runner.hpp"

namespace asio = boost::asio;

using namespace asioctx;
using namespace std::chrono_literals;
using stream_protocol = asioctx::test::local_stream;
using race::runner;

namespace {

// What became of handlers: each is called once, or destroyed uncalled.
struct tally
{
    // A handler: counts what becomes of it.
    class handler
    {
    public:
        explicit handler(tally& t) noexcept : tally_(&t)
        {
        }

        handler(handler&& other) noexcept
            : tally_(std::exchange(other.tally_, nullptr))
        {
        }

        ~handler()
        {
            if (tally_)
                ++tally_->destroyed;
        }

        void operator()(error_code ec, std::size_t = 0)
        {
            RACE_CHECK(tally_ != nullptr);
            auto& t = *std::exchange(tally_, nullptr);
            RACE_CHECK(!ec || ec == errc::canceled
                || ec == errc::deadline_exceeded);
            ++(ec ? t.canceled : t.succeeded);
        }

    private:
        tally* tally_;
    };

    // Waits for the rest, and that nothing comes twice.
    void wait_for(int total)
    {
        while (canceled + succeeded + destroyed < total)
            std::this_thread::yield();
        RACE_CHECK(canceled + succeeded + destroyed == total);
        race::count(canceled);
    }

    std::atomic<int> canceled{0};
    std::atomic<int> succeeded{0};
    std::atomic<int> destroyed{0};
};

constexpr int batch = 100;

void waits_are_initiated_completed_and_canceled(int rounds)
{
    asio::io_context ioc;
    runner run(ioc, 2);
    for (int r = 0; r < rounds; ++r)
    {
        auto source = with_cancel(background(ioc));
        std::vector<asio::steady_timer> timers;
        timers.reserve(batch);
        for (int i = 0; i < batch; ++i)
            timers.emplace_back(ioc, i % 4 ? 1h : 0us);
        tally t;
        race::together({[&] { source.cancel(); },
            [&]
            {
                for (auto& timer : timers)
                    timer.async_wait(
                        bind_context(source.ctx, tally::handler(t)));
            }});
        t.wait_for(batch);
    }
}

// An operation of some steps, each of which is run by any thread.
template <class Executor>
struct hops
{
    Executor ex;
    int* steps; // not synchronised: the steps must not meet
    int left = 4;

    template <class Self>
    void operator()(Self& self)
    {
        ++*steps;
        if (self.cancelled() != asio::cancellation_type::none)
            self.complete(asio::error::operation_aborted);
        else if (left-- > 0)
            asio::post(ex, std::move(self));
        else
            self.complete(error_code());
    }
};

template <class Executor>
void hop(asio::io_context& ioc, Executor ex, int rounds)
{
    for (int r = 0; r < rounds; ++r)
    {
        auto source = with_cancel(background(ioc));
        tally t;
        std::vector<int> steps(batch);
        race::together({
            [&] { source.cancel(); },
            [&]
            {
                for (auto& s : steps)
                {
                    auto token = bind_context(source.ctx, tally::handler(t));
                    asio::async_compose<decltype(token), void(error_code)>(
                        hops<Executor>{ex, &s}, token, ex);
                }
            },
        });
        t.wait_for(batch);
    }
}

void composed_operations_on_two_threads(int rounds)
{
    asio::io_context ioc;
    runner run(ioc, 2);
    hop(ioc, ioc.get_executor(), rounds);
}

void composed_operations_on_a_polymorphic_executor(int rounds)
{
    asio::io_context ioc;
    runner run(ioc, 2);
    hop(ioc, asio::any_io_executor(ioc.get_executor()), rounds);
}

void composed_operations_on_a_pool(int rounds)
{
    asio::io_context ioc;
    asio::thread_pool pool(2);
    hop(ioc, pool.get_executor(), rounds);
    pool.join();
}

// An operation of many steps that completes as soon as it is asked to stop.
template <class Handler>
class prompt_op : public std::enable_shared_from_this<prompt_op<Handler>>
{
public:
    explicit prompt_op(Handler h) : handler_(std::move(h))
    {
    }

    void start(asio::any_io_executor const& ex)
    {
        asio::get_associated_cancellation_slot(*handler_).assign(
            [this](asio::cancellation_type) { complete(errc::canceled); });
        step(asio::get_associated_executor(*handler_, ex));
    }

private:
    template <class Executor>
    void step(Executor ex)
    {
        if (left_-- == 0)
            complete(error_code());
        if (handler_)
            asio::post(ex,
                [self = this->shared_from_this(), ex] { self->step(ex); });
    }

    void complete(error_code ec)
    {
        if (auto h = std::exchange(handler_, std::nullopt))
            std::move (*h)(ec);
    }

    std::optional<Handler> handler_;
    int left_ = 20;
};

template <class Token>
void async_prompt(asio::any_io_executor ex, Token&& token)
{
    asio::async_initiate<Token, void(error_code)>(
        [ex]<class Handler>(Handler handler)
        {
            std::make_shared<prompt_op<Handler>>(std::move(handler))
                ->start(ex);
        },
        token);
}

// Who asks the operation for one of the contexts has not the turn of the other.
void operations_bound_twice_complete_when_asked(int rounds)
{
    asio::io_context ioc;
    runner run(ioc, 2);
    for (int r = 0; r < rounds; ++r)
    {
        auto one = with_cancel(background(ioc));
        auto other = with_cancel(background(ioc));
        tally t;
        std::atomic<bool> has_canceled{false};
        race::together({
            [&]
            {
                // Where the operations' steps run, so that they are asked at
                // once.
                asio::post(ioc,
                    [&]
                    {
                        (r % 2 ? one : other).cancel();
                        has_canceled = true;
                    });
            },
            [&]
            {
                for (int i = 0; i < batch; ++i)
                    async_prompt(ioc.get_executor(),
                        bind_context(one.ctx,
                            bind_context(other.ctx, tally::handler(t))));
            },
        });
        t.wait_for(batch);
        while (!has_canceled)
            std::this_thread::yield();
    }
}

// Reads byte by byte, canceled by another thread after any number of them.
template <class Executor, class Token>
void read_under_fire(asio::io_context& ioc, Executor ex, int rounds, Token wait)
{
    using socket = asio::basic_stream_socket<stream_protocol, Executor>;
    socket in(ex);
    socket out(ex);
    asioctx::test::connect_pair(in, out);
    std::array<char, 64> data;
    char const byte = 0;
    for (int r = 0; r < rounds; ++r)
    {
        auto source = with_cancel(background(ioc));
        race::together({
            [&, spins = r % 64]
            {
                for (int i = 0; i < spins; ++i)
                    std::atomic_thread_fence(std::memory_order_seq_cst);
                source.cancel();
            },
            [&]
            {
                for (int i = 0; i < 4; ++i)
                    asio::write(out, asio::buffer(&byte, 1));
            },
            [&] { wait(in, asio::buffer(data, 4), source.ctx); },
        });
        error_code ec;
        in.non_blocking(true);
        while (in.read_some(asio::buffer(data), ec) > 0)
        {
        }
    }
}

// Waits for a read with a tally.
auto const with_handler = [](auto& in, auto buffer, context const& ctx)
{
    tally t;
    asio::async_read(in, buffer, bind_context(ctx, tally::handler(t)));
    t.wait_for(1);
};

auto const with_future = [](auto& in, auto buffer, context const& ctx)
{
    try
    {
        asio::async_read(in, buffer, bind_context(ctx, asio::use_future)).get();
    }
    catch (boost::system::system_error const& e)
    {
        RACE_CHECK(e.code() == errc::canceled);
        race::count(1);
    }
};

void reads_on_two_threads(int rounds)
{
    asio::io_context ioc;
    runner run(ioc, 2);
    read_under_fire(ioc, ioc.get_executor(), rounds, with_handler);
}

void reads_on_a_polymorphic_executor(int rounds)
{
    asio::io_context ioc;
    runner run(ioc, 2);
    read_under_fire(
        ioc, asio::any_io_executor(ioc.get_executor()), rounds, with_handler);
}

void reads_on_a_pool(int rounds)
{
    asio::io_context ioc;
    asio::thread_pool pool(2);
    read_under_fire(ioc, pool.get_executor(), rounds, with_handler);
    pool.join();
}

void reads_with_futures_on_two_threads(int rounds)
{
    asio::io_context ioc;
    runner run(ioc, 2);
    read_under_fire(ioc, asio::any_io_executor(ioc.get_executor()), rounds,
        with_future);
}

asio::awaitable<void> sleeper(context ctx, asio::any_io_executor ex)
{
    for (int i = 0; i < 3; ++i)
        co_await asio::post(ex, bind_context(ctx, asio::use_awaitable));
    asio::steady_timer timer(ex, 1h);
    co_await timer.async_wait(bind_context(ctx, asio::use_awaitable));
}

void coroutines_each_on_a_strand(int rounds)
{
    asio::io_context ioc;
    runner run(ioc, 2);
    for (int r = 0; r < rounds; ++r)
    {
        auto source = with_cancel(background(ioc));
        std::atomic<int> left{batch};
        for (int i = 0; i < batch; ++i)
        {
            auto const strand = asio::make_strand(ioc);
            // By the operation it waits for, or as a whole.
            auto const inner = i % 2 ? source.ctx : background(ioc);
            auto const outer = i % 2 ? background(ioc) : source.ctx;
            asio::co_spawn(strand, sleeper(inner, strand),
                bind_context(outer,
                    [&left](std::exception_ptr e)
                    {
                        try
                        {
                            std::rethrow_exception(e);
                        }
                        catch (boost::system::system_error const& error)
                        {
                            RACE_CHECK(error.code() == errc::canceled);
                        }
                        --left;
                    }));
        }
        source.cancel();
        while (left != 0)
            std::this_thread::yield();
        race::count(batch);
    }
}

void deadlines_pass_beside_cancellations(int rounds)
{
    asio::io_context ioc;
    runner run(ioc, 2);
    for (int r = 0; r < rounds; ++r)
    {
        auto source = with_timeout(background(ioc), r % 50 * 1us);
        std::vector<asio::steady_timer> timers;
        timers.reserve(batch);
        for (int i = 0; i < batch; ++i)
            timers.emplace_back(ioc, i % 4 ? 1h : 0us);
        tally t;
        for (auto& timer : timers)
            timer.async_wait(bind_context(source.ctx, tally::handler(t)));
        race::together(
            {[&] { source.cancel(); }, [&] { source.cancel(); }});
        t.wait_for(batch);
    }
}

void callbacks_are_stopped_and_posted(int rounds)
{
    asio::io_context ioc;
    runner run(ioc, 2);
    for (int r = 0; r < rounds; ++r)
    {
        auto source = with_cancel(background(ioc));
        std::atomic<int> calls{0};
        std::atomic<int> stopped{0};
        std::vector<after_func_registration> callbacks;
        callbacks.reserve(batch);
        for (int i = 0; i < batch; ++i)
            callbacks.push_back(after_func(source.ctx, [&] { ++calls; }));
        auto const stop = [&]
        {
            for (auto& c : callbacks)
                stopped += c.stop();
        };
        race::together({[&] { source.cancel(); }, stop, stop});
        while (calls + stopped < batch)
            std::this_thread::yield();
        RACE_CHECK(calls + stopped == batch);
        race::count(calls);
    }
}

// Each operation is canceled by one thread while another destroys the I/O
// object, and with it perhaps the execution context.
void io_objects_are_destroyed(int rounds)
{
    asio::io_context ioc;
    runner run(ioc, 2);
    for (int r = 0; r < rounds; ++r)
    {
        auto source = with_cancel(background(ioc));
        tally t;
        std::vector<std::unique_ptr<asio::steady_timer>> timers(batch);
        for (auto& timer : timers)
        {
            timer = std::make_unique<asio::steady_timer>(ioc, 0us);
            // The handler is the first that may destroy the I/O object.
            timer->async_wait(bind_context(source.ctx,
                [&timer, h = tally::handler(t)](error_code ec) mutable
                {
                    timer.reset();
                    h(ec);
                }));
        }
        source.cancel();
        t.wait_for(batch);
    }
}

void execution_contexts_are_destroyed(int rounds)
{
    for (int r = 0; r < rounds; ++r)
    {
        tally t;
        std::optional<asio::io_context> ioc(std::in_place);
        std::vector<std::unique_ptr<asio::steady_timer>> timers;
        auto source = with_cancel(background());
        for (int i = 0; i < batch; ++i)
        {
            timers.push_back(std::make_unique<asio::steady_timer>(*ioc, 1h));
            timers.back()->async_wait(
                bind_context(source.ctx, tally::handler(t)));
        }
        auto const callback = after_func(source.ctx,
            asio::bind_executor(ioc->get_executor(), [] {}));
        race::together({
            [&] { source.cancel(); },
            [&]
            {
                ioc->poll();
                timers.clear();
                ioc.reset();
            },
        });
        t.wait_for(batch);
    }
}

void contexts_go_while_they_are_canceled(int rounds)
{
    asio::io_context ioc;
    runner run(ioc, 2);
    for (int r = 0; r < rounds; ++r)
    {
        auto parent = with_cancel(background(ioc));
        tally t;
        std::vector<asio::steady_timer> timers;
        timers.reserve(batch); // a timer must stay where it is
        std::vector<cancelable> children;
        for (int i = 0; i < batch; ++i)
        {
            timers.emplace_back(ioc, 1h);
            children.push_back(with_cancel(parent.ctx));
            timers.back().async_wait(
                bind_context(children.back().ctx, tally::handler(t)));
        }
        race::together({[&] { parent.cancel(); },
            [&] { children.clear(); },
            [&]
            {
                for (int i = 0; i < batch; ++i)
                    std::ignore = with_cancel(parent.ctx);
            }});
        t.wait_for(batch);
    }
}

} // namespace

int main(int argc, char** argv)
{
    return race::main(argc, argv,
        {
#define RACE(name, rounds) {#name, rounds, name}
            RACE(waits_are_initiated_completed_and_canceled, 200),
            RACE(composed_operations_on_two_threads, 200),
            RACE(composed_operations_on_a_polymorphic_executor, 200),
            RACE(composed_operations_on_a_pool, 200),
            RACE(operations_bound_twice_complete_when_asked, 200),
            RACE(reads_on_two_threads, 1000),
            RACE(reads_on_a_polymorphic_executor, 1000),
            RACE(reads_on_a_pool, 1000),
            RACE(reads_with_futures_on_two_threads, 1000),
            RACE(coroutines_each_on_a_strand, 50),
            RACE(deadlines_pass_beside_cancellations, 200),
            RACE(callbacks_are_stopped_and_posted, 200),
            RACE(io_objects_are_destroyed, 200),
            RACE(execution_contexts_are_destroyed, 200),
            RACE(contexts_go_while_they_are_canceled, 200),
        });
}
