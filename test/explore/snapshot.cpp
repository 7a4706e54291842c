//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Somebody looks at the tree while others derive, cancel and drop; and what is
// below a root keeps it, whoever goes first.

#include <asioctx/after_func.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/dump.hpp>
#include <asioctx/without_cancel.hpp>

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <optional>
#include <utility>

#include "explore/explore.hpp"

namespace asio = boost::asio;

using namespace asioctx;
using explore::check;
using explore::op;
using explore::together;

namespace {

void a_context_is_seen_beside_its_cancel()
{
    auto parent = with_cancel(background());
    auto child = with_cancel(parent.ctx);
    together(
        [&] { child.cancel(); },
        [&]
        {
            auto const s = snapshot(parent.ctx);
            check(s.contexts.size() == 2, "it is there");
        });
    auto const s = snapshot(parent.ctx);
    check(s.contexts.size() == 2, "it is still there");
    check(s.contexts[1].end.has_value(), "and done");
}

// A walk may have it in hand for as long as it takes.
void it_is_seen_after_its_parents_cancel()
{
    auto parent = with_cancel(background());
    auto child = with_cancel(parent.ctx);
    auto leaf = with_cancel(child.ctx);
    together(
        [&] { parent.cancel(); },
        [&]
        {
            auto const s = snapshot(parent.ctx);
            check(s.contexts.size() <= 3, "each is there once");
        });
    check(snapshot(parent.ctx).contexts.size() == 3, "all are there");
    leaf = {};
    child = {};
    check(snapshot(parent.ctx).contexts.size() == 1, "they have left");
}

void it_is_seen_beside_its_destruction()
{
    auto parent = with_cancel(background());
    std::optional child(with_cancel(parent.ctx));
    together(
        [&] { child.reset(); },
        [&]
        {
            auto const s = snapshot(parent.ctx);
            check(s.contexts.size() <= 2, "it is there or not");
        });
    check(snapshot(parent.ctx).contexts.size() == 1, "it has left");
}

void two_walks_meet_at_what_they_put_back()
{
    auto top = with_cancel(background());
    auto middle = with_cancel(top.ctx);
    auto leaf = with_cancel(middle.ctx);
    together([&] { top.cancel(); }, [&] { middle.cancel(); });
    check(snapshot(top.ctx).contexts.size() == 3, "all are there");
    leaf = {};
    middle = {};
    check(snapshot(top.ctx).contexts.size() == 1, "they have left");
}

void a_function_is_seen_beside_its_stop()
{
    auto c = with_cancel(background());
    auto function = after_func(c.ctx, [] {});
    together(
        [&] { function.stop(); },
        [&]
        {
            auto const s = snapshot(c.ctx);
            check(s.operations.size() <= 1, "it is there or not");
        });
    check(snapshot(c.ctx).operations.empty(), "it has left");
}

void a_function_is_seen_until_it_runs()
{
    asio::io_context ioc;
    auto c = with_cancel(background(ioc));
    after_func(c.ctx, [] {}).detach();
    together(
        [&] { c.cancel(); },
        [&]
        {
            auto const s = snapshot(c.ctx);
            check(s.operations.size() <= 1, "it is there or not");
        },
        [&] { ioc.poll(); });
    ioc.restart();
    ioc.poll();
    check(snapshot(c.ctx).operations.empty(), "it has left");
}

// It keeps its context, which the walk has in hand.
void its_context_goes_beside_it()
{
    asio::io_context ioc;
    auto parent = with_cancel(background(ioc));
    std::optional child(with_cancel(parent.ctx));
    child->cancel.detach();
    after_func(child->ctx, [] {}).detach();
    together(
        [&]
        {
            child.reset();
            ioc.poll();
        },
        [&] { parent.cancel(); });
    ioc.restart();
    ioc.poll();
    check(snapshot(parent.ctx).contexts.size() == 1, "both have left");
}

// The last child is what keeps the root, or the execution context is.
void a_roots_last_child_goes_beside_its_execution_context()
{
    std::optional<asio::io_context> ioc(std::in_place);
    std::optional child(with_cancel(background(*ioc)));
    together([&] { child.reset(); }, [&] { ioc.reset(); });
}

void two_children_go_beside_its_execution_context()
{
    std::optional<asio::io_context> ioc(std::in_place);
    std::optional one(with_cancel(background(*ioc)));
    std::optional two(without_cancel(background(*ioc)));
    together([&] { one.reset(); }, [&] { ioc.reset(); }, [&] { two.reset(); });
}

void children_come_and_go_after_its_execution_context()
{
    std::optional<asio::io_context> ioc(std::in_place);
    std::optional<context> root(background(*ioc));
    std::optional one(with_cancel(*root));
    ioc.reset();
    together(
        [&]
        {
            auto const other = with_cancel(*root);
            root.reset();
        },
        [&] { one.reset(); });
}

} // namespace

int main(int argc, char** argv)
{
    using namespace explore;
    constexpr std::uint64_t all = ~std::uint64_t{0};
    auto const lock_is_lost =
        replaced("lock_is_lost", op::rmw, "scope.hpp", "lock", all ^ 1);
    auto const child_stays =
        replaced("child_stays", op::load, "scope.cpp", "leave_parent", 0);
    auto const closing_is_not_seen =
        replaced("closing_is_not_seen", op::rmw, "scope.hpp", "lock", all ^ 16);
    auto const root_is_not_held =
        skipped("root_is_not_held", op::rmw, "node.hpp", "add_ref");
    return explore::main(
        argc,
        argv,
        {
            {"a_context_is_seen_beside_its_cancel",
             a_context_is_seen_beside_its_cancel,
             {}},
            {"it_is_seen_after_its_parents_cancel",
             it_is_seen_after_its_parents_cancel,
             {lock_is_lost}},
            {"it_is_seen_beside_its_destruction",
             it_is_seen_beside_its_destruction,
             {child_stays, lock_is_lost}},
            {"two_walks_meet_at_what_they_put_back",
             two_walks_meet_at_what_they_put_back,
             {lock_is_lost}},
            {"a_function_is_seen_beside_its_stop",
             a_function_is_seen_beside_its_stop,
             {}},
            {"a_function_is_seen_until_it_runs",
             a_function_is_seen_until_it_runs,
             {lock_is_lost}},
            {"its_context_goes_beside_it",
             its_context_goes_beside_it,
             {root_is_not_held}},
            {"a_roots_last_child_goes_beside_its_execution_context",
             a_roots_last_child_goes_beside_its_execution_context,
             {closing_is_not_seen, root_is_not_held}},
            {"two_children_go_beside_its_execution_context",
             two_children_go_beside_its_execution_context,
             {closing_is_not_seen}},
            {"children_come_and_go_after_its_execution_context",
             children_come_and_go_after_its_execution_context,
             {root_is_not_held}},
        });
}
