//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_DETACHABLE_OP_HPP
#define ASIOCTX_DETAIL_DETACHABLE_OP_HPP

#include <asioctx/after_func.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/config.hpp>
#include <asioctx/context.hpp>

#include <asioctx/detail/callback.hpp>
#include <asioctx/detail/executor_traits.hpp>
#include <asioctx/detail/initiate_bound.hpp>
#include <asioctx/detail/op_slot.hpp>
#include <asioctx/detail/place.hpp>
#include <asioctx/detail/sync.hpp>

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>

#include <cstddef>
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
class detachable_op : public std::enable_shared_from_this<
                          detachable_op<Handler, Executor, Io, NotStarted>>
{
    // An executor that does not tell where it runs, as that of use_future, is
    // called from the I/O object's: to post to it may start threads.
    static constexpr bool by_io =
        !is_placed<
            Executor> && !is_polymorphic_executor<Executor> && !std::is_same_v<Io, unknown_executor>;

public:
    template <class H>
    detachable_op(
        context const& parent, place const& at, Executor const& ex, H&& handler)
        : executor_(ex), scope_(with_cancel(parent, at)),
          asked_(with_cancel(
              context_access::make(
                  node_ptr(add_ref(context_access::get(parent).get_root()))),
              source_location())),
          handler_(std::forward<H>(handler)), work_(work_of(ex))
    {
    }

    // Before the operation is started. Nothing is kept of the I/O object's
    // executor but by the callback: this may outlive its execution context.
    void connect(Io const& io)
    {
        auto* const r = context_access::get(ctx()).get_root();
        constexpr std::size_t which = by_io ? 0 : 1;
        auto const& ex = std::get<which>(std::tie(io, executor_));
        callback_ = start_callback(
            asked_.ctx, host_of(ex, r), ex, let_go(this->shared_from_this()));
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
    std::optional<Handler> handler_;          // whoever has taken it
    std::optional<work_type<Executor>> work_; // the same
    slot_link<detachable_op> link_;           // the same
    after_func_registration callback_;        // the operation's
};

// What the operation sees as its handler.
template <class Op>
class detached_handler
{
public:
    using executor_type =
        std::remove_cvref_t<decltype(std::declval<Op const&>().executor())>;

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

} // namespace asioctx::detail

#endif
