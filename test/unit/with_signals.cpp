//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/with_signals.hpp>

#include <asioctx/bind_context.hpp>
#include <asioctx/deadline.hpp>

#include <boost/asio/execution_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#if defined(BOOST_ASIO_HAS_SIGACTION)
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

#include "support/io_context_fixture.hpp"
#include "support/poll_until.hpp"
#include "support/print.hpp"
#include "support/signals.hpp"
#include "support/start_operation.hpp"

using namespace asioctx;
using namespace asioctx::test;

namespace {

using handler = void (*)(int);

#if defined(BOOST_ASIO_HAS_SIGACTION)

// What a signal does.
handler effect_of(int signal)
{
    struct sigaction sa = {};
    BOOST_REQUIRE(::sigaction(signal, nullptr, &sa) == 0);
    return sa.sa_handler;
}

void set_effect(int signal, handler h)
{
    struct sigaction sa = {};
    sa.sa_handler = h;
    BOOST_REQUIRE(::sigaction(signal, &sa, nullptr) == 0);
}

#else

handler effect_of(int signal)
{
    auto* const h = std::signal(signal, SIG_IGN);
    BOOST_REQUIRE((h != SIG_ERR));
    std::signal(signal, h);
    return h;
}

void set_effect(int signal, handler h)
{
    BOOST_REQUIRE((std::signal(signal, h) != SIG_ERR));
}

#endif

bool has_default_effect(int signal)
{
    return effect_of(signal) == SIG_DFL;
}

// Gives a signal an effect for as long as it lives.
struct scoped_effect
{
    scoped_effect(int number, handler h)
        : signal(number), before(effect_of(number))
    {
        set_effect(signal, h);
    }

    ~scoped_effect()
    {
        set_effect(signal, before);
    }

    int const signal;
    handler const before;
};

extern "C" void ignore_signal(int)
{
}

} // namespace

BOOST_AUTO_TEST_SUITE(test_with_signals)

BOOST_FIXTURE_TEST_CASE(a_signal_cancels_the_context, io_context_fixture)
{
    auto [ctx, cancel] = with_signals(root, {signal_one});
    auto const line = __LINE__ - 1;
    poll();
    BOOST_TEST(!ctx.done());
    std::raise(signal_one);
    ioc.restart();
    ioc.run_for(patience);
    BOOST_TEST(ctx.done());
    BOOST_TEST(ctx.error() == errc::canceled);
    BOOST_TEST((ctx.cause().category() == signal_category()));
    BOOST_TEST(ctx.cause().value() == signal_one);
    BOOST_TEST(ctx.canceled_at().line() == unsigned(line));
}

BOOST_FIXTURE_TEST_CASE(
    the_cause_tells_which_of_several_signals_it_was, io_context_fixture)
{
    auto [ctx, cancel] = with_signals(root, {signal_one, SIGTERM});
    std::raise(SIGTERM);
    ioc.run_for(patience);
    BOOST_TEST(ctx.cause() == error_code(SIGTERM, signal_category()));
    auto const e = ctx.exception();
    BOOST_REQUIRE(e);
    BOOST_CHECK_EXCEPTION(
        std::rethrow_exception(e),
        boost::system::system_error,
        [](auto const& error) { return error.code().value() == SIGTERM; });
}

BOOST_FIXTURE_TEST_CASE(
    signals_have_their_effect_back_after_a_signal, io_context_fixture)
{
    BOOST_REQUIRE(has_default_effect(signal_one));
    BOOST_REQUIRE(has_default_effect(signal_two));
    auto [ctx, cancel] = with_signals(root, {signal_one, signal_two});
    BOOST_TEST(!has_default_effect(signal_one));
    BOOST_TEST(!has_default_effect(signal_two));
    std::raise(signal_one);
    // Both, and before the first who is told that the context is done.
    bool had_effect = false;
    auto const complete = start_operation(
        [&]
        {
            had_effect = has_default_effect(signal_one)
                && has_default_effect(signal_two);
        },
        bind_context(ctx, [](error_code const&) {}));
    ioc.run_for(patience);
    complete();
    BOOST_TEST(had_effect);
    BOOST_TEST(has_default_effect(signal_one));
    BOOST_TEST(has_default_effect(signal_two));
}

BOOST_FIXTURE_TEST_CASE(
    signals_have_their_effect_back_after_a_cancellation, io_context_fixture)
{
    auto [ctx, cancel] = with_signals(root, {signal_one});
    BOOST_TEST(!has_default_effect(signal_one));
    cancel();
    BOOST_TEST(ctx.error() == errc::canceled);
    BOOST_TEST(ctx.cause() == errc::canceled);
    ioc.run_for(patience);
    BOOST_TEST(ioc.stopped());
    BOOST_TEST(has_default_effect(signal_one));
}

