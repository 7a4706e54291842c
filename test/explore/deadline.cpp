//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Deadlines, idle timeouts and graces pass while other threads cancel, drop and
// make them. The clock is a manual one, which one thread moves.

#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>

#include <asioctx/testing/manual_clock.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/generic_category.hpp>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <utility>

#include "explore/explore.hpp"

namespace asio = boost::asio;

using namespace asioctx;
using namespace std::chrono_literals;
using explore::check;
using explore::op;
using explore::together;

namespace {

error_code cause(int n)
{
    return {n, boost::system::generic_category()};
}

struct fixture
{
    asio::io_context ioc;
    testing::manual_clock clock{ioc};
    cancelable parent = with_cancel(background(ioc));
};

bool is_late(context const& c)
{
    return c.error() == errc::deadline_exceeded;
}

bool is_canceled(context const& c, int n)
{
    return c.error() == errc::canceled && c.cause() == cause(n);
}

void a_deadline_passes_beside_a_cancel()
{
    fixture f;
    auto c = with_timeout(f.parent.ctx, 1s);
    auto leaf = with_cancel(c.ctx);
    together(
        [&]
        {
            f.clock.advance(1s);
            check(c.ctx.done() && leaf.ctx.done(), "its time has come");
        },
        [&]
        {
            c.cancel.cancel(cause(1));
            check(c.ctx.done() && leaf.ctx.done(), "it is canceled");
        });
    check(is_late(c.ctx) || is_canceled(c.ctx, 1), "for one reason");
    check(leaf.ctx.error() == c.ctx.error(), "and so is the leaf");
}

void a_deadline_passes_beside_the_parents_end()
{
    fixture f;
    auto c = with_timeout(f.parent.ctx, 1s);
    together(
        [&] { f.clock.advance(1s); },
        [&]
        {
            f.parent.cancel.cancel(cause(1));
            check(c.ctx.done(), "it is done with its parent");
        });
    check(is_late(c.ctx) || is_canceled(c.ctx, 1), "for one reason");
    check(is_canceled(f.parent.ctx, 1), "the parent for its own");
}

void a_deadline_passes_beside_the_contexts_end()
{
    fixture f;
    std::optional c(with_timeout(f.parent.ctx, 1s));
    auto other = with_timeout(f.parent.ctx, 1s);
    together([&] { f.clock.advance(1s); }, [&] { c.reset(); });
    check(is_late(other.ctx), "the other's time has come");
}

// Nothing cancels what goes.
void a_deadline_passes_beside_the_last_handles_end()
{
    fixture f;
    std::optional c(with_timeout(f.parent.ctx, 1s));
    c->cancel.detach();
    together(
        [&] { f.clock.advance(1s); },
        [&] { c.reset(); },
        [&] { f.parent.cancel.cancel(cause(1)); });
}

void deadlines_are_made_beside_their_time()
{
    fixture f;
    std::optional<cancelable> a;
    std::optional<cancelable> b;
    together(
        [&] { f.clock.advance(1s); },
        [&]
        {
            a = with_timeout(f.parent.ctx, 1s);
            b = with_timeout(a->ctx, 500ms);
        });
    f.clock.advance(1s);
    check(is_late(a->ctx) && is_late(b->ctx), "their time has come");
}

void a_deadline_is_made_beside_the_parents_end()
{
    fixture f;
    std::optional<cancelable> c;
    together(
        [&] { f.parent.cancel.cancel(cause(1)); },
        [&] { c = with_timeout(f.parent.ctx, 1s); });
    check(is_canceled(c->ctx, 1), "it is done with its parent");
    f.clock.advance(1s);
    check(is_canceled(c->ctx, 1), "and stays so");
}

void deadlines_are_made_and_dropped_by_two()
{
    fixture f;
    std::optional<cancelable> kept;
    together(
        [&]
        {
            auto const c = with_timeout(f.parent.ctx, 1s);
            check(!c.ctx.done(), "it is live");
        },
        [&] { kept = with_timeout(f.parent.ctx, 1s); });
    check(!kept->ctx.done(), "it is live");
    f.clock.advance(1s);
    check(is_late(kept->ctx), "its time has come");
}

void a_grace_begins_beside_a_cancel()
{
    fixture f;
    auto c = with_grace(f.parent.ctx, 1s);
    together(
        [&] { f.parent.cancel.cancel(cause(1)); },
        [&]
        {
            c.cancel.cancel(cause(2));
            check(c.ctx.done(), "it is canceled");
        });
    check(is_canceled(c.ctx, 2), "it was live until then");
    f.clock.advance(1s);
    check(is_canceled(c.ctx, 2), "and stays so");
}

void a_grace_is_made_beside_the_parents_end()
{
    fixture f;
    std::optional<cancelable> c;
    together(
        [&] { f.parent.cancel.cancel(cause(1)); },
        [&]
        {
            c = with_grace(f.parent.ctx, 1s);
            check(!c->ctx.done(), "it is live");
        });
    check(!c->ctx.done(), "until its time has come");
    f.clock.advance(1s);
    check(is_canceled(c->ctx, 1), "with the parent's cause");
}

void a_grace_begins_beside_time_and_the_contexts_end()
{
    fixture f;
    std::optional c(with_grace(f.parent.ctx, 1s));
    together(
        [&] { f.parent.cancel.cancel(cause(1)); },
        [&] { f.clock.advance(1s); },
        [&] { c.reset(); });
}

void a_grace_ends_beside_its_begin()
{
    fixture f;
    auto c = with_grace(f.parent.ctx, 1s);
    auto leaf = with_cancel(c.ctx);
    together(
        [&] { f.parent.cancel.cancel(cause(1)); },
        [&] { f.clock.advance(1s); });
    f.clock.advance(1s);
    check(is_canceled(c.ctx, 1) && is_canceled(leaf.ctx, 1), "it has ended");
}

// Who touches before the time has come is heard.
void two_touch_beside_expiry()
{
    fixture f;
    auto c = with_idle_timeout(f.parent.ctx, 2s);
    explore::atomic<bool> touched{false};
    f.clock.advance(1s);
    together(
        [&] { c.idle.touch(); },
        [&]
        {
            c.idle.touch();
            touched.store(true, std::memory_order_release);
        },
        [&]
        {
            bool const early = touched.load(std::memory_order_acquire);
            f.clock.advance(1s);
            check(!early || !c.ctx.done(), "it was touched");
        });
    f.clock.advance(2s);
    check(is_late(c.ctx), "its time has come");
}

void an_idle_context_is_touched_canceled_and_late()
{
    fixture f;
    auto c = with_idle_timeout(f.parent.ctx, 1s);
    together(
        [&] { c.idle.touch(); },
        [&] { f.clock.advance(1s); },
        [&]
        {
            f.parent.cancel.cancel(cause(1));
            check(c.ctx.done(), "it is done with its parent");
        });
    check(is_late(c.ctx) || is_canceled(c.ctx, 1), "for one reason");
}

// The clock of the system: what is armed counts as work for a moment at most.
void the_timer_is_armed_beside_poll()
{
    asio::io_context ioc;
    auto parent = with_cancel(background(ioc));
    auto work = asio::make_work_guard(ioc);
    std::optional<cancelable> a;
    std::optional<cancelable> b;
    together(
        [&] { ioc.poll(); },
        [&]
        {
            a = with_timeout(parent.ctx, 2h);
            b = with_timeout(parent.ctx, 1h);
        });
    work.reset();
    ioc.poll();
    check(ioc.stopped(), "time is no work");
    ioc.restart();
    asio::post(ioc, [] {});
    check(ioc.poll() == 1 && ioc.stopped(), "but what is posted is");
}

// Who comes second finds that another is about to arm it.
void the_timer_is_armed_by_two()
{
    asio::io_context ioc;
    auto parent = with_cancel(background(ioc));
    auto work = asio::make_work_guard(ioc);
    std::optional<cancelable> a;
    std::optional<cancelable> b;
    together(
        [&] { a = with_timeout(parent.ctx, 2h); },
        [&] { b = with_timeout(parent.ctx, 1h); });
    work.reset();
    ioc.poll();
    check(ioc.stopped(), "time is no work");
}

void the_timer_is_armed_beside_the_shutdown()
{
    std::optional<asio::io_context> ioc(std::in_place);
    auto parent = with_cancel(background(*ioc));
    std::optional<cancelable> c;
    together(
        [&] { ioc.reset(); },
        [&]
        {
            try
            {
                c = with_timeout(parent.ctx, 1h);
            }
            catch (std::logic_error const&)
            {
                // It has shut down.
            }
        });
    check(!c || !c->ctx.done(), "nothing passes any more");
}

// A clock that stands.
struct standing_clock
{
    using duration = std::chrono::milliseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<standing_clock>;

