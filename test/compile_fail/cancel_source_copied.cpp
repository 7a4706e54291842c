// expect: (use of deleted function|call to (implicitly-)?deleted .*constructor)
//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/cancel.hpp>

#include <utility>

int main()
{
    auto c = asioctx::with_cancel(asioctx::background());
#ifdef ASIOCTX_EXPECT_PASS
    asioctx::cancel_source const s = std::move(c.cancel);
#else
    asioctx::cancel_source const s = c.cancel;
#endif
}
