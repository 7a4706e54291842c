//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/dump.hpp>

#include <asioctx/after_func.hpp>
#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/detach_on_cancel.hpp>
#include <asioctx/merge.hpp>
#include <asioctx/task_group.hpp>
#include <asioctx/value.hpp>
#include <asioctx/with_name.hpp>
#include <asioctx/without_cancel.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/allocation_counter.hpp"
#include "support/bound_fixture.hpp"
#include "support/deaf_operation.hpp"
#include "support/poll_until.hpp"
#include "support/print.hpp"
#include "support/start_operation.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;
using state = operation_state;

namespace {

constexpr context_key<std::string> user("user", loggable);
constexpr context_key<std::string> password("password");
constexpr context_key<int> attempt("attempt", loggable);
constexpr context_key<bool> is_retry("is_retry", loggable);

constexpr auto ignore = [](auto const&...) {
};

struct fixture : timers_fixture
{
    std::function<void()> end;

    context_snapshot look() const
    {
        return snapshot(root);
    }

    // The operation with a name; there is one.
    static context_snapshot::operation const& find(
        context_snapshot const& s, std::string_view name)
    {
        auto const is_it = [&](auto const& o)
        {
            return o.name == name;
        };
        BOOST_TEST_REQUIRE(
            std::count_if(s.operations.begin(), s.operations.end(), is_it) == 1,
            name);
        return *std::find_if(s.operations.begin(), s.operations.end(), is_it);
    }

    state state_of(std::string_view name) const
    {
        return find(look(), name).state;
    }

    std::string text(dump_options o = {}) const
    {
        o.color = dump_options::coloring::never;
        std::ostringstream os;
        dump(os, root, o);
        return std::move(os).str();
    }

    static bool contains(std::string const& text, std::string_view part)
    {
        if (text.find(part) != text.npos)
            return true;
        BOOST_TEST_MESSAGE(text);
        return false;
    }
};

// Ages are told to a tick of the coarse clock or two.
bool about(duration d, duration expected)
{
    return d > expected - 50ms && d < expected + 50ms;
}

} // namespace

namespace asioctx {

std::ostream& operator<<(std::ostream& os, operation_state s)
{
    return os << to_string(s);
}

} // namespace asioctx

BOOST_FIXTURE_TEST_SUITE(test_dump, fixture)

// What there is.

BOOST_AUTO_TEST_CASE(one_snapshot_of_the_root_shows_all_that_was_derived)
{
    auto const other = with_cancel(without_cancel(c.ctx));
    auto const merged = merge(other.ctx, c.ctx);
    auto const graced = with_grace(c.ctx, 10s);
    auto const timed = with_timeout(graced.ctx, 5s);
    auto const s = look();
    std::vector<std::string> all;
    all.reserve(s.contexts.size());
    for (auto const& n : s.contexts)
        all.push_back(std::string(2 * n.depth, ' ') + n.what);
    std::vector<std::string> const expected{
        "background",
        "  with_cancel",
        "    without_cancel",
        "      with_cancel",
        "        merge",
        "    with_grace(10s)",
        "      with_deadline",
    };
    BOOST_TEST(all == expected, boost::test_tools::per_element());
    BOOST_TEST(s.operations.empty());
    for (auto const& n : s.contexts)
        if (n.parent != s.none)
            BOOST_TEST(n.depth == s.contexts[n.parent].depth + 1);
    BOOST_TEST((s.contexts.back().left == 5s));
    BOOST_TEST(!s.contexts[1].left);
}

BOOST_AUTO_TEST_CASE(a_part_of_the_tree_may_be_looked_at)
{
    auto const below = with_cancel(c.ctx);
    BOOST_TEST(snapshot(c.ctx).contexts.size() == 2u);
    BOOST_TEST(snapshot(below.ctx).contexts.size() == 1u);
    auto const b = snapshot(background());
    BOOST_TEST_REQUIRE(b.contexts.size() == 1u);
    BOOST_TEST(b.contexts[0].what == "background");
}

