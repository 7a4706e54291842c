//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/value.hpp>
#include <asioctx/without_cancel.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/experimental/channel_error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#if BOOST_ASIO_VERSION >= 102800
#include <boost/asio/bind_immediate_executor.hpp>
#endif

#include <array>
#include <atomic>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/bound_fixture.hpp"
#include "support/immediate_executor.hpp"
#include "support/outcome.hpp"
#include "support/poll_until.hpp"
#include "support/print.hpp"
#include "support/probe.hpp"
#include "support/sockets.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

namespace {

// An initiation that tells its I/O executor.
template <class F>
struct on_executor
{
    using executor_type = asio::io_context::executor_type;

    on_executor(executor_type e, F function) : ex(e), f(std::move(function))
    {
    }

    executor_type get_executor() const noexcept
    {
        return ex;
    }

    template <class Handler>
    void operator()(Handler&& h) const
    {
        f(std::forward<Handler>(h));
    }

    executor_type ex;
    F f;
};


using asio::cancellation_type;
using asio::error::operation_aborted;
using requests = std::vector<asio::cancellation_type_t>;

constexpr context_key<std::shared_ptr<int>> number("number");

error_code const no_error;

// A result that cannot be made from nothing.
struct ticket
{
    explicit ticket(int value)
        : n(value)
    {
    }

