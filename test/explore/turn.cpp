//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// The word of an operation, and where it comes from: threads take it one after
// the other, and for one operation after the other.

#include <asioctx/detail/sync.hpp>
#include <asioctx/detail/turn.hpp>

#include <array>
#include <cstddef>

#include "explore/explore.hpp"

using asioctx::detail::bound_op;
using asioctx::detail::turn;
using asioctx::detail::turn_pool;
using explore::check;
using explore::op;
using explore::together;

namespace {

// Stands for an operation: a turn only knows where it is.
bound_op& some_op(void* where)
{
    return *static_cast<bound_op*>(where);
}

// What the operations of one turn do, in short.
struct user
{
    explicit user(turn& x) noexcept : t(x)
    {
    }

    turn::word begin() noexcept
    {
        t.op = &some_op(this);
        return t.begin();
    }

    // Whoever has the turn is alone.
    void work()
    {
        check(!inside, "two have the turn");
        inside = true;
        explore::yield();
        inside = false;
    }

    // Gives it up, and asks for what was wanted.
    turn::action leave()
    {
        for (;;)
        {
            auto const next = t.leave(true);
            if (next != turn::action::deliver)
                return next;
            deliver();
        }
    }

    void deliver()
    {
        work();
        if (t.take_wanted() != 0)
            ++asked;
    }

    turn& t;
    bool inside = false;
    int asked = 0;
};

void steps_take_turns()
{
    turn t;
    user u(t);
    auto const generation = u.begin();
    u.leave();
    auto const step = [&]
    {
        for (asioctx::detail::backoff wait;; wait())
        {
            auto const e = t.try_enter(generation);
            check(e != turn::entry::over, "it is not over");
            if (e == turn::entry::entered)
                break;
        }
        u.work();
        u.leave();
    };
    together(step, step, step);
    check(!t.is_held(), "all have left");
}

void what_is_wanted_is_asked()
{
    turn t;
    user u(t);
    auto const generation = u.begin();
    u.leave();
    auto const want = [&]
    {
        if (!t.want(turn::context))
            return;
        u.leave();
    };
    together(
        [&]
        {
            if (t.try_enter(generation) != turn::entry::entered)
                return;
            u.work();
            u.leave();
        },
        want,
        want);
    check(u.asked == 1 || u.asked == 2, "once at least");
    check(!t.is_held() && !t.is_wanted(), "nothing is left");
}

// A request is on its way, a step comes, and the operation ends: its handler is
// called once.
void a_request_arrives_beside_the_end()
{
    turn t;
    user u(t);
    auto const generation = u.begin();
    u.leave();
    t.queue();
    explore::atomic<int> called{0};
    auto const look_at = [&](turn::action a)
    {
        if (a == turn::action::complete)
            ++called;
    };
    together(
        [&]
        {
            auto next = t.arrive();
            for (; next == turn::action::deliver; next = t.leave_request())
                u.deliver();
            look_at(next);
        },
        [&]
        {
            if (t.try_enter(generation) != turn::entry::entered)
                return;
            u.work();
            look_at(u.leave());
        },
        [&]
        {
            if (!t.end(false) && t.put_off(false))
                return;
            check(!u.inside, "nobody is at work");
            ++called;
        });
    check(called == 1, "it is called once");
}

// What comes late finds another generation, in the hands of whoever took the
// turn next.
void a_step_comes_late()
{
    static char other;
    turn t;
    user u(t);
    auto const old = u.begin();
    u.leave();
    together(
        [&]
        {
            switch (t.try_enter(old))
            {
            case turn::entry::entered:
                check(t.op == &some_op(&u), "it is the first's");
                u.work();
                u.leave();
                break;
            case turn::entry::taken:
            case turn::entry::over:
                break;
            }
        },
        [&]
        {
            if (!t.end(false))
                return;
            t.op = &some_op(&other);
            auto const next = t.begin();
            check(next != old, "it is another's");
            check(!u.inside, "nobody is inside");
            explore::yield();
            check(t.is_held(), "and stays so");
            t.leave(true);
        });
}

// Both take more than a thread keeps, and give it back.
void two_take_and_put()
{
    static bool const prepared = []
    {
        std::array<turn*, 1000> all;
        for (auto& t : all)
            t = &turn_pool::take();
        for (auto* t : all)
            turn_pool::put(*t);
        return true;
    }();
    check(prepared, "there are enough");
    constexpr std::size_t n = 96;
    std::array<std::array<turn*, n>, 2> taken{};
    auto const use = [&](std::array<turn*, n>& mine)
    {
        for (auto& t : mine)
        {
            t = &turn_pool::take();
            t->op = &some_op(&mine);
            t->begin();
        }
        explore::yield();
        for (auto* t : mine)
        {
            check(t->op == &some_op(&mine), "it is one's alone");
            turn_pool::put(*t);
        }
    };
    together([&] { use(taken[0]); }, [&] { use(taken[1]); });
}

} // namespace

int main(int argc, char** argv)
{
    using namespace explore;
    constexpr std::uint64_t all = ~std::uint64_t{0};
    auto const step_ignores_held =
        misread("step_ignores_held", "turn.hpp", "try_enter", all ^ turn::held);
    auto const want_ignores_held =
        misread("want_ignores_held", "turn.hpp", "want", all ^ turn::held);
    auto const arrive_ignores_held =
        misread("arrive_ignores_held", "turn.hpp", "arrive", all ^ turn::held);
    auto const leave_ignores_wants =
        misread("leave_ignores_wants", "turn.hpp", "leave", all ^ turn::wants);
    auto const turn_is_not_given_up = miswritten(
        "turn_is_not_given_up", op::rmw, "turn.hpp", "leave", all, turn::held);
    auto const generation_is_not_counted = miswritten(
        "generation_is_not_counted",
        op::rmw,
        "turn.hpp",
        "end_with",
        turn::flags);
    auto const end_ignores_held =
        misread("end_ignores_held", "turn.hpp", "end_with", all ^ turn::held);
    auto const end_is_not_marked = miswritten(
        "end_is_not_marked",
        op::rmw,
        "turn.hpp",
        "end_with",
        all ^ turn::ended);
    auto const request_stays_queued = miswritten(
        "request_stays_queued",
        op::rmw,
        "turn.hpp",
        "arrive",
        all,
        turn::queued);
    auto const end_is_relaxed =
        relaxed("end_is_relaxed", op::rmw, "turn.hpp", "end_with")
            .of_plain_memory();
    auto const leave_is_relaxed =
        relaxed("leave_is_relaxed", op::rmw, "turn.hpp", "leave")
            .of_plain_memory();
    return explore::main(
        argc,
        argv,
        {
            {"steps_take_turns",
             steps_take_turns,
             {step_ignores_held, turn_is_not_given_up, leave_is_relaxed}},
            {"what_is_wanted_is_asked",
             what_is_wanted_is_asked,
             {want_ignores_held, leave_ignores_wants}},
            {"a_request_arrives_beside_the_end",
             a_request_arrives_beside_the_end,
             {arrive_ignores_held,
              end_ignores_held,
              end_is_not_marked,
              request_stays_queued,
              end_is_relaxed}},
            {"a_step_comes_late",
             a_step_comes_late,
             {generation_is_not_counted}},
            {"two_take_and_put",
             two_take_and_put,
             {without_mutexes("pool_is_not_locked").of_plain_memory()}},
        });
}
