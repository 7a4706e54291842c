//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_IMPL_DETACH_ON_CANCEL_HPP
#define ASIOCTX_IMPL_DETACH_ON_CANCEL_HPP

#include <asioctx/detach_on_cancel.hpp>

#include <asioctx/after_func.hpp>
#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>

#include <asioctx/detail/executor_traits.hpp>
#include <asioctx/detail/initiate_bound.hpp>
#include <asioctx/detail/op_slot.hpp>
#include <asioctx/detail/sync.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/recycling_allocator.hpp>

#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace asioctx::detail {

// What the operation and the callback that lets it go share. The first of them
// to take the handler calls it.
//
// The handler may destroy the I/O object. So the callback does not wait for the
// context, but for the operation to have been asked.
template <class Handler, class Executor, class Io, class NotStarted>
class detachable_op
    : public std::enable_shared_from_this<
          detachable_op<Handler, Executor, Io, NotStarted>>
{
    // An executor that does not tell where it runs, as that of use_future, is
    // called from the I/O object's: to post to it may start threads.
    static constexpr bool by_io = !is_placed<Executor>
        && !is_polymorphic_executor<Executor>
        && !std::is_same_v<Io, unknown_executor>;

public:
    template <class H>
    detachable_op(context const& parent, place const& at, Executor const& ex,
        H&& handler)
        : executor_(ex),
          scope_(with_cancel(parent, at)),
          asked_(with_cancel(
              context_access::make(node_ptr(
                  add_ref(context_access::get(parent).get_root()))),
              source_location())),
          handler_(std::forward<H>(handler)),
          work_(work_of(ex))
    {
    }

    // Before the operation is started. Nothing is kept of the I/O object's executor
    // but by the callback: this may outlive its execution context.
    void connect(Io const& io)
    {
        auto* const r = context_access::get(ctx()).get_root();
        auto const& ex = std::get<by_io ? 0 : 1>(std::tie(io, executor_));
        callback_ = start_callback(asked_.ctx, host_of(ex, r), ex,
            let_go(this->shared_from_this()));
        link_.connect(slot_of(*handler_), *this);
    }

    // Done when the parent is, or when the handler's slot is asked.
    context const& ctx() const noexcept
    {
        return scope_.ctx;
    }

    Executor const& executor() const noexcept
    {
        return executor_;
    }

    // For the slot.
    void asked_by_slot(asio::cancellation_type_t)
    {
        asked_by_slot_.store(true, std::memory_order_relaxed);
        scope_.cancel();
    }

    // The operation has been asked.
    void asked() noexcept
    {
        asked_.cancel();
    }

    template <class First, class... Rest>
    void complete(First&& first, Rest&&... rest)
    {
        if (!take())
            return;
        callback_.stop();
        auto const by_slot = asked_by_slot_.load(std::memory_order_relaxed);
        Handler handler = take_handler();
        if constexpr (std::is_same_v<std::remove_cvref_t<First>, error_code>)
            if (by_slot && first == ctx().error())
                return std::move(handler)(
                    error_code(asio::error::operation_aborted),
                    std::forward<Rest>(rest)...);
        std::move(handler)(
            std::forward<First>(first), std::forward<Rest>(rest)...);
    }

    // The operation goes without having completed.
    void abandon() noexcept
    {
        callback_.stop();
        drop_handler();
    }

private:
    // Calls the handler. If it is destroyed instead, so is the handler: the
    // execution context is going, and is not to be found by a work guard later.
    class let_go
    {
    public:
        explicit let_go(std::shared_ptr<detachable_op> op) noexcept
            : op_(std::move(op))
        {
        }

        let_go(let_go&&) noexcept = default;

        ~let_go()
        {
            if (op_)
                op_->drop_handler();
        }

        void operator()()
        {
            auto const op = std::move(op_);
            if (!op->take())
                return;
            auto const error =
                op->asked_by_slot_.load(std::memory_order_relaxed)
                ? error_code(asio::error::operation_aborted)
                : op->ctx().error();
            done_handler done(op->take_handler(), NotStarted::make(error));
            if constexpr (by_io)
                asio::dispatch(op->executor_, std::move(done));
            else
                done();
        }

    private:
        std::shared_ptr<detachable_op> op_;
    };

    void drop_handler() noexcept
    {
        if (!take())
            return;
        link_.leave(); // the slot may be gone
        [[maybe_unused]] Handler const dying(take_handler());
    }

    bool take() noexcept
    {
        return !taken_.exchange(true, std::memory_order_acq_rel);
    }

    // For whoever has taken it.
    Handler take_handler()
    {
        link_.clear(*handler_);
        Handler handler(std::move(*handler_));
        handler_.reset();
        work_.reset();
        return handler;
    }

    Executor executor_;
    cancelable scope_;
    cancelable asked_; // done once the operation has been asked
    atomic<bool> taken_{false};
    atomic<bool> asked_by_slot_{false};
    std::optional<Handler> handler_; // whoever has taken it
    std::optional<work_type<Executor>> work_;                 // the same
    slot_link<detachable_op> link_;                           // the same
    after_func_registration callback_; // the operation's
};

// The same adapter of another token.
template <class Token, class Other>
detach_on_cancel_t<Other> rebound(
    detach_on_cancel_t<Token> const& adapter, Other&& token)
{
    return binder_access::make_detachable<detach_on_cancel_t<Other>>(
        adapter.get_context(), binder_access::at(adapter), std::move(token));
}