BOOST_FIXTURE_TEST_CASE(
    signals_have_their_effect_back_when_the_parent_is_done, io_context_fixture)
{
    auto [parent, cancel_parent] = with_cancel(root);
    auto [ctx, cancel] = with_signals(parent, {signal_one});
    cancel_parent();
    BOOST_TEST(ctx.done());
    ioc.run_for(patience);
    BOOST_TEST(has_default_effect(signal_one));
}

BOOST_FIXTURE_TEST_CASE(
    signals_have_their_effect_back_when_the_source_is_gone, io_context_fixture)
{
    context ctx;
    auto const line = __LINE__ + 1;
    ctx = with_signals(root, {signal_one}).ctx; // NOLINT(asioctx-dead-context)
    BOOST_TEST(ctx.done());
    BOOST_TEST(ctx.canceled_at().line() == unsigned(line));
    ioc.run_for(patience);
    BOOST_TEST(has_default_effect(signal_one));
}

BOOST_FIXTURE_TEST_CASE(
    a_parent_that_is_done_leaves_the_signals_alone, io_context_fixture)
{
    auto [parent, cancel_parent] = with_cancel(root);
    cancel_parent();
    auto [ctx, cancel] = with_signals(parent, {signal_one});
    BOOST_TEST(ctx.done());
    ioc.run_for(patience);
    BOOST_TEST(has_default_effect(signal_one));
}

BOOST_FIXTURE_TEST_CASE(
    signals_have_their_effect_back_when_the_io_context_is_gone,
    io_context_fixture)
{
    {
        asio::io_context other;
        auto c = with_signals(background(other), {signal_one});
        c.cancel.detach();
        BOOST_TEST(!has_default_effect(signal_one));
    }
    BOOST_TEST(has_default_effect(signal_one));
}

BOOST_FIXTURE_TEST_CASE(an_ignored_signal_is_ignored_again, io_context_fixture)
{
    scoped_effect const ignored(signal_one, SIG_IGN);
    auto [ctx, cancel] = with_signals(root, {signal_one});
    std::raise(signal_one);
    ioc.run_for(patience);
    BOOST_TEST(ctx.done());
    BOOST_TEST((effect_of(signal_one) == SIG_IGN));
}

BOOST_FIXTURE_TEST_CASE(
    a_handler_of_the_program_is_in_place_again, io_context_fixture)
{
    scoped_effect const handled(signal_one, ignore_signal);
    auto [ctx, cancel] = with_signals(root, {signal_one});
    cancel();
    ioc.run_for(patience);
    BOOST_TEST((effect_of(signal_one) == ignore_signal));
}

#if defined(BOOST_ASIO_HAS_SIGACTION)

BOOST_FIXTURE_TEST_CASE(
    the_second_signal_ends_a_program_that_does_not_stop, io_context_fixture)
{
    auto const child = ::fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0)
    {
        ioc.notify_fork(asio::execution_context::fork_child);
        auto [ctx, cancel] = with_signals(root, {SIGTERM});
        std::raise(SIGTERM);
        ioc.run_for(patience);
        if (ctx.done())
            std::raise(SIGTERM);
        ::_exit(1);
    }
    int status = 0;
    BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
    BOOST_TEST(WIFSIGNALED(status));
    BOOST_TEST(WTERMSIG(status) == SIGTERM);
}

#endif

BOOST_FIXTURE_TEST_CASE(
    a_signal_that_somebody_else_waits_for_stays_caught, io_context_fixture)
{
    asio::signal_set others(ioc, signal_one);
    int seen = 0;
    others.async_wait([&](error_code const&, int) { ++seen; });
    auto [ctx, cancel] = with_signals(root, {signal_one});
    std::raise(signal_one);
    poll_until(ioc, [&, c = ctx] { return c.done() && seen == 1; });
    BOOST_TEST(!has_default_effect(signal_one));
    others.clear();
    BOOST_TEST(has_default_effect(signal_one));
}

BOOST_FIXTURE_TEST_CASE(
    two_contexts_can_wait_for_one_signal, io_context_fixture)
{
    auto [one, cancel_one] = with_signals(root, {signal_one});
    auto [two, cancel_two] = with_signals(root, {signal_one, signal_two});
    cancel_one();
    poll();
    BOOST_TEST(!has_default_effect(signal_one));
    std::raise(signal_one);
    ioc.restart();
    ioc.run_for(patience);
    BOOST_TEST(one.cause() == errc::canceled);
    BOOST_TEST(two.cause() == error_code(signal_one, signal_category()));
    BOOST_TEST(has_default_effect(signal_one));
}

