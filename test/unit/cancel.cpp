//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/cancel.hpp>

#include <asioctx/after_func.hpp>
#include <asioctx/bind_context.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/value.hpp>
#include <asioctx/without_cancel.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/allocation_counter.hpp"
#include "support/io_context_fixture.hpp"
#include "support/print.hpp"
#include "support/random_seed.hpp"
#include "support/sanitized.hpp"
#include "support/start_operation.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

namespace {

error_code const broken = make_error_code(boost::system::errc::io_error);
error_code const refused = asio::error::connection_refused;

constexpr context_key<int> number("number");

// Contexts, each derived from the one before.
struct chain
{
    std::vector<context> contexts;
    std::vector<cancel_source> sources;

    chain(context ctx, std::size_t length)
    {
        contexts.reserve(length);
        sources.reserve(length);
        for (std::size_t i = 0; i != length; ++i)
        {
            auto c = with_cancel(ctx);
            ctx = c.ctx;
            contexts.push_back(std::move(c.ctx));
            sources.push_back(std::move(c.cancel));
        }
    }

    void detach()
    {
        for (auto& s : sources)
            s.detach();
    }

    std::ptrdiff_t done() const
    {
        return std::count_if(
            contexts.begin(),
            contexts.end(),
            [](context const& c) { return c.done(); });
    }
};

// A recursion this deep does not fit into the stack.
constexpr std::size_t long_way = 1'000'000;

// A tree in which every node has four children.
struct tree
{
    std::vector<cancelable> nodes;

    tree(context const& root, std::size_t size)
    {
        nodes.push_back(with_cancel(root));
        for (std::size_t i = 1; i != size; ++i)
            nodes.push_back(with_cancel(nodes[(i - 1) / 4].ctx));
    }

