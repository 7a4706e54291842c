//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_ATTEMPT_OP_HPP
#define ASIOCTX_DETAIL_ATTEMPT_OP_HPP

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/cause_key.hpp>
#include <asioctx/config.hpp>
#include <asioctx/context.hpp>

#include <asioctx/detail/executor_traits.hpp>
#include <asioctx/detail/initiate_bound.hpp>
#include <asioctx/detail/op_results.hpp>
#include <asioctx/detail/op_slot.hpp>
#include <asioctx/detail/root.hpp>
#include <asioctx/detail/sync.hpp>
#include <asioctx/detail/thread_memory.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>

#include <concepts>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace asioctx::detail {

// An attempt, by what the function returns that makes it: an asynchronous
// operation that is yet to be started, or a coroutine.
template <class T>
struct attempt_traits
{
    using signature = void;
};

template <class T>
    requires asio::is_async_operation<T>::value && requires
    {
        typename asio::completion_signature_of_t<T>;
    }
struct attempt_traits<T>
{
    using signature = asio::completion_signature_of_t<T>;
    static constexpr bool is_coroutine = false;
};

template <class T>
struct attempt_traits<asio::awaitable<T>>
{
    using signature = void(std::exception_ptr, T);
    using value_type = T;
    static constexpr bool is_coroutine = true;
};

template <>
struct attempt_traits<asio::awaitable<void>>
{
    using signature = void(std::exception_ptr);
    using value_type = void;
    static constexpr bool is_coroutine = true;
};

// The results of an attempt; void if they do not begin with an error, or are
// not to be had without an attempt.
template <class Signature>
struct attempt_results
{
    using results = void;
};

template <class R, class First, class... Rest>
    requires is_error<std::decay_t<First>>
struct attempt_results<R(First, Rest...)> : not_started<R(First, Rest...)>
{
};

template <class Operation>
using attempt_of = attempt_traits<std::invoke_result_t<Operation&, context>>;

template <class Operation>
using attempt_results_of = typename attempt_results<
    typename attempt_of<Operation>::signature>::results;

template <class Operation>
concept makes_attempts = std::invocable<Operation&, context> && !std::is_void_v<
    attempt_results_of<Operation>>;

// The signature of an operation that consists of attempts. If it has none, that
// is for a static_assert to say.
template <class Operation>
struct attempts_signature
{
    using type = void(error_code);
};

template <makes_attempts Operation>
struct attempts_signature<Operation>
{
    using type = typename attempt_of<Operation>::signature;
};

template <class Operation>
using attempts_signature_t =
    typename attempts_signature<std::decay_t<Operation>>::type;

// The cause of a context that the handler's cancellation slot has ended.
inline constexpr cause_key asked_by_slot{
    "The operation was canceled", 0x9d3b5a1c70e2f846};

// The code of an error, if it has one.
inline error_code attempt_error(error_code const& ec) noexcept
{
    return ec;
}

ASIOCTX_DECL error_code attempt_error(std::exception_ptr const& e) noexcept;

// The same for what was thrown where an attempt was to be started. If there is
// no code for it, it is thrown again.
ASIOCTX_DECL error_code error_of_start(std::exception_ptr const& e);

inline bool has_failed(error_code const& ec) noexcept
{
    return static_cast<bool>(ec);
}

inline bool has_failed(std::exception_ptr const& e) noexcept
{
    return e != nullptr;
}

// Whether an attempt has ended as its context has asked it to.
template <class Error>
bool was_cut_off(context const& ctx, Error const& e) noexcept
{
    return ctx.done() && attempt_error(e) == ctx.error();
}

// A serializing executor for coroutines: this one, or a strand of it.
ASIOCTX_DECL asio::any_io_executor serialized(asio::any_io_executor ex);

// Runs a coroutine as a whole. It leaves it to co_spawn() to end in peace, see
// run_task().
template <class T, class Operation>
asio::awaitable<T> run_attempt(Operation& operation, context ctx)
{
    std::optional<std::conditional_t<std::is_void_v<T>, char, T>> result;
    std::exception_ptr e;
    try
    {
        if constexpr (std::is_void_v<T>)
            co_await operation(ctx);
        else
            result.emplace(co_await operation(ctx));
    }
    catch (...)
    {
        e = std::current_exception();
    }
    co_await asio::this_coro::throw_if_cancelled(false);
    if (e)
        std::rethrow_exception(e);
    if constexpr (!std::is_void_v<T>)
        co_return std::move(*result);
}

// A part in an operation: what the operation waits for, and who starts that,
// have one each. It is left, or else the operation is abandoned.
template <class Op>
class op_part
{
public:
    using executor_type = typename Op::step_executor_type;
    using allocator_type = typename Op::part_allocator_type;

    explicit op_part(Op& op)
        : op_(&op), executor_(op.step_executor()),
          allocator_(op.part_allocator())
    {
        op.add_part();
    }

