//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/cancel.hpp>
#include <asioctx/context.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/stop_token.hpp>
#include <asioctx/without_cancel.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <iterator>
#include <stop_token>
#include <utility>
#include <vector>

#include "support/io_context_fixture.hpp"
#include "support/print.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

namespace {

error_code const parents = make_error_code(boost::system::errc::io_error);
error_code const childs =
    make_error_code(boost::system::errc::connection_refused);
error_code const slow = make_error_code(boost::system::errc::stream_timeout);

// What a row is made from. The sources live as long as the row is looked at:
// otherwise their end would be a cancellation.
struct maker
{
    context root;
    std::vector<cancel_source> kept;
    std::stop_source stop;

    context keep(cancelable c)
    {
        kept.push_back(std::move(c.cancel));
        return std::move(c.ctx);
    }
};

struct row
{
    char const* name;
    context (*make)(maker&);
    error_code error;
    error_code cause;
};

error_code const none;
error_code const canceled = errc::canceled;
error_code const expired = errc::deadline_exceeded;

// A row of Go's TestCause each, in its order.
row const rows[] = {
    {"background", [](maker&) { return background(); }, none, none},
    {"the root of an execution context",
     [](maker& m) { return m.root; },
     none,
     none},
    {"canceled",
     [](maker& m)
     {
         auto ctx = m.keep(with_cancel(m.root));
         m.kept[0].cancel();
         return ctx;
     },
     canceled,
     canceled},
    {"canceled with a cause",
     [](maker& m)
     {
         auto ctx = m.keep(with_cancel(m.root));
         m.kept[0].cancel(parents);
         return ctx;
     },
     canceled,
     parents},
    {"canceled with a cause that is none",
     [](maker& m)
     {
         auto ctx = m.keep(with_cancel(m.root));
         m.kept[0].cancel(none);
         return ctx;
     },
     canceled,
     canceled},
    {"the parent with a cause, then the child with one",
     [](maker& m)
     {
         auto ctx = m.keep(with_cancel(m.keep(with_cancel(m.root))));
         m.kept[0].cancel(parents);
         m.kept[1].cancel(childs);
         return ctx;
     },
     canceled,
     parents},
    {"the child with a cause, then the parent with one",
     [](maker& m)
     {
         auto ctx = m.keep(with_cancel(m.keep(with_cancel(m.root))));
         m.kept[1].cancel(childs);
         m.kept[0].cancel(parents);
         return ctx;
     },
     canceled,
     childs},
    {"the parent with a cause, then the child without",
     [](maker& m)
     {
         auto ctx = m.keep(with_cancel(m.keep(with_cancel(m.root))));
         m.kept[0].cancel(parents);
         m.kept[1].cancel();
         return ctx;
     },
     canceled,
     parents},
    {"the child without a cause, then the parent with one",
     [](maker& m)
     {
         auto ctx = m.keep(with_cancel(m.keep(with_cancel(m.root))));
         m.kept[1].cancel();
         m.kept[0].cancel(parents);
         return ctx;
     },
     canceled,
     canceled},
    {"the parent without a cause, then the child with one",
     [](maker& m)
     {
         auto ctx = m.keep(with_cancel(m.keep(with_cancel(m.root))));
         m.kept[0].cancel();
         m.kept[1].cancel(childs);
         return ctx;
     },
     canceled,
     canceled},
    {"the child with a cause, then the parent without",
     [](maker& m)
     {
         auto ctx = m.keep(with_cancel(m.keep(with_cancel(m.root))));
         m.kept[1].cancel(childs);
         m.kept[0].cancel();
         return ctx;
     },
     canceled,
     childs},
    {"a timeout that has passed",
     [](maker& m) { return m.keep(with_timeout(m.root, 0s)); },
     expired,
     expired},
    {"a timeout, canceled before",
     [](maker& m)
     {
         auto ctx = m.keep(with_timeout(m.root, 1h));
         m.kept[0].cancel();
         return ctx;
     },
     canceled,
     canceled},
    {"a timeout with a cause that has passed",
     [](maker& m) { return m.keep(with_timeout(m.root, 0s, slow)); },
     expired,
     slow},
    {"a timeout with a cause, canceled before",
     [](maker& m)
     {
         auto ctx = m.keep(with_timeout(m.root, 1h, slow));
         m.kept[0].cancel();
         return ctx;
     },
     canceled,
     canceled},
    {"a timeout with a cause that has passed, then the parent with one",
     [](maker& m)
     {
         auto ctx = m.keep(with_timeout(m.keep(with_cancel(m.root)), 0s, slow));
         m.kept[0].cancel(parents);
         return ctx;
     },
     expired,
     slow},
    {"the parent with a cause before the timeout with one",
     [](maker& m)
     {
         auto ctx = m.keep(with_timeout(m.keep(with_cancel(m.root)), 1h, slow));
         m.kept[0].cancel(parents);
         return ctx;
     },
     canceled,
     parents},
    {"without_cancel",
     [](maker& m) { return without_cancel(m.root); },
     none,
     none},
    {"without_cancel below a parent canceled with a cause",
     [](maker& m)
     {
         auto ctx = without_cancel(m.keep(with_cancel(m.root)));
         m.kept[0].cancel(parents);
         return ctx;
     },
     none,
     none},
    {"without_cancel below a timeout with a cause that has passed",
     [](maker& m)
     { return without_cancel(m.keep(with_timeout(m.root, 0s, slow))); },
     none,
     none},
    // Contexts that are ended from outside: Go's have other implementations of
    // the interface, ours follow a stop token.
    {"the parent of a foreign one, with a cause",
     [](maker& m)
     {
         auto ctx = m.keep(
             with_stop_token(m.keep(with_cancel(m.root)), m.stop.get_token()));
         m.kept[0].cancel(parents);
         return ctx;
     },
     canceled,
     parents},
    {"the parent of a foreign one, with a cause, then the foreign one",
     [](maker& m)
     {
         auto ctx = m.keep(
             with_stop_token(m.keep(with_cancel(m.root)), m.stop.get_token()));
         m.kept[0].cancel(parents);
         m.stop.request_stop();
         return ctx;
     },
     canceled,
     parents},
    // Go's Cause reports the parent's cause here, though it came later.
    {"a foreign one, then its parent with a cause",
     [](maker& m)
     {
         auto ctx = m.keep(
             with_stop_token(m.keep(with_cancel(m.root)), m.stop.get_token()));
         m.stop.request_stop();
         m.kept[0].cancel(parents);
         return ctx;
     },
     canceled,
     canceled},
};

static_assert(std::size(rows) == 23);

} // namespace

BOOST_AUTO_TEST_SUITE(test_cause)

BOOST_FIXTURE_TEST_CASE(each_way_to_an_end_has_its_cause, manual_time_fixture)
{
    for (auto const& r : rows)
        BOOST_TEST_CONTEXT(r.name)
        {
            maker m{root, {}, {}};
            auto const ctx = r.make(m);
            BOOST_TEST(ctx.error() == r.error);
            BOOST_TEST(ctx.cause() == r.cause);
            BOOST_TEST(ctx.done() == !!r.error);
        }
}

BOOST_FIXTURE_TEST_CASE(
    what_is_derived_afterwards_has_the_same_cause, manual_time_fixture)
{
    for (auto const& r : rows)
        BOOST_TEST_CONTEXT(r.name)
        {
            maker m{root, {}, {}};
            auto const below = with_cancel(r.make(m));
            BOOST_TEST(below.ctx.error() == r.error);
            BOOST_TEST(below.ctx.cause() == r.cause);
        }
}

BOOST_AUTO_TEST_SUITE_END()
