//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_DISPATCHED_OP_HPP
#define ASIOCTX_DETAIL_DISPATCHED_OP_HPP

#include <asioctx/config.hpp>

#include <asioctx/detail/bound_op_base.hpp>
#include <asioctx/detail/executor_traits.hpp>
#include <asioctx/detail/reserved_memory.hpp>
#include <asioctx/detail/root.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/dispatch.hpp>

#include <cstddef>
#include <utility>

namespace asioctx::detail {

// A record that reaches its operation through an executor. Nothing in it
// depends on the handler, so that what a polymorphic executor needs, for each
// executor that it may hold, is compiled once, in the library.
class dispatched_op : public bound_op_base
{
public:
    // Memory for what is dispatched or posted. One thing is at a time.
    void* allocate(std::size_t size)
    {
        void* const p = memory_.try_allocate(size);
        return p ? p : ::operator new(size);
    }

    void deallocate(void* p, std::size_t) noexcept
    {
        if (!memory_.try_deallocate(p))
            ::operator delete(p);
    }

protected:
    using bound_op_base::bound_op_base;

    ~dispatched_op() = default;

    // Asks the operation to stop.
    struct request : owner_message<request, dispatched_op>
    {
        using owner_message<request, dispatched_op>::owner_message;

        static void arrived(dispatched_op& op) noexcept
        {
            if (dispatching() == &op)
                dispatching() = nullptr;
            op.ask_as_requested();
            op.request_done();
        }

        static void dropped(dispatched_op& op) noexcept
        {
            if (dispatching() == &op)
                arrived(op); // the executor had no memory for it
            else
                op.request_done();
        }
    };

    // Completes the operation.
    struct completion : owner_message<completion, dispatched_op>
    {
        using owner_message<completion, dispatched_op>::owner_message;

        static void arrived(dispatched_op& op)
        {
            op.complete_now();
        }

        static void dropped(dispatched_op& op) noexcept
        {
            op.drop_results();
        }
    };

    // For notify(): dispatches a request, or makes it at once if this thread
    // runs the operation's steps.
    template <class Executor>
    void notify_on(Executor const& ex) noexcept
    {
        // Then the execution context is not about to go either.
        if (runs_on(ex))
            return ask_here();

        gate_pass const pass(near_root(), ex);
        if (!pass)
            return release(); // it goes with its execution context
        // A copy: the operation may end while the request is dispatched. It
        // goes while its execution context is kept.
        auto const copy = ex;
        if (queue_request())
            dispatch(copy);
    }

    ASIOCTX_DECL void notify_on(asio::any_io_executor const& ex) noexcept;
    ASIOCTX_DECL void notify_on(
        asio::any_completion_executor const& ex) noexcept;

    template <class Executor>
    static bool runs_on(Executor const& ex) noexcept
    {
        if constexpr (requires { ex.running_in_this_thread(); })
            return ex.running_in_this_thread();
        else
            return false;
    }

    ASIOCTX_DECL static bool runs_on(asio::any_io_executor const& ex) noexcept;
    ASIOCTX_DECL static bool runs_on(
        asio::any_completion_executor const& ex) noexcept;

    // Takes a copy of the executor: the operation's may go meanwhile.
    template <class Executor, class Message>
    static void post_on(Executor ex, Message m) noexcept
    {
        try
        {
            post_to(ex, std::move(m));
        }
        catch (...)
        {
            // No memory. What cannot be posted is done at once.
            if (m.pending())
                m();
        }
    }

    ASIOCTX_DECL static void post_on(
        asio::any_io_executor ex, request m) noexcept;
    ASIOCTX_DECL static void post_on(
        asio::any_io_executor ex, completion m) noexcept;
    ASIOCTX_DECL static void post_on(
        asio::any_completion_executor ex, request m) noexcept;
    ASIOCTX_DECL static void post_on(
        asio::any_completion_executor ex, completion m) noexcept;

private:
    // Calls the handler with the results that were put off.
    virtual void complete_now() = 0;

    // Destroys those results and the handler, and gives up the record.
    virtual void drop_results() noexcept = 0;

    template <class Executor>
    void dispatch(Executor const& ex) noexcept
    {
        if constexpr (is_io_context_executor<Executor>)
        {
            asio::dispatch(ex, request(this));
        }
        else
        {
            // The executor may have to allocate, and fail. To ask from here is
            // better than not to ask.
            auto* const outer = std::exchange(dispatching(), this);
            try
            {
                asio::dispatch(ex, request(this));
            }
            catch (...)
            {
            }
            dispatching() = outer;
        }
    }

    message_memory memory_;
};

} // namespace asioctx::detail

#endif
