//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/consign.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/experimental/promise.hpp>
#include <boost/asio/experimental/use_promise.hpp>
#include <boost/asio/prepend.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#if BOOST_ASIO_VERSION >= 102800
#include <boost/asio/bind_immediate_executor.hpp>
#endif

#if BOOST_ASIO_VERSION >= 103200
#include <boost/asio/cancel_after.hpp>
#endif

#include <array>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/bound_fixture.hpp"
#include "support/measuring_allocator.hpp"
#include "support/outcome.hpp"
#include "support/poll_until.hpp"
#include "support/print.hpp"
#include "support/probe.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

namespace {

using asio::cancellation_type;
using asio::error::operation_aborted;

error_code const no_error;

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

error_code last_error;

void remember(error_code ec)
{
    last_error = ec;
}

// An operation behind a border of types.
void wait_erased(asio::steady_timer& timer,
    asio::any_completion_handler<void(error_code)> handler)
{
    timer.async_wait(std::move(handler));
}

template <class Token>
auto async_wait_erased(asio::steady_timer& timer, Token&& token)
{
    return asio::async_initiate<Token, void(error_code)>(
        [](auto handler, asio::steady_timer& t)
        { wait_erased(t, std::move(handler)); },
        token, std::ref(timer));
}

// A token that looks at the initiation that it is given.
struct look
{
};

template <class Initiation>
constexpr bool has_executor = requires(Initiation const& i) {
    typename Initiation::executor_type;
    i.get_executor();
};

// An associator that Asio does not know.
template <class T, class D = int>
struct associated_number : asio::associator<associated_number, T, D>
{
    using type = D;

    static type get(T const& t, D const& d = {}) noexcept
    {
        if constexpr (requires { t.number; })
            return t.number;
        else if constexpr (requires {
                               asio::associator<associated_number, T, D>::get(
                                   t, d);
                           })
            return asio::associator<associated_number, T, D>::get(t, d);
        else
            return d;
    }
};

struct numbered
{
    void operator()(error_code const&) const
    {
    }

    friend bool asio_handler_is_continuation(numbered*)
    {
        return true;
    }

    int number;
};

} // namespace

template <class... Signatures>
struct boost::asio::async_result<look, Signatures...>
{
    template <class Initiation, class Token, class... Args>
    static bool initiate(Initiation&&, Token&&, Args&&...)
    {
        return has_executor<std::decay_t<Initiation>>;
    }
};

BOOST_FIXTURE_TEST_SUITE(test_bind_tokens, timers_fixture)

// Functions.

BOOST_AUTO_TEST_CASE(the_token_may_be_any_function_object)
{
    error_code ec;
    auto f = [&](error_code const& e) { ec = e; };
    auto const g = f;
    {
        auto const d = with_cancel(root);
        never.async_wait(bind_context(d.ctx, f));
        d.cancel();
        poll();
        BOOST_TEST(ec == errc::canceled);
    }
    {
        auto const d = with_cancel(root);
        never.async_wait(bind_context(d.ctx, g));
        d.cancel();
        ec = {};
        poll();
        BOOST_TEST(ec == errc::canceled);
    }
    {
        auto const d = with_cancel(root);
        never.async_wait(bind_context(d.ctx, std::ref(f)));
        d.cancel();
        ec = {};
        poll();
        BOOST_TEST(ec == errc::canceled);
    }
    {
        auto const d = with_cancel(root);
        never.async_wait(bind_context(d.ctx, &remember));
        d.cancel();
        poll();
        BOOST_TEST(last_error == errc::canceled);
    }
    {
        auto const d = with_cancel(root);
        never.async_wait(bind_context(d.ctx, remember));
        d.cancel();
        last_error = {};
        poll();
        BOOST_TEST(last_error == errc::canceled);
    }
    {
        auto const d = with_cancel(root);
        never.async_wait(bind_context(d.ctx,
            [&, p = std::make_unique<int>(1)](error_code const& e)
            {
                ec = e;
                BOOST_TEST(*p == 1);
            }));
        d.cancel();
        ec = {};
        poll();
        BOOST_TEST(ec == errc::canceled);
    }
}

