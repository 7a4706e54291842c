//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_IMPL_TASK_GROUP_HPP
#define ASIOCTX_IMPL_TASK_GROUP_HPP

#include <asioctx/after_func.hpp>
#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/task_group.hpp>

#include <asioctx/detail/executor_target.hpp>
#include <asioctx/detail/hook.hpp>
#include <asioctx/detail/initiate_bound.hpp>
#include <asioctx/detail/intrusive_list.hpp>
#include <asioctx/detail/run_task.hpp>
#include <asioctx/detail/sync.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/associator.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/system/system_error.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>
#include <vector>

namespace asioctx {
namespace detail {

struct task_tag;
class task_handler;

// A task, from the time it is spawned until it has ended.
class group_task : public list_link<task_tag>
{
public:
    explicit group_task(source_location where) noexcept : at(where)
    {
    }

    // Shows a queued task to whoever looks at the group's context.
    struct queued_task final : hook
    {
        explicit queued_task(group_task const& t) noexcept : task(t)
        {
        }

        notice claim() noexcept override
        {
            return {};
        }

        void tell(hook_info& i) const noexcept override
        {
            i.name = "task";
            i.at = task.at;
            i.since = coarse(duration(task.since.time_since_epoch()).count());
            i.state = operation_state::queued;
        }

        group_task const& task;
    };

    virtual ~group_task() = default;

    // Starts what the task is to do. Called once. The task may be gone by the
    // time this returns.
    virtual void start(task_handler handler) = 0;

    source_location const at;
    time_point since; // spawned, or started
    queued_task shown{*this};

    // A strand of the task's own. Empty if it has none, or is queued.
    asio::any_io_executor strand;

    // Tells the one who waits for the task's start; empty if nobody does.
    cancelable admission;
};

// What the handle and the tasks of a group share.
//
// The mutex guards all that changes. No user code runs under it: functions are
// started and destroyed, and errors are examined, without.
class task_group_state : public std::enable_shared_from_this<task_group_state>
{
public:
    ASIOCTX_DECL task_group_state(
        asio::any_io_executor ex,
        bool serializes,
        context const& parent,
        std::size_t limit,
        on_error policy,
        source_location at);

    // Nothing runs any more: whoever does has a reference.
    ASIOCTX_DECL ~task_group_state();

    // Calls stop() when the group is done, or the execution context shuts
    // down. Called once, before the group is shared.
    ASIOCTX_DECL void watch();

    // Drops the queue. If close is true, nothing is started any more.
    ASIOCTX_DECL void stop(bool close) noexcept;

    // What is taken for a task beforehand: then nothing can fail any more.
    enum class place : unsigned char
    {
        none,
        queue, // as there is no room, or tasks are queued for it, or the group
               // is done
        room,
    };

    ASIOCTX_DECL place reserve(bool may_queue);

    // Gives it back.
    ASIOCTX_DECL void unreserve(place p) noexcept;

    // Starts a task that there is room for.
    ASIOCTX_DECL void start_reserved(std::unique_ptr<group_task> t) noexcept;

    // Starts a task that has its place as soon as there is room, or drops it if
    // the group is done: then false.
    ASIOCTX_DECL bool enqueue(std::unique_ptr<group_task> t) noexcept;

    // Takes the task with this admission off the queue and destroys it. False
    // if it is not in the queue.
    ASIOCTX_DECL bool withdraw(context const& admission) noexcept;

    // A task has ended, with an error unless it is null.
    ASIOCTX_DECL void end(group_task& t, std::exception_ptr e) noexcept;

    // The handler of a task is destroyed without having been called: an
    // exception leaves run(), an execution context goes, or the operation has
    // dropped it.
    ASIOCTX_DECL void abandon(group_task& t) noexcept;

    // Cancels the group, unless it is done: then false.
    ASIOCTX_DECL bool cancel_here() noexcept;

    // The owner is about to cancel the group, without a cause.
    ASIOCTX_DECL void note_cancel() noexcept;

