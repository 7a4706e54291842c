// expect: asioctx::with_value: the key is a temporary
//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/value.hpp>

int main()
{
    using key = asioctx::context_key<int>;
#ifdef ASIOCTX_EXPECT_PASS
    static constexpr key number("number");
    auto const ctx = asioctx::with_value(asioctx::background(), number, 1);
#else
    auto const ctx =
        asioctx::with_value(asioctx::background(), key("number"), 1);
#endif
}
