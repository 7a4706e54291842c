//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/detail/recording.hpp>
#include <asioctx/detail/root.hpp>
#include <asioctx/detail/timed_scopes.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/system_executor.hpp>

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "counting_executor.hpp"

namespace asioctx::detail {
namespace {

[[noreturn]] void throw_shut_down(char const* what)
{
    throw std::logic_error("asioctx: " + std::string(what)
        + " needs an execution context, and that of this context's root has "
          "been destroyed; derive it from background(ioc) of one that lives");
}

// All roots there are. Nothing in the program reads it: a debugger does, which looks
// at a process that hangs, or at what is left of one, and has nothing else to begin
// with: tools/gdb/asioctx.py knows it by its name. There is one root for each
// execution context, so what it costs is of no matter. It is never destroyed: some
// roots outlive main().
struct root_list
{
    spin_mutex mutex;
    intrusive_ring<root, all_roots_tag> roots;
};

#if !defined(ASIOCTX_SYNC) // where every order of threads is tried
constinit root_list all_roots;
static_assert(std::is_trivially_destructible_v<root_list>);
#endif

} // namespace

asio::execution_context::id context_service::id;

root::root() noexcept : scope(*this)
{
#if !defined(ASIOCTX_SYNC)
    std::lock_guard const guard(all_roots.mutex);
    all_roots.roots.push_back(*this);
#endif
}

template <class F>
void root::timer_executor::execute(F&& f) const
{
    // Asio's own have the timer complete where they run functions.
    if (self->can_uncount)
        return std::forward<F>(f)();
    asio::any_io_executor ex;
    {
        std::lock_guard guard(self->mutex);
        ex = self->executor;
    }
    if (ex)
        ex.execute(std::forward<F>(f));
}

// What a root hands to Asio is kept in the root's memory.
struct root::handler
{
    using allocator_type = owner_allocator<void, root>;

    allocator_type get_allocator() const noexcept
    {
        return allocator_type(*self);
    }

