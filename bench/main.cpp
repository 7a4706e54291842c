//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <limits>
#include <malloc.h>
#include <string>
#include <unistd.h>
#include <vector>

#include "support.hpp"

namespace asioctx::bench {
namespace {

bool smoke = false;

} // namespace

std::int64_t up_to(std::int64_t n)
{
    return smoke && n > 100 ? 100 : n;
}

std::size_t resident_bytes()
{
    ::malloc_trim(0);
    std::size_t total = 0;
    std::size_t resident = 0;
    std::ifstream("/proc/self/statm") >> total >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::chrono::duration<double> processor_time()
{
    std::timespec t;
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

} // namespace asioctx::bench

// With --smoke, everything runs once and briefly.
int main(int argc, char** argv)
{
    // Memory that was freed stays with the process: page faults are the
    // system's time.
    ::mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
    ::mallopt(M_MMAP_MAX, 0);

    std::vector<char*> args(argv, argv + argc);
    std::string brief = "--benchmark_min_time=0.0001";
    for (auto& a : args)
    {
        if (std::strcmp(a, "--smoke") == 0)
        {
            asioctx::bench::smoke = true;
            a = brief.data();
        }
    }
    int count = static_cast<int>(args.size());
    benchmark::Initialize(&count, args.data());
    if (benchmark::ReportUnrecognizedArguments(count, args.data()))
        return 1;
    asioctx::bench::add_benchmarks();
    if (benchmark::RunSpecifiedBenchmarks() == 0)
    {
        std::fputs("no benchmark of that name\n", stderr);
        return 1;
    }
    benchmark::Shutdown();
}
