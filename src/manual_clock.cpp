//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/testing/manual_clock.hpp>

#include <asioctx/detail/root.hpp>

#include <utility>

namespace asioctx::testing {

using detail::context_access;

manual_clock::manual_clock(context root) : root_(std::move(root))
{
    context_access::get(root_).get_root()->use_manual_clock(true);
}

manual_clock::~manual_clock()
{
    context_access::get(root_).get_root()->use_manual_clock(false);
}

time_point manual_clock::now() const noexcept
{
    return context_access::get(root_).get_root()->now();
}

void manual_clock::advance(duration d) noexcept
{
    advance_to(detail::add_saturated(now(), d));
}

void manual_clock::advance_to(time_point t) noexcept
{
    context_access::get(root_).get_root()->advance(t);
}

} // namespace asioctx::testing
