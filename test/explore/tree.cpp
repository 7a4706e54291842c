//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Contexts are derived, canceled and dropped by several threads.

#include <asioctx/cancel.hpp>
#include <asioctx/merge.hpp>

#include <boost/system/generic_category.hpp>

#include <optional>
#include <utility>

#include "explore/explore.hpp"

using namespace asioctx;
using explore::check;
using explore::op;
using explore::together;

namespace {

error_code cause(int n)
{
    return {n, boost::system::generic_category()};
}

// What was canceled with a cause has that cause, and is canceled.
bool ended_by(context const& c, int n)
{
    return c.done() && c.error() == errc::canceled && c.cause() == cause(n);
}

void cancel_returns_with_the_subtree_done()
{
    auto parent = with_cancel(background());
    auto child = with_cancel(parent.ctx);
    auto leaf = with_cancel(child.ctx);
    auto const cancel = [&](cancelable const& c, int n)
    {
        c.cancel.cancel(cause(n));
        check(c.ctx.done(), "what was canceled is done");
        check(leaf.ctx.done(), "what is below it is done");
    };
    together([&] { cancel(parent, 1); }, [&] { cancel(child, 2); });
    check(ended_by(parent.ctx, 1), "the parent has its cause");
    check(
        ended_by(child.ctx, 1) || ended_by(child.ctx, 2),
        "the child has one of the causes");
    check(leaf.ctx.cause() == child.ctx.cause(), "the leaf has the child's");
}

void the_first_cause_counts()
{
    auto parent = with_cancel(background());
    auto child = with_cancel(parent.ctx);
    int seen_first = 0;
    together(
        [&]
        {
            parent.cancel.cancel(cause(1));
            seen_first = parent.ctx.cause().value();
            check(
                child.ctx.cause() == cause(seen_first),
                "the child has the parent's cause");
        },
        [&]
        {
            parent.cancel.cancel(cause(2));
            check(child.ctx.done(), "it is done though another cancels");
        });
    check(ended_by(parent.ctx, 1) || ended_by(parent.ctx, 2), "one counts");
    check(parent.ctx.cause().value() == seen_first, "it does not change");
}

void who_sees_the_end_sees_why()
{
    auto parent = with_cancel(background());
    auto child = with_cancel(parent.ctx);
    together(
        [&] { parent.cancel.cancel(cause(1)); },
        [&]
        {
            if (child.ctx.done())
                check(
                    ended_by(child.ctx, 1) && parent.ctx.done(),
                    "with the cause, and after its parent");
        },
        [&]
        {
            if (parent.ctx.done())
                check(ended_by(parent.ctx, 1), "with the cause");
        });
}

void what_is_derived_beside_a_cancel_is_done()
{
    auto parent = with_cancel(background());
    std::optional<cancelable> child;
    std::optional<cancelable> leaf;
    together(
        [&] { parent.cancel.cancel(cause(1)); },
        [&]
        {
            child = with_cancel(parent.ctx);
            leaf = with_cancel(child->ctx);
        });
    check(ended_by(child->ctx, 1), "the child is done");
    check(ended_by(leaf->ctx, 1), "the leaf is done");
}

void what_is_derived_before_a_cancel_is_done_on_return()
{
    auto parent = with_cancel(background());
    explore::atomic<int> derived{0};
    std::optional<cancelable> first;
    std::optional<cancelable> second;
    together(
        [&]
        {
            int const n = derived.load(std::memory_order_acquire);
            parent.cancel.cancel(cause(1));
            check(n < 1 || first->ctx.done(), "the first is done");
            check(n < 2 || second->ctx.done(), "the second is done");
        },
        [&]
        {
            first = with_cancel(parent.ctx);
            derived.store(1, std::memory_order_release);
            second = with_cancel(first->ctx);
            derived.store(2, std::memory_order_release);
        });
    check(ended_by(second->ctx, 1), "all are done in the end");
}

void siblings_come_beside_a_cancel()
{
    auto parent = with_cancel(background());
    std::optional<cancelable> a;
    std::optional<cancelable> b;
    together(
        [&] { parent.cancel.cancel(cause(1)); },
        [&] { a = with_cancel(parent.ctx); },
        [&] { b = with_cancel(parent.ctx); });
    check(ended_by(a->ctx, 1) && ended_by(b->ctx, 1), "both are done");
}

// The source goes, and with it the context, which nothing else keeps.
void a_child_goes_beside_a_cancel()
{
    auto parent = with_cancel(background());
    std::optional child(with_cancel(parent.ctx));
    auto other = with_cancel(parent.ctx);
    together([&] { parent.cancel.cancel(cause(1)); }, [&] { child.reset(); });
    check(ended_by(other.ctx, 1), "the other is done");
}

void a_source_goes_beside_a_cancel()
{
    auto parent = with_cancel(background());
    auto [child, source] = with_cancel(parent.ctx);
    auto leaf = with_cancel(child);
    together(
        [&] { parent.cancel.cancel(cause(1)); },
        [&]
        {
            {
                cancel_source const last(std::move(source));
            }
            check(child.done() && leaf.ctx.done(), "its context is done");
        });
    check(ended_by(parent.ctx, 1), "the parent has its cause");
    check(leaf.ctx.cause() == child.cause(), "the leaf has the child's");
}

// Nobody cancels: the handles go, and their nodes with them.
void a_family_goes()
{
    std::optional parent(with_cancel(background()));
    std::optional child(with_cancel(parent->ctx));
    std::optional leaf(with_cancel(child->ctx));
    parent->cancel.detach();
    child->cancel.detach();
    leaf->cancel.detach();
    together(
        [&] { parent.reset(); }, [&] { child.reset(); }, [&] { leaf.reset(); });
}

void a_detached_child_goes_beside_a_cancel()
{
    auto parent = with_cancel(background());
    std::optional child(with_cancel(parent.ctx));
    std::optional leaf(with_cancel(child->ctx));
    child->cancel.detach();
    leaf->cancel.detach();
    together(
        [&] { parent.cancel.cancel(cause(1)); },
        [&] { child.reset(); },
        [&] { leaf.reset(); });
    check(ended_by(parent.ctx, 1), "the parent is done");
}

// What keeps a parent changes hands: its children, the walk, its children
// again.
void siblings_go_beside_a_cancel_above()
{
    auto top = with_cancel(background());
    std::optional parent(with_cancel(top.ctx));
    std::optional a(with_cancel(parent->ctx));
    auto b = with_cancel(parent->ctx);
    parent->cancel.detach();
    a->cancel.detach();
    parent.reset();
    together([&] { top.cancel.cancel(cause(1)); }, [&] { a.reset(); });
    check(ended_by(b.ctx, 1), "the other is done");
}

// The source is all that keeps the parent, beside its children.
void children_go_beside_a_cancel_by_the_source()
{
    auto parent = with_cancel(background());
    std::optional a(with_cancel(parent.ctx));
    std::optional b(with_cancel(parent.ctx));
    a->cancel.detach();
    b->cancel.detach();
    parent.ctx = background();
    together(
        [&] { parent.cancel.cancel(cause(1)); },
        [&] { a.reset(); },
        [&] { b.reset(); });
}

// A walk is on its way down while one begins below.
void a_leaf_is_canceled_beside_its_ancestors()
{
    auto parent = with_cancel(background());
    auto child = with_cancel(parent.ctx);
    auto leaf = with_cancel(child.ctx);
    auto below = with_cancel(leaf.ctx);
    together(
        [&] { parent.cancel.cancel(cause(1)); },
        [&] { child.cancel.cancel(cause(2)); },
        [&]
        {
            leaf.cancel.cancel(cause(3));
            check(leaf.ctx.done() && below.ctx.done(), "all below it is done");
        });
    check(below.ctx.cause() == leaf.ctx.cause(), "with its cause");
}

void one_of_two_parents_ends_a_merged_context()
{
    auto a = with_cancel(background());
    auto b = with_cancel(background());
    context const merged = merge(a.ctx, b.ctx);
    together(
        [&]
        {
            a.cancel.cancel(cause(1));
            check(merged.done(), "it is done with the first");
        },
        [&]
        {
            b.cancel.cancel(cause(2));
            check(merged.done(), "it is done with the second");
        });
    check(ended_by(merged, 1) || ended_by(merged, 2), "with a cause");
}

void a_merged_context_goes_beside_a_cancel()
{
    auto a = with_cancel(background());
    auto b = with_cancel(background());
    std::optional<context> merged(merge(a.ctx, b.ctx));
    together([&] { b.cancel.cancel(cause(2)); }, [&] { merged.reset(); });
}

} // namespace

