//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// An end of a context asks an operation once, on however many ways it comes: what
// follows is the operation's clean-up. Other ends, and others, may ask again.

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/context_key.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/merge.hpp>
#include <asioctx/value.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <ostream>
#include <thread>
#include <utility>

#include "support/bound_fixture.hpp"
#include "support/outcome.hpp"
#include "support/print.hpp"
#include "support/probe.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

namespace {

using asio::cancellation_type;

// Waits until it is asked, then cleans up, which is to wait as well.
struct cleans_up
{
    enum class state
    {
        waiting,
        cleaning_up,
        cleaned_up,
        stopped,
    };

    friend std::ostream& operator<<(std::ostream& os, state s)
    {
        return os << static_cast<int>(s);
    }

    struct shared
    {
        asio::steady_timer work;
        asio::steady_timer clean_up;
        state now = state::waiting;
        asio::cancellation_type_t heard = cancellation_type::none;
        asio::cancellation_type_t stops_clean_up = cancellation_type::all;
    };

    shared& s;

    template <class Self>
    void operator()(Self& self)
    {
        s.work.async_wait(std::move(self));
    }

    template <class Self>
    void operator()(Self& self, error_code ec)
    {
        s.heard = self.cancelled();
        if (s.now == state::waiting)
        {
            s.now = state::cleaning_up;
            self.reset_cancellation_state(
                [stops = s.stops_clean_up](asio::cancellation_type_t t)
                { return t & stops; });
            return s.clean_up.async_wait(std::move(self));
        }
        s.now = s.heard == cancellation_type::none ? state::cleaned_up
                                                   : state::stopped;
        self.complete(ec);
    }
};

struct fixture : bound_fixture
{
    using state = cleans_up::state;
    static constexpr auto never = asio::steady_timer::time_point::max();

    cancelable parent = with_cancel(root);
    std::optional<cleans_up::shared> op;
    std::optional<outcome> o;

    template <class Token>
    auto start(Token&& token)
    {
        op.emplace(cleans_up::shared{
            asio::steady_timer(ioc, never), asio::steady_timer(ioc, never)});
        return asio::async_compose<Token, void(error_code)>(
            cleans_up{*op}, token, ioc);
    }

    // When a context ends, another thread runs what is ready: after what waits for
    // that end by now has been notified, and before the rest is, as that which waits
    // for a context below.
    void cancel_in_two(context const& ctx, std::function<void()> cancel)
    {
        outcome asked;
        probe<> between;
        between.when_asked = [&](auto)
        { std::thread([&] { poll(); }).join(); };
        between.start(bind_context(ctx, recorder(asked)));
        cancel();
        poll();
        BOOST_TEST(between.requests.size() == 1);
        between.complete(asio::error::operation_aborted);
    }

    // The operation cleans up, and does so to its end.
    void expect_cleaned_up()
    {
        BOOST_TEST(op->now == state::cleaning_up);
        op->clean_up.cancel();
        poll();
        BOOST_TEST(op->now == state::cleaned_up);
        BOOST_TEST(o->calls == 1);
    }

    void expect_stopped()
    {
        poll();
        BOOST_TEST(op->now == state::stopped);
        BOOST_TEST(o->calls == 1);
    }

