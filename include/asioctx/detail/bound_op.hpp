//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_BOUND_OP_HPP
#define ASIOCTX_DETAIL_BOUND_OP_HPP

#include <asioctx/config.hpp>
#include <asioctx/error.hpp>

#include <asioctx/detail/dispatched_op.hpp>
#include <asioctx/detail/executor_traits.hpp>
#include <asioctx/detail/op_slot.hpp>
#include <asioctx/detail/root.hpp>
#include <asioctx/detail/step_executor.hpp>

#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/associator.hpp>
#include <boost/asio/handler_continuation_hook.hpp>
#include <boost/asio/recycling_allocator.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace asioctx::detail {

// What tells of an abort in the results of an operation.
template <class T>
inline constexpr bool is_error =
    std::is_same_v<T, error_code> || std::is_same_v<T, std::exception_ptr>;

// The same in what asio::as_tuple makes of them.
template <class T>
inline constexpr bool is_error_tuple = false;

template <class First, class... Rest>
inline constexpr bool is_error_tuple<std::tuple<First, Rest...>> =
    is_error<std::remove_cvref_t<First>>;

// What Asio sees as the operation's handler.
template <class Op>
class bound_handler
{
public:
    using cancellation_slot_type = op_slot;

    explicit bound_handler(Op* op) noexcept : op_(op)
    {
    }

    bound_handler(bound_handler&& other) noexcept
        : op_(std::exchange(other.op_, nullptr))
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

    friend bool asio_handler_is_continuation(bound_handler* self)
    {
        using asio::asio_handler_is_continuation;
        return asio_handler_is_continuation(
            std::addressof(self->op_->handler()));
    }

private:
    Op* op_;
};

// Holds the results of an operation whose completion was put off.
template <class Op, std::size_t Size>
class put_off_results
{
public:
    template <class... Args>
    void store(Args&&... args)
    {
        using results = std::tuple<std::decay_t<Args>...>;
        if constexpr (sizeof(results) <= Size
            && alignof(results) <= alignof(std::max_align_t)
            && std::is_nothrow_move_constructible_v<results>)
        {
            ::new (static_cast<void*>(storage_))
                results(std::forward<Args>(args)...);
            take_ = [](std::byte* p, Op* op) noexcept(false)
            {
                auto* const stored = reinterpret_cast<results*>(p);
                results taken(std::move(*stored));
                stored->~results();
                if (op)
                    call(*op, std::move(taken));
            };
        }
        else
        {
            auto r = std::make_unique<results>(std::forward<Args>(args)...);
            ::new (static_cast<void*>(storage_)) results*(r.release());
            take_ = [](std::byte* p, Op* op) noexcept(false)
            {
                std::unique_ptr<results> const taken(
                    *reinterpret_cast<results**>(p));
                if (op)
                    call(*op, std::move(*taken));
            };
        }
    }

    // Passes the results to Op::call_handler, or, with null, destroys them.
    void take(Op* op)
    {
        std::exchange(take_, nullptr)(storage_, op);
    }

    bool empty() const noexcept
    {
        return take_ == nullptr;
    }

private:
    template <class Results>
    static void call(Op& op, Results&& r)
    {
        std::apply([&op]<class... A>(A&&... a)
            { op.call_handler(std::forward<A>(a)...); },
            std::move(r));
    }

    void (*take_)(std::byte*, Op*) = nullptr;
    alignas(std::max_align_t)
        std::byte storage_[Size < sizeof(void*) ? sizeof(void*) : Size];
};

// The record, and in it the user's handler. Executor is where a request goes;
// void if that is not known: then it is made at once, on the canceling thread.
// ResultsSize is what the results take.
template <class Handler, class Executor, std::size_t ResultsSize>
class bound_op final : public dispatched_op
{
    using allocator =
        typename std::allocator_traits<asio::associated_allocator_t<Handler,
            asio::recycling_allocator<void>>>::template rebind_alloc<bound_op>;

    static constexpr bool has_executor = !std::is_void_v<Executor>;

    struct no_executor
    {
        template <class Ex>
        explicit no_executor(Ex const&) noexcept
        {
        }
    };

    using executor =
        std::conditional_t<has_executor, Executor, no_executor>;

    // The work of a completion that was put off. If no executor is known, there
    // is none.
    struct no_work
    {
    };

    static auto work_for(executor const& ex)
    {
        if constexpr (has_executor)
            return work_of(ex);
        else
            return no_work();
    }

    using work = decltype(work_for(std::declval<executor const&>()));

public:
    using handler_type = Handler;