BOOST_AUTO_TEST_CASE(a_binder_may_be_const_and_may_be_used_again)
{
    int calls = 0;
    auto const binder = bind_context(
        c.ctx, [&](error_code const& ec) { calls += ec == errc::canceled; });
    never.async_wait(binder);
    never.async_wait(binder);
    auto copy = binder;
    never.async_wait(copy);
    never.async_wait(std::move(copy));
    c.cancel();
    poll();
    BOOST_TEST(calls == 4);
    never.async_wait(binder);
    poll();
    BOOST_TEST(calls == 5);
}

// Lazy tokens.

BOOST_AUTO_TEST_CASE(use_future_throws_the_context_s_error)
{
    auto good = expired.async_wait(bind_context(c.ctx, asio::use_future));
    poll_until(
        ioc, [&] { return good.wait_for(0s) == std::future_status::ready; });
    good.get();

    auto bad = never.async_wait(bind_context(c.ctx, asio::use_future));
    c.cancel();
    poll();
    BOOST_TEST(error_of([&] { bad.get(); }) == errc::canceled);

    auto not_started = never.async_wait(bind_context(c.ctx, asio::use_future));
    poll();
    BOOST_TEST(error_of([&] { not_started.get(); }) == errc::canceled);
}

BOOST_AUTO_TEST_CASE(use_future_may_be_given_a_function)
{
    auto f = never.async_wait(bind_context(
        c.ctx, asio::use_future([](error_code const& ec) { return ec; })));
    c.cancel();
    poll();
    BOOST_TEST(f.get() == errc::canceled);
}

BOOST_AUTO_TEST_CASE(use_promise_gives_a_promise)
{
    outcome o;
    outcome done;
    {
        auto promise = never.async_wait(
            bind_context(c.ctx, asio::experimental::use_promise));
        promise(recorder(o));
        c.cancel();
        until_completed(o);
        BOOST_TEST(o == errc::canceled);
    }
    {
        auto promise = never.async_wait(
            bind_context(c.ctx, asio::experimental::use_promise));
        promise(recorder(done));
        until_completed(done);
        BOOST_TEST(done == errc::canceled);
    }
}

BOOST_AUTO_TEST_CASE(a_promise_may_be_dropped)
{
    (void)never.async_wait(
        bind_context(c.ctx, asio::experimental::use_promise));
    poll(); // the operation was aborted by the promise's destructor
    BOOST_TEST(idle());
}

BOOST_AUTO_TEST_CASE(deferred_binds_when_it_is_launched)
{
    outcome o;
    auto op = never.async_wait(bind_context(c.ctx, asio::deferred));
    poll();
    std::move(op)(recorder(o));
    poll();
    BOOST_TEST(o.calls == 0);
    c.cancel();
    until_completed(o);
    BOOST_TEST(o == errc::canceled);
}

BOOST_AUTO_TEST_CASE(deferred_may_be_launched_twice)
{
    outcome first;
    outcome second;
    outcome third;
    auto op = never.async_wait(bind_context(c.ctx, asio::deferred));
    auto const copy = op;
    op(recorder(first));
    copy(recorder(second));
    c.cancel();
    op(recorder(third)); // not started
    until_completed(first);
    until_completed(second);
    until_completed(third);
    BOOST_TEST(first == errc::canceled);
    BOOST_TEST(second == errc::canceled);
    BOOST_TEST(third == errc::canceled);
}

BOOST_AUTO_TEST_CASE(deferred_may_be_chained)
{
    outcome o;
    auto op = never.async_wait(bind_context(c.ctx, asio::deferred))
        | asio::deferred([&](error_code const& ec)
            { return asio::deferred.values(ec); });
    std::move(op)(recorder(o));
    c.cancel();
    until_completed(o);
    BOOST_TEST(o == errc::canceled);
}

