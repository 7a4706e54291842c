//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_BOUND_HANDLER_HPP
#define ASIOCTX_DETAIL_BOUND_HANDLER_HPP

#include <asioctx/config.hpp>
#include <asioctx/error.hpp>

#include <asioctx/detail/bound_op.hpp>
#include <asioctx/detail/executor_traits.hpp>
#include <asioctx/detail/op_results.hpp>
#include <asioctx/detail/op_slot.hpp>
#include <asioctx/detail/step_executor.hpp>
#include <asioctx/detail/thread_memory.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/associator.hpp>
#include <boost/asio/handler_continuation_hook.hpp>
#include <boost/asio/system_executor.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace asioctx::detail {

// A handler's allocator, if it has one.
template <class Handler>
struct own_allocator
{
    struct none
    {
    };

    using association = asio::associated_allocator<Handler>;
    using candidate = std::allocator<none>;

    // Not all of Asio's adapters tell it by a name.
    static constexpr bool has_value = !std::is_same_v<candidate,
        typename asio::associated_allocator<Handler, candidate>::type>;

    using type =
        std::conditional_t<has_value, typename association::type, none>;

    static type get([[maybe_unused]] Handler const& h) noexcept
    {
        if constexpr (has_value)
            return association::get(h);
        else
            return none();
    }
};

// What Asio sees as the operation's handler.
template <class Op>
class bound_handler
{
    using own = own_allocator<typename Op::handler_type>;

public:
    using cancellation_slot_type = op_slot;

    explicit bound_handler(Op* op) noexcept
        : op_(op), allocator_(own::get(op->handler()))
    {
    }

    bound_handler(bound_handler&& other) noexcept
        : op_(std::exchange(other.op_, nullptr)), allocator_(other.allocator_)
    {
    }

    ~bound_handler()
    {
        if (op_)
            op_->drop_handler();
    }

    cancellation_slot_type get_cancellation_slot() const noexcept
    {
        return op_slot(*op_);
    }

    Op& operation() const noexcept
    {
        return *op_;
    }

    template <class... Args>
    void operator()(Args&&... args)
    {
        std::exchange(op_, nullptr)->complete(std::forward<Args>(args)...);
    }

    // Also after it was moved from, and the record is gone: Asio gives memory
    // back through it if there was none for what goes into the slot.
    typename own::type const& get_own_allocator() const noexcept
    {
        return allocator_;
    }

    friend bool asio_handler_is_continuation(bound_handler* self)
    {
        using asio::asio_handler_is_continuation;
        return asio_handler_is_continuation(
            std::addressof(self->op_->handler()));
    }

private:
    Op* op_;
    ASIOCTX_NO_UNIQUE_ADDRESS typename own::type const allocator_;
};

// Stands for the executor of an I/O object that does not tell it.
struct unknown_executor
{
};

// What is associated with a handler, given the I/O object's executor.
template <class Handler, class Io>
using executor_association =
    asio::associated_executor<Handler,
        std::conditional_t<std::is_same_v<Io, unknown_executor>,
            asio::system_executor, Io>>;

// The I/O object's executor, and the handler's if it has one of its own.
template <class Handler, class Io>
class op_executors
{
    using association = executor_association<Handler, Io>;

    struct none
    {
    };

public:
    static constexpr bool has_io = !std::is_same_v<Io, unknown_executor>;
    static constexpr bool has_own = !requires {
        typename association::asio_associated_executor_is_unspecialised;
    };

private:
    using io_type = std::conditional_t<has_io, Io, asio::any_io_executor>;
    using own_type = std::conditional_t<has_own,
        std::decay_t<typename association::type>, none>;

    template <class Executor>
    struct work_type_of
    {
        using type = work_type<Executor>;
    };

    template <class Executor>
        requires(std::is_same_v<Executor, none>)
    struct work_type_of<Executor>
    {
        using type = none;
    };

public:
    op_executors(Handler const& h, Io const& io) noexcept
        : io_(io), own_(get_own(h, io))
    {
    }

