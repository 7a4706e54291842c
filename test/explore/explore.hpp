//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Runs a few threads of the real code in all the orders in which they can meet.
//
// A scenario's function is called again and again, each time for one order. It
// makes what it needs, calls together() once with up to four functions, each of
// which is a thread's, and checks what has become of it all:
//
//     void two_threads_cancel()
//     {
//         auto c = with_cancel(background());
//         explore::together([&] { c.cancel(); }, [&] { c.cancel(); });
//         explore::check(c.ctx.done(), "it is done");
//     }
//
// One thread runs at a time. Before each operation on an atomic or a mutex the
// explorer decides who goes on: that is the order. It takes all of them that
// have no more than a number of preemptions, which are switches from a thread
// that could go on; and for each load that is not of the strongest kind, the
// values that the memory model allows, the latest ones only and no more than a
// number of old ones in an order. Two orders that differ only in what is
// independent count as one.
//
// A scenario must do the same each time for the same order: it must not look at
// the time, which stands still, at random numbers or at addresses.

#ifndef ASIOCTX_TEST_EXPLORE_EXPLORE_HPP
#define ASIOCTX_TEST_EXPLORE_EXPLORE_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "explore/sync.hpp"

namespace explore {

// Something wrong that is done on purpose. A scenario must fail with it.
struct fault
{
    enum class effect : std::uint8_t
    {
        marked,   // what planted() is asked for
        relax,    // the order is relaxed
        skip,     // nothing is written, or locked
        replace,  // what is read is another
        misread,  // the same, for compare_exchange, and loads, too
        miswrite, // what is written is another: not by fetch_...
    };

    // Faults that only ThreadSanitizer finds, for they corrupt no atomic, are
    // not planted without it.
    fault of_plain_memory() const
    {
        auto f = *this;
        f.needs_tsan = true;
        return f;
    }

    // Those that only an old value shows are not planted with it.
    fault of_old_values() const
    {
        auto f = *this;
        f.needs_stale = true;
        return f;
    }

    char const* name = nullptr;
    effect what = effect::marked;
    op on = op::load;
    char const* file = ""; // its last part
    char const* function = "";
    std::uint64_t keep = 0; // of what is read
    std::uint64_t set = 0;
    bool needs_tsan = false;
    bool needs_stale = false;
};

// In the scenario's own code: see planted().
inline fault marked(char const* name)
{
    return {.name = name};
}

// The operations of this kind in this function of this file are relaxed.
inline fault relaxed(
    char const* name, op on, char const* file, char const* function)
{
    return {name, fault::effect::relax, on, file, function};
}

// They do not happen.
inline fault skipped(
    char const* name, op on, char const* file, char const* function)
{
    return {name, fault::effect::skip, on, file, function};
}

// No mutex is locked. Those of Asio are, and a spin_mutex is not meant.
inline fault without_mutexes(char const* name)
{
    return {name, fault::effect::skip, op::lock};
}

// What they read is made (value & keep) | set.
inline fault replaced(
    char const* name,
    op on,
    char const* file,
    char const* function,
    std::uint64_t keep,
    std::uint64_t set = 0)
{
    return {name, fault::effect::replace, on, file, function, keep, set};
}

// This function sees (value & keep) | set wherever it loads or compares: it is
// blind for a part of a word.
inline fault misread(
    char const* name,
    char const* file,
    char const* function,
    std::uint64_t keep,
    std::uint64_t set = 0)
{
    return {name, fault::effect::misread, op::load, file, function, keep, set};
}

// What it stores, or compare_exchange writes, is made (value & keep) | set.
inline fault miswritten(
    char const* name,
    op on,
    char const* file,
    char const* function,
    std::uint64_t keep,
    std::uint64_t set = 0)
{
    return {name, fault::effect::miswrite, on, file, function, keep, set};
}

// Whether the scenario is run with this fault.
bool planted(char const* name) noexcept;

struct scenario
{
    char const* name;
    void (*run)();
    std::vector<fault> faults = {};

    // Other bounds than the usual ones, if not negative.
    int preemptions = -1;
    int stale = -1;

    // Orders count as different whatever they differ in: for scenarios whose
    // threads meet at what is not explored, as the counter of a shared_ptr.
    bool ordered = false;
};

// Ends the scenario with a report of the order that has led here, unless the
// condition holds. Any thread may call it, before, in and after together().
void check(bool condition, char const* what) noexcept;

// Lets other threads go on, at no cost in preemptions. To wait for something
// to change, use a backoff.
void yield(site at = site::here()) noexcept;

// Gives an atomic or a mutex a name in reports.
void name(void const* location, char const* text) noexcept;

namespace detail {

void run_together(std::function<void()> const* functions, std::size_t n);

} // namespace detail

// Runs these functions, each in a thread of its own.
template <class... Fs>
void together(Fs&&... fs)
{
    static_assert(sizeof...(Fs) >= 1 && sizeof...(Fs) <= 4);
    std::array<std::function<void()>, sizeof...(Fs)> const functions{
        std::forward<Fs>(fs)...};
    detail::run_together(functions.data(), functions.size());
}

// What main() is to return. Explores the scenarios, without faults and with
// each of theirs. For the arguments see --help.
int main(int argc, char** argv, std::vector<scenario> const& scenarios);

} // namespace explore

#endif