    // One end begins the clean-up, and another stops it.
    template <class First, class Second>
    void expect_two_ends(First first, Second second)
    {
        first();
        poll();
        BOOST_TEST(op->now == state::cleaning_up);
        BOOST_TEST((op->heard == cancellation_type::terminal));
        second();
        expect_stopped();
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(test_asked_once, fixture)

BOOST_AUTO_TEST_CASE(by_two_contexts_of_one_end)
{
    static constexpr context_key<int> number{"number"};
    auto const with = [&](auto make_child)
    {
        for (bool const child_outside : {true, false})
        {
            parent = with_cancel(root);
            auto child = make_child();
            o.emplace();
            if (child_outside)
                start(bind_context(child, bind_context(parent.ctx, recorder(*o))));
            else
                start(bind_context(parent.ctx, bind_context(child, recorder(*o))));
            cancel_in_two(parent.ctx, [&] { parent.cancel(); });
            expect_cleaned_up();
        }
    };
    std::optional<cancelable> held;
    with([&] { return held.emplace(with_cancel(parent.ctx)).ctx; });
    with([&] { return held.emplace(with_timeout(parent.ctx, 1h)).ctx; });
    with(
        [&]
        {
            return held
                .emplace(with_cancel(with_value(parent.ctx, number, 1)))
                .ctx;
        });
    with([&] { return merge(parent.ctx, root); });
}

BOOST_AUTO_TEST_CASE(by_siblings)
{
    cancelable one = with_cancel(parent.ctx);
    cancelable const two = with_cancel(parent.ctx);
    o.emplace();
    start(bind_context(one.ctx, bind_context(two.ctx, recorder(*o))));
    cancel_in_two(one.ctx, [&] { parent.cancel(); });
    expect_cleaned_up();
}

BOOST_AUTO_TEST_CASE(by_a_deadline)
{
    auto outer = with_timeout(root, 1s);
    auto const inner = with_timeout(outer.ctx, 2s);
    o.emplace();
    start(bind_context(inner.ctx, bind_context(outer.ctx, recorder(*o))));
    cancel_in_two(outer.ctx, [&] { clock.advance(1s); });
    expect_cleaned_up();
}

// The coroutine is asked, and asks the operation, before this is asked itself.
BOOST_AUTO_TEST_CASE(through_a_coroutine)
{
    o.emplace();
    asio::co_spawn(
        ioc,
        [&]() -> asio::awaitable<void>
        {
            co_await asio::post(asio::use_awaitable);
            co_await start(bind_context(parent.ctx, asio::use_awaitable));
        },
        bind_context(parent.ctx, recorder(*o)));
    cancel_in_two(parent.ctx,
        [&]
        {
            poll();
            parent.cancel();
        });
    expect_cleaned_up();
}

// Another end.

BOOST_AUTO_TEST_CASE(the_child_s_own_end_is_another)
{
    for (bool const child_outside : {true, false})
    {
        parent = with_cancel(root);
        auto const child = with_cancel(parent.ctx);
        o.emplace();
        if (child_outside)
            start(bind_context(
                child.ctx, bind_context(parent.ctx, recorder(*o))));
        else
            start(bind_context(
                parent.ctx, bind_context(child.ctx, recorder(*o))));
        expect_two_ends([&] { child.cancel(); }, [&] { parent.cancel(); });
    }
}

BOOST_AUTO_TEST_CASE(it_asks_for_what_it_is_to_ask)
{
    for (bool const child_outside : {true, false})
    {
        parent = with_cancel(root);
        auto const child = with_cancel(parent.ctx);
        o.emplace();
        if (child_outside)
            start(bind_context(child.ctx,
                bind_context(
                    parent.ctx, cancellation_type::total, recorder(*o))));
        else
            start(bind_context(parent.ctx, cancellation_type::total,
                bind_context(child.ctx, recorder(*o))));
        expect_two_ends([&] { child.cancel(); }, [&] { parent.cancel(); });
        BOOST_TEST((op->heard == cancellation_type::total));
    }
}

BOOST_AUTO_TEST_CASE(so_does_the_end_of_a_grace)
{
    auto const graced = with_grace(parent.ctx, 2s);
    o.emplace();
    start(bind_context(graced.ctx, cancellation_type::total,
        bind_context(parent.ctx, recorder(*o))));
    expect_two_ends([&] { parent.cancel(); }, [&] { clock.advance(2s); });
}

BOOST_AUTO_TEST_CASE(a_grace_below_a_merge_ends_by_itself)
{
    auto const other = with_cancel(root);
    auto const merged = merge(root, other.ctx, parent.ctx);
    auto const graced = with_grace(merged, 2s);
    o.emplace();
    start(bind_context(merged, bind_context(graced.ctx, recorder(*o))));
    expect_two_ends([&] { other.cancel(); }, [&] { clock.advance(2s); });
}

BOOST_AUTO_TEST_CASE(so_does_one_that_is_merged)
{
    auto const graced = with_grace(parent.ctx, 2s);
    auto const merged = merge(root, graced.ctx);
    o.emplace();
    start(bind_context(parent.ctx, bind_context(merged, recorder(*o))));
    expect_two_ends([&] { parent.cancel(); }, [&] { clock.advance(2s); });
}

BOOST_AUTO_TEST_CASE(ends_for_equal_reasons_are_two)
{
    cancelable const both[] = {with_cancel(root), with_cancel(root)};
    auto const merged = merge(root, both[0].ctx);
    o.emplace();
    start(bind_context(merged, bind_context(both[1].ctx, recorder(*o))));
    for (auto const& each : both)
    {
        BOOST_TEST(op->now != state::stopped);
        each.cancel();
        poll();
    }
    expect_stopped();
}

// Others.

// It is amid the same end, but not on its way.
BOOST_AUTO_TEST_CASE(who_is_asked_may_ask_for_something_of_its_own)
{
    for (bool const by_context : {true, false})
    {
        parent = with_cancel(root);
        auto const own = with_cancel(root);
        asio::cancellation_signal signal;
        outcome asker_ended;
        probe<> asker;
        o.emplace();
        o->slot = signal.slot();
        start(bind_context(parent.ctx,
            bind_context(own.ctx, cancellation_type::total, recorder(*o))));
        op->stops_clean_up = cancellation_type::total;
        asker.start(bind_context(parent.ctx, recorder(asker_ended)));
        asker.when_asked = [&](auto)
        {
            poll();
            if (by_context)
                own.cancel();
            else
                signal.emit(cancellation_type::total);
        };
        parent.cancel();
        expect_stopped();
        asker.complete(asio::error::operation_aborted);
    }
}

BOOST_AUTO_TEST_CASE(the_error_is_the_context_s_whatever_it_asks_for)
{
    asio::steady_timer timer(ioc, never);
    o.emplace();
    asio::co_spawn(
        ioc,
        [&]() -> asio::awaitable<void>
        {
            co_await timer.async_wait(bind_context(
                parent.ctx, cancellation_type::total, asio::use_awaitable));
        },
        bind_context(parent.ctx, recorder(*o)));
    poll();
    parent.cancel();
    poll();
    BOOST_TEST(*o == errc::canceled);
}

BOOST_AUTO_TEST_CASE(the_handler_s_slot_may_ask_again_for_what_it_asks)
{
    asio::cancellation_signal signal;
    o.emplace();
    o->slot = signal.slot();
    start(bind_context(parent.ctx, recorder(*o)));
    op->stops_clean_up = cancellation_type::total;
    parent.cancel();
    poll();
    BOOST_TEST(op->now == state::cleaning_up);
    signal.emit(cancellation_type::terminal);
    poll();
    BOOST_TEST(op->now == state::cleaning_up);
    signal.emit(cancellation_type::total);
    poll();
    BOOST_TEST(op->now == state::stopped);
    BOOST_TEST((op->heard == cancellation_type::total));
    // The context was the first.
    BOOST_TEST(*o == errc::canceled);
}

BOOST_AUTO_TEST_SUITE_END()
