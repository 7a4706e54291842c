//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TEST_SUPPORT_SCARCE_HPP
#define ASIOCTX_TEST_SUPPORT_SCARCE_HPP

// For the stand-alone programs in test/alloc. Each is a list of functions that
// are called again and again, the n-th allocation failing, for every n until
// none fails: that one alone, or all from there on. Each call is in a process
// of its own. Arguments name functions; without any, all are called.

#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <execinfo.h>
#include <new>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "support/allocation_counter.hpp"

// Sanitizers ask for these. What they find ends the program by a signal, too.
extern "C" [[gnu::used]] inline char const* __asan_default_options()
{
    return "abort_on_error=1";
}

extern "C" [[gnu::used]] inline char const* __ubsan_default_options()
{
    return "abort_on_error=1";
}

namespace scarce {

using asioctx::test::failing_allocations;

// Where memory becomes scarce.
struct plan
{
    std::size_t n;
    failing_allocations::extent extent;
    std::size_t allocations = 0; // of all calls of act()

    // Calls a function while memory is scarce. Returns whether it has not
    // thrown std::bad_alloc.
    template <class F>
    bool act(F&& f)
    {
        asioctx::test::allocation_counter const counter;
        bool ok = true;
        auto const left = n > allocations ? n - allocations : 0;
        try
        {
            if (allocations > n && extent == failing_allocations::extent::one)
                f();
            else
            {
                failing_allocations const failing(left, extent);
                f();
            }
        }
        catch (std::bad_alloc const&)
        {
            ok = false;
        }
        allocations += counter.count();
        return ok;
    }
};

// The exit status of a process. A sanitizer's is 1.
enum status
{
    nothing_failed = 10,
    went_well,
    check_failed,
    terminated,
    terminated_by_asio,
};

inline void check(bool ok, char const* what, int line)
{
    if (ok)
        return;
    std::fprintf(stderr, "line %d: failed: %s\n", line, what);
    std::_Exit(check_failed);
}

#define SCARCE_CHECK(...) ::scarce::check((__VA_ARGS__), #__VA_ARGS__, __LINE__)

// Functions of Asio that end the program without memory. A part of their
// mangled names is enough.
inline std::vector<char const*> known;

[[noreturn]] inline void terminate()
{
    void* frames[40];
    auto const n = ::backtrace(frames, 40);
    char** const names = ::backtrace_symbols(frames, n);
    for (int i = 0; names && i < n; ++i)
        for (auto const* k : known)
            if (std::strstr(names[i], k))
                std::_Exit(terminated_by_asio);
    std::fprintf(stderr, "ended by:\n");
    std::fflush(stderr);
    ::backtrace_symbols_fd(frames, n, STDERR_FILENO);
    std::_Exit(terminated);
}

struct entry
{
    char const* name;
    void (*run)(plan&);
};

// Calls a function in a process of its own and returns how that ended.
inline int run_apart(entry const& e, plan p)
{
    std::fflush(stdout);
    auto const child = ::fork();
    if (child == 0)
    {
        ::alarm(60); // nothing here waits for anything
        std::set_terminate(terminate);
        for (int const s : {SIGABRT, SIGALRM, SIGBUS, SIGSEGV})
            std::signal(s, [](int) { terminate(); });
        e.run(p);
        std::_Exit(p.allocations <= p.n ? nothing_failed : went_well);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

inline int main(int argc, char** argv, std::vector<entry> const& entries)
{
    int failures = 0;
    for (auto const& e : entries)
    {
        bool wanted = argc <= 1;
        for (int i = 1; i < argc; ++i)
            wanted = wanted || std::strcmp(argv[i], e.name) == 0;
        if (!wanted)
            continue;
        for (auto const extent :
             {failing_allocations::extent::one,
              failing_allocations::extent::all})
        {
            auto const* const kind =
                extent == failing_allocations::extent::one ? "one" : "all";
            std::size_t n = 0;
            int by_asio = 0;
            for (;; ++n)
            {
                auto const s = run_apart(e, {n, extent});
                if (s == nothing_failed)
                    break;
                by_asio += s == terminated_by_asio;
                if (s == went_well || s == terminated_by_asio)
                    continue;
                std::printf(
                    "%s: allocation %zu (%s): status %d\n", e.name, n, kind, s);
                ++failures;
            }
            std::printf(
                "%s: %zu allocations (%s), %d end in Asio\n",
                e.name,
                n,
                kind,
                by_asio);
        }
    }
    return failures != 0;
}

} // namespace scarce

#endif
