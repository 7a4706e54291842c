//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_FLIGHT_RECORDER_HPP
#define ASIOCTX_FLIGHT_RECORDER_HPP

#include <asioctx/config.hpp>
#include <asioctx/context.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <vector>

namespace asioctx {

struct context_snapshot;

/// Records what happens to the contexts and operations of an execution context.
/**
 * Keeps the last events, and counts them all, while it exists. The reports of
 * report_stuck() then end with the last events.
 *
 * Without a recorder nothing is paid for it but a look whether there is one.
 *
 * @par Thread Safety
 * @e Distinct @e objects: Safe.@n
 * @e Shared @e objects: Safe.
 */
class flight_recorder
{
public:
    /// What has happened.
    enum class what : unsigned char
    {
        made,     ///< a context was derived, by another function than by values
        canceled, ///< a context was canceled; those below it are not told apart
        expired,  ///< the same by its deadline
        bound,    ///< an operation has begun
        asked,    ///< an operation is to stop
        ended,    ///< an operation has ended
    };

    /// Something that has happened.
    struct event
    {
        /// What it was.
        what kind = what::made;

        /// How long ago it was.
        duration ago{};

        /// What the context is in a @ref context_snapshot, if it exists then.
        void const* context = nullptr;

        /// What the operation is called. Empty if it was no operation.
        char const* name = "";

        /// Where the context was made or canceled, or the operation was bound.
        source_location at;
    };

    /// How often what has happened.
    struct totals
    {
        /// The events, by @ref what.
        std::array<std::uint64_t, 6> events{};

        /// Contexts that were done because one above was.
        std::uint64_t inherited = 0;

        /// How long operations have taken to end after they were asked to: the
        /// first number is of those that took up to 16 ms, each of the next of
        /// those that took up to twice as long, the last of all others.
        std::array<std::uint64_t, 16> time_to_end{};
    };

    /// Begins.
    /**
     * @param ctx A context of the execution context's tree.
     *
     * @param events How many events are kept.
     *
     * @par Exceptions
     * @c std::logic_error if the context's root has no execution context, or
     * has a recorder. @c std::bad_alloc.
     */
    ASIOCTX_DECL explicit flight_recorder(
        context const& ctx, std::size_t events = 1000);

    flight_recorder(flight_recorder const&) = delete;
    flight_recorder& operator=(flight_recorder const&) = delete;

    /// Ends.
    ASIOCTX_DECL ~flight_recorder();

    /// Returns the last events, the oldest first.
    ASIOCTX_DECL std::vector<event> events() const;

    /// Returns how often what has happened since it has begun.
    ASIOCTX_DECL totals total() const noexcept;

private:
    context const ctx_;
};

/// Prints an event, for people to read.
ASIOCTX_DECL std::ostream& operator<<(
    std::ostream& os, flight_recorder::event const& e);

/// Returns what people call it: "canceled".
ASIOCTX_DECL char const* to_string(flight_recorder::what w) noexcept;

/// Prints a snapshot as JSON, with what has happened before it.
/**
 * In one line: what write_json() prints of the snapshot, and one more member,
 * the events. Their contexts are the ids of those in the snapshot. The schema
 * is doc/reference/contexts.schema.json.
 *
 * @param events What flight_recorder::events() has returned at about the time
 * of the snapshot: the times in both are told from when they were taken.
 *
 * @par Example
 * @code write_json(os, snapshot(root), recorder.events()); @endcode
 */
ASIOCTX_DECL void write_json(
    std::ostream& os,
    context_snapshot const& s,
    std::vector<flight_recorder::event> const& events);

} // namespace asioctx

#endif
