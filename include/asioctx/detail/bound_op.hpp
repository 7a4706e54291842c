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

#include <asioctx/detail/executor_target.hpp>
#include <asioctx/detail/hook.hpp>
#include <asioctx/detail/node.hpp>
#include <asioctx/detail/op_slot.hpp>
#include <asioctx/detail/reserved_memory.hpp>
#include <asioctx/detail/root.hpp>

#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/associator.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/handler_continuation_hook.hpp>
#include <boost/asio/recycling_allocator.hpp>

#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <new>
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

// The record of an operation that is bound to a context: the user's handler,
// and what is needed to ask the operation to stop, from any thread, until the
// moment at which it completes.
//
// References: one is the operation's, held by the handler that Asio sees; one
// is held by each request on its way. A request goes to where the operation's
// steps run, so that it does not run beside one of them.
//
// The life of a record:
//   1 Made. The initiating function runs; nothing can ask. frame_ refers to the
//     initiator's stack.
//   2 initiated(): the record is put into the scope's list, or, if the scope
//     is done by now, asked at once. The operation may have ended before: then
//     the frame says so, and the record is gone.
//   3 notify(): the scope is done and took the record off its list. A request
//     is dispatched to the executor, and calls what the operation put into the
//     slot. If there is nothing, because the operation is between two steps,
//     the request is made again when it has put something there.
//   4 leave(): the operation has ended, in one way or the other. The record is
//     taken off the list and the slot is closed. Then the handler is called.
//
// frame_ and the membership in the list are guarded by the scope's lock.
class bound_op_base : public hook
{
public:
    // On the initiator's stack while the initiating function runs.
    struct frame
    {
        bool op_has_ended = false;
        node_ptr keep; // keeps the scope if the operation has ended
    };

    bound_op_base(bound_op_base const&) = delete;
    bound_op_base& operator=(bound_op_base const&) = delete;

    // For op_slot.
    template <class H, class... Args>
    H& emplace(Args&&... args)
    {
        H& h = box_.emplace<H>(std::forward<Args>(args)...);
        if (missed_ != asio::cancellation_type::none) [[unlikely]]
            ask_again();
        return h;
    }

    // For op_slot. Waits for a request that another thread is delivering: a
    // bound operation clears the slot of another, if it was bound twice.
    ASIOCTX_DECL void clear() noexcept;

    bool has_cancel_handler() const noexcept
    {
        return !box_.empty();
    }

    asio::cancellation_slot asio_slot() noexcept
    {
        return signal_.slot();
    }

    // The scope whose end is waited for; null if there will be none. It lives
    // as long as the operation or, while that is initiated, the frame does.
    scope* awaited_scope() const noexcept
    {
        return scope_;
    }

    node_ptr const& node() const noexcept
    {
        return ctx_;
    }

    void initiating(frame& f) noexcept
    {
        frame_ = &f;
    }

    // Called after the initiating function. The operation may have ended, and
    // with it the record: only the scope and the frame are known to exist.
    static void initiated(bound_op_base* self, scope& s, frame& f) noexcept
    {
        auto const state = s.lock();
        if (f.op_has_ended)
        {
            s.unlock(state);
            return;
        }
        self->frame_ = nullptr;
        if ((state & scope::done_bit) == 0)
        {
            s.hooks.push_back(*self);
            s.unlock(state);
            return;
        }
        self->add_ref();
        s.unlock(state);
        self->notify();
    }

    // Replaces the error of an operation that was aborted because the context
    // asked it to.
    error_code map(error_code const& ec) const noexcept
    {
        return context_asked_ && is_abort(ec)
            ? make_error_code(scope_->why.error)
            : ec;
    }

    ASIOCTX_DECL std::exception_ptr map(std::exception_ptr e) const;

    // Memory for a request. Each block holds a reference.
    void* allocate(std::size_t size)
    {
        void* p = small_block_.try_allocate(size);
        if (!p)
            p = large_block_.try_allocate(size);
        if (!p)
            return ::operator new(size);
        add_ref();
        return p;
    }

    void deallocate(void* p, std::size_t) noexcept
    {
        if (small_block_.try_deallocate(p) || large_block_.try_deallocate(p))
            release();
        else
            ::operator delete(p);
    }

protected:
    enum class asker : unsigned char
    {
        context,
        upstream,
    };

    bound_op_base(node_ptr ctx, asio::cancellation_type_t type) noexcept
        : ctx_(std::move(ctx)),
          scope_(ctx_.get_scope()),
          type_(type)
    {
        if (scope_ && scope_->kind == scope::behavior::permanent)
            scope_ = nullptr;
    }

    ~bound_op_base() = default;

