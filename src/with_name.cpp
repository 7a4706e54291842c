//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/with_name.hpp>

#include <asioctx/detail/node.hpp>

#include <utility>

namespace asioctx {

using detail::context_access;

namespace {

struct name_node final : detail::node
{
    name_node(detail::node* above, std::string&& n) noexcept
        : node(above), name(std::move(n))
    {
    }

    void describe(std::string& out) const override
    {
        out += ".with_name(" + name + ')';
    }

    void tell(detail::node_info& i) const override
    {
        i.what = detail::node_info::part::name;
        i.text = name;
    }

    std::string const name;
};

} // namespace

context with_name(context const& parent, std::string name)
{
    return context_access::make(detail::make_node<name_node>(
        context_access::get(parent), std::move(name)));
}

} // namespace asioctx
