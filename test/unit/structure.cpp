//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// What a tree is made of, seen from inside: the lists, the allocations, the
// order of the walk.

#include <asioctx/after_func.hpp>
#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/merge.hpp>
#include <asioctx/stop_token.hpp>
#include <asioctx/value.hpp>
#include <asioctx/without_cancel.hpp>

#include <asioctx/detail/deadline_set.hpp>
#include <asioctx/detail/timed_scopes.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iterator>
#include <random>
#include <stop_token>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/allocation_counter.hpp"
#include "support/io_context_fixture.hpp"
#include "support/print.hpp"
#include "support/start_operation.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

namespace {

constexpr context_key<int> number("number");
constexpr context_key<int> other_number("other_number");

detail::scope& scope_of(context const& ctx)
{
    return *detail::context_access::get(ctx).get_scope();
}

template <class List>
std::size_t size_of(List& list)
{
    std::size_t n = 0;
    list.for_each_while([&](auto&) { return ++n != 0; });
    return n;
}

std::size_t children_of(context const& ctx)
{
    std::size_t n = size_of(scope_of(ctx).children);
    if (detail::is_root(scope_of(ctx)))
        for (auto& s : static_cast<detail::root&>(scope_of(ctx)).shards)
            n += size_of(s.children);
    return n;
}

// Callbacks, operations and merged contexts.
std::size_t hooks_of(context const& ctx)
{
    return size_of(scope_of(ctx).hooks);
}

// Each kind of context that can be derived.
struct kind
{
    char const* name;
    cancelable (*derive)(
        context const& parent, context const& other, std::stop_token);
    std::size_t allocations; // the ceiling
    std::size_t children;    // of the parent, that it adds
};

kind const kinds[] = {
    {"with_cancel",
     [](context const& c, context const&, std::stop_token)
     { return with_cancel(c); },
     1,
     1},
    {"with_timeout",
     [](context const& c, context const&, std::stop_token)
     { return with_timeout(c, 1s); },
     1,
     1},
    {"with_idle_timeout",
     [](context const& c, context const&, std::stop_token)
     {
         auto [ctx, idle] = with_idle_timeout(c, 1s);
         idle.detach();
         return cancelable{std::move(ctx), {}};
     },
     1,
     1},
    {"with_grace",
     [](context const& c, context const&, std::stop_token)
     { return with_grace(c, 1s); },
     1,
     1},
    {"with_value",
     [](context const& c, context const&, std::stop_token) {
         return cancelable{with_value(c, number, 1), {}};
     },
     1,
     0},
    {"without_cancel",
     [](context const& c, context const&, std::stop_token) {
         return cancelable{without_cancel(c), {}};
     },
     1,
     1},
    {"merge", // a link to the other, in an array, and who is to be watched
     [](context const& c, context const& other, std::stop_token) {
         return cancelable{merge(c, other), {}};
     },
     4,
     1},
    {"with_stop_token",
     [](context const& c, context const&, std::stop_token t)
     { return with_stop_token(c, std::move(t)); },
     1,
     1},
};

struct fixture : manual_time_fixture
{
    cancelable const parent = with_cancel(root);
    cancelable const other = with_cancel(root);
    std::stop_source stop;

