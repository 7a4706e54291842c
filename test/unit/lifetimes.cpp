//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// In which order things may go, and what is allocated. Most of this is for
// AddressSanitizer to see.
#include <asioctx/after_func.hpp>
#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/detach_on_cancel.hpp>
#include <asioctx/value.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "support/allocation_counter.hpp"
#include "support/bound_fixture.hpp"
#include "support/measuring_allocator.hpp"
#include "support/outcome.hpp"
#include "support/print.hpp"
#include "support/probe.hpp"
#include "support/sockets.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

namespace {

using asio::cancellation_type;
using asio::error::operation_aborted;
using io_executor = asio::io_context::executor_type;

error_code const no_error;
auto const end_of_time = asio::steady_timer::time_point::max();

// A timer whose executor's type is known.
template <class Executor>
using timer_on = asio::basic_waitable_timer<
    asio::steady_timer::clock_type,
    asio::wait_traits<asio::steady_timer::clock_type>,
    Executor>;

// A handler that cannot be moved while it is said to be stuck.
struct stuck_handler
{
    using allocator_type = measuring_allocator<>;

    stuck_handler(bool& s, memory_use& u) : stuck(&s), use(&u)
    {
    }

    // NOLINTNEXTLINE(performance-noexcept-move-constructor): what it is for
    stuck_handler(stuck_handler&& other) : stuck(other.stuck), use(other.use)
    {
        if (*stuck)
            throw std::runtime_error("stuck");
    }

    allocator_type get_allocator() const noexcept
    {
        return allocator_type(*use);
    }

    void operator()(error_code const& = {})
    {
    }

    bool* stuck;
    memory_use* use;
};

// The executor of an io_context that fails to take functions when it is told
// to.
template <class Inner = io_executor>
struct failing_executor
{
    template <class Property>
        requires asio::can_query_v<Inner const&, Property>
    decltype(auto) query(Property const& p) const noexcept
    {
        return asio::query(inner, p);
    }

    template <class Property>
        requires asio::can_require_v<Inner const&, Property>
    auto require(Property const& p) const
    {
        auto const ex = asio::require(inner, p);
        return failing_executor<std::decay_t<decltype(ex)>>{ex, fails};
    }

    template <class Function>
    void execute(Function&& f) const
    {
        if (*fails)
            throw std::bad_alloc();
        inner.execute(std::forward<Function>(f));
    }

    bool running_in_this_thread() const noexcept
    {
        return inner.running_in_this_thread();
    }

    bool operator==(failing_executor const&) const noexcept = default;

    Inner inner;
    bool* fails;
};

// Memory that its owner takes along.
struct arena
{
    template <class T>
    struct allocator
    {
        using value_type = T;

        explicit allocator(arena& a) noexcept : home(&a)
        {
        }

        template <class U>
        allocator(allocator<U> const& other) noexcept : home(other.home)
        {
        }

        T* allocate(std::size_t n)
        {
            auto const size = n * sizeof(T);
            home->blocks.emplace_back(std::make_unique<char[]>(size));
            return reinterpret_cast<T*>(home->blocks.back().get());
        }

        void deallocate(T*, std::size_t) noexcept
        {
            ++home->returned;
        }

        template <class U>
        bool operator==(allocator<U> const& other) const noexcept
        {
            return home == other.home;
        }

        arena* home;
    };

    std::size_t returned = 0;
    std::vector<std::unique_ptr<char[]>> blocks;
};

// A handler that takes the memory of its operation along when it is called.
struct arena_user
{
    using allocator_type = arena::allocator<void>;

    allocator_type get_allocator() const noexcept
    {
        return allocator_type(memory);
    }

    void operator()(error_code const& ec) const
    {
        result = ec;
        BOOST_TEST(memory.returned == memory.blocks.size());
    }

