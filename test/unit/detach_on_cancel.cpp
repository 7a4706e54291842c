//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/detach_on_cancel.hpp>

#include <asioctx/deadline.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "support/bound_fixture.hpp"
#include "support/outcome.hpp"
#include "support/poll_until.hpp"
#include "support/print.hpp"
#include "support/probe.hpp"
#include "support/silent_dns.hpp"
#include "support/start_operation.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

namespace {

using asio::error::operation_aborted;

error_code const no_error;
error_code const own_error = make_error_code(asio::error::host_not_found);

struct detach_fixture : bound_fixture
{
    template <class Probe>
    void start(Probe& p)
    {
        p.start_on(
            ioc.get_executor(), detach_on_cancel(c.ctx, recorder(o)));
    }

    cancelable const c = with_cancel(root);
    outcome o;
    probe<> op;
};

} // namespace

BOOST_AUTO_TEST_SUITE(test_detach_on_cancel)

BOOST_FIXTURE_TEST_CASE(an_operation_that_ends_first_completes, detach_fixture)
{
    start(op);
    op.complete(own_error);
    BOOST_TEST(o == own_error);
    c.cancel();
    poll();
    BOOST_TEST(o.calls == 1);
}

BOOST_FIXTURE_TEST_CASE(the_context_completes_it_otherwise, detach_fixture)
{
    start(op);
    c.cancel();
    BOOST_TEST(!o.completed());
    poll();
    BOOST_TEST(o == errc::canceled);
    BOOST_TEST(o.handlers == 0);
    BOOST_TEST(op.pending());
}

BOOST_FIXTURE_TEST_CASE(what_comes_later_is_dropped, detach_fixture)
{
    start(op);
    c.cancel();
    poll();
    op.complete({});
    poll();
    BOOST_TEST(o == errc::canceled);
}

BOOST_FIXTURE_TEST_CASE(a_deadline_completes_it, bound_fixture)
{
    auto const [ctx, cancel] = with_timeout(root, 1s);
    outcome o;
    probe<> op;
    op.start_on(ioc.get_executor(), detach_on_cancel(ctx, recorder(o)));
    clock.advance(1s);
    poll();
    BOOST_TEST(o == errc::deadline_exceeded);
    op.abandon();
}

BOOST_FIXTURE_TEST_CASE(it_is_not_started_if_the_context_is_done, detach_fixture)
{
    c.cancel();
    start(op);
    BOOST_TEST(op.initiations == 0);
    BOOST_TEST(!o.completed());
    poll();
    BOOST_TEST(o == errc::canceled);
}