    // The coroutine has ended that has spawned the tasks: with an exception
    // unless that is null, and it was itself asked to stop or not. Its failure
    // counts as a task's, but cancels the group whatever the policy.
    ASIOCTX_DECL void end_body(
        std::exception_ptr const& e, bool asked, source_location at) noexcept;

    ASIOCTX_DECL void on_failure(
        std::function<void(task_group_report::failure const&)> f);

    // A context that can be waited on, its executor being the group's root's.
    ASIOCTX_DECL cancelable make_signal() const;

    // A context that is done when all tasks have ended.
    ASIOCTX_DECL context drained();

    // What joining the group results in, for one who has ended it or not.
    ASIOCTX_DECL std::exception_ptr result(bool has_ended_it) const;

    ASIOCTX_DECL task_group_report report() const;

    asio::any_io_executor const& executor() const noexcept
    {
        return executor_;
    }

    context const& ctx() const noexcept
    {
        return group_.ctx;
    }

    cancel_source const& source() const noexcept
    {
        return group_.cancel;
    }

private:
    using task_list = intrusive_list<group_task, task_tag>;

    time_point now() const noexcept;
    void show_queued(group_task& t) noexcept;
    void hide_queued(group_task& t) noexcept;
    void make_room_for_failure();
    void note_stop() noexcept;
    void pump() noexcept;
    void pump_later() noexcept;
    void launch(group_task& t) noexcept;
    asio::any_io_executor take_strand();
    void keep_strand(asio::any_io_executor strand) noexcept;
    void drop(task_list& tasks) noexcept;
    void fail(std::exception_ptr e, source_location at) noexcept;
    asio::any_io_executor finish(group_task& t, std::size_t* count) noexcept;
    void leave() noexcept;

    asio::any_io_executor const executor_;
    bool const serializes_; // or each task gets a strand
    std::size_t const limit_;
    on_error const policy_;
    cancelable const group_;
    context const root_;

    mutable mutex mutex_;

    // What joining waits for: tasks, and threads that are about to touch them.
    std::size_t busy_ = 0;

    std::size_t running_ = 0; // and reserved
    mutable task_list started_;
    mutable task_list queue_;

    bool pumping_ = false; // a thread starts what is queued
    bool closed_ = false;  // the group's execution context is gone

    std::size_t finished_ = 0;
    std::size_t failed_ = 0;
    std::size_t aborted_ = 0;
    std::size_t not_started_ = 0; // of those aborted
    std::size_t alone_ = 0;       // the same, while the group was live
    std::vector<task_group_report::failure> failures_;

    // Shared, so that it is not copied, and called, under the mutex.
    std::shared_ptr<
        std::function<void(task_group_report::failure const&)> const>
        on_failure_;

    bool ended_by_owner_ = false; // by task_group::cancel()
    bool body_succeeded_ = false; // what has spawned the tasks
    bool stopped_ = false;
    time_point stopped_at_;
    time_point drained_at_;

    // Strands of tasks that have ended. They must not outlive the execution
    // context.
    std::vector<asio::any_io_executor> strands_;

    cancelable drained_; // has a right to cancel if somebody waits

    after_func_registration watch_;
};

struct task_group_access
{
    static task_group_state& get(task_group const& g) noexcept
    {
        return *g.state_;
    }
};

// The completion handler of a task.
class task_handler
{
public:
    using executor_type = asio::any_io_executor;

    task_handler(
        std::shared_ptr<task_group_state> s,
        group_task& t,
        executor_type ex) noexcept
        : state_(std::move(s)), task_(&t), executor_(std::move(ex))
    {
    }

    task_handler(task_handler&& other) noexcept
        : state_(std::move(other.state_)),
          task_(std::exchange(other.task_, nullptr)),
          executor_(std::move(other.executor_))
    {
    }

    ~task_handler()
    {
        if (task_)
            state_->abandon(*task_);
    }

    executor_type get_executor() const noexcept
    {
        return executor_;
    }

    void set_executor(executor_type ex) noexcept
    {
        executor_ = std::move(ex);
    }

