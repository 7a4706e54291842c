//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/context.hpp>

#include <asioctx/value.hpp>
#include <asioctx/without_cancel.hpp>

#include <asioctx/detail/access.hpp>
#include <asioctx/detail/callback.hpp>

#include <boost/system/system_error.hpp>

#include <algorithm>
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
    auto const d = deadline();
    if (!d)
        return duration::max();
    return std::max(duration::zero(), *d - scope()->home->now());
}

void context::throw_error() const
{
    throw boost::system::system_error(error());
}

std::string to_string(context const& ctx)
{
    std::vector<detail::node const*> way;
    for (auto const* n = context_access::get(ctx); n; n = n->parent)
        way.push_back(n);
    std::string out;
    if (way.empty() || way.back()->nearest_scope != context_access::get_root(ctx))
        out = "background";
    for (auto i = way.rbegin(); i != way.rend(); ++i)
        (*i)->describe(out);
    return out;
}

context without_cancel(context const& parent)
{
    auto* const s = new detail::scope(
        context_access::get(parent), detail::scope::behavior::permanent);
    detail::add_ref(s->parent);
    return context_access::adopt(s);
}

namespace detail {

scope& scope_or_never(context const& ctx) noexcept
{
    // Never destroyed: callbacks may refer to it until the program ends.
    static scope& never = *new scope(nullptr, scope::behavior::permanent);
    auto* const s = context_access::get_scope(ctx);
    return s ? *s : never;
}

} // namespace detail
} // namespace asioctx
