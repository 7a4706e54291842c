//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_ROOT_HPP
#define ASIOCTX_DETAIL_ROOT_HPP

#include <asioctx/config.hpp>

#include <asioctx/detail/abi.hpp>
#include <asioctx/detail/deadline_set.hpp>
#include <asioctx/detail/execution_context_gate.hpp>
#include <asioctx/detail/executor_traits.hpp>
#include <asioctx/detail/intrusive_list.hpp>
#include <asioctx/detail/request_queue.hpp>
#include <asioctx/detail/reserved_memory.hpp>
#include <asioctx/detail/scope.hpp>
#include <asioctx/detail/sync.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/wait_traits.hpp>

#include <cstdint>
#include <mutex>
#include <optional>
#include <type_traits>

namespace asioctx::detail {

struct all_roots_tag;
struct context_service_tag;
class recording;

// What will be posted to an execution context later, and must not be once that
// is gone.
class execution_context_guest : public list_link<context_service_tag>
{
public:
    // Called with the root's mutex held when the execution context shuts down.
    // If it returns true, shut_down() is called next, without the mutex. Both
    // are called until the guest has left the list, which another thread may
    // be about to see to.
    virtual bool begin_shut_down() noexcept = 0;
    virtual void shut_down() noexcept = 0;

protected:
    ~execution_context_guest() = default;
};

// The root of an execution context's tree, the set of its deadlines and the
// timer that drives it. There is one for each execution context, made on first
// use and owned by it; contexts that outlive the execution context keep the
// root, but have no timer any more.
//
// The timer is not armed for each deadline. While deadlines come and go, it is
// armed a tick ahead at most and a new deadline that is later than that costs
// nothing. After a tick without a change it is armed for the earliest deadline
// alone. It is not armed if there is none.
//
// What is due expires in batches, each of which is a handler of its own, so that
// others run in between and the mutex is never held for long.
//
// What waits for a deadline counts as work by itself; the deadline does not. So
// run() and join() return though the timer is armed. Asio's timers count, and
// this is taken back where it can be: on an io_context and a thread_pool, see
// uncount(). Other execution contexts are kept running by a deadline.
struct root final : scope, list_link<all_roots_tag>
{
    ASIOCTX_DECL explicit root() noexcept;

    ASIOCTX_DECL void describe(std::string& out) const override;

    time_point now() const noexcept
    {
        return source.load(std::memory_order_relaxed) == time_source::clock
            ? clock_type::now()
            : other_now();
    }

    // The same in coarse steps, for ages.
    coarse_time coarse_now() const noexcept
    {
        return source.load(std::memory_order_relaxed) == time_source::clock
            ? detail::coarse_now()
            : coarse(duration(other_now().time_since_epoch()).count());
    }

    // The root in whose set deadlines are: this one, unless it was told to use
    // another's.
    root& time() noexcept
    {
        auto* const other = other_time.load(std::memory_order_acquire);
        return other ? other->time() : *this;
    }

    // Has another root hold the deadlines, and its execution context let them
    // pass. Throws std::logic_error if there are deadlines, or another says
    // what time it is already.
    ASIOCTX_DECL void use_time_of(root& other);

    // Expires what is due, without waiting for a thread that runs the
    // execution context, at least until a scope is done.
    ASIOCTX_DECL void look_at_clock(scope const& until) noexcept;

    // Puts an entry that this thread has taken from the set, and holds a
    // reference to, back for a later time.
    void put_back(scope& s, time_point t) noexcept;

    // Expires the scope once the deadline has passed. Strong guarantee; throws
    // std::logic_error if the execution context is gone, or what arming the
    // timer throws.
    ASIOCTX_DECL void schedule(scope& s, time_point t, time_point now);

    // Takes the scope out of the set, if it is in it.
    ASIOCTX_DECL void unschedule(scope& s) noexcept;

    // Takes the time from advance() instead of the clock, from now on or no
    // longer.
    ASIOCTX_DECL void use_manual_clock(bool on);

    // Moves the manual clock and expires what is due.
    ASIOCTX_DECL void advance(time_point t) noexcept;

    // For the wait on the timer, and for what is posted about it.
    void* allocate(std::size_t size);
    void deallocate(void* p, std::size_t size) noexcept;

