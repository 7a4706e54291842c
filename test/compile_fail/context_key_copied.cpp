// expect: (use of deleted function|call to deleted constructor)
//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/context_key.hpp>

constexpr asioctx::context_key<int> key;

int main()
{
#ifdef ASIOCTX_EXPECT_PASS
    auto const& copy = key;
#else
    auto const copy = key; // another address would be another key
#endif
    return copy.name() == nullptr;
}
