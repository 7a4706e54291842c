//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Stackful coroutines need Boost.Context.
#include <boost/test/unit_test.hpp>

#ifdef ASIOCTX_TEST_HAS_CONTEXT

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/spawn.hpp>
#include <boost/asio/steady_timer.hpp>

#include <exception>

#include "support/bound_fixture.hpp"
#include "support/outcome.hpp"
#include "support/poll_until.hpp"
#include "support/print.hpp"
#include "support/sanitized.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

namespace {

struct fixture : timers_fixture
{
    template <class F>
    void run(F body)
    {
        bool ended = false;
        std::exception_ptr exception;
        asio::spawn(
            ioc,
            std::move(body),
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

} // namespace

#endif

BOOST_AUTO_TEST_SUITE(test_bind_spawn)

#ifdef ASIOCTX_TEST_HAS_CONTEXT

BOOST_FIXTURE_TEST_CASE(yield_with_a_code_stores_the_context_s_error, fixture)
{
    run(
        [&](asio::yield_context yield)
        {
            error_code canceled;
            error_code not_started;
            cancel_later(c.cancel);
            never.async_wait(bind_context(c.ctx, yield[canceled]));
            never.async_wait(bind_context(c.ctx, yield[not_started]));
            BOOST_TEST(canceled == errc::canceled);
            BOOST_TEST(not_started == errc::canceled);
        });
}

BOOST_FIXTURE_TEST_CASE(a_stackful_coroutine_may_survive, fixture)
{
    outcome o;
    error_code inside;
    asio::spawn(
        ioc,
        [&](asio::yield_context yield) { never.async_wait(yield[inside]); },
        bind_context(c.ctx, recorder(o)));
    poll();
    BOOST_TEST(o.calls == 0);
    c.cancel();
    until_completed(o);
    BOOST_TEST(o == error_code());
    BOOST_TEST(inside == asio::error::operation_aborted);
}

BOOST_FIXTURE_TEST_CASE(one_on_a_done_context_does_not_begin, fixture)
{
    outcome o;
    bool begun = false;
    c.cancel();
    asio::spawn(
        ioc,
        [&](asio::yield_context) { begun = true; },
        bind_context(c.ctx, recorder(o)));
    until_completed(o);
    BOOST_TEST(o == errc::canceled);
    BOOST_TEST(!begun);
}

// AddressSanitizer takes the stack of a coroutine that throws for an error.
#if !ASIOCTX_TEST_SANITIZED

BOOST_FIXTURE_TEST_CASE(yield_throws_the_context_s_error, fixture)
{
    int errors = 0;
    run(
        [&](asio::yield_context yield)
        {
            expired.async_wait(bind_context(c.ctx, yield));
            cancel_later(c.cancel);
            for (int i = 0; i < 2; ++i) // the second one is not started
                try
                {
                    never.async_wait(bind_context(c.ctx, yield));
                }
                catch (boost::system::system_error const& e)
                {
                    errors += e.code() == errc::canceled;
                }
        });
    BOOST_TEST(errors == 2);
}

BOOST_FIXTURE_TEST_CASE(a_stackful_coroutine_may_be_bound_as_a_whole, fixture)
{
    outcome o;
    asio::spawn(
        ioc,
        [&](asio::yield_context yield) { never.async_wait(yield); },
        bind_context(c.ctx, recorder(o)));
    poll();
    BOOST_TEST(o.calls == 0);
    c.cancel();
    until_completed(o);
    BOOST_TEST(o == errc::canceled);
}

BOOST_FIXTURE_TEST_CASE(its_parent_is_heard_through_its_binder, fixture)
{
    outcome o;
    auto const d = with_timeout(root, 1s);
    asio::spawn(
        ioc,
        [&](asio::yield_context yield)
        { never.async_wait(bind_context(c.ctx, yield)); },
        bind_context(d.ctx, recorder(o)));
    poll();
    clock.advance(1s);
    until_completed(o);
    BOOST_TEST(o == errc::deadline_exceeded);
}

#endif // !ASIOCTX_TEST_SANITIZED

#endif // ASIOCTX_TEST_HAS_CONTEXT

BOOST_AUTO_TEST_SUITE_END()
