// expect: (use of deleted function|call to deleted constructor)
//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/cancel.hpp>
#include <asioctx/current_context.hpp>

void f(asioctx::context const& parent)
{
    auto const child = asioctx::with_cancel(parent);
#ifdef ASIOCTX_EXPECT_PASS
    asioctx::current_scope const s(child.ctx);
#else
    asioctx::current_scope const s(asioctx::with_cancel(parent).ctx);
#endif
}
