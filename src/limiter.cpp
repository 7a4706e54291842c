//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/limiter.hpp>

#include <asioctx/detail/root.hpp>
#include <asioctx/detail/scope.hpp>

#include <boost/asio/error.hpp>

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace asioctx {

using detail::context_access;

namespace detail {
namespace {

// What a measured time weighs in the average, as in that of TCP's round-trip
// times: RFC 6298.
constexpr int smoothing = 8;

constexpr double decrease = 0.9;

bool adapts(limiter_options const& o) noexcept
{
    return o.target != (duration::max)();
}

// More are as good as no limit, and are no numbers of a double.
double as_limit(std::size_t n) noexcept
{
    constexpr double most = 1e15;
    return (std::min)(static_cast<double>(n), most);
}

double checked(std::size_t limit, limiter_options const& o)
{
    if (limit == 0)
        throw std::invalid_argument(
            "asioctx::limiter: with a limit of 0 nobody would ever be "
            "admitted; it is at least 1");
    if (!adapts(o))
        return as_limit(limit);
    if (o.target <= duration::zero())
        throw std::invalid_argument(
            "asioctx::limiter: the target, the time that the work may take, "
            "is positive");
    if (o.min_limit == 0 || limit < o.min_limit || limit > o.max_limit)
        throw std::invalid_argument(
            "asioctx::limiter: a limit that adapts is from min_limit, which is "
            "at least 1, to max_limit");
    return as_limit(limit);
}

} // namespace

// An acquisition.

void acquire_op::acquire() noexcept
{
    auto const s = state_;
    watch w;
    watch_ = &w;
    stage_ = stage::queued;
    start();
    s->decide(*this, w);
}

void acquire_op::asked_by_slot(asio::cancellation_type_t) noexcept
{
    if (!take_to_post())
        return;
    is_asked_by_slot_ = true;
    post_or_discard();
}

void acquire_op::settle() noexcept
{
    if (!std::exchange(is_settled_, true))
        state_->settle(*this);
}

limiter::permit acquire_op::take_permit() noexcept
{
    return state_->take_permit(*this);
}

// What is shared.

limiter_state::limiter_state(
    context const& root, std::size_t limit, limiter_options const& options)
    : root_(context_access::make(node_ptr(add_ref(
        &root_for("asioctx::limiter", context_access::get(root).get_root()))))),
      options_(options), limit_(checked(limit, options))
{
}

void limiter_state::decide(acquire_op& op, watch const& w) noexcept
{
    auto const time = now();
    bool is_mine = false;
    {
        std::lock_guard const lock(mutex_);
        if (w.is_settled)
            return;
        op.watch_ = nullptr;
        bool const can_go = is_closed_ || has_room();
        bool const is_late = op.ctx_.remaining() - work_ < expected_wait();
        bool const makes_room = options_.order == queue_order::newest_first
            && options_.max_queued != 0;
        bool const is_full = queued_ >= options_.max_queued
            && in_use_ >= this->limit() && !makes_room;
        if (!can_go && !is_late && !is_full)
        {
            queue_.push_back(op);
            ++queued_;
        }
        // Else somebody is posting it, and about to settle.
        else if (op.take_to_post())
        {
            is_mine = true;
            op.is_settled_ = true;
            if (is_closed_)
                abort(op);
            else if (can_go)
                admit(op, time);
            else
                reject(
                    op,
                    is_late ? counts_.rejected_late : counts_.rejected_full);
        }
    }
    if (is_mine)
        op.post_or_discard();
    else
        pump(); // there may be one too many now
}

void limiter_state::settle(acquire_op& op) noexcept
{
    std::lock_guard const lock(mutex_);
    if (op.watch_)
        std::exchange(op.watch_, nullptr)->is_settled = true;
    if (op.list_link<limiter_tag>::linked())
    {
        op.list_link<limiter_tag>::unlink();
        --queued_;
    }
    if (op.stage_ != stage::queued)
        return;
    if (op.is_asked_by_slot_)
        return abort(op);
    op.stage_ = stage::ended;
    op.result_ = op.ctx_.error();
    count_end(op.ctx_);
}

limiter::permit limiter_state::take_permit(acquire_op& op) noexcept
{
    if (op.stage_ != stage::admitted)
        return {};
    op.stage_ = stage::ended;
    return {shared_from_this(), std::move(op.ctx_), op.since_};
}

limiter::permit limiter_state::try_acquire(context const& ctx) noexcept
{
    auto const time = now();
    std::lock_guard const lock(mutex_);
    if (ctx.done())
        count_end(ctx);
    else if (!has_room())
        ++counts_.rejected_full;
    else
    {
        ++in_use_;
        ++counts_.admitted;
        return {shared_from_this(), ctx, time};
    }
    return {};
}

void limiter_state::release(
    context const& ctx, time_point since, limiter::permit::ending how) noexcept
{
    using ending = limiter::permit::ending;
    auto const time = now();
    bool const is_canceled = ctx.error() == errc::canceled;
    {
        std::lock_guard const lock(mutex_);
        if (how == ending::backed_off)
            reduce_limit(since, time);
        else if (how == ending::done && !is_canceled)
            measure((std::max)(time - since, duration::zero()), since, time);
        --in_use_;
    }
    pump();
}

void limiter_state::close() noexcept
{
    {
        std::lock_guard const lock(mutex_);
        is_closed_ = true;
    }
    pump();
}

limiter_report limiter_state::report() const noexcept
{
    std::lock_guard const lock(mutex_);
    auto r = counts_;
    r.limit = limit();
    r.in_use = in_use_;
    r.queued = queued_;
    r.work = work_;
    r.expected_wait = expected_wait();
    return r;
}

std::size_t limiter_state::limit() const noexcept
{
    return static_cast<std::size_t>(limit_);
}

bool limiter_state::has_room() const noexcept
{
    return in_use_ < limit() && queue_.empty();
}

duration limiter_state::expected_wait() const noexcept
{
    if (has_room())
        return duration::zero();
    auto const before =
        options_.order == queue_order::oldest_first ? queued_ : 0;
    auto const rounds = static_cast<double>(before + 1) / limit_;
    constexpr double most = static_cast<double>((duration::max)().count() / 2);
    return duration(static_cast<duration::rep>(
        (std::min)(static_cast<double>(work_.count()) * rounds, most)));
}

void limiter_state::count_end(context const& ctx) noexcept
{
    ++(ctx.error() == errc::deadline_exceeded ? counts_.expired
                                              : counts_.canceled);
}

void limiter_state::measure(
    duration time, time_point since, time_point now) noexcept
{
    if (!std::exchange(is_measured_, true))
        work_ = time;
    else
        work_ += (time - work_) / smoothing;
    if (!adapts(options_))
        return;
    if (time > options_.target)
        reduce_limit(since, now);
    else if (in_use_ >= limit())
        limit_ = (std::min)(limit_ + 1 / limit_, as_limit(options_.max_limit));
}

void limiter_state::reduce_limit(time_point since, time_point now) noexcept
{
    // What began before it was reduced says nothing about what it is now.
    if (!adapts(options_) || since < reduced_at_)
        return;
    limit_ = (std::max)(limit_ * decrease, as_limit(options_.min_limit));
    reduced_at_ = now;
}

void limiter_state::admit(acquire_op& op, time_point now) noexcept
{
    op.stage_ = stage::admitted;
    op.since_ = now;
    ++in_use_;
    ++counts_.admitted;
}

void limiter_state::abort(acquire_op& op) noexcept
{
    op.stage_ = stage::ended;
    op.result_ = asio::error::operation_aborted;
    ++counts_.canceled;
}

void limiter_state::reject(acquire_op& op, std::uint64_t& count) noexcept
{
    op.stage_ = stage::ended;
    op.result_ = overloaded;
    ++count;
}

// Decides about one and returns it, for the caller to complete; null if nothing
// more can be decided.
acquire_op* limiter_state::next_decided() noexcept
{
    while (!queue_.empty())
    {
        bool const has_permit = in_use_ < limit();
        bool const is_too_long = !has_permit && queued_ > options_.max_queued;
        if (!is_closed_ && !is_too_long && !has_permit)
            return nullptr;
        auto& op = is_too_long || options_.order == queue_order::oldest_first
            ? queue_.pop_front()
            : queue_.pop_back();
        --queued_;
        // Else somebody is posting it, and about to settle.
        if (!op.take_to_post())
            continue;
        op.is_settled_ = true;
        if (is_closed_)
            abort(op);
        else if (is_too_long)
            reject(op, counts_.rejected_full);
        else if (op.ctx_.remaining() < work_)
            reject(op, counts_.rejected_late);
        else
            admit(op, now());
        return &op;
    }
    return nullptr;
}

// What the calling thread is at.
struct limiter_state::pumping
{
    explicit pumping(limiter_state const& l) noexcept
        : of(&l), outer(std::exchange(innermost(), this))
    {
    }

    pumping(pumping const&) = delete;
    pumping& operator=(pumping const&) = delete;

    ~pumping()
    {
        innermost() = outer;
    }

    static bool is_at(limiter_state const& l) noexcept
    {
        auto const* p = innermost();
        while (p && p->of != &l)
            p = p->outer;
        return p != nullptr;
    }

    static pumping*& innermost() noexcept
    {
        static constinit thread_local pumping* p = nullptr;
        return p;
    }

    limiter_state const* of;
    pumping* outer;
};

void limiter_state::pump() noexcept
{
    if (pumping::is_at(*this))
        return;
    pumping const here(*this);
    std::unique_lock lock(mutex_);
    while (auto* const op = next_decided())
    {
        lock.unlock();
        op->post_or_discard();
        lock.lock();
    }
}

time_point limiter_state::now() const noexcept
{
    return get_root()->timer.now();
}

} // namespace detail

void limiter::permit::end(ending e) noexcept
{
    auto const s = std::move(state_);
    auto const ctx = std::move(ctx_);
    s->release(ctx, since_, e);
}

limiter::limiter(
    context const& root, std::size_t limit, limiter_options const& options)
    : state_(std::make_shared<detail::limiter_state>(root, limit, options))
{
}

limiter::~limiter()
{
    state_->close();
}

limiter::permit limiter::try_acquire(context const& ctx) noexcept
{
    return state_->try_acquire(ctx);
}

limiter_report limiter::report() const noexcept
{
    return state_->report();
}

} // namespace asioctx
