//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TASK_GROUP_REPORT_HPP
#define ASIOCTX_TASK_GROUP_REPORT_HPP

#include <asioctx/config.hpp>

#include <cstddef>
#include <exception>
#include <vector>

namespace asioctx {

/// What a task_group does when one of its tasks fails.
/**
 * All but @c ignore keep every failure, before and after the group's end, in
 * task_group::report().
 */
enum class on_error
{
    /// Cancels the group, the first failure being the cause.
    cancel,

    /// Lets the other tasks go on.
    collect,

    /// Lets the other tasks go on, and counts failures only. For groups that
    /// live long; task_group::on_failure() tells of each.
    ignore,

    /// Lets the other tasks go on until one succeeds, which cancels the group:
    /// the first success ends the rest.
    until_success,
};

/// What has become of the tasks of a task_group.
struct task_group_report
{
    /// A task that has not ended.
    struct pending_task
    {
        /// Where it was spawned.
        source_location at;

        /// How long it has been running, or waiting to be started.
        duration age;

        /// Whether it has not been started.
        bool queued;
    };

    /// A task that has failed.
    struct failure
    {
        /// What it failed with.
        std::exception_ptr exception;

        /// Where it was spawned.
        source_location at;
    };

    /// The number of tasks that have succeeded.
    std::size_t finished = 0;

    /// The number of tasks that have failed.
    std::size_t failed = 0;

    /// The number of tasks that have neither succeeded nor failed, but were
    /// asked to stop, were not started, or have gone without having ended.
    std::size_t aborted = 0;

    /// How many of those that were aborted were not started, as the group was
    /// done.
    std::size_t not_started = 0;

    /// The time from the group's end to that of the last task, or until now.
    duration stopping{};

    /// The tasks that run, then those that wait to be started.
    std::vector<pending_task> pending;

    /// The failures in their order; with on_error::ignore, none.
    std::vector<failure> failures;
};

} // namespace asioctx

#endif