BOOST_AUTO_TEST_CASE(detached_ends_with_the_context)
{
    never.async_wait(bind_context(c.ctx, asio::detached));
    BOOST_TEST(!idle());
    c.cancel();
    BOOST_TEST(idle());
}

// Adapters.

BOOST_AUTO_TEST_CASE(append_and_prepend_work_inside)
{
    int calls = 0;
    never.async_wait(bind_context(c.ctx,
        asio::append(
            [&](error_code const& ec, int n)
            { calls += ec == errc::canceled && n == 1; },
            1)));
    never.async_wait(bind_context(c.ctx,
        asio::prepend(
            [&](int n, error_code const& ec)
            { calls += ec == errc::canceled && n == 2; },
            2)));
    c.cancel();
    poll();
    BOOST_TEST(calls == 2);
}

// NOLINTBEGIN(asioctx-binder-not-outermost): what it shows
BOOST_AUTO_TEST_CASE(append_works_outside)
{
    int calls = 0;
    auto const handler = [&](error_code const& ec, int n)
    { calls += ec == errc::canceled && n == 1; };
    never.async_wait(asio::append(bind_context(c.ctx, handler), 1));
    c.cancel();
    poll();
    BOOST_TEST(calls == 1);
}
// NOLINTEND(asioctx-binder-not-outermost)

// NOLINTBEGIN(asioctx-binder-not-outermost): what it shows
BOOST_AUTO_TEST_CASE(consign_works_inside_and_outside)
{
    outcome inside;
    outcome outside;
    auto p = std::make_shared<int>(1);
    std::weak_ptr<int> const w = p;
    never.async_wait(bind_context(c.ctx, asio::consign(recorder(inside), p)));
    never.async_wait(asio::consign(bind_context(c.ctx, recorder(outside)), p));
    p.reset();
    BOOST_TEST(w.use_count() == 2);
    c.cancel();
    poll();
    BOOST_TEST(inside == errc::canceled);
    BOOST_TEST(outside == errc::canceled);
    BOOST_TEST(w.expired());
}
// NOLINTEND(asioctx-binder-not-outermost)

// NOLINTBEGIN(asioctx-binder-not-outermost): what it shows
BOOST_AUTO_TEST_CASE(bind_executor_works_inside_and_outside)
{
    int calls = 0;
    auto const strand = asio::make_strand(ioc);
    auto const handler = [&](error_code const& ec)
    {
        BOOST_TEST(strand.running_in_this_thread());
        calls += ec == errc::canceled;
    };
    never.async_wait(
        bind_context(c.ctx, asio::bind_executor(strand, handler)));
    never.async_wait(
        asio::bind_executor(strand, bind_context(c.ctx, handler)));
    c.cancel();
    poll();
    BOOST_TEST(calls == 2);

    // Not started.
    never.async_wait(
        bind_context(c.ctx, asio::bind_executor(strand, handler)));
    poll();
    BOOST_TEST(calls == 3);
}
// NOLINTEND(asioctx-binder-not-outermost)

// NOLINTBEGIN(asioctx-binder-not-outermost): what it shows
BOOST_AUTO_TEST_CASE(bind_allocator_works_inside_and_outside)
{
    int calls = 0;
    memory_use inside;
    memory_use outside;
    auto const handler = [&](error_code const& ec)
    { calls += ec == errc::canceled; };
    never.async_wait(bind_context(c.ctx,
        asio::bind_allocator(measuring_allocator<>(inside), handler)));
    never.async_wait(asio::bind_allocator(measuring_allocator<>(outside),
        bind_context(c.ctx, handler)));
    BOOST_TEST(inside.allocations == 2); // the record and the wait
    BOOST_TEST(outside.allocations == 1); // the wait
    c.cancel();
    poll();
    BOOST_TEST(calls == 2);
    BOOST_TEST(inside.blocks == 0);
    BOOST_TEST(outside.blocks == 0);
}
// NOLINTEND(asioctx-binder-not-outermost)

