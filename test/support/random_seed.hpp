//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TEST_SUPPORT_RANDOM_SEED_HPP
#define ASIOCTX_TEST_SUPPORT_RANDOM_SEED_HPP

#include <cstdlib>
#include <random>

namespace asioctx::test {

// A new seed each time, unless the environment gives the one of a run that is
// to be repeated.
inline unsigned random_seed()
{
    auto const* const text = std::getenv("ASIOCTX_TEST_SEED");
    return text ? static_cast<unsigned>(std::strtoul(text, nullptr, 0))
                : std::random_device()();
}

} // namespace asioctx::test

#endif