    root* self;
};

struct root::timer_handler : handler
{
    void operator()(error_code const&) const
    {
        self->on_timer();
    }
};

struct root::look_handler : handler
{
    void operator()() const
    {
        self->look();
    }
};

struct root::uncount_handler : handler
{
    void operator()() const noexcept
    {
        lock_type lock(self->mutex);
        self->uncounting = false;
        // Who is about to begin the wait sees to it after that.
        if (self->waiting && self->counted && !self->beginning)
            self->uncount(lock);
    }
};

root::~root()
{
#if !defined(ASIOCTX_SYNC)
    {
        std::lock_guard const guard(all_roots.mutex);
        all_roots.roots.remove(*this);
    }
#endif
    delete recorded.load(std::memory_order_relaxed);
    release(other_time.load(std::memory_order_relaxed));
}

void root::describe(std::string& out) const
{
    out += "background";
}

void* root::allocate(std::size_t size)
{
    void* p = uncount_memory.try_allocate(size);
    if (!p)
        p = wait_memory.try_allocate(size);
    return p ? p : ::operator new(size);
}

void root::deallocate(void* p, std::size_t) noexcept
{
    if (!uncount_memory.try_deallocate(p) && !wait_memory.try_deallocate(p))
        ::operator delete(p);
}

void root::schedule(scope& s, time_point t, time_point now)
{
    lock_type lock(mutex);
    if (is_closed) [[unlikely]]
        return schedule_elsewhere(s, t, now);
    if (t == no_deadline)
        return;
    deadlines.insert(s, t);
    changed = true;
    if (!waiting && !looking)
        arm_for_first(lock, s, now);
    else if (t < get_armed_at())
        hurry(lock, t);
}

// The mutex is held: that of the other root, which never uses this one's time,
// comes after it.
void root::schedule_elsewhere(scope& s, time_point t, time_point now)
{
    auto* const other = other_time.load(std::memory_order_relaxed);
    if (!other)
        throw_shut_down("a deadline");
    other->schedule(s, t, now);
}

// Arms the timer for a scope that was put into the set, and takes it out again if
// that fails. The mutex is held, and no wait is outstanding.
void root::arm_for_first(lock_type& lock, scope& s, time_point now)
{
    try
    {
        arm(lock, now);
    }
    catch (...)
    {
        if (s.scheduled())
            deadlines.remove(s);
        throw;
    }
}

void root::unschedule(scope& s) noexcept
{
    lock_type lock(mutex);
    if (is_closed) [[unlikely]]
        if (auto* const other = other_time.load(std::memory_order_relaxed))
            return other->unschedule(s);
    if (!s.scheduled())
        return;
    deadlines.remove(s);
    changed = true;
    if (is_far && deadlines.empty())
        wake_timer(lock);
}

// Calls a function of the timer or the executor: these take locks of their own,
// and call the system. The mutex is held before and after.
template <class F>
void root::without_mutex(lock_type& lock, F f)
{
    struct relock
    {
        ~relock()
        {
            lock.lock();
            self.in_use = false;
        }

        root& self;
        lock_type& lock;
    };
    in_use = true;
    lock.unlock();
    relock const at_end{*this, lock};
    f();
}

// The mutex is held before and after.
void root::wait_until_unused(lock_type& lock) noexcept
{
    for (backoff wait; in_use;)
    {
        lock.unlock();
        wait();
        lock.lock();
    }
}

// Waits for the next deadline, if there is one and nobody does. The mutex is
// held.
void root::arm(lock_type& lock, time_point now)
{
    wait_until_unused(lock);
    if (waiting || looking)
        return;
    set_armed_at(no_deadline);
    if (is_shut_down || !timer || deadlines.empty()
        || source.load(std::memory_order_relaxed) != time_source::clock)
        return;
    // What is due already is dealt out by expire_due(), in order.
    if (deadlines.next() > now)
    {
        auto room = batch_of_moves;
        deadlines.advance(now, room);
        deadlines.prepare(room);
    }
    auto next = deadlines.next_look();
    auto const latest = now + tick;
    if (changed)
        next = std::min(next, latest);
    waiting = beginning = true;
    waking = changed = false;
    is_far = next > latest && !can_uncount;
    counted = true;
    set_armed_at(next);
    try
    {
        without_mutex(
            lock,
            [&]
            {
                timer->expires_at(next);
                timer->async_wait(timer_handler{{this}});
            });
    }
    catch (...)
    {
        waiting = beginning = is_far = false;
        set_armed_at(no_deadline);
        throw;
    }
    beginning = false;
    // It may be over by now; there is no other before this returns.
    if (waiting && can_uncount && counted)
        uncount(lock);
    if (waiting && waking)
        without_mutex(lock, [this] { timer->cancel(); });
}

// Takes back that the outstanding wait counts as work. The mutex is held.
//
// That may end run(), or, before run() is called, make it return at once. So it
// is done by what the execution context itself runs, and so counts: this
// function's caller, or one that is posted. The handler of the wait puts back
// what was taken, for Asio takes it once that has returned. With the execution
// context its count goes, too.
void root::uncount(lock_type& lock) noexcept
{
    with_counting_executor(
        executor,
        [&](auto const& ex)
        {
            if (ex.running_in_this_thread())
            {
                ex.on_work_finished();
                counted = false;
            }
            else if (!uncounting)
            {
                uncounting = true;
                without_mutex(
                    lock, [&] { asio::post(ex, uncount_handler{{this}}); });
            }
        });
}

// Ends the outstanding wait because something is due before. The mutex is held.
void root::hurry(lock_type& lock, time_point t) noexcept
{
    set_armed_at(t);
    wake_timer(lock);
}

// Ends the outstanding wait at once, so that its handler arms the timer anew.
// The mutex is held.
void root::wake_timer(lock_type& lock) noexcept
{
    if (waking || !timer)
        return;
    waking = true;
    is_far = false;
    // Else who is about to begin the wait ends it after that.
    if (!in_use)
        without_mutex(lock, [this] { timer->cancel(); });
}

void root::on_timer()
{
    {
        lock_type lock(mutex);
        waiting = is_far = false;
        looking = waking = true;
        if (!counted)
            with_counting_executor(
                executor, [](auto const& ex) { ex.on_work_started(); });
    }
    look();
}

// Lets some of what is due pass. Then goes on in a handler of its own if there is
// more, else arms the timer.
void root::look()
{
    auto room = batch;
    for (;;)
    {
        auto const t = now();
        bool const more = expire_due(t, room);
        lock_type lock(mutex);
        if (!more)
        {
            looking = false;
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
bool root::post_look(lock_type& lock) noexcept
{
    auto const ex = executor;
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
bool root::expire_due(time_point t, unsigned& room) noexcept
{
    intrusive_list<deadline_entry, deadline_tag> due;
    bool more;
    {
        std::lock_guard guard(mutex);
        for (;;)
        {
            while (deadline_entry* e = room ? deadlines.expired() : nullptr)
            {
                --room;
                // Its owner cannot free it before it is removed.
                auto& s = static_cast<scope&>(*e);
                if (s.kind == scope::behavior::idle)
                {
                    auto const later = static_cast<idle_scope&>(s).expiry();
                    if (later > deadlines.now())
                    {
                        deadlines.move(s, later);
                        continue;
                    }
                }
                bool const alive = try_add_ref(s);
                deadlines.remove(s);
                if (alive)
                    due.push_back(s);
            }
            more = !deadlines.empty();
            if (!more)
                break;
            auto const next = deadlines.next();
            more = next <= t;
            if (room == 0 || !more)
                break;
            if (source.load(std::memory_order_relaxed) == time_source::by_hand)
            {
                // What begins when these expire begins at their time.
                if (!due.empty())
                    break;
                if (next > now())
                    manual_now = next.time_since_epoch().count();
            }
            deadlines.advance(next, room);
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

void root::use_timer(
    asio::execution_context& c, asio::any_io_executor const& ex)
{
    std::lock_guard guard(mutex);
    if (timer || is_shut_down)
        return;
    timer.emplace(timer_executor{this, &c});
    can_uncount = with_counting_executor(ex, [](auto const&) {});
    executor = ex;
    requests.open(ex);
}

void root::use_manual_clock(bool on)
{
    lock_type lock(mutex);
    if (on)
    {
        if (source.load(std::memory_order_relaxed) != time_source::clock)
            throw std::logic_error(
                "asioctx: this execution context has a manual clock already");
        manual_now = clock_type::now().time_since_epoch().count();
        source = time_source::by_hand;
        set_armed_at(no_deadline);
        if (waiting)
            wake_timer(lock);
    }
    else
    {
        // The time may go back: nothing must expire early for it.
        source = time_source::clock;
        auto const t = now();
        deadlines.rewind(t);
        arm(lock, t);
    }
}

time_point root::other_now() const noexcept
{
    if (auto* const other = other_time.load(std::memory_order_acquire))
        return other->now();
    return time_point(duration(manual_now.load(std::memory_order_relaxed)));
}

void root::use_time_of(root& other)
{
    // Two that take each other's time must not do so at once.
    static spin_mutex one_at_a_time;
    std::lock_guard const only(one_at_a_time);
    root& target = other.time();
    if (&time() == &target)
        return;
    std::lock_guard guard(mutex);
    if (is_shut_down)
        throw_shut_down("time");
    if (source.load(std::memory_order_relaxed) != time_source::clock
        || !deadlines.empty() || &target == this)
        throw std::logic_error(
            "asioctx: background(ec, time): this execution context has "
            "deadlines already, or its time is another's");
    add_ref(&target);
    is_closed = true;
    other_time.store(&target, std::memory_order_release);
    source = time_source::other_root;
}

void root::look_at_clock(scope const& until) noexcept
{
    auto const due = get_armed_at();
    if (due == no_deadline
        || source.load(std::memory_order_relaxed) != time_source::clock)
        return;
    auto const t = clock_type::now();
    if (t < due)
        return;
    for (auto room = batch; expire_due(t, room); room = batch)
        if (until.done())
            return;
    // The wait that is over may not have been told yet.
    std::lock_guard guard(mutex);
    if (waiting)
        set_armed_at(deadlines.empty() ? no_deadline : deadlines.next());
}

void root::put_back(scope& s, time_point t) noexcept
{
    {
        lock_type lock(mutex);
        if (!is_closed)
        {
            if (is_shut_down)
                return;
            deadlines.insert(s, t);
            changed = true;
            if (waiting && t < get_armed_at())
                hurry(lock, t);
            if (waiting || looking)
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
    if (auto* const other = other_time.load(std::memory_order_acquire))
        other->put_back(s, t);
}

void root::advance(time_point t) noexcept
{
    for (auto room = batch; expire_due(t, room); room = batch)
    {
    }
    manual_now = t.time_since_epoch().count();
}

bool root::add_guest(execution_context_guest& g) noexcept
{
    std::lock_guard guard(mutex);
    if (!is_shut_down)
        guests.push_back(g);
    return !is_shut_down;
}

bool root::remove_guest(execution_context_guest& g) noexcept
{
    std::lock_guard guard(mutex);
    bool const found = g.linked();
    if (found)
        g.unlink();
    return found;
}

void root::shut_down() noexcept
{
    gate.close();
    requests.close();
    context.store(nullptr, std::memory_order_relaxed);
    {
        std::optional<timer_type> dying_timer;
        asio::any_io_executor dying_executor;
        lock_type lock(mutex);
        is_shut_down = is_closed = true;
        set_armed_at(no_deadline);
        wait_until_unused(lock);
        std::swap(dying_timer, timer);
        std::swap(dying_executor, executor);
    }
    for (backoff wait;; wait())
    {
        execution_context_guest* g;
        bool willing;
        {
            std::lock_guard guard(mutex);
            if (guests.empty())
                return;
            g = &guests.front();
            willing = g->begin_shut_down();
        }
        if (willing)
            g->shut_down();
    }
}

void root::close_shards() noexcept
{
    for (auto& s : shards)
    {
        auto const state = s.lock();
        if (!s.children.empty())
            add_ref(this);
        s.unlock(state | keeping_bit);
    }
}

unsigned char root::shard_of_thread() noexcept
{
#if !defined(ASIOCTX_SYNC)
    static std::atomic<unsigned> threads{0};
    static constinit thread_local unsigned char number = number_of_shards;
    if (number == number_of_shards) [[unlikely]]
        number = static_cast<unsigned char>(
            threads.fetch_add(1, std::memory_order_relaxed) % number_of_shards);
    return number;
#else
    return 0; // where every order of threads is tried
#endif
}

context_service::context_service(asio::execution_context& context)
    : asio::execution_context::service(context), root_(*new root)
{
    root_.context.store(&context, std::memory_order_relaxed);
}

context_service::~context_service()
{
    // If it was made while the execution context was shutting down.
    if (!root_.is_shut_down)
        root_.shut_down();
    root_.close_shards();
    release(&root_);
}

void context_service::shutdown()
{
    root_.shut_down();
}

// To look for a service takes a lock of the execution context: a thread remembers
// the last root. Not after its end, nor where every order of threads is tried.
class last_root
{
public:
    root* find(asio::execution_context const& context) const noexcept
    {
        return root_ && root_->belongs_to(context) ? root_ : nullptr;
    }

    void remember(root& r) noexcept
    {
#if !defined(ASIOCTX_SYNC)
        if (over_)
            return;
        thread_local owner const at_exit{*this};
        static_cast<void>(at_exit);
        add_ref(&r);
        release(std::exchange(root_, &r));
#else
        static_cast<void>(r);
#endif
    }

private:
    struct owner
    {
        ~owner()
        {
            self.over_ = true;
            release(std::exchange(self.root_, nullptr));
        }

        last_root& self;
    };

    root* root_ = nullptr;
    bool over_ = false;
};

root& root_of(asio::execution_context& context)
{
    static constinit thread_local last_root last;
    if (auto* const r = last.find(context))
        return *r;
    root& r = asio::use_service<context_service>(context).get();
    last.remember(r);
    return r;
}

root& root_of(
    asio::execution_context& context, asio::any_io_executor const& executor)
{
    if (asio::has_service<context_service>(context))
    {
        root& r = root_of(context);
        std::lock_guard guard(r.mutex);
        if (r.executor || r.is_shut_down)
            return r;
    }
    // Before the service is made: so it shuts down before what timers, the I/O
    // objects and strands lean on.
    asio::steady_timer const timer(executor);
    // Not by making a strand: without memory, Boost 1.81 does not stand that.
    asio::use_service<asio::detail::strand_executor_service>(context);
    root& r = root_of(context);
    r.use_timer(context, executor);
    return r;
}

root& root_for(char const* what, root* r)
{
    if (!r)
        throw std::logic_error("asioctx: " + std::string(what)
            + " needs an execution context, and this context's root has none; "
              "derive it from background(ioc) instead of background()");
    if (!r->context.load(std::memory_order_relaxed))
        throw_shut_down(what);
    return *r;
}

asio::any_io_executor executor_of(root* r) noexcept
{
    if (r)
    {
        std::lock_guard guard(r->mutex);
        if (r->executor)
            return r->executor;
    }
    return asio::system_executor();
}

} // namespace asioctx::detail