    // False if the execution context has shut down already.
    ASIOCTX_DECL bool add_guest(execution_context_guest& g) noexcept;

    // False if the guest is not, or no longer, on the list.
    ASIOCTX_DECL bool remove_guest(execution_context_guest& g) noexcept;

    // Whether this is the root of an execution context, and that has not shut
    // down.
    bool belongs_to(asio::execution_context const& c) const noexcept
    {
        return context.load(std::memory_order_relaxed) == &c;
    }

    // Null once it has shut down.
    atomic<asio::execution_context const*> context{nullptr};

    execution_context_gate gate;

    // Of operations on that execution context.
    request_queue requests;

    // The lists of the scopes and operations right below a root. Threads that derive
    // from it have one each, as far as these go round.
    //
    // While there is an execution context, that keeps the root; the lists begin to
    // when it goes.
    struct alignas(64) shard : scope_base
    {
        shard() noexcept
        {
            state.store(0, std::memory_order_relaxed);
        }
    };

    static constexpr unsigned number_of_shards = 16;

    shard shards[number_of_shards];

    ASIOCTX_DECL static unsigned char shard_of_thread() noexcept;

    // How many walks are marking a subtree of this tree: with none, whoever
    // finds a scope done need not look for one.
    atomic<std::uint32_t> walks{0};

    // Made by the first flight_recorder, owned.
    atomic<recording*> recorded{nullptr};

    // Makes the timer, if there is none, on an executor of the execution
    // context. Does nothing once that has shut down.
    ASIOCTX_DECL void use_timer(
        asio::execution_context& c, asio::any_io_executor const& ex);

    // Guards what follows.
    spin_mutex mutex;

    // Empty until background() asks for it and after the shutdown.
    asio::any_io_executor executor;

    bool is_shut_down = false;

    ASIOCTX_DECL ~root() override;

private:
    friend class context_service;
    struct handler;
    struct timer_handler;
    struct look_handler;
    struct uncount_handler;

    // Calls what the timer completes with where that may run, and counts no
    // work: that the timer itself counts is enough.
    struct timer_executor
    {
        asio::execution_context& query(
            asio::execution::context_t) const noexcept
        {
            return *context;
        }

        template <class F>
        void execute(F&& f) const;

        bool operator==(timer_executor const&) const noexcept = default;

        root* self;
        asio::execution_context* context;
    };

    using timer_type = asio::basic_waitable_timer<
        clock_type,
        asio::wait_traits<clock_type>,
        timer_executor>;

    using lock_type = std::unique_lock<spin_mutex>;

    bool expire_due(time_point now, unsigned& room) noexcept;
    void on_timer();
    void look();
    bool post_look(lock_type& lock) noexcept;
    void schedule_elsewhere(scope& s, time_point t, time_point now);
    void arm_for_first(lock_type& lock, scope& s, time_point now);
    void arm(lock_type& lock, time_point now);
    void hurry(lock_type& lock, time_point t) noexcept;
    void uncount(lock_type& lock) noexcept;
    void wake_timer(lock_type& lock) noexcept;
    void shut_down() noexcept;
    void close_shards() noexcept;
    void wait_until_unused(lock_type& lock) noexcept;

    template <class F>
    void without_mutex(lock_type& lock, F f);

    static constexpr duration tick = std::chrono::milliseconds(4);

    // How many entries of the set are expired or moved at most while the mutex
    // is held: to expire one takes as long as to move a few.
    static constexpr unsigned batch = 64;
    static constexpr unsigned batch_of_moves = 128;

    deadline_set deadlines;

    // Empty when executor is.
    std::optional<timer_type> timer;

    // Whether it can be taken back that a wait on the timer counts as work.
    // Constant once there is a timer.
    bool can_uncount = false;

    // Whether the set has changed since the timer was armed.
    bool changed = false;

    // Whether a wait on the timer is outstanding or about to be, and whether it
    // has been asked to end at once.
    bool waiting = false;
    bool waking = false;
    bool is_far = false; // more than a tick ahead, and to be ended if idle

    // Whether the wait is over, and what is due is being let pass. The timer is
    // armed after that.
    bool looking = false;

