//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_EXECUTOR_REF_HPP
#define ASIOCTX_DETAIL_EXECUTOR_REF_HPP

#include <asioctx/config.hpp>

#include <asioctx/detail/executor_traits.hpp>
#include <asioctx/detail/op_message.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/query.hpp>

#include <utility>

namespace asioctx::detail {

// Refers to an executor of any type, and does with it what delivery needs. What a
// usual polymorphic executor holds is referred to, not the executor itself, which
// does not pass the message's allocator on, and so allocates.
class executor_ref
{
public:
    // To none.
    executor_ref() = default;

    template <class Executor>
    explicit executor_ref(Executor const& ex) noexcept
    {
        if constexpr (is_polymorphic_executor<Executor>)
            refer_to_target(ex);
        else
            refer_to(ex);
    }

    explicit operator bool() const noexcept
    {
        return functions_ != nullptr;
    }

    // Whether it can tell if a thread runs its functions. One that cannot is
    // taken to run them wherever it is called, as that of use_future does.
    bool placed() const noexcept
    {
        return functions_ && functions_->runs_here;
    }

    bool can_post() const noexcept
    {
        return functions_ && functions_->can_post;
    }

    bool strand() const noexcept
    {
        return functions_->strand;
    }

    bool runs_here() const noexcept
    {
        return placed() && functions_->runs_here(executor_);
    }

    // The execution context; null if that is the system's, or not known. To ask
    // an executor that wraps the system's may start threads: ask one that is
    // placed, or an I/O object's.
    asio::execution_context* context() const noexcept
    {
        return functions_->context(executor_);
    }

    // What these throw, the executor does. It may go once the message departs.
    void dispatch(op_message&& m) const
    {
        functions_->dispatch(executor_, std::move(m));
    }

    void post(op_message&& m) const
    {
        functions_->post(executor_, std::move(m));
    }

private:
    struct functions
    {
        bool can_post;
        bool strand;
        bool (*runs_here)(void const*); // null if it cannot tell
        asio::execution_context* (*context)(void const*);
        void (*dispatch)(void const*, op_message&&);
        void (*post)(void const*, op_message&&);
    };

    template <class Executor>
    void refer_to(Executor const& ex) noexcept
    {
        executor_ = &ex;
        functions_ = &functions_of<Executor>;
    }

    // In the library: it takes long to compile. To the executor itself, if what it
    // holds is not a usual one.
    template <class Polymorphic>
    void refer_to_target(Polymorphic const& ex) noexcept;

    template <class Executor>
    static bool runs(void const* ex)
    {
        return static_cast<Executor const*>(ex)->running_in_this_thread();
    }

    template <class Executor>
    static constexpr auto runs_function() -> bool (*)(void const*)
    {
        if constexpr (is_placed<Executor>)
            return &runs<Executor>;
        else
            return nullptr;
    }

    template <class Executor>
    static constexpr functions functions_of = {
        detail::can_post<Executor>,
        is_strand<Executor>,
        runs_function<Executor>(),
        [](void const* ex)
        { return mortal_context(*static_cast<Executor const*>(ex)); },
        [](void const* ex, op_message&& m)
        {
            auto const copy = *static_cast<Executor const*>(ex);
            [[maybe_unused]] auto const work = work_while_handing(copy);
            if (m.depart())
                asio::dispatch(copy, std::move(m));
        },
        [](void const* ex, op_message&& m)
        {
            auto const copy = *static_cast<Executor const*>(ex);
            [[maybe_unused]] auto const work = work_while_handing(copy);
            if (m.depart())
                post_to(copy, std::move(m));
        },
    };

    void const* executor_ = nullptr;
    functions const* functions_ = nullptr;
};

extern template ASIOCTX_DECL void executor_ref::refer_to_target(
    asio::any_io_executor const& ex) noexcept;
extern template ASIOCTX_DECL void executor_ref::refer_to_target(
    asio::any_completion_executor const& ex) noexcept;

} // namespace asioctx::detail

#endif
