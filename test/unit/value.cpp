//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/value.hpp>

#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/without_cancel.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/allocation_counter.hpp"
#include "support/io_context_fixture.hpp"
#include "support/print.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

namespace {

constexpr context_key<std::string> user("user");
constexpr context_key<int> number("number");
constexpr context_key<int> other_number("other_number");

// Counts its objects.
struct counted
{
    explicit counted(int& n) : objects(&n)
    {
        ++n;
    }

    counted(counted const&) = delete;
    counted& operator=(counted const&) = delete;

    ~counted()
    {
        --*objects;
    }

    int* objects;
};

constexpr context_key<counted> counted_key("counted");

} // namespace

BOOST_AUTO_TEST_SUITE(test_value)

BOOST_AUTO_TEST_CASE(a_value_is_found_by_its_key)
{
    auto const ctx = with_value(background(), user, "alice");
    BOOST_REQUIRE(ctx.value(user));
    BOOST_TEST(*ctx.value(user) == "alice");
    BOOST_TEST(!background().value(user));
}

BOOST_AUTO_TEST_CASE(a_value_is_read_through_a_pointer_to_const)
{
    auto const ctx = with_value(background(), number, 1);
    static_assert(std::is_same_v<decltype(ctx.value(number)), int const*>);
    static_assert(noexcept(ctx.value(number)));
    BOOST_TEST(ctx.value(number) == ctx.value(number));
}

BOOST_AUTO_TEST_CASE(a_key_that_nobody_set_is_not_found)
{
    auto const ctx =
        with_value(with_value(background(), user, "alice"), number, 1);
    BOOST_TEST(!ctx.value(other_number));
}

BOOST_AUTO_TEST_CASE(two_keys_of_one_type_are_apart)
{
    auto const ctx =
        with_value(with_value(background(), number, 1), other_number, 2);
    BOOST_TEST(*ctx.value(number) == 1);
    BOOST_TEST(*ctx.value(other_number) == 2);
}

BOOST_AUTO_TEST_CASE(the_nearest_value_counts)
{
    auto const outer = with_value(background(), number, 1);
    auto const middle = with_value(outer, user, "alice");
    auto const inner = with_value(middle, number, 2);
    BOOST_TEST(*inner.value(number) == 2);
    BOOST_TEST(*middle.value(number) == 1);
    BOOST_TEST(*outer.value(number) == 1);
    BOOST_TEST(inner.value(user) == middle.value(user));
}

BOOST_AUTO_TEST_CASE(siblings_do_not_see_each_others_values)
{
    auto const parent = with_value(background(), user, "alice");
    auto const one = with_value(parent, number, 1);
    auto const two = with_value(parent, number, 2);
    BOOST_TEST(*one.value(number) == 1);
    BOOST_TEST(*two.value(number) == 2);
    BOOST_TEST(!parent.value(number));
}

BOOST_AUTO_TEST_CASE(an_empty_value_shadows_too)
{
    static constexpr context_key<std::optional<int>> key("optional");
    auto const outer = with_value(background(), key, 1);
    auto const inner = with_value(outer, key, std::nullopt);
    BOOST_REQUIRE(inner.value(key));
    BOOST_TEST(!inner.value(key)->has_value());
}

BOOST_FIXTURE_TEST_CASE(
    values_are_seen_through_every_kind_of_context, manual_time_fixture)
{
    auto ctx = with_value(root, user, "alice");
    std::vector<cancel_source> sources;
    auto const derive = [&](cancelable c)
    {
        ctx = c.ctx;
        sources.push_back(std::move(c.cancel));
        BOOST_TEST(*ctx.value(user) == "alice");
        BOOST_TEST(!ctx.value(number));
    };
    derive(with_cancel(ctx));
    derive(with_timeout(ctx, 1s));
    derive(with_deadline(ctx, now() + 2s));
    derive(with_grace(ctx, 1s));
    derive({without_cancel(ctx), {}});
    derive(with_cancel(ctx));
    derive(with_timeout(ctx, 0s));
    ctx = with_value(ctx, number, 1);
    BOOST_TEST(*ctx.value(user) == "alice");
    BOOST_TEST(*ctx.value(number) == 1);
}

