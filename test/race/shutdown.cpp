//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Execution contexts that are destroyed beside cancel(), with operations
// pending whose handlers have every kind of executor. Each handler is called
// once or destroyed once, and nothing that is gone is touched.

#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>

#include "support/executors.hpp"
#include "support/local_pair.hpp"

using namespace race;
using namespace std::chrono_literals;
using stream_protocol = asioctx::test::local_stream;

namespace {

enum class pending
{
    wait,
    read_some,
    read,
};

// Two io_contexts, of which nobody runs either while they are destroyed.
struct contexts
{
    // That of the I/O objects goes first: operations there count as work here.
    asio::thread_pool pool{1};
    asio::io_context other{1};
    asio::io_context ioc{1};

    // All have roots before there is a strand.
    asioctx::context root = asioctx::background(ioc);
    asioctx::context other_root = asioctx::background(other);
    asioctx::context pool_root = asioctx::background(pool);
};

// I/O objects on the first.
struct objects
{
    explicit objects(asio::io_context& c) : timer(c), in(c), out(c)
    {
        asioctx::test::connect_pair(in, out);
    }

    asio::steady_timer timer;
    stream_protocol::socket in;
    stream_protocol::socket out;
    std::array<char, 4> data;
};

// Some operations are pending; their tokens are what make_token returns. The
// objects and then the execution contexts are destroyed beside cancel().
template <class MakeToken>
void destroy_beside_cancel(unsigned seed, bool may_have_steps, MakeToken make)
{
    std::minstd_rand random(seed);
    auto const below = [&](unsigned n)
    {
        return static_cast<unsigned>(random() >> 8) % n;
    };
    auto const what = static_cast<pending>(below(may_have_steps ? 3 : 2));
    bool const runs_before = below(2) == 0;
    auto const wait_here = below(300);
    auto const wait_there = below(300);

    constexpr int batch = 4;
    fate fates[batch];
    std::vector<std::future<std::size_t>> results;
    {
        auto c = std::make_unique<contexts>();
        auto source = asioctx::with_cancel(
            below(2)       ? c->root
                : below(2) ? c->other_root
                           : c->pool_root);
        std::vector<std::unique_ptr<objects>> all;
        for (auto& f : fates)
        {
            auto& o = *all.emplace_back(std::make_unique<objects>(c->ioc));
            auto token = asioctx::bind_context(source.ctx, make(*c, f));
            auto const read_some = [&]
            {
                return o.in.async_read_some(
                    asio::buffer(o.data), std::move(token));
            };
            auto const read = [&]
            {
                return asio::async_read(
                    o.in, asio::buffer(o.data), std::move(token));
            };
            if constexpr (!std::is_void_v<decltype(read())>)
            {
                results.push_back(what == pending::read ? read() : read_some());
            }
            else if (what == pending::wait)
            {
                o.timer.expires_after(1h);
                o.timer.async_wait(std::move(token));
            }
            else if (what == pending::read)
                read();
            else
                read_some();
        }

        std::atomic<int> arrived{0};
        auto const arrive = [&]
        {
            ++arrived;
            while (arrived < 2)
                std::this_thread::yield();
        };
        std::thread canceler(
            [&]
            {
                arrive();
                pause(wait_there);
                if (!settings::instance().bare)
                    source.cancel();
            });
        arrive();
        pause(wait_here);
        if (runs_before)
        {
            c->ioc.poll();
            c->other.poll();
        }
        all.clear();
        c.reset();
        canceler.join();
    }
    if (!results.empty())
    {
        for (auto& r : results)
            RACE_CHECK(
                r.wait_for(0s) == std::future_status::ready || runs_before);
        return;
    }
    for (auto const& f : fates)
        RACE_CHECK(f.called + f.destroyed == 1);
}

enum class steps
{
    any,
    one,
};

// A race for handlers on the executor that get() makes.
template <class Get>
void with(int rounds, steps s, Get get)
{
    auto const seed = settings::instance().seed;
    for (int r = 0; r < rounds; ++r)
        destroy_beside_cancel(
            seed + static_cast<unsigned>(r),
            s == steps::any,
            [&](contexts& c, fate& f)
            { return asio::bind_executor(get(c), fate_handler(f)); });
}

void own(int rounds)
{
    with(rounds, steps::any, [](auto& c) { return c.ioc.get_executor(); });
}

void any_own(int rounds)
{
    with(
        rounds,
        steps::any,
        [](auto& c) { return asio::any_io_executor(c.ioc.get_executor()); });
}

void strand(int rounds)
{
    with(rounds, steps::any, [](auto& c) { return asio::make_strand(c.ioc); });
}

void any_strand(int rounds)
{
    with(
        rounds,
        steps::any,
        [](auto& c)
        { return asio::any_io_executor(asio::make_strand(c.ioc)); });
}

void other(int rounds)
{
    with(rounds, steps::any, [](auto& c) { return c.other.get_executor(); });
}

void any_other(int rounds)
{
    with(
        rounds,
        steps::any,
        [](auto& c) { return asio::any_io_executor(c.other.get_executor()); });
}

void other_strand(int rounds)
{
    with(
        rounds, steps::any, [](auto& c) { return asio::make_strand(c.other); });
}

void any_other_strand(int rounds)
{
    with(
        rounds,
        steps::any,
        [](auto& c)
        { return asio::any_io_executor(asio::make_strand(c.other)); });
}

// The pool runs: a step there would meet the object's destruction.
void pool(int rounds)
{
    with(rounds, steps::one, [](auto& c) { return c.pool.get_executor(); });
}

void pool_strand(int rounds)
{
    with(rounds, steps::one, [](auto& c) { return asio::make_strand(c.pool); });
}

void system(int rounds)
{
    with(rounds, steps::any, [](auto&) { return asio::system_executor(); });
}

void future(int rounds)
{
    auto const seed = settings::instance().seed;
    for (int r = 0; r < rounds; ++r)
        destroy_beside_cancel(
            seed + static_cast<unsigned>(r),
            true,
            [](contexts&, fate&) { return asio::use_future; });
}

// Of these nobody can know which execution context has to stay.
void immediate(int rounds)
{
    with(rounds, steps::one, [](auto&) { return immediate_executor(); });
}

void allocating(int rounds)
{
    with(
        rounds,
        steps::one,
        [](auto& c)
        {
            return opaque_executor(
                c.ioc.get_executor(), opaque_executor::manner::allocating);
        });
}

void hidden_strand(int rounds)
{
    with(
        rounds,
        steps::one,
        [](auto& c)
        {
            return opaque_executor(
                asio::make_strand(c.other), opaque_executor::manner::plain);
        });
}

} // namespace

int main(int argc, char** argv)
{
    return main_with_settings(
        argc,
        argv,
        {
#define RACE(name) {#name, 200, name}
            RACE(own),
            RACE(any_own),
            RACE(strand),
            RACE(any_strand),
            RACE(other),
            RACE(any_other),
            RACE(other_strand),
            RACE(any_other_strand),
            RACE(pool),
            RACE(pool_strand),
            RACE(system),
            RACE(future),
            RACE(immediate),
            RACE(allocating),
            RACE(hidden_strand),
        });
}