    context const& ctx() const noexcept
    {
        return state_->ctx();
    }

    void operator()()
    {
        end(nullptr);
    }

    template <class First, class... Rest>
    void operator()(First&& first, Rest&&...)
    {
        using type = std::decay_t<First>;
        if constexpr (std::is_same_v<type, error_code>)
            end(first.failed() ? std::make_exception_ptr(
                    boost::system::system_error(first))
                               : nullptr);
        else if constexpr (std::is_same_v<type, std::exception_ptr>)
            end(std::forward<First>(first));
        else
            end(nullptr);
    }

private:
    void end(std::exception_ptr e)
    {
        auto const s = std::move(state_);
        s->end(*std::exchange(task_, nullptr), std::move(e));
    }

    std::shared_ptr<task_group_state> state_;
    group_task* task_;
    executor_type executor_;
};

template <class T>
struct awaitable_traits
{
    using executor_type = void;
};

template <class T, class Executor>
struct awaitable_traits<asio::awaitable<T, Executor>>
{
    using executor_type = Executor;
};

template <class T>
concept is_awaitable =
    !std::is_void_v<typename awaitable_traits<T>::executor_type>;

using task_token = context_binder<task_handler>;

template <class F>
concept returns_awaitable =
    std::is_invocable_v<F&> && is_awaitable<std::invoke_result_t<F&>>;

template <class F>
concept starts_operation = std::is_invocable_v<F, task_token>
    && !is_awaitable<std::invoke_result_t<F, task_token>>;

template <class F>
concept returns_awaitable_with_context = std::is_invocable_v<F, context>
    && is_awaitable<std::invoke_result_t<F, context>>;

// In this order: a function is tried with a context if it takes nothing else.
template <class F>
concept is_task = is_awaitable<F> || returns_awaitable<F>
    || starts_operation<F> || returns_awaitable_with_context<F>;

template <class F>
class group_task_of final : public group_task
{
public:
    template <class T>
    group_task_of(T&& f, source_location where)
        : group_task(where), function_(std::forward<T>(f))
    {
    }

    void start(task_handler handler) override
    {
        auto const ex = handler.get_executor();
        auto const ctx = handler.ctx();
        task_token token(ctx, asio::cancellation_type::terminal,
            std::move(handler), this->at);
        // The function is kept here until the handler is called: by then the
        // coroutine is gone, but what co_spawn() holds need not be.
        [[maybe_unused]] auto& f = function_;
        if constexpr (is_awaitable<F>)
            asio::co_spawn(
                ex, run_task(std::move(f), nullptr), std::move(token));
        else if constexpr (returns_awaitable<F>)
            asio::co_spawn(
                ex, [&f] { return call_task(f); }, std::move(token));
        else if constexpr (starts_operation<F>)
        {
            // The handler may be called, and this go, within the call.
            F operation(std::move(f));
            static_cast<void>(std::move(operation)(std::move(token)));
        }
        else
            asio::co_spawn(
                ex, [&f, ctx] { return call_task(f, ctx); }, std::move(token));
    }

private:
    F function_;
};

template <class F>
std::unique_ptr<group_task> make_group_task(
    [[maybe_unused]] F&& f, [[maybe_unused]] source_location at)
{
    using type = std::decay_t<F>;
    static_assert(is_task<type>,
        "asioctx::task_group: the task must be a function object that "
        "returns an asio::awaitable, called with a context or without "
        "arguments, or an asio::awaitable, or an asynchronous "
        "operation, which is called with a completion token");
    if constexpr (is_task<type>)
        return std::make_unique<group_task_of<type>>(std::forward<F>(f), at);
    else
        return nullptr; // not to add errors of its own
}

template <class Where>
asio::any_io_executor executor_for_tasks(Where& where)
{
    if constexpr (std::convertible_to<Where&, asio::any_io_executor>)
        return where;
    else
        return where.get_executor();
}

// Gives the place back that was taken for a task, unless it is used.
class reserved_place
{
    using place = task_group_state::place;

public:
    reserved_place(task_group_state& s, bool may_queue)
        : state_(s), place_(s.reserve(may_queue))
    {
    }