BOOST_FIXTURE_TEST_CASE(
    the_last_of_several_contexts_gives_the_effect_back, io_context_fixture)
{
    scoped_effect const handled(signal_one, ignore_signal);
    for (bool const first_goes_first : {true, false})
    {
        auto [one, cancel_one] = with_signals(root, {signal_one});
        auto [two, cancel_two] = with_signals(root, {signal_one, signal_one});
        (first_goes_first ? cancel_one : cancel_two)();
        poll();
        BOOST_TEST((effect_of(signal_one) != ignore_signal));
        BOOST_TEST(!has_default_effect(signal_one));
        std::raise(signal_one);
        ioc.restart();
        ioc.run_for(patience);
        BOOST_TEST(one.done());
        BOOST_TEST(two.done());
        BOOST_TEST((effect_of(signal_one) == ignore_signal));
        ioc.restart();
    }
}

BOOST_FIXTURE_TEST_CASE(
    a_signal_set_that_is_there_all_the_time_stays, io_context_fixture)
{
    asio::signal_set others(ioc, signal_one);
    auto const effect = effect_of(signal_one);
    {
        auto [one, cancel_one] = with_signals(root, {signal_one});
        auto [two, cancel_two] = with_signals(root, {signal_one});
        asio::signal_set during(ioc, signal_one);
    }
    poll();
    BOOST_TEST((effect_of(signal_one) == effect));
    others.clear();
    BOOST_TEST(has_default_effect(signal_one));
}

#if defined(BOOST_ASIO_HAS_SIGACTION)

BOOST_FIXTURE_TEST_CASE(
    a_signal_to_a_forked_child_is_the_childs, io_context_fixture)
{
    auto [ctx, cancel] = with_signals(root, {SIGTERM});
    auto const child = ::fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0)
    {
        std::raise(SIGTERM);
        ::_exit(1);
    }
    int status = 0;
    BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
    BOOST_TEST(WIFSIGNALED(status));
    BOOST_TEST(WTERMSIG(status) == SIGTERM);
    ioc.poll();
    BOOST_TEST(!ctx.done());
    std::raise(SIGTERM);
    ioc.restart();
    ioc.run_for(patience);
    BOOST_TEST(ctx.done());
}

BOOST_FIXTURE_TEST_CASE(
    a_handler_from_before_hears_a_forked_childs_signal, io_context_fixture)
{
    scoped_effect const handled(signal_one, [](int) { ::_exit(42); });
    auto [ctx, cancel] = with_signals(root, {signal_one});
    auto const child = ::fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0)
    {
        std::raise(signal_one);
        ::_exit(1);
    }
    int status = 0;
    BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
    BOOST_TEST(WEXITSTATUS(status) == 42);
    ioc.poll();
    BOOST_TEST(!ctx.done());
    cancel();
    ioc.restart();
    ioc.run_for(patience);
}

// What a daemon does.
BOOST_FIXTURE_TEST_CASE(
    a_forked_child_may_take_the_execution_context_over, io_context_fixture)
{
    auto [ctx, cancel] = with_signals(root, {SIGTERM});
    ioc.notify_fork(asio::execution_context::fork_prepare);
    auto const child = ::fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0)
    {
        ioc.notify_fork(asio::execution_context::fork_child);
        std::raise(SIGTERM);
        ioc.run_for(patience);
        ::_exit(ctx.done() ? 42 : 1);
    }
    ioc.notify_fork(asio::execution_context::fork_parent);
    int status = 0;
    BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
    BOOST_TEST(WEXITSTATUS(status) == 42);
    ioc.poll();
    BOOST_TEST(!ctx.done());
    cancel();
    ioc.restart();
    ioc.run_for(patience);
}

#endif

BOOST_FIXTURE_TEST_CASE(
    further_signals_are_ignored_if_asked_for, io_context_fixture)
{
    BOOST_REQUIRE(has_default_effect(signal_one));
    {
        auto [ctx, cancel] =
            with_signals(root, {signal_one}, further_signals::are_ignored);
        std::raise(signal_one);
        ioc.run_for(patience);
        BOOST_TEST(ctx.done());
        std::raise(signal_one);
        std::raise(signal_one);
        ioc.restart();
        // Nothing waits for them: run() returns.
        BOOST_TEST(idle());
    }
    BOOST_TEST(has_default_effect(signal_one));
}