BOOST_AUTO_TEST_CASE(bind_cancellation_slot_works_inside)
{
    outcome o;
    outcome p;
    asio::cancellation_signal s;
    auto const f = [&](error_code const& ec) { recorder{o}(ec); };
    never.async_wait(
        bind_context(c.ctx, asio::bind_cancellation_slot(s.slot(), f)));
    s.emit(cancellation_type::terminal);
    poll();
    BOOST_TEST(o == operation_aborted);
    BOOST_TEST(!s.slot().has_handler());

    auto const g = [&](error_code const& ec) { recorder{p}(ec); };
    never.async_wait(
        bind_context(c.ctx, asio::bind_cancellation_slot(s.slot(), g)));
    c.cancel();
    poll();
    BOOST_TEST(p == errc::canceled);
}

// As if it were inside.
BOOST_AUTO_TEST_CASE(bind_cancellation_slot_works_outside)
{
    outcome o;
    asio::cancellation_signal s;
    auto const f = [&](error_code const& ec) { recorder{o}(ec); };
    auto const token =
        asio::bind_cancellation_slot(s.slot(), bind_context(c.ctx, f));
    never.async_wait(token); // a copy
    s.emit(cancellation_type::terminal);
    until_completed(o);
    BOOST_TEST(o == operation_aborted);
    BOOST_TEST(!s.slot().has_handler());

    outcome p;
    never.async_wait(asio::bind_cancellation_slot(
        s.slot(), bind_context(c.ctx, recorder(p))));
    c.cancel();
    until_completed(p);
    BOOST_TEST(p == errc::canceled);
    BOOST_TEST(!s.slot().has_handler());

    outcome q;
    never.async_wait(asio::bind_cancellation_slot(
        s.slot(), bind_context(c.ctx, recorder(q))));
    BOOST_TEST(q.calls == 0);
    until_completed(q);
    BOOST_TEST(q == errc::canceled);
}

BOOST_AUTO_TEST_CASE(bind_cancellation_slot_works_outside_of_any_token)
{
    asio::cancellation_signal s;
    outcome o;
#if BOOST_ASIO_VERSION >= 102802
    auto op = never.async_wait(
        asio::bind_cancellation_slot(s.slot(), bind_context(c.ctx)));
    std::move(op)(recorder(o));
#else // does not know asio::deferred
    never.async_wait(asio::bind_cancellation_slot(
        s.slot(), bind_context(c.ctx, recorder(o))));
#endif

    auto owned = std::make_unique<int>(1);
    int calls = 0;
    never.async_wait(asio::bind_cancellation_slot(s.slot(),
        bind_context(c.ctx,
            [owned = std::move(owned), &calls](error_code const& ec)
            {
                BOOST_TEST(ec == errc::canceled);
                calls += *owned;
            })));

    auto f = never.async_wait(asio::bind_cancellation_slot(
        s.slot(), bind_context(c.ctx, asio::use_future)));
    c.cancel();
    until_completed(o);
    poll();
    BOOST_TEST(o == errc::canceled);
    BOOST_TEST(calls == 1);
    BOOST_CHECK_EXCEPTION(f.get(), boost::system::system_error,
        [](auto const& e) { return e.code() == errc::canceled; });
}

#if BOOST_ASIO_VERSION >= 102800
BOOST_AUTO_TEST_CASE(bind_immediate_executor_works_inside_and_outside)
{
    int calls = 0;
    auto const handler = [&](error_code const& ec)
    { calls += ec == errc::canceled; };
    c.cancel();
    never.async_wait(bind_context(c.ctx,
        asio::bind_immediate_executor(asio::system_executor(), handler)));
    BOOST_TEST(calls == 1); // inline
    never.async_wait(asio::bind_immediate_executor(
        asio::system_executor(), bind_context(c.ctx, handler)));
    poll();
    BOOST_TEST(calls == 2);
}
#endif