    op_part(op_part&& other) noexcept
        : op_(std::exchange(other.op_, nullptr)), executor_(other.executor_),
          allocator_(other.allocator_)
    {
    }

    ~op_part()
    {
        if (op_)
            op_->abandon();
    }

    executor_type get_executor() const noexcept
    {
        return executor_;
    }

    allocator_type get_allocator() const noexcept
    {
        return allocator_;
    }

protected:
    Op& op() const noexcept
    {
        return *op_;
    }

    void leave()
    {
        std::exchange(op_, nullptr)->leave();
    }

private:
    Op* op_;
    executor_type executor_;
    ASIOCTX_NO_UNIQUE_ADDRESS allocator_type allocator_;
};

// The handler of an attempt.
template <class Op>
class attempt_handler : public op_part<Op>
{
public:
    attempt_handler(Op& op, int number) : op_part<Op>(op), number_(number)
    {
    }

    template <class... Results>
    void operator()(Results&&... results)
    {
        this->op().attempt_ended(number_, std::forward<Results>(results)...);
        this->leave();
    }

private:
    int number_;
};

// An asynchronous operation that consists of others, which it starts: attempts.
// They are bound to contexts below that of the operation.
//
// Whatever has a part in the operation leaves it once, on any thread. The last
// one to leave goes on with it: so everything else is of one thread at a time
// but for what attempts touch that run concurrently. The operation's memory is
// given back before its handler is called, where nobody has a part any more.
//
// Derived has proceed(), which is called where the steps run when all parts
// have been left, and attempt_ended().
template <class Derived, class Handler, class Operation>
class attempt_op
{
protected:
    using attempt = attempt_of<Operation>;
    using completion = attempt_results<typename attempt::signature>;
    using results = attempt_results_of<Operation>;
    using error_type = std::tuple_element_t<0, results>;

private:
    using executor =
        asio::associated_executor_t<Handler, asio::any_io_executor>;

    // An executor that does not tell where it runs, as that of use_future, is
    // for the handler alone: to post to it may start threads.
    static constexpr bool is_usual =
        is_placed<executor> || is_polymorphic_executor<executor>;

    // Coroutines, and what goes on after them, run on an executor that
    // serializes.
    static constexpr bool is_of_handler = is_usual && !attempt::is_coroutine;

    using allocator = typename std::allocator_traits<
        asio::associated_allocator_t<Handler, thread_allocator<void>>>::
        template rebind_alloc<Derived>;

public:
    using step_executor_type =
        std::conditional_t<is_of_handler, executor, asio::any_io_executor>;

    template <class H, class... Args>
    static Derived& create(H&& handler, Args&&... args)
    {
        allocator a(
            asio::get_associated_allocator(handler, thread_allocator<void>()));
        auto* const p = std::allocator_traits<allocator>::allocate(a, 1);
        try
        {
            return *::new (static_cast<void*>(p)) Derived(
                a, std::forward<H>(handler), std::forward<Args>(args)...);
        }
        catch (...)
        {
            std::allocator_traits<allocator>::deallocate(a, p, 1);
            throw;
        }
    }

    step_executor_type const& step_executor() const noexcept
    {
        return step_executor_;
    }

    void add_part() noexcept
    {
        parts_.fetch_add(1, std::memory_order_relaxed);
    }

    // Where the steps run.
    void leave()
    {
        if (parts_.fetch_sub(1, std::memory_order_acq_rel) != 1)
            return;
        parts_.store(1, std::memory_order_relaxed);
        if (is_abandoned())
            destroy();
        else
            self().proceed();
    }