BOOST_FIXTURE_TEST_CASE(
    signals_are_ignored_as_long_as_something_below_exists, io_context_fixture)
{
    BOOST_REQUIRE(has_default_effect(signal_one));
    context left;
    {
        auto [ctx, cancel] =
            with_signals(root, {signal_one}, further_signals::are_ignored);
        // NOLINTNEXTLINE(asioctx-dead-context): it is to exist, no more
        left = with_grace(ctx, std::chrono::seconds(0)).ctx;
        cancel();
        ioc.run_for(patience);
    }
    BOOST_TEST(!has_default_effect(signal_one));
    std::raise(signal_one);
    left = {};
    BOOST_TEST(has_default_effect(signal_one));
}

BOOST_AUTO_TEST_CASE(signals_are_ignored_no_longer_than_the_execution_context)
{
    BOOST_REQUIRE(has_default_effect(signal_one));
    context left;
    for (bool const signaled : {true, false})
    {
        std::optional<asio::io_context> ioc(std::in_place);
        auto [ctx, cancel] = with_signals(
            background(*ioc), {signal_one}, further_signals::are_ignored);
        if (signaled)
        {
            std::raise(signal_one);
            ioc->run_for(patience);
            BOOST_TEST(ctx.done());
        }
        left = ctx;
        BOOST_TEST(!has_default_effect(signal_one));
        cancel.detach();
        ioc.reset();
        BOOST_TEST(has_default_effect(signal_one));
    }
}

BOOST_FIXTURE_TEST_CASE(to_string_names_it, io_context_fixture)
{
    auto [ctx, cancel] = with_signals(root, {});
    BOOST_TEST(to_string(ctx) == "background.with_signals");
}

BOOST_FIXTURE_TEST_CASE(
    contexts_below_have_the_signal_as_their_cause, io_context_fixture)
{
    auto [ctx, cancel] = with_signals(root, {signal_one});
    auto [below, cancel_below] = with_cancel(ctx);
    std::raise(signal_one);
    ioc.run_for(patience);
    BOOST_TEST(below.cause() == error_code(signal_one, signal_category()));
    BOOST_TEST(!root.done());
}

BOOST_FIXTURE_TEST_CASE(
    a_cancellation_before_the_signal_counts, io_context_fixture)
{
    scoped_effect const harmless(signal_one, ignore_signal);
    auto [ctx, cancel] = with_signals(root, {signal_one});
    error_code const cause = make_error_code(boost::system::errc::io_error);
    cancel(cause);
    std::raise(signal_one); // not restored yet: that takes a run
    ioc.run_for(patience);
    BOOST_TEST(ctx.cause() == cause);
}

BOOST_FIXTURE_TEST_CASE(
    no_signals_make_a_context_that_can_be_canceled, io_context_fixture)
{
    auto [ctx, cancel] = with_signals(root, {});
    poll();
    BOOST_TEST(!ctx.done());
    cancel();
    BOOST_TEST(ctx.done());
    ioc.restart();
    ioc.run_for(patience);
}

BOOST_AUTO_TEST_CASE(it_needs_an_execution_context)
{
    BOOST_CHECK_EXCEPTION(
        (void)with_signals(background(), {signal_one}),
        std::logic_error,
        [](std::logic_error const& e) {
            return std::string(e.what()).find("background(ioc)")
                != std::string::npos;
        });
    BOOST_TEST(has_default_effect(signal_one));
}

BOOST_AUTO_TEST_CASE(it_needs_an_execution_context_that_lives)
{
    std::optional<asio::io_context> ioc(std::in_place);
    auto [parent, cancel] = with_cancel(background(*ioc));
    ioc.reset();
    BOOST_CHECK_THROW(
        (void)with_signals(parent, {signal_one}), std::logic_error);
    wait_until([] { return has_default_effect(signal_one); });
}

BOOST_FIXTURE_TEST_CASE(
    a_signal_that_cannot_be_caught_is_an_error, io_context_fixture)
{
    BOOST_CHECK_THROW(
        (void)with_signals(root, {signal_one, signal_uncatchable}),
        boost::system::system_error);
    BOOST_CHECK_THROW(
        (void)with_signals(root, {-1}), boost::system::system_error);
    BOOST_TEST(idle());
    BOOST_TEST(has_default_effect(signal_one));
}

BOOST_AUTO_TEST_CASE(a_thread_pool_will_do)
{
    asio::thread_pool pool(1);
    auto [ctx, cancel] = with_signals(background(pool), {signal_one});
    std::raise(signal_one);
    wait_until([c = ctx] { return c.done(); });
    BOOST_TEST(ctx.cause().value() == signal_one);
    pool.join();
}

BOOST_AUTO_TEST_SUITE_END()
