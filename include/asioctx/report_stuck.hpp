//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_REPORT_STUCK_HPP
#define ASIOCTX_REPORT_STUCK_HPP

#include <asioctx/config.hpp>
#include <asioctx/context.hpp>
#include <asioctx/dump.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>

namespace asioctx {
namespace detail {

class stuck_watch;

} // namespace detail

/// When report_stuck() reports, and how.
struct stuck_options
{
    /// How long an operation may take to end once it was asked to.
    duration first = std::chrono::seconds(2);

    /// How many rows a report has at most.
    std::size_t rows = 20;

    /// When to use colors.
    dump_options::coloring color = dump_options::coloring::on_terminals;
};

/// Prints which operations hold a program up, from a snapshot.
/**
 * Those that were asked to stop and have not ended: what they are, where they
 * were bound, for how long they were asked, what is known of them and what can
 * be done about it. What is alike is one row; the one that has been asked the
 * longest comes first.
 *
 * @param least Those that have been asked for less are left out, and if no
 * other is there, nothing is printed.
 *
 * @returns How many operations that is.
 */
ASIOCTX_DECL std::size_t print_stuck(
    std::ostream& os,
    context_snapshot const& s,
    duration least = duration::zero(),
    stuck_options const& o = {});

/// Goes on reporting until it is destroyed. Made by report_stuck().
/**
 * @par Thread Safety
 * @e Distinct @e objects: Safe.@n
 * @e Shared @e objects: Unsafe.
 */
class [[nodiscard("the destructor ends the reports: keep it")]] stuck_reporter
{
public:
    /// Reports nothing.
    stuck_reporter() noexcept = default;

    /// Takes over the reports of another.
    stuck_reporter(stuck_reporter &&) noexcept = default;

    /// Ends the reports as the destructor does, then takes over another's.
    ASIOCTX_DECL stuck_reporter& operator=(stuck_reporter&& other) noexcept;

    /// Ends the reports. Waits for one that is being written.
    ASIOCTX_DECL ~stuck_reporter();

private:
    friend ASIOCTX_DECL stuck_reporter report_stuck(
        context const&,
        std::function<void(std::string const&)>,
        stuck_options const&);

    explicit stuck_reporter(std::shared_ptr<detail::stuck_watch> w) noexcept;

    std::shared_ptr<detail::stuck_watch> watch_;
};

/// Reports what holds up a program that is to stop.
/**
 * If a context at or below @c ctx has been done for the time that @c o.first
 * says and an operation that is bound to it has not ended, prints what
 * print_stuck() does: then, after twice that time, four times, and so on; and
 * when the grace of a with_grace() that has begun is over. One more line says
 * that nothing is held up any more.
 *
 * It looks every @c o.first, which takes as long as snapshot(). It counts as no
 * work: @c run() returns as if it were not there.
 *
 * @param ctx The context to watch. background(ioc) is above all.
 *
 * @param os Where to print to.
 *
 * @par Object lifetimes
 * The reporter keeps the context. The stream outlives the reporter.
 *
 * @par Executor
 * It looks where the deadlines of the context's root pass: on the execution
 * context that the root was made from, or that background() was given for the
 * time. Give it one if your threads may all be blocked at once:
 * @code
 * asio::thread_pool time(1);
 * auto const root = asioctx::background(ioc, time);
 * auto const reporter = asioctx::report_stuck(root, std::clog);
 * @endcode
 *
 * @par Exceptions
 * @c std::logic_error if the context's root has no execution context. @c
 * std::bad_alloc.
 *
 * @par Thread Safety
 * Safe. The stream is written to by the thread that looks.
 *
 * @par Example
 * examples/21_what_holds_it_up.cpp
 */
ASIOCTX_DECL stuck_reporter
report_stuck(context const& ctx, std::ostream& os, stuck_options const& o = {});

/// The same with a function that is called with each report.
/**
 * For loggers. What it throws is ignored. It must not destroy the reporter.
 */
ASIOCTX_DECL stuck_reporter report_stuck(
    context const& ctx,
    std::function<void(std::string const&)> f,
    stuck_options const& o = {});

} // namespace asioctx

#endif
