// expect: asioctx::with_value: a value of the key.s type cannot be made
//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/value.hpp>

#include <string>

constexpr asioctx::context_key<std::string> user("user");

int main()
{
#ifdef ASIOCTX_EXPECT_PASS
    auto const ctx = asioctx::with_value(asioctx::background(), user, "me");
#else
    auto const ctx = asioctx::with_value(asioctx::background(), user, &user);
#endif
}