    int n;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(test_bind_context, bound_fixture)

// The binders.

BOOST_AUTO_TEST_CASE(a_binder_tells_its_token_its_context_and_its_type)
{
    auto const c = with_cancel(root);
    auto b = bind_context(c.ctx, 42);
    static_assert(std::is_same_v<decltype(b), context_binder<int>>);
    static_assert(std::is_same_v<decltype(b)::target_type, int>);
    BOOST_TEST(b.get() == 42);
    b.get() = 43;
    BOOST_TEST(std::as_const(b).get() == 43);
    BOOST_TEST((b.get_context() == c.ctx));
    BOOST_TEST((b.get_cancellation_type() == cancellation_type::terminal));

    auto const t = bind_context(c.ctx, cancellation_type::total, 42);
    BOOST_TEST((t.get_cancellation_type() == cancellation_type::total));
}

BOOST_AUTO_TEST_CASE(raw_errors_are_the_operation_s_own)
{
    auto const c = with_cancel(root);
    auto const b = bind_context(c.ctx, raw_errors, 42);
    BOOST_TEST(b.has_raw_errors());
    BOOST_TEST(!bind_context(c.ctx, 42).has_raw_errors());

    outcome started;
    outcome by_default;
    outcome not_started;
    outcome on_immediate;
    asio::steady_timer never(ioc, time_point::max());
    never.async_wait(bind_context(c.ctx, raw_errors, recorder(started)));
    auto op = never.async_wait(bind_context(c.ctx, raw_errors));
    std::move(op)(recorder(by_default));
    c.cancel();
    never.async_wait(bind_context(c.ctx, raw_errors, recorder(not_started)));
#if BOOST_ASIO_VERSION >= 102800
    never.async_wait(bind_context(c.ctx, raw_errors,
        asio::bind_immediate_executor(
            asio::system_executor(), recorder(on_immediate))));
#else
    never.async_wait(bind_context(c.ctx, raw_errors, recorder(on_immediate)));
#endif
    for (auto const* o : {&started, &by_default, &not_started, &on_immediate})
    {
        until_completed(*o);
        BOOST_TEST(*o == operation_aborted);
    }
}

// A success, and what another has asked for, are what they are without it.
BOOST_AUTO_TEST_CASE(raw_errors_of_a_channel_are_the_channel_s)
{
    auto const c = with_cancel(root);
    asio::experimental::channel<void(error_code, int)> channel(ioc, 0);
    error_code ec;
    channel.async_receive(bind_context(
        c.ctx, raw_errors, [&](error_code const& e, int) { ec = e; }));
    c.cancel();
    poll();
    BOOST_TEST(ec == asio::experimental::error::channel_cancelled);
}

BOOST_AUTO_TEST_CASE(a_partial_binder_makes_binders)
{
    auto const c = with_cancel(root);
    auto const p = bind_context(c.ctx);
    static_assert(
        std::is_same_v<decltype(p), partial_context_binder const>);
    BOOST_TEST((p.get_context() == c.ctx));
    BOOST_TEST((p.get_cancellation_type() == cancellation_type::terminal));
    BOOST_TEST((p(42).get_context() == c.ctx));
    BOOST_TEST(p(42).get() == 42);

    auto const type = cancellation_type::partial;
    auto const q = bind_context(c.ctx, type);
    static_assert(
        std::is_same_v<decltype(q), partial_context_binder const>);
    BOOST_TEST((q.get_cancellation_type() == cancellation_type::partial));
    BOOST_TEST(
        (q(42).get_cancellation_type() == cancellation_type::partial));
}

BOOST_AUTO_TEST_CASE(a_binder_binds_to_a_context_that_is_never_done)
{
    for (auto const& ctx : {background(), root, without_cancel(root)})
    {
        outcome o;
        asio::steady_timer timer(ioc, 0s);
        timer.async_wait(bind_context(ctx, recorder(o)));
        until_completed(o);
        BOOST_TEST(o == no_error);
    }
}

// What is reported.

BOOST_AUTO_TEST_CASE(other_errors_are_passed_on)
{
    outcome eof;
    outcome refused;
    auto const [ctx, cancel] = with_cancel(root);

    stream_pair pair(ioc);
    char byte;
    pair.peer.close();
    pair.socket.async_read_some(
        asio::buffer(&byte, 1), bind_context(ctx, recorder(eof)));
    cancel();
    until_completed(eof);
    BOOST_TEST(eof == asio::error::eof);
    poll();

    auto const c = with_cancel(root);
    asio::ip::tcp::socket socket(ioc);
    asio::ip::tcp::endpoint nobody;
    {
        open_listener listener(ioc);
        nobody = listener.endpoint();
    }
    socket.async_connect(nobody, bind_context(c.ctx, recorder(refused)));
    until_completed(refused);
    BOOST_TEST(refused == asio::error::connection_refused);
}

BOOST_AUTO_TEST_CASE(an_error_after_a_request_is_passed_on)
{
    outcome o;
    probe<> op;
    auto const [ctx, cancel] = with_cancel(root);
    op.start(bind_context(ctx, recorder(o)));
    cancel();
    BOOST_TEST(op.requests.size() == 1);
    op.complete(asio::error::broken_pipe);
    BOOST_TEST(o == asio::error::broken_pipe);
}

BOOST_AUTO_TEST_CASE(a_success_after_a_request_is_delivered)
{
    error_code got = operation_aborted;
    int result = 0;
    probe<void(error_code, int)> op;
    auto const [ctx, cancel] = with_cancel(root);
    op.start(bind_context(ctx,
        [&](error_code const& ec, int n)
        {
            got = ec;
            result = n;
        }));
    cancel();
    BOOST_TEST(op.requests.size() == 1);
    op.complete(no_error, 42);
    BOOST_TEST(got == no_error);
    BOOST_TEST(result == 42);
}

BOOST_AUTO_TEST_CASE(results_of_an_aborted_operation_are_delivered)
{
    outcome o;
    std::size_t transferred = 0;
    stream_pair pair(ioc);
    std::array<char, 8> buffer;
    auto const [ctx, cancel] = with_timeout(root, 1s);
    asio::async_read(pair.socket, asio::buffer(buffer),
        bind_context(ctx,
            [&, r = recorder(o)](error_code const& ec, std::size_t n) mutable
            {
                transferred = n;
                r(ec);
            }));
    asio::write(pair.peer, asio::buffer("abc", 3));
    poll();
    clock.advance(1s);
    until_completed(o);
    BOOST_TEST(o == errc::deadline_exceeded);
    BOOST_TEST(transferred == 3);
}

BOOST_AUTO_TEST_CASE(an_abort_without_a_request_is_passed_on)
{
    outcome o;
    probe<> op;
    auto const [ctx, cancel] = with_cancel(root);
    op.start(bind_context(ctx, recorder(o)));
    op.complete(operation_aborted);
    BOOST_TEST(o == operation_aborted);
}

BOOST_AUTO_TEST_CASE(what_a_channel_s_user_does_is_passed_on)
{
    asio::experimental::channel<void(error_code, int)> channel(ioc);
    auto const [ctx, cancel] = with_cancel(root);

    outcome canceled;
    channel.async_receive(bind_context(ctx, recorder(canceled)));
    channel.cancel();
    until_completed(canceled);
    BOOST_TEST(canceled == asio::experimental::error::channel_cancelled);

    outcome closed;
    channel.async_receive(bind_context(ctx, recorder(closed)));
    channel.close();
    until_completed(closed);
    BOOST_TEST(closed == asio::experimental::error::channel_closed);
}

BOOST_AUTO_TEST_CASE(an_exception_that_stands_for_an_abort_is_replaced)
{
    outcome o;
    probe<void(std::exception_ptr)> op;
    auto const [ctx, cancel] = with_timeout(root, 1s);
    op.start(bind_context(ctx, recorder(o)));
    clock.advance(1s);
    op.complete(std::make_exception_ptr(
        boost::system::system_error(operation_aborted)));
    BOOST_TEST(o == errc::deadline_exceeded);
}

BOOST_AUTO_TEST_CASE(another_exception_is_passed_on)
{
    std::exception_ptr got;
    probe<void(std::exception_ptr)> op;
    auto const [ctx, cancel] = with_cancel(root);
    auto const h = [&](std::exception_ptr e) { got = std::move(e); };

    op.start(bind_context(ctx, h));
    cancel();
    auto const sent = std::make_exception_ptr(std::runtime_error("lost"));
    op.complete(sent);
    BOOST_TEST((got == sent));

    auto const c = with_cancel(root);
    op.start(bind_context(c.ctx, h));
    auto const abort = std::make_exception_ptr(
        boost::system::system_error(operation_aborted));
    op.complete(abort); // nobody had asked
    BOOST_TEST((got == abort));

    auto const d = with_cancel(root);
    op.start(bind_context(d.ctx, h));
    d.cancel();
    op.complete(nullptr);
    BOOST_TEST((got == nullptr));
}

BOOST_AUTO_TEST_CASE(the_error_is_that_of_the_operation_s_own_context)
{
    outcome parents;
    outcome childs;
    asio::steady_timer timer(ioc, 1h);
    auto const parent = with_cancel(root);
    auto const child = with_timeout(parent.ctx, 1s);
    timer.async_wait(bind_context(parent.ctx, recorder(parents)));
    timer.async_wait(bind_context(child.ctx, recorder(childs)));
    clock.advance(1s);
    parent.cancel();
    until_completed(parents);
    until_completed(childs);
    BOOST_TEST(parents == errc::canceled);
    BOOST_TEST(childs == errc::deadline_exceeded);
}

// What is asked, and when.

BOOST_AUTO_TEST_CASE(an_operation_is_asked_once)
{
    outcome o;
    probe<> op;
    auto const parent = with_cancel(root);
    auto const child = with_timeout(parent.ctx, 1s);
    op.start(bind_context(child.ctx, recorder(o)));
    BOOST_TEST(op.requests.empty());
    child.cancel();
    child.cancel();
    clock.advance(1s);
    parent.cancel();
    BOOST_TEST((op.requests == requests{cancellation_type::terminal}));
    op.complete(operation_aborted);
    BOOST_TEST(o == errc::canceled);
}

BOOST_AUTO_TEST_CASE(the_type_is_as_the_binder_says)
{
    for (auto const type : {cancellation_type::terminal,
             cancellation_type::partial, cancellation_type::total})
    {
        outcome o;
        probe<> op;
        auto const [ctx, cancel] = with_cancel(root);
        op.start(bind_context(ctx, type, recorder(o)));
        cancel();
        BOOST_TEST((op.requests == requests{type}));
        op.complete(operation_aborted);
        BOOST_TEST(o == errc::canceled);
    }
}

BOOST_AUTO_TEST_CASE(an_operation_that_does_not_honour_the_type_runs_on)
{
    outcome total;
    outcome partial;
    stream_pair pair(ioc);
    std::array<char, 2> buffer;
    {
        auto const [ctx, cancel] = with_cancel(root);
        asio::async_read(pair.socket, asio::buffer(buffer),
            bind_context(ctx, cancellation_type::total, recorder(total)));
        cancel();
        poll();
        BOOST_TEST(total.calls == 0);
        asio::write(pair.peer, asio::buffer("ab", 2));
        until_completed(total);
        BOOST_TEST(total == no_error);
    }
    auto const [ctx, cancel] = with_cancel(root);
    asio::async_read(pair.socket, asio::buffer(buffer),
        bind_context(ctx, cancellation_type::partial, recorder(partial)));
    cancel();
    until_completed(partial);
    BOOST_TEST(partial == errc::canceled);
}

BOOST_AUTO_TEST_CASE(nothing_weaker_is_asked_after_the_request)
{
    outcome o;
    probe<> op;
    asio::cancellation_signal upstream;
    auto const [ctx, cancel] = with_cancel(root);
    o.slot = upstream.slot();
    op.start(bind_context(ctx, recorder(o)));
    cancel();
    upstream.emit(cancellation_type::total);
    BOOST_TEST_REQUIRE(op.requests.size() == 2);
    BOOST_TEST((op.requests[0] == cancellation_type::terminal));
    BOOST_TEST(((op.requests[1] & cancellation_type::terminal)
        == cancellation_type::terminal));
    op.complete(operation_aborted);
    BOOST_TEST(o == errc::canceled);
}

BOOST_AUTO_TEST_CASE(the_handler_s_slot_works_beside_the_context)
{
    outcome o;
    probe<> op;
    asio::cancellation_signal upstream;
    auto const [ctx, cancel] = with_cancel(root);
    o.slot = upstream.slot();
    op.start(bind_context(ctx, recorder(o)));

    upstream.emit(cancellation_type::none);
    BOOST_TEST(op.requests.empty());
    upstream.emit(cancellation_type::total);
    BOOST_TEST((op.requests == requests{cancellation_type::total}));
    upstream.emit(cancellation_type::terminal);
    BOOST_TEST(((op.requests.back() & cancellation_type::terminal)
        == cancellation_type::terminal));
    cancel();
    BOOST_TEST(op.requests.size() == 3);
    op.complete(operation_aborted);
    BOOST_TEST(o == operation_aborted);
}

// An operation that ran on is aborted by what it heard last.
BOOST_AUTO_TEST_CASE(a_weaker_request_before_does_not_take_the_context_s_place)
{
    outcome o;
    probe<> op;
    asio::cancellation_signal upstream;
    auto const [ctx, cancel] = with_cancel(root);
    o.slot = upstream.slot();
    op.start(bind_context(ctx, recorder(o)));
    upstream.emit(cancellation_type::total);
    cancel();
    op.complete(operation_aborted);
    BOOST_TEST(o == errc::canceled);
}

BOOST_AUTO_TEST_CASE(the_first_to_ask_is_the_context)
{
    outcome o;
    probe<> op;
    asio::cancellation_signal upstream;
    auto const [ctx, cancel] = with_cancel(root);
    o.slot = upstream.slot();
    op.start(bind_context(ctx, recorder(o)));
    cancel();
    upstream.emit(cancellation_type::terminal);
    BOOST_TEST(op.requests.size() == 2);
    op.complete(operation_aborted);
    BOOST_TEST(o == errc::canceled);
}

BOOST_AUTO_TEST_CASE(the_handler_s_slot_is_empty_when_the_handler_is_called)
{
    outcome o;
    probe<> op;
    asio::cancellation_signal upstream;
    auto const [ctx, cancel] = with_cancel(root);
    o.slot = upstream.slot();
    o.when_called = [&] { BOOST_TEST(!o.slot.has_handler()); };
    op.start(bind_context(ctx, recorder(o)));
    BOOST_TEST(o.slot.has_handler());
    op.complete({});
    BOOST_TEST(o == no_error);
    upstream.emit(cancellation_type::terminal);
    BOOST_TEST(op.requests.empty());
}

// The window between the initiation and the list.

BOOST_AUTO_TEST_CASE(a_request_during_the_initiation_is_delivered_after_it)
{
    for (bool const early : {true, false})
    {
        outcome o;
        probe<> op;
        auto c = with_cancel(root);
        (early ? op.at_begin : op.at_end) = [&] { c.cancel(); };
        bool returned = false;
        op.when_asked = [&](auto) { returned = op.pending(); };
        op.start(bind_context(c.ctx, recorder(o)));
        BOOST_TEST((op.requests == requests{cancellation_type::terminal}));
        BOOST_TEST(returned);
        op.complete(operation_aborted);
        BOOST_TEST(o == errc::canceled);
    }
}

BOOST_AUTO_TEST_CASE(the_handler_s_slot_may_ask_during_the_initiation)
{
    outcome o;
    probe<> op;
    asio::cancellation_signal upstream;
    auto const c = with_cancel(root);
    o.slot = upstream.slot();
    op.at_end = [&]
    {
        upstream.emit(cancellation_type::terminal);
        c.cancel();
    };
    op.start(bind_context(c.ctx, recorder(o)));
    // As one request, which the slot made first.
    BOOST_TEST((op.requests == requests{cancellation_type::terminal}));
    op.complete(operation_aborted);
    BOOST_TEST(o == operation_aborted);
}

BOOST_AUTO_TEST_CASE(an_operation_may_complete_during_its_initiation)
{
    outcome o;
    probe<> op;
    auto c = with_cancel(root);
    op.at_end = [&] { op.complete({}); };
    op.start(bind_context(c.ctx, recorder(o)));
    BOOST_TEST(o == no_error);
    c.cancel();
    BOOST_TEST(op.requests.empty());
}

BOOST_AUTO_TEST_CASE(it_may_complete_during_its_initiation_with_a_request)
{
    outcome o;
    probe<> op;
    auto c = with_cancel(root);
    op.at_end = [&]
    {
        c.cancel();
        op.complete(operation_aborted);
    };
    op.start(bind_context(c.ctx, recorder(o)));
    // It was not asked.
    BOOST_TEST(o == operation_aborted);
    BOOST_TEST(op.requests.empty());
}

BOOST_AUTO_TEST_CASE(it_may_hold_the_last_handle_and_complete_meanwhile)
{
    outcome o;
    probe<> op;
    op.at_end = [&] { op.complete({}); };
    auto c = with_cancel(root);
    c.cancel.detach();
    auto deferred = op.start(bind_context(std::move(c.ctx), asio::deferred));
    std::move(deferred)(recorder(o));
    BOOST_TEST(o == no_error);
}

BOOST_AUTO_TEST_CASE(another_thread_may_complete_it_during_its_initiation)
{
    outcome o;
    probe<> op;
    op.at_end = [&] { std::thread([&] { op.complete({}); }).join(); };
    auto const c = with_cancel(root);
    op.start(bind_context(c.ctx, recorder(o)));
    // Its handler is called after the initiating function has returned.
    BOOST_TEST(o.calls == 0);
    poll();
    BOOST_TEST(o == no_error);
    c.cancel();
    BOOST_TEST(op.requests.empty());
}

BOOST_AUTO_TEST_CASE(its_handler_may_start_the_next_one_during_its_initiation)
{
    outcome first;
    outcome second;
    probe<> op;
    probe<> next;
    auto const c = with_cancel(root);
    op.at_end = [&] { op.complete({}); };
    first.when_called = [&] { next.start(bind_context(c.ctx, recorder(second))); };
    op.start(bind_context(c.ctx, recorder(first)));
    BOOST_TEST(first == no_error);
    c.cancel();
    BOOST_TEST(next.requests.size() == 1);
    next.complete(operation_aborted);
    BOOST_TEST(second == errc::canceled);
}

// Contexts that are done.

BOOST_AUTO_TEST_CASE(an_operation_on_a_done_context_is_not_started)
{
    probe<void(error_code, int, std::string)> op;
    std::optional<error_code> got;
    auto const [ctx, cancel] = with_timeout(root, 0s);
    op.start_on(ioc.get_executor(),
        bind_context(ctx,
            [&](error_code const& ec, int n, std::string const& s)
            {
                got = ec;
                BOOST_TEST(n == 0);
                BOOST_TEST(s == "");
            }));
    BOOST_TEST(!got);
    BOOST_TEST(op.initiations == 0);
    poll();
    BOOST_TEST((got == errc::deadline_exceeded));
    BOOST_TEST(op.initiations == 0);
}

BOOST_AUTO_TEST_CASE(an_exception_tells_that_an_operation_is_not_started)
{
    outcome o;
    probe<void(std::exception_ptr, int)> op;
    auto const [ctx, cancel] = with_cancel(root);
    cancel();
    op.start_on(ioc.get_executor(), bind_context(ctx, recorder(o)));
    poll();
    BOOST_TEST(o == errc::canceled);
    BOOST_TEST(op.initiations == 0);
}

BOOST_AUTO_TEST_CASE(results_of_one_not_started_may_have_any_size)
{
    bool called = false;
    probe<void(error_code, std::array<int, 1000>)> op;
    auto const [ctx, cancel] = with_cancel(root);
    cancel();
    op.start_on(ioc.get_executor(),
        bind_context(ctx,
            [&](error_code const& ec, std::array<int, 1000> const& a)
            { called = ec == errc::canceled && a.back() == 0; }));
    poll();
    BOOST_TEST(called);
}

BOOST_AUTO_TEST_CASE(results_of_one_not_started_may_throw)
{
    struct result
    {
        result()
        {
            throw std::runtime_error("there is none");
        }
    };
    auto const alive = std::make_shared<int>();
    probe<void(error_code, result)> op;
    auto const [ctx, cancel] = with_cancel(root);
    cancel();
    BOOST_CHECK_THROW(op.start_on(ioc.get_executor(),
                          bind_context(ctx,
                              [alive](error_code const&, result const&)
                              { BOOST_ERROR("called"); })),
        std::runtime_error);
    BOOST_TEST(alive.use_count() == 1);
    poll();
    BOOST_TEST(op.initiations == 0);
}

BOOST_AUTO_TEST_CASE(the_handler_of_one_not_started_is_never_called_inline)
{
    outcome o;
    asio::steady_timer timer(ioc);
    auto const [ctx, cancel] = with_cancel(root);
    cancel();
    asio::post(ioc,
        [&, &done = ctx]
        {
            // Here a dispatch would call it.
            timer.async_wait(bind_context(done, recorder(o)));
            BOOST_TEST(o.calls == 0);
        });
    until_completed(o);
    BOOST_TEST(o == errc::canceled);
}

BOOST_AUTO_TEST_CASE(the_handler_of_one_not_started_runs_on_its_executor)
{
    bool called = false;
    asio::io_context other;
    asio::steady_timer timer(ioc);
    auto const strand = asio::make_strand(other);
    auto const [ctx, cancel] = with_cancel(root);
    cancel();
    timer.async_wait(bind_context(ctx,
        asio::bind_executor(strand,
            [&](error_code const& ec)
            {
                called = true;
                BOOST_TEST(ec == errc::canceled);
                BOOST_TEST(strand.running_in_this_thread());
            })));
    poll();
    BOOST_TEST(!called);
    other.run();
    BOOST_TEST(called);
}

BOOST_AUTO_TEST_CASE(one_not_started_without_an_executor_has_the_root_s)
{
    outcome o;
    probe<> op;
    auto const [ctx, cancel] = with_cancel(root);
    cancel();
    op.start(bind_context(ctx, recorder(o)));
    BOOST_TEST(o.calls == 0);
    poll();
    BOOST_TEST(o == errc::canceled);
}

BOOST_AUTO_TEST_CASE(a_signature_without_an_error_is_started_and_asked_at_once)
{
    int result = 0;
    probe<void(int)> op;
    auto const [ctx, cancel] = with_cancel(root);
    cancel();
    op.start(bind_context(ctx, [&](int n) { result = n; }));
    BOOST_TEST(op.initiations == 1);
    BOOST_TEST((op.requests == requests{cancellation_type::terminal}));
    op.complete(42);
    BOOST_TEST(result == 42);
}

BOOST_AUTO_TEST_CASE(a_signature_without_results_is_started)
{
    int calls = 0;
    auto const [ctx, cancel] = with_cancel(root);
    cancel();
    asio::post(ioc, bind_context(ctx, [&] { ++calls; }));
    asio::dispatch(ioc, bind_context(ctx, [&] { ++calls; }));
    BOOST_TEST(calls == 0);
    poll();
    BOOST_TEST(calls == 2);
}

BOOST_AUTO_TEST_CASE(what_is_posted_is_not_disturbed_by_its_context)
{
    int calls = 0;
    auto const [ctx, cancel] = with_cancel(root);
    asio::post(ioc, bind_context(ctx, [&] { ++calls; }));
    cancel();
    poll();
    BOOST_TEST(calls == 1);
}

BOOST_AUTO_TEST_CASE(results_that_cannot_be_made_are_started_and_asked_at_once)
{
    outcome o;
    probe<void(error_code, ticket)> op;
    auto const [ctx, cancel] = with_cancel(root);
    cancel();
    op.start(bind_context(ctx, recorder(o)));
    BOOST_TEST(op.initiations == 1);
    BOOST_TEST((op.requests == requests{cancellation_type::terminal}));
    op.complete(operation_aborted, ticket(1));
    BOOST_TEST(o == errc::canceled);
}

BOOST_AUTO_TEST_CASE(of_several_signatures_the_one_with_an_error_is_used)
{
    std::optional<error_code> got;
    bool initiated = false;
    auto const [ctx, cancel] = with_cancel(root);
    struct handler
    {
        std::optional<error_code>& got;

        void operator()(int)
        {
        }

        void operator()(error_code const& ec, int)
        {
            got = ec;
        }
    };
    auto const start = [&](auto&& token)
    {
        return asio::async_initiate<decltype(token), void(int),
            void(error_code, int)>(
            [&](auto h)
            {
                initiated = true;
                std::move(h)(operation_aborted, 1);
            },
            token);
    };
    start(bind_context(ctx, handler{got}));
    BOOST_TEST(initiated);
    BOOST_TEST((got == operation_aborted));

    initiated = false;
    cancel();
    start(bind_context(ctx, handler{got}));
    poll();
    BOOST_TEST(!initiated);
    BOOST_TEST((got == errc::canceled));
}

// As in self.complete(asio::error::eof).
BOOST_AUTO_TEST_CASE(an_error_may_be_given_as_its_enumerator)
{
    outcome o;
    std::function<void()> complete;
    auto const [ctx, cancel] = with_cancel(root);
    auto binder = bind_context(ctx, recorder(o));
    asio::async_initiate<decltype(binder), void(error_code)>(
        [&](auto h)
        {
            asio::get_associated_cancellation_slot(h).assign(
                [](asio::cancellation_type_t) {});
            complete = [h = std::make_shared<decltype(h)>(std::move(h))]
            { std::move (*h)(operation_aborted); };
        },
        binder);
    cancel();
    complete();
    BOOST_TEST(o == errc::canceled);
}

// Where a request is delivered.

// An operation of one step touches nothing but its I/O object, which is used on
// that object's executor.
BOOST_AUTO_TEST_CASE(an_operation_of_one_step_is_asked_where_its_object_is)
{
    outcome o;
    probe<> op;
    asio::io_context other;
    auto const strand = asio::make_strand(other);
    auto const [ctx, cancel] = with_cancel(root);
    op.when_asked = [&](auto)
    { BOOST_TEST(ioc.get_executor().running_in_this_thread()); };
    op.start_on(ioc.get_executor(),
        bind_context(ctx, asio::bind_executor(strand, recorder(o))));
    cancel();
    other.run();
    BOOST_TEST(op.requests.empty());
    poll();
    BOOST_TEST(op.requests.size() == 1);
    op.complete(operation_aborted);
    BOOST_TEST(o == errc::canceled);
}

// Whoever initiates it on the handler's executor uses the object there.
BOOST_AUTO_TEST_CASE(or_on_the_handler_s_executor_if_it_was_initiated_there)
{
    outcome o;
    probe<> op;
    asio::io_context other;
    auto const strand = asio::make_strand(other);
    auto const source = with_cancel(root);
    op.when_asked = [&](auto)
    { BOOST_TEST(strand.running_in_this_thread()); };
    asio::post(strand,
        [&]
        {
            op.start_on(ioc.get_executor(),
                bind_context(
                    source.ctx, asio::bind_executor(strand, recorder(o))));
        });
    other.run();
    source.cancel();
    poll(); // by way of the object's execution context
    BOOST_TEST(op.requests.empty());
    other.restart();
    other.run();
    BOOST_TEST(op.requests.size() == 1);
    op.complete(operation_aborted);
    BOOST_TEST(o == errc::canceled);
}

BOOST_AUTO_TEST_CASE(a_handler_s_strand_on_the_object_s_context_is_where_it_is)
{
    outcome o;
    probe<> op;
    auto const strand = asio::make_strand(ioc);
    auto const [ctx, cancel] = with_cancel(root);
    op.when_asked = [&](auto)
    { BOOST_TEST(strand.running_in_this_thread()); };
    op.start_on(ioc.get_executor(),
        bind_context(ctx, asio::bind_executor(strand, recorder(o))));
    cancel();
    poll();
    BOOST_TEST(op.requests.size() == 1);
    op.complete(operation_aborted);
    BOOST_TEST(o == errc::canceled);
}

// An operation of several steps is asked where they run, whatever the executor:
// step_executor.cpp has more of it.
BOOST_AUTO_TEST_CASE(an_operation_of_several_steps_is_asked_where_they_run)
{
    for (bool const twice : {false, true})
    {
        outcome o;
        auto const strand = asio::make_strand(ioc);
        auto const [ctx, cancel] = with_cancel(root);
        auto const [other, cancel_other] = with_cancel(root);
        asio::io_context io;
        int requests = 0;
        std::function<void()> complete;
        auto const start = [&]<class Token>(Token token)
        {
            asio::async_initiate<Token, void(error_code)>(
                on_executor(io.get_executor(),
                    [&](auto h)
                    {
                        asio::get_associated_cancellation_slot(h).assign(
                            [&](auto)
                            {
                                ++requests;
                                BOOST_TEST(strand.running_in_this_thread());
                            });
                        static_cast<void>(asio::get_associated_executor(
                            h, io.get_executor()));
                        complete =
                            [h = std::make_shared<decltype(h)>(std::move(h))]
                        { std::move (*h)(operation_aborted); };
                    }),
                token);
        };
        if (twice)
            start(bind_context(other,
                bind_context(ctx, asio::bind_executor(strand, recorder(o)))));
        else
            start(bind_context(ctx, asio::bind_executor(strand, recorder(o))));
        cancel();
        io.run();
        poll();
        BOOST_TEST(requests == 1);
        complete();
        BOOST_TEST(o == errc::canceled);
    }
}

BOOST_AUTO_TEST_CASE(or_else_on_the_operation_s)
{
    outcome o;
    probe<> op;
    auto const strand = asio::make_strand(ioc);
    auto const [ctx, cancel] = with_cancel(root);
    op.when_asked = [&](auto)
    { BOOST_TEST(strand.running_in_this_thread()); };
    op.start_on(strand, bind_context(ctx, recorder(o)));
    cancel();
    BOOST_TEST(op.requests.empty());
    poll();
    BOOST_TEST(op.requests.size() == 1);
    op.complete(operation_aborted);
    BOOST_TEST(o == errc::canceled);
}

// As that of use_future, which runs on the thread that completes the operation.
BOOST_AUTO_TEST_CASE(the_system_executor_is_not_where_an_operation_runs)
{
    outcome o;
    probe<> op;
    auto const strand = asio::make_strand(ioc);
    auto const [ctx, cancel] = with_cancel(root);
    op.when_asked = [&](auto)
    { BOOST_TEST(strand.running_in_this_thread()); };
    op.start_on(strand,
        bind_context(
            ctx, asio::bind_executor(asio::system_executor(), recorder(o))));
    cancel();
    BOOST_TEST(op.requests.empty());
    poll();
    BOOST_TEST(op.requests.size() == 1);
    op.complete(operation_aborted);
    BOOST_TEST(o == errc::canceled);
}

BOOST_AUTO_TEST_CASE(or_else_at_once)
{
    outcome o;
    probe<> op;
    auto const [ctx, cancel] = with_cancel(root);
    op.start(bind_context(ctx, recorder(o)));
    cancel();
    BOOST_TEST(op.requests.size() == 1);
    op.complete(operation_aborted);
    BOOST_TEST(o == errc::canceled);
}

BOOST_AUTO_TEST_CASE(another_thread_may_have_delivered_the_request)
{
    outcome o;
    probe<> op;
    asio::cancellation_signal upstream;
    auto const c = with_cancel(root);
    o.slot = upstream.slot();
    op.start(bind_context(c.ctx, recorder(o)));
    std::thread(std::ref(c.cancel)).join();
    BOOST_TEST(op.requests.size() == 1);
    upstream.emit(cancellation_type::terminal);
    BOOST_TEST(op.requests.size() == 2);
    op.complete(operation_aborted);
    BOOST_TEST(o == errc::canceled);
}

BOOST_AUTO_TEST_CASE(a_request_is_delivered_inside_cancel_where_it_may_be)
{
    outcome o;
    probe<> op;
    auto const strand = asio::make_strand(ioc);
    auto const [ctx, cancel] = with_cancel(root);
    op.start_on(strand, bind_context(ctx, recorder(o)));
    asio::post(strand,
        [&, &stop = cancel]
        {
            stop();
            BOOST_TEST(op.requests.size() == 1);
        });
    poll();
    BOOST_TEST(op.requests.size() == 1);
    op.complete(operation_aborted);
    BOOST_TEST(o == errc::canceled);
}

BOOST_AUTO_TEST_CASE(a_request_that_comes_too_late_is_dropped)
{
    outcome o;
    probe<> op;
    auto const [ctx, cancel] = with_cancel(root);
    op.start_on(ioc.get_executor(), bind_context(ctx, recorder(o)));
    cancel();
    op.complete({});
    poll();
    BOOST_TEST(o == no_error);
    BOOST_TEST(op.requests.empty());
}

BOOST_AUTO_TEST_CASE(an_abort_before_the_request_arrives_is_passed_on)
{
    outcome o;
    probe<> op;
    auto const [ctx, cancel] = with_cancel(root);
    op.start_on(ioc.get_executor(), bind_context(ctx, recorder(o)));
    cancel();
    op.complete(operation_aborted); // for another reason
    poll();
    BOOST_TEST(o == operation_aborted);
    BOOST_TEST(op.requests.empty());
}

// As experimental::promise does.
BOOST_AUTO_TEST_CASE(an_operation_may_complete_inside_the_request)
{
    for (bool const inside_cancel : {true, false})
    {
        outcome o;
        probe<> op;
        asio::cancellation_signal upstream;
        auto const [ctx, cancel] = with_cancel(root);
        o.slot = upstream.slot();
        op.when_asked = [&](auto) { op.complete(operation_aborted); };
        op.start(bind_context(ctx, recorder(o)));
        op.in_slot.reset();
        if (inside_cancel)
        {
            cancel();
            BOOST_TEST(o.calls == 0); // no handler runs inside cancel()
            poll();
            BOOST_TEST(o == errc::canceled);
            upstream.emit(cancellation_type::terminal);
        }
        else
        {
            upstream.emit(cancellation_type::terminal);
            poll();
            BOOST_TEST(o == operation_aborted);
            cancel();
        }
        BOOST_TEST(op.requests.size() == 1);
    }
}

// Operations that are written by hand.

BOOST_AUTO_TEST_CASE(what_an_operation_puts_into_the_slot_may_be_large)
{
    struct large
    {
        explicit large(int& n) : calls(n)
        {
        }

        void operator()(asio::cancellation_type_t)
        {
            ++calls;
        }

        int& calls;
        std::array<char, 200> data{};
        std::shared_ptr<int> token = std::make_shared<int>();
    };
    int calls = 0;
    std::weak_ptr<int> token;
    std::function<void()> complete;
    auto const [ctx, cancel] = with_cancel(root);
    auto binder = bind_context(ctx,
        [&](error_code const& ec)
        {
            BOOST_TEST(ec == errc::canceled);
            BOOST_TEST(token.expired());
        });
    asio::async_initiate<decltype(binder), void(error_code)>(
        [&](auto h)
        {
            token = asio::get_associated_cancellation_slot(h)
                        .template emplace<large>(calls)
                        .token;
            complete = [h = std::make_shared<decltype(h)>(std::move(h))]
            { std::move (*h)(error_code(operation_aborted)); };
        },
        binder);
    cancel();
    BOOST_TEST(calls == 1);
    complete();
    BOOST_TEST(token.expired());
}

// Cobalt does so.
BOOST_AUTO_TEST_CASE(an_operation_may_insist_on_the_usual_type_of_slot)
{
    outcome o;
    int calls = 0;
    std::function<void()> complete;
    auto const [ctx, cancel] = with_cancel(root);
    auto binder = bind_context(ctx, recorder(o));
    asio::async_initiate<decltype(binder), void(error_code)>(
        [&](auto h)
        {
            asio::cancellation_slot slot =
                asio::get_associated_cancellation_slot(h);
            slot.assign([&](asio::cancellation_type_t) { ++calls; });
            complete = [h = std::make_shared<decltype(h)>(std::move(h))]
            { std::move (*h)(error_code(operation_aborted)); };
        },
        binder);
    cancel();
    BOOST_TEST(calls == 1);
    complete();
    BOOST_TEST(o == errc::canceled);
}

BOOST_AUTO_TEST_CASE(a_request_before_the_slot_is_filled_is_not_lost)
{
    outcome o;
    auto const [ctx, cancel] = with_cancel(root);
    asio::steady_timer timer(ioc, asio::steady_timer::time_point::max());
    auto binder = bind_context(ctx, recorder(o));
    asio::async_initiate<decltype(binder), void(error_code)>(
        [&](auto h)
        {
            asio::post(ioc,
                [&timer, h = std::move(h)]() mutable
                { timer.async_wait(std::move(h)); });
        },
        binder);
    cancel();
    until_completed(o);
    BOOST_TEST(o == errc::canceled);
}

// What is gone when the handler is called.

BOOST_AUTO_TEST_CASE(nothing_refers_to_the_operation_when_it_has_completed)
{
    for (bool const asked : {true, false})
    {
        outcome o;
        probe<> op;
        auto const [ctx, cancel] = with_cancel(root);
        std::weak_ptr<int> const in_slot = op.in_slot;
        op.start(bind_context(ctx, recorder(o)));
        op.in_slot.reset();
        BOOST_TEST(!in_slot.expired());
        if (asked)
            cancel();
        o.when_called = [&]
        {
            BOOST_TEST(in_slot.expired());
            BOOST_TEST(o.memory.blocks == 0);
        };
        op.complete({});
        BOOST_TEST(o == no_error);
    }
}

BOOST_AUTO_TEST_CASE(nor_when_a_request_was_on_its_way)
{
    outcome o;
    probe<> op;
    auto const [ctx, cancel] = with_cancel(root);
    std::weak_ptr<int> const in_slot = op.in_slot;
    op.start_on(ioc.get_executor(), bind_context(ctx, recorder(o)));
    op.in_slot.reset();
    cancel();
    o.when_called = [&] { BOOST_TEST(in_slot.expired()); };
    op.complete({});
    poll();
    BOOST_TEST(o == no_error);
}

BOOST_AUTO_TEST_CASE(the_operation_keeps_its_context_until_it_completes)
{
    outcome o;
    probe<> op;
    std::weak_ptr<int> value;
    {
        auto const p = std::make_shared<int>(42);
        value = p;
        auto c = with_cancel(with_value(root, number, p));
        c.cancel.detach();
        op.start(bind_context(std::move(c.ctx), recorder(o)));
    }
    BOOST_TEST(!value.expired());
    o.when_called = [&] { BOOST_TEST(value.expired()); };
    op.complete({});
    BOOST_TEST(o == no_error);
}

BOOST_AUTO_TEST_CASE(one_cancel_aborts_a_hundred_thousand_timers)
{
    std::deque<asio::steady_timer> timers;
    int canceled = 0;
    auto const [ctx, cancel] = with_cancel(root);
    for (int i = 0; i < 100'000; ++i)
        timers.emplace_back(ioc, asio::steady_timer::time_point::max())
            .async_wait(bind_context(ctx,
                [&](error_code const& ec) { canceled += ec == errc::canceled; }));
    poll();
    BOOST_TEST(canceled == 0);
    cancel();
    BOOST_TEST(canceled == 0);
    poll();
    BOOST_TEST(canceled == 100'000);
}

BOOST_AUTO_TEST_CASE(operations_are_asked_in_the_order_of_their_start)
{
    std::vector<int> order;
    std::deque<outcome> outcomes(3);
    std::deque<probe<>> ops(3);
    auto const [ctx, cancel] = with_cancel(root);
    for (int i = 0; i < 3; ++i)
    {
        auto const n = static_cast<std::size_t>(i);
        ops[n].when_asked = [&order, i](auto) { order.push_back(i); };
        ops[n].start(bind_context(ctx, recorder(outcomes[n])));
    }
    ops[1].complete({});
    cancel();
    BOOST_TEST((order == std::vector{0, 2}));
    ops[0].complete(operation_aborted);
    ops[2].complete(operation_aborted);
    BOOST_TEST(outcomes[0] == errc::canceled);
    BOOST_TEST(outcomes[1] == no_error);
    BOOST_TEST(outcomes[2] == errc::canceled);
}

namespace {

// An operation of an I/O object on an io_context, that completes as soon as it
// is asked to stop. It is work of the io_context.
struct prompt_initiation
{
    using executor_type = asio::io_context::executor_type;

    executor_type get_executor() const noexcept
    {
        return ex;
    }

    template <class Handler>
    void operator()(Handler handler) const
    {
        auto work = asio::make_work_guard(ex);
        auto const h = std::make_shared<Handler>(std::move(handler));
        asio::get_associated_cancellation_slot(*h).assign(
            [h, work](asio::cancellation_type) mutable
            {
                auto const keep = h;
                work.reset();
                std::move (*keep)(operation_aborted);
            });
    }

    executor_type ex;
};

// Has a copy constructor that throws.
struct not_copied
{
    not_copied() = default;

    not_copied(not_copied const&)
    {
        throw std::runtime_error("planned");
    }
};

// Waits for one timer, is between two operations for a while, and waits for
// another. It passes its slot on.
template <class Handler>
struct waits_twice
{
    static void start(
        asio::steady_timer& one,
        asio::steady_timer& two,
        std::function<void()> between,
        Handler handler)
    {
        auto const slot = asio::get_associated_cancellation_slot(handler);
        one.async_wait(asio::bind_cancellation_slot(
            slot,
            [&two, slot, between = std::move(between), h = std::move(handler)](
                error_code) mutable
            {
                between();
                two.async_wait(
                    asio::bind_cancellation_slot(slot, std::move(h)));
            }));
    }
};

// Waits; once it is canceled, waits two more times to clean up.
struct cleans_up
{
    asio::steady_timer& timer;
    bool& cleaned_up;
    int step = 0;

    template <class Self>
    void operator()(Self& self, error_code ec = {})
    {
        switch (step++)
        {
        case 0:
            timer.expires_after(1h);
            return timer.async_wait(std::move(self));
        case 1:
            BOOST_TEST(ec == operation_aborted);
            BOOST_TEST((self.cancelled() != cancellation_type::none));
            self.reset_cancellation_state(asio::enable_total_cancellation());
            timer.expires_after(0h);
            return timer.async_wait(std::move(self));
        case 2:
            BOOST_TEST(!ec);
            BOOST_TEST((self.cancelled() == cancellation_type::none));
            timer.expires_after(0h);
            return timer.async_wait(std::move(self));
        default:
            BOOST_TEST(!ec);
            cleaned_up = !ec;
            self.complete(error_code());
        }
    }
};

// Passes on what another operation ends with.
struct passes_on
{
    asio::steady_timer& timer;
    bool& cleaned_up;
    bool begun = false;

    template <class Self>
    void operator()(Self& self, error_code ec = {})
    {
        if (std::exchange(begun, true))
            return self.complete(ec);
        auto& t = timer;
        auto& c = cleaned_up;
        asio::async_compose<Self, void(error_code)>(cleans_up{t, c}, self, t);
    }
};

// Cancels an operation that is made of a timer and of what tells whether it has
// cleaned up. It has heard the request and goes on.
template <class Operation>
void is_left_alone(bound_fixture& f)
{
    auto source = with_cancel(f.root);
    asio::steady_timer timer(f.ioc);
    bool cleaned_up = false;
    outcome o;
    auto token = bind_context(source.ctx, recorder(o));
    asio::async_compose<decltype(token), void(error_code)>(
        Operation{timer, cleaned_up}, token, f.ioc);
    f.cancel_later(source.cancel);
    f.until_completed(o);
    BOOST_TEST(cleaned_up);
    BOOST_TEST(o == error_code());
}

} // namespace

// The completion is put off, for the operation ends within its own request.
BOOST_AUTO_TEST_CASE(run_does_not_return_before_an_immediate_executors_handler)
{
    auto source = with_cancel(root);
    std::atomic<bool> called{false};
    std::thread::id where;
    {
        auto token = bind_context(
            source.ctx,
            asio::bind_executor(
                immediate_executor(),
                [&](error_code ec)
                {
                    BOOST_TEST(ec == errc::canceled);
                    where = std::this_thread::get_id();
                    called = true;
                }));
        asio::async_initiate<decltype(token), void(error_code)>(
            prompt_initiation{ioc.get_executor()}, token);
    }
    asio::post(ioc, [&] { source.cancel(); });
    ioc.run();
    BOOST_TEST(called.load());
    wait_until([&] { return called.load(); });
    BOOST_TEST((where == std::this_thread::get_id()));
}

// The request comes from outside; the operation has completed before.
BOOST_AUTO_TEST_CASE(a_result_that_cannot_be_kept_loses_no_handler)
{
    auto source = with_cancel(root);
    auto alive = std::make_shared<int>();
    std::weak_ptr<int> const handler = alive;
    bool called = false;
    bool ended = false;
    bool asked_late = false;
    auto const initiate = [&](auto h)
    {
        asio::get_associated_cancellation_slot(h).assign(
            [&](asio::cancellation_type) { asked_late = ended; });
        asio::post(
            ioc,
            [&, h = std::move(h)]() mutable
            {
                ended = true;
                std::move(h)(error_code(), not_copied());
            });
    };
    {
        auto token = bind_context(
            source.ctx,
            asio::bind_executor(
                ioc.get_executor(),
                [&called, alive = std::move(alive)](
                    error_code, not_copied const&) { called = true; }));
        asio::async_initiate<decltype(token), void(error_code, not_copied)>(
            initiate, token);
        auto const gone = std::move(token);
    }
    source.cancel();
    for (bool again = true; again;)
    {
        try
        {
            again = false;
            poll();
        }
        catch (std::runtime_error const&)
        {
            again = true;
        }
    }
    BOOST_TEST(ended);
    BOOST_TEST(!asked_late);
    BOOST_TEST((called || handler.expired()));
}

// What hears the request is a handler that the first wait has left.
BOOST_AUTO_TEST_CASE(an_operation_that_passes_its_slot_on_is_asked_between_two)
{
    auto source = with_cancel(root);
    outcome o;
    asio::steady_timer one(ioc, 0h);
    asio::steady_timer two(ioc, 1h);
    auto token = bind_context(source.ctx, recorder(o));
    asio::async_initiate<decltype(token), void(error_code)>(
        [&](auto handler)
        {
            waits_twice<decltype(handler)>::start(
                one, two, [&] { source.cancel(); }, std::move(handler));
        },
        token);
    poll_until(ioc, [&] { return o.completed(); });
    BOOST_TEST(o == errc::canceled);
    two.cancel(); // or it would wait for an hour
    poll();
}

// What it waits for then is its clean-up.
BOOST_AUTO_TEST_CASE(a_composed_operation_that_resets_its_state_is_left_alone)
{
    is_left_alone<cleans_up>(*this);
}

// The record does not see what the inner one does.
BOOST_AUTO_TEST_CASE(so_is_one_inside_of_another)
{
    is_left_alone<passes_on>(*this);
}

BOOST_AUTO_TEST_SUITE_END()