    reserved_place(reserved_place const&) = delete;
    reserved_place& operator=(reserved_place const&) = delete;

    ~reserved_place()
    {
        if (place_ != place::none)
            state_.unreserve(place_);
    }

    bool has_room() const noexcept
    {
        return place_ == place::room;
    }

    // False if the task was dropped, as the group is done.
    bool use(std::unique_ptr<group_task> t) noexcept
    {
        if (std::exchange(place_, place::none) != place::room)
            return state_.enqueue(std::move(t));
        state_.start_reserved(std::move(t));
        return true;
    }

private:
    task_group_state& state_;
    place place_;
};

// Waits for a signal of a group. What else there is in the handler's result,
// Wait says.
template <class Handler, class Wait>
class group_wait_handler
{
public:
    using executor_type =
        asio::associated_executor_t<Handler, asio::any_io_executor>;

    group_wait_handler(Handler&& h, Wait&& w)
        : handler_(std::move(h)), wait_(std::move(w))
    {
    }

    executor_type get_executor() const noexcept
    {
        return asio::get_associated_executor(handler_, wait_.state->executor());
    }

    Handler const& handler() const noexcept
    {
        return handler_;
    }

    void operator()(error_code const& ec)
    {
        auto result = wait_.result(handler_, ec);
        // The handler may wait for what the group holds to go.
        wait_ = Wait();
        std::move(handler_)(std::move(result));
    }

private:
    Handler handler_;
    Wait wait_;
};

// The cancellation slot of a handler. With two arguments: with one, Boost 1.81
// finds two functions for a std::reference_wrapper.
template <class Handler>
auto slot_of_join(Handler const& handler) noexcept
{
    return asio::get_associated_cancellation_slot(
        handler, asio::cancellation_slot());
}

// Cancels the group for one who waits for its tasks, and goes on waiting. Lives
// in the slot of the one who waits.
struct join_canceler
{
    explicit join_canceler(std::weak_ptr<task_group_state> g) noexcept
        : group(std::move(g))
    {
    }

    void operator()(asio::cancellation_type_t type)
    {
        if (type == asio::cancellation_type::none)
            return;
        if (auto const g = group.lock())
            has_ended_it = g->cancel_here() || has_ended_it;
    }

    std::weak_ptr<task_group_state> group;
    bool has_ended_it = false;
};

struct join_wait
{
    template <class Handler>
    std::exception_ptr result(Handler const& handler, error_code const&) const
    {
        if (!canceler)
            return state->result(false);
        bool const has_ended_it = canceler->has_ended_it;
        slot_of_join(handler).clear();
        return state->result(has_ended_it);
    }

    std::shared_ptr<task_group_state> state;
    join_canceler* canceler = nullptr; // in the handler's slot, if it has one
};

struct admission_wait
{
    template <class Handler>
    error_code result(Handler const&, error_code const& ec) const noexcept
    {
        return result(ec);
    }

    ASIOCTX_DECL error_code result(error_code const& ec) const noexcept;

    std::shared_ptr<task_group_state> state;
    context admission;
};

class initiate_on_group
{
public:
    using executor_type = asio::any_io_executor;

    explicit initiate_on_group(std::shared_ptr<task_group_state> s) noexcept
        : state_(std::move(s))
    {
    }

    executor_type get_executor() const noexcept
    {
        return state_->executor();
    }

protected:
    std::shared_ptr<task_group_state> state_;
};

class initiate_async_join : public initiate_on_group
{
public:
    using initiate_on_group::initiate_on_group;