BOOST_AUTO_TEST_CASE(values_survive_cancellation)
{
    auto [ctx, cancel] = with_cancel(with_value(background(), number, 1));
    auto const below = with_value(ctx, user, "alice");
    cancel();
    BOOST_TEST(below.done());
    BOOST_TEST(*below.value(number) == 1);
    BOOST_TEST(*below.value(user) == "alice");
    auto const later = with_value(below, other_number, 2);
    BOOST_TEST(later.done());
    BOOST_TEST(*later.value(other_number) == 2);
}

BOOST_FIXTURE_TEST_CASE(values_survive_a_deadline, manual_time_fixture)
{
    auto [ctx, cancel] = with_timeout(with_value(root, number, 1), 1s);
    auto const below = with_value(ctx, user, "alice");
    clock.advance(1s);
    BOOST_TEST(below.error() == errc::deadline_exceeded);
    BOOST_TEST(*below.value(number) == 1);
    BOOST_TEST(*below.value(user) == "alice");
}

BOOST_AUTO_TEST_CASE(a_context_with_a_value_is_done_with_its_parent)
{
    auto [parent, cancel] = with_cancel(background());
    auto const ctx = with_value(parent, number, 1);
    BOOST_TEST(!ctx.done());
    BOOST_TEST((ctx != parent));
    error_code const cause = make_error_code(boost::system::errc::io_error);
    cancel(cause);
    auto const line = __LINE__ - 1;
    BOOST_TEST(ctx.error() == errc::canceled);
    BOOST_TEST(ctx.cause() == cause);
    BOOST_TEST(ctx.canceled_at().line() == unsigned(line));
    auto [child, cancel_child] = with_cancel(ctx);
    BOOST_TEST(child.cause() == cause);
}

BOOST_FIXTURE_TEST_CASE(
    a_context_with_a_value_has_its_parents_deadline, manual_time_fixture)
{
    auto [parent, cancel] = with_timeout(root, 1s);
    auto const ctx = with_value(parent, number, 1);
    BOOST_TEST((ctx.deadline() == now() + 1s));
    BOOST_TEST((ctx.remaining() == 1s));
}

BOOST_AUTO_TEST_CASE(a_value_is_destroyed_once_with_the_last_handle)
{
    int objects = 0;
    {
        context below;
        {
            auto const ctx = with_value(background(), counted_key, objects);
            BOOST_TEST(objects == 1);
            auto const copy = ctx;
            below = with_value(copy, number, 1);
        }
        BOOST_TEST(objects == 1);
        BOOST_TEST(below.value(counted_key)->objects == &objects);
        below = context();
        BOOST_TEST(objects == 0);
    }
    BOOST_TEST(objects == 0);
}

BOOST_AUTO_TEST_CASE(a_cancel_source_keeps_the_values_above)
{
    int objects = 0;
    auto [ctx, cancel] =
        with_cancel(with_value(background(), counted_key, objects));
    ctx = context();
    BOOST_TEST(objects == 1);
    cancel.detach();
    BOOST_TEST(objects == 0);
}

BOOST_AUTO_TEST_CASE(a_value_need_not_be_copied_nor_moved)
{
    static constexpr context_key<std::atomic<int>> key("atomic");
    auto const ctx = with_value(background(), key, 7);
    BOOST_TEST(ctx.value(key)->load() == 7);
}

BOOST_AUTO_TEST_CASE(a_value_can_be_moved_in)
{
    static constexpr context_key<std::unique_ptr<int>> key("unique_ptr");
    auto p = std::make_unique<int>(7);
    auto const* const raw = p.get();
    auto const ctx = with_value(background(), key, std::move(p));
    BOOST_TEST(!p);
    BOOST_TEST(ctx.value(key)->get() == raw);
}

BOOST_AUTO_TEST_CASE(a_value_is_copied_from_an_lvalue)
{
    std::string name = "alice";
    auto const ctx = with_value(background(), user, name);
    name = "bob";
    BOOST_TEST(*ctx.value(user) == "alice");
}

BOOST_AUTO_TEST_CASE(a_value_is_made_in_place_from_the_argument)
{
    static constexpr context_key<std::vector<int>> key("vector");
    auto const ctx = with_value(background(), key, std::vector<int>{1, 2});
    BOOST_TEST(ctx.value(key)->size() == 2u);
    // An argument in braces is of the key's type.
    auto const braced = with_value(background(), key, {1, 2, 3});
    BOOST_TEST(braced.value(key)->size() == 3u);
}