// What the operation sees as its handler.
template <class Op>
class detached_handler
{
public:
    using executor_type = std::remove_cvref_t<
        decltype(std::declval<Op const&>().executor())>;

    explicit detached_handler(std::shared_ptr<Op> op) noexcept
        : op_(std::move(op))
    {
    }

    detached_handler(detached_handler&&) noexcept = default;

    ~detached_handler()
    {
        if (op_)
            op_->abandon();
    }

    executor_type get_executor() const noexcept
    {
        return op_->executor();
    }

    // See bound_op_of.
    void asked() noexcept
    {
        if (op_)
            op_->asked();
    }

    template <class... Args>
    void operator()(Args&&... args)
    {
        auto const op = std::move(op_);
        op->complete(std::forward<Args>(args)...);
    }

private:
    std::shared_ptr<Op> op_;
};

// Initiates an operation that may be let go.
template <class Initiation, class... Signatures>
class initiate_detachable : public initiation_holder<Initiation>
{
    using holder = initiation_holder<Initiation>;
    using not_started = first_not_started<Signatures...>;

public:
    using holder::holder;

    template <class Handler, class... Args>
    void operator()(Handler&& handler, context const& ctx, place const& at,
        Args&&... args) &&
    {
        start(std::move(this->initiation_), std::forward<Handler>(handler),
            ctx, at, std::forward<Args>(args)...);
    }

    template <class Handler, class... Args>
    void operator()(Handler&& handler, context const& ctx, place const& at,
        Args&&... args) const&
    {
        start(this->initiation_, std::forward<Handler>(handler), ctx, at,
            std::forward<Args>(args)...);
    }

private:
    template <class I, class H, class... Args>
    void start(I&& initiation, H&& handler, context const& ctx,
        place const& at, Args&&... args) const
    {
        static_assert(!std::is_void_v<typename not_started::results>,
            "asioctx::detach_on_cancel: the operation's signature must begin "
            "with an error_code or an exception_ptr, and the other results "
            "must have default constructors");
        using handler_type = std::decay_t<H>;
        auto const io = this->io_executor();
        request const r(asio::cancellation_type::terminal, false, at);
        if (ctx.done())
            return complete_not_started<not_started>(
                handler_type(std::forward<H>(handler)), ctx, io, r);

        auto const ex = handler_executor(handler, io, ctx);
        using op =
            detachable_op<handler_type, std::decay_t<decltype(ex)>,
                std::decay_t<decltype(io)>, not_started>;
        auto const self = std::allocate_shared<op>(
            asio::recycling_allocator<void>(), ctx, at, ex,
            std::forward<H>(handler));
        detached_handler<op> detached(self);
        self->connect(io);
        initiate_bound<std::decay_t<I>, Signatures...>(
            std::forward<I>(initiation))(std::move(detached), self->ctx(),
            r, std::forward<Args>(args)...);
    }
};

} // namespace asioctx::detail

template <class Token, class... Signatures>
class boost::asio::async_result<asioctx::detach_on_cancel_t<Token>,
    Signatures...> : public boost::asio::async_result<Token, Signatures...>
{
public:
    template <class Initiation, class RawToken, class... Args>
    static auto initiate(
        Initiation&& initiation, RawToken&& token, Args&&... args)
        -> decltype(boost::asio::async_initiate<
            asioctx::detail::target_of<Token, RawToken>, Signatures...>(
            std::declval<asioctx::detail::initiate_detachable<
                std::decay_t<Initiation>, Signatures...>>(),
            token.get(), token.get_context(),
            asioctx::detail::binder_access::at(token),
            std::forward<Args>(args)...))
    {
        return boost::asio::async_initiate<
            asioctx::detail::target_of<Token, RawToken>, Signatures...>(
            asioctx::detail::initiate_detachable<std::decay_t<Initiation>,
                Signatures...>(std::forward<Initiation>(initiation)),
            token.get(), token.get_context(),
            asioctx::detail::binder_access::at(token),
            std::forward<Args>(args)...);
    }

    // As for a context_binder.
    template <class Initiation, class RawToken, class... Args>
        requires(!boost::asio::completion_token_for<Token, Signatures...>)
    static asioctx::detail::no_result initiate(
        Initiation&&, RawToken&&, Args&&...)
    {
        static_assert(
            boost::asio::completion_token_for<Token, Signatures...>,
            "asioctx::detach_on_cancel: the last argument is not a completion "
            "token for this operation: it must be a function object that can "
            "be called with the operation's results, or a token such as "
            "asio::use_awaitable");
        return {};
    }
};

template <class... Signatures>
class boost::asio::async_result<asioctx::partial_detach_on_cancel,
    Signatures...>
    : public asioctx::detail::remade_result<
          asioctx::detail::with_default_token, Signatures...>
{
};

template <class Token, class Slot, class Signature>
class boost::asio::async_result<
    boost::asio::cancellation_slot_binder<asioctx::detach_on_cancel_t<Token>,
        Slot>,
    Signature>
    : public asioctx::detail::remade_result<
          asioctx::detail::with_slot_inside<Token, Slot>, Signature>
{
};

template <class Slot, class Signature>
class boost::asio::async_result<
    boost::asio::cancellation_slot_binder<asioctx::partial_detach_on_cancel,
        Slot>,
    Signature>
    : public asioctx::detail::remade_result<
          asioctx::detail::with_default_token_and_slot<Slot>, Signature>
{
};

#endif
