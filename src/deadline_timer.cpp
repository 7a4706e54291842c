//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/detail/deadline_timer.hpp>

#include <asioctx/detail/root.hpp>
#include <asioctx/detail/timed_scopes.hpp>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "counting_executor.hpp"

namespace asioctx::detail {

deadline_timer::~deadline_timer()
{
    if (auto* const other = other_.load(std::memory_order_relaxed))
        release(&other->root_);
}

template <class F>
void deadline_timer::timer_executor::execute(F&& f) const
{
    // Asio's own have the timer complete where they run functions.
    if (self->can_uncount_)
        return std::forward<F>(f)();
    asio::any_io_executor ex;
    {
        std::lock_guard guard(self->mutex_);
        ex = self->executor_;
    }
    if (ex)
        ex.execute(std::forward<F>(f));
}

// What is handed to Asio is kept in memory that is here.
struct deadline_timer::handler
{
    using allocator_type = owner_allocator<void, deadline_timer>;

    allocator_type get_allocator() const noexcept
    {
        return allocator_type(*self);
    }

    deadline_timer* self;
};

struct deadline_timer::timer_handler : handler
{
    void operator()(error_code const&) const
    {
        self->on_timer();
    }
};

struct deadline_timer::look_handler : handler
{
    void operator()() const
    {
        self->look();
    }
};

struct deadline_timer::uncount_handler : handler
{
    void operator()() const noexcept
    {
        lock_type lock(self->mutex_);
        self->uncounting_ = false;
        // Who is about to begin the wait sees to it after that.
        if (self->waiting_ && self->counted_ && !self->beginning_)
            self->uncount(lock);
    }
};

void* deadline_timer::allocate(std::size_t size)
{
    void* p = uncount_memory_.try_allocate(size);
    if (!p)
        p = wait_memory_.try_allocate(size);
    return p ? p : ::operator new(size);
}

void deadline_timer::deallocate(void* p, std::size_t) noexcept
{
    if (!uncount_memory_.try_deallocate(p) && !wait_memory_.try_deallocate(p))
        ::operator delete(p);
}

void deadline_timer::schedule(scope& s, time_point t, time_point now)
{
    lock_type lock(mutex_);
    if (is_closed_) [[unlikely]]
        return schedule_elsewhere(s, t, now);
    if (t == no_deadline)
        return;
    deadlines_.insert(s, t);
    changed_ = true;
    if (!waiting_ && !looking_)
        arm_for_first(lock, s, now);
    else if (t < get_armed_at())
        hurry(lock, t);
}

// The mutex is held: that of the other, which never uses this one's time, comes
// after it.
void deadline_timer::schedule_elsewhere(scope& s, time_point t, time_point now)
{
    auto* const other = other_.load(std::memory_order_relaxed);
    if (!other)
        throw_shut_down("a deadline");
    other->schedule(s, t, now);
}

// Arms the timer for a scope that was put into the set, and takes it out again if
// that fails. The mutex is held, and no wait is outstanding.
void deadline_timer::arm_for_first(lock_type& lock, scope& s, time_point now)
{
    try
    {
        arm(lock, now);
    }
    catch (...)
    {
        if (s.scheduled())
            deadlines_.remove(s);
        throw;
    }
}

void deadline_timer::unschedule(scope& s) noexcept
{
    lock_type lock(mutex_);
    if (is_closed_) [[unlikely]]
        if (auto* const other = other_.load(std::memory_order_relaxed))
            return other->unschedule(s);
    if (!s.scheduled())
        return;
    deadlines_.remove(s);
    changed_ = true;
    if (is_far_ && deadlines_.empty())
        wake_timer(lock);
}

// Calls a function of the timer or the executor: these take locks of their own,
// and call the system. The mutex is held before and after.
template <class F>
void deadline_timer::without_mutex(lock_type& lock, F f)
{
    struct relock
    {
        ~relock()
        {
            lock.lock();
            self.in_use_ = false;
        }

        deadline_timer& self;
        lock_type& lock;
    };
    in_use_ = true;
    lock.unlock();
    relock const at_end{*this, lock};
    f();
}

// The mutex is held before and after.
void deadline_timer::wait_until_unused(lock_type& lock) noexcept
{
    for (backoff wait; in_use_;)
    {
        lock.unlock();
        wait();
        lock.lock();
    }
}

// Waits for the next deadline, if there is one and nobody does. The mutex is
// held.
void deadline_timer::arm(lock_type& lock, time_point now)
{
    wait_until_unused(lock);
    if (waiting_ || looking_)
        return;
    set_armed_at(no_deadline);
    if (is_shut_down_ || !timer_ || deadlines_.empty()
        || source_.load(std::memory_order_relaxed) != time_source::clock)
        return;
    // What is due already is dealt out by expire_due(), in order.
    if (deadlines_.next() > now)
    {
        auto room = batch_of_moves;
        deadlines_.advance(now, room);
        deadlines_.prepare(room);
    }
    auto next = deadlines_.next_look();
    auto const latest = now + tick;
    if (changed_)
        next = (std::min)(next, latest);
    waiting_ = beginning_ = true;
    waking_ = changed_ = false;
    is_far_ = next > latest && !can_uncount_;
    counted_ = true;
    set_armed_at(next);
    try
    {
        without_mutex(
            lock,
            [&]
            {
                timer_->expires_at(next);
                timer_->async_wait(timer_handler{{this}});
            });
    }
    catch (...)
    {
        waiting_ = beginning_ = is_far_ = false;
        set_armed_at(no_deadline);
        throw;
    }
    beginning_ = false;
    // It may be over by now; there is no other before this returns.
    if (waiting_ && can_uncount_ && counted_)
        uncount(lock);
    if (waiting_ && waking_)
        without_mutex(lock, [this] { timer_->cancel(); });
}

// Takes back that the outstanding wait counts as work. The mutex is held.
//
// That may end run(), or, before run() is called, make it return at once. So it
// is done by what the execution context itself runs, and so counts: this
// function's caller, or one that is posted. The handler of the wait puts back
// what was taken, for Asio takes it once that has returned. With the execution
// context its count goes, too.
void deadline_timer::uncount(lock_type& lock) noexcept
{
    with_counting_executor(
        executor_,
        [&](auto const& ex)
        {
            if (ex.running_in_this_thread())
            {
                ex.on_work_finished();
                counted_ = false;
            }
            else if (!uncounting_)
            {
                uncounting_ = true;
                without_mutex(
                    lock, [&] { asio::post(ex, uncount_handler{{this}}); });
            }
        });
}

// Ends the outstanding wait because something is due before. The mutex is held.
void deadline_timer::hurry(lock_type& lock, time_point t) noexcept
{
    set_armed_at(t);
    wake_timer(lock);
}

// Ends the outstanding wait at once, so that its handler arms the timer anew.
// The mutex is held.
void deadline_timer::wake_timer(lock_type& lock) noexcept
{
    if (waking_ || !timer_)
        return;
    waking_ = true;
    is_far_ = false;
    // Else who is about to begin the wait ends it after that.
    if (!in_use_)
        without_mutex(lock, [this] { timer_->cancel(); });
}

void deadline_timer::on_timer()
{
    {
        lock_type lock(mutex_);
        waiting_ = is_far_ = false;
        looking_ = waking_ = true;
        if (!counted_)
            with_counting_executor(
                executor_, [](auto const& ex) { ex.on_work_started(); });
    }
    look();
}

// Lets some of what is due pass. Then goes on in a handler of its own if there is
// more, else arms the timer.
void deadline_timer::look()
{
    auto room = batch;
    for (;;)
    {
        auto const t = now();
        bool const more = expire_due(t, room);
        lock_type lock(mutex_);
        if (!more)
        {
            looking_ = false;
            return arm(lock, t);
        }
        if (room == 0)
        {
            if (post_look(lock))
                return;
            room = batch; // there is no memory: then others wait
        }
    }
}

// The mutex is held. False if it cannot be done.
bool deadline_timer::post_look(lock_type& lock) noexcept
{
    auto const ex = executor_;
    lock.unlock();
    try
    {
        auto const post = [this](auto const& e)
        {
            asio::post(e, look_handler{{this}});
        };
        if (ex && !with_counting_executor(ex, post))
            post(ex);
        return true; // without an executor there is nobody to let it pass
    }
    catch (...)
    {
        return false;
    }
}

// Expires, in the order of their deadlines, some of the scopes that are due, as
// many as there is room for. True if there may be more.
bool deadline_timer::expire_due(time_point t, unsigned& room) noexcept
{
    intrusive_list<deadline_entry, deadline_tag> due;
    bool more;
    {
        std::lock_guard guard(mutex_);
        for (;;)
        {
            while (deadline_entry* e = room ? deadlines_.expired() : nullptr)
            {
                --room;
                // Its owner cannot free it before it is removed.
                auto& s = static_cast<scope&>(*e);
                if (s.kind == scope::behavior::idle)
                {
                    auto const later = static_cast<idle_scope&>(s).expiry();
                    if (later > deadlines_.now())
                    {
                        deadlines_.move(s, later);
                        continue;
                    }
                }
                bool const alive = try_add_ref(s);
                deadlines_.remove(s);
                if (alive)
                    due.push_back(s);
            }
            more = !deadlines_.empty();
            if (!more)
                break;
            auto const next = deadlines_.next();
            more = next <= t;
            if (room == 0 || !more)
                break;
            if (source_.load(std::memory_order_relaxed) == time_source::by_hand)
            {
                // What begins when these expire begins at their time.
                if (!due.empty())
                    break;
                if (next > now())
                    manual_now_ = next.time_since_epoch().count();
            }
            deadlines_.advance(next, room);
        }
    }
    more = more || !due.empty(); // they may begin a grace that is due
    while (!due.empty())
    {
        auto& s = static_cast<scope&>(due.pop_front());
        if (s.kind != scope::behavior::clocked
            || !static_cast<clock_scope&>(s).put_off())
            s.expire();
        release(&s);
    }
    return more;
}

void deadline_timer::use_manual_clock(bool on)
{
    lock_type lock(mutex_);
    if (on)
    {
        if (source_.load(std::memory_order_relaxed) != time_source::clock)
            throw std::logic_error(
                "asioctx: this execution context has a manual clock already");
        manual_now_ = clock_type::now().time_since_epoch().count();
        source_ = time_source::by_hand;
        set_armed_at(no_deadline);
        if (waiting_)
            wake_timer(lock);
    }
    else
    {
        // The time may go back: nothing must expire early for it.
        source_ = time_source::clock;
        auto const t = now();
        deadlines_.rewind(t);
        arm(lock, t);
    }
}

time_point deadline_timer::other_now() const noexcept
{
    if (auto* const other = other_.load(std::memory_order_acquire))
        return other->now();
    return time_point(duration(manual_now_.load(std::memory_order_relaxed)));
}

root& deadline_timer::holder() noexcept
{
    auto* const other = other_.load(std::memory_order_acquire);
    return other ? other->holder() : root_;
}

void deadline_timer::use_time_of(root& other)
{
    // Two that take each other's time must not do so at once.
    static spin_mutex one_at_a_time;
    std::lock_guard const only(one_at_a_time);
    root& target = other.time();
    if (&holder() == &target)
        return;
    std::lock_guard guard(mutex_);
    if (is_shut_down_)
        throw_shut_down("time");
    if (source_.load(std::memory_order_relaxed) != time_source::clock
        || !deadlines_.empty() || &target == &root_)
        throw std::logic_error(
            "asioctx: background(ec, time): this execution context has "
            "deadlines already, or its time is another's");
    add_ref(&target);
    is_closed_ = true;
    other_.store(&target.timer, std::memory_order_release);
    source_ = time_source::other_root;
}

void deadline_timer::look_at_clock(scope const& until) noexcept
{
    auto const due = get_armed_at();
    if (due == no_deadline
        || source_.load(std::memory_order_relaxed) != time_source::clock)
        return;
    auto const t = clock_type::now();
    if (t < due)
        return;
    for (auto room = batch; expire_due(t, room); room = batch)
        if (until.done())
            return;
    // The wait that is over may not have been told yet.
    std::lock_guard guard(mutex_);
    if (waiting_)
        set_armed_at(deadlines_.empty() ? no_deadline : deadlines_.next());
}

void deadline_timer::put_back(scope& s, time_point t) noexcept
{
    {
        lock_type lock(mutex_);
        if (!is_closed_)
        {
            if (is_shut_down_)
                return;
            deadlines_.insert(s, t);
            changed_ = true;
            if (waiting_ && t < get_armed_at())
                hurry(lock, t);
            if (waiting_ || looking_)
                return;
            // Another root's set, or another thread's handler of the timer, was
            // left empty, and nobody else arms it. Without memory for that, the
            // next deadline does.
            try
            {
                arm(lock, now());
            }
            catch (...)
            {
            }
            return;
        }
    }
    // It has another's time meanwhile, unless it has gone.
    if (auto* const other = other_.load(std::memory_order_acquire))
        other->put_back(s, t);
}

void deadline_timer::advance(time_point t) noexcept
{
    for (auto room = batch; expire_due(t, room); room = batch)
    {
    }
    manual_now_ = t.time_since_epoch().count();
}

bool deadline_timer::open(
    asio::execution_context& c, asio::any_io_executor const& ex)
{
    std::lock_guard guard(mutex_);
    if (timer_ || is_shut_down_)
        return false;
    timer_.emplace(timer_executor{this, &c});
    with_counting_executor(
        ex,
        [this]<class Executor>(Executor const&)
        {
#if defined(BOOST_ASIO_HAS_IOCP)
            // A thread_pool's timers wait in an execution context of their own,
            // and count there: the pool's threads would end.
            can_uncount_ =
                std::is_same_v<Executor, asio::io_context::executor_type>;
#else
            can_uncount_ = true;
#endif
        });
    executor_ = ex;
    return true;
}

void deadline_timer::close() noexcept
{
    std::optional<timer_type> dying_timer;
    asio::any_io_executor dying_executor;
    lock_type lock(mutex_);
    is_shut_down_ = is_closed_ = true;
    set_armed_at(no_deadline);
    wait_until_unused(lock);
    std::swap(dying_timer, timer_);
    std::swap(dying_executor, executor_);
}

asio::any_io_executor deadline_timer::executor() const noexcept
{
    std::lock_guard guard(mutex_);
    return executor_;
}

bool deadline_timer::may_open() const noexcept
{
    std::lock_guard guard(mutex_);
    return !timer_ && !is_shut_down_;
}

} // namespace asioctx::detail
