//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TEST_SUPPORT_RACE_HPP
#define ASIOCTX_TEST_SUPPORT_RACE_HPP

// For the stand-alone programs in test/race. Each is a list of races that are
// run for a number of rounds. The first argument multiplies that number; with
// others, only the races that they name are run.

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

namespace race {

// Ends the program with a message: the other threads may hang.
inline void check(bool ok, char const* what, int line)
{
    if (ok)
        return;
    std::fprintf(stderr, "line %d: failed: %s\n", line, what);
    std::_Exit(1);
}

#define RACE_CHECK(...) ::race::check((__VA_ARGS__), #__VA_ARGS__, __LINE__)

// Calls each function in a thread of its own, all at once, and waits for them.
// Spins: a race that is lost in a sleeping thread is none.
inline void together(std::vector<std::function<void()>> functions)
{
    std::atomic<std::size_t> missing{functions.size()};
    std::vector<std::thread> threads;
    threads.reserve(functions.size());
    for (auto& f : functions)
        threads.emplace_back(
            [&]
            {
                --missing;
                while (missing != 0)
                {
                }
                f();
            });
    for (auto& t : threads)
        t.join();
}

// How many operations were canceled, and completed so; main() tells.
inline std::atomic<long> canceled{0};

inline void count(int n)
{
    canceled += n;
}

// A race and the number of its rounds.
struct entry
{
    char const* name;
    int rounds;
    void (*run)(int rounds);
};

inline int main(int argc, char** argv, std::vector<entry> const& entries)
{
    double const factor = argc > 1 ? std::atof(argv[1]) : 1;
    auto const is_wanted = [&](char const* name)
    {
        return argc <= 2
            || std::find_if(
                   argv + 2,
                   argv + argc,
                   [&](char const* a) { return std::strcmp(a, name) == 0; })
            != argv + argc;
    };
    for (auto const& e : entries)
    {
        if (!is_wanted(e.name))
            continue;
        auto const rounds = std::max(1, static_cast<int>(e.rounds * factor));
        std::printf("%s: %d rounds\n", e.name, rounds);
        std::fflush(stdout);
        e.run(rounds);
    }
    if (canceled != 0)
        std::printf("%ld canceled\n", canceled.load());
    return 0;
}

} // namespace race

#endif
