//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/completion_condition.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "support/bound_fixture.hpp"
#include "support/outcome.hpp"
#include "support/poll_until.hpp"
#include "support/print.hpp"
#include "support/sockets.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

namespace {

using asio::error::operation_aborted;

error_code const no_error;

struct fixture : timers_fixture
{
    // Runs a coroutine to its end.
    void run(asio::awaitable<void> coroutine)
    {
        bool ended = false;
        std::exception_ptr exception;
        asio::co_spawn(ioc, std::move(coroutine),
            [&](std::exception_ptr e)
            {
                exception = std::move(e);
                ended = true;
            });
        poll_until(ioc, [&] { return ended; });
        if (exception)
            std::rethrow_exception(exception);
    }
};

template <class F>
error_code error_of(F f)
{
    try
    {
        f();
        return {};
    }
    catch (boost::system::system_error const& e)
    {
        return e.code();
    }
}

asio::awaitable<int> wait_and_return(asio::steady_timer& timer, int n)
{
    co_await timer.async_wait(asio::use_awaitable);
    co_return n;
}

asio::awaitable<void> wait_for(asio::steady_timer& timer)
{
    co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<int> throw_lost(asio::steady_timer& timer)
{
    co_await timer.async_wait(asio::use_awaitable);
    throw std::runtime_error("lost");
}

// A coroutine that makes the best of being canceled.
asio::awaitable<int> survive(asio::steady_timer& timer)
{
    try
    {
        co_await timer.async_wait(asio::use_awaitable);
    }
    catch (boost::system::system_error const& e)
    {
        BOOST_TEST(e.code() == operation_aborted);
        co_return 42;
    }
    co_return 0;
}

// An operation that is given what makes a coroutine, as co_spawn is, and waits for
// a timer.
struct timer_before_coroutine
{
    using executor_type = asio::steady_timer::executor_type;

    executor_type get_executor() const noexcept
    {
        return timer->get_executor();
    }

    template <class Handler, class F>
    void operator()(Handler&& handler, F&&) const
    {
        timer->async_wait(std::forward<Handler>(handler));
    }

    asio::steady_timer* timer;
};

// A coroutine is started by a function that is posted, or dispatched to a
// strand: what asks it to stop may come before that.
struct beginning_fixture : fixture
{
    // Says that it has begun.
    asio::awaitable<int> body()
    {
        begun = true;
        co_return 42;
    }

    asio::awaitable<void> body_without_result()
    {
        begun = true;
        co_return;
    }

    bool begun = false;
    outcome o;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(test_bind_coroutines, fixture)

// Tokens.

BOOST_AUTO_TEST_CASE(use_awaitable_throws_the_context_s_error)
{
    auto const body = [&]() -> asio::awaitable<void>
    {
        co_await expired.async_wait(bind_context(c.ctx, asio::use_awaitable));
        cancel_later(c.cancel);
        error_code ec;
        try
        {
            co_await never.async_wait(
                bind_context(c.ctx, asio::use_awaitable));
        }
        catch (boost::system::system_error const& e)
        {
            ec = e.code();
        }
        BOOST_TEST(ec == errc::canceled);
    };
    run(body());
}

BOOST_AUTO_TEST_CASE(use_awaitable_works_on_a_done_context)
{
    c.cancel();
    auto const body = [&]() -> asio::awaitable<void>
    { co_await never.async_wait(bind_context(c.ctx, asio::use_awaitable)); };
    BOOST_TEST(error_of([&] { run(body()); }) == errc::canceled);
}

BOOST_AUTO_TEST_CASE(an_awaitable_may_be_stored)
{
    auto waiting = [&]
    {
        auto const binder = bind_context(c.ctx, asio::use_awaitable);
        return never.async_wait(binder);
    }();
    auto const body = [&]() -> asio::awaitable<void>
    { co_await std::move(waiting); };
    cancel_later(c.cancel);
    BOOST_TEST(error_of([&] { run(body()); }) == errc::canceled);
}

BOOST_AUTO_TEST_CASE(deferred_may_be_awaited)
{
    auto const body = [&]() -> asio::awaitable<void>
    { co_await never.async_wait(bind_context(c.ctx, asio::deferred)); };
    cancel_later(c.cancel);
    BOOST_TEST(error_of([&] { run(body()); }) == errc::canceled);
}

BOOST_AUTO_TEST_CASE(as_tuple_delivers_the_context_s_error)
{
    auto const body = [&]() -> asio::awaitable<void>
    {
        stream_pair pair(ioc);
        char byte;
        cancel_later(c.cancel);
        auto const canceled =
            co_await pair.socket.async_read_some(asio::buffer(&byte, 1),
                bind_context(c.ctx, asio::as_tuple(asio::use_awaitable)));
        BOOST_TEST(std::get<0>(canceled) == errc::canceled);
        auto const not_started =
            co_await pair.socket.async_read_some(asio::buffer(&byte, 1),
                bind_context(c.ctx, asio::as_tuple(asio::use_awaitable)));
        BOOST_TEST(std::get<0>(not_started) == errc::canceled);
        BOOST_TEST(std::get<1>(not_started) == 0);
    };
    run(body());
}

BOOST_AUTO_TEST_CASE(redirect_error_delivers_the_context_s_error)
{
    auto const body = [&]() -> asio::awaitable<void>
    {
        error_code canceled;
        error_code not_started;
        cancel_later(c.cancel);
        co_await never.async_wait(bind_context(
            c.ctx, asio::redirect_error(asio::use_awaitable, canceled)));
        BOOST_TEST(canceled == errc::canceled);
        co_await never.async_wait(bind_context(
            c.ctx, asio::redirect_error(asio::use_awaitable, not_started)));
        BOOST_TEST(not_started == errc::canceled);
    };
    run(body());
}

// NOLINTBEGIN(asioctx-binder-not-outermost): what it shows
BOOST_AUTO_TEST_CASE(as_tuple_delivers_the_context_s_error_from_outside_too)
{
    auto const body = [&]() -> asio::awaitable<void>
    {
        cancel_later(c.cancel);
        auto const [canceled] = co_await never.async_wait(
            asio::as_tuple(bind_context(c.ctx, asio::use_awaitable)));
        BOOST_TEST(canceled == errc::canceled);
        auto const [done] = co_await never.async_wait(
            asio::as_tuple(bind_context(c.ctx, asio::use_awaitable)));
        BOOST_TEST(done == errc::canceled);
    };
    run(body());
}
// NOLINTEND(asioctx-binder-not-outermost)

// The binder does not see the error.
// NOLINTBEGIN(asioctx-binder-not-outermost): what it shows
BOOST_AUTO_TEST_CASE(redirect_error_takes_the_error_away_from_outside)
{
    auto const body = [&]() -> asio::awaitable<void>
    {
        error_code ec;
        cancel_later(c.cancel);
        co_await never.async_wait(asio::redirect_error(
            bind_context(c.ctx, asio::use_awaitable), ec));
        BOOST_TEST(ec == operation_aborted);
        ec = {};
        co_await never.async_wait(asio::redirect_error(
            bind_context(c.ctx, asio::use_awaitable), ec));
        BOOST_TEST(ec == operation_aborted);
    };
    run(body());
}
// NOLINTEND(asioctx-binder-not-outermost)

// Operators.

BOOST_AUTO_TEST_CASE(awaitable_operators_may_be_used)
{
    using namespace asio::experimental::awaitable_operators;
    auto const body = [&]() -> asio::awaitable<void>
    {
        auto const token = bind_context(c.ctx, asio::use_awaitable);
        auto const won =
            co_await(expired.async_wait(token) || never.async_wait(token));
        BOOST_TEST(won.index() == 0);

        expired.expires_at(asio::steady_timer::time_point());
        co_await(expired.async_wait(token) && expired.async_wait(token));

        cancel_later(c.cancel);
        error_code ec;
        try
        {
            co_await(never.async_wait(token) && never.async_wait(token));
        }
        catch (asio::multiple_exceptions const& e)
        {
            ec = code_of(e.first_exception());
        }
        BOOST_TEST(ec == errc::canceled);
    };
    run(body());
}

BOOST_AUTO_TEST_CASE(awaitable_operators_may_be_bound_as_a_whole)
{
    using namespace asio::experimental::awaitable_operators;
    // Both fail. Such an exception is passed on as it is.
    error_code ec;
    auto const body = [&]() -> asio::awaitable<void>
    {
        co_await(never.async_wait(asio::use_awaitable)
            && never.async_wait(asio::use_awaitable));
    };
    auto f =
        asio::co_spawn(ioc, body(), bind_context(c.ctx, asio::use_future));
    poll();
    c.cancel();
    poll_until(
        ioc, [&] { return f.wait_for(0s) == std::future_status::ready; });
    try
    {
        f.get();
    }
    catch (asio::multiple_exceptions const& e)
    {
        ec = code_of(e.first_exception());
    }
    BOOST_TEST(ec == operation_aborted);
}

// Whole coroutines.

BOOST_AUTO_TEST_CASE(a_coroutine_may_be_bound_as_a_whole)
{
    outcome o;
    outcome value;
    asio::co_spawn(ioc, wait_for(never), bind_context(c.ctx, recorder(o)));
    asio::co_spawn(
        ioc, wait_and_return(never, 1), bind_context(c.ctx, recorder(value)));
    poll();
    BOOST_TEST(o.calls == 0);
    c.cancel();
    until_completed(o);
    until_completed(value);
    BOOST_TEST(o == errc::canceled);
    BOOST_TEST(value == errc::canceled);
}

BOOST_AUTO_TEST_CASE(a_bound_coroutine_returns_what_it_returns)
{
    auto f = asio::co_spawn(ioc, wait_and_return(expired, 42),
        bind_context(c.ctx, asio::use_future));
    auto g = asio::co_spawn(
        ioc, wait_for(expired), bind_context(c.ctx, asio::use_future));
    poll_until(ioc,
        [&]
        {
            return f.wait_for(0s) == std::future_status::ready
                && g.wait_for(0s) == std::future_status::ready;
        });
    BOOST_TEST(f.get() == 42);
    g.get();
}

BOOST_AUTO_TEST_CASE(a_bound_coroutine_throws_what_it_throws)
{
    auto f = asio::co_spawn(
        ioc, throw_lost(expired), bind_context(c.ctx, asio::use_future));
    poll_until(
        ioc, [&] { return f.wait_for(0s) == std::future_status::ready; });
    BOOST_CHECK_THROW(f.get(), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(a_bound_coroutine_may_survive)
{
    auto f = asio::co_spawn(
        ioc, survive(never), bind_context(c.ctx, asio::use_future));
    poll();
    c.cancel();
    poll_until(
        ioc, [&] { return f.wait_for(0s) == std::future_status::ready; });
    BOOST_TEST(f.get() == 42);
}

BOOST_AUTO_TEST_CASE(a_coroutine_on_a_done_context_does_not_begin)
{
    bool begun = false;
    outcome o;
    c.cancel();
    auto const body = [&]() -> asio::awaitable<void>
    {
        begun = true;
        co_return;
    };
    asio::co_spawn(ioc, body, bind_context(c.ctx, recorder(o)));
    BOOST_TEST(o.calls == 0);
    until_completed(o);
    BOOST_TEST(o == errc::canceled);
    BOOST_TEST(!begun);
}

BOOST_FIXTURE_TEST_CASE(
    a_coroutine_whose_context_ends_first_does_not_begin, beginning_fixture)
{
    outcome other;
    outcome third;
    outcome on_strand;
    outcome with_executor;
    asio::co_spawn(ioc, body(), bind_context(c.ctx, recorder(o)));
    asio::co_spawn(
        ioc, body_without_result(), bind_context(c.ctx, recorder(other)));
    asio::co_spawn(
        ioc, [this] { return body(); }, bind_context(c.ctx, recorder(third)));
    asio::co_spawn(asio::make_strand(ioc), body(),
        bind_context(c.ctx, recorder(on_strand)));
    asio::co_spawn(ioc, body(),
        bind_context(
            c.ctx, asio::bind_executor(ioc, recorder(with_executor))));
    c.cancel();
    BOOST_TEST(o.calls == 0);
    for (auto const* each : {&o, &other, &third, &on_strand, &with_executor})
    {
        until_completed(*each);
        BOOST_TEST(*each == errc::canceled);
    }
    BOOST_TEST(!begun);
}

BOOST_FIXTURE_TEST_CASE(
    one_whose_deadline_passes_first_does_not_begin, beginning_fixture)
{
    auto const d = with_timeout(root, 1s);
    asio::co_spawn(ioc, body(), bind_context(d.ctx, recorder(o)));
    clock.advance(1s);
    until_completed(o);
    BOOST_TEST(o == errc::deadline_exceeded);
    BOOST_TEST(!begun);
}

// The request then comes before the coroutine's first step. Before Boost 1.85
// that makes co_spawn itself throw, out of run().
BOOST_FIXTURE_TEST_CASE(
    one_that_is_asked_before_its_first_step_does_not_begin, beginning_fixture)
{
    outcome waiting;
    asio::post(ioc, std::ref(c.cancel));
    asio::co_spawn(ioc, body(), bind_context(c.ctx, recorder(o)));
    asio::co_spawn(
        ioc, wait_for(never), bind_context(c.ctx, recorder(waiting)));
    until_completed(o);
    until_completed(waiting);
    BOOST_TEST(o == errc::canceled);
    BOOST_TEST(waiting == errc::canceled);
    BOOST_TEST(!begun);
}

BOOST_FIXTURE_TEST_CASE(
    one_that_is_asked_through_its_slot_does_not_begin, beginning_fixture)
{
    asio::cancellation_signal signal;
    asio::co_spawn(ioc, body(),
        bind_context(c.ctx,
            asio::bind_cancellation_slot(signal.slot(), recorder(o))));
    signal.emit(asio::cancellation_type::terminal);
    until_completed(o);
    BOOST_TEST(o == operation_aborted);
    BOOST_TEST(!begun);
}

// A coroutine hears terminal requests alone unless it says otherwise.
BOOST_FIXTURE_TEST_CASE(
    one_that_is_asked_for_less_begins, beginning_fixture)
{
    asio::cancellation_signal signal;
    asio::co_spawn(ioc, body(),
        bind_context(c.ctx,
            asio::bind_cancellation_slot(signal.slot(), recorder(o))));
    signal.emit(asio::cancellation_type::total);
    until_completed(o);
    BOOST_TEST(o == no_error);
    BOOST_TEST(begun);
}

// It was asked for what it does not hear, and then for what it does.
BOOST_FIXTURE_TEST_CASE(
    one_that_has_begun_is_asked_as_ever, beginning_fixture)
{
    asio::cancellation_signal signal;
    auto const waits = [this]() -> asio::awaitable<void>
    {
        begun = true;
        co_await never.async_wait(asio::use_awaitable);
    };
    asio::co_spawn(ioc, waits,
        bind_context(c.ctx,
            asio::bind_cancellation_slot(signal.slot(), recorder(o))));
    signal.emit(asio::cancellation_type::total);
    poll();
    BOOST_TEST(begun);
    BOOST_TEST(o.calls == 0);
    c.cancel();
    until_completed(o);
    BOOST_TEST(o == errc::canceled);
}

// A context that asks for less ends a coroutine that has not begun, as it does
// if it was done before.
BOOST_FIXTURE_TEST_CASE(
    a_context_that_asks_for_less_keeps_it_from_beginning, beginning_fixture)
{
    asio::co_spawn(ioc, body(),
        bind_context(
            c.ctx, asio::cancellation_type::total, recorder(o)));
    c.cancel();
    until_completed(o);
    BOOST_TEST(o == errc::canceled);
    BOOST_TEST(!begun);
}

// What was bound twice is asked by both.
BOOST_FIXTURE_TEST_CASE(
    a_coroutine_that_is_bound_twice_does_not_begin, beginning_fixture)
{
    outcome inner;
    auto const d = with_cancel(root);
    auto const e = with_cancel(root);
    asio::co_spawn(ioc, body(),
        bind_context(d.ctx, bind_context(c.ctx, recorder(o))));
    asio::co_spawn(ioc, body(),
        bind_context(c.ctx, bind_context(e.ctx, recorder(inner))));
    c.cancel();
    until_completed(o);
    until_completed(inner);
    BOOST_TEST(o == errc::canceled);
    BOOST_TEST(inner == errc::canceled);
    BOOST_TEST(!begun);
}

BOOST_FIXTURE_TEST_CASE(
    what_keeps_a_coroutine_for_later_is_asked, beginning_fixture)
{
    auto token = bind_context(c.ctx, recorder(o));
    asio::async_initiate<decltype(token), void(error_code)>(
        timer_before_coroutine{&never}, token, [this] { return body(); });
    poll();
    BOOST_TEST(o.calls == 0);
    c.cancel();
    until_completed(o);
    BOOST_TEST(o == errc::canceled);
}

BOOST_FIXTURE_TEST_CASE(
    a_coroutine_of_a_coroutine_does_not_begin, beginning_fixture)
{
    error_code ec;
    auto const strand = asio::make_strand(ioc);
    auto const outer = [&]() -> asio::awaitable<void>
    {
        // Posted, and so before what is dispatched to the strand.
        asio::post(strand, std::ref(c.cancel));
        try
        {
            co_await asio::co_spawn(
                strand, body(), bind_context(c.ctx, asio::use_awaitable));
        }
        catch (boost::system::system_error const& e)
        {
            ec = e.code();
        }
    };
    run(outer());
    BOOST_TEST(ec == errc::canceled);
    BOOST_TEST(!begun);
}

BOOST_AUTO_TEST_CASE(a_coroutine_on_a_strand_is_asked_on_it)
{
    outcome o;
    auto const strand = asio::make_strand(ioc);
    asio::co_spawn(
        strand, wait_for(never), bind_context(c.ctx, recorder(o)));
    poll();
    c.cancel();
    until_completed(o);
    BOOST_TEST(o == errc::canceled);
}

// Asio loses the handler of a coroutine that is asked before it was suspended,
// and throws out of run().
BOOST_FIXTURE_TEST_CASE(
    a_coroutine_may_cancel_itself_and_return, beginning_fixture)
{
    std::exception_ptr thrown;
    outcome by_slot;
    asio::cancellation_signal signal;
    auto const cancel_and_return = [&]() -> asio::awaitable<void>
    {
        c.cancel();
        co_return;
    };
    auto const d = with_cancel(root);
    auto const cancel_and_throw = [&]() -> asio::awaitable<int>
    {
        d.cancel();
        throw std::runtime_error("lost");
        co_return 0;
    };
    auto const emit_and_return = [&]() -> asio::awaitable<void>
    {
        signal.emit(asio::cancellation_type::terminal);
        co_return;
    };
    asio::co_spawn(ioc, emit_and_return,
        bind_context(root,
            asio::bind_cancellation_slot(signal.slot(), recorder(by_slot))));
    until_completed(by_slot);
    BOOST_TEST(by_slot == no_error);
    asio::co_spawn(
        ioc, cancel_and_return, bind_context(c.ctx, recorder(o)));
    until_completed(o);
    BOOST_TEST(o == no_error);
    asio::co_spawn(ioc, cancel_and_throw,
        bind_context(d.ctx, [&](std::exception_ptr e, int) { thrown = e; }));
    poll();
    BOOST_REQUIRE(thrown);
    BOOST_CHECK_THROW(std::rethrow_exception(thrown), std::runtime_error);
}

BOOST_FIXTURE_TEST_CASE(
    a_coroutine_that_cancels_itself_and_waits_is_asked, beginning_fixture)
{
    auto const body = [&]() -> asio::awaitable<void>
    {
        c.cancel();
        co_await never.async_wait(asio::use_awaitable);
    };
    asio::co_spawn(ioc, body, bind_context(c.ctx, recorder(o)));
    until_completed(o);
    BOOST_TEST(o == errc::canceled);
}

// Its handler's executor is not where it runs.
BOOST_FIXTURE_TEST_CASE(
    a_coroutine_is_asked_where_it_was_spawned, beginning_fixture)
{
    asio::io_context elsewhere;
    auto const work = asio::make_work_guard(elsewhere);
    asio::co_spawn(ioc, wait_for(never),
        bind_context(c.ctx, asio::bind_executor(elsewhere, recorder(o))));
    poll();
    c.cancel();
    elsewhere.poll();
    BOOST_TEST(never.cancel() == 1);
    poll();
    BOOST_TEST(o.calls == 0);
    elsewhere.poll();
    BOOST_TEST(o.calls == 1);
}

BOOST_AUTO_TEST_CASE(a_coroutine_s_parent_is_heard_through_its_binder)
{
    outcome o;
    auto const d = with_cancel(root);
    auto const body = [&]() -> asio::awaitable<void>
    { co_await never.async_wait(bind_context(d.ctx, asio::use_awaitable)); };
    asio::co_spawn(ioc, body, bind_context(c.ctx, recorder(o)));
    poll();
    c.cancel();
    until_completed(o);
    // The inner operation was not aborted by its own context.
    BOOST_TEST(o == errc::canceled);
}

// Default tokens.

BOOST_AUTO_TEST_CASE(without_a_default_token_an_operation_may_be_awaited)
{
    auto const body = [&]() -> asio::awaitable<void>
    { co_await never.async_wait(bind_context(c.ctx)); };
    cancel_later(c.cancel);
    BOOST_TEST(error_of([&] { run(body()); }) == errc::canceled);
}

BOOST_AUTO_TEST_CASE(without_a_token_the_default_one_is_used)
{
    using timer_type =
        asio::use_awaitable_t<>::as_default_on_t<asio::steady_timer>;
    timer_type timer(ioc, asio::steady_timer::time_point::max());
    auto const body = [&]() -> asio::awaitable<void>
    {
        static_assert(
            std::is_same_v<decltype(timer.async_wait(bind_context(c.ctx))),
                asio::awaitable<void>>);
        co_await timer.async_wait(bind_context(c.ctx));
    };
    cancel_later(c.cancel);
    BOOST_TEST(error_of([&] { run(body()); }) == errc::canceled);
}

BOOST_AUTO_TEST_CASE(the_default_token_may_be_an_adapter)
{
    using token = asio::as_tuple_t<asio::use_awaitable_t<>>;
    using socket_type = token::as_default_on_t<asio::ip::tcp::socket>;
    tcp_pair pair(ioc);
    socket_type socket(std::move(pair.socket));
    auto const body = [&]() -> asio::awaitable<void>
    {
        std::array<char, 2> buffer;
        asio::write(pair.peer, asio::buffer("a", 1));
        auto const [e1, n1] = co_await socket.async_read_some(
            asio::buffer(buffer), bind_context(c.ctx));
        BOOST_TEST(e1 == no_error);
        BOOST_TEST(n1 == 1);
        cancel_later(c.cancel);
        auto const [e2, n2] = co_await asio::async_read(socket,
            asio::buffer(buffer), asio::transfer_all(), bind_context(c.ctx));
        BOOST_TEST(e2 == errc::canceled);
        BOOST_TEST(n2 == 0);
    };
    run(body());
}

// It has heard the request and goes on: what it waits for then is its clean-up.
BOOST_AUTO_TEST_CASE(a_coroutine_that_resets_its_state_is_left_alone)
{
    auto source = with_cancel(root);
    outcome o;
    bool cleaned_up = false;
    auto const coroutine = [&]() -> asio::awaitable<void>
    {
        co_await asio::this_coro::throw_if_cancelled(false);
        asio::steady_timer timer(ioc, 1h);
        auto [ec] =
            co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
        BOOST_TEST(ec == operation_aborted);
        co_await asio::this_coro::reset_cancellation_state(
            asio::enable_total_cancellation());
        for (int i = 0; i < 3; ++i)
        {
            timer.expires_after(0h);
            auto [again] =
                co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
            BOOST_TEST(!again);
        }
        cleaned_up = true;
    };
    asio::co_spawn(ioc, coroutine, bind_context(source.ctx, recorder(o)));
    cancel_later(source.cancel);
    until_completed(o);
    BOOST_TEST(cleaned_up);
    BOOST_TEST(o == error_code());
}

BOOST_AUTO_TEST_SUITE_END()
