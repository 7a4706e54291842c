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
#include <asioctx/detail/sync.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/dispatch.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace asioctx::detail {

// A record that reaches its operation through an executor. Nothing in it
// depends on the handler, so that what a polymorphic executor needs, for each
// executor that it may hold, is compiled once, in the library.
class dispatched_op : public bound_op_base
{
public:
    // Memory for what is dispatched or posted. One thing is at a time, but a
    // strand makes two of it, and the second may be freed when the operation has
    // gone with its execution context: each holds the record's memory.
    void* allocate(std::size_t size)
    {
        void* p = memory_.try_allocate(size);
        if (!p)
            p = ::operator new(size);
        memory_holds_.fetch_add(1, std::memory_order_relaxed);
        return p;
    }

    void deallocate(void* p, std::size_t) noexcept
    {
        if (!memory_.try_deallocate(p))
            ::operator delete(p);
        if (memory_holds_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            free_memory();
    }

protected:
    using bound_op_base::bound_op_base;

    ~dispatched_op() = default;

    // Gives up the record's hold on its memory. True if that was the last.
    bool let_go_of_memory() noexcept
    {
        return memory_holds_.load(std::memory_order_acquire) == 1
            || memory_holds_.fetch_sub(1, std::memory_order_acq_rel) == 1;
    }

    // Asks the operation to stop.
    struct request : owner_message<request, dispatched_op>
    {
        using owner_message<request, dispatched_op>::owner_message;

        static void arrived(dispatched_op& op) noexcept
        {
            if (dispatching().op == &op)
                dispatching().op = nullptr;
            op.ask_as_requested();
            op.request_done();
        }

        static void dropped(dispatched_op& op) noexcept
        {
            if (dispatching().op == &op)
                dispatching() = {nullptr, true};
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
            auto const outer =
                std::exchange(dispatching(), dispatched_request{this});
            bool failed = false;
            try
            {
                asio::dispatch(ex, request(this));
            }
            catch (...)
            {
                failed = true;
            }
            bool const dropped =
                std::exchange(dispatching(), outer).dropped;
            if (!dropped)
                return;
            // The executor may have to allocate, and fail. To ask from here is
            // better than not to ask. If it did not fail, the executor's
            // execution context is about to go, and the operation with it.
            if (failed)
                ask_as_requested();
            request_done();
        }
    }

    // Frees the record's memory.
    virtual void free_memory() noexcept = 0;

    message_memory memory_;

    // By the record, and by each block of it.
    atomic<std::uint32_t> memory_holds_{1};
};

} // namespace asioctx::detail

#endif
