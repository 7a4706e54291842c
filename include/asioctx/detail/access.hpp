//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_ACCESS_HPP
#define ASIOCTX_DETAIL_ACCESS_HPP

#include <asioctx/context.hpp>

#include <asioctx/detail/node.hpp>

#include <boost/asio/system_executor.hpp>

namespace asioctx::detail {

// What lies behind a handle.
struct context_access
{
    static node* get(context const& ctx) noexcept
    {
        return ctx.node_;
    }

    static scope* get_scope(context const& ctx) noexcept
    {
        return ctx.node_ ? ctx.node_->nearest_scope : nullptr;
    }

    static root* get_root(context const& ctx) noexcept
    {
        auto* s = get_scope(ctx);
        return s ? s->home : nullptr;
    }

    // Takes over a reference.
    static context adopt(node* n) noexcept
    {
        return context(n);
    }

    // The executor of the execution context that the root belongs to.
    static asio::any_io_executor executor(context const& ctx) noexcept
    {
        if (auto* r = get_root(ctx))
            return r->executor();
        return asio::system_executor();
    }
};

} // namespace asioctx::detail

#endif