    arena& memory;
    error_code& result;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(test_lifetimes, bound_fixture)

// Execution contexts that go.

BOOST_AUTO_TEST_CASE(an_io_context_may_go_before_its_contexts)
{
    outcome o;
    outcome composed;
    std::optional<cancelable> parent;
    std::optional<cancelable> child;
    {
        asio::io_context mine;
        parent = with_timeout(background(mine), 1h);
        child = with_timeout(parent->ctx, 1min);
        asio::steady_timer timer(mine, end_of_time);
        stream_pair pair(mine);
        std::array<char, 8> buffer;
        timer.async_wait(bind_context(child->ctx, recorder(o)));
        asio::async_read(
            pair.socket,
            asio::buffer(buffer),
            bind_context(parent->ctx, recorder(composed)));
        mine.poll();
    }
    BOOST_TEST(o.handlers == 0);
    BOOST_TEST(composed.handlers == 0);
    BOOST_TEST(o.memory.blocks == 0);
    child.reset();
    parent.reset();
}

BOOST_AUTO_TEST_CASE(contexts_may_go_before_their_io_context)
{
    outcome o;
    {
        asio::io_context mine;
        auto const timer =
            std::make_shared<asio::steady_timer>(mine, end_of_time);
        auto c = with_timeout(background(mine), 1h);
        c.cancel.detach();
        timer->async_wait(bind_context(std::move(c.ctx), recorder(o)));
        mine.poll();
        BOOST_TEST(o.handlers == 1);
    }
    BOOST_TEST(o.handlers == 0);
    BOOST_TEST(o.calls == 0);
}

BOOST_AUTO_TEST_CASE(an_io_context_may_go_with_a_request_on_its_way)
{
    outcome o;
    outcome composed;
    {
        asio::io_context mine;
        asio::steady_timer timer(mine, end_of_time);
        stream_pair pair(mine);
        std::array<char, 8> buffer;
        auto const c = with_cancel(background(mine));
        timer.async_wait(bind_context(c.ctx, recorder(o)));
        asio::async_read(
            pair.socket,
            asio::buffer(buffer),
            bind_context(c.ctx, recorder(composed)));
        mine.poll();
        std::thread(std::ref(c.cancel)).join();
    }
    BOOST_TEST(o.handlers == 0);
    BOOST_TEST(composed.handlers == 0);
    BOOST_TEST(o.calls == 0);
}

// A strand keeps two blocks of memory of what is dispatched to it, and one is
// freed when the operation has gone.
BOOST_AUTO_TEST_CASE(a_strand_may_go_with_what_is_on_its_way)
{
    outcome o;
    auto const on_strand = [](auto start)
    {
        asio::io_context mine;
        auto const c = with_cancel(background(mine));
        start(asio::any_io_executor(asio::make_strand(mine)), c);
    };
    on_strand( // a request
        [&](auto const& strand, cancelable const& c)
        {
            auto const t =
                std::make_shared<asio::steady_timer>(strand, end_of_time);
            t->async_wait(bind_context(
                c.ctx, [t, r = recorder(o)](error_code const&) {}));
            c.cancel();
        });
    on_strand( // what is not started
        [&](auto const& strand, cancelable const& c)
        {
            c.cancel();
            asio::steady_timer(strand).async_wait(
                bind_context(c.ctx, recorder(o)));
        });
    on_strand( // a callback
        [&](auto const& strand, cancelable const& c)
        {
            after_func(c.ctx, asio::bind_executor(strand, [r = recorder(o)] {}))
                .detach();
            c.cancel();
        });
    BOOST_TEST(o.handlers == 0);
    BOOST_TEST(o.calls == 0);
}

// The services of an execution context shut down in turns, that of the strands
// first: then a request to one is dropped. It is not to be made from there.
BOOST_AUTO_TEST_CASE(nothing_is_asked_when_a_strand_has_gone)
{
    outcome o;
    probe<> op;
    std::optional<asio::io_context> mine(std::in_place);
    auto c = with_cancel(background(*mine));
    {
        auto const strand = asio::make_strand(*mine);
        op.start_on(
            asio::any_io_executor(strand), bind_context(c.ctx, recorder(o)));
        asio::post(strand, [cancel = std::move(c.cancel)] {});
        // The operation goes with what the io_context has, after the strands.
        std::shared_ptr<void> last(nullptr, [&](void*) { op.abandon(); });
        asio::post(*mine, [last = std::move(last)] {});
    }
    mine.reset(); // destroys the source
    BOOST_TEST(c.ctx.done());
    BOOST_TEST(op.requests.empty());
    BOOST_TEST(o.handlers == 0);
}

// What has been called, stopped or dropped has nothing to do with its execution
// context any more.
BOOST_AUTO_TEST_CASE(a_registration_may_outlive_the_execution_context)
{
    enum class fate
    {
        waits,
        is_called,
        is_stopped,
        is_posted
    };
    auto const outlives = [](fate f, auto make)
    {
        std::optional<asio::io_context> mine(std::in_place);
        auto const c = with_cancel(background());
        outcome o;
        auto r = after_func(
            c.ctx, asio::bind_executor(make(*mine), [r = recorder(o)] {}));
        if (f == fate::is_stopped)
            BOOST_TEST(r.stop());
        if (f == fate::is_called || f == fate::is_posted)
            c.cancel();
        if (f == fate::is_called)
            mine->run();
        mine.reset();
        BOOST_TEST(o.handlers == 0);
    };
    for (auto const f :
         {fate::waits, fate::is_called, fate::is_stopped, fate::is_posted})
    {
        outlives(f, [](auto& ioc) { return ioc.get_executor(); });
        outlives(f, [](auto& ioc) { return asio::make_strand(ioc); });
        outlives(
            f,
            [](auto& ioc)
            { return asio::any_io_executor(asio::make_strand(ioc)); });
    }
}

// Whoever completes, or goes, does not touch a slot that has gone.
BOOST_AUTO_TEST_CASE(the_handlers_signal_may_go_first)
{
    auto const with_each = [](error_code const& expected, auto start)
    {
        for (bool const completes : {false, true})
        {
            std::optional<asio::io_context> mine(std::in_place);
            std::optional<asio::steady_timer> timer(
                std::in_place, *mine, end_of_time);
            auto const c = with_cancel(background(*mine));
            outcome o;
            {
                asio::cancellation_signal signal;
                o.slot = signal.slot();
                start(*timer, c.ctx, recorder(o));
            }
            if (completes)
            {
                c.cancel();
                mine->poll();
                BOOST_TEST(o == expected);
            }
            timer.reset();
            mine.reset();
            BOOST_TEST(o.handlers == 0);
        }
    };
    with_each(
        no_error,
        [](auto&, context const& ctx, recorder h)
        { ctx.async_wait(std::move(h)); });
    with_each(
        make_error_code(errc::canceled),
        [](auto& timer, context const& ctx, recorder h)
        { timer.async_wait(bind_context(ctx, std::move(h))); });
    with_each(
        make_error_code(errc::canceled),
        [](auto& timer, context const& ctx, recorder h)
        { timer.async_wait(detach_on_cancel(ctx, std::move(h))); });
}

BOOST_AUTO_TEST_CASE(a_signal_may_ask_what_has_gone)
{
    asio::cancellation_signal signal;
    outcome o;
    {
        asio::io_context mine;
        auto const c = with_cancel(background(mine));
        o.slot = signal.slot();
        // NOLINTNEXTLINE(asioctx-dead-context): it goes with its executor
        c.ctx.async_wait(recorder(o));
    }
    BOOST_TEST(o.handlers == 0);
    signal.emit(cancellation_type::terminal);
}

BOOST_AUTO_TEST_CASE(waits_take_a_strand_of_any_executor)
{
    outcome waits;
    outcome lets_go;
    auto const c = with_cancel(root);
    auto const strand =
        asio::make_strand(asio::any_io_executor(ioc.get_executor()));
    asio::steady_timer timer(ioc, end_of_time);
    c.ctx.async_wait(asio::bind_executor(strand, recorder(waits)));
    timer.async_wait(detach_on_cancel(
        c.ctx, asio::bind_executor(strand, recorder(lets_go))));
    c.cancel();
    poll();
    BOOST_TEST(waits == no_error);
    BOOST_TEST(lets_go == errc::canceled);
}

// What has been put off waits where the handler runs, and has nothing to do
// with the I/O object's execution context any more.
BOOST_AUTO_TEST_CASE(an_object_s_execution_context_may_go_before_the_completion)
{
    auto const put_off = [](asio::io_context& handlers, outcome& o, auto make)
    {
        asio::io_context mine;
        auto const c = with_cancel(background(handlers));
        probe<> op;
        op.when_asked = [&](auto)
        {
            op.complete(operation_aborted);
        };
        op.start_on(
            make(mine),
            bind_context(
                c.ctx,
                asio::bind_executor(handlers.get_executor(), recorder(o))));
        asio::post(mine, [&] { c.cancel(); });
        mine.poll();
        BOOST_TEST(!op.pending());
        BOOST_TEST(o.calls == 0);
    };
    auto const with_each = [&](auto make)
    {
        outcome o;
        put_off(ioc, o, make);
        poll();
        BOOST_TEST(o == errc::canceled);
        outcome dropped;
        {
            asio::io_context handlers;
            put_off(handlers, dropped, make);
            BOOST_TEST(dropped.handlers == 1);
        }
        BOOST_TEST(dropped.handlers == 0);
        BOOST_TEST(dropped.calls == 0);
    };
    with_each([](auto& mine) { return mine.get_executor(); });
    with_each([](auto& mine) { return asio::make_strand(mine); });
    with_each([](auto& mine)
              { return asio::any_io_executor(asio::make_strand(mine)); });
}

BOOST_AUTO_TEST_CASE(run_does_not_return_before_a_completion_that_is_put_off)
{
    outcome o;
    probe<> op;
    asio::io_context mine;
    auto const c = with_cancel(background(mine));
    bool had_work = false;
    // The initiating function has not returned when another thread completes
    // the operation.
    op.at_end = [&]
    {
        std::thread([&] { op.complete({}); }).join();
        BOOST_TEST(o.calls == 0);
        mine.poll();
        had_work = !mine.stopped();
    };
    op.start_on(mine.get_executor(), bind_context(c.ctx, recorder(o)));
    BOOST_TEST(had_work);
    mine.restart();
    mine.run();
    BOOST_TEST(o == no_error);
}

BOOST_AUTO_TEST_CASE(a_handler_may_own_the_last_handle)
{
    outcome o;
    {
        asio::io_context mine;
        asio::steady_timer timer(mine, end_of_time);
        auto c = std::make_shared<cancelable>(with_cancel(background(mine)));
        auto const ctx = c->ctx;
        timer.async_wait(bind_context(
            ctx,
            [c, r = recorder(o)](error_code const& ec) mutable { r(ec); }));
        c.reset();
        mine.poll();
    }
    BOOST_TEST(o.handlers == 0);
}

// The handler's destructor cancels the context of another operation.
BOOST_AUTO_TEST_CASE(a_handler_that_goes_may_cancel)
{
    outcome first;
    outcome second;
    for (bool const reversed : {false, true})
    {
        asio::io_context mine;
        asio::steady_timer a(mine, end_of_time);
        asio::steady_timer b(mine, end_of_time);
        auto c = std::make_shared<cancelable>(with_cancel(background(mine)));
        auto const ctx = c->ctx;
        if (reversed)
            a.async_wait(bind_context(ctx, recorder(second)));
        b.async_wait(bind_context(
            background(mine), [c, r = recorder(first)](error_code const&) {}));
        if (!reversed)
            a.async_wait(bind_context(ctx, recorder(second)));
        c.reset();
        mine.poll();
    }
    BOOST_TEST(first.handlers == 0);
    BOOST_TEST(second.handlers == 0);
}

BOOST_AUTO_TEST_CASE(two_io_contexts_may_share_a_context)
{
    outcome first;
    outcome second;
    auto const c = with_cancel(root);
    {
        asio::io_context other;
        asio::steady_timer here(ioc, end_of_time);
        asio::steady_timer there(other, end_of_time);
        here.async_wait(bind_context(c.ctx, recorder(first)));
        there.async_wait(bind_context(c.ctx, recorder(second)));
        c.cancel();
        poll();
        BOOST_TEST(first == errc::canceled);
        BOOST_TEST(second.calls == 0);
        other.run();
        BOOST_TEST(second == errc::canceled);
    }
    outcome pending;
    auto const d = with_cancel(root);
    {
        asio::io_context other;
        asio::steady_timer there(other, end_of_time);
        there.async_wait(bind_context(d.ctx, recorder(pending)));
        other.poll();
    }
    d.cancel();
    poll();
    BOOST_TEST(pending.calls == 0);
}

BOOST_AUTO_TEST_CASE(a_coroutine_may_go_with_its_io_context)
{
    outcome o;
    bool destroyed = false;
    auto const c = with_cancel(root);
    {
        asio::io_context mine;
        auto const body = [&]() -> asio::awaitable<void>
        {
            std::shared_ptr<void> const at_end(
                nullptr, [&](void*) { destroyed = true; });
            asio::steady_timer timer(mine, end_of_time);
            co_await timer.async_wait(bind_context(c.ctx, asio::use_awaitable));
        };
        asio::co_spawn(mine, body, bind_context(c.ctx, recorder(o)));
        mine.poll();
        BOOST_TEST(!destroyed);
        c.cancel(); // the requests are on their way
    }
    BOOST_TEST(destroyed);
    BOOST_TEST(o.handlers == 0);
}

// Objects that go.

BOOST_AUTO_TEST_CASE(a_handler_may_own_its_object)
{
    for (bool const asked : {true, false})
    {
        outcome o;
        auto pair = std::make_unique<stream_pair>(ioc);
        auto& socket = pair->socket;
        char byte;
        auto const c = with_cancel(root);
        if (!asked)
            asio::write(pair->peer, asio::buffer("x", 1));
        socket.async_read_some(
            asio::buffer(&byte, 1),
            bind_context(
                c.ctx,
                [p = std::move(pair), r = recorder(o), &c](
                    error_code const& ec, std::size_t) mutable
                {
                    p.reset();
                    c.cancel();
                    r(ec);
                }));
        if (asked)
            c.cancel();
        until_completed(o);
        if (asked)
            BOOST_TEST(o == errc::canceled);
        else
            BOOST_TEST(o == no_error);
        poll();
    }
}

BOOST_AUTO_TEST_CASE(a_handler_that_owns_its_object_may_go_with_the_io_context)
{
    outcome o;
    auto const c = with_cancel(root);
    {
        asio::io_context mine;
        auto pair = std::make_unique<stream_pair>(mine);
        auto& socket = pair->socket;
        static char byte;
        socket.async_read_some(
            asio::buffer(&byte, 1),
            bind_context(
                c.ctx,
                [p = std::move(pair),
                 r = recorder(o)](error_code const&, std::size_t) {}));
        mine.poll();
    }
    BOOST_TEST(o.handlers == 0);
    c.cancel();
}

// With io_uring the kernel tells of the end later, and till then the object is
// to stay.
#if !defined(BOOST_ASIO_HAS_IO_URING_AS_DEFAULT)
BOOST_AUTO_TEST_CASE(an_object_may_go_before_the_cancel)
{
    outcome o;
    outcome timers;
    auto const c = with_cancel(root);
    {
        stream_pair pair(ioc);
        static char byte;
        asio::steady_timer timer(ioc, end_of_time);
        pair.socket.async_read_some(
            asio::buffer(&byte, 1), bind_context(c.ctx, recorder(o)));
        timer.async_wait(bind_context(c.ctx, recorder(timers)));
        poll();
    }
    c.cancel();
    until_completed(o);
    until_completed(timers);
    // Nobody was there to be asked.
    BOOST_TEST(o == operation_aborted);
    BOOST_TEST(timers == operation_aborted);
    poll();
}
#endif

BOOST_AUTO_TEST_CASE(an_object_may_go_after_a_cancel_that_was_delivered)
{
    outcome o;
    auto const c = with_cancel(root);
    auto pair = std::make_optional<stream_pair>(ioc);
    char byte;
    pair->socket.async_read_some(
        asio::buffer(&byte, 1), bind_context(c.ctx, recorder(o)));
    asio::post(
        ioc,
        [&]
        {
            c.cancel();
            pair.reset();
        });
    until_completed(o);
    BOOST_TEST(o == errc::canceled);
}

// Requests that are late.

BOOST_AUTO_TEST_CASE(an_operation_may_complete_before_the_request_arrives)
{
    outcome o;
    outcome next;
    auto const c = with_cancel(root);
    auto const d = with_cancel(root);
    auto pair = std::make_optional<stream_pair>(ioc);
    char byte;
    asio::write(pair->peer, asio::buffer("x", 1));
    pair->socket.async_read_some(
        asio::buffer(&byte, 1), bind_context(c.ctx, recorder(o)));
    // The next operation is not the request's.
    o.when_called = [&]
    {
        pair->socket.async_read_some(
            asio::buffer(&byte, 1), bind_context(d.ctx, recorder(next)));
    };
    std::thread(std::ref(c.cancel)).join();
    until_completed(o);
    BOOST_TEST(o == no_error);
    poll();
    BOOST_TEST(next.calls == 0);
    d.cancel();
    until_completed(next);
    BOOST_TEST(next == errc::canceled);
}

BOOST_AUTO_TEST_CASE(an_object_may_go_in_its_handler_before_the_request_arrives)
{
    outcome o;
    auto const c = with_cancel(root);
    auto pair = std::make_optional<stream_pair>(ioc);
    char byte;
    asio::write(pair->peer, asio::buffer("x", 1));
    pair->socket.async_read_some(
        asio::buffer(&byte, 1), bind_context(c.ctx, recorder(o)));
    o.when_called = [&]
    {
        pair.reset();
    };
    c.cancel();
    until_completed(o);
    BOOST_TEST(o == no_error);
    poll();
}

// Nobody may run what the request waits for any more.
BOOST_AUTO_TEST_CASE(a_result_does_not_wait_for_a_request_on_its_way)
{
    outcome o;
    probe<> op;
    asio::io_context other;
    auto const c = with_cancel(root);
    op.start_on(other.get_executor(), bind_context(c.ctx, recorder(o)));
    c.cancel();
    op.complete({});
    BOOST_TEST(o == no_error);
    other.run();
    BOOST_TEST(op.requests.empty());
}

// Exceptions.

BOOST_AUTO_TEST_CASE(an_initiation_may_throw)
{
    for (bool const at_end : {false, true})
    {
        outcome o;
        probe<> op;
        auto const c = with_cancel(root);
        (at_end ? op.at_end : op.at_begin) = [&]
        {
            op.abandon();
            throw std::runtime_error("not today");
        };
        BOOST_CHECK_THROW(
            op.start(bind_context(c.ctx, recorder(o))), std::runtime_error);
        BOOST_TEST(o.calls == 0);
        BOOST_TEST(o.handlers == 0);
        BOOST_TEST(o.memory.blocks == 0);
        c.cancel();
        BOOST_TEST(op.requests.empty());
    }
}

BOOST_AUTO_TEST_CASE(an_initiation_that_throws_leaves_the_handler_s_slot_alone)
{
    outcome o;
    probe<> op;
    asio::cancellation_signal s;
    auto const c = with_cancel(root);
    o.slot = s.slot();
    op.at_begin = []
    {
        throw std::runtime_error("not today");
    };
    BOOST_CHECK_THROW(
        op.start(bind_context(c.ctx, recorder(o))), std::runtime_error);
    BOOST_TEST(o.handlers == 0);
    s.emit(cancellation_type::terminal);
    BOOST_TEST(op.requests.empty());
}

// The one goes after the other, or before.
BOOST_AUTO_TEST_CASE(the_handler_s_slot_may_go_with_or_without_the_operation)
{
    auto const c = with_cancel(root);
    for (bool const signal_first : {false, true})
    {
        outcome o;
        auto s = std::make_optional<asio::cancellation_signal>();
        auto op = std::make_optional<probe<>>();
        o.slot = s->slot();
        op->start(bind_context(c.ctx, recorder(o)));
        if (signal_first)
        {
            s.reset();
        }
        else
        {
            op->abandon();
            s->emit(cancellation_type::terminal);
            BOOST_TEST(op->requests.empty());
        }
        op.reset();
        BOOST_TEST(o.handlers == 0);
    }
}

BOOST_AUTO_TEST_CASE(an_initiation_may_throw_after_a_request)
{
    outcome o;
    probe<> op;
    auto const c = with_cancel(root);
    op.at_end = [&]
    {
        c.cancel();
        op.abandon();
        throw std::runtime_error("not today");
    };
    BOOST_CHECK_THROW(
        op.start(bind_context(c.ctx, recorder(o))), std::runtime_error);
    BOOST_TEST(o.handlers == 0);
    BOOST_TEST(op.requests.empty());
}

BOOST_AUTO_TEST_CASE(moving_a_handler_into_the_operation_may_throw)
{
    bool stuck = false;
    memory_use use;
    probe<> op;
    auto const c = with_cancel(root);
    auto binder = bind_context(c.ctx, stuck_handler(stuck, use));
    stuck = true;
    // NOLINTNEXTLINE(bugprone-use-after-move): the macro is a loop of one round
    BOOST_CHECK_THROW(op.start(std::move(binder)), std::runtime_error);
    BOOST_TEST(op.initiations == 0);
    BOOST_TEST(use.allocations == 1);
    BOOST_TEST(use.blocks == 0);
    c.cancel();
}

BOOST_AUTO_TEST_CASE(moving_a_handler_out_of_the_operation_may_throw)
{
    for (bool const put_off : {false, true})
    {
        bool stuck = false;
        memory_use use;
        probe<> op;
        auto const c = with_cancel(root);
        op.start_on(
            ioc.get_executor(), bind_context(c.ctx, stuck_handler(stuck, use)));
        stuck = true;
        op.when_asked = [&](auto)
        {
            op.complete(operation_aborted);
        };
        if (put_off)
            c.cancel();
        BOOST_CHECK_THROW(
            put_off ? void(poll()) : op.complete({}), std::runtime_error);
        BOOST_TEST(use.allocations == 1);
        BOOST_TEST(use.blocks == 0);
    }
}

BOOST_AUTO_TEST_CASE(moving_a_function_out_of_its_callback_may_throw)
{
    for (bool const waits : {false, true})
    {
        bool stuck = false;
        memory_use use;
        auto const c = with_cancel(root);
        if (waits)
            c.ctx.async_wait(stuck_handler(stuck, use));
        else
            after_func(c.ctx, stuck_handler(stuck, use)).detach();
        stuck = true;
        c.cancel();
        BOOST_CHECK_THROW(poll(), std::runtime_error);
        BOOST_TEST(use.blocks == 0);
        ioc.restart();
        ioc.poll();
        BOOST_TEST(ioc.stopped()); // it counts no more
    }
}

BOOST_AUTO_TEST_CASE(a_handler_may_throw)
{
    outcome o;
    auto const c = with_cancel(root);
    asio::steady_timer timer(ioc, end_of_time);
    o.when_called = []
    {
        throw std::runtime_error("out of run()");
    };
    timer.async_wait(bind_context(c.ctx, recorder(o)));
    c.cancel();
    BOOST_CHECK_THROW(poll(), std::runtime_error);
    BOOST_TEST(o == errc::canceled);
    BOOST_TEST(o.handlers == 0);
    BOOST_TEST(o.memory.blocks == 0);
    poll();
}

// Handlers that cancel.

BOOST_AUTO_TEST_CASE(a_handler_may_cancel_other_operations)
{
    outcome first;
    outcome second;
    outcome third;
    auto const c = with_cancel(root);
    asio::steady_timer timer(ioc, end_of_time);
    asio::steady_timer expired(ioc, asio::steady_timer::time_point());
    timer.async_wait(bind_context(c.ctx, recorder(first)));
    expired.async_wait(bind_context(c.ctx, recorder(second)));
    timer.async_wait(bind_context(c.ctx, recorder(third)));
    second.when_called = [&]
    {
        c.cancel();
        BOOST_TEST(first.calls == 0);
        BOOST_TEST(third.calls == 0);
    };
    until_completed(second);
    until_completed(third);
    BOOST_TEST(first == errc::canceled);
    BOOST_TEST(second == no_error);
    BOOST_TEST(third == errc::canceled);
}

// The second is completed while requests are being delivered.
BOOST_AUTO_TEST_CASE(a_request_may_complete_another_operation)
{
    outcome first;
    outcome second;
    probe<> a;
    probe<> b;
    auto const c = with_cancel(root);
    a.start(bind_context(c.ctx, recorder(first)));
    b.start(bind_context(c.ctx, recorder(second)));
    a.when_asked = [&](auto)
    {
        b.complete({});
        a.complete(operation_aborted);
    };
    c.cancel();
    // No handler runs inside cancel() that an operation completes when asked.
    BOOST_TEST(first.calls == 0);
    BOOST_TEST(second == no_error);
    poll();
    BOOST_TEST(first == errc::canceled);
    BOOST_TEST(b.requests.empty());
}

BOOST_AUTO_TEST_CASE(a_handler_may_start_the_next_operation_on_the_context)
{
    outcome first;
    outcome second;
    auto const c = with_cancel(root);
    asio::steady_timer timer(ioc, end_of_time);
    first.when_called = [&]
    {
        timer.async_wait(bind_context(c.ctx, recorder(second)));
        BOOST_TEST(second.calls == 0);
    };
    timer.async_wait(bind_context(c.ctx, recorder(first)));
    c.cancel();
    until_completed(second);
    BOOST_TEST(first == errc::canceled);
    BOOST_TEST(second == errc::canceled);
}

// Other executors.

template <class Executor>
void cancel_on(bound_fixture& f, Executor const& ex, bool running)
{
    outcome o;
    outcome read;
    auto const c = with_cancel(f.root);
    timer_on<Executor> timer(ex, end_of_time);
    stream_pair pair(f.ioc);
    std::array<char, 8> buffer;
    timer.async_wait(bind_context(c.ctx, recorder(o)));
    asio::async_read(
        pair.socket,
        asio::buffer(buffer),
        bind_context(c.ctx, asio::bind_executor(ex, recorder(read))));
    f.poll();
    if (running)
        asio::post(ex, std::ref(c.cancel));
    else
        std::thread(std::ref(c.cancel)).join();
    f.until_completed(o);
    f.until_completed(read);
    BOOST_TEST(o == errc::canceled);
    BOOST_TEST(read == errc::canceled);
}

BOOST_AUTO_TEST_CASE(operations_are_canceled_on_any_executor)
{
    for (bool const running : {false, true})
    {
        auto const ex = ioc.get_executor();
        cancel_on(*this, ex, running);
        cancel_on(*this, asio::make_strand(ioc), running);
        cancel_on(*this, asio::any_io_executor(ex), running);
        cancel_on(*this, asio::make_strand(asio::any_io_executor(ex)), running);
        cancel_on(
            *this, asio::any_io_executor(asio::make_strand(ioc)), running);
        cancel_on(
            *this,
            asio::any_io_executor(asio::make_strand(asio::any_io_executor(ex))),
            running);
        cancel_on(
            *this,
            asio::require(ex, asio::execution::outstanding_work.tracked),
            running);
    }
}

// What is allocated.

BOOST_AUTO_TEST_CASE(a_bound_operation_is_one_allocation)
{
    auto const c = with_cancel(root);
    timer_on<io_executor> timer(ioc.get_executor(), end_of_time);
    for (bool const bound : {false, true})
    {
        outcome o;
        allocation_counter const all;
        if (bound)
            timer.async_wait(bind_context(c.ctx, recorder(o)));
        else
            // NOLINTNEXTLINE(asioctx-unbound-operation): to compare with
            timer.async_wait(recorder(o));
        auto const count = all.count(); // before a log allocates, too
        BOOST_TEST(o.memory.allocations == (bound ? 2 : 1));
        // Nothing beside the handler's allocator.
        if (bound)
            BOOST_TEST(count == 2);
        timer.cancel();
        o.when_called = [&]
        {
            BOOST_TEST(o.memory.blocks == 0);
        };
        until_completed(o);
    }
}

// The allocations of a thousand operations that are started, canceled from
// outside and completed; the second round, when everything has its size.
template <class Executor>
void check_that_cancel_does_not_allocate(bound_fixture& f, Executor const& ex)
{
    std::vector<outcome> outcomes(3);
    timer_on<Executor> timer(ex, end_of_time);
    asio::basic_stream_socket<local_stream, Executor> socket(ex);
    local_stream::socket peer(f.ioc);
    test::connect_pair(socket, peer);
    std::array<char, 8> buffer;
    for (bool const inside : {false, true})
    {
        std::vector<outcome> o(3);
        auto const parent = with_cancel(f.root);
        auto const c = with_cancel(parent.ctx);
        timer.async_wait(bind_context(c.ctx, recorder(o[0])));
        timer.async_wait(bind_context(
            c.ctx,
            asio::bind_executor(asio::make_strand(f.ioc), recorder(o[1]))));
        asio::async_read(
            socket, asio::buffer(buffer), bind_context(c.ctx, recorder(o[2])));
        f.poll();
        auto const cancel = [&]
        {
            allocation_counter const all;
            parent.cancel();
            BOOST_TEST(all.count() == 0);
        };
        if (inside)
            asio::post(ex, cancel);
        else
            cancel();
        for (auto& each : o)
        {
            f.until_completed(each);
            BOOST_TEST(each == errc::canceled);
        }
        f.poll();
    }
}

BOOST_AUTO_TEST_CASE(cancel_does_not_allocate)
{
    auto const ex = ioc.get_executor();
    check_that_cancel_does_not_allocate(*this, ex);
    check_that_cancel_does_not_allocate(*this, asio::make_strand(ioc));
    check_that_cancel_does_not_allocate(*this, asio::any_io_executor(ex));
    check_that_cancel_does_not_allocate(
        *this, asio::any_io_executor(asio::make_strand(ioc)));
}

// A strand of any_io_executors allocates, but not for what it is asked by
// cancel() when there is nothing to be had.
BOOST_AUTO_TEST_CASE(cancel_works_without_memory_on_any_executor)
{
    outcome o;
    auto const c = with_cancel(root);
    asio::steady_timer timer(
        asio::make_strand(asio::any_io_executor(ioc.get_executor())),
        end_of_time);
    timer.async_wait(bind_context(c.ctx, recorder(o)));
    poll();
    {
        failing_allocations const none;
        c.cancel();
    }
    until_completed(o);
    BOOST_TEST(o == errc::canceled);
}

BOOST_AUTO_TEST_CASE(memory_is_given_back_before_the_handler_is_called)
{
    arena memory;
    error_code result;
    auto const c = with_cancel(root);
    asio::steady_timer timer(ioc, end_of_time);
    timer.async_wait(bind_context(c.ctx, arena_user{memory, result}));
    asio::post(ioc, std::ref(c.cancel)); // the request is delivered there
    poll();
    BOOST_TEST(result == errc::canceled);
}

// Whoever gives memory to an operation may take it away in its handler.
BOOST_AUTO_TEST_CASE(a_request_on_its_way_has_no_memory_when_the_handler_runs)
{
    arena memory;
    outcome o;
    auto const c = with_cancel(root);
    probe<> op;
    op.start_on(
        ioc.get_executor(),
        bind_context(
            c.ctx,
            asio::bind_allocator(arena::allocator<void>(memory), recorder(o))));
    c.cancel();
    o.when_called = [&]
    {
        BOOST_TEST(memory.returned == memory.blocks.size());
    };
    op.complete({});
    BOOST_TEST(o == no_error);
    poll();
}

// What an executor cannot take is done at once, wherever that is.
BOOST_AUTO_TEST_CASE(a_request_is_not_lost_if_the_executor_throws)
{
    outcome o;
    bool fails = false;
    int asked = 0;
    int asked_again = 0;
    std::function<void()> fill_again;
    std::function<void()> complete;
    auto const c = with_cancel(root);
    auto token = bind_context(
        c.ctx,
        asio::bind_executor(
            failing_executor<>{ioc.get_executor(), &fails}, recorder(o)));
    asio::async_initiate<decltype(token), void(error_code)>(
        [&](auto handler)
        {
            auto slot = asio::get_associated_cancellation_slot(handler);
            slot.assign([&](auto) { ++asked; });
            fill_again = [&asked_again, slot]() mutable
            {
                slot.assign([&](auto) { ++asked_again; });
            };
            auto const h =
                std::make_shared<decltype(handler)>(std::move(handler));
            complete = [h]
            {
                std::move (*h)(operation_aborted);
            };
        },
        token);
    fails = true;
    c.cancel();
    poll(); // not where the operation is asked
    BOOST_TEST(asked == 1);
    fill_again(); // nor is this
    BOOST_TEST(asked_again == 1);
    fails = false;
    complete();
    BOOST_TEST(o == errc::canceled);
    complete = {};
    poll();
}

// The last ones, as they may do harm.

BOOST_AUTO_TEST_CASE(memory_may_be_short)
{
    auto const c = with_cancel(root);
    asio::steady_timer timer(ioc, end_of_time);
    {
        // Asio itself does not stand it if its heap of timers cannot grow.
        asio::steady_timer other(ioc, end_of_time);
        // NOLINTBEGIN(asioctx-unbound-operation): they only make it grow
        timer.async_wait([](error_code const&) {});
        other.async_wait([](error_code const&) {});
        // NOLINTEND(asioctx-unbound-operation)
    }
    timer.cancel();
    poll();
    int failures = 0;
    for (std::size_t n = 0;; ++n)
    {
        outcome o;
        bool started = false;
        {
            failing_allocations const scarce(n);
            try
            {
                timer.async_wait(bind_context(c.ctx, recorder(o)));
                started = true;
            }
            catch (std::bad_alloc const&)
            {
                ++failures;
            }
        }
        if (!started)
        {
            BOOST_TEST(o.handlers == 0);
            BOOST_TEST(o.memory.blocks == 0);
            continue;
        }
        {
            failing_allocations const none;
            c.cancel();
        }
        until_completed(o);
        BOOST_TEST(o == errc::canceled);
        break;
    }
    BOOST_TEST(failures == 2); // the record, and the wait
}

// Then the handler lives on in the operation, which has been started.
BOOST_AUTO_TEST_CASE(an_initiation_may_throw_and_have_started_the_operation)
{
    outcome o;
    probe<> op;
    auto const c = with_cancel(root);
    op.at_end = []
    {
        throw std::runtime_error("not today");
    };
    BOOST_CHECK_THROW(
        op.start(bind_context(c.ctx, recorder(o))), std::runtime_error);
    BOOST_TEST(o.handlers == 1);
    c.cancel();
    op.complete({});
    BOOST_TEST(o == no_error);
}

// The context dies with functions that were never run, one of which destroys
// the execution context of them all.
BOOST_AUTO_TEST_CASE(
    an_execution_context_goes_with_a_function_of_a_dying_context)
{
    for (int owner = 0; owner != 3; ++owner)
    {
        auto own = std::make_unique<asio::io_context>();
        auto const ex = own->get_executor();
        int destroyed = 0;
        auto [ctx, cancel] = with_cancel(background());
        cancel.detach();
        for (int i = 0; i != 3; ++i)
        {
            auto last =
                std::shared_ptr<void>(nullptr, [&](void*) { ++destroyed; });
            after_func(
                ctx,
                asio::bind_executor(
                    ex,
                    [mine = i == owner ? std::move(own) : nullptr,
                     last = std::move(last)] {}))
                .detach();
        }
        ctx = {};
        BOOST_TEST(destroyed == 3);
    }
}

BOOST_AUTO_TEST_SUITE_END()
