// expect: (use of deleted function|deleted function|conversion .* is deleted|call to deleted)
//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/cause_key.hpp>

asioctx::error_code f()
{
#ifdef ASIOCTX_EXPECT_PASS
    static constexpr asioctx::cause_key key("key");
    return key;
#else
    return asioctx::cause_key("key");
#endif
}
