//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/detail/turn.hpp>

#include <boost/test/unit_test.hpp>

#include <initializer_list>
#include <ostream>

#include "support/allocation_counter.hpp"

using namespace asioctx;
using namespace asioctx::test;
using detail::turn;
using detail::turn_frame;
using detail::turn_pool;
using action = turn::action;
using entry = turn::entry;
using word = turn::word;

namespace {

constexpr word none = 0;
constexpr word held = turn::held;
constexpr word queued = turn::queued;
constexpr word ended = turn::ended;
constexpr word context = turn::context;
constexpr word terminal = turn::wanted(asio::cancellation_type::terminal);

// Brings a new turn into a state.
void set(turn& t, word flags)
{
    t.begin();
    if ((flags & queued) != 0)
        t.queue();
    t.take_wanted();
    t.want(flags & turn::wants);
    if ((flags & ended) != 0)
        t.put_off(false);
    if ((flags & held) != 0)
        return;
    if ((flags & ended) != 0)
        t.leave(true);
    else
        t.depart();
}

struct state
{
    word flags;
    word generation; // how many have been

    friend bool operator==(state const&, state const&) = default;

    friend std::ostream& operator<<(std::ostream& out, state const& s)
    {
        return out << "flags " << s.flags << ", generation " << s.generation;
    }
};

// The turn is of no use afterwards.
state state_of(turn& t)
{
    auto const w = t.begin();
    return {w & turn::flags, w / turn::next_generation};
}

template <class Result>
struct row
{
    word before;
    Result result;
    word after;
    word generation = 0;
};

// What a function returns, and leaves behind, in each state that it is called
// in.
template <class Result, class F>
void check(std::initializer_list<row<Result>> rows, F f)
{
    for (auto const& r : rows)
    {
        turn t;
        set(t, r.before);
        BOOST_TEST_CONTEXT("with flags " << r.before)
        {
            BOOST_TEST((f(t) == r.result));
            BOOST_TEST(state_of(t) == (state{r.after, r.generation}));
        }
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(test_turn)

BOOST_AUTO_TEST_CASE(a_step_enters_a_turn_that_is_free)
{
    check<entry>(
        {
            {none, entry::entered, held},
            {queued, entry::entered, held | queued},
            {context, entry::entered, held | context},
            {held, entry::taken, held},
            {held | queued, entry::taken, held | queued},
            {held | ended, entry::over, held | ended},
            {queued | ended, entry::over, queued | ended},
        },
        [](turn& t) { return t.try_enter(0); });
    check<entry>(
        {
            {none, entry::over, none},
            {held, entry::over, held},
        },
        [](turn& t) { return t.try_enter(turn::next_generation); });
}

BOOST_AUTO_TEST_CASE(who_wants_something_takes_a_turn_that_is_free)
{
    check<bool>(
        {
            {none, true, held | context},
            {queued, true, held | queued | context},
            {held, false, held | context},
            {held | terminal, false, held | terminal | context},
            {held | ended, false, held | ended},
        },
        [](turn& t) { return t.want(context); });
}

BOOST_AUTO_TEST_CASE(one_request_is_on_its_way_at_a_time)
{
    check<bool>(
        {
            {none, true, queued | context},
            {held, true, held | queued | context},
            {queued, false, queued | context},
            {held | queued, false, held | queued | context},
        },
        [](turn& t) { return t.queue(); });
}

BOOST_AUTO_TEST_CASE(a_request_delivers_unless_another_will)
{
    check<action>(
        {
            {queued, action::none, none},
            {queued | context, action::deliver, held | queued | context},
            {held | queued | context, action::none, held | context},
            {held | queued | ended, action::none, held | ended},
            {queued | ended, action::complete, ended},
            {queued | context | ended, action::complete, context | ended},
        },
        [](turn& t) { return t.arrive(); });
}

BOOST_AUTO_TEST_CASE(what_is_wanted_is_taken_once)
{
    check<word>(
        {
            {held, none, held},
            {held | context, context, held},
            {held | queued | context | terminal,
             context | terminal,
             held | queued},
        },
        [](turn& t) { return t.take_wanted(); });
}

BOOST_AUTO_TEST_CASE(who_is_not_wanted_for_anything_leaves_at_once)
{
    check<bool>(
        {
            {held, true, none},
            {held | context, false, held | context},
            {held | queued, false, held | queued},
            {held | ended, false, held | ended},
        },
        [](turn& t) { return t.try_leave(); });
}

BOOST_AUTO_TEST_CASE(alone_it_is_left_and_ends_without_further_ado)
{
    check<bool>(
        {
            {held, true, none},
            {none, false, none},
            {held | context, false, held | context},
            {held | queued, false, held | queued},
            {held | ended, false, held | ended},
        },
        [](turn& t) { return t.leave_alone(); });
    check<bool>(
        {
            {none, true, none, 1},
            {held, false, held},
            {queued, false, queued},
            {context, false, context},
        },
        [](turn& t) { return t.end_alone(); });
}

BOOST_AUTO_TEST_CASE(who_leaves_delivers_where_it_may)
{
    check<action>(
        {
            {held, action::none, none},
            {held | queued, action::none, queued},
            {held | context, action::deliver, held | context},
            {held | queued | context, action::deliver, held | queued | context},
            {held | ended, action::complete, ended},
            {held | context | ended, action::complete, context | ended},
            {held | queued | ended, action::none, queued | ended},
        },
        [](turn& t) { return t.leave(true); });
}

BOOST_AUTO_TEST_CASE(or_else_sends_a_request_unless_one_is_on_its_way)
{
    check<action>(
        {
            {held, action::none, none},
            {held | context, action::send, held | queued | context},
            {held | queued | context, action::none, queued | context},
            {held | context | ended, action::complete, context | ended},
        },
        [](turn& t) { return t.leave(false); });
}

BOOST_AUTO_TEST_CASE(a_request_departs_unless_the_operation_has_ended)
{
    check<action>(
        {
            {held | queued | context, action::send, queued | context},
            {held | queued | context | ended,
             action::complete,
             context | ended},
        },
        [](turn& t) { return t.depart(); });
}

BOOST_AUTO_TEST_CASE(a_request_that_has_delivered_leaves_nothing_behind)
{
    check<action>(
        {
            {held | queued, action::none, none},
            {held | queued | terminal,
             action::deliver,
             held | queued | terminal},
            {held | queued | ended, action::complete, ended},
            {held | queued | terminal | ended,
             action::complete,
             terminal | ended},
        },
        [](turn& t) { return t.leave_request(); });
}

BOOST_AUTO_TEST_CASE(a_request_that_does_not_arrive_may_be_the_last)
{
    check<action>(
        {
            {queued | context, action::none, context},
            {held | queued, action::none, held},
            {held | queued | ended, action::none, held | ended},
            {queued | ended, action::complete, ended},
        },
        [](turn& t) { return t.drop_request(); });
}

BOOST_AUTO_TEST_CASE(an_operation_ends_if_nobody_is_at_work)
{
    check<bool>(
        {
            {none, true, none, 1},
            {context, true, none, 1},
            {queued | context, true, none, 1},
            {held, false, held},
            {held | queued | context, false, held | queued | context},
        },
        [](turn& t) { return t.end(false); });
    check<bool>(
        {
            {held, true, none, 1},
            {held | queued | context, true, none, 1},
        },
        [](turn& t) { return t.end(true); });
}

BOOST_AUTO_TEST_CASE(or_else_is_put_off)
{
    check<bool>(
        {
            {held, true, held | ended},
            {held | queued | context, true, held | queued | context | ended},
            {none, false, none, 1}, // whoever was at work has left
            {queued, false, none, 1},
        },
        [](turn& t) { return t.put_off(false); });
    check<bool>(
        {
            {held, false, none, 1},
            {held | queued, false, none, 1},
        },
        [](turn& t) { return t.put_off(true); });
}

BOOST_AUTO_TEST_CASE(it_says_what_there_is)
{
    turn t;
    BOOST_TEST(!t.is_held());
    auto const generation = t.begin();
    BOOST_TEST(t.is_held());
    BOOST_TEST(!t.has_steps());
    t.set_steps();
    BOOST_TEST(t.has_steps());
    BOOST_TEST(!t.is_wanted());
    t.want(terminal);
    BOOST_TEST(t.is_wanted());
    BOOST_TEST(!t.has_ended());
    BOOST_TEST(t.put_off(false));
    BOOST_TEST(t.has_ended());
    BOOST_TEST((t.try_enter(generation) == entry::over));
}

BOOST_AUTO_TEST_CASE(each_type_is_wanted_by_itself)
{
    using type = asio::cancellation_type;
    for (auto const what : {type::terminal, type::partial, type::total})
        BOOST_TEST((turn::type_of(turn::wanted(what)) == what));
    auto const two = type::partial | type::total;
    BOOST_TEST((turn::type_of(turn::wanted(two) | context) == two));
}

BOOST_AUTO_TEST_CASE(a_turn_that_is_used_again_has_another_generation)
{
    auto& t = turn_pool::take();
    auto const generation = t.begin(); // and never ends
    t.release();
    auto& again = turn_pool::take();
    BOOST_TEST(&again == &t);
    BOOST_TEST(!again.is_held());
    BOOST_TEST((again.try_enter(generation) == entry::over));
    BOOST_TEST(again.begin() != generation);
    again.release();
}

BOOST_AUTO_TEST_CASE(a_message_has_memory_and_keeps_the_turn)
{
    auto& t = turn_pool::take();
    allocation_counter const allocations;
    void* const first = t.allocate(64);
    void* const second = t.allocate(128);
    auto const of_two = allocations.count();
    void* const third = t.allocate(16);
    auto const of_three = allocations.count();
    BOOST_TEST(of_two == 0u); // this allocates, too
    BOOST_TEST(of_three == 1u);
    t.release();

    auto& other = turn_pool::take();
    BOOST_TEST(&other != &t);
    t.deallocate(third, 16);
    t.deallocate(first, 64);
    t.deallocate(second, 128);
    auto& again = turn_pool::take();
    BOOST_TEST(&again == &t);
    again.release();
    other.release();
}

BOOST_AUTO_TEST_CASE(a_thread_finds_the_turns_that_it_has)
{
    turn a;
    turn b;
    {
        turn_frame outer(&a);
        turn_frame inner;
        BOOST_TEST(turn_frame::find(a) == &outer);
        BOOST_TEST(turn_frame::find(b) == nullptr);
        inner.enter(b);
        BOOST_TEST(turn_frame::find(b) == &inner);
        BOOST_TEST(turn_frame::find(a) == &outer);
        outer.of = nullptr; // its operation has ended
        BOOST_TEST(turn_frame::find(a) == nullptr);
    }
    BOOST_TEST(turn_frame::find(b) == nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
