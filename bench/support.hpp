//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_BENCH_SUPPORT_HPP
#define ASIOCTX_BENCH_SUPPORT_HPP

#include <benchmark/benchmark.h>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace asioctx::bench {

// Registers a program's benchmarks. The names are P<number>/<what>/<who>,
// which bench/table.py knows.
void add_benchmarks();

// n, but few when the program is only to be seen running.
std::int64_t up_to(std::int64_t n);

// The memory that the process has in use, after what is free was given back.
std::size_t resident_bytes();

// A benchmark that measures its one iteration itself.
inline void measured_by_hand(benchmark::internal::Benchmark* b)
{
    b->Iterations(1)->UseManualTime();
}

// The time for which this process has been running on a processor: what other
// processes do does not count.
std::chrono::duration<double> processor_time();

// Measures the processor time that f takes, divided by n.
template <class F>
void time_per_item(benchmark::State& state, std::int64_t n, F f)
{
    auto const start = processor_time();
    f();
    state.SetIterationTime(
        (processor_time() - start).count() / static_cast<double>(n));
}

} // namespace asioctx::bench

#endif
