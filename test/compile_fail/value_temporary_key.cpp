// expect: asioctx::context::value: the key is a temporary
//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/context.hpp>

int main()
{
    using key = asioctx::context_key<int>;
    asioctx::context const ctx;
#ifdef ASIOCTX_EXPECT_PASS
    static constexpr key number("number");
    return ctx.value(number) != nullptr;
#else
    return ctx.value(key("number")) != nullptr;
#endif
}