    static constexpr bool is_steady = false;

    static time_point now() noexcept
    {
        return {};
    }
};

void a_deadline_of_another_clock_is_put_off_and_canceled()
{
    fixture f;
    auto c = with_deadline(f.parent.ctx, standing_clock::now() + 1h);
    together(
        [&] { f.clock.advance(1s); },
        [&]
        {
            f.parent.cancel.cancel(cause(1));
            check(c.ctx.done(), "it is done with its parent");
        });
    f.clock.advance(1h);
    check(is_canceled(c.ctx, 1), "for that reason");
}

void a_deadline_of_another_clock_is_put_off_and_dropped()
{
    fixture f;
    std::optional c(with_deadline(f.parent.ctx, standing_clock::now() + 1h));
    c->cancel.detach();
    together([&] { f.clock.advance(1s); }, [&] { c.reset(); });
    f.clock.advance(1h);
}

} // namespace

int main(int argc, char** argv)
{
    using namespace explore;
    constexpr std::uint64_t all = ~std::uint64_t{0};
    auto const mutex_is_lost =
        replaced("mutex_is_lost", op::rmw, "sync.hpp", "lock", 0);
    auto const scope_lock_is_lost =
        replaced("scope_lock_is_lost", op::rmw, "scope.hpp", "lock", all ^ 1);
    auto const scope_stays_scheduled = replaced(
        "scope_stays_scheduled",
        op::load,
        "deadline_set.hpp",
        "scheduled",
        0,
        1);
    auto const touch_is_lost =
        miswritten("touch_is_lost", op::rmw, "timed_scopes.hpp", "touch", 0);
    auto const grace_forgets_the_end =
        replaced("grace_forgets_the_end", op::load, "scope.hpp", "done", 0);
    auto const end_is_not_seen =
        replaced("end_is_not_seen", op::rmw, "scope.hpp", "lock", all ^ 2);
    auto const entry_is_released_early = relaxed(
        "entry_is_released_early", op::store, "deadline_set.hpp", "remove");
    return explore::main(
        argc,
        argv,
        {
            {"a_deadline_passes_beside_a_cancel",
             a_deadline_passes_beside_a_cancel,
             {scope_lock_is_lost}},
            {"a_deadline_passes_beside_the_parents_end",
             a_deadline_passes_beside_the_parents_end,
             {mutex_is_lost}},
            {"a_deadline_passes_beside_the_contexts_end",
             a_deadline_passes_beside_the_contexts_end,
             {mutex_is_lost, scope_stays_scheduled}},
            {"a_deadline_passes_beside_the_last_handles_end",
             a_deadline_passes_beside_the_last_handles_end,
             {scope_stays_scheduled,
              entry_is_released_early.of_plain_memory()}},
            {"deadlines_are_made_beside_their_time",
             deadlines_are_made_beside_their_time,
             {mutex_is_lost}},
            {"a_deadline_is_made_beside_the_parents_end",
             a_deadline_is_made_beside_the_parents_end,
             {end_is_not_seen}},
            {"deadlines_are_made_and_dropped_by_two",
             deadlines_are_made_and_dropped_by_two,
             {mutex_is_lost.of_plain_memory()}},
            {"a_grace_begins_beside_a_cancel",
             a_grace_begins_beside_a_cancel,
             {grace_forgets_the_end}},
            {"a_grace_is_made_beside_the_parents_end",
             a_grace_is_made_beside_the_parents_end,
             {end_is_not_seen}},
            {"a_grace_begins_beside_time_and_the_contexts_end",
             a_grace_begins_beside_time_and_the_contexts_end,
             {}},
            {"a_grace_ends_beside_its_begin",
             a_grace_ends_beside_its_begin,
             {}},
            {"two_touch_beside_expiry",
             two_touch_beside_expiry,
             {touch_is_lost}},
            {"an_idle_context_is_touched_canceled_and_late",
             an_idle_context_is_touched_canceled_and_late,
             {}},
            {"the_timer_is_armed_beside_poll",
             the_timer_is_armed_beside_poll,
             {}},
            {"the_timer_is_armed_by_two",
             the_timer_is_armed_by_two,
             {mutex_is_lost.of_plain_memory()}},
            {"the_timer_is_armed_beside_the_shutdown",
             the_timer_is_armed_beside_the_shutdown,
             {mutex_is_lost.of_plain_memory()}},
            {"a_deadline_of_another_clock_is_put_off_and_canceled",
             a_deadline_of_another_clock_is_put_off_and_canceled,
             {mutex_is_lost}},
            {"a_deadline_of_another_clock_is_put_off_and_dropped",
             a_deadline_of_another_clock_is_put_off_and_dropped,
             {mutex_is_lost}},
        });
}
