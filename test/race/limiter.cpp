//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// A limiter that threads use at the same time: however permits come and go, and
// contexts end, there are never more than the limit allows, everybody is told
// once, and is counted once.

#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/limiter.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "support/race.hpp"

namespace asio = boost::asio;

using namespace asioctx;
using std::chrono::microseconds;

namespace {

constexpr int guests = 32;
constexpr int limit = 3;

// What all guests of a round share.
struct house
{
    explicit house(int number)
        : order(
            number % 2 == 0 ? queue_order::oldest_first
                            : queue_order::newest_first),
          pool(3)
    {
        door.emplace(
            background(pool),
            limit,
            limiter_options{.max_queued = 16, .order = order});
    }

    // For the handler of each.
    void told(error_code const& ec, limiter::permit p)
    {
        RACE_CHECK(bool(p) == !ec);
        ++calls;
        if (ec)
        {
            RACE_CHECK(
                ec == errc::canceled || ec == errc::deadline_exceeded
                || ec == overloaded || ec == asio::error::operation_aborted);
            race::count(ec == errc::canceled);
            return;
        }
        RACE_CHECK(++inside <= limit);
        // Released on another thread, perhaps.
        asio::post(
            pool,
            [this, p = std::move(p)]() mutable
            {
                --inside;
                p.release();
            });
    }

    void come(context const& ctx)
    {
        door->async_acquire(
            ctx,
            asio::bind_executor(
                pool.get_executor(),
                [this](error_code const& ec, limiter::permit p)
                { told(ec, std::move(p)); }));
    }

    void check_report() const
    {
        auto const r = door->report();
        RACE_CHECK(r.in_use == 0);
        RACE_CHECK(r.queued == 0);
        RACE_CHECK(
            r.admitted + r.rejected_full + r.rejected_late + r.expired
                + r.canceled
            == 2 * guests);
    }

    queue_order const order;
    std::optional<limiter> door;
    std::atomic<int> calls{0};
    std::atomic<int> inside{0};
    asio::thread_pool pool; // goes first
};

// Two threads acquire, a third cancels, and some are late.
void acquire_and_cancel(int rounds)
{
    for (int i = 0; i < rounds; ++i)
    {
        house h(i);
        auto [ctx, cancel] = with_cancel(background(h.pool));
        auto [late, source] = with_timeout(ctx, microseconds(50));
        auto const come = [&]
        {
            for (int n = 0; n != guests; ++n)
                h.come(n % 3 == 0 ? late : ctx);
        };
        race::together({come, come, std::cref(cancel)});
        h.pool.join();
        RACE_CHECK(h.calls == 2 * guests);
        h.check_report();
    }
}

// Each is canceled alone, while it is being queued or admitted.
void cancel_each(int rounds)
{
    for (int i = 0; i < rounds; ++i)
    {
        house h(i);
        std::vector<cancelable> all;
        for (int n = 0; n != 2 * guests; ++n)
            all.push_back(with_cancel(background(h.pool)));
        race::together(
            {[&]
             {
                 for (auto const& c : all)
                     h.come(c.ctx);
             },
             [&]
             {
                 for (auto const& c : all)
                     c.cancel.cancel();
             }});
        h.pool.join();
        RACE_CHECK(h.calls == 2 * guests);
        h.check_report();
    }
}

// The limiter goes while permits do, or the execution context with all that
// waits.
void go(int rounds)
{
    for (int i = 0; i < rounds; ++i)
    {
        house h(i);
        auto const root = background(h.pool);
        for (int n = 0; n != 2 * guests; ++n)
            h.come(root);
        if (i % 2 == 0)
        {
            h.door.reset();
            h.pool.join();
            RACE_CHECK(h.calls == 2 * guests);
        }
        else
            h.pool.stop();
    }
}

} // namespace

int main(int argc, char** argv)
{
    return race::main(
        argc,
        argv,
        {{"acquire_and_cancel", 1000, acquire_and_cancel},
         {"cancel_each", 1000, cancel_each},
         {"go", 1000, go}});
}
