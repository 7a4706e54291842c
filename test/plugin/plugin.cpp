//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Errors made by a plugin that has a copy of the library of its own are equal
// to the program's. The argument is the plugin. Returns 0 on success.

#include <asioctx/error.hpp>

#include <csignal>
#include <cstdio>
#include <dlfcn.h>

using asioctx::errc;
using asioctx::error_code;

namespace {

int failures = 0;

void check(bool good, char const* what)
{
    if (good)
        return;
    std::printf("FAILED: %s\n", what);
    ++failures;
}

#define CHECK(...) check((__VA_ARGS__), #__VA_ARGS__)

} // namespace

int main(int argc, char** argv)
{
    void* const module =
        argc > 1 ? ::dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : nullptr;
    void* const function =
        module ? ::dlsym(module, "asioctx_test_errors") : nullptr;
    if (!function)
    {
        std::printf("cannot load the plugin: %s\n", ::dlerror());
        return 1;
    }
    error_code canceled;
    error_code deadline_exceeded;
    error_code signal;
    reinterpret_cast<void (*)(error_code*, error_code*, error_code*)>(function)(
        &canceled, &deadline_exceeded, &signal);

    // Otherwise there is one copy, and nothing to see.
    CHECK(&canceled.category() != &asioctx::error_category());
    CHECK(&signal.category() != &asioctx::signal_category());

    CHECK(canceled == errc::canceled);
    CHECK(canceled != errc::deadline_exceeded);
    CHECK(deadline_exceeded == errc::deadline_exceeded);
    CHECK(signal == error_code(SIGTERM, asioctx::signal_category()));
    CHECK(signal != error_code(SIGINT, asioctx::signal_category()));
    CHECK(signal != error_code(SIGTERM, asioctx::error_category()));
    CHECK(hash_value(canceled) == hash_value(error_code(errc::canceled)));
    return failures;
}