    // Whether the subtree of a node is done.
    bool done(std::size_t i) const
    {
        if (i >= nodes.size())
            return true;
        return nodes[i].ctx.done() && done(4 * i + 1) && done(4 * i + 2)
            && done(4 * i + 3) && done(4 * i + 4);
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(test_cancel)

// The transition.

BOOST_FIXTURE_TEST_CASE(
    a_whole_subtree_is_done_when_cancel_returns, manual_time_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    auto const value = with_value(ctx, number, 1);
    auto [child, cancel_child] = with_cancel(value);
    auto [timed, cancel_timed] = with_timeout(child, 1s);
    auto [below, cancel_below] = with_cancel(timed);
    auto const leaf = with_value(below, number, 2);
    for (auto const& c : {ctx, value, child, timed, below, leaf})
        BOOST_TEST(!c.done());
    cancel(broken);
    for (auto const& c : {ctx, value, child, timed, below, leaf})
    {
        BOOST_TEST(c.done());
        BOOST_TEST(c.error() == errc::canceled);
        BOOST_TEST(c.cause() == broken);
    }
    BOOST_TEST(!root.done());
}

BOOST_AUTO_TEST_CASE(it_works_without_an_execution_context)
{
    auto [ctx, cancel] = with_cancel(background());
    auto [below, cancel_below] = with_cancel(with_value(ctx, number, 1));
    auto [sibling, cancel_sibling] = with_cancel(background());
    cancel();
    BOOST_TEST(below.error() == errc::canceled);
    BOOST_TEST(!sibling.done());
    BOOST_TEST(!background().done());
}

BOOST_FIXTURE_TEST_CASE(
    a_child_leaves_its_parent_and_siblings_live, io_context_fixture)
{
    auto [parent, cancel_parent] = with_cancel(root);
    auto [one, cancel_one] = with_cancel(parent);
    auto [two, cancel_two] = with_cancel(parent);
    auto [below, cancel_below] = with_cancel(one);
    cancel_one();
    BOOST_TEST(one.done());
    BOOST_TEST(below.done());
    BOOST_TEST(!two.done());
    BOOST_TEST(!parent.done());
    cancel_parent();
    BOOST_TEST(two.done());
}

BOOST_FIXTURE_TEST_CASE(
    every_callback_has_been_posted_and_none_has_run_when_cancel_returns,
    io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    auto [child, cancel_child] = with_cancel(ctx);
    auto [leaf, cancel_leaf] = with_cancel(with_value(child, number, 1));
    int calls = 0;
    std::vector<after_func_registration> registrations;
    for (auto const& c : {ctx, child, leaf, child, ctx})
        registrations.push_back(after_func(c, [&] { ++calls; }));
    leaf.async_wait([&](error_code const&) { ++calls; });
    std::thread([&, &cancel = cancel] { cancel(); }).join();
    BOOST_TEST(calls == 0);
    BOOST_TEST(poll() == 6u);
    BOOST_TEST(calls == 6);
}

// An operation that is asked to stop finds the whole tree done.
BOOST_FIXTURE_TEST_CASE(
    all_are_marked_before_the_first_operation_is_asked, io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    tree const below(ctx, 100);
    int asked = 0;
    int seen_done = 0;
    int completed = 0;
    std::vector<std::function<void()>> operations;
    for (auto const& c : {ctx, below.nodes[0].ctx, below.nodes[99].ctx})
        operations.push_back(start_operation(
            [&]
            {
                ++asked;
                seen_done += below.done(0);
            },
            bind_context(c, [&](error_code const&) { ++completed; })));
    cancel();
    BOOST_TEST(asked == 3);
    BOOST_TEST(seen_done == 3);
    BOOST_TEST(completed == 0);
    for (auto& complete : operations)
        complete();
    BOOST_TEST(completed == 3);
}

// A callback that sees its own context done sees the whole tree done.
BOOST_FIXTURE_TEST_CASE(
    all_are_marked_before_the_first_has_an_effect, io_context_fixture)
{
    for (int i = 0; i != 200; ++i)
    {
        auto [ctx, cancel] = with_cancel(root);
        tree below(ctx, 100);
        std::atomic<bool> called{false};
        bool all_done = false;
        auto const registration = after_func(
            ctx,
            [&]
            {
                all_done = below.done(0);
                called = true;
            });
        std::thread watcher(
            [&]
            {
                auto const work = asio::make_work_guard(ioc);
                ioc.restart();
                while (!called)
                    ioc.poll();
            });
        cancel();
        watcher.join();
        BOOST_REQUIRE(all_done);
    }
}

BOOST_FIXTURE_TEST_CASE(the_second_call_does_nothing, io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    int calls = 0;
    auto const registration = after_func(ctx, [&] { ++calls; });
    cancel(broken);
    cancel(refused);
    cancel(std::make_exception_ptr(1));
    cancel();
    BOOST_TEST(poll() == 1u);
    BOOST_TEST(calls == 1);
    BOOST_TEST(ctx.cause() == broken);
}

BOOST_AUTO_TEST_CASE(cancel_is_noexcept_in_all_its_forms)
{
    cancel_source const s;
    static_assert(noexcept(s.cancel()));
    static_assert(noexcept(s.cancel(error_code())));
    static_assert(noexcept(s.cancel(std::exception_ptr())));
    static_assert(noexcept(s()));
    static_assert(noexcept(s(error_code())));
    static_assert(noexcept(s(std::exception_ptr())));
    s.cancel();
    s.cancel(broken);
    s.cancel(nullptr);
    s();
    s(broken);
    s(nullptr);
}

// Who was first.

BOOST_FIXTURE_TEST_CASE(
    a_child_canceled_before_its_parent_keeps_its_own_cause, io_context_fixture)
{
    auto [parent, cancel_parent] = with_cancel(root);
    auto [child, cancel_child] = with_cancel(parent);
    auto [below, cancel_below] = with_cancel(child);
    auto [sibling, cancel_sibling] = with_cancel(parent);
    cancel_child(broken);
    cancel_parent(refused);
    BOOST_TEST(parent.cause() == refused);
    BOOST_TEST(child.cause() == broken);
    BOOST_TEST(below.cause() == broken);
    BOOST_TEST(sibling.cause() == refused);
}

BOOST_FIXTURE_TEST_CASE(
    a_child_canceled_after_its_parent_has_its_parents_cause, io_context_fixture)
{
    auto [parent, cancel_parent] = with_cancel(root);
    auto [child, cancel_child] = with_cancel(parent);
    cancel_parent(refused);
    cancel_child(broken);
    BOOST_TEST(parent.cause() == refused);
    BOOST_TEST(child.cause() == refused);
}

BOOST_FIXTURE_TEST_CASE(
    a_cancellation_in_the_middle_counts_below_it, io_context_fixture)
{
    chain c(root, 5);
    c.sources[2](broken);
    c.sources[0](refused);
    BOOST_TEST(c.contexts[0].cause() == refused);
    BOOST_TEST(c.contexts[1].cause() == refused);
    BOOST_TEST(c.contexts[2].cause() == broken);
    BOOST_TEST(c.contexts[3].cause() == broken);
    BOOST_TEST(c.contexts[4].cause() == broken);
}

BOOST_FIXTURE_TEST_CASE(
    a_context_below_one_that_is_done_is_done_when_made, manual_time_fixture)
{
    auto [parent, cancel_parent] = with_cancel(root);
    cancel_parent(broken);
    auto const line = __LINE__ - 1;
    auto [child, cancel_child] = with_cancel(parent);
    auto [timed, cancel_timed] =
        with_timeout(with_value(parent, number, 1), 1s);
    auto [below, cancel_below] = with_cancel(child);
    cancel_child(refused);
    for (auto const& c : {child, timed, below})
    {
        BOOST_TEST(c.error() == errc::canceled);
        BOOST_TEST(c.cause() == broken);
        BOOST_TEST(c.canceled_at().line() == unsigned(line));
    }
}

// Causes.

BOOST_FIXTURE_TEST_CASE(
    without_a_cause_the_cause_is_the_error, io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    cancel();
    BOOST_TEST(ctx.error() == errc::canceled);
    BOOST_TEST(ctx.cause() == errc::canceled);
    BOOST_CHECK_EXCEPTION(
        std::rethrow_exception(ctx.exception()),
        boost::system::system_error,
        [](auto const& e) { return e.code() == errc::canceled; });
}

BOOST_FIXTURE_TEST_CASE(a_cause_can_be_an_error_code, io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    cancel.cancel(asio::error::connection_refused);
    BOOST_TEST(ctx.error() == errc::canceled);
    BOOST_TEST(ctx.cause() == asio::error::connection_refused);
    BOOST_CHECK_EXCEPTION(
        std::rethrow_exception(ctx.exception()),
        boost::system::system_error,
        [](auto const& e) { return e.code() == refused; });
}

BOOST_FIXTURE_TEST_CASE(
    a_cause_that_is_no_failure_is_as_none, io_context_fixture)
{
    auto [one, cancel_one] = with_cancel(root);
    cancel_one(error_code());
    BOOST_TEST(one.error() == errc::canceled);
    BOOST_TEST(one.cause() == errc::canceled);

    auto [two, cancel_two] = with_cancel(root);
    cancel_two(std::exception_ptr());
    BOOST_TEST(two.error() == errc::canceled);
    BOOST_TEST(two.cause() == errc::canceled);
    BOOST_REQUIRE(two.exception());
    BOOST_CHECK_THROW(
        std::rethrow_exception(two.exception()), boost::system::system_error);
}

BOOST_FIXTURE_TEST_CASE(
    the_first_cancellation_counts_even_without_a_cause, io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    cancel();
    cancel(broken);
    BOOST_TEST(ctx.cause() == errc::canceled);
}

BOOST_FIXTURE_TEST_CASE(
    a_cause_can_be_an_exception_with_an_error_code, io_context_fixture)
{
    auto [one, cancel_one] = with_cancel(root);
    auto const boost_error =
        std::make_exception_ptr(boost::system::system_error(refused));
    cancel_one(boost_error);
    BOOST_TEST(one.error() == errc::canceled);
    BOOST_TEST(one.cause() == refused);
    BOOST_TEST((one.exception() == boost_error));

    auto [two, cancel_two] = with_cancel(root);
    auto const std_error = std::make_exception_ptr(
        std::system_error(std::make_error_code(std::errc::io_error)));
    cancel_two.cancel(std_error);
    BOOST_TEST((two.cause() == std::errc::io_error));
    BOOST_TEST((two.exception() == std_error));
}

BOOST_FIXTURE_TEST_CASE(a_cause_can_be_any_exception, io_context_fixture)
{
    auto const cause = std::make_exception_ptr(std::runtime_error("broken"));
    auto [ctx, cancel] = with_cancel(root);
    auto [below, cancel_below] = with_cancel(ctx);
    cancel(cause);
    for (auto const& c : {ctx, below})
    {
        BOOST_TEST(c.error() == errc::canceled);
        BOOST_TEST(c.cause() == errc::canceled);
        BOOST_TEST((c.exception() == cause));
    }

    auto [other, cancel_other] = with_cancel(root);
    cancel_other(std::make_exception_ptr(42));
    BOOST_TEST(other.cause() == errc::canceled);
    BOOST_CHECK_THROW(std::rethrow_exception(other.exception()), int);
}

BOOST_FIXTURE_TEST_CASE(
    an_exception_is_destroyed_with_the_last_context, io_context_fixture)
{
    struct held
    {
        std::shared_ptr<int> p;
    };
    auto const p = std::make_shared<int>(0);
    {
        auto [ctx, cancel] = with_cancel(root);
        auto [below, cancel_below] = with_cancel(ctx);
        cancel(std::make_exception_ptr(held{p}));
        cancel(std::make_exception_ptr(held{p})); // too late
        BOOST_TEST(p.use_count() == 2);
    }
    BOOST_TEST(p.use_count() == 1);
}

BOOST_FIXTURE_TEST_CASE(
    without_cancel_has_no_cause_and_what_is_below_has_its_own,
    io_context_fixture)
{
    auto [parent, cancel_parent] = with_cancel(root);
    auto const shield = without_cancel(parent);
    auto [below, cancel_below] = with_cancel(shield);
    cancel_parent(broken);
    BOOST_TEST(!shield.cause());
    BOOST_TEST(!below.cause());
    cancel_below(refused);
    BOOST_TEST(below.cause() == refused);
    BOOST_TEST(!shield.cause());
}

// Places.

BOOST_FIXTURE_TEST_CASE(
    canceled_at_is_where_cancel_was_called, io_context_fixture)
{
    auto const check = [](context const& ctx, int line)
    {
        BOOST_TEST(ctx.canceled_at().line() == unsigned(line));
        BOOST_TEST(ctx.canceled_at().file_name() == std::string(__FILE__));
    };
    chain c(root, 6);
    c.sources[5].cancel();
    check(c.contexts[5], __LINE__ - 1);
    c.sources[4].cancel(broken);
    check(c.contexts[4], __LINE__ - 1);
    c.sources[3].cancel(std::make_exception_ptr(1));
    check(c.contexts[3], __LINE__ - 1);
    c.sources[2]();
    check(c.contexts[2], __LINE__ - 1);
    c.sources[1](broken);
    check(c.contexts[1], __LINE__ - 1);
    c.sources[0](nullptr);
    check(c.contexts[0], __LINE__ - 1);
}

BOOST_FIXTURE_TEST_CASE(
    a_context_canceled_from_above_names_the_place_above, io_context_fixture)
{
    auto [parent, cancel] = with_cancel(root);
    auto [child, cancel_child] = with_cancel(parent);
    cancel();
    auto const line = __LINE__ - 1;
    cancel_child();
    BOOST_TEST(child.canceled_at().line() == unsigned(line));
}

BOOST_FIXTURE_TEST_CASE(a_place_can_be_passed_on, io_context_fixture)
{
    source_location const made = BOOST_CURRENT_LOCATION;
    source_location const place = BOOST_CURRENT_LOCATION;
    auto [ctx, cancel] = with_cancel(root);
    cancel(broken, place);
    BOOST_TEST(ctx.canceled_at().line() == place.line());
    // NOLINTNEXTLINE(asioctx-dead-context): what it shows
    auto const gone = with_cancel(root, made).ctx;
    BOOST_TEST(gone.canceled_at().line() == made.line());
}

// The source.

BOOST_FIXTURE_TEST_CASE(the_destructor_cancels, io_context_fixture)
{
    context ctx;
    context below;
    unsigned line;
    {
        auto c = with_cancel(root);
        line = __LINE__ - 1;
        ctx = c.ctx; // NOLINT(asioctx-dead-context): what it shows
        below = with_value(ctx, number, 1);
        BOOST_TEST(!ctx.done());
    }
    BOOST_TEST(ctx.error() == errc::canceled);
    BOOST_TEST(ctx.cause() == errc::canceled);
    BOOST_TEST(ctx.canceled_at().line() == line);
    BOOST_TEST(below.canceled_at().line() == line);
}

BOOST_FIXTURE_TEST_CASE(
    the_destructor_changes_nothing_after_a_cancellation, io_context_fixture)
{
    context ctx;
    unsigned line;
    {
        auto c = with_cancel(root);
        ctx = c.ctx; // NOLINT(asioctx-dead-context): what it shows
        c.cancel(broken);
        line = __LINE__ - 1;
    }
    BOOST_TEST(ctx.cause() == broken);
    BOOST_TEST(ctx.canceled_at().line() == line);
}

BOOST_FIXTURE_TEST_CASE(the_right_moves, io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    BOOST_TEST(bool(cancel));
    cancel_source moved(std::move(cancel));
    // NOLINTNEXTLINE(bugprone-use-after-move): what is left
    BOOST_TEST(!cancel);
    BOOST_TEST(bool(moved));
    cancel();
    BOOST_TEST(!ctx.done());
    moved();
    BOOST_TEST(ctx.done());
    BOOST_TEST(bool(moved));
    static_assert(!std::is_copy_constructible_v<cancel_source>);
    static_assert(!std::is_copy_assignable_v<cancel_source>);
    static_assert(std::is_nothrow_move_constructible_v<cancel_source>);
    static_assert(std::is_nothrow_move_assignable_v<cancel_source>);
    static_assert(!std::is_convertible_v<cancel_source, bool>);
}

BOOST_FIXTURE_TEST_CASE(
    assignment_cancels_what_was_there_before, io_context_fixture)
{
    auto [one, cancel_one] = with_cancel(root);
    auto const line = __LINE__ - 1;
    auto [two, cancel_two] = with_cancel(root);
    cancel_one = std::move(cancel_two);
    BOOST_TEST(one.done());
    BOOST_TEST(one.canceled_at().line() == unsigned(line));
    BOOST_TEST(!two.done());
    // NOLINTNEXTLINE(bugprone-use-after-move): what is left
    BOOST_TEST(!cancel_two);
    cancel_one();
    BOOST_TEST(two.done());
}

BOOST_FIXTURE_TEST_CASE(
    assigning_a_source_to_itself_keeps_the_right, io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    auto& same = cancel;
    cancel = std::move(same);
    BOOST_TEST(bool(cancel));
    BOOST_TEST(!ctx.done());
}

BOOST_FIXTURE_TEST_CASE(rights_can_be_exchanged, io_context_fixture)
{
    auto [one, cancel_one] = with_cancel(root);
    auto [two, cancel_two] = with_cancel(root);
    cancel_one.swap(cancel_two);
    cancel_one();
    BOOST_TEST(!one.done());
    BOOST_TEST(two.done());
    cancel_source none;
    none.swap(cancel_two);
    BOOST_TEST(!cancel_two);
    BOOST_TEST(!one.done());
    none();
    BOOST_TEST(one.done());
}

BOOST_FIXTURE_TEST_CASE(
    detach_gives_the_right_up_without_canceling, io_context_fixture)
{
    auto [parent, cancel_parent] = with_cancel(root);
    context ctx;
    {
        auto c = with_cancel(parent);
        ctx = c.ctx;
        c.cancel.detach();
        BOOST_TEST(!c.cancel);
        c.cancel();
        c.cancel.detach();
    }
    BOOST_TEST(!ctx.done());
    cancel_parent();
    BOOST_TEST(ctx.done());
}

BOOST_FIXTURE_TEST_CASE(
    a_source_that_holds_no_right_does_nothing, io_context_fixture)
{
    cancel_source none;
    BOOST_TEST(!none);
    none();
    none.cancel(broken);
    none.detach();
    none = cancel_source();
    BOOST_TEST(!root.done());
    BOOST_TEST(!background().done());
}

BOOST_FIXTURE_TEST_CASE(a_source_keeps_its_context_alive, io_context_fixture)
{
    static constexpr context_key<std::shared_ptr<int>> key("token");
    auto const p = std::make_shared<int>(0);
    auto source = with_cancel(with_value(root, key, p)).cancel;
    BOOST_TEST(p.use_count() == 2);
    source();
    BOOST_TEST(p.use_count() == 2);
    source = {};
    BOOST_TEST(p.use_count() == 1);
}

BOOST_FIXTURE_TEST_CASE(
    a_source_can_be_destroyed_by_what_it_cancels, io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    auto owner = std::make_unique<cancel_source>(std::move(cancel));
    auto const registration = after_func(ctx, [&] { owner.reset(); });
    owner->cancel();
    poll();
    BOOST_TEST(!owner);
}

// Reentrance.

BOOST_FIXTURE_TEST_CASE(
    a_callback_can_cancel_above_below_and_itself, io_context_fixture)
{
    auto [parent, cancel_parent] = with_cancel(root);
    auto [ctx, cancel] = with_cancel(parent);
    auto [child, cancel_child] = with_cancel(ctx);
    auto [sibling, cancel_sibling] = with_cancel(parent);
    int calls = 0;
    auto const registration = after_func(
        ctx,
        [&,
         &cancel = cancel,
         &cancel_child = cancel_child,
         &cancel_parent = cancel_parent]
        {
            ++calls;
            cancel(refused);
            cancel_child(refused);
            cancel_parent(refused);
        });
    cancel(broken);
    poll();
    BOOST_TEST(calls == 1);
    BOOST_TEST(ctx.cause() == broken);
    BOOST_TEST(child.cause() == broken);
    BOOST_TEST(parent.cause() == refused);
    BOOST_TEST(sibling.cause() == refused);
}

BOOST_FIXTURE_TEST_CASE(
    a_callback_can_derive_from_the_context_it_follows, io_context_fixture)
{
    auto [ctx, cancel] = with_cancel(root);
    std::optional<cancelable> derived;
    auto const registration =
        after_func(ctx, [&, &ctx = ctx] { derived = with_cancel(ctx); });
    cancel(broken);
    poll();
    BOOST_REQUIRE(derived.has_value());
    BOOST_TEST(derived->ctx.cause() == broken);
}

BOOST_FIXTURE_TEST_CASE(
    callbacks_can_cancel_each_others_contexts, io_context_fixture)
{
    // Go's interlocked cancels.
    auto [parent, cancel_parent] = with_cancel(root);
    auto [child, cancel_child] = with_cancel(parent);
    auto const one = after_func(
        parent, [&, &cancel_child = cancel_child] { cancel_child(); });
    auto const two = after_func(
        child, [&, &cancel_parent = cancel_parent] { cancel_parent(); });
    cancel_child();
    poll();
    BOOST_TEST(parent.done());
    BOOST_TEST(child.done());
}

// The order of effects.

BOOST_FIXTURE_TEST_CASE(
    parents_come_before_children_and_siblings_in_their_order,
    io_context_fixture)
{
    auto [parent, cancel] = with_cancel(root);
    auto a = with_cancel(parent);
    auto b = with_cancel(with_value(parent, number, 1));
    auto a1 = with_cancel(a.ctx);
    auto b1 = with_cancel(b.ctx);
    auto a2 = with_cancel(a.ctx);
    auto c = with_cancel(parent);

    std::vector<std::string> order;
    std::vector<after_func_registration> registrations;
    auto const note = [&](context const& ctx, std::string name)
    {
        registrations.push_back(
            after_func(ctx, [&order, name] { order.push_back(name); }));
    };
    // The order of registration is not that of the tree.
    note(a2.ctx, "a2");
    note(b1.ctx, "b1");
    note(a1.ctx, "a1");
    note(c.ctx, "c");
    note(b.ctx, "b");
    note(a.ctx, "a");
    note(parent, "parent");
    cancel();
    poll();

    auto const place = [&](char const* name)
    {
        return std::find(order.begin(), order.end(), name) - order.begin();
    };
    BOOST_REQUIRE(order.size() == 7u);
    BOOST_TEST(place("parent") == 0);
    BOOST_TEST(place("a") < place("a1"));
    BOOST_TEST(place("a") < place("a2"));
    BOOST_TEST(place("b") < place("b1"));
    BOOST_TEST(place("a") < place("b"));
    BOOST_TEST(place("b") < place("c"));
    BOOST_TEST(place("a1") < place("a2"));
}

BOOST_FIXTURE_TEST_CASE(
    callbacks_of_one_context_come_in_their_order, io_context_fixture)
{
    auto [parent, cancel] = with_cancel(root);
    auto [ctx, cancel_ctx] = with_cancel(parent);
    std::vector<int> order;
    std::vector<after_func_registration> registrations;
    for (int i = 0; i != 100; ++i)
    {
        if (i % 10 == 0)
            ctx.async_wait([&, i](error_code const&) { order.push_back(i); });
        else
            registrations.push_back(
                after_func(ctx, [&, i] { order.push_back(i); }));
    }
    cancel();
    poll();
    BOOST_TEST(order.size() == 100u);
    BOOST_TEST(std::is_sorted(order.begin(), order.end()));
}

BOOST_FIXTURE_TEST_CASE(
    many_siblings_come_in_the_order_in_which_they_were_made,
    manual_time_fixture)
{
    auto [parent, cancel] = with_cancel(root);
    std::vector<cancelable> children;
    std::vector<after_func_registration> registrations;
    std::vector<int> order;
    for (int i = 0; i != 1000; ++i)
    {
        children.push_back(
            i % 3 == 0 ? with_timeout(parent, 1h - i * 1s)
                       : with_cancel(parent));
        registrations.push_back(
            after_func(children.back().ctx, [&, i] { order.push_back(i); }));
    }
    // Some are gone.
    for (std::size_t i = 0; i < 1000; i += 7)
    {
        registrations[i].stop();
        children[i].cancel();
    }
    cancel();
    poll();
    BOOST_TEST(order.size() == 857u);
    BOOST_TEST(std::is_sorted(order.begin(), order.end()));
}

// Memory.

BOOST_FIXTURE_TEST_CASE(
    a_context_is_one_allocation_and_its_end_none, manual_time_fixture)
{
    detail::thread_memory::clear(); // what is made next is allocated
    allocation_counter const counter;
    std::size_t made, canceled, dropped;
    {
        auto [ctx, cancel] = with_cancel(root);
        made = counter.count();
        cancel();
        canceled = counter.count();
    }
    dropped = counter.count();
    BOOST_TEST(made == 1u);
    BOOST_TEST(canceled == 1u);
    BOOST_TEST(dropped == 1u);
}

BOOST_FIXTURE_TEST_CASE(
    cancel_allocates_nothing_for_a_whole_tree, manual_time_fixture)
{
    // The first round is for what Asio allocates on first use.
    for (int round = 0; round != 2; ++round)
    {
        auto [ctx, cancel] = with_cancel(root);
        tree below(ctx, 300);
        std::vector<cancelable> others;
        std::vector<after_func_registration> registrations;
        int calls = 0;
        for (auto const& node : below.nodes)
        {
            others.push_back(with_timeout(node.ctx, 1s));
            others.push_back(with_grace(node.ctx, 1s));
            registrations.push_back(after_func(node.ctx, [&] { ++calls; }));
            node.ctx.async_wait([&](error_code const&) { ++calls; });
        }
        std::size_t allocations;
        {
            allocation_counter const counter;
            cancel(broken);
            allocations = counter.count();
        }
        BOOST_TEST(poll() == 600u);
        BOOST_TEST(calls == 600);
        if (round == 1)
            BOOST_TEST(allocations == 0u);
    }
}

BOOST_FIXTURE_TEST_CASE(
    a_lack_of_memory_leaves_the_parent_as_it_was, io_context_fixture)
{
    static constexpr context_key<std::shared_ptr<int>> key("token");
    auto const p = std::make_shared<int>(0);
    auto [parent, cancel] = with_cancel(with_value(root, key, p));
    detail::thread_memory::clear(); // what is made next is allocated
    bool thrown = false;
    {
        failing_allocations const none;
        try
        {
            (void)with_cancel(parent);
        }
        catch (std::bad_alloc const&)
        {
            thrown = true;
        }
    }
    BOOST_TEST(thrown);
    BOOST_TEST(!parent.done());
    cancel();
    parent = context();
    cancel.detach();
    BOOST_TEST(p.use_count() == 1);
}

BOOST_FIXTURE_TEST_CASE(a_parent_does_not_keep_its_children, io_context_fixture)
{
    auto [parent, cancel] = with_cancel(root);
    auto const live = live_objects();
    std::ptrdiff_t most = 0;
    for (std::size_t i = 0; i != long_way; ++i)
    {
        auto c = with_cancel(parent);
        if (i % 2 == 0)
            c.cancel.detach(); // goes without ever having been done
        else if (i % 3 == 0)
            c.cancel();
        most = std::max(most, live_objects() - live);
    }
    BOOST_TEST(most <= 1);
    BOOST_TEST(live_objects() == live);
    BOOST_TEST(!parent.done());
    cancel();
    BOOST_TEST(parent.done());
}

BOOST_FIXTURE_TEST_CASE(
    a_child_that_is_done_does_not_stay_with_its_parent, io_context_fixture)
{
    auto [parent, cancel] = with_cancel(root);
    auto const live = live_objects();
    {
        std::vector<cancelable> children;
        for (int i = 0; i != 1000; ++i)
            children.push_back(with_cancel(parent));
        for (auto& c : children)
            c.cancel();
        auto one_more = with_cancel(parent);
        children.clear();
        BOOST_TEST(!one_more.ctx.done());
        cancel();
        BOOST_TEST(one_more.ctx.done());
    }
    BOOST_TEST(live_objects() == live);
}

BOOST_FIXTURE_TEST_CASE(
    children_can_go_in_any_order_and_the_rest_is_canceled, io_context_fixture)
{
    std::mt19937 random(1);
    auto [parent, cancel] = with_cancel(root);
    std::vector<cancelable> children;
    for (int i = 0; i != 1000; ++i)
        children.push_back(with_cancel(parent));
    std::shuffle(children.begin(), children.end(), random);
    for (int i = 0; i != 500; ++i)
    {
        if (i % 2 == 0)
            children.back().cancel.detach();
        children.pop_back();
    }
    cancel(broken);
    for (auto const& c : children)
        BOOST_REQUIRE(c.ctx.cause() == broken);
}

// Large trees, on the stack that there is.

BOOST_FIXTURE_TEST_CASE(
    a_long_chain_can_be_canceled_at_its_root, io_context_fixture)
{
    auto const live = live_objects();
    {
        chain c(root, long_way);
        BOOST_TEST(c.done() == 0);
        c.sources[0](broken);
        BOOST_TEST(c.done() == std::ptrdiff_t(long_way));
        BOOST_TEST(c.contexts.back().cause() == broken);
    }
    BOOST_TEST(live_objects() == live);
}

BOOST_AUTO_TEST_CASE(a_long_chain_below_background_can_be_canceled)
{
    chain c(background(), long_way);
    c.sources[1]();
    BOOST_TEST(c.done() == std::ptrdiff_t(long_way) - 1);
}

BOOST_FIXTURE_TEST_CASE(
    a_long_chain_can_be_canceled_when_only_its_leaf_is_held, io_context_fixture)
{
    auto const live = live_objects();
    {
        chain c(root, long_way);
        auto const leaf = c.contexts.back();
        auto const cancel = std::move(c.sources.front());
        c.detach();
        c.contexts.clear();
        BOOST_TEST(!leaf.done());
        cancel();
        BOOST_TEST(leaf.done());
    }
    BOOST_TEST(live_objects() == live);
}

BOOST_FIXTURE_TEST_CASE(
    the_sources_of_a_long_chain_can_go_leaf_first, io_context_fixture)
{
    auto const live = live_objects();
    {
        chain c(root, long_way);
        while (!c.sources.empty())
        {
            c.contexts.pop_back();
            c.sources.pop_back();
        }
    }
    BOOST_TEST(live_objects() == live);
}

BOOST_FIXTURE_TEST_CASE(
    the_sources_of_a_long_chain_can_go_root_first, io_context_fixture)
{
    auto const live = live_objects();
    {
        chain c(root, long_way);
        for (std::size_t i = 0; i != long_way; ++i)
        {
            c.contexts[i] = context();
            c.sources[i] = cancel_source();
        }
    }
    BOOST_TEST(live_objects() == live);
}

BOOST_FIXTURE_TEST_CASE(
    the_handles_of_a_long_chain_that_lives_can_go_leaf_first,
    io_context_fixture)
{
    auto const live = live_objects();
    {
        chain c(root, long_way);
        c.detach();
        while (!c.contexts.empty())
            c.contexts.pop_back();
    }
    BOOST_TEST(live_objects() == live);
}

BOOST_FIXTURE_TEST_CASE(
    the_handles_of_a_long_chain_that_lives_can_go_root_first,
    io_context_fixture)
{
    auto const live = live_objects();
    {
        chain c(root, long_way);
        c.detach();
        for (auto& ctx : c.contexts)
            ctx = context();
    }
    BOOST_TEST(live_objects() == live);
}

BOOST_FIXTURE_TEST_CASE(a_wide_tree_can_be_canceled, io_context_fixture)
{
    auto const live = live_objects();
    {
        auto [parent, cancel] = with_cancel(root);
        std::vector<cancelable> children;
        for (int i = 0; i != 100'000; ++i)
            children.push_back(with_cancel(parent));
        cancel(broken);
        for (auto const& c : children)
            BOOST_REQUIRE(c.ctx.cause() == broken);
    }
    BOOST_TEST(live_objects() == live);
}

// Random layers of contexts: whatever is canceled, the leaf is done at once,
// for the right reason, and has its values.
BOOST_FIXTURE_TEST_CASE(any_layer_cancels_all_below_it, manual_time_fixture)
{
    auto const seed = random_seed();
    BOOST_TEST_MESSAGE("ASIOCTX_TEST_SEED=" << seed);
    BOOST_TEST_CONTEXT("ASIOCTX_TEST_SEED=" << seed)
    {
        std::mt19937 random(seed);
        for (int round = 0; round != 200; ++round)
        {
            std::vector<context> layers{root};
            std::vector<std::pair<std::size_t, cancel_source>> sources;
            std::vector<std::unique_ptr<context_key<std::size_t>>> keys;
            std::vector<std::size_t> values;
            while (layers.size() < 30 || sources.empty())
            {
                auto const i = layers.size();
                auto const& parent = layers.back();
                auto const add = [&](cancelable c)
                {
                    sources.emplace_back(i, std::move(c.cancel));
                    layers.push_back(c.ctx);
                };
                switch (random() % 3)
                {
                case 0:
                    add(with_cancel(parent));
                    break;
                case 1:
                    add(with_timeout(
                        parent, std::chrono::seconds(1 + random() % 100)));
                    break;
                case 2:
                    keys.push_back(
                        std::make_unique<context_key<std::size_t>>());
                    values.push_back(i);
                    layers.push_back(with_value(parent, *keys.back(), i));
                    break;
                }
            }
            auto const check_values = [&]
            {
                for (std::size_t k = 0; k != keys.size(); ++k)
                    BOOST_REQUIRE(*layers.back().value(*keys[k]) == values[k]);
            };
            check_values();
            auto const& [layer, cancel] = sources[random() % sources.size()];
            cancel(broken);
            for (std::size_t i = 0; i != layers.size(); ++i)
            {
                BOOST_REQUIRE(layers[i].done() == (i >= layer));
                BOOST_REQUIRE(
                    layers[i].cause() == (i >= layer ? broken : error_code()));
            }
            check_values();
        }
    }
}

// Threads.

BOOST_FIXTURE_TEST_CASE(
    any_number_of_threads_can_cancel_one_tree, io_context_fixture)
{
    // Go's simultaneous cancels.
    for (int round = 0; round != 50; ++round)
    {
        tree t(root, 100);
        std::atomic<int> ready{0};
        std::atomic<bool> right{true};
        std::vector<std::thread> threads;
        for (unsigned seed = 0; seed != 3; ++seed)
            threads.emplace_back(
                [&, seed]
                {
                    std::mt19937 random(seed);
                    std::vector<std::size_t> order(t.nodes.size());
                    for (std::size_t i = 0; i != order.size(); ++i)
                        order[i] = i;
                    std::shuffle(order.begin(), order.end(), random);
                    ++ready;
                    while (ready != 3)
                        std::this_thread::yield();
                    for (auto const i : order)
                    {
                        t.nodes[i].cancel();
                        if (!t.done(i))
                            right = false;
                    }
                });
        for (auto& th : threads)
            th.join();
        BOOST_REQUIRE(right);
    }
}

BOOST_FIXTURE_TEST_CASE(
    one_of_several_causes_wins_for_a_whole_subtree, io_context_fixture)
{
    for (int round = 0; round != 200; ++round)
    {
        auto [ctx, cancel] = with_cancel(root);
        tree below(ctx, 20);
        std::thread other([&, &cancel = cancel] { cancel(broken); });
        cancel(refused);
        auto const cause = ctx.cause();
        bool same = cause == broken || cause == refused;
        for (auto const& n : below.nodes)
            same = same && n.ctx.cause() == cause;
        other.join();
        BOOST_REQUIRE(same);
        BOOST_REQUIRE(ctx.cause() == cause);
    }
}

BOOST_FIXTURE_TEST_CASE(
    a_context_derived_while_its_parent_is_canceled_is_done, io_context_fixture)
{
    for (int round = 0; round != 500; ++round)
    {
        auto [parent, cancel] = with_cancel(root);
        auto [middle, cancel_middle] = with_cancel(parent);
        std::atomic<bool> ready{false};
        std::thread canceler(
            [&, &cancel = cancel]
            {
                ready = true;
                cancel(broken);
            });
        while (!ready)
            std::this_thread::yield();
        auto [one, cancel_one] = with_cancel(middle);
        auto [two, cancel_two] = with_cancel(one);
        canceler.join();
        BOOST_REQUIRE(one.cause() == broken);
        BOOST_REQUIRE(two.cause() == broken);
    }
}

BOOST_FIXTURE_TEST_CASE(
    children_can_go_while_their_parent_is_canceled, io_context_fixture)
{
    auto const live = live_objects();
    for (int round = 0; round != 200; ++round)
    {
        auto [parent, cancel] = with_cancel(root);
        std::vector<cancelable> children;
        for (int i = 0; i != 20; ++i)
        {
            children.push_back(with_cancel(parent));
            if (i % 2 == 0)
                children.back().cancel.detach();
        }
        std::atomic<bool> ready{false};
        std::thread dropper(
            [&]
            {
                ready = true;
                children.clear();
            });
        while (!ready)
            std::this_thread::yield();
        cancel();
        dropper.join();
    }
    BOOST_TEST(live_objects() == live);
}

BOOST_FIXTURE_TEST_CASE(
    one_context_after_the_other_allocates_nothing, io_context_fixture)
{
    if (!threads_keep_memory)
        return;
    auto const use_two = [this]
    {
        auto const [ctx, cancel] = with_cancel(root);
        auto const [child, cancel_child] = with_timeout(ctx, 1h);
        cancel();
    };
    use_two();
    allocation_counter const counter;
    for (int i = 0; i != 100; ++i)
        use_two();
    auto const allocations = counter.count();
    BOOST_TEST(allocations == 0u);
}

BOOST_FIXTURE_TEST_CASE(
    a_thread_keeps_the_memory_of_few_contexts, io_context_fixture)
{
    auto const most = threads_keep_memory ? 64u : 0u;
    std::thread(
        [&]
        {
            std::vector<cancelable> many;
            for (int i = 0; i != 1000; ++i)
                many.push_back(with_cancel(root));
            many.clear();
            BOOST_TEST(detail::thread_memory::free_blocks() == most);
        })
        .join();
}

BOOST_AUTO_TEST_CASE(cancel_tells_whether_it_was_the_first)
{
    auto [parent, cancel_parent] = with_cancel(background());
    auto [ctx, cancel] = with_cancel(parent);
    auto [sibling, cancel_sibling] = with_cancel(parent);
    auto const e = std::make_exception_ptr(std::runtime_error("x"));
    BOOST_TEST(cancel());
    BOOST_TEST(!cancel());
    BOOST_TEST(!cancel(broken));
    BOOST_TEST(!cancel.cancel(e));
    BOOST_TEST(cancel_parent(e)); // it has a child to be walked to
    BOOST_TEST(!cancel_parent.cancel());
    BOOST_TEST(!cancel_sibling.cancel(broken));
    auto [late, cancel_late] = with_cancel(parent);
    BOOST_TEST(!cancel_late());
    cancel_source none;
    BOOST_TEST(!none.cancel());
    BOOST_TEST(!none(broken));
    BOOST_TEST(!none(e));
}

BOOST_AUTO_TEST_CASE(one_of_many_threads_is_the_first)
{
    for (int round = 0; round != 20; ++round)
    {
        auto [ctx, cancel] = with_cancel(background());
        auto [below, cancel_below] = with_cancel(ctx);
        cancel_source const& source = cancel;
        std::atomic<int> firsts{0};
        {
            std::vector<std::jthread> threads;
            for (int i = 0; i != 4; ++i)
                threads.emplace_back([&] { firsts += source.cancel(); });
        }
        BOOST_TEST(firsts == 1);
    }
}

BOOST_AUTO_TEST_SUITE_END()