    // Until leave_io().
    executor_ref io() const noexcept
    {
        if constexpr (has_io)
            return executor_ref(*io_);
        else
            return {};
    }

    void leave_io() noexcept
    {
        io_.reset();
    }

    executor_ref own() const noexcept
    {
        if constexpr (has_own)
            return executor_ref(own_);
        else
            return io();
    }

    // Whether the steps of an operation run on a given executor, and there alone.
    template <class Executor>
    bool has_steps_on(Executor const& ex) const noexcept
    {
        if constexpr (has_own)
            return same_executor(own_, ex);
        else if constexpr (has_io)
            return same_executor(*io_, ex);
        else
            return false;
    }

    // Whether both are one.
    bool same() const noexcept
    {
        if constexpr (!has_own)
            return has_io;
        else
            return same_executor(own_, *io_);
    }

    asio::execution_context* io_context() const noexcept
    {
        if constexpr (has_io)
            return mortal_context(*io_);
        else
            return nullptr;
    }

    // What counts as work of both, and of the root if neither is told.
    class work
    {
    public:
        void start(op_executors const& e, [[maybe_unused]] root* r)
        {
            if constexpr (has_io)
                io_.emplace(work_of(*e.io_));
            else
                io_.emplace(work_of(executor_of(r)));
            if constexpr (has_own)
                own_.emplace(work_of(e.own_));
        }

        void leave_io() noexcept
        {
            io_.reset();
        }

    private:
        std::optional<work_type<io_type>> io_;
        std::optional<typename work_type_of<own_type>::type> own_;
    };

private:
    template <class A, class B>
    static bool same_executor(A const& a, B const& b) noexcept
    {
        if constexpr (std::is_same_v<A, B>)
            return a == b;
        else
            return false;
    }

    static auto get_own(Handler const& h, Io const& io) noexcept
    {
        if constexpr (!has_own)
            return none();
        else if constexpr (has_io)
            return association::get(h, io);
        else
            return association::get(h);
    }

    std::optional<Io> io_;
    own_type const own_;
};

// The record, and in it the user's handler. ResultsSize is what the results take;
// SingleStep: it is known that the operation has but one step.
template <class Handler, class Io, std::size_t ResultsSize, bool SingleStep>
class bound_op_of final : public bound_op
{
    using allocator =
        typename std::allocator_traits<asio::associated_allocator_t<Handler,
            thread_allocator<void>>>::template rebind_alloc<bound_op_of>;

public:
    using handler_type = Handler;

    static constexpr bool is_single_step = SingleStep;

    template <class H>
    static bound_op_of* create(
        node_ptr&& ctx, request const& r, Io const& io, H&& handler)
    {
        allocator a(asio::get_associated_allocator(
            handler, thread_allocator<void>()));
        auto* const p = std::allocator_traits<allocator>::allocate(a, 1);
        try
        {
            return ::new (static_cast<void*>(p)) bound_op_of(
                a, std::move(ctx), r, io, std::forward<H>(handler));
        }
        catch (...)
        {
            std::allocator_traits<allocator>::deallocate(a, p, 1);
            throw;
        }
    }

    // Passes on what the handler's own slot is asked.
    void connect_upstream()
    {
        upstream_.connect(slot_of(handler_), *this);
        if (upstream_.is_connected())
            has_upstream();
    }

    // For the slot.
    void asked_by_slot(asio::cancellation_type_t type) noexcept
    {
        ask_upstream(type, is_bound_twice());
    }

    Handler& handler() noexcept
    {
        return handler_;
    }

    // The same for a coroutine that is bound twice: the outer one comes first, as
    // it is asked first.
    error_code begin() noexcept
    {
        if constexpr (requires { handler_.operation().begin(); })
            if (auto const why = handler_.operation().begin())
                return why;
        return bound_op::begin();
    }

    template <class Executor>
    bool has_steps_on(Executor const& ex) const noexcept
    {
        return executors_.has_steps_on(ex);
    }

