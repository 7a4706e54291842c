//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_GROUP_TASK_HPP
#define ASIOCTX_DETAIL_GROUP_TASK_HPP

#include <asioctx/cancel.hpp>
#include <asioctx/config.hpp>

#include <asioctx/detail/coarse_clock.hpp>
#include <asioctx/detail/hook.hpp>
#include <asioctx/detail/intrusive_list.hpp>

#include <boost/asio/any_io_executor.hpp>

namespace asioctx::detail {

struct task_tag;
class task_handler;

// A task, from the time it is spawned until it has ended.
class group_task : public list_link<task_tag>
{
public:
    explicit group_task(source_location where) noexcept : at(where)
    {
    }

    // Shows a queued task to whoever looks at the group's context.
    struct queued_task final : hook
    {
        explicit queued_task(group_task const& t) noexcept : task(t)
        {
        }

        notice claim() noexcept override
        {
            return {};
        }

        void tell(hook_info& i) const noexcept override
        {
            i.name = "task";
            i.at = task.at;
            i.since = coarse(duration(task.since.time_since_epoch()).count());
            i.state = operation_state::queued;
        }

        group_task const& task;
    };

    virtual ~group_task() = default;

    // Starts what the task is to do. Called once. The task may be gone by the
    // time this returns.
    virtual void start(task_handler handler) = 0;

    source_location const at;
    time_point since; // spawned, or started
    queued_task shown{*this};

    // A strand of the task's own. Empty if it has none, or is queued.
    asio::any_io_executor strand;

    // Tells the one who waits for the task's start; empty if nobody does.
    cancelable admission;
};

} // namespace asioctx::detail

#endif
