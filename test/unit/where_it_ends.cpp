//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// What delivery cannot do, line by line: "Where it ends" of
// doc/design/delivery.md.

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "support/bound_fixture.hpp"
#include "support/outcome.hpp"
#include "support/print.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

namespace {

error_code const aborted = asio::error::operation_aborted;

// Calls a function with the handler. The I/O object has an executor.
template <class Executor, class F>
struct initiation
{
    using executor_type = Executor;

    executor_type get_executor() const noexcept
    {
        return ex;
    }

    template <class Handler>
    void operator()(Handler&& handler) const
    {
        f(std::forward<Handler>(handler));
    }

    Executor ex;
    F f;
};

template <class Executor, class Token, class F>
auto start(Executor const& ex, Token&& token, F f)
{
    return asio::async_initiate<Token, void(error_code)>(
        initiation<Executor, F>{ex, f}, token);
}

// Throws when it is told to, with what it was given.
class moody_executor
{
public:
    moody_executor(asio::io_context& ioc, bool const& throws) noexcept
        : inner_(ioc.get_executor()), throws_(&throws)
    {
    }

    static constexpr auto query(asio::execution::blocking_t) noexcept
    {
        return asio::execution::blocking.never;
    }

    bool running_in_this_thread() const noexcept
    {
        return inner_.running_in_this_thread();
    }

    template <class Function>
    void execute(Function&& f) const
    {
        auto taken = std::forward<Function>(f);
        if (*throws_)
            throw std::runtime_error("thrown by an executor");
        asio::post(inner_, std::move(taken));
    }

    bool operator==(moody_executor const&) const noexcept = default;

private:
    asio::io_context::executor_type inner_;
    bool const* throws_;
};

struct limits_fixture : bound_fixture
{
    // Hears a request, and is complete when complete() is called.
    template <class Handler>
    void hear(Handler&& handler)
    {
        asio::get_associated_cancellation_slot(handler).assign(
            [this](auto)
            {
                ++requests;
                if (when_asked)
                    when_asked();
            });
        keep(std::forward<Handler>(handler));
    }

    template <class Handler>
    void keep(Handler&& handler)
    {
        auto const h = std::make_shared<std::decay_t<Handler>>(
            std::forward<Handler>(handler));
        complete = [h](error_code ec)
        {
            std::move (*h)(ec);
        };
    }

