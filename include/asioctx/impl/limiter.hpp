//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_IMPL_LIMITER_HPP
#define ASIOCTX_IMPL_LIMITER_HPP

#include <asioctx/limiter.hpp>

#include <asioctx/detail/callback.hpp>
#include <asioctx/detail/callback_base.hpp>
#include <asioctx/detail/executor_traits.hpp>
#include <asioctx/detail/hook.hpp>
#include <asioctx/detail/intrusive_list.hpp>
#include <asioctx/detail/node.hpp>
#include <asioctx/detail/op_slot.hpp>
#include <asioctx/detail/place.hpp>
#include <asioctx/detail/root.hpp>
#include <asioctx/detail/sync.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace asioctx {
namespace detail {

struct limiter_tag;

// An acquisition that has not completed.
//
// It waits in two lists: the hooks of its context's scope, and the limiter's
// queue. Who ends its waiting in the first posts it, and before that is done it
// settles with the limiter: so what is in the queue can be touched under the
// limiter's mutex.
class acquire_op : public callback_base, public list_link<limiter_tag>
{
public:
    void tell(hook_info& i) const noexcept final
    {
        callback_base::tell(i);
        if (i.state == operation_state::pending)
            i.state = operation_state::queued;
    }

    // Is given a permit or an error, or waits. Called once; the operation may
    // be gone afterwards.
    ASIOCTX_DECL void acquire() noexcept;

    // For the slot.
    ASIOCTX_DECL void asked_by_slot(asio::cancellation_type_t) noexcept;

protected:
    acquire_op(
        scope& s,
        root& host,
        std::shared_ptr<limiter_state> of,
        context const& ctx) noexcept
        : callback_base(s, host, true), state_(std::move(of)), ctx_(ctx)
    {
    }

    virtual ~acquire_op() = default;

    // Leaves the queue, if it is still there. Before it completes, or goes.
    ASIOCTX_DECL void settle() noexcept;

    // What it completes with. Called once, after settle().
    error_code result() const noexcept
    {
        return result_;
    }

    ASIOCTX_DECL limiter::permit take_permit() noexcept;

private:
    friend class limiter_state;

    // Of who begins the acquisition, after which it may be gone.
    struct watch
    {
        bool is_settled = false;
    };

    enum class stage : unsigned char
    {
        begun,
        queued, // or is about to be
        admitted,
        ended, // without a permit, or that was taken
    };

    std::shared_ptr<limiter_state> const state_;
    context ctx_;

    // Guarded by the limiter's mutex until it has settled.
    stage stage_ = stage::begun;
    watch* watch_ = nullptr;
    error_code result_;
    time_point since_; // it has a permit

    // Of who posts it, or else destroys it.
    bool is_settled_ = false;
    bool is_asked_by_slot_ = false;
};

template <class Handler, class Executor>
class acquire_op_of final : public handler_callback<
                                acquire_op_of<Handler, Executor>,
                                acquire_op,
                                Handler,
                                Executor>
{
    using base = typename acquire_op_of::handler_callback;
    friend base;

public:
    // Lets the handler's cancellation slot end the wait. Before acquire().
    void connect_slot()
    {
        this->template connect<acquire_op>(link_, *this);
    }

private:
    template <class H>
    acquire_op_of(
        Executor const& ex,
        H&& handler,
        std::shared_ptr<limiter_state> of,
        context const& ctx,
        root& host)
        : base(
            ex,
            std::forward<H>(handler),
            scope_or_never(context_access::get(ctx)),
            host,
            std::move(of),
            ctx),
          work_(work_of(ex))
    {
    }

    void post() noexcept override
    {
        this->settle();
        base::post();
    }

    void discard() noexcept override
    {
        this->settle();
        // The slot may be gone, or ask later.
        link_.leave();
        work_.reset();
        this->drop_handler();
        // The permit last: others are admitted in its place.
        this->take_permit().drop();
    }

    void complete() override
    {
        link_.clear(this->handler());
        auto const ec = this->result();
        auto handler = this->take_handler();
        auto permit = this->take_permit();
        discard();
        this->release();
        std::move(handler)(ec, std::move(permit));
    }

    // There, and not on the limiter's execution context: of that it is no
    // guest.
    std::optional<work_type<Executor>> work_;
    slot_link<acquire_op> link_;
};

// What a limiter, its permits and those who wait for one share.
//
// The mutex guards all that changes. It may be held while that of a scope's
// list is taken, and not the other way round. No user code runs under it.
class limiter_state : public std::enable_shared_from_this<limiter_state>
{
public:
    ASIOCTX_DECL limiter_state(
        context const& root, std::size_t limit, limiter_options const& options);

