// expect: asioctx::context_key<T>: T must be an object type without const
//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/context_key.hpp>

#ifdef ASIOCTX_EXPECT_PASS
constexpr asioctx::context_key<int> key;
#else
constexpr asioctx::context_key<int&> key;
#endif

int main()
{
    return key.name() == nullptr;
}