    cancelable const c = with_cancel(root);
    outcome o;
    std::atomic<int> requests{0};
    std::function<void()> when_asked;
    std::function<void(error_code)> complete;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(test_where_it_ends, limits_fixture)

// The members' slots are the group's: what is asked is the group, and it is
// where its handler runs.
BOOST_AUTO_TEST_CASE(a_group_that_is_bound_is_asked_on_its_handlers_strand)
{
    auto const strand = asio::make_strand(ioc);
    bool on_strand = false;
    when_asked = [&]
    {
        on_strand = strand.running_in_this_thread();
    };
    asio::experimental::make_parallel_group(start(
                                                ioc.get_executor(),
                                                asio::deferred,
                                                [this](auto h)
                                                { hear(std::move(h)); }))
        .async_wait(
            asio::experimental::wait_for_all(),
            bind_context(
                c.ctx,
                asio::bind_executor(
                    strand,
                    [this](std::array<std::size_t, 1>, error_code ec)
                    { recorder{o}(ec); })));
    c.cancel();
    BOOST_TEST(requests == 0);
    poll();
    BOOST_TEST(requests == 1);
    BOOST_TEST(on_strand);
    complete(aborted);
    poll();
    BOOST_TEST(o == aborted);
}

// So a coroutine that is spawned elsewhere than its handler runs needs care,
// too; and a group whose handler has no executor is asked by whoever cancels.
BOOST_AUTO_TEST_CASE(without_an_executor_it_is_asked_at_once)
{
    asio::experimental::make_parallel_group(start(
                                                ioc.get_executor(),
                                                asio::deferred,
                                                [this](auto h)
                                                { hear(std::move(h)); }))
        .async_wait(
            asio::experimental::wait_for_all(),
            bind_context(
                c.ctx,
                [this](std::array<std::size_t, 1>, error_code ec)
                { recorder{o}(ec); }));
    c.cancel();
    BOOST_TEST(requests == 1);
    complete(aborted);
    poll();
    BOOST_TEST(o == aborted);
}

BOOST_AUTO_TEST_CASE(bind_executor_outside_takes_the_steps_out_of_the_turn)
{
    auto const ex = ioc.get_executor();
    // By another thread, which asks at once if it may: nothing tells where.
    auto const is_asked_amid_a_step = [&](cancelable const& source, auto token)
    {
        bool result = false;
        requests = 0;
        asio::async_initiate<decltype(token), void(error_code)>(
            [&](auto handler)
            {
                asio::get_associated_cancellation_slot(handler).assign(
                    [this](auto) { ++requests; });
                auto const step = asio::get_associated_executor(handler, ex);
                asio::post(
                    step,
                    [&, h = std::move(handler)]() mutable
                    {
                        std::thread([&] { source.cancel(); }).join();
                        result = requests != 0;
                        std::move(h)(aborted);
                    });
            },
            token);
        poll();
        return result;
    };
    // NOLINTBEGIN(asioctx-binder-not-outermost): what it shows
    BOOST_TEST(is_asked_amid_a_step(
        c, asio::bind_executor(ex, bind_context(c.ctx, recorder(o)))));
    // NOLINTEND(asioctx-binder-not-outermost)
    BOOST_TEST(o == errc::canceled);

    auto const d = with_cancel(root);
    outcome other;
    BOOST_TEST(!is_asked_amid_a_step(d, bind_context(d.ctx, recorder(other))));
    BOOST_TEST(other == aborted);
}

BOOST_AUTO_TEST_CASE(if_an_executor_throws_the_canceling_thread_asks)
{
    bool throws = false;
    start(
        moody_executor(ioc, throws),
        bind_context(c.ctx, recorder(o)),
        [this](auto h) { hear(std::move(h)); });
    throws = true;
    c.cancel();
    BOOST_TEST(requests == 1);
    complete(aborted);
    BOOST_TEST(o == errc::canceled);
}

BOOST_AUTO_TEST_CASE(a_completion_that_it_has_taken_is_lost)
{
    bool throws = false;
    start(
        moody_executor(ioc, throws),
        bind_context(c.ctx, recorder(o)),
        [this](auto h) { hear(std::move(h)); });
    when_asked = [&]
    {
        std::exchange(complete, nullptr)(aborted);
    };
    throws = true;
    c.cancel();
    BOOST_TEST(requests == 1);
    BOOST_TEST(!o.completed());
    BOOST_TEST(o.handlers == 0); // destroyed
    BOOST_TEST(idle());
}

// A thread uses the object until it is asked, which is what it waits for.
BOOST_AUTO_TEST_CASE(without_a_strand_a_request_is_one_use_more)
{
    std::promise<void> asked;
    when_asked = [&]
    {
        asked.set_value();
    };
    start(
        ioc.get_executor(),
        bind_context(c.ctx, recorder(o)),
        [this](auto h) { hear(std::move(h)); });
    bool both = false;
    asio::post(
        ioc,
        [&]
        {
            std::thread([&] { c.cancel(); }).join();
            both =
                asked.get_future().wait_for(10s) == std::future_status::ready;
        });
    ioc.restart();
    std::thread other([&] { ioc.run(); });
    ioc.run();
    other.join();
    BOOST_TEST(both);
    complete(aborted);
    BOOST_TEST(o == errc::canceled);
}

// It does not look whether it was asked, and does not say so.
BOOST_AUTO_TEST_CASE(a_request_between_two_parts_may_be_missed)
{
    asio::steady_timer timer(ioc, 1h);
    int step = 0;
    asio::post(ioc, [&] { c.cancel(); }); // before the first part has come back
    auto token = bind_context(c.ctx, recorder(o));
    asio::async_compose<decltype(token), void(error_code)>(
        [&](auto& self, error_code ec = {})
        {
            switch (step++)
            {
            case 0:
                return asio::post(ioc, std::move(self));
            case 1:
                return timer.async_wait(std::move(self));
            default:
                self.complete(ec);
            }
        },
        token,
        ioc);
    poll();
    BOOST_TEST(!o.completed());
    timer.cancel();
    until_completed(o);
    BOOST_TEST(o == errc::canceled);
}

// It looks like a request that somebody else makes, after the first.
BOOST_AUTO_TEST_CASE(an_end_that_others_pass_on_asks_again)
{
    asio::steady_timer timer(ioc, 1h);
    asio::cancellation_signal signal;
    o.slot = signal.slot();
    int step = 0;
    auto token = bind_context(c.ctx, recorder(o));
    asio::async_compose<decltype(token), void(error_code)>(
        [&](auto& self, error_code ec = {})
        {
            if (step == 2)
                return self.complete(ec);
            if (step++ == 1)
                self.reset_cancellation_state();
            timer.async_wait(std::move(self));
        },
        token,
        ioc);
    c.cancel();
    poll();
    BOOST_TEST(step == 2);
    BOOST_TEST(!o.completed());
    asio::post(ioc, [&] { signal.emit(asio::cancellation_type::terminal); });
    until_completed(o);
    BOOST_TEST(o == errc::canceled);
}

// The first goes on to succeed. The second puts into the slot what the first
// has to forget a request by.
BOOST_AUTO_TEST_CASE(the_second_of_two_composed_operations_is_not_asked)
{
    std::optional<asio::cancellation_state> state;
    std::function<void()> go_on;
    start(
        ioc.get_executor(),
        bind_context(c.ctx, recorder(o)),
        [&](auto h)
        {
            auto const slot = asio::get_associated_cancellation_slot(h);
            state.emplace(slot);
            go_on = [&, slot]
            {
                state.emplace(slot);
            };
            keep(std::move(h));
        });
    c.cancel();
    poll();
    BOOST_TEST((state->cancelled() == asio::cancellation_type::terminal));
    go_on();
    poll();
    BOOST_TEST((state->cancelled() == asio::cancellation_type::none));
    complete(error_code());
    BOOST_TEST(o == error_code());
}

BOOST_AUTO_TEST_SUITE_END()