BOOST_AUTO_TEST_CASE(a_context_tells_where_it_was_made)
{
    auto const line = BOOST_CURRENT_LOCATION.line();
    auto const made = with_cancel(c.ctx);
    auto const made_without = without_cancel(c.ctx);
    auto const s = snapshot(c.ctx);
    BOOST_TEST_REQUIRE(s.contexts.size() == 3u);
    BOOST_TEST(s.contexts[1].made_at.line() == line + 1);
    BOOST_TEST(s.contexts[1].made_at.file_name() == std::string(__FILE__));
    BOOST_TEST(s.contexts[2].made_at.line() == line + 2);
}

BOOST_AUTO_TEST_CASE(it_tells_that_when_it_has_ended_elsewhere)
{
    auto const line = BOOST_CURRENT_LOCATION.line();
    auto const made = with_cancel(c.ctx);
    auto const inner = with_timeout(made.ctx, 1s);
    auto const function = after_func(inner.ctx, [] {});
    made.cancel.cancel(asio::error::eof);
    clock.advance(4s);
    auto const s = snapshot(c.ctx);
    BOOST_TEST_REQUIRE(s.contexts.size() == 3u);
    auto const& m = s.contexts[1];
    BOOST_TEST(m.made_at.line() == line + 1);
    BOOST_TEST_REQUIRE(m.end.has_value());
    BOOST_TEST(m.end->at.line() == line + 4);
    BOOST_TEST(m.end->error == errc::canceled);
    BOOST_TEST(m.end->cause == asio::error::eof);
    BOOST_TEST(!m.end->inherited);
    BOOST_TEST_REQUIRE(m.end->ago.has_value());
    BOOST_TEST(about(*m.end->ago, 4s));
    auto const& i = s.contexts[2];
    BOOST_TEST(i.made_at.line() == line + 2);
    BOOST_TEST_REQUIRE(i.end.has_value());
    BOOST_TEST(i.end->at.line() == line + 4);
    BOOST_TEST(i.end->inherited);
    BOOST_TEST(!i.left);
}

BOOST_AUTO_TEST_CASE(a_deadline_that_passed_ended_it_where_it_was_made)
{
    auto const line = BOOST_CURRENT_LOCATION.line();
    auto const made = with_timeout(c.ctx, 1s);
    clock.advance(2s);
    auto const s = snapshot(c.ctx);
    BOOST_TEST_REQUIRE(s.contexts.size() == 2u);
    auto const& m = s.contexts[1];
    BOOST_TEST(m.made_at.line() == line + 1);
    BOOST_TEST_REQUIRE(m.end.has_value());
    BOOST_TEST(m.end->error == errc::deadline_exceeded);
    BOOST_TEST(m.end->at.line() == line + 1);
    BOOST_TEST(!m.end->ago); // nothing was below it
}

BOOST_AUTO_TEST_CASE(a_context_is_there_until_it_goes)
{
    std::optional child(with_cancel(c.ctx));
    child->cancel();
    BOOST_TEST(snapshot(c.ctx).contexts.size() == 2u);
    c.cancel();
    BOOST_TEST(snapshot(c.ctx).contexts.size() == 2u);
    child.reset();
    BOOST_TEST(snapshot(c.ctx).contexts.size() == 1u);
    // Those that are derived from one that is done, too.
    child = with_cancel(c.ctx);
    BOOST_TEST(snapshot(c.ctx).contexts.size() == 2u);
}

BOOST_AUTO_TEST_CASE(contexts_may_outlive_the_execution_context)
{
    std::optional<asio::io_context> other(std::in_place);
    context r = background(*other);
    std::optional<cancelable> first(with_cancel(r)), second(with_cancel(r));
    other.reset();
    BOOST_TEST(snapshot(r).contexts.size() == 3u);
    auto third = with_cancel(r);
    BOOST_TEST(snapshot(r).contexts.size() == 4u);
    first.reset();
    third = {};
    context const kept = second->ctx;
    r = {};
    second.reset();
    BOOST_TEST(kept.done());
}

constexpr context_key<int> called_name("name", loggable);
constexpr context_key<int> without_name("", loggable);

BOOST_AUTO_TEST_CASE(a_key_may_have_any_name)
{
    auto const a = with_cancel(
        with_value(with_value(root, called_name, 7), without_name, 8));
    auto const all = text();
    BOOST_TEST(contains(all, "with_value(name=7)\n"));
    BOOST_TEST(contains(all, "with_value(=8)\n"));
    std::ostringstream os;
    write_json(os, look());
    BOOST_TEST(contains(
        os.str(),
        R"("kind":"with_value","name":null,)"
        R"("values":[{"key":"name","value":"7"}])"));
}