    template <class Handler>
    void operator()(Handler&& handler, source_location at) const
    {
        using type = std::decay_t<Handler>;
        join_wait w{state_};
        auto slot = slot_of_join(handler);
        if (slot.is_connected())
            w.canceler = &slot.template emplace<join_canceler>(state_);
        try
        {
            // The wait itself is not canceled.
            state_->drained().async_wait(asio::bind_cancellation_slot(
                asio::cancellation_slot(),
                group_wait_handler<type, join_wait>(
                    type(std::forward<Handler>(handler)), std::move(w))), at);
        }
        catch (...)
        {
            if (slot.is_connected())
                slot.clear();
            throw;
        }
    }
};

class initiate_async_spawn : public initiate_on_group
{
public:
    using initiate_on_group::initiate_on_group;

    // The handler waits first, and all that can fail is done by then: what is
    // handed to a strand without memory is stuck there, and the strand with it.
    template <class Handler, class F>
    void operator()(Handler&& handler, F&& f, source_location at) const
    {
        auto signal = state_->make_signal();
        if (state_->ctx().done())
        {
            wait(std::forward<Handler>(handler), signal.ctx, at);
            signal.cancel.cancel(state_->ctx().error());
            return;
        }
        auto t = make_group_task(std::forward<F>(f), at);
        reserved_place place(*state_, true);
        wait(std::forward<Handler>(handler), signal.ctx, at);
        // It cancels when it is destroyed.
        if (!place.has_room())
            t->admission = std::move(signal);
        place.use(std::move(t));
    }

private:
    template <class Handler>
    void wait(Handler&& handler, context const& admission,
        source_location at) const
    {
        using type = std::decay_t<Handler>;
        admission.async_wait(group_wait_handler<type, admission_wait>(
            type(std::forward<Handler>(handler)),
            admission_wait{state_, admission}), at);
    }
};

} // namespace detail

template <class Where>
    requires detail::runs_tasks<Where>
task_group::task_group(Where&& where, context const& parent,
    std::size_t limit, on_error policy, source_location at)
    : task_group(detail::executor_for_tasks(where),
          detail::is_strand<std::decay_t<Where>>
              || detail::is_serializing(detail::executor_for_tasks(where)),
          parent, limit, policy, at)
{
}

template <class Where>
    requires detail::runs_tasks<Where>
task_group::task_group(Where&& where, context const& parent, on_error policy,
    source_location at)
    : task_group(std::forward<Where>(where), parent, unlimited, policy, at)
{
}

template <class F>
bool task_group::spawn(F&& f, source_location at)
{
    auto t = detail::make_group_task(std::forward<F>(f), at);
    detail::reserved_place place(*state_, true);
    return place.use(std::move(t));
}

template <class F>
bool task_group::try_spawn(F&& f, source_location at)
{
    detail::reserved_place place(*state_, false);
    return place.has_room()
        && place.use(detail::make_group_task(std::forward<F>(f), at));
}

template <class F, asio::completion_token_for<void(error_code)> Token>
auto task_group::async_spawn(F&& f, Token&& token, source_location at)
{
    return asio::async_initiate<Token, void(error_code)>(
        detail::initiate_async_spawn(state_), token, std::forward<F>(f), at);
}

template <asio::completion_token_for<void(std::exception_ptr)> Token>
auto task_group::async_join(Token&& token, source_location at)
{
    return asio::async_initiate<Token, void(std::exception_ptr)>(
        detail::initiate_async_join(state_), token, at);
}

} // namespace asioctx

template <
    template <class, class>
    class Associator,
    class Handler,
    class Wait,
    class DefaultCandidate>
struct boost::asio::associator<
    Associator,
    asioctx::detail::group_wait_handler<Handler, Wait>,
    DefaultCandidate> : Associator<Handler, DefaultCandidate>
{
    static typename Associator<Handler, DefaultCandidate>::type get(
        asioctx::detail::group_wait_handler<Handler, Wait> const& h) noexcept
    {
        return Associator<Handler, DefaultCandidate>::get(h.handler());
    }

    static auto get(
        asioctx::detail::group_wait_handler<Handler, Wait> const& h,
        DefaultCandidate const& c) noexcept
        -> decltype(Associator<Handler, DefaultCandidate>::get(h.handler(), c))
    {
        return Associator<Handler, DefaultCandidate>::get(h.handler(), c);
    }
};

#endif
