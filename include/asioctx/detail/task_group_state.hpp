//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_TASK_GROUP_STATE_HPP
#define ASIOCTX_DETAIL_TASK_GROUP_STATE_HPP

#include <asioctx/after_func.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/config.hpp>
#include <asioctx/context.hpp>
#include <asioctx/task_group_report.hpp>

#include <asioctx/detail/group_task.hpp>
#include <asioctx/detail/intrusive_list.hpp>
#include <asioctx/detail/sync.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace asioctx::detail {

// What the handle and the tasks of a group share.
//
// The mutex guards all that changes. No user code runs under it: functions are
// started and destroyed, and errors are examined, without.
class task_group_state : public std::enable_shared_from_this<task_group_state>
{
public:
    ASIOCTX_DECL task_group_state(
        asio::any_io_executor ex,
        bool serializes,
        context const& parent,
        std::size_t limit,
        on_error policy,
        source_location at);

    // Nothing runs any more: whoever does has a reference.
    ASIOCTX_DECL ~task_group_state();

    // Calls stop() when the group is done, or the execution context shuts
    // down. Called once, before the group is shared.
    ASIOCTX_DECL void watch();

    // Drops the queue. If close is true, nothing is started any more.
    ASIOCTX_DECL void stop(bool close) noexcept;

    // What is taken for a task beforehand: then nothing can fail any more.
    enum class place : unsigned char
    {
        none,
        queue, // as there is no room, or tasks are queued for it, or the group
               // is done
        room,
    };

    ASIOCTX_DECL place reserve(bool may_queue);

    // Gives it back.
    ASIOCTX_DECL void unreserve(place p) noexcept;

    // Starts a task that there is room for.
    ASIOCTX_DECL void start_reserved(std::unique_ptr<group_task> t) noexcept;

    // Starts a task that has its place as soon as there is room, or drops it if
    // the group is done: then false.
    ASIOCTX_DECL bool enqueue(std::unique_ptr<group_task> t) noexcept;

    // Takes the task with this admission off the queue and destroys it. False
    // if it is not in the queue.
    ASIOCTX_DECL bool withdraw(context const& admission) noexcept;

    // A task has ended, with an error unless it is null.
    ASIOCTX_DECL void end(group_task& t, std::exception_ptr e) noexcept;

    // The handler of a task is destroyed without having been called: an
    // exception leaves run(), an execution context goes, or the operation has
    // dropped it.
    ASIOCTX_DECL void abandon(group_task& t) noexcept;

    // Cancels the group, unless it is done: then false.
    ASIOCTX_DECL bool cancel_here() noexcept;

    // The owner is about to cancel the group, without a cause.
    ASIOCTX_DECL void note_cancel() noexcept;

    // The coroutine has ended that has spawned the tasks: with an exception
    // unless that is null, and it was itself asked to stop or not. Its failure
    // counts as a task's, but cancels the group whatever the policy.
    ASIOCTX_DECL void end_body(
        std::exception_ptr const& e, bool asked, source_location at) noexcept;

    ASIOCTX_DECL void on_failure(
        std::function<void(task_group_report::failure const&)> f);

    // A context that can be waited on, its executor being the group's root's.
    ASIOCTX_DECL cancelable make_signal() const;

    // A context that is done when all tasks have ended.
    ASIOCTX_DECL context drained();

    // What joining the group results in, for one who has ended it or not.
    ASIOCTX_DECL std::exception_ptr result(bool has_ended_it) const;

    ASIOCTX_DECL task_group_report report() const;

    asio::any_io_executor const& executor() const noexcept
    {
        return executor_;
    }

    context const& ctx() const noexcept
    {
        return group_.ctx;
    }

    cancel_source const& source() const noexcept
    {
        return group_.cancel;
    }

private:
    using task_list = intrusive_list<group_task, task_tag>;

    time_point now() const noexcept;
    void show_queued(group_task& t) noexcept;
    void hide_queued(group_task& t) noexcept;
    void make_room_for_failure();
    void note_stop() noexcept;
    void pump() noexcept;
    void pump_later() noexcept;
    void launch(group_task& t) noexcept;
    asio::any_io_executor take_strand();
    void keep_strand(asio::any_io_executor strand) noexcept;
    void drop(task_list& tasks) noexcept;
    void fail(std::exception_ptr e, source_location at) noexcept;
    asio::any_io_executor finish(group_task& t, std::size_t* count) noexcept;
    void leave() noexcept;

    asio::any_io_executor const executor_;
    bool const serializes_; // or each task gets a strand
    std::size_t const limit_;
    on_error const policy_;
    cancelable const group_;
    context const root_;

    mutable mutex mutex_;

    // What joining waits for: tasks, and threads that are about to touch them.
    std::size_t busy_ = 0;

    std::size_t running_ = 0; // and reserved
    mutable task_list started_;
    mutable task_list queue_;

    bool pumping_ = false; // a thread starts what is queued
    bool closed_ = false;  // the group's execution context is gone

    std::size_t finished_ = 0;
    std::size_t failed_ = 0;
    std::size_t aborted_ = 0;
    std::size_t not_started_ = 0; // of those aborted
    std::size_t alone_ = 0;       // the same, while the group was live
    std::vector<task_group_report::failure> failures_;

    // Shared, so that it is not copied, and called, under the mutex.
    std::shared_ptr<
        std::function<void(task_group_report::failure const&)> const>
        on_failure_;

    bool ended_by_owner_ = false; // by task_group::cancel()
    bool body_succeeded_ = false; // what has spawned the tasks
    bool stopped_ = false;
    time_point stopped_at_;
    time_point drained_at_;

    // Strands of tasks that have ended. They must not outlive the execution
    // context.
    std::vector<asio::any_io_executor> strands_;

    cancelable drained_; // has a right to cancel if somebody waits

    after_func_registration watch_;
};

// Gives the place back that was taken for a task, unless it is used.
class reserved_place
{
    using place = task_group_state::place;

public:
    reserved_place(task_group_state& s, bool may_queue)
        : state_(s), place_(s.reserve(may_queue))
    {
    }

    reserved_place(reserved_place const&) = delete;
    reserved_place& operator=(reserved_place const&) = delete;

    ~reserved_place()
    {
        if (place_ != place::none)
            state_.unreserve(place_);
    }

    bool has_room() const noexcept
    {
        return place_ == place::room;
    }

    // False if the task was dropped, as the group is done.
    bool use(std::unique_ptr<group_task> t) noexcept
    {
        if (std::exchange(place_, place::none) != place::room)
            return state_.enqueue(std::move(t));
        state_.start_reserved(std::move(t));
        return true;
    }

private:
    task_group_state& state_;
    place place_;
};

} // namespace asioctx::detail

#endif
