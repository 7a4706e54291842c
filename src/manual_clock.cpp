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

namespace {

detail::deadline_timer& clock_of(context const& root) noexcept
{
    return detail::context_access::get(root).get_root()->time().timer;
}

} // namespace

manual_clock::manual_clock(context root) : root_(std::move(root))
{
    clock_of(root_).use_manual_clock(true);
}

manual_clock::~manual_clock()
{
    clock_of(root_).use_manual_clock(false);
}

time_point manual_clock::now() const noexcept
{
    return clock_of(root_).now();
}

void manual_clock::advance(duration d) noexcept
{
    advance_to(detail::add_saturated(now(), d));
}

void manual_clock::advance_to(time_point t) noexcept
{
    clock_of(root_).advance(t);
}

} // namespace asioctx::testing
