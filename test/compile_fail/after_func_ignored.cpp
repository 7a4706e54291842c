// expect: (ignoring return(ed)? value|nodiscard)
//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/after_func.hpp>
#include <asioctx/context.hpp>

int main()
{
#ifdef ASIOCTX_EXPECT_PASS
    auto const r =
#endif
        asioctx::after_func(asioctx::background(), [] {});
}