    cancelable derive(kind const& k) const
    {
        return k.derive(parent.ctx, other.ctx, stop.get_token());
    }
};

// A look at what a deadline_entry keeps to itself: an explicit instantiation
// may name it.
std::int64_t key_of(detail::deadline_entry const& e);

template <auto Key>
struct thief
{
    friend std::int64_t key_of(detail::deadline_entry const& e)
    {
        return e.*Key;
    }
};

template struct thief<&detail::deadline_entry::key_>;

// The threads of this process; none where that cannot be told.
std::ptrdiff_t threads()
{
    std::error_code ec;
    std::filesystem::directory_iterator const tasks("/proc/self/task", ec);
    return ec ? 0 : std::distance(begin(tasks), end(tasks));
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(test_structure, fixture)

// Links.

// Go's parent that finishes its children.
BOOST_AUTO_TEST_CASE(a_child_is_linked_to_the_nearest_that_can_be_done)
{
    auto const child = with_cancel(parent.ctx);
    auto const value = with_value(with_value(parent.ctx, number, 1), number, 2);
    auto const timed = with_timeout(value, 1s);
    auto const function = after_func(value, [] {});
    BOOST_TEST(children_of(parent.ctx) == 2u);
    BOOST_TEST(hooks_of(parent.ctx) == 1u);
    BOOST_TEST(children_of(root) == 2u); // parent and other

    parent.cancel();
    BOOST_TEST(children_of(parent.ctx) == 2u); // there to be seen
    BOOST_TEST(hooks_of(parent.ctx) == 1u);    // until it runs
    BOOST_TEST(child.ctx.error() == errc::canceled);
    BOOST_TEST(timed.ctx.error() == errc::canceled);
    BOOST_TEST(with_value(value, number, 3).error() == errc::canceled);
    poll();
    BOOST_TEST(hooks_of(parent.ctx) == 0u);
}

BOOST_AUTO_TEST_CASE(whatever_ends_a_child_it_is_linked_until_it_goes)
{
    using end = void (*)(fixture&, cancelable&);
    end const ends[] = {
        [](fixture&, cancelable& c) { c.cancel.cancel(); },
        [](fixture& f, cancelable&) { f.clock.advance(2s); },
        [](fixture& f, cancelable&) { f.other.cancel(); },
        [](fixture& f, cancelable&) { f.stop.request_stop(); },
    };
    for (auto const& k : kinds)
        for (auto const& e : ends)
            BOOST_TEST_CONTEXT(k.name << ", end " << (&e - ends))
            {
                fixture f;
                auto c = f.derive(k);
                BOOST_TEST(children_of(f.parent.ctx) == k.children);
                e(f, c);
                BOOST_TEST(children_of(f.parent.ctx) == k.children);
                c = {};
                BOOST_TEST(children_of(f.parent.ctx) == 0u);
                BOOST_TEST(hooks_of(f.other.ctx) == 0u);
            }
}

BOOST_AUTO_TEST_CASE(a_callback_that_is_stopped_is_unlinked)
{
    auto one = after_func(parent.ctx, [] {});
    {
        auto const two = after_func(parent.ctx, [] {});
        BOOST_TEST(hooks_of(parent.ctx) == 2u);
    }
    BOOST_TEST(hooks_of(parent.ctx) == 1u);
    BOOST_TEST(one.stop());
    BOOST_TEST(hooks_of(parent.ctx) == 0u);
}

BOOST_AUTO_TEST_CASE(a_look_up_visits_none_but_the_nodes_with_values)
{
    auto ctx = with_value(root, number, 1);
    std::vector<cancelable> kept;
    auto const go_on = [&]
    {
        for (int i = 0; i != 100; ++i)
            for (auto const& k : kinds)
                if (k.name != std::string("with_value"))
                {
                    kept.push_back(k.derive(ctx, other.ctx, stop.get_token()));
                    ctx = kept.back().ctx;
                }
    };
    go_on();
    ctx = with_value(ctx, other_number, 2);
    go_on();

    std::vector<void const*> visited;
    for (auto const* v = detail::context_access::get(ctx).get()->nearest_value;
         v;
         v = v->next)
        visited.push_back(v->key);
    BOOST_TEST(
        visited == (std::vector<void const*>{&other_number, &number}),
        boost::test_tools::per_element());
    BOOST_TEST(*ctx.value(number) == 1);
    BOOST_TEST(*ctx.value(other_number) == 2);
}

// Deadlines.

BOOST_AUTO_TEST_CASE(a_million_touches_move_nothing_in_the_set_of_deadlines)
{
    auto const made = now();
    auto const [ctx, idle] = with_idle_timeout(root, 1s);
    auto const& entry = scope_of(ctx);
    auto const key = [](time_point t)
    {
        return t.time_since_epoch().count();
    };
    bool moved = false;
    for (int i = 0; i != 1'000'000; ++i)
    {
        if (i % 10'000 == 0)
            clock.advance(1ms);
        idle.touch();
        moved = moved || key_of(entry) != key(made + 1s);
    }
    BOOST_TEST(!moved);
    auto const touched = now();
    clock.advance_to(made + 1s);
    BOOST_TEST(!ctx.done());
    BOOST_TEST(key_of(entry) == key(touched + 1s));
    clock.advance_to(touched + 1s);
    BOOST_TEST(ctx.done());
}

// Costs.

BOOST_AUTO_TEST_CASE(each_kind_of_context_has_its_ceiling_of_allocations)
{
    for (auto const& k : kinds)
        BOOST_TEST_CONTEXT(k.name)
        {
            auto const token = stop.get_token();
            auto const p = with_cancel(root);
            allocation_counter const deriving;
            auto c = k.derive(p.ctx, other.ctx, token);
            auto const derived = deriving.count();
            BOOST_TEST(derived <= k.allocations);

            allocation_counter const ending;
            auto copy = c.ctx;
            bool const live = !copy.done() && !copy.error() && !copy.cause();
            (void)copy.value(number);
            (void)copy.deadline();
            p.cancel();
            c = {};
            copy = {};
            auto const ended = ending.count();
            BOOST_TEST(ended == 0u);
            BOOST_TEST(live);
        }
}

// Go counts goroutines.
BOOST_AUTO_TEST_CASE(deriving_and_canceling_starts_nothing)
{
    auto const before = threads();
    for (auto const& k : kinds)
        BOOST_TEST_CONTEXT(k.name)
        {
            auto const c = derive(k);
            BOOST_TEST(poll() == 0u);
            BOOST_TEST(ioc.stopped());
            c.cancel.cancel();
            clock.advance(2s);
            BOOST_TEST(poll() == 0u);
            BOOST_TEST(ioc.stopped());
        }
    parent.cancel();
    stop.request_stop();
    BOOST_TEST(poll() == 0u);
    BOOST_TEST(threads() == before);
}

// Order.

// Whatever the order in which they were started and registered.
BOOST_AUTO_TEST_CASE(
    one_cancel_asks_a_context_then_its_children_each_with_its_subtree)
{
    std::vector<std::string> const in_order{
        "parent", "a", "a1", "a11", "a2", "b", "b1", "c"};
    std::mt19937 random(1);
    for (int round = 0; round != 50; ++round)
    {
        auto const p = with_cancel(root);
        auto const a = with_cancel(p.ctx);
        auto const b = with_timeout(with_value(p.ctx, number, 1), 1h);
        auto const b1 = with_cancel(b.ctx);
        auto const a1 = with_timeout(a.ctx, 1h);
        auto const a11 = with_cancel(a1.ctx);
        auto const c = with_cancel(p.ctx);
        auto const a2 = with_cancel(a.ctx);
        std::vector<std::pair<context, std::string>> contexts{
            {p.ctx, "parent"},
            {a.ctx, "a"},
            {a1.ctx, "a1"},
            {a11.ctx, "a11"},
            {a2.ctx, "a2"},
            {b.ctx, "b"},
            {b1.ctx, "b1"},
            {c.ctx, "c"}};
        std::shuffle(contexts.begin(), contexts.end(), random);

        std::vector<std::string> asked;
        std::vector<std::string> called;
        std::vector<std::function<void()>> operations;
        std::vector<after_func_registration> functions;
        for (auto const& [ctx, name] : contexts)
        {
            auto const note = [&name = name](std::vector<std::string>& to)
            {
                return [&to, &name]
                {
                    to.push_back(name);
                };
            };
            operations.push_back(start_operation(
                note(asked), bind_context(ctx, [](error_code const&) {})));
            functions.push_back(after_func(ctx, note(called)));
        }
        p.cancel();
        BOOST_TEST(asked == in_order, boost::test_tools::per_element());
        poll();
        BOOST_TEST(called == in_order, boost::test_tools::per_element());
        for (auto& complete : operations)
            complete();
    }
}

BOOST_AUTO_TEST_CASE(
    operations_and_functions_of_one_context_come_in_their_common_order)
{
    std::string order;
    auto const note = [&order](char c)
    {
        return [&order, c]
        {
            order += c;
        };
    };
    auto const one = start_operation(
        note('1'), bind_context(parent.ctx, [](error_code const&) {}));
    auto gone = after_func(parent.ctx, note('-'));
    auto const merged = merge(root, parent.ctx);
    auto const two = start_operation(
        note('2'), bind_context(merged, [](error_code const&) {}));
    auto const three = start_operation(
        note('3'), bind_context(parent.ctx, [](error_code const&) {}));
    gone.stop();
    parent.cancel();
    BOOST_TEST(order == "123");
    one();
    two();
    three();
    poll();
}

BOOST_AUTO_TEST_SUITE_END()