    // Posts the completion of an operation that is not started, as the context
    // is done.
    template <class NotStarted>
    void complete_not_started()
    {
        try
        {
            std::apply([this]<class... Args>(Args&&... args)
                { this->store(std::forward<Args>(args)...); },
                NotStarted::make(context_error()));
        }
        catch (...)
        {
            destroy();
            throw;
        }
        complete_later();
    }

    template <class... Args>
    void complete(Args&&... args)
    {
        // Bound twice, the slot is another record's, whose turn another thread
        // may have that waits for this one's.
        if (upstream_.is_connected() && !is_asked_here())
            upstream_.clear(handler_);
        if (end()) [[likely]]
            return call_handler(std::forward<Args>(args)...);
        try
        {
            store(std::forward<Args>(args)...);
        }
        catch (...)
        {
            // As if the handler had thrown: but it was not called.
            drop_handler();
            throw;
        }
        if (!put_off())
            results_.take(this);
    }

    // The operation goes without calling its handler. The record may stay for a
    // while, if somebody is at work on it.
    void drop_handler() noexcept
    {
        disconnect_upstream();
        bool const mine = end() || !put_off_abandoned();
        [[maybe_unused]] Handler const dying(std::move(handler_));
        if (mine)
            destroy();
    }

    // The record is the caller's.
    template <class... Args>
    void call_handler(Args&&... args)
    {
        if constexpr (sizeof...(Args) == 0)
            call_unmapped();
        else
            call_mapped(std::forward<Args>(args)...);
    }

private:
    // Its handler's slot is that of another record.
    static constexpr bool is_bound_twice() noexcept
    {
        return std::is_same_v<decltype(slot_of(std::declval<Handler&>())),
            op_slot>;
    }

    template <class H>
    bound_op_of(allocator const& a, node_ptr&& ctx,
        request const& r, Io const& io, H&& handler)
        : bound_op(std::move(ctx), r),
          allocator_(a),
          handler_(std::forward<H>(handler)),
          executors_(handler_, io)
    {
        // Before the operation is started, so that a request finds it.
        if (executors_.same())
            set_executor(executors_.io_context());
        else
            set_executors(executors_.io(), executors_.own());
    }

    // run() must not return before the completion is posted.
    template <class... Args>
    void store(Args&&... args)
    {
        work_.start(executors_, near_root());
        results_.store(std::forward<Args>(args)...);
    }

    template <class... Args>
    void call_unmapped(Args&&... args)
    {
        auto handler = take_handler();
        destroy();
        std::move(handler)(std::forward<Args>(args)...);
    }

    // If moving it throws, it goes with the record.
    Handler take_handler()
    {
        try
        {
            return std::move(handler_);
        }
        catch (...)
        {
            destroy();
            throw;
        }
    }

    template <class First, class... Rest>
    void call_mapped(First&& first, Rest&&... rest)
    {
        using type = std::remove_cvref_t<First>;
        if constexpr (boost::system::is_error_code_enum<type>::value)
        {
            call_mapped(error_code(first), std::forward<Rest>(rest)...);
        }
        else if constexpr (is_error<type>)
        {
            call_unmapped(map(first), std::forward<Rest>(rest)...);
        }
        else if constexpr (is_error_tuple<type>)
        {
            type results(copied<type>(std::forward<First>(first)));
            std::get<0>(results) = map(std::get<0>(results));
            call_unmapped(std::move(results), std::forward<Rest>(rest)...);
        }
        else
        {
            call_unmapped(
                std::forward<First>(first), std::forward<Rest>(rest)...);
        }
    }

    // If it throws, the handler goes, as if it had thrown.
    template <class Result, class Arg>
    Result copied(Arg&& arg)
    {
        try
        {
            return Result(std::forward<Arg>(arg));
        }
        catch (...)
        {
            [[maybe_unused]] auto const dying = take_handler();
            destroy();
            throw;
        }
    }

    // The handler goes without being called. Its slot may be gone by now, and is
    // not touched; but that of another record is there, and may be called.
    void disconnect_upstream() noexcept
    {
        if (is_bound_twice() && upstream_.is_connected() && !is_asked_here())
            upstream_.clear(handler_);
        else
            upstream_.leave();
    }