    template <class H, class Ex>
    static bound_op* create(
        node_ptr ctx, asio::cancellation_type_t type, Ex const& ex, H&& handler)
    {
        // Before the operation is started, so that a request finds it.
        if constexpr (has_executor)
            provide_root(ctx.get_root(), ex);

        allocator a(asio::get_associated_allocator(
            handler, asio::recycling_allocator<void>()));
        auto* const p = std::allocator_traits<allocator>::allocate(a, 1);
        try
        {
            return ::new (static_cast<void*>(p)) bound_op(
                a, std::move(ctx), type, ex, std::forward<H>(handler));
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
        auto slot = slot_of(handler_);
        if (slot.is_connected())
            upstream_ = &slot.template emplace<upstream>(this);
    }

    Handler& handler() noexcept
    {
        return handler_;
    }

    // Posts the completion of an operation that is not started, as the context
    // is done.
    template <class NotStarted>
    void complete_not_started()
    {
        try
        {
            std::apply([this]<class... Args>(Args&&... args)
                { results_.store(std::forward<Args>(args)...); },
                NotStarted::make(context_error()));
        }
        catch (...)
        {
            release();
            throw;
        }
        complete_later();
    }

    template <class... Args>
    void complete(Args&&... args)
    {
        // Bound twice, the slot is another record's, whose turn another thread
        // may have that waits for this one's.
        if (upstream_ && !is_asked_here())
            slot_of(handler_).clear();
        if (leave()) [[likely]]
            return call_handler(std::forward<Args>(args)...);
        results_.store(std::forward<Args>(args)...);
        // run() must not return before the completion is posted.
        work_.emplace(work_for(executor_));
        if (!put_off())
            results_.take(this);
    }

    // The operation goes without calling its handler. The record may stay for a
    // while, as a shell.
    void drop_handler() noexcept
    {
        // The handler's slot may be gone by now, and is not touched.
        if (upstream_)
            upstream_->op = nullptr;
        bool const sole = leave();
        [[maybe_unused]] Handler const dying(std::move(handler_));
        if (sole || !put_off_abandoned())
            release();
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
    // What is in the handler's slot. It and the operation know each other, so
    // that whichever goes first leaves nothing behind.
    struct upstream
    {
        explicit upstream(bound_op* o) noexcept : op(o)
        {
        }

        ~upstream()
        {
            if (op)
                op->upstream_ = nullptr;
        }

        void operator()(asio::cancellation_type_t type) const
        {
            if (op && type != asio::cancellation_type::none)
                op->ask(type, asker::upstream);
        }

        bound_op* op;
    };

    template <class H, class Ex>
    bound_op(allocator const& a, node_ptr ctx, asio::cancellation_type_t type,
        Ex const& ex, H&& handler)
        : dispatched_op(std::move(ctx), type),
          allocator_(a),
          executor_(ex),
          handler_(std::forward<H>(handler))
    {
    }

    template <class... Args>
    void call_unmapped(Args&&... args)
    {
        Handler handler(std::move(handler_));
        release();
        std::move(handler)(std::forward<Args>(args)...);
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
            type results(std::forward<First>(first));
            std::get<0>(results) = map(std::get<0>(results));
            call_unmapped(std::move(results), std::forward<Rest>(rest)...);
        }
        else
        {
            call_unmapped(
                std::forward<First>(first), std::forward<Rest>(rest)...);
        }
    }

    void notify() noexcept override
    {
        if constexpr (has_executor)
            notify_on(executor_);
        else
            ask_here();
    }

    bool runs_here() const noexcept override
    {
        if constexpr (has_executor)
            return runs_on(executor_);
        else
            return true;
    }

    void post_request() noexcept override
    {
        post(request(this));
    }

    void complete_later() noexcept override
    {
        if (results_.empty())
            this->release();
        else
            post(completion(this));
    }

    template <class Message>
    void post(Message m) noexcept
    {
        if constexpr (has_executor)
        {
            post_on(executor_, std::move(m));
        }
        else
        {
            root* const r = near_root();
            std::optional<gate_pass> pass;
            if (r)
                pass.emplace(*r);
            post_on(executor_of(pass && *pass ? r : nullptr), std::move(m));
        }
    }

    void complete_now() override
    {
        if (upstream_)
            slot_of(handler_).clear();
        results_.take(this);
    }

    void drop_results() noexcept override
    {
        // The handler's slot may be gone by now, and is not touched.
        if (upstream_)
            upstream_->op = nullptr;
        results_.take(nullptr);
        [[maybe_unused]] Handler const dying(std::move(handler_));
        release();
    }

    void destroy() noexcept override
    {
        if (let_go_of_memory())
            free_memory();
    }

    void free_memory() noexcept override
    {
        allocator a(allocator_);
        this->~bound_op();
        std::allocator_traits<allocator>::deallocate(a, this, 1);
    }

    [[no_unique_address]] allocator allocator_;
    [[no_unique_address]] executor executor_;
    upstream* upstream_ = nullptr;
    Handler handler_;
    put_off_results<bound_op, ResultsSize> results_;
    std::optional<work> work_;
};

} // namespace asioctx::detail

// What is associated with the user's handler is associated with the operation,
// but for the slot and the executor, on which steps take turns.
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
struct boost::asio::associated_executor<asioctx::detail::bound_handler<Op>,
    Candidate>
{
    using base = associated_executor<typename Op::handler_type, Candidate>;
    using reported = asioctx::detail::reported_executor<
        std::decay_t<typename base::type>>;
    using type = typename reported::type;

    static type get(asioctx::detail::bound_handler<Op> const& h) noexcept
    {
        auto& op = h.operation();
        return reported::get(op, base::get(op.handler()));
    }

    static type get(asioctx::detail::bound_handler<Op> const& h,
        Candidate const& c) noexcept
    {
        auto& op = h.operation();
        return reported::get(op, base::get(op.handler(), c));
    }
};

#endif
