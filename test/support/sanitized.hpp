//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TEST_SUPPORT_SANITIZED_HPP
#define ASIOCTX_TEST_SUPPORT_SANITIZED_HPP

// Whether AddressSanitizer or ThreadSanitizer looks at the program.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ASIOCTX_TEST_SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ASIOCTX_TEST_SANITIZED 1
#endif
#ifndef ASIOCTX_TEST_SANITIZED
#define ASIOCTX_TEST_SANITIZED 0
#endif

namespace asioctx::test {

inline constexpr bool is_sanitized = ASIOCTX_TEST_SANITIZED;

// Whether a thread keeps memory that is freed for what comes next. A sanitizer
// is to see it freed; MinGW frees what is thread_local too early.
#if defined(__MINGW32__)
inline constexpr bool threads_keep_memory = false;
#else
inline constexpr bool threads_keep_memory = !is_sanitized;
#endif

} // namespace asioctx::test

#endif