#if BOOST_ASIO_VERSION >= 103200
BOOST_AUTO_TEST_CASE(cancel_after_works_inside_and_outside)
{
    outcome inside;
    outcome outside;
    never.async_wait(
        bind_context(c.ctx, asio::cancel_after(1h, recorder(inside))));
    never.async_wait(
        asio::cancel_after(1h, bind_context(c.ctx, recorder(outside))));
    c.cancel();
    until_completed(inside);
    until_completed(outside);
    BOOST_TEST(inside == errc::canceled);
    BOOST_TEST(outside == errc::canceled);
}

BOOST_AUTO_TEST_CASE(cancel_after_aborts_what_is_bound)
{
    outcome inside;
    outcome outside;
    never.async_wait(
        bind_context(c.ctx, asio::cancel_after(0s, recorder(inside))));
    never.async_wait(
        asio::cancel_after(0s, bind_context(c.ctx, recorder(outside))));
    until_completed(inside);
    until_completed(outside);
    BOOST_TEST(inside == operation_aborted);
    BOOST_TEST(outside == operation_aborted);
}
#endif

BOOST_AUTO_TEST_CASE(an_any_completion_handler_may_be_bound)
{
    outcome o;
    never.async_wait(bind_context(c.ctx,
        asio::any_completion_handler<void(error_code)>(recorder(o))));
    c.cancel();
    until_completed(o);
    BOOST_TEST(o == errc::canceled);
}

BOOST_AUTO_TEST_CASE(an_operation_behind_any_completion_handler_may_be_bound)
{
    outcome o;
    outcome up;
    async_wait_erased(never, bind_context(c.ctx, recorder(o)));
    asio::cancellation_signal s;
    up.slot = s.slot();
    async_wait_erased(never, bind_context(c.ctx, recorder(up)));
    s.emit(cancellation_type::terminal);
    poll();
    BOOST_TEST(up == operation_aborted);
    c.cancel();
    until_completed(o);
    BOOST_TEST(o == errc::canceled);
}

// Contexts upon contexts.

BOOST_AUTO_TEST_CASE(with_two_contexts_both_count)
{
    for (bool const outer_first : {true, false})
    {
        outcome o;
        auto const outer = with_timeout(root, 1s);
        auto const inner = with_cancel(root);
        never.async_wait(
            bind_context(outer.ctx, bind_context(inner.ctx, recorder(o))));
        poll();
        if (outer_first)
            clock.advance(1s);
        inner.cancel();
        if (!outer_first)
            clock.advance(1s);
        until_completed(o);
        if (outer_first)
            BOOST_TEST(o == errc::deadline_exceeded);
        else
            BOOST_TEST(o == errc::canceled);
        poll();
    }
}

BOOST_AUTO_TEST_CASE(with_two_contexts_each_may_be_done_already)
{
    for (bool const outer_done : {true, false})
    {
        outcome o;
        auto const done = with_timeout(root, 0s);
        auto const live = with_cancel(root);
        never.async_wait(bind_context(outer_done ? done.ctx : live.ctx,
            bind_context(outer_done ? live.ctx : done.ctx, recorder(o))));
        BOOST_TEST(o.calls == 0);
        until_completed(o);
        BOOST_TEST(o == errc::deadline_exceeded);
    }
}

// Groups.

BOOST_AUTO_TEST_CASE(members_of_a_parallel_group_may_be_bound)
{
    outcome o;
    error_code first;
    error_code second;
    auto const d = with_timeout(root, 1s);
    asio::experimental::make_parallel_group(
        never.async_wait(bind_context(c.ctx, asio::deferred)),
        never.async_wait(bind_context(d.ctx, asio::deferred)))
        .async_wait(asio::experimental::wait_for_all(),
            [&](std::array<std::size_t, 2> order, error_code a, error_code b)
            {
                first = a;
                second = b;
                BOOST_TEST(order[0] == 1);
                recorder{o}();
            });
    poll();
    clock.advance(1s);
    poll();
    c.cancel();
    until_completed(o);
    BOOST_TEST(first == errc::canceled);
    BOOST_TEST(second == errc::deadline_exceeded);
}

