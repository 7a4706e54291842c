//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_DEADLINE_TIMER_HPP
#define ASIOCTX_DETAIL_DEADLINE_TIMER_HPP

#include <asioctx/config.hpp>

#include <asioctx/detail/coarse_clock.hpp>
#include <asioctx/detail/deadline_set.hpp>
#include <asioctx/detail/reserved_memory.hpp>
#include <asioctx/detail/scope.hpp>
#include <asioctx/detail/sync.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/wait_traits.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

namespace asioctx::detail {

struct root;

// The deadlines of an execution context's tree, the timer that drives them, and
// what time it is. It belongs to the root.
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
class deadline_timer
{
public:
    explicit deadline_timer(root& owner) noexcept : root_(owner)
    {
    }

    deadline_timer(deadline_timer const&) = delete;
    deadline_timer& operator=(deadline_timer const&) = delete;

    ASIOCTX_DECL ~deadline_timer();

    time_point now() const noexcept
    {
        return source_.load(std::memory_order_acquire) == time_source::clock
            ? clock_type::now()
            : other_now();
    }

    // The same in coarse steps, for ages.
    coarse_time coarse_now() const noexcept
    {
        return source_.load(std::memory_order_acquire) == time_source::clock
            ? detail::coarse_now()
            : coarse(duration(other_now().time_since_epoch()).count());
    }

    // The root in whose set deadlines are: the owner, unless it was told to use
    // another's.
    ASIOCTX_DECL root& holder() noexcept;

    // Has another root hold the deadlines, and its execution context let them
    // pass. Throws std::logic_error if there are deadlines, or another says
    // what time it is already.
    ASIOCTX_DECL void use_time_of(root& other);

    // Expires what is due, without waiting for a thread that runs the
    // execution context, at least until a scope is done.
    ASIOCTX_DECL void look_at_clock(scope const& until) noexcept;

    // Puts an entry that this thread has taken from the set, and holds a
    // reference to, back for a later time.
    ASIOCTX_DECL void put_back(scope& s, time_point t) noexcept;

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

    // Makes the timer, on an executor of the execution context. False if there is
    // one, or close() was called.
    ASIOCTX_DECL bool open(
        asio::execution_context& c, asio::any_io_executor const& ex);

    // The execution context shuts down.
    ASIOCTX_DECL void close() noexcept;

    // That of the timer; empty until there is one and after close().
    ASIOCTX_DECL asio::any_io_executor executor() const noexcept;

    // Whether open() would make it.
    ASIOCTX_DECL bool may_open() const noexcept;

    // For the wait on the timer, and for what is posted about it.
    ASIOCTX_DECL void* allocate(std::size_t size);
    ASIOCTX_DECL void deallocate(void* p, std::size_t size) noexcept;

private:
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

        deadline_timer* self;
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
    void wait_until_unused(lock_type& lock) noexcept;

    template <class F>
    void without_mutex(lock_type& lock, F f);

    static constexpr duration tick = std::chrono::milliseconds(4);

    // How many entries of the set are expired or moved at most while the mutex
    // is held: to expire one takes as long as to move a few.
    static constexpr unsigned batch = 64;
    static constexpr unsigned batch_of_moves = 128;

    root& root_;

    // Guards what follows.
    mutable spin_mutex mutex_;

    // Empty when the timer is.
    asio::any_io_executor executor_;

    bool is_shut_down_ = false;

    deadline_set deadlines_;

    std::optional<timer_type> timer_;

    // Whether it can be taken back that a wait on the timer counts as work.
    // Constant once there is a timer.
    bool can_uncount_ = false;

    // Whether the set has changed since the timer was armed.
    bool changed_ = false;

    // Whether a wait on the timer is outstanding or about to be, and whether it
    // has been asked to end at once.
    bool waiting_ = false;
    bool waking_ = false;
    bool is_far_ = false; // more than a tick ahead, and to be ended if idle

    // Whether the wait is over, and what is due is being let pass. The timer is
    // armed after that.
    bool looking_ = false;

    // Whether a thread uses the timer, or posts by the executor, without the
    // mutex. One does at a time, and neither goes before it has.
    bool in_use_ = false;

    // Whether that thread is about to begin the wait, which so may not count as
    // work yet.
    bool beginning_ = false;

    // When the wait ends, or earlier; no_deadline if there is none. Nothing in
    // the set is due before: who looks at the clock reads it without the mutex.
    atomic<duration::rep> armed_at_{no_deadline.time_since_epoch().count()};

    // Whether the wait, if there is one, counts as work, and whether a function
    // is on its way that takes this back.
    bool counted_ = true;
    bool uncounting_ = false;

    // Memory for both, of which there is one each at most. While there is no
    // wait, the next look may be on its way instead.
    reserved_block<256> wait_memory_;
    reserved_block<64> uncount_memory_;

    time_point get_armed_at() const noexcept
    {
        return time_point(duration(armed_at_.load(std::memory_order_relaxed)));
    }

    void set_armed_at(time_point t) noexcept
    {
        armed_at_.store(
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
    atomic<time_source> source_{time_source::clock};
    atomic<duration::rep> manual_now_{0};

    // Null, or that of a root which is referred to from then on. Set with the mutex
    // held, while the set of deadlines is empty, which it remains.
    atomic<deadline_timer*> other_{nullptr};

    // Whether no deadline is taken any more: there is another root for it, or
    // the execution context has shut down.
    bool is_closed_ = false;
};

} // namespace asioctx::detail

#endif
