//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/detail/callback.hpp>

// For the tests.
#include <asioctx/cancel.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/test/unit_test.hpp>

#include <utility>

#include "support/allocation_counter.hpp"
#include "support/immediate_executor.hpp"
#include "support/io_context_fixture.hpp"
#include "support/outcome.hpp"
#include "support/print.hpp"

using namespace asioctx;
using namespace asioctx::test;
using detail::callback;
using detail::callback_base;
using detail::context_access;
using detail::plain_callback;

namespace {

struct callback_fixture : io_context_fixture
{
    // The reference is the caller's.
    template <class Executor>
    callback_base& start(Executor const& ex)
    {
        auto& result = callback<recorder, Executor, plain_callback>::create(
            ex,
            recorder(o),
            *context_access::get(c.ctx).get_scope(),
            detail::root_of(ioc),
            plain_callback());
        result.start();
        return result;
    }

    callback_base& start()
    {
        return start(ioc.get_executor());
    }

    cancelable const c = with_cancel(root);
    outcome o;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(test_callback, callback_fixture)

BOOST_AUTO_TEST_CASE(it_is_posted_once_the_scope_is_done)
{
    auto& f = start();
    poll();
    BOOST_TEST(!o.completed());
    c.cancel();
    BOOST_TEST(!o.completed());
    poll();
    BOOST_TEST(o.calls == 1);
    f.release();
}

BOOST_AUTO_TEST_CASE(at_once_if_it_is_done_already)
{
    c.cancel();
    auto& f = start();
    BOOST_TEST(!o.completed());
    poll();
    BOOST_TEST(o.calls == 1);
    f.release();
}

BOOST_AUTO_TEST_CASE(detached_it_is_gone_when_the_handler_is_called)
{
    start().detach();
    c.cancel();
    poll();
    BOOST_TEST(o.calls == 1);
    BOOST_TEST(o.blocks_when_called == 0);
}

BOOST_AUTO_TEST_CASE(who_stops_it_destroys_the_handler)
{
    auto& f = start();
    BOOST_TEST(f.stop());
    BOOST_TEST(o.handlers == 0);
    BOOST_TEST(!f.stop());
    c.cancel();
    poll();
    BOOST_TEST(!o.completed());
    f.release();
}

BOOST_AUTO_TEST_CASE(also_if_it_was_posted)
{
    auto& f = start();
    c.cancel();
    BOOST_TEST(f.stop());
    BOOST_TEST(o.handlers == 0);
    poll();
    BOOST_TEST(!o.completed());
    f.release();
}

BOOST_AUTO_TEST_CASE(but_not_once_it_has_begun)
{
    auto& f = start();
    bool stopped = true;
    o.when_called = [&]
    {
        stopped = f.stop();
    };
    c.cancel();
    poll();
    BOOST_TEST(o.calls == 1);
    BOOST_TEST(!stopped);
    f.release();
}

BOOST_AUTO_TEST_CASE(to_post_it_takes_no_memory)
{
    asio::any_io_executor const strand = asio::make_strand(ioc);
    auto& f = start(strand);
    {
        failing_allocations const none;
        c.cancel();
        poll();
    }
    BOOST_TEST(o.calls == 1);
    f.release();
}

BOOST_AUTO_TEST_CASE(an_executor_that_tells_no_context_has_the_root_given)
{
    asio::io_context other;
    auto& given = detail::root_of(other);
    BOOST_TEST(&detail::host_of(immediate_executor(), &given) == &given);
    BOOST_TEST(
        &detail::host_of(ioc.get_executor(), &given) == &detail::root_of(ioc));
}

BOOST_AUTO_TEST_SUITE_END()