BOOST_AUTO_TEST_CASE(a_parallel_group_aborts_its_bound_members)
{
    outcome o;
    error_code second;
    asio::experimental::make_parallel_group(
        expired.async_wait(bind_context(c.ctx, asio::deferred)),
        never.async_wait(bind_context(c.ctx, asio::deferred)))
        .async_wait(asio::experimental::wait_for_one(),
            [&](std::array<std::size_t, 2>, error_code a, error_code b)
            {
                second = b;
                recorder{o}(a);
            });
    until_completed(o);
    BOOST_TEST(o == no_error);
    BOOST_TEST(second == operation_aborted);
}

BOOST_AUTO_TEST_CASE(a_parallel_group_may_be_bound_as_a_whole)
{
    for (bool const done : {false, true})
    {
        outcome o;
        error_code second;
        auto const d = with_cancel(root);
        if (done)
            d.cancel();
        // The signature has no error: the members' are left as they are.
        asio::experimental::make_parallel_group(
            never.async_wait(asio::deferred), never.async_wait(asio::deferred))
            .async_wait(asio::experimental::wait_for_all(),
                bind_context(d.ctx,
                    [&](std::array<std::size_t, 2>, error_code a, error_code b)
                    {
                        second = b;
                        recorder{o}(a);
                    }));
        d.cancel();
        until_completed(o);
        BOOST_TEST(o == operation_aborted);
        BOOST_TEST(second == operation_aborted);
    }
}

// Without a token.

BOOST_AUTO_TEST_CASE(without_a_default_token_an_operation_is_deferred)
{
    outcome o;
    outcome later;
    auto op = never.async_wait(bind_context(c.ctx));
    op(recorder(o));
    c.cancel();
    until_completed(o);
    BOOST_TEST(o == errc::canceled);

    probe<> p; // without an executor
    auto const d = with_cancel(root);
    p.start(bind_context(d.ctx))(recorder(later));
    d.cancel();
    BOOST_TEST(p.requests.size() == 1);
    p.complete(operation_aborted);
    BOOST_TEST(later == errc::canceled);
}

BOOST_AUTO_TEST_CASE(a_partial_binder_may_be_const_and_used_again)
{
    outcome first;
    outcome second;
    auto const partial = bind_context(c.ctx);
    auto lvalue = partial;
    never.async_wait(partial)(recorder(first));
    never.async_wait(lvalue)(recorder(second));
    c.cancel();
    until_completed(first);
    until_completed(second);
    BOOST_TEST(first == errc::canceled);
    BOOST_TEST(second == errc::canceled);
}

BOOST_AUTO_TEST_CASE(a_partial_binder_passes_the_type_on)
{
    outcome o;
    probe<> p;
    p.start(bind_context(c.ctx, cancellation_type::total))(recorder(o));
    c.cancel();
    BOOST_TEST((p.requests
        == std::vector<asio::cancellation_type_t>{cancellation_type::total}));
    p.complete(operation_aborted);
    BOOST_TEST(o == errc::canceled);
}

BOOST_AUTO_TEST_CASE(a_partial_binder_adapts_a_token)
{
    outcome o;
    auto const under = bind_context(c.ctx);
    never.async_wait(under(recorder(o)));
    c.cancel();
    until_completed(o);
    BOOST_TEST(o == errc::canceled);
}

// What is passed through.

