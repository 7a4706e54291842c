//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TEST_SUPPORT_SIGNALS_HPP
#define ASIOCTX_TEST_SUPPORT_SIGNALS_HPP

#include <csignal>

namespace asioctx::test {

// Two signals that a test may raise, and one that cannot be caught.
#if defined(_WIN32)
inline constexpr int signal_one = SIGINT;
inline constexpr int signal_two = SIGBREAK;
inline constexpr int signal_uncatchable = 9; // there is none of that number
#else
inline constexpr int signal_one = SIGUSR1;
inline constexpr int signal_two = SIGUSR2;
inline constexpr int signal_uncatchable = SIGKILL;
#endif

} // namespace asioctx::test

#endif
