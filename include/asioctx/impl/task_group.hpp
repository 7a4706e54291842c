//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_IMPL_TASK_GROUP_HPP
#define ASIOCTX_IMPL_TASK_GROUP_HPP

#include <asioctx/task_group.hpp>

#include <asioctx/cancel.hpp>

#include <asioctx/detail/executor_target.hpp>
#include <asioctx/detail/group_task.hpp>
#include <asioctx/detail/group_wait.hpp>
#include <asioctx/detail/task_group_state.hpp>
#include <asioctx/detail/task_handler.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

namespace asioctx {
namespace detail {

struct task_group_access
{
    static task_group_state& get(task_group const& g) noexcept
    {
        return *g.state_;
    }
};

template <class Where>
asio::any_io_executor executor_for_tasks(Where& where)
{
    if constexpr (std::convertible_to<Where&, asio::any_io_executor>)
        return where;
    else
        return where.get_executor();
}

class initiate_on_group
{
public:
    using executor_type = asio::any_io_executor;

    explicit initiate_on_group(std::shared_ptr<task_group_state> s) noexcept
        : state_(std::move(s))
    {
    }

    executor_type get_executor() const noexcept
    {
        return state_->executor();
    }

protected:
    std::shared_ptr<task_group_state> state_;
};

class initiate_async_join : public initiate_on_group
{
public:
    using initiate_on_group::initiate_on_group;

    template <class Handler>
    void operator()(Handler&& handler, source_location at) const
    {
        using type = std::decay_t<Handler>;
        join_wait w{state_};
        auto slot = slot_of_join(handler);
        if (slot.is_connected())
            w.canceler = &slot.template emplace<join_canceler>(state_);
        try
        {
            // The wait itself is not canceled.
            state_->drained().async_wait(asio::bind_cancellation_slot(
                asio::cancellation_slot(),
                group_wait_handler<type, join_wait>(
                    type(std::forward<Handler>(handler)), std::move(w))), at);
        }
        catch (...)
        {
            if (slot.is_connected())
                slot.clear();
            throw;
        }
    }
};

class initiate_async_spawn : public initiate_on_group
{
public:
    using initiate_on_group::initiate_on_group;

    // The handler waits first, and all that can fail is done by then: what is
    // handed to a strand without memory is stuck there, and the strand with it.
    template <class Handler, class F>
    void operator()(Handler&& handler, F&& f, source_location at) const
    {
        auto signal = state_->make_signal();
        if (state_->ctx().done())
        {
            wait(std::forward<Handler>(handler), signal.ctx, at);
            signal.cancel.cancel(state_->ctx().error());
            return;
        }
        auto t = make_group_task(std::forward<F>(f), at);
        reserved_place place(*state_, true);
        wait(std::forward<Handler>(handler), signal.ctx, at);
        // It cancels when it is destroyed.
        if (!place.has_room())
            t->admission = std::move(signal);
        place.use(std::move(t));
    }

private:
    template <class Handler>
    void wait(Handler&& handler, context const& admission,
        source_location at) const
    {
        using type = std::decay_t<Handler>;
        admission.async_wait(group_wait_handler<type, admission_wait>(
            type(std::forward<Handler>(handler)),
            admission_wait{state_, admission}), at);
    }
};

} // namespace detail

template <class Where>
    requires detail::runs_tasks<Where>
task_group::task_group(Where&& where, context const& parent,
    std::size_t limit, on_error policy, source_location at)
    : task_group(detail::executor_for_tasks(where),
          detail::is_strand<std::decay_t<Where>>
              || detail::is_serializing(detail::executor_for_tasks(where)),
          parent, limit, policy, at)
{
}

template <class Where>
    requires detail::runs_tasks<Where>
task_group::task_group(Where&& where, context const& parent, on_error policy,
    source_location at)
    : task_group(std::forward<Where>(where), parent, unlimited, policy, at)
{
}

template <class F>
bool task_group::spawn(F&& f, source_location at)
{
    auto t = detail::make_group_task(std::forward<F>(f), at);
    detail::reserved_place place(*state_, true);
    return place.use(std::move(t));
}

template <class F>
bool task_group::try_spawn(F&& f, source_location at)
{
    detail::reserved_place place(*state_, false);
    return place.has_room()
        && place.use(detail::make_group_task(std::forward<F>(f), at));
}

template <class F, asio::completion_token_for<void(error_code)> Token>
auto task_group::async_spawn(F&& f, Token&& token, source_location at)
{
    return asio::async_initiate<Token, void(error_code)>(
        detail::initiate_async_spawn(state_), token, std::forward<F>(f), at);
}

template <asio::completion_token_for<void(std::exception_ptr)> Token>
auto task_group::async_join(Token&& token, source_location at)
{
    return asio::async_initiate<Token, void(std::exception_ptr)>(
        detail::initiate_async_join(state_), token, at);
}

} // namespace asioctx

#endif
