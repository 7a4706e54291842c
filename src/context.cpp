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

#include <vector>

namespace asioctx {

using detail::context_access;

std::exception_ptr context::exception() const
{
    if (!done())
        return nullptr;
    if (auto const& e = scope()->why.exception)
        return e;
    return std::make_exception_ptr(boost::system::system_error(cause()));
}

duration context::remaining() const noexcept
{
    if (!deadline())
        return duration::max();
    return detail::time_left(*scope());
}

void context::throw_error() const
{
    throw boost::system::system_error(error());
}

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
        (*i)->describe(out);
    return out;
}

context without_cancel(context const& parent)
{
    return context_access::make(detail::make_node<detail::scope>(
        context_access::get(parent), detail::scope::behavior::permanent));
}

namespace detail {

scope& scope_or_never(node_ptr const& n) noexcept
{
    // Never destroyed: callbacks may refer to it until the program ends.
    static scope& never = *new scope(nullptr, scope::behavior::permanent);
    auto* const s = n.get_scope();
    return s ? *s : never;
}

} // namespace detail
} // namespace asioctx