BOOST_AUTO_TEST_CASE(what_is_associated_with_the_handler_is_passed_on)
{
    int calls = 0;
    memory_use use;
    auto const strand = asio::make_strand(ioc);
    auto binder = bind_context(c.ctx,
        asio::bind_executor(strand,
            asio::bind_allocator(measuring_allocator<>(use),
                [&](error_code const&) { ++calls; })));
    asio::async_initiate<decltype(binder), void(error_code)>(
        [&](auto h)
        {
            auto const is_on_strand = [&](auto ex)
            {
                bool result = false;
                asio::post(
                    ex, [&] { result = strand.running_in_this_thread(); });
                poll();
                return result;
            };
            BOOST_TEST(is_on_strand(asio::get_associated_executor(h)));
            BOOST_TEST(is_on_strand(
                asio::get_associated_executor(h, ioc.get_executor())));
            BOOST_TEST(
                (asio::get_associated_allocator(h).use() == &use));
            BOOST_TEST((asio::get_associated_allocator(
                            h, std::allocator<void>())
                            .use()
                == &use));
            BOOST_TEST(
                asio::get_associated_cancellation_slot(h).is_connected());
            std::move(h)(no_error);
        },
        binder);
    BOOST_TEST(calls == 1);
    BOOST_TEST(use.allocations == 1);
    BOOST_TEST(use.blocks == 0);
}

BOOST_AUTO_TEST_CASE(foreign_associators_are_passed_on)
{
    auto binder = bind_context(c.ctx, numbered{42});
    asio::async_initiate<decltype(binder), void(error_code)>(
        [&](auto h)
        {
            BOOST_TEST((associated_number<decltype(h)>::get(h) == 42));
            BOOST_TEST(asio_handler_is_continuation(&h));
            std::move(h)(no_error);
        },
        binder);
}

// Asio has a shorter way for a handler whose executor is that of the operation.
BOOST_AUTO_TEST_CASE(a_handler_without_an_executor_stays_one)
{
    auto binder = bind_context(c.ctx, [](error_code const&) {});
    asio::async_initiate<decltype(binder), void(error_code)>(
        [&](auto h)
        {
            static_assert(std::is_same_v<
                asio::associated_executor_t<decltype(h), asio::any_io_executor>,
                asio::any_io_executor>);
            asio::any_io_executor const io = ioc.get_executor();
            BOOST_TEST((asio::get_associated_executor(h, io) == io));
            std::move(h)(no_error);
        },
        binder);
}

BOOST_AUTO_TEST_CASE(an_initiation_has_an_executor_if_the_bound_one_has_it)
{
    probe<> p;
    BOOST_TEST(p.start_on(ioc.get_executor(), look()));
    BOOST_TEST(p.start_on(ioc.get_executor(), bind_context(c.ctx, look())));
    BOOST_TEST(p.start_on(ioc.get_executor(),
        bind_context(c.ctx, bind_context(c.ctx, look()))));
    BOOST_TEST(!p.start(look()));
    BOOST_TEST(!p.start(bind_context(c.ctx, look())));
    BOOST_TEST(never.async_wait(bind_context(c.ctx, look())));
    // A lambda.
    auto binder = bind_context(c.ctx, look());
    BOOST_TEST((!asio::async_initiate<decltype(binder), void(error_code)>(
        [](auto) {}, binder)));
}

// Between the two, the request finds what the first has left in the slot.
BOOST_AUTO_TEST_CASE(a_sequence_of_deferred_operations_is_asked_between_two)
{
    auto source = with_cancel(root);
    outcome o;
    asio::steady_timer one(ioc, 0h);
    asio::steady_timer two(ioc, 1h);
    one.async_wait(asio::deferred(
        [&](error_code)
        {
            source.cancel();
            return two.async_wait(asio::deferred);
        }))(bind_context(source.ctx, recorder(o)));
    poll_until(ioc, [&] { return o.completed(); });
    BOOST_TEST(o == errc::canceled);
    two.cancel(); // or it would wait for an hour
    poll();
}

BOOST_AUTO_TEST_SUITE_END()
