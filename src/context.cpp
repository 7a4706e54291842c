//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/context.hpp>

#include <asioctx/value.hpp>
#include <asioctx/without_cancel.hpp>

#include <asioctx/detail/root.hpp>

#include <boost/system/system_error.hpp>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <new>
#include <vector>

namespace asioctx {

using detail::context_access;

namespace {

// Its text begins with the time that was given, if that is what has passed.
boost::system::system_error exception_with(
    error_code const& ec, detail::reason const& why)
{
    if (why.error != errc::deadline_exceeded || !(why.after > 0))
        return boost::system::system_error(ec);
    char text[32];
    std::snprintf(
        text, sizeof text, "after %gs", static_cast<double>(why.after));
    return {ec, text};
}

} // namespace

std::exception_ptr context::exception() const
{
    if (!done())
        return nullptr;
    if (auto const& e = scope()->why.exception)
        return e;
    return std::make_exception_ptr(exception_with(cause(), scope()->why));
}

duration context::remaining() const noexcept
{
    if (!deadline())
        return (duration::max)();
    return detail::time_left(*scope());
}

void context::throw_error() const
{
    throw exception_with(error(), scope()->why);
}

void context::throw_missing(duration needed, duration left) const
{
    throw_if_done();
    auto const seconds = [](duration d)
    {
        return std::chrono::duration<double>(d).count();
    };
    char text[64];
    std::snprintf(
        text,
        sizeof text,
        "%.3gs needed, %.3gs left",
        seconds(needed),
        seconds(left));
    throw boost::system::system_error(
        make_error_code(errc::deadline_exceeded), text);
}

namespace {

// What to_string() tells of a scope that is done, unless its parent's end was
// the reason, which says it then.
void describe_end(std::string& out, detail::node const& n)
{
    auto const* const s = n.nearest_scope;
    if (s != &n || !s->done())
        return;
    auto const* const above = n.parent ? n.parent->nearest_scope : nullptr;
    if (s->inherited && above && above->done())
        return;
    auto const& why = s->why;
    out += why.error == errc::canceled ? "[done: canceled"
                                       : "[done: deadline exceeded";
    if (why.cause)
        out += ", " + why.cause.message();
    else if (why.exception)
        out += ", an exception";
    out += ']';
}

} // namespace

std::string to_string(context const& ctx)
{
    std::vector<detail::node const*> way;
    auto const& node = context_access::get(ctx);
    for (detail::node const* n = node.get(); n; n = n->parent)
        way.push_back(n);
    std::string out;
    if (!node.get_root())
        out = "background";
    for (auto i = way.rbegin(); i != way.rend(); ++i)
    {
        (*i)->describe(out);
        describe_end(out, **i);
    }
    return out;
}

namespace {

// Below a root, which it is the same as.
struct todo_node final : detail::node
{
    using node::node;

    void describe(std::string& out) const override
    {
        out = "todo";
    }

    void tell(detail::node_info& i) const override
    {
        i.what = detail::node_info::part::todo;
    }
};

} // namespace

context detail::todo_below(context const& root)
{
    return context_access::make(
        make_node<todo_node>(context_access::get(root)));
}

context todo() noexcept
{
    // Never destroyed: a handle may refer to it until the program ends.
    alignas(todo_node) static std::byte memory[sizeof(todo_node)];
    static detail::node* const node =
        ::new (static_cast<void*>(memory)) todo_node(nullptr);
    return context_access::make(detail::node_ptr(detail::add_ref(node)));
}

context without_cancel(context const& parent, source_location at)
{
    auto n = detail::make_node<detail::scope>(
        context_access::get(parent), detail::scope::behavior::permanent);
    n.get_scope()->why.at = at;
    detail::link_to_parent(*n.get_scope());
    return context_access::make(std::move(n));
}

namespace detail {

scope& scope_or_never(node_ptr const& n) noexcept
{
    // Never destroyed: callbacks may refer to it until the program ends. Nor is
    // it allocated: who asks promises not to throw.
    alignas(scope) static std::byte memory[sizeof(scope)];
    static scope& never = *::new (static_cast<void*>(memory))
        scope(nullptr, scope::behavior::permanent);
    auto* const s = n.get_scope();
    return s ? *s : never;
}

} // namespace detail
} // namespace asioctx