    // Ends the operation for all others: once this has returned, nobody asks
    // it to stop, or refers to what it put into the slot.
    void leave() noexcept
    {
        if (scope_)
        {
            auto const state = scope_->lock();
            if (frame_)
            {
                frame_->op_has_ended = true;
                frame_->keep = std::move(ctx_);
            }
            else if (linked())
            {
                unlink();
            }
            scope_->unlock(state);
        }
        if (!sole_owner() || asking_.load(std::memory_order_relaxed))
            if (!close_slot())
                return;
        box_.clear();
    }

    // Calls what the operation put into the slot, unless it has ended.
    ASIOCTX_DECL void ask(asio::cancellation_type_t type, asker by) noexcept;

    // For a request: asks for the context, or again for whoever was missed.
    ASIOCTX_DECL void ask_as_requested() noexcept;

    // Posts a request. The caller is a step of the operation: it must not be
    // asked from within.
    virtual void post_request() noexcept = 0;

private:
    ASIOCTX_DECL static bool is_abort(error_code const& ec) noexcept;

    ASIOCTX_DECL void ask_again() noexcept;

    enum class entry : unsigned char
    {
        entered,
        nested, // this thread is in the slot already
        closed, // the operation has ended
    };

    // Sets asking_, waiting for another thread to leave the slot.
    ASIOCTX_DECL entry enter_slot(void const* mark) noexcept;
    ASIOCTX_DECL void leave_slot() noexcept;

    // Waits for a request that another thread is delivering. False if this
    // thread is: then what the slot holds is in use further up the stack.
    ASIOCTX_DECL bool close_slot() noexcept;

    node_ptr ctx_;
    scope* scope_;
    frame* frame_ = nullptr;

    // Identifies the thread that is calling what the slot holds; closed once
    // the operation has ended. Guards what follows, but for the moments in
    // which the operation's own steps change the slot.
    std::atomic<void const*> asking_{nullptr};

    // What the context asks for.
    asio::cancellation_type_t const type_;

    // What has been asked for. A weaker request must not make an operation
    // forget a stronger one, so each includes the ones before.
    asio::cancellation_type_t asked_ = asio::cancellation_type::none;

    // The context has asked, and was not forestalled by the upstream slot.
    bool context_asked_ = false;

    // What was asked for when nothing was there to hear it, whether the context
    // was among those who asked, and what a request on its way is to ask again.
    asio::cancellation_type_t missed_ = asio::cancellation_type::none;
    asio::cancellation_type_t again_ = asio::cancellation_type::none;
    bool missed_by_context_ = false;

    cancel_handler_box box_;
    asio::cancellation_signal signal_; // for those who need that type

    reserved_block<64> small_block_;
    reserved_block<128> large_block_;
};

template <class H, class... Args>
H& op_slot::emplace(Args&&... args)
{
    return op_->emplace<H>(std::forward<Args>(args)...);
}

void op_slot::clear() noexcept
{
    if (op_)
        op_->clear();
}

bool op_slot::has_handler() const noexcept
{
    return op_ && op_->has_cancel_handler();
}

op_slot::operator asio::cancellation_slot() const noexcept
{
    return op_ ? op_->asio_slot() : asio::cancellation_slot();
}

template <class Handler, class Executor>
class bound_op;

// What Asio sees as the operation's handler.
template <class Handler, class Executor>
class bound_handler
{
public:
    using cancellation_slot_type = op_slot;

    explicit bound_handler(bound_op<Handler, Executor>* op) noexcept : op_(op)
    {
    }

    bound_handler(bound_handler&& other) noexcept
        : op_(std::exchange(other.op_, nullptr))
    {
    }

    ~bound_handler()
    {
        if (op_)
            op_->abandon_handler();
    }

    cancellation_slot_type get_cancellation_slot() const noexcept
    {
        return op_slot(*op_);
    }

    Handler& handler() const noexcept
    {
        return op_->handler();
    }

    // The node that the operation is bound to.
    node_ptr const& node() const noexcept
    {
        return op_->node();
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
    bound_op<Handler, Executor>* op_;
};

// Executor is where the operation's steps run; void if that is not known: then
// a request is delivered at once.
template <class Handler, class Executor>
class bound_op final : public bound_op_base
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

public:
    template <class H, class Ex>
    static bound_op* create(
        node_ptr ctx, asio::cancellation_type_t type, Ex const& ex, H&& handler)
    {
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

    template <class... Args>
    void complete(Args&&... args)
    {
        if (upstream_)
            slot_of(handler_).clear();
        leave();
        if constexpr (sizeof...(Args) == 0)
            call_handler();
        else
            complete_mapped(std::forward<Args>(args)...);
    }

    // The operation goes without calling its handler.
    void abandon_handler() noexcept
    {
        // The handler's slot may be gone by now, and is not touched.
        if (upstream_)
            upstream_->op = nullptr;
        leave();
        [[maybe_unused]] Handler const dying(std::move(handler_));
        release();
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
            bound_op* const self = op; // this may be gone after the call
            if (!self || type == asio::cancellation_type::none)
                return;
            self->add_ref();
            self->ask(type, asker::upstream);
            self->release();
        }

        bound_op* op;
    };