    // Nothing is called any more: what would have gone on is destroyed, most
    // likely with its execution context.
    void abandon() noexcept
    {
        abandoned_.fetch_add(1, std::memory_order_relaxed);
        if (parts_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            destroy();
    }

    // For the slot.
    void asked_by_slot(asio::cancellation_type_t) noexcept
    {
        scope_.cancel.cancel(detail::asked_by_slot);
    }

    // Where the user has begun it. Before it is started.
    void set_place(detail::place const& at) noexcept
    {
        at_ = at;
    }

protected:
    source_location place() const noexcept
    {
        return at_;
    }

    template <class H, class F>
    attempt_op(
        allocator const& a,
        H&& handler,
        context const& ctx,
        asio::any_io_executor const& io,
        F&& operation)
        : allocator_(a), executor_(asio::get_associated_executor(handler, io)),
          step_executor_(make_step_executor(executor_, io)),
          scope_(with_cancel(ctx, source_location())),
          operation_(std::forward<F>(operation)), io_work_(work_of(io)),
          work_(work_of(executor_)), handler_(std::forward<H>(handler))
    {
    }

    ~attempt_op() = default;

    // Done when the context is that was given, or when the handler's slot is
    // asked.
    context const& scope() const noexcept
    {
        return scope_.ctx;
    }

    Handler const& handler() const noexcept
    {
        return *handler_;
    }

    // For who initiates the operation: starts it with f, which throws or not.
    // Nothing that f starts goes on before this returns.
    template <class F>
    void initiate(F f)
    {
        try
        {
            link_.connect(slot_of(*handler_), *this);
            f();
        }
        catch (...)
        {
            link_.clear(*handler_);
            abandon();
            throw;
        }
        if (parts_.fetch_sub(1, std::memory_order_acq_rel) != 1)
            return;
        parts_.store(0, std::memory_order_relaxed);
        // It may run, and this go, before it is posted.
        auto const ex = step_executor_;
        [[maybe_unused]] auto const work = work_while_handing(ex);
        post_to(ex, step(self()));
    }

    bool is_abandoned() const noexcept
    {
        return abandoned_.load(std::memory_order_relaxed) != 0;
    }

    // Calls f, which makes a part and hands it to what it starts. If f throws
    // instead, the part is gone, and nothing with it.
    template <class F>
    void start_part(F f)
    {
        try
        {
            f();
        }
        catch (...)
        {
            abandoned_.fetch_sub(1, std::memory_order_relaxed);
            throw;
        }
    }

    void start_attempt(int number, context const& ctx)
    {
        start_part(
            [&]
            { start_attempt(attempt_handler<Derived>(self(), number), ctx); });
    }

    // The results if an attempt could not be started.
    static results results_of_start(std::exception_ptr e)
    {
        if constexpr (std::is_same_v<error_type, std::exception_ptr>)
            return results_of(std::move(e));
        else
            return completion::make(error_of_start(e));
    }

    static results results_of(error_code const& ec)
    {
        return completion::make(ec);
    }

    static results results_of(std::exception_ptr e)
    {
        auto r = completion::make({});
        std::get<0>(r) = std::move(e);
        return r;
    }

    // The error when the context is done.
    error_code scope_error() const noexcept
    {
        return scope().cause() == detail::asked_by_slot
            ? error_code(asio::error::operation_aborted)
            : scope().error();
    }

    // Calls the handler. For who has the last part, in proceed().
    void complete(results r)
    {
        link_.clear(*handler_);
        Handler handler(std::move(*handler_));
        auto const ex = executor_;
        [[maybe_unused]] auto const work = std::move(work_);
        destroy();
        done_handler done(std::move(handler), std::move(r));
        if constexpr (is_of_handler)
            done();
        else
            asio::dispatch(ex, std::move(done));
    }

    void destroy() noexcept
    {
        auto* const p = &self();
        allocator a(allocator_);
        p->~Derived();
        std::allocator_traits<allocator>::deallocate(a, p, 1);
    }

private:
    // Has the last part.
    struct step : op_part<Derived>
    {
        using op_part<Derived>::op_part;

        void operator()()
        {
            this->leave();
        }
    };

    void start_attempt(attempt_handler<Derived> handler, context const& ctx)
    {
        if constexpr (attempt::is_coroutine)
            asio::co_spawn(
                step_executor_,
                [&operation = operation_, ctx] {
                    return run_attempt<typename attempt::value_type>(
                        operation, ctx);
                },
                bind_context(ctx, std::move(handler), at_));
        else
        {
            auto operation = operation_(ctx);
            static_cast<void>(std::move(operation)(
                bind_context(ctx, std::move(handler), at_)));
        }
    }

    static step_executor_type make_step_executor(
        executor const& ex, asio::any_io_executor const& io)
    {
        if constexpr (is_of_handler)
            return ex;
        else if constexpr (!attempt::is_coroutine)
            return io;
        else if constexpr (is_strand<executor>)
            return ex;
        else if constexpr (
            is_usual && std::convertible_to<executor, asio::any_io_executor>)
            return serialized(ex);
        else
            return serialized(io);
    }

    Derived& self() noexcept
    {
        return static_cast<Derived&>(*this);
    }

    ASIOCTX_NO_UNIQUE_ADDRESS allocator allocator_;
    executor const executor_;
    step_executor_type const step_executor_;
    atomic<int> parts_{1}; // the first is of who initiates
    atomic<int> abandoned_{0};
    cancelable const scope_;
    Operation operation_;
    work_type<asio::any_io_executor> io_work_;
    work_type<executor> work_;
    std::optional<Handler> handler_;
    slot_link<attempt_op> link_;
    detail::place at_;
};

// Starts one, which is an Op of its handler and of what it tries.
template <template <class, class> class Op>
struct initiate_attempts
{
    using executor_type = asio::any_io_executor;

    executor_type get_executor() const noexcept
    {
        return executor_of(context_access::get(ctx).get_root());
    }

    template <class Handler, class Operation, class... Args>
    void operator()(
        Handler&& handler, Operation&& operation, Args const&... args) const
    {
        auto& op = Op<std::decay_t<Handler>, std::decay_t<Operation>>::create(
            std::forward<Handler>(handler),
            ctx,
            get_executor(),
            std::forward<Operation>(operation),
            args...);
        op.set_place(at);
        op.start();
    }

    context ctx;
    place at;
};

} // namespace asioctx::detail

#endif