    executor_ref io_executor() const noexcept override
    {
        return executors_.io();
    }

    executor_ref own_executor() const noexcept override
    {
        return executors_.own();
    }

    void leave_io() noexcept override
    {
        work_.leave_io();
        executors_.leave_io();
    }

    void complete_now() override
    {
        upstream_.clear(handler_);
        results_.take(this);
    }

    void drop_results() noexcept override
    {
        disconnect_upstream();
        results_.take(nullptr);
        [[maybe_unused]] Handler const dying(std::move(handler_));
        destroy();
    }

    // For a handler that wants to know.
    void asked() noexcept override
    {
        if constexpr (requires { handler_.asked(); })
            handler_.asked();
    }

    void destroy() noexcept override
    {
        this->leave_list();
        allocator a(allocator_);
        this->~bound_op_of();
        std::allocator_traits<allocator>::deallocate(a, this, 1);
    }

    ASIOCTX_NO_UNIQUE_ADDRESS allocator allocator_;
    slot_link<bound_op_of> upstream_;
    Handler handler_;
    op_executors<Handler, Io> executors_;
    typename op_executors<Handler, Io>::work work_;
    op_results<bound_op_of, ResultsSize> results_;
};

} // namespace asioctx::detail

// What is associated with the user's handler is associated with the operation,
// but for the slot and the executor, on which steps take turns. The allocator
// outlives the operation.
template <template <class, class> class Associator, class Op,
    class DefaultCandidate>
struct boost::asio::associator<Associator, asioctx::detail::bound_handler<Op>,
    DefaultCandidate> : Associator<typename Op::handler_type, DefaultCandidate>
{
    using base = Associator<typename Op::handler_type, DefaultCandidate>;

    static typename base::type get(
        asioctx::detail::bound_handler<Op> const& h) noexcept
    {
        return base::get(h.operation().handler());
    }

    static auto get(asioctx::detail::bound_handler<Op> const& h,
        DefaultCandidate const& c) noexcept
        -> decltype(base::get(h.operation().handler(), c))
    {
        return base::get(h.operation().handler(), c);
    }
};

template <class Op, class Candidate>
struct boost::asio::associated_allocator<asioctx::detail::bound_handler<Op>,
    Candidate> : associated_allocator<typename Op::handler_type, Candidate>
{
    using type = typename associated_allocator<typename Op::handler_type,
        Candidate>::type;

    static type get(asioctx::detail::bound_handler<Op> const& h) noexcept
    {
        if constexpr (own::has_value)
            return h.get_own_allocator();
        else
            return type();
    }

    static type get(asioctx::detail::bound_handler<Op> const& h,
        [[maybe_unused]] Candidate const& c) noexcept
    {
        if constexpr (own::has_value)
            return h.get_own_allocator();
        else
            return c;
    }

private:
    using own = asioctx::detail::own_allocator<typename Op::handler_type>;
};

// That of an operation of one step is as the associator has it.
template <class Op, class Candidate>
    requires(!Op::is_single_step)
struct boost::asio::associated_executor<asioctx::detail::bound_handler<Op>,
    Candidate>
{
    using base = associated_executor<typename Op::handler_type, Candidate>;
    using reported = asioctx::detail::reported_executor<
        std::decay_t<typename base::type>>;
    using type = typename reported::type;

    static type get(asioctx::detail::bound_handler<Op> const& h) noexcept
    {
        return report(h.operation(), base::get(h.operation().handler()));
    }

    static type get(asioctx::detail::bound_handler<Op> const& h,
        Candidate const& c) noexcept
    {
        return report(h.operation(), base::get(h.operation().handler(), c));
    }

private:
    // What is not known to be an operation of one step may be. It needs no turns:
    // what it calls last is the handler. One of several has put something into its
    // slot before it asks for the executor, to start its first step with.
    template <class Executor>
    static type report(Op& op, Executor const& ex) noexcept
    {
        if (op.has_cancel_handler())
            return reported::of_steps(op, ex, op.has_steps_on(ex));
        return reported::of_one_step(ex);
    }
};

#endif