BOOST_AUTO_TEST_CASE(a_context_with_a_value_is_one_allocation)
{
    detail::thread_memory::clear(); // what is made next is allocated
    allocation_counter const allocations;
    auto const ctx = with_value(background(), number, 1);
    auto const n = allocations.count();
    BOOST_TEST(n == 1u);
}

BOOST_AUTO_TEST_CASE(a_value_that_cannot_be_made_leaves_nothing_behind)
{
    struct picky
    {
        explicit picky(int)
        {
            throw std::runtime_error("picky");
        }
    };
    static constexpr context_key<picky> key("picky");
    int objects = 0;
    auto parent = with_value(background(), counted_key, objects);
    auto const live = live_objects();
    BOOST_CHECK_THROW((void)with_value(parent, key, 1), std::runtime_error);
    BOOST_TEST(live_objects() == live);
    parent = context();
    BOOST_TEST(objects == 0);
}

BOOST_AUTO_TEST_CASE(a_lack_of_memory_leaves_nothing_behind)
{
    int objects = 0;
    auto parent = with_value(background(), counted_key, objects);
    bool thrown = false;
    {
        detail::thread_memory::clear(); // what is made next is allocated
        failing_allocations const none;
        try
        {
            (void)with_value(parent, number, 1);
        }
        catch (std::bad_alloc const&)
        {
            thrown = true;
        }
    }
    BOOST_TEST(thrown);
    parent = context();
    BOOST_TEST(objects == 0);
}

BOOST_AUTO_TEST_CASE(a_value_may_hold_a_context)
{
    static constexpr context_key<context> key("context");
    auto [inner, cancel] = with_cancel(background());
    auto const ctx = with_value(background(), key, inner);
    cancel();
    BOOST_TEST(!ctx.done());
    BOOST_TEST(ctx.value(key)->done());
}

BOOST_AUTO_TEST_CASE(a_reference_to_what_is_changed_can_be_a_value)
{
    static constexpr context_key<std::reference_wrapper<int>> key("ref");
    int n = 0;
    auto const ctx = with_value(background(), key, std::ref(n));
    ++ctx.value(key)->get();
    BOOST_TEST(n == 1);
}

BOOST_FIXTURE_TEST_CASE(
    to_string_shows_names_and_not_values, io_context_fixture)
{
    auto const ctx = with_value(with_value(root, user, "secret"), number, 4711);
    auto const text = to_string(ctx);
    BOOST_TEST(text == "background.with_value(user).with_value(number)");
}

BOOST_AUTO_TEST_CASE(to_string_begins_with_the_root_without_one)
{
    auto const ctx = with_value(background(), user, "alice");
    BOOST_TEST(to_string(ctx) == "background.with_value(user)");
    auto [below, cancel] = with_cancel(ctx);
    BOOST_TEST(to_string(below) == "background.with_value(user).with_cancel");
}

BOOST_AUTO_TEST_CASE(a_value_is_aligned_as_its_type_says)
{
    struct alignas(256) over_aligned
    {
        char c = 0;
    };
    static constexpr context_key<over_aligned> key("over-aligned");
    std::vector<context> all;
    for (int i = 0; i != 16; ++i)
    {
        all.push_back(with_value(background(), key, over_aligned()));
        auto const* const p = all.back().value(key);
        BOOST_TEST(reinterpret_cast<std::uintptr_t>(p) % 256 == 0u);
    }
}

BOOST_AUTO_TEST_CASE(a_long_way_of_values_is_dropped_without_a_deep_stack)
{
    auto const live = live_objects();
    context ctx;
    for (int i = 0; i != 1'000'000; ++i)
        ctx = with_value(ctx, number, i); // NOLINT(asioctx-fat-context)
    BOOST_TEST(*ctx.value(number) == 999'999);
    ctx = context();
    BOOST_TEST(live_objects() == live);
}

BOOST_AUTO_TEST_CASE(
    a_long_way_of_values_in_values_is_dropped_without_a_deep_stack)
{
    static constexpr context_key<context> key("context");
    auto const live = live_objects();
    context ctx;
    for (int i = 0; i != 1'000'000; ++i)
        ctx = with_value(background(), key, std::move(ctx));
    ctx = context();
    BOOST_TEST(live_objects() == live);
}

BOOST_AUTO_TEST_SUITE_END()