    // Whether a thread uses the timer, or posts by the executor, without the
    // mutex. One does at a time, and neither goes before it has.
    bool in_use = false;

    // Whether that thread is about to begin the wait, which so may not count as
    // work yet.
    bool beginning = false;

    // When the wait ends, or earlier; no_deadline if there is none. Nothing in
    // the set is due before: who looks at the clock reads it without the mutex.
    atomic<duration::rep> armed_at{no_deadline.time_since_epoch().count()};

    // Whether the wait, if there is one, counts as work, and whether a function
    // is on its way that takes this back.
    bool counted = true;
    bool uncounting = false;

    // Memory for both, of which there is one each at most. While there is no
    // wait, the next look may be on its way instead.
    reserved_block<256> wait_memory;
    reserved_block<64> uncount_memory;

    intrusive_list<execution_context_guest, context_service_tag> guests;

    time_point get_armed_at() const noexcept
    {
        return time_point(duration(armed_at.load(std::memory_order_relaxed)));
    }

    void set_armed_at(time_point t) noexcept
    {
        armed_at.store(
            t.time_since_epoch().count(), std::memory_order_relaxed);
    }

    enum class time_source : std::uint8_t
    {
        clock,
        by_hand,
        other_root,
    };

    ASIOCTX_DECL time_point other_now() const noexcept;

    // Changed with the mutex held.
    atomic<time_source> source{time_source::clock};
    atomic<duration::rep> manual_now{0};

    // Null, or a root that is referred to from then on. Set with the mutex held,
    // while the set of deadlines is empty, which it remains.
    atomic<root*> other_time{nullptr};

    // Whether no deadline is taken any more: there is another root for it, or
    // the execution context has shut down.
    bool is_closed = false;
};

// Ties a root to its execution context.
class context_service final : public asio::execution_context::service
{
public:
    using key_type = context_service;

    ASIOCTX_DECL static asio::execution_context::id id;

    ASIOCTX_DECL explicit context_service(asio::execution_context& context);
    ASIOCTX_DECL ~context_service() override;

    root& get() noexcept
    {
        return root_;
    }

private:
    ASIOCTX_DECL void shutdown() override;

    root& root_; // holds a reference
};

// Returns the root of an execution context. A thread remembers the last one.
ASIOCTX_DECL root& root_of(asio::execution_context& context);

// The same, with a timer on an executor of that execution context.
ASIOCTX_DECL root& root_of(
    asio::execution_context& context, asio::any_io_executor const& executor);

// The same for an executor's execution context, which is that of the system if
// the executor does not tell.
template <class Executor>
root& root_of_executor(Executor const& ex)
{
    if constexpr (is_io_context_executor<Executor>)
        return root_of(ex.context(), ex.context().get_executor());
    else if constexpr (asio::can_query_v<Executor const&,
                           asio::execution::context_t>)
        return root_of(asio::query(ex, asio::execution::context));
    else
        return root_of(asio::query(
            asio::system_executor(), asio::execution::context));
}

// The time for ages, in a root's tree or below background().
inline coarse_time coarse_now(root const* r) noexcept
{
    return r ? r->coarse_now() : coarse_now();
}

// Keeps an execution context from shutting down. False if it is about to. Without
// a root there is nothing to keep.
class gate_pass
{
public:
    explicit gate_pass(root* r) noexcept : root_(r)
    {
        if (r && !r->gate.enter())
        {
            root_ = nullptr;
            open_ = false;
        }
    }

    gate_pass(gate_pass const&) = delete;
    gate_pass& operator=(gate_pass const&) = delete;

    ~gate_pass()
    {
        if (root_)
            root_->gate.leave();
    }

    explicit operator bool() const noexcept
    {
        return open_;
    }

private:
    root* root_;
    bool open_ = true;
};

// The executor of a root's execution context. If there is no root, or that is
// gone, it is the system executor.
ASIOCTX_DECL asio::any_io_executor executor_of(root* r) noexcept;

// Throws std::logic_error if there is no root, or its execution context is gone;
// the text says what to do, and what for.
ASIOCTX_DECL root& root_for(char const* what, root* r);

} // namespace asioctx::detail

#endif
