//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_SRC_RECORD_HPP
#define ASIOCTX_SRC_RECORD_HPP

#include <asioctx/flight_recorder.hpp>

#include <asioctx/detail/place.hpp>
#include <asioctx/detail/recording.hpp>

#include <cstddef>
#include <vector>

// How the library tells a flight_recorder what happens.
namespace asioctx::detail {

struct root;

// Does nothing without a root.
void record(
    root* r,
    flight_recorder::what kind,
    void const* context,
    char const* name,
    place const& at) noexcept;

void record_inherited(root* r) noexcept;
void record_time_to_end(root* r, coarse_time ticks) noexcept;

// The last events that are recorded, if somebody does.
std::vector<flight_recorder::event> last_events(
    root const& r, std::size_t most);

// Whether anybody records: what is looked at first.
inline bool is_recorded() noexcept
{
    return recordings.load(std::memory_order_relaxed) != 0;
}

} // namespace asioctx::detail

#endif