BOOST_FIXTURE_TEST_CASE(the_operation_is_asked_to_stop, detach_fixture)
{
    start(op);
    c.cancel();
    poll();
    BOOST_TEST(op.requests.size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(one_that_honors_the_request_completes_once, detach_fixture)
{
    op.when_asked = [&](auto) { op.complete(operation_aborted); };
    start(op);
    c.cancel();
    poll();
    BOOST_TEST(o == errc::canceled);
}

BOOST_FIXTURE_TEST_CASE(a_success_that_comes_first_stays_one, detach_fixture)
{
    start(op);
    c.cancel();
    op.complete({}); // before the callback of the context has run
    poll();
    BOOST_TEST(o.calls == 1);
    // The request was on its way: either is right.
    BOOST_TEST((o == no_error || o == errc::canceled));
}

BOOST_FIXTURE_TEST_CASE(
    the_handler_is_not_called_before_the_operation_is_started, detach_fixture)
{
    op.at_begin = [&]
    {
        c.cancel();
        poll();
        BOOST_TEST(!o.completed());
    };
    start(op);
    BOOST_TEST(!o.completed());
    poll();
    BOOST_TEST(o == errc::canceled);
    op.abandon();
}

BOOST_FIXTURE_TEST_CASE(it_is_work_until_the_handler_is_called, detach_fixture)
{
    op.when_asked = [&](auto) { op.complete(operation_aborted); };
    start(op);
    BOOST_TEST(!idle());
    c.cancel();
    poll();
    BOOST_TEST(o == errc::canceled);
    BOOST_TEST(idle());
}

BOOST_FIXTURE_TEST_CASE(the_other_results_are_default_constructed, detach_fixture)
{
    probe<void(error_code, std::unique_ptr<int>)> p;
    std::optional<std::unique_ptr<int>> result;
    p.start_on(ioc.get_executor(),
        detach_on_cancel(c.ctx,
            [&](error_code ec, std::unique_ptr<int> value)
            {
                BOOST_TEST(ec == errc::canceled);
                result = std::move(value);
            }));
    c.cancel();
    poll();
    BOOST_TEST_REQUIRE(result.has_value());
    BOOST_TEST(!*result);
    p.abandon();
}

BOOST_FIXTURE_TEST_CASE(an_exception_tells_of_the_error, detach_fixture)
{
    probe<void(std::exception_ptr)> p;
    start(p);
    c.cancel();
    poll();
    BOOST_TEST(o == errc::canceled);
    p.abandon();
}

BOOST_FIXTURE_TEST_CASE(the_handler_s_slot_lets_it_go_too, detach_fixture)
{
    asio::cancellation_signal signal;
    op.start_on(ioc.get_executor(),
        detach_on_cancel(c.ctx,
            asio::bind_cancellation_slot(signal.slot(), recorder(o))));
    signal.emit(asio::cancellation_type::total);
    poll();
    BOOST_TEST(o == operation_aborted);
    BOOST_TEST(op.requests.size() == 1u);
    BOOST_TEST(!signal.slot().has_handler());
    c.cancel();
    op.complete({});
    poll();
    BOOST_TEST(o.calls == 1);
}

BOOST_FIXTURE_TEST_CASE(nothing_is_left_in_the_handler_s_slot, detach_fixture)
{
    asio::cancellation_signal signal;
    op.start_on(ioc.get_executor(),
        detach_on_cancel(c.ctx,
            asio::bind_cancellation_slot(signal.slot(), recorder(o))));
    o.when_called = [&] { BOOST_TEST(!signal.slot().has_handler()); };
    op.complete({});
    BOOST_TEST(o == no_error);
}

BOOST_FIXTURE_TEST_CASE(the_handler_runs_on_its_executor, detach_fixture)
{
    auto const strand = asio::make_strand(ioc);
    op.start_on(ioc.get_executor(),
        detach_on_cancel(
            c.ctx, asio::bind_executor(strand, recorder(o))));
    o.when_called = [&] { BOOST_TEST(strand.running_in_this_thread()); };
    c.cancel();
    poll();
    BOOST_TEST(o == errc::canceled);
    op.abandon();
}

BOOST_FIXTURE_TEST_CASE(an_operation_without_an_executor_works, detach_fixture)
{
    op.start(detach_on_cancel(c.ctx, recorder(o)));
    c.cancel();
    poll();
    BOOST_TEST(o == errc::canceled);
    op.abandon();
}

BOOST_FIXTURE_TEST_CASE(a_handler_is_dropped_with_its_operation, detach_fixture)
{
    start(op);
    op.abandon();
    BOOST_TEST(o.handlers == 0);
    c.cancel();
    poll();
    BOOST_TEST(!o.completed());
}

BOOST_AUTO_TEST_CASE(a_handler_is_dropped_with_the_execution_context)
{
    for (bool const canceled : {false, true})
    {
        outcome o;
        probe<> op;
        std::optional<asio::io_context> ioc(std::in_place);
        auto const c = with_cancel(background(*ioc));
        op.start_on(
            ioc->get_executor(), detach_on_cancel(c.ctx, recorder(o)));
        if (canceled)
            c.cancel();
        ioc.reset();
        op.abandon();
        BOOST_TEST(o.handlers == 0);
        BOOST_TEST(!o.completed());
    }
}

BOOST_FIXTURE_TEST_CASE(the_context_may_go_first, bound_fixture)
{
    outcome o;
    probe<> op;
    {
        auto const [ctx, cancel] = with_cancel(root);
        op.start_on(ioc.get_executor(), detach_on_cancel(ctx, recorder(o)));
    }
    poll();
    BOOST_TEST(o == errc::canceled);
    op.abandon();
}

BOOST_FIXTURE_TEST_CASE(a_resolver_is_let_go, bound_fixture)
{
    auto const c = with_cancel(root);
    outcome o;
    silent_dns dns;
    {
        asio::ip::tcp::resolver resolver(ioc);
        resolver.async_resolve(
            dns.name, "80", detach_on_cancel(c.ctx, recorder(o)));
        dns.until_asked();
        c.cancel();
    }
    until_completed(o);
    BOOST_TEST(o == errc::canceled);
}

BOOST_FIXTURE_TEST_CASE(a_resolver_may_be_awaited, bound_fixture)
{
    auto const c = with_cancel(root);
    outcome o;
    asio::ip::tcp::resolver resolver(ioc);
    asio::co_spawn(ioc,
        [&]() -> asio::awaitable<void>
        {
            auto const found = co_await resolver.async_resolve("127.0.0.1",
                "80", detach_on_cancel(c.ctx, asio::use_awaitable));
            BOOST_TEST(found.size() == 1u);
        },
        recorder(o));
    until_completed(o);
    BOOST_TEST(o == no_error);
}

BOOST_FIXTURE_TEST_CASE(without_a_token_the_default_one_is_used, detach_fixture)
{
    asio::steady_timer never(ioc, time_point::max());
    auto op_of_timer = never.async_wait(detach_on_cancel(c.ctx));
    std::move(op_of_timer)(recorder(o));

    using timer_type =
        asio::use_awaitable_t<>::as_default_on_t<asio::steady_timer>;
    timer_type timer(ioc, time_point::max());
    static_assert(
        std::is_same_v<decltype(timer.async_wait(detach_on_cancel(c.ctx))),
            asio::awaitable<void>>);
    outcome p;
    auto const partial = detach_on_cancel(c.ctx);
    BOOST_TEST((partial.get_context() == c.ctx));
    never.async_wait(partial(recorder(p)));
    c.cancel();
    until_completed(o);
    until_completed(p);
    BOOST_TEST(o == errc::canceled);
    BOOST_TEST(p == errc::canceled);
}

BOOST_FIXTURE_TEST_CASE(a_slot_may_be_bound_outside, detach_fixture)
{
    asio::cancellation_signal signal;
    op.start_on(ioc.get_executor(),
        asio::bind_cancellation_slot(
            signal.slot(), detach_on_cancel(c.ctx, recorder(o))));
    signal.emit(asio::cancellation_type::terminal);
    until_completed(o);
    BOOST_TEST(o == operation_aborted);
    BOOST_TEST(op.pending());

    outcome p;
    probe<> second;
    second.start_on(ioc.get_executor(),
        asio::bind_cancellation_slot(
            signal.slot(), detach_on_cancel(c.ctx, recorder(p))));
    c.cancel();
    until_completed(p);
    BOOST_TEST(p == errc::canceled);
    BOOST_TEST(second.requests.size() == 1u);
    op.abandon();
    second.abandon();
}

BOOST_FIXTURE_TEST_CASE(a_coroutine_that_is_canceled_lets_it_go, bound_fixture)
{
    outcome o;
    probe<> op;
    asio::cancellation_signal signal;
    asio::co_spawn(ioc,
        [&]() -> asio::awaitable<void>
        {
            co_await op.start_on(ioc.get_executor(),
                detach_on_cancel(root, asio::use_awaitable));
        },
        asio::bind_cancellation_slot(signal.slot(), recorder(o)));
    poll();
    signal.emit(asio::cancellation_type::terminal);
    until_completed(o);
    BOOST_TEST(o == operation_aborted);
    op.abandon();
}

BOOST_FIXTURE_TEST_CASE(a_future_becomes_ready, detach_fixture)
{
    auto f = op.start_on(
        ioc.get_executor(), detach_on_cancel(c.ctx, asio::use_future));
    c.cancel();
    poll(); // it is asked first
    // Its handler runs on a thread of the system's.
    BOOST_CHECK_EXCEPTION(f.get(), boost::system::system_error,
        [](auto const& e) { return e.code() == errc::canceled; });
    op.abandon();
}

BOOST_FIXTURE_TEST_CASE(lazy_tokens_start_it_later, detach_fixture)
{
    auto later = op.start_on(
        ioc.get_executor(), detach_on_cancel(c.ctx, asio::deferred));
    BOOST_TEST(op.initiations == 0);
    std::move(later)(recorder(o));
    BOOST_TEST(op.initiations == 1);
    op.complete({});
    BOOST_TEST(o == no_error);
}

// The I/O object that a handler owns goes with it. So the operation is asked
// before the handler is called.
BOOST_FIXTURE_TEST_CASE(the_handler_may_own_the_io_object, bound_fixture)
{
    struct io_object
    {
        explicit io_object(bool* g) : gone(g)
        {
        }

        ~io_object()
        {
            *gone = true;
        }

        bool* gone;
    };
    bool gone = false;
    int asked = 0;
    bool asked_late = false;
    error_code error;
    auto source = with_cancel(root);
    auto const complete = start_operation(
        [&]
        {
            ++asked;
            asked_late = gone;
        },
        detach_on_cancel(
            source.ctx,
            asio::bind_executor(
                ioc.get_executor(),
                [&, object = std::make_unique<io_object>(&gone)](
                    error_code ec) mutable
                {
                    object.reset();
                    error = ec;
                })));
    source.cancel();
    poll();
    BOOST_TEST(error == errc::canceled);
    BOOST_TEST(gone);
    BOOST_TEST(asked == 1);
    BOOST_TEST(!asked_late);
    complete();
    poll();
}

// The same with one of Asio's, which AddressSanitizer watches.
BOOST_FIXTURE_TEST_CASE(the_handler_may_own_the_timer, bound_fixture)
{
    error_code error;
    auto source = with_cancel(root);
    auto owned = std::make_shared<asio::steady_timer>(ioc, 1h);
    auto& timer = *owned;
    timer.async_wait(detach_on_cancel(
        source.ctx,
        [&error, owned = std::move(owned)](error_code ec) mutable
        {
            owned.reset();
            error = ec;
        }));
    source.cancel();
    poll();
    BOOST_TEST(error == errc::canceled);
}

BOOST_AUTO_TEST_SUITE_END()