// The walk, or who makes it: one begins the grace of what is made below a
// context that is done.
BOOST_AUTO_TEST_CASE(a_grace_below_a_context_that_is_done_is_seen)
{
    c.cancel();
    auto const g = with_grace(c.ctx, 5s);
    auto const s = snapshot(c.ctx);
    BOOST_TEST_REQUIRE(s.contexts.size() == 2u);
    BOOST_TEST((s.contexts[1].left == 5s));
    BOOST_TEST(!s.contexts[1].end);
    clock.advance(5s);
    BOOST_TEST(g.ctx.done());
}

// Many operations below names: nothing that was read before may move.
BOOST_AUTO_TEST_CASE(operations_of_many_names_are_read)
{
    std::vector<std::function<void()>> ends(100);
    for (auto& e : ends)
        async_deaf(
            e,
            bind_context(
                with_name(c.ctx, std::to_string(&e - ends.data())), ignore));
    c.cancel();
    clock.advance(1s);
    auto const s = look();
    BOOST_TEST(s.operations.size() == 100u);
    for (auto const& o : s.operations)
        BOOST_TEST(about(o.asked.value(), 1s));
    for (auto& e : ends)
        e();
}

BOOST_AUTO_TEST_CASE(without_memory_nothing_is_left_behind)
{
    std::vector<std::function<void()>> ends(40);
    std::vector<cancelable> children;
    for (auto& e : ends)
    {
        async_deaf(e, bind_context(c.ctx, ignore));
        children.push_back(with_cancel(c.ctx));
    }
    bool failed = true;
    for (int n = 0; failed; ++n)
    {
        failing_allocations const failing(n);
        try
        {
            look();
            failed = false;
        }
        catch (std::bad_alloc const&)
        {
        }
    }
    BOOST_TEST(look().operations.size() == 40u);
    c.cancel();
    BOOST_TEST(look().asked() == 40u);
    for (auto& e : ends)
        e();
    children.clear();
    BOOST_TEST(look().contexts.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_long_chain_needs_no_stack)
{
    std::vector<cancelable> chain;
    chain.push_back(with_cancel(c.ctx));
    while (chain.size() != 100'000)
        chain.push_back(with_cancel(chain.back().ctx));
    auto const s = look();
    BOOST_TEST(s.contexts.size() == 100'002u);
    BOOST_TEST(s.contexts.back().depth == 100'001u);
    std::ostringstream os;
    write_json(os, s);
    BOOST_TEST(os.str().size() > 100'000u);
    std::ostringstream for_people;
    dump(for_people, s); // not the square of that
    BOOST_TEST(for_people.str().size() < 200u * 100'000u);
}

// Names and values.

BOOST_AUTO_TEST_CASE(names_are_contexts_of_their_own)
{
    auto const server = with_cancel(with_name(root, "server"));
    auto const request = with_timeout(with_name(server.ctx, "GET /"), 2s);
    auto const query = with_name(request.ctx, "query");
    async_deaf(end, bind_context(query, ignore));
    auto const s = look();
    auto const& o = find(s, "deaf_operation");
    BOOST_TEST(s.contexts[o.context].name == "query");
    BOOST_TEST(s.path(o.context) == "server > GET / > query");
    BOOST_TEST(
        s.path(s.contexts[o.context].parent)
        == "server > GET / > with_deadline (2.0s left)");
    end();
}

BOOST_AUTO_TEST_CASE(values_are_shown_if_their_keys_say_so)
{
    auto const ctx = with_value(
        with_value(
            with_value(with_value(c.ctx, password, "secret"), user, "ann"),
            attempt,
            3),
        is_retry,
        true);
    auto const below = with_cancel(ctx);
    auto const all = text();
    BOOST_TEST(contains(all, "with_value(user=ann)"));
    BOOST_TEST(contains(all, "with_value(attempt=3)"));
    BOOST_TEST(contains(all, "with_value(is_retry=true)"));
    BOOST_TEST(all.find("secret") == all.npos);
    BOOST_TEST(all.find("password") == all.npos);
    BOOST_TEST(
        to_string(ctx)
        == "background.with_cancel.with_value(password).with_value(user=ann)"
           ".with_value(attempt=3).with_value(is_retry=true)");
    std::ostringstream os;
    write_json(os, look());
    BOOST_TEST(contains(os.str(), R"({"key":"user","value":"ann"})"));
    BOOST_TEST(os.str().find("secret") == std::string::npos);
    BOOST_TEST(user.is_loggable());
    BOOST_TEST(!password.is_loggable());
}

// Operations.

BOOST_AUTO_TEST_CASE(an_operation_tells_what_it_is_and_where_it_was_bound)
{
    auto const line = BOOST_CURRENT_LOCATION.line();
    never.async_wait(bind_context(c.ctx, ignore));
    auto const s = look();
    auto const& o = find(s, "basic_waitable_timer::async_wait");
    BOOST_TEST(o.bound_at.line() == line + 1);
    BOOST_TEST(o.bound_at.file_name() == std::string(__FILE__));
    BOOST_TEST(o.state == state::pending);
    BOOST_TEST(!o.asked);
    BOOST_TEST(s.contexts[o.context].what == "with_cancel");
    c.cancel();
}

BOOST_AUTO_TEST_CASE(each_way_to_bind_tells_its_place)
{
    auto const line = BOOST_CURRENT_LOCATION.line();
    auto one = bind_context(c.ctx, ignore);
    auto two = bind_context(c.ctx, asio::cancellation_type::total, ignore);
    auto three = bind_context(c.ctx, raw_errors, ignore);
    auto four = bind_context(c.ctx)(ignore);
    auto five = bind_context(c.ctx, asio::cancellation_type::total)(ignore);
    auto six = bind_context(c.ctx, raw_errors)(ignore);
    auto seven = detach_on_cancel(c.ctx, ignore);
    auto eight = detach_on_cancel(c.ctx)(ignore);
    auto nine = asio::bind_cancellation_slot(
        asio::cancellation_slot(), bind_context(c.ctx, ignore));
    asio::steady_timer t(ioc, time_point::max());
    t.async_wait(one);
    t.async_wait(two);
    t.async_wait(three);
    t.async_wait(four);
    t.async_wait(five);
    t.async_wait(six);
    t.async_wait(seven);
    t.async_wait(eight);
    t.async_wait(nine);
    auto const s = look();
    std::vector<std::size_t> lines;
    for (auto const& o : s.operations)
        if (o.name == std::string_view("basic_waitable_timer::async_wait"))
            lines.push_back(o.bound_at.line() - line);
    std::sort(lines.begin(), lines.end());
    BOOST_TEST(
        lines == (std::vector<std::size_t>{1, 2, 3, 4, 5, 6, 7, 8, 10}),
        boost::test_tools::per_element());
    t.cancel();
}

BOOST_AUTO_TEST_CASE(waits_functions_and_tasks_do_so_too)
{
    auto const line = BOOST_CURRENT_LOCATION.line();
    c.ctx.async_wait(ignore);
    auto const function = after_func(c.ctx, ignore);
    task_group group(ioc, c.ctx, 1, on_error::ignore);
    group.spawn([this](auto token) { never.async_wait(std::move(token)); });
    group.spawn([this](auto token) { never.async_wait(std::move(token)); });
    poll();
    auto const s = look();
    BOOST_TEST(find(s, "async_wait").bound_at.line() == line + 1);
    BOOST_TEST(find(s, "after_func").bound_at.line() == line + 2);
    BOOST_TEST(
        find(s, "basic_waitable_timer::async_wait").bound_at.line()
        == line + 4);
    auto const& queued = find(s, "task");
    BOOST_TEST(queued.bound_at.line() == line + 5);
    BOOST_TEST(queued.state == state::queued);
    clock.advance(3s);
    BOOST_TEST(about(find(look(), "task").age, 3s));
    never.cancel();
    poll();
    BOOST_TEST(
        find(look(), "basic_waitable_timer::async_wait").state
        == state::pending);
    BOOST_TEST(look().operations.size() == 3u);
    c.cancel();
}

BOOST_AUTO_TEST_CASE(an_operation_below_a_root_is_there_too)
{
    never.async_wait(bind_context(root, ignore));
    auto const ctx = without_cancel(c.ctx);
    expired.async_wait(bind_context(ctx, ignore));
    auto s = look();
    BOOST_TEST(s.operations.size() == 2u);
    BOOST_TEST(s.contexts[s.operations[0].context].what == "background");
    BOOST_TEST(s.contexts[s.operations[1].context].what == "without_cancel");
    // On Windows a timer that is due takes a thread to say so.
    poll_until(ioc, [&] { return look().operations.size() == 1u; });
    never.cancel();
    poll();
    BOOST_TEST(look().operations.empty());
}

BOOST_AUTO_TEST_CASE(its_age_is_told)
{
    never.async_wait(bind_context(c.ctx, ignore));
    clock.advance(64s);
    async_deaf(end, bind_context(c.ctx, ignore));
    c.cancel();
    clock.advance(4s);
    auto const s = look();
    auto const& o = find(s, "deaf_operation");
    BOOST_TEST(about(o.age, 4s));
    BOOST_TEST(about(o.asked.value(), 4s));
    auto const& t = find(s, "basic_waitable_timer::async_wait");
    BOOST_TEST(about(t.age, 68s));
    BOOST_TEST(about(t.asked.value(), 4s));
    end();
}

// States.

BOOST_AUTO_TEST_CASE(one_that_cannot_be_canceled_never_hears)
{
    async_deaf(end, bind_context(c.ctx, ignore));
    BOOST_TEST(state_of("deaf_operation") == state::pending);
    c.cancel();
    poll();
    BOOST_TEST(state_of("deaf_operation") == state::never_heard);
    BOOST_TEST(look().asked() == 1u);
    end();
    BOOST_TEST(look().operations.empty());
}

BOOST_AUTO_TEST_CASE(one_that_has_heard_may_take_its_time)
{
    auto const complete = start_operation([] {}, bind_context(c.ctx, ignore));
    c.cancel();
    poll();
    BOOST_TEST(look().operations.at(0).state == state::heard);
    complete();
    BOOST_TEST(look().operations.empty());
}

BOOST_AUTO_TEST_CASE(what_asks_waits_for_an_executor_that_is_not_run)
{
    asio::io_context blocked;
    asio::steady_timer t(blocked, time_point::max());
    t.async_wait(bind_context(c.ctx, ignore));
    c.cancel();
    poll();
    BOOST_TEST(
        state_of("basic_waitable_timer::async_wait") == state::on_its_way);
    blocked.poll();
    BOOST_TEST(look().operations.empty());
}

// What was posted stays until it has run.

BOOST_AUTO_TEST_CASE(a_function_and_a_wait_are_there_until_they_run)
{
    auto const line = BOOST_CURRENT_LOCATION.line();
    auto const function = after_func(c.ctx, ignore);
    c.ctx.async_wait(ignore);
    BOOST_TEST(state_of("after_func") == state::pending);
    BOOST_TEST(state_of("async_wait") == state::pending);
    c.cancel();
    clock.advance(3s);
    auto const s = look();
    for (auto const* const name : {"after_func", "async_wait"})
    {
        auto const& o = find(s, name);
        BOOST_TEST(o.state == state::put_off);
        BOOST_TEST(about(o.age, 3s));
        BOOST_TEST_REQUIRE(o.asked.has_value());
        BOOST_TEST(about(*o.asked, 3s));
    }
    BOOST_TEST(find(s, "after_func").bound_at.line() == line + 1);
    BOOST_TEST(find(s, "async_wait").bound_at.line() == line + 2);
    BOOST_TEST(s.asked() == 2u);
    poll();
    BOOST_TEST(look().operations.empty());
}

BOOST_AUTO_TEST_CASE(so_are_those_of_a_context_that_is_done)
{
    c.cancel();
    auto const function = after_func(c.ctx, ignore);
    c.ctx.async_wait(ignore);
    BOOST_TEST(state_of("after_func") == state::put_off);
    BOOST_TEST(state_of("async_wait") == state::put_off);
    poll();
    BOOST_TEST(look().operations.empty());
}

BOOST_AUTO_TEST_CASE(so_is_a_wait_that_its_slot_has_ended)
{
    asio::cancellation_signal signal;
    c.ctx.async_wait(asio::bind_cancellation_slot(signal.slot(), ignore));
    auto const function = after_func(c.ctx, ignore);
    signal.emit(asio::cancellation_type::all);
    auto const s = look();
    auto const& o = find(s, "async_wait");
    BOOST_TEST(o.state == state::put_off);
    BOOST_TEST(!o.asked.has_value());
    // The end of the context goes by it, to what waits behind it.
    c.cancel();
    BOOST_TEST(state_of("async_wait") == state::put_off);
    BOOST_TEST(state_of("after_func") == state::put_off);
    poll();
    BOOST_TEST(look().operations.empty());
}

BOOST_AUTO_TEST_CASE(one_that_is_stopped_on_its_way_is_not)
{
    auto function = after_func(c.ctx, ignore);
    c.cancel();
    BOOST_TEST(function.stop());
    BOOST_TEST(look().operations.empty());
    poll();
    BOOST_TEST(look().operations.empty());
}

BOOST_AUTO_TEST_CASE(one_that_is_detached_is_and_keeps_its_context)
{
    std::optional child(with_cancel(with_name(c.ctx, "child")));
    after_func(child->ctx, ignore).detach();
    child->cancel();
    child.reset();
    BOOST_TEST(state_of("after_func") == state::put_off);
    BOOST_TEST(contains(text(), "child"));
    poll();
    BOOST_TEST(look().operations.empty());
    BOOST_TEST(!contains(text(), "child"));
}

BOOST_AUTO_TEST_CASE(one_on_an_executor_that_is_not_run_holds_up)
{
    std::optional<asio::io_context> blocked(std::in_place);
    after_func(c.ctx, asio::bind_executor(*blocked, ignore)).detach();
    c.ctx.async_wait(asio::bind_executor(*blocked, ignore));
    c.cancel();
    poll();
    BOOST_TEST(state_of("after_func") == state::put_off);
    BOOST_TEST(state_of("async_wait") == state::put_off);
    blocked.reset();
    BOOST_TEST(look().operations.empty());
}

asio::awaitable<void> wait_for(context ctx, asio::steady_timer& t)
{
    co_await t.async_wait(bind_context(ctx, asio::use_awaitable));
}

BOOST_AUTO_TEST_CASE(a_coroutine_may_not_have_begun)
{
    asio::io_context blocked;
    asio::co_spawn(
        blocked,
        [&] { return wait_for(c.ctx, never); },
        bind_context(c.ctx, asio::detached));
    BOOST_TEST(state_of("co_spawn") == state::pending);
    c.cancel();
    BOOST_TEST(state_of("co_spawn") == state::on_its_way);
    blocked.run();
    BOOST_TEST(look().operations.empty());
}

// It completes within the slot, and so not at once.
BOOST_AUTO_TEST_CASE(a_completion_that_is_put_off_is_there_until_it_is_called)
{
    asio::io_context blocked;
    bool called = false;
    auto token = bind_context(
        c.ctx,
        asio::bind_executor(
            blocked.get_executor(), [&](error_code) { called = true; }));
    asio::async_initiate<decltype(token), void(error_code)>(
        [&](auto handler)
        {
            auto h = std::make_shared<decltype(handler)>(std::move(handler));
            auto* const raw = h.get();
            asio::get_associated_cancellation_slot(*raw).assign(
                [h = std::move(h)](asio::cancellation_type)
                {
                    auto const moved =
                        std::make_shared<decltype(handler)>(std::move(*h));
                    std::move (*moved)(error_code());
                });
        },
        token);
    c.cancel();
    blocked.run_one(); // what asks
    clock.advance(1s);
    if (!called)
    {
        auto const s = look();
        BOOST_TEST_REQUIRE(s.operations.size() == 1u);
        BOOST_TEST(s.operations[0].state == state::put_off);
        BOOST_TEST(about(s.operations[0].asked.value(), 1s));
    }
    BOOST_TEST(!called);
    blocked.restart();
    blocked.run();
    BOOST_TEST(called);
    BOOST_TEST(look().operations.empty());
}

BOOST_AUTO_TEST_CASE(the_states_have_names)
{
    BOOST_TEST(to_string(state::pending) == std::string("pending"));
    BOOST_TEST(to_string(state::never_heard) == std::string("never heard"));
    BOOST_TEST(to_string(state::on_its_way) == std::string("on its way"));
    BOOST_TEST(to_string(state::heard) == std::string("heard"));
    BOOST_TEST(to_string(state::put_off) == std::string("put off"));
    BOOST_TEST(to_string(state::queued) == std::string("queued"));
}

// Many.

BOOST_AUTO_TEST_CASE(each_of_many_is_there_once)
{
    std::vector<std::function<void()>> ends(1000);
    for (auto& e : ends)
        async_deaf(e, bind_context(c.ctx, ignore));
    std::vector<cancelable> children;
    for (int i = 0; i != 1000; ++i)
        children.push_back(with_cancel(c.ctx));
    BOOST_TEST(look().operations.size() == 1000u);
    BOOST_TEST(look().contexts.size() == 1002u);
    c.cancel();
    BOOST_TEST(look().operations.size() == 1000u);
    BOOST_TEST(look().asked() == 1000u);
    BOOST_TEST(look().contexts.size() == 1002u);
    for (auto& e : ends)
        e();
    BOOST_TEST(look().operations.empty());
}

BOOST_AUTO_TEST_CASE(what_is_alike_is_counted)
{
    std::vector<std::function<void()>> ends(9'991);
    std::vector<cancelable> requests;
    for (auto& e : ends)
    {
        requests.push_back(with_cancel(c.ctx));
        async_deaf(e, bind_context(requests.back().ctx, ignore));
    }
    auto const all = text();
    BOOST_TEST(contains(all, "9,993 contexts, 9,991 operations\n"));
    BOOST_TEST(contains(all, "    ... 9,988 more like this\n"));
    BOOST_TEST(std::count(all.begin(), all.end(), '\n') == 10);
    c.cancel();
    for (auto& e : ends)
        e();
}

BOOST_AUTO_TEST_CASE(operations_that_are_alike_are_one_row)
{
    std::vector<std::function<void()>> ends(5);
    for (auto& e : ends)
        async_deaf(e, bind_context(c.ctx, ignore));
    clock.advance(64s);
    c.cancel();
    BOOST_TEST(contains(text(), "- 5 x deaf_operation  dump.cpp:"));
    BOOST_TEST(contains(text(), "never heard, age up to 64."));
    for (auto& e : ends)
        e();
}

// Forms.

BOOST_AUTO_TEST_CASE(the_text_says_who_ended_what)
{
    auto const inner = with_timeout(with_name(c.ctx, "GET /"), 30s);
    async_deaf(end, bind_context(inner.ctx, ignore));
    BOOST_TEST(contains(text(), " 30.0s left\n"));
    c.cancel.cancel(asio::error::eof);
    clock.advance(125s);
    auto const t = text();
    BOOST_TEST(contains(t, "1 asked and not ended"));
    BOOST_TEST(contains(t, "[canceled 2m05s ago, dump.cpp:"));
    BOOST_TEST(contains(t, ", End of file]"));
    BOOST_TEST(contains(t, ", from above]"));
    BOOST_TEST(contains(t, "never heard, age 2m05s, asked 2m05s ago\n"));
    BOOST_TEST(t.find('\33') == t.npos);
    std::ostringstream os;
    os << look();
    BOOST_TEST(os.str().find('\33') == std::string::npos); // no terminal
    dump(os, look(), {dump_options::coloring::always});
    BOOST_TEST(contains(os.str(), "\33[31mnever heard\33[0m"));
    end();
}

BOOST_AUTO_TEST_CASE(json_is_nested_and_quoted)
{
    auto const a = with_cancel(with_name(root, "a \"b\"\n\\"));
    auto const b = with_timeout(a.ctx, 1500ms);
    auto const sibling = with_cancel(a.ctx);
    async_deaf(end, bind_context(b.ctx, ignore));
    std::ostringstream os;
    write_json(os, snapshot(a.ctx));
    auto const json = std::move(os).str();
    BOOST_TEST(json.starts_with(R"({"version":2,"contexts":{"id":")"));
    BOOST_TEST(contains(
        json,
        R"("left":1.500,"end":null,"operations":[{)"
        R"("name":"deaf_operation","bound":{"file":")"));
    BOOST_TEST(
        contains(json, R"("asked":null,"state":"pending"}],"children":[]},{)"));
    BOOST_TEST(json.ends_with("\"children\":[]}]}}\n"));
    std::ostringstream all;
    write_json(all, look());
    BOOST_TEST(contains(all.str(), R"("name":"a \"b\"\u000a\\")"));
    end();
}

BOOST_AUTO_TEST_CASE(a_terminal_is_not_told_what_a_client_has_sent)
{
    auto const a = with_cancel(with_name(root, "GET /\33[2J\n\x7f\xc3\xa9"));
    async_deaf(end, bind_context(a.ctx, ignore));
    BOOST_TEST(
        contains(text(), "with_name(GET /\\x1b[2J\\x0a\\x7f\xc3\xa9)\n"));
    auto const s = look();
    BOOST_TEST(
        s.path(s.operations[0].context)
        == "GET /\\x1b[2J\\x0a\\x7f\xc3\xa9 > with_cancel");
    end();
}

BOOST_AUTO_TEST_CASE(what_stands_for_a_context_says_so)
{
    auto const a = with_cancel(todo(ioc)); // NOLINT(asioctx-todo)
    auto const s = look();
    BOOST_TEST(s.contexts.at(2).what == "todo");
    BOOST_TEST(s.path(3) == "todo > with_cancel");
}

// A merge does not know where it was made.
BOOST_AUTO_TEST_CASE(what_has_no_place_has_none_when_it_is_done_either)
{
    auto const other = with_cancel(root);
    auto const merged = merge(c.ctx, other.ctx);
    auto const function = after_func(merged, [] {});
    other.cancel();
    auto const s = snapshot(merged);
    BOOST_TEST(s.contexts.at(0).made_at.line() == 0u);
    BOOST_TEST(s.contexts.at(0).end->at.line() != 0u);
}

// An operation that is being asked may take its time, with the rest of the walk
// after it.
BOOST_AUTO_TEST_CASE(all_is_seen_while_an_operation_is_being_asked)
{
    std::vector<cancelable> children;
    for (int i = 0; i != 20; ++i)
        children.push_back(with_cancel(c.ctx));
    std::size_t seen = 0;
    auto const complete = start_operation(
        [&] { seen = look().contexts.size(); },
        bind_context(children[10].ctx, ignore));
    c.cancel();
    poll();
    BOOST_TEST(seen == 22u);
    complete();
}

// What a client has sent.
BOOST_AUTO_TEST_CASE(what_is_no_text_is_replaced)
{
    auto const a = with_cancel(with_name(root, "\xff x\xc3\xa9\xe2\x82"));
    std::ostringstream os;
    write_json(os, look());
    BOOST_TEST(contains(
        os.str(), "\"\xef\xbf\xbd x\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\""));
}

BOOST_AUTO_TEST_CASE(a_graph_has_an_edge_for_each)
{
    auto const inner = with_cancel(with_name(c.ctx, "a \"b\""));
    async_deaf(end, bind_context(inner.ctx, ignore));
    std::ostringstream os;
    write_graphviz(os, look());
    auto const g = std::move(os).str();
    BOOST_TEST(g.starts_with("digraph contexts {"));
    BOOST_TEST(g.ends_with("}\n"));
    BOOST_TEST(contains(g, R"(label="a \"b\"")"));
    BOOST_TEST(contains(g, "c2 -> c3;"));
    BOOST_TEST(contains(g, "c3 -> o0;"));
    end();
}

// Leaks.

BOOST_AUTO_TEST_CASE(what_is_left_is_printed)
{
    std::ostringstream os;
    asio::io_context other;
    auto const r = background(other);
    BOOST_TEST(testing::expect_nothing_left(r, os));
    BOOST_TEST(os.str() == "");
    std::optional<context> stored;
    {
        auto const made = with_cancel(r);
        stored = made.ctx;
    }
    BOOST_TEST(!testing::expect_nothing_left(r, os));
    BOOST_TEST(contains(os.str(), "left below background: 2 contexts"));
    BOOST_TEST(contains(os.str(), "[canceled, dump.cpp:"));
    stored.reset();
    BOOST_TEST(testing::expect_nothing_left(r));
    async_deaf(end, bind_context(r, ignore));
    BOOST_TEST(!testing::expect_nothing_left(r, os));
    end();
}

BOOST_AUTO_TEST_SUITE_END()
