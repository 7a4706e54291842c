//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/current_context.hpp>
#include <asioctx/task_group.hpp>

#include <asioctx/detail/executor_target.hpp>
#include <asioctx/detail/root.hpp>
#include <asioctx/detail/scope.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/channel_error.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/asio/strand.hpp>

#include <algorithm>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "cause.hpp"

namespace asioctx {

using detail::context_access;

namespace detail {
namespace {

std::size_t checked(std::size_t limit)
{
    if (limit == 0)
        throw std::invalid_argument(
            "asioctx::task_group: with a limit of 0 no task would ever run; it "
            "is at least 1, or task_group::unlimited");
    return limit;
}

// A task that is being started.
struct start
{
    group_task const* task; // null once it has ended
    bool dropped = false;   // its handler was destroyed, not called
};

// What this thread is starting.
start*& starting() noexcept
{
    static thread_local start* s = nullptr;
    return s;
}

// Stops a group when it is called, or when it is destroyed with the execution
// context.
class watcher
{
public:
    explicit watcher(std::weak_ptr<task_group_state> s) noexcept
        : state_(std::move(s))
    {
    }

    watcher(watcher&&) = default;

    ~watcher()
    {
        if (auto const s = state_.lock())
            s->stop(true);
    }

    void operator()() noexcept
    {
        if (auto const s = std::exchange(state_, {}).lock())
            s->stop(false);
    }

private:
    std::weak_ptr<task_group_state> state_;
};

// How many strands are kept for tasks to come.
constexpr std::size_t kept_strands = 16;

// For how many failures there is room at first.
constexpr std::size_t few_failures = 8;

// Whether two codes are the same, also if one comes from std.
bool is_same(error_code const& a, error_code const& b)
{
    return std::error_code(a) == std::error_code(b);
}

// Whether an exception is what a task ends with that is asked to stop: by the
// group's context, or else by a context of its own.
bool is_abort(std::exception_ptr const& e, context const& group)
{
    bool const done = group.done();
    if (done && e == context_access::get(group).get_scope()->why.exception)
        return true;
    auto const stops = [&](error_code const& code)
    {
        if (!done)
            return is_same(code, errc::canceled);
        return is_like(code, static_cast<errc>(group.error().value()))
            || is_like(code, errc::canceled) || is_same(code, group.cause())
            || code == asio::experimental::error::channel_cancelled;
    };
    try
    {
        std::rethrow_exception(e);
    }
    catch (asio::multiple_exceptions const& m)
    {
        auto const first = m.first_exception();
        return first && is_abort(first, group);
    }
    catch (boost::system::system_error const& s)
    {
        return stops(s.code());
    }
#if !defined(ASIOCTX_STANDALONE) // where it is the same
    catch (std::system_error const& s)
    {
        return stops(s.code());
    }
#endif
    catch (...)
    {
        return false;
    }
}

} // namespace

bool is_serializing(asio::any_io_executor const& ex) noexcept
{
    using on_io = asio::strand<asio::io_context::executor_type>;
    using on_any = asio::strand<asio::any_io_executor>;
    using on_pool = asio::strand<asio::thread_pool::executor_type>;
    auto const ignore = [](auto const&) {
    };
    return visit_targets<
        on_io,
        on_any,
        on_pool,
        current_executor<on_io>,
        current_executor<on_any>,
        current_executor<on_pool>>(ex, ignore);
}

task_group_state::task_group_state(
    asio::any_io_executor ex,
    bool serializes,
    context const& parent,
    std::size_t limit,
    on_error policy,
    source_location at)
    : executor_(std::move(ex)), serializes_(serializes), limit_(limit),
      policy_(policy), group_(with_cancel(parent, at)),
      root_(context_access::make(
          node_ptr(add_ref(context_access::get(parent).get_root()))))
{
}

task_group_state::~task_group_state()
{
    cancel_here();
    task_list queue;
    queue.splice(queue_);
    drop(queue);
}

void task_group_state::watch()
{
    auto* const r = context_access::get(group_.ctx).get_root();
    watch_ = start_callback(
        group_.ctx,
        host_of(executor_, r),
        executor_,
        watcher(weak_from_this()));
}

void task_group_state::stop(bool close) noexcept
{
    std::vector<asio::any_io_executor> strands;
    {
        std::lock_guard const lock(mutex_);
        closed_ = closed_ || close;
        strands.swap(strands_);
    }
    pump();
}

// What is queued is in the list of the group's scope, to be seen.

void task_group_state::show_queued(group_task& t) noexcept
{
    if (auto* const s = context_access::get(group_.ctx).get_scope())
        s->add_hook(t.shown);
}

void task_group_state::hide_queued(group_task& t) noexcept
{
    if (auto* const s = context_access::get(group_.ctx).get_scope())
        s->remove_hook(t.shown);
}

task_group_state::place task_group_state::reserve(bool may_queue)
{
    std::lock_guard const lock(mutex_);
    bool const has_room =
        running_ < limit_ && queue_.empty() && !closed_ && !group_.ctx.done();
    if (!has_room && !may_queue)
        return place::none;
    make_room_for_failure();
    ++busy_;
    if (!has_room)
        return place::queue;
    ++running_;
    return place::room;
}

void task_group_state::unreserve(place p) noexcept
{
    if (p == place::room)
    {
        {
            std::lock_guard const lock(mutex_);
            --running_;
        }
        pump();
    }
    leave();
}

void task_group_state::start_reserved(std::unique_ptr<group_task> t) noexcept
{
    // For this thread; the task's own was counted with the room.
    {
        std::lock_guard const lock(mutex_);
        t->since = now();
        started_.push_back(*t);
        ++busy_;
    }
    launch(*t.release());
    leave();
}

bool task_group_state::enqueue(std::unique_ptr<group_task> t) noexcept
{
    bool open;
    {
        std::lock_guard const lock(mutex_);
        t->since = now();
        show_queued(*t);
        queue_.push_back(*t.release());
        open = !closed_ && !group_.ctx.done();
    }
    pump();
    return open;
}

bool task_group_state::withdraw(context const& admission) noexcept
{
    std::unique_ptr<group_task> t;
    {
        std::lock_guard const lock(mutex_);
        queue_.for_each_while(
            [&](group_task& queued)
            {
                if (queued.admission.ctx == admission)
                    t.reset(&queued);
                return !t;
            });
        if (!t)
            return false;
        t->unlink();
    }
    hide_queued(*t);
    t.reset();
    leave();
    return true;
}

void task_group_state::end(group_task& t, std::exception_ptr e) noexcept
{
    std::size_t* count = nullptr;
    if (!e)
    {
        if (policy_ == on_error::until_success)
            group_.cancel.cancel(t.at);
        count = &finished_;
    }
    else if (bool const done = group_.ctx.done(); is_abort(e, group_.ctx))
    {
        std::lock_guard const lock(mutex_);
        ++aborted_;
        alone_ += !done;
    }
    else
        fail(std::move(e), t.at);
    auto strand = finish(t, count);
    pump();
    // Only now: what is started on it would run at once, as this does.
    keep_strand(std::move(strand));
    leave();
}

void task_group_state::abandon(group_task& t) noexcept
{
    if (auto* const s = starting(); s && s->task == &t)
    {
        // launch() tells why.
        s->dropped = true;
        finish(t, nullptr);
        pump();
    }
    else
    {
        finish(t, &aborted_);
        pump_later();
    }
    leave();
}

bool task_group_state::cancel_here() noexcept
{
    if (group_.ctx.done())
        return false;
    context_access::get(group_.ctx).get_scope()->cancel_here();
    return true;
}

void task_group_state::end_body(
    std::exception_ptr const& e, bool asked, source_location at) noexcept
{
    if (asked)
        cancel_here();
    if (!e)
    {
        std::lock_guard const lock(mutex_);
        body_succeeded_ = !asked;
        return;
    }
    if (!is_abort(e, group_.ctx))
        fail(e, at);
    group_.cancel.cancel(e, at);
}

void task_group_state::note_cancel() noexcept
{
    std::lock_guard const lock(mutex_);
    ended_by_owner_ = ended_by_owner_ || !group_.ctx.done();
}

void task_group_state::on_failure(
    std::function<void(task_group_report::failure const&)> f)
{
    auto next = f ? std::make_shared<decltype(f) const>(std::move(f)) : nullptr;
    std::lock_guard const lock(mutex_);
    on_failure_.swap(next); // destroyed without the lock
}

cancelable task_group_state::make_signal() const
{
    return with_cancel(root_, source_location());
}

context task_group_state::drained()
{
    {
        std::lock_guard const lock(mutex_);
        if (busy_ != 0)
        {
            if (!drained_.cancel)
                drained_ = make_signal();
            return drained_.ctx;
        }
    }
    // The source is destroyed, and so cancels.
    return make_signal().ctx;
}

std::exception_ptr task_group_state::result(bool has_ended_it) const
{
    std::lock_guard const lock(mutex_);
    if (policy_ == on_error::ignore
        || (policy_ == on_error::until_success && finished_ != 0))
        return nullptr;
    if (!failures_.empty())
        return failures_.front().exception;
    if (aborted_ == alone_)
        return nullptr;
    if (has_ended_it || !group_.ctx.done())
        return std::make_exception_ptr(
            boost::system::system_error(asio::error::operation_aborted));
    bool const achieved =
        body_succeeded_ || (policy_ == on_error::collect && finished_ != 0);
    if (ended_by_owner_ && achieved)
        return nullptr;
    return group_.ctx.exception();
}

task_group_report task_group_state::report() const
{
    task_group_report r;
    std::lock_guard const lock(mutex_);
    r.finished = finished_;
    r.failed = failed_;
    r.aborted = aborted_;
    r.not_started = not_started_;
    r.failures = failures_;
    r.pending.reserve(busy_);
    auto const time = now();
    if (stopped_)
        r.stopping = (busy_ == 0 ? drained_at_ : time) - stopped_at_;
    for (auto* const list : {&started_, &queue_})
        list->for_each_while(
            [&](group_task const& t)
            {
                r.pending.push_back({t.at, time - t.since, list == &queue_});
                return true;
            });
    return r;
}

time_point task_group_state::now() const noexcept
{
    auto const* const r = context_access::get(root_).get_root();
    return r ? r->timer.now() : clock_type::now();
}

// Each task that has not ended may fail, and so may what has spawned them. To
// remember that must not.
void task_group_state::make_room_for_failure()
{
    auto const needed = failures_.size() + busy_ + 2;
    if (policy_ != on_error::ignore && failures_.capacity() < needed)
        failures_.reserve(
            (std::max)({needed, 2 * failures_.capacity(), few_failures}));
}

void task_group_state::note_stop() noexcept
{
    if (!stopped_ && group_.ctx.done())
    {
        stopped_ = true;
        stopped_at_ = drained_at_ = now();
    }
}

// Starts what is queued, as long as there is room. One thread at a time, so
// that tasks that end at once need no stack.
void task_group_state::pump() noexcept
{
    task_list dropped;
    {
        std::unique_lock lock(mutex_);
        note_stop();
        if (pumping_)
            return;
        pumping_ = true;
        while (!queue_.empty() && running_ < limit_ && !closed_
               && !group_.ctx.done())
        {
            auto& t = queue_.pop_front();
            hide_queued(t);
            t.since = now();
            started_.push_back(t);
            ++running_;
            ++busy_;
            lock.unlock();
            {
                // Cancels at the end.
                auto const admission = std::move(t.admission);
                launch(t);
            }
            leave();
            lock.lock();
        }
        pumping_ = false;
        if (closed_ || group_.ctx.done())
            dropped.splice(queue_);
    }
    drop(dropped);
}

// The execution context may be about to go. Then what is posted is destroyed,
// and that closes the group.
void task_group_state::pump_later() noexcept
{
    {
        std::lock_guard const lock(mutex_);
        note_stop();
        if (queue_.empty() || closed_)
            return;
    }
    try
    {
        // The source is destroyed, and so cancels.
        auto* const r = context_access::get(root_).get_root();
        start_callback(
            make_signal().ctx,
            host_of(executor_, r),
            executor_,
            watcher(weak_from_this()))
            .detach();
    }
    catch (...)
    {
        stop(true);
    }
}

void task_group_state::launch(group_task& t) noexcept
{
    auto const at = t.at;
    start s{&t};
    auto* const outer = std::exchange(starting(), &s);
    try
    {
        task_handler handler(shared_from_this(), t, executor_);
        if (!serializes_)
        {
            t.strand = take_strand();
            handler.set_executor(t.strand);
        }
        t.start(std::move(handler));
        if (s.dropped)
        {
            std::lock_guard const lock(mutex_);
            ++aborted_;
        }
    }
    catch (...)
    {
        fail(std::current_exception(), at);
    }
    starting() = outer;
}

asio::any_io_executor task_group_state::take_strand()
{
    {
        std::lock_guard const lock(mutex_);
        if (!strands_.empty())
        {
            auto strand = std::move(strands_.back());
            strands_.pop_back();
            return strand;
        }
        if (!closed_)
            strands_.reserve(kept_strands);
    }
    // The strand of a usual executor fits into a polymorphic one, which would
    // allocate for another whenever it is used.
    asio::any_io_executor strand;
    auto const make = [&strand](auto const& ex)
    {
        strand = asio::make_strand(ex);
    };
    if (!visit_targets<
            asio::io_context::executor_type,
            asio::thread_pool::executor_type>(executor_, make))
        make(executor_);
    return strand;
}

void task_group_state::keep_strand(asio::any_io_executor strand) noexcept
{
    std::lock_guard const lock(mutex_);
    if (strand && !closed_ && !group_.ctx.done()
        && strands_.size() < strands_.capacity())
        strands_.push_back(std::move(strand));
}

void task_group_state::drop(task_list& tasks) noexcept
{
    while (!tasks.empty())
    {
        std::unique_ptr<group_task> t(&tasks.pop_front());
        hide_queued(*t);
        {
            std::lock_guard const lock(mutex_);
            ++aborted_;
            ++not_started_;
        }
        t->admission.cancel.cancel(
            group_.ctx.done() ? group_.ctx.error()
                              : error_code(asio::error::operation_aborted));
        t.reset();
        leave();
    }
}

void task_group_state::fail(std::exception_ptr e, source_location at) noexcept
{
    task_group_report::failure const f{std::move(e), at};
    bool first = false;
    decltype(on_failure_) tell;
    {
        std::lock_guard const lock(mutex_);
        ++failed_;
        tell = on_failure_;
        if (policy_ != on_error::ignore)
        {
            first = failures_.empty();
            // Without a task there may be none: nothing else has failed then.
            if (failures_.size() != failures_.capacity())
                failures_.push_back(f);
        }
    }
    // One only, so that the first failure is the cause, too.
    if (first && policy_ == on_error::cancel)
        group_.cancel.cancel(f.exception, at);
    if (tell)
        (*tell)(f);
}

// Returns the task's strand. The task is gone, but joining waits for leave().
asio::any_io_executor task_group_state::finish(
    group_task& t, std::size_t* count) noexcept
{
    if (auto* const s = starting(); s && s->task == &t)
        s->task = nullptr;
    {
        std::lock_guard const lock(mutex_);
        if (count)
            ++*count;
        t.unlink();
        --running_;
    }
    auto strand = std::move(t.strand);
    delete &t;
    return strand;
}

void task_group_state::leave() noexcept
{
    // Canceled, as it is destroyed, without the lock.
    cancelable drained;
    std::lock_guard const lock(mutex_);
    if (--busy_ == 0)
    {
        if (stopped_)
            drained_at_ = now();
        drained = std::exchange(drained_, {});
    }
}

error_code admission_wait::result(error_code const& ec) const noexcept
{
    // Who is admitted although the wait was canceled is told so.
    if (ec && state->withdraw(admission))
        return ec;
    auto const& scope = *context_access::get(admission).get_scope();
    return scope.done() ? scope.why.cause : error_code();
}

} // namespace detail

task_group::task_group(
    context const& parent,
    std::size_t limit,
    on_error policy,
    source_location at)
    : task_group(
        detail::executor_of(&detail::root_for(
            "asioctx::task_group", context_access::get(parent).get_root())),
        false,
        parent,
        limit,
        policy,
        at)
{
}

task_group::task_group(
    context const& parent, on_error policy, source_location at)
    : task_group(parent, unlimited, policy, at)
{
}

task_group::task_group(
    asio::any_io_executor ex,
    bool serializes,
    context const& parent,
    std::size_t limit,
    on_error policy,
    source_location at)
    : state_(std::make_shared<detail::task_group_state>(
        std::move(ex), serializes, parent, detail::checked(limit), policy, at))
{
    state_->watch();
}

task_group::~task_group()
{
    state_->cancel_here();
}

context const& task_group::ctx() const noexcept
{
    return state_->ctx();
}

task_group::executor_type task_group::get_executor() const noexcept
{
    return state_->executor();
}

void task_group::cancel(source_location at) noexcept
{
    state_->note_cancel();
    state_->source().cancel(at);
}

void task_group::cancel(error_code const& cause, source_location at) noexcept
{
    state_->source().cancel(cause, at);
}

void task_group::cancel(std::exception_ptr cause, source_location at) noexcept
{
    state_->source().cancel(std::move(cause), at);
}

void task_group::on_failure(
    std::function<void(task_group_report::failure const&)> f)
{
    state_->on_failure(std::move(f));
}

task_group_report task_group::report() const
{
    return state_->report();
}

} // namespace asioctx