    // Asks on the executor. Holds a reference.
    class request
    {
    public:
        using allocator_type = owner_allocator<void, bound_op_base>;

        explicit request(bound_op* op) noexcept : op_(op)
        {
        }

        request(request&& other) noexcept
            : op_(std::exchange(other.op_, nullptr))
        {
        }

        ~request()
        {
            if (op_)
                op_->release();
        }

        allocator_type get_allocator() const noexcept
        {
            return allocator_type(*op_);
        }

        void operator()() noexcept
        {
            op_->ask_as_requested();
        }

    private:
        bound_op* op_;
    };

    template <class H, class Ex>
    bound_op(allocator const& a, node_ptr ctx, asio::cancellation_type_t type,
        Ex const& ex, H&& handler)
        : bound_op_base(std::move(ctx), type),
          allocator_(a),
          executor_(ex),
          handler_(std::forward<H>(handler))
    {
    }

    template <class... Args>
    void call_handler(Args&&... args)
    {
        Handler handler(std::move(handler_));
        release();
        std::move(handler)(std::forward<Args>(args)...);
    }

    template <class First, class... Rest>
    void complete_mapped(First&& first, Rest&&... rest)
    {
        using type = std::remove_cvref_t<First>;
        if constexpr (boost::system::is_error_code_enum<type>::value)
        {
            complete_mapped(error_code(first), std::forward<Rest>(rest)...);
        }
        else if constexpr (is_error<type>)
        {
            call_handler(map(first), std::forward<Rest>(rest)...);
        }
        else if constexpr (is_error_tuple<type>)
        {
            type results(std::forward<First>(first));
            std::get<0>(results) = map(std::get<0>(results));
            call_handler(std::move(results), std::forward<Rest>(rest)...);
        }
        else
        {
            call_handler(
                std::forward<First>(first), std::forward<Rest>(rest)...);
        }
    }

    void notify() noexcept override
    {
        request r(this);
        if constexpr (has_executor)
        {
            // A copy: the operation may end while the request is dispatched.
            auto const ex = executor_;
            visit_executor(ex, [&](auto const& e) { dispatch(e, r); });
        }
        else
        {
            r();
        }
    }

    template <class Ex>
    void dispatch(Ex const& ex, request& r) noexcept
    {
        if constexpr (executes_in_given_memory<Ex>)
        {
            asio::dispatch(ex, std::move(r));
        }
        else
        {
            add_ref();
            try
            {
                asio::dispatch(ex, std::move(r));
            }
            catch (...)
            {
                // The executor had to allocate, and could not. To ask from
                // here is better than not to ask.
                ask_as_requested();
            }
            release();
        }
    }

    void post_request() noexcept override
    {
        add_ref();
        request r(this);
        if constexpr (has_executor)
            visit_executor(executor_, [&](auto const& e) { post(e, r); });
        else
            post(executor_of(node().get_root()), r);
    }

    template <class Ex>
    static void post(Ex const& ex, request& r) noexcept
    {
        try
        {
            post_to(ex, std::move(r));
        }
        catch (...)
        {
            // No memory: as if the operation did not look at its slot.
        }
    }

    void destroy() noexcept override
    {
        allocator a(allocator_);
        this->~bound_op();
        std::allocator_traits<allocator>::deallocate(a, this, 1);
    }

    [[no_unique_address]] allocator allocator_;
    [[no_unique_address]] executor executor_;
    upstream* upstream_ = nullptr;
    Handler handler_;
};

} // namespace asioctx::detail

// What is associated with the user's handler is associated with the operation,
// but for the slot.
template <template <class, class> class Associator, class Handler,
    class Executor, class DefaultCandidate>
struct boost::asio::associator<Associator,
    asioctx::detail::bound_handler<Handler, Executor>, DefaultCandidate>
    : Associator<Handler, DefaultCandidate>
{
    static typename Associator<Handler, DefaultCandidate>::type get(
        asioctx::detail::bound_handler<Handler, Executor> const& h) noexcept
    {
        return Associator<Handler, DefaultCandidate>::get(h.handler());
    }

    static auto get(
        asioctx::detail::bound_handler<Handler, Executor> const& h,
        DefaultCandidate const& c) noexcept
        -> decltype(Associator<Handler, DefaultCandidate>::get(h.handler(), c))
    {
        return Associator<Handler, DefaultCandidate>::get(h.handler(), c);
    }
};

#endif