int main(int argc, char** argv)
{
    using namespace explore;
    constexpr std::uint64_t all = ~std::uint64_t{0};
    // In the order of src/scope.cpp.
    auto const lock_is_lost =
        replaced("lock_is_lost", op::rmw, "scope.hpp", "lock", all ^ 1);
    auto const unlock_is_relaxed =
        relaxed("unlock_is_relaxed", op::store, "scope.hpp", "unlock");
    auto const done_is_relaxed =
        relaxed("done_is_relaxed", op::load, "scope.hpp", "done")
            .of_plain_memory();
    auto const walk_is_not_awaited = replaced(
        "walk_is_not_awaited", op::load, "scope.cpp", "wait_for_walks", 0);
    auto const end_is_not_seen =
        replaced("end_is_not_seen", op::rmw, "scope.hpp", "lock", all ^ 2);
    auto const child_stays =
        replaced("child_stays", op::load, "scope.cpp", "leave_parent", 0);
    auto const taken_are_not_counted = skipped(
        "taken_are_not_counted", op::rmw, "scope.cpp", "take_some_children");
    auto const listed_are_counted =
        skipped("listed_are_counted", op::rmw, "scope.cpp", "put_back");
    auto const parent_is_not_held =
        skipped("parent_is_not_held", op::rmw, "node.hpp", "add_ref");
    auto const release_is_relaxed =
        relaxed("release_is_relaxed", op::rmw, "node.hpp", "release");
    return explore::main(
        argc,
        argv,
        {
            {"cancel_returns_with_the_subtree_done",
             cancel_returns_with_the_subtree_done,
             {lock_is_lost, walk_is_not_awaited}},
            {"the_first_cause_counts",
             the_first_cause_counts,
             {walk_is_not_awaited, end_is_not_seen}},
            {"who_sees_the_end_sees_why",
             who_sees_the_end_sees_why,
             {done_is_relaxed}},
            {"what_is_derived_beside_a_cancel_is_done",
             what_is_derived_beside_a_cancel_is_done,
             {end_is_not_seen}},
            {"what_is_derived_before_a_cancel_is_done_on_return",
             what_is_derived_before_a_cancel_is_done_on_return,
             {parent_is_not_held}},
            {"siblings_come_beside_a_cancel",
             siblings_come_beside_a_cancel,
             {lock_is_lost, unlock_is_relaxed.of_plain_memory()}},
            {"a_child_goes_beside_a_cancel",
             a_child_goes_beside_a_cancel,
             {child_stays}},
            {"a_source_goes_beside_a_cancel",
             a_source_goes_beside_a_cancel,
             {walk_is_not_awaited}},
            {"a_family_goes",
             a_family_goes,
             {release_is_relaxed.of_plain_memory()}},
            {"a_detached_child_goes_beside_a_cancel",
             a_detached_child_goes_beside_a_cancel,
             {child_stays, lock_is_lost}},
            {"children_go_beside_a_cancel_by_the_source",
             children_go_beside_a_cancel_by_the_source,
             {taken_are_not_counted},
             3},
            {"siblings_go_beside_a_cancel_above",
             siblings_go_beside_a_cancel_above,
             {taken_are_not_counted, listed_are_counted, child_stays}},
            {"a_leaf_is_canceled_beside_its_ancestors",
             a_leaf_is_canceled_beside_its_ancestors,
             {walk_is_not_awaited}},
            {"one_of_two_parents_ends_a_merged_context",
             one_of_two_parents_ends_a_merged_context,
             {}},
            {"a_merged_context_goes_beside_a_cancel",
             a_merged_context_goes_beside_a_cancel,
             {lock_is_lost}},
        });
}
