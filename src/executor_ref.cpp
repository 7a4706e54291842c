//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/detail/executor_ref.hpp>

#include <asioctx/detail/executor_target.hpp>

namespace asioctx::detail {

template <class Polymorphic>
void executor_ref::refer_to_target(Polymorphic const& ex) noexcept
{
    visit_executor(ex, [this](auto const& e) { this->refer_to(e); });
}

template void executor_ref::refer_to_target(
    asio::any_io_executor const& ex) noexcept;
template void executor_ref::refer_to_target(
    asio::any_completion_executor const& ex) noexcept;

} // namespace asioctx::detail
