//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/detail/abi.hpp>

namespace asioctx::detail {

void ASIOCTX_ABI_NAME() noexcept
{
}

// The library for Boost.Asio and the one for Asio without Boost have names in
// common. With this one, a program with both does not link if they are static.
void one_asio_alone() noexcept
{
}

} // namespace asioctx::detail