    limiter::permit try_acquire(context const& ctx) noexcept;
    void release(
        context const& ctx,
        time_point since,
        limiter::permit::ending how) noexcept;
    limiter_report report() const noexcept;

    // Nobody is admitted any more.
    void close() noexcept;

    root* get_root() const noexcept
    {
        return context_access::get(root_).get_root();
    }

private:
    friend class acquire_op;

    using stage = acquire_op::stage;
    using watch = acquire_op::watch;

    // Decides about one at once, or queues it.
    void decide(acquire_op& op, watch const& w) noexcept;

    void settle(acquire_op& op) noexcept;
    limiter::permit take_permit(acquire_op& op) noexcept;

    // With the mutex held.
    std::size_t limit() const noexcept;
    bool has_room() const noexcept;
    duration expected_wait() const noexcept;
    void count_end(context const& ctx) noexcept;
    void measure(duration time, time_point since, time_point now) noexcept;
    void reduce_limit(time_point since, time_point now) noexcept;
    void admit(acquire_op& op, time_point now) noexcept;
    void abort(acquire_op& op) noexcept;
    void reject(acquire_op& op, std::uint64_t& count) noexcept;
    acquire_op* next_decided() noexcept;

    // Decides about those in the queue, as far as that can be done. A thread
    // does it once at a time, so that permits that are given back at once need
    // no stack.
    void pump() noexcept;

    struct pumping;

    time_point now() const noexcept;

    context const root_;
    limiter_options const options_;

    mutable mutex mutex_;
    double limit_;
    time_point reduced_at_ = (time_point::min)();
    std::size_t in_use_ = 0;
    std::size_t queued_ = 0;
    intrusive_list<acquire_op, limiter_tag> queue_;
    duration work_{};
    bool is_measured_ = false;
    bool is_closed_ = false;
    limiter_report counts_; // the numbers of those who have asked
};

class initiate_async_acquire
{
public:
    using executor_type = asio::any_io_executor;

    initiate_async_acquire(
        std::shared_ptr<limiter_state> s,
        context const& ctx,
        place const& at) noexcept
        : state_(std::move(s)), ctx_(ctx), at_(at)
    {
    }

    executor_type get_executor() const noexcept
    {
        return executor_of(state_->get_root());
    }

    template <class Handler>
    void operator()(Handler&& handler) const
    {
        auto const io = get_executor();
        auto const ex = asio::get_associated_executor(handler, io);
        using op_type =
            acquire_op_of<std::decay_t<Handler>, std::decay_t<decltype(ex)>>;
        auto& op = op_type::create(
            ex,
            std::forward<Handler>(handler),
            state_,
            ctx_,
            host_of(ex, state_->get_root()));
        op.connect_slot();
        op.set_origin("async_acquire", at_);
        op.acquire();
    }

private:
    std::shared_ptr<limiter_state> state_;
    context ctx_;
    place at_;
};

struct limiter_access
{
    static std::shared_ptr<limiter_state> const& get(limiter const& l) noexcept
    {
        return l.state_;
    }
};

} // namespace detail

template <asio::completion_token_for<void(error_code, limiter::permit)> Token>
auto limiter::async_acquire(
    context const& ctx, Token&& token, source_location at)
{
    return asio::async_initiate<Token, void(error_code, permit)>(
        detail::initiate_async_acquire(state_, ctx, at), token);
}

} // namespace asioctx

#endif
