//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DUMP_HPP
#define ASIOCTX_DUMP_HPP

#include <asioctx/config.hpp>
#include <asioctx/context.hpp>
#include <asioctx/operation_state.hpp>

#include <cstddef>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace asioctx {

/// What was below a context at some time: contexts, and operations bound to
/// them.
/**
 * Made by snapshot(). A value: it refers to nothing but the names of operations
 * and source files, which are constants of the program.
 */
struct context_snapshot
{
    /// The index of what is not there.
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    /// Why a context is done, and since when.
    struct ending
    {
        /// errc::canceled or errc::deadline_exceeded.
        error_code error;

        /// The cause, see context::cause().
        error_code cause;

        /// See context::canceled_at().
        source_location at;

        /// For how long it has been done. Empty if there was nothing below it.
        std::optional<duration> ago;

        /// Whether a context above was done, and this one with it.
        bool inherited = false;
    };

    /// A context that has something of its own to tell.
    /**
     * One that was derived with a value is left out, unless the value may be
     * shown, see context_key; what is below it then is below its parent.
     */
    struct node
    {
        /// Tells apart contexts that exist at one time.
        void const* id = nullptr;

        /// What it is, as to_string() says: "with_grace(10s)".
        std::string what;

        /// Whether it is one that can be done by itself, or a root; else it is
        /// a name or a value.
        bool is_scope = true;

        /// The name that with_name() gave. Empty if another function made it.
        std::string name;

        /// The name of its key, if that has one and the value may be shown.
        /// Empty if another function than with_value() made it.
        std::string key;

        /// The value, as text. Empty if there is no key.
        std::string value;

        /// Where it was made. Empty if that is not known.
        source_location made_at;

        /// The time until its own deadline or that of one above. Empty without.
        std::optional<duration> left;

        /// Empty while it is live.
        std::optional<ending> end;

        /// The index of the context it is below, and how far it is from the
        /// first.
        std::size_t parent = none;

        /// How many contexts are above it.
        std::size_t depth = 0;

        /// The index of the first of its operations.
        std::size_t first_operation = 0;

        /// How many operations it has.
        std::size_t operations = 0;
    };

    /// An operation that is bound to a context, and has not ended.
    struct operation
    {
        /// What it is called: "basic_stream_socket::async_receive".
        char const* name = "";

        /// Where it was bound.
        source_location bound_at;

        /// For how long it has been there.
        duration age{};

        /// For how long it has been asked to stop. Empty if it was not.
        std::optional<duration> asked;

        /// What is known of it.
        operation_state state = operation_state::pending;

        /// The index of its context.
        std::size_t context = none;
    };

    /// The contexts, each before those below it, siblings in the order in which
    /// they were made as far as one thread made them.
    std::vector<node> contexts;

    /// The operations, in the order of their contexts.
    std::vector<operation> operations;

    /// Returns the way to a context, as names and what else tells it from
    /// others: "server > with_grace(10s) > GET /report (17.9s left)".
    ASIOCTX_DECL std::string path(std::size_t context) const;

    /// Returns how many operations have been asked to stop and have not ended.
    ASIOCTX_DECL std::size_t asked() const noexcept;
};

/// Returns what is below a context: contexts, and operations bound to them.
/**
 * All contexts derived from it that exist, done or not, and all operations that
 * were bound to one of them and have not ended. background(ioc) is above all
 * that was derived from it.
 *
 * Other threads may derive, bind, cancel and complete meanwhile, and are not
 * held up for longer than a few operations take to be copied. What is there all
 * the time is in the result; what comes or goes may be. While cancel() runs,
 * what it is just then at work on may be missing.
 *
 * The ages are known to 20 ms or so.
 *
 * @param ctx The context. If it was derived by values alone, that is the
 * nearest one above it that was not.
 *
 * @par Exceptions
 * @c std::bad_alloc.
 *
 * @par Thread Safety
 * Safe.
 */
ASIOCTX_DECL context_snapshot snapshot(context const& ctx);

/// How a snapshot is shown to people.
struct dump_options
{
    /// When to use colors.
    enum class coloring : unsigned char
    {
        on_terminals, ///< if the stream is @c std::cout, @c cerr or @c clog,
                      ///< and that is a terminal; and @c NO_COLOR is not set
        never,        ///< not at all
        always,       ///< whatever the stream is
    };

    /// When to use colors.
    coloring color = coloring::on_terminals;

    /// How many of what is alike are shown one by one.
    std::size_t alike = 3;
};

/// Prints a snapshot as a tree, for people to read.
/**
 * Siblings that are alike in all but their ages are counted instead of shown.
 */
ASIOCTX_DECL void dump(
    std::ostream& os, context_snapshot const& s, dump_options const& o = {});

/// Prints what is below a context, see snapshot().
/**
 * @par Example
 * @code asioctx::dump(std::cerr, asioctx::background(ioc)); @endcode
 */
ASIOCTX_DECL void dump(
    std::ostream& os, context const& ctx, dump_options const& o = {});

/// The same as dump() with a snapshot.
ASIOCTX_DECL std::ostream& operator<<(
    std::ostream& os, context_snapshot const& s);

/// Prints a snapshot as JSON.
/**
 * In one line. The schema is doc/reference/contexts.schema.json; its version is
 * in the text, and grows with every change, also when something is added.
 */
ASIOCTX_DECL void write_json(std::ostream& os, context_snapshot const& s);

/// Prints a snapshot for Graphviz.
ASIOCTX_DECL void write_graphviz(std::ostream& os, context_snapshot const& s);

/// Returns what people call a state: "never heard".
ASIOCTX_DECL char const* to_string(operation_state s) noexcept;

namespace testing {

/// Checks that nothing is left below a context, and prints what is.
/**
 * For the end of a test: an operation that nobody waits for, a context that
 * somebody stored.
 *
 * @returns True if there is nothing.
 *
 * @par Example
 * @code BOOST_TEST(asioctx::testing::expect_nothing_left(root)); @endcode
 */
ASIOCTX_DECL bool expect_nothing_left(context const& ctx);

/// The same with a stream to print to instead of @c std::cerr.
ASIOCTX_DECL bool expect_nothing_left(context const& ctx, std::ostream& os);

} // namespace testing
} // namespace asioctx

#endif
