//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/detail/root.hpp>
#include <asioctx/detail/scope.hpp>
#include <asioctx/detail/timed_scopes.hpp>

#include <algorithm>
#include <iterator>

#include "record.hpp"

namespace asioctx::detail {
namespace {

// How many walks are marking a subtree of the tree that a scope is in.
atomic<std::uint32_t>& walks_of(scope const& s) noexcept
{
    static atomic<std::uint32_t> below_background{0};
    return s.home ? s.home->walks : below_background;
}

scope* parent_scope(node const& n) noexcept
{
    return n.parent ? n.parent->nearest_scope : nullptr;
}

// The lists of a scope that a child or an operation is in.
scope_base& lists_of(scope& s, unsigned char shard) noexcept
{
    if (is_root(s)) [[unlikely]]
        return static_cast<root&>(s).shards[shard];
    return s;
}

ASIOCTX_COLD void record_made(scope& s) noexcept
{
    record(s.home, flight_recorder::what::made, &s, "", s.made());
}

ASIOCTX_COLD void record_end(scope& s) noexcept
{
    record(s.home,
        s.why.error == errc::canceled ? flight_recorder::what::canceled
                                      : flight_recorder::what::expired,
        &s, "", s.why.at);
}

} // namespace

scope::scope(node* above, behavior b) noexcept
    : node(above),
      kind(b),
      home(nearest_scope ? nearest_scope->home : nullptr),
      deadline(nearest_scope && b != behavior::permanent
              ? nearest_scope->deadline
              : no_deadline)
{
    if (nearest_scope)
        deadline_is_elsewhere = nearest_scope->deadline_is_elsewhere;
    nearest_scope = this;
}

scope::scope(root& self) noexcept
    : node(nullptr),
      kind(behavior::permanent),
      home(&self),
      deadline(no_deadline)
{
    nearest_scope = this;
}

scope::~scope()
{
    unschedule();
    // The shutdown of another execution context may be taking one.
    if ((state.load(std::memory_order_relaxed) & hooked_bit) != 0)
        abandon_hooks();
    if (auto* const b = bridge.load(std::memory_order_acquire))
        destroy(b);
    leave_parent(); // last: that may be all that keeps what is above
}

void scope::describe(std::string& out) const
{
    if (kind == behavior::permanent)
        out += ".without_cancel";
    else if (auto* p = parent_scope(*this);
             deadline != (p ? p->deadline : no_deadline))
        out += done()
            ? ".with_deadline"
            : ".with_deadline(" + seconds(time_left(*this)) + " left)";
    else
        out += ".with_cancel";
}

duration time_left(scope const& s) noexcept
{
    auto const now = s.home ? s.home->timer.now() : clock_type::now();
    return s.deadline > now ? s.deadline - now : duration::zero();
}

void scope_base::wait_for_lock() const noexcept
{
    for (backoff wait;
         (state.load(std::memory_order_relaxed) & locked_bit) != 0;)
        wait();
}

bool scope::cancel(reason const& r, bool is_inherited) noexcept
{
    return cancel_all(
        [&]
        {
            set_why(r);
            inherited = is_inherited;
        });
}

void scope::cancel(reason const& r, cancellation& of) noexcept
{
    cancel_with(
        [&]
        {
            set_why(r);
            inherited = true;
        },
        of);
}

bool scope::begin_grace(reason const& r, time_point t) noexcept
{
    auto const s = lock();
    bool const begins = !inherited;
    if (begins)
    {
        set_why(r);
        inherited = true;
        deadline = t;
    }
    unlock(s);
    return begins;
}

// The lock is held.
void scope::set_why(reason const& r) noexcept
{
    if (!made_file)
    {
        made_file = why.at.file_name();
        made_line = static_cast<std::uint32_t>(why.at.line());
    }
    why = r;
}

bool scope::cancel_here() noexcept
{
    return cancel_all(
        [this]
        {
            why.error = errc::canceled;
            why.cause = {};
            why.exception = nullptr;
            inherited = false;
            if (kind == behavior::graced)
                why.at = static_cast<grace_scope&>(*this).made_at;
        });
}

void scope::expire() noexcept
{
    cancel_all([] {});
}

template <class SetWhy>
bool scope::cancel_all(SetWhy set_reason) noexcept
{
    cancellation c;
    bool const first = cancel_with(set_reason, c);
    if (c.without_grace) [[unlikely]]
        end_without_grace(c);
    return first;
}

ASIOCTX_COLD void scope::end_without_grace(cancellation& c) noexcept
{
    while (auto* const g = c.without_grace)
    {
        c.without_grace = g->next_without_grace;
        g->cancel_with([] {}, c);
        release(g);
    }
}

// The function is called with the lock held. What calls this does little else, and
// each context pays for it.
template <class SetWhy>
[[gnu::always_inline]] inline bool scope::cancel_with(
    SetWhy set_reason, cancellation& c) noexcept
{
    if (!done())
    {
        auto const s = lock();
        if ((s & done_bit) == 0)
        {
            set_reason();
            if (is_recorded()) [[unlikely]]
                record_end(*this);
            bool const has_hooks = !hooks.empty();
            bool const has_children = !children.empty();
            if (has_hooks || has_children)
                ended_at = coarse_now(home);
            if (!has_children)
            {
                unlock(s | done_bit);
                unschedule();
                if (has_hooks)
                    notify_hooks(c);
            }
            else
            {
                // Seen by whoever sees something done that this walk marks.
                walks_of(*this).fetch_add(1, std::memory_order_relaxed);
                unlock(s | done_bit | marking_bit);
                cancel_below(c);
            }
            return true;
        }
        unlock(s);
    }
    wait_for_walks();
    return false;
}

// Whoever finds a scope done goes on once all below it is. Those that the walk
// came by are done, too, up to the one where it began.
void scope::wait_for_walks() const noexcept
{
    if (walks_of(*this).load(std::memory_order_acquire) != 0)
        for (auto const* s = this; s && s->done(); s = parent_scope(*s))
            s->wait_until_marked();
}

void scope::wait_until_marked() const noexcept
{
    for (backoff wait;
         (state.load(std::memory_order_acquire) & marking_bit) != 0;)
        wait();
}

// What has a grace ends by itself.
bool scope::was_ended() const noexcept
{
    return inherited && kind != behavior::graced;
}

// This scope or an ancestor. What a merge has brought down from elsewhere began here.
scope const& scope::end_began_at() const noexcept
{
    auto const* s = this;
    while (s->was_ended())
    {
        auto const* const p = parent_scope(*s);
        if (!p || !p->done() || p->why != s->why)
            break;
        s = p;
    }
    return *s;
}

bool scope::ended_with(scope const& other) const noexcept
{
    return &end_began_at() == &other.end_began_at();
}

// Some of what a walk has taken, with a reference to each.
class scope::some_taken
{
public:
    some_taken() = default;
    some_taken(some_taken const&) = delete;
    some_taken& operator=(some_taken const&) = delete;

    ~some_taken()
    {
        for (std::size_t i = 0; i != size_; ++i)
            release(scopes_[i]);
    }

    // Takes over the first of a list, and puts them back where a walk has taken
    // them from, for all to see: what comes next may call foreign code, and that
    // may take its time. What nobody else has any more is left out.
    void take(scope_list& reached) noexcept
    {
        while (!reached.empty() && size_ != std::size(scopes_))
            scopes_[size_++] = &reached.pop_front();
        for (std::size_t i = 0; i != size_;)
            i = put_back(i);
    }

    scope* const* begin() const noexcept
    {
        return scopes_;
    }

    scope* const* end() const noexcept
    {
        return scopes_ + size_;
    }

private:
    // Those of one parent at a time. Returns the first that is another's.
    std::size_t put_back(std::size_t i) noexcept
    {
        auto* const parent = parent_scope(*scopes_[i]);
        auto const state = parent->lock();
        bool const was_empty = parent->children.empty();
        std::uint32_t listed = 0;
        for (; i != size_ && parent_scope(*scopes_[i]) == parent; ++i)
        {
            scope& s = *scopes_[i];
            if (s.refs.load(std::memory_order_acquire) == 1)
                continue;
            parent->children.push_back(s);
            s.to_parent.store(tie::listed, std::memory_order_release);
            ++listed;
        }
        // The list's reference is one of those that they had.
        if (was_empty && listed != 0)
            --listed;
        if (listed != 0)
            parent->refs.fetch_sub(listed, std::memory_order_release);
        parent->unlock(state);
        return i;
    }

    std::size_t size_ = 0;
    scope* scopes_[32];
};

// The scope is done. What is derived from it by now is not waited for: who derives
// it cancels it.
void scope::cancel_below(cancellation& c) noexcept
{
    scope_list reached;
    take_children(reached);
    // Each scope's children are put before its next sibling: the walk goes
    // parents first and in the order in which siblings were made.
    bool meets_others = false;
    for (auto* s = reached.empty() ? nullptr : &reached.front(); s;
         s = reached.next(*s))
    {
        scope_list below;
        s->step = s->mark_child(why, ended_at, below);
        reached.splice_after(*s, below);
        meets_others = meets_others || s->step == walk_step::nothing;
    }
    // What was done already has a walk of its own. That waits for none above it.
    if (meets_others)
        for (auto* s = &reached.front(); s; s = reached.next(*s))
            if (s->step == walk_step::nothing)
                s->wait_until_marked();
    unlock(lock() & ~marking_bit);
    walks_of(*this).fetch_sub(1, std::memory_order_release);

    unschedule();
    notify_hooks(c);

    while (!reached.empty())
    {
        some_taken some;
        some.take(reached);
        for (scope* const s : some)
            s->take_step(c);
    }
}

// What a walk that has marked the scope does next.
void scope::take_step(cancellation& c) noexcept
{
    switch (step)
    {
    case walk_step::nothing:
        break;
    case walk_step::start_grace:
        static_cast<grace_scope&>(*this).start(c);
        break;
    case walk_step::unschedule_and_notify:
        notify_hooks(c);
        [[fallthrough]];
    case walk_step::unschedule:
        unschedule();
        break;
    }
}

scope::walk_step scope::mark_child(
    reason const& r, coarse_time now, scope_list& below) noexcept
{
    if (kind == behavior::permanent)
        return walk_step::nothing;
    auto const s = lock();
    // Of a grace that has begun by itself the parent's end is known.
    if ((s & done_bit) != 0 || (kind == behavior::graced && inherited))
    {
        unlock(s);
        return walk_step::nothing;
    }
    set_why(r);
    inherited = true;
    ended_at = now;
    if (is_recorded()) [[unlikely]]
        record_inherited(home);
    if (kind == behavior::graced)
    {
        unlock(s);
        return walk_step::start_grace;
    }
    bool const has_hooks = !hooks.empty();
    bool const more = take_some_children(below);
    unlock(s | done_bit);
    if (more)
        take_children(below);
    return has_hooks ? walk_step::unschedule_and_notify
                     : walk_step::unschedule;
}

// Takes the children off the list, with a reference to each.
void scope::take_children(scope_list& taken) noexcept
{
    for (bool more = true; more;)
    {
        auto const s = lock();
        more = take_some_children(taken);
        unlock(s);
    }
}

// True if there are more: children that leave meanwhile need the lock. It is held.
bool scope::take_some_children(scope_list& taken) noexcept
{
    std::uint32_t n = 0;
    auto* next = children.empty() ? nullptr : &children.front();
    for (; next && n != 64; next = children.next(*next))
        ++n;
    bool const more = next != nullptr;
    // Before they are told: one that is going gives its reference up at once. If
    // none is left, one of them has the list's.
    if (auto const counted = more || n == 0 ? n : n - 1)
        refs.fetch_add(counted, std::memory_order_relaxed);
    for (; n != 0; --n)
    {
        scope& c = children.pop_front();
        if (try_add_ref(c))
            taken.push_back(c);
        c.to_parent.store(tie::counted, std::memory_order_release);
    }
    return more;
}

void scope::notify_hooks(cancellation& c) noexcept
{
    for (;;)
    {
        auto const s = lock();
        if (hooks.empty() || hooks.front().claimed)
        {
            unlock(s);
            return;
        }
        hook& h = hooks.pop_front();
        auto const notice = h.claim();
        if (notice.stays)
        {
            h.claimed = true;
            hooks.push_back(h);
        }
        unlock(s);
        if (notice.call)
            notice.call(notice.of, c);
    }
}

// To abandon one hook may run foreign code, which may destroy an execution
// context: that takes off the list what it is to destroy itself.
void scope::abandon_hooks() noexcept
{
    for (;;)
    {
        auto const s = lock();
        if (hooks.empty())
            return unlock(s);
        hook& h = hooks.pop_front();
        unlock(s);
        h.abandon();
    }
}

// Whoever links a scope has scheduled it before, so that it is seen here. But a
// grace begins when it does, and a clock_scope is put back: then either this
// sees it scheduled, under the mutex, or start_grace() or put_off() sees it done.
void scope::unschedule() noexcept
{
    if (scheduled() || kind >= behavior::graced)
        home->timer.unschedule(*this);
}

void scope::leave_parent() noexcept
{
    auto t = to_parent.load(std::memory_order_acquire);
    if (t == tie::none)
        return;
    scope& p = *parent->nearest_scope;
    bool is_reference = true;
    if (t == tie::listed)
    {
        auto& lists = lists_of(p, shard);
        auto const s = lists.lock();
        t = to_parent.load(std::memory_order_relaxed);
        if (t == tie::listed)
        {
            lists.children.remove(*this);
            is_reference = (s & keeping_bit) != 0 && lists.children.empty();
        }
        lists.unlock(s);
    }
    if (is_reference)
        release(&p);
}

scope_base& scope::pick_lists(unsigned char& number) noexcept
{
    if (!is_root(*this)) [[likely]]
        return *this;
    number = root::shard_of_thread();
    return static_cast<root&>(*this).shards[number];
}

reason const* link_to_parent(scope& s) noexcept
{
    scope* const p = parent_scope(s);
    if (!p)
        return nullptr;
    auto& lists = p->pick_lists(s.shard);
    auto const state = lists.lock();
    if ((state & scope::keeping_bit) != 0 && lists.children.empty())
        add_ref(p);
    lists.children.push_back(s);
    s.to_parent.store(scope::tie::listed, std::memory_order_relaxed);
    if (is_recorded()) [[unlikely]]
        record_made(s);
    lists.unlock(state);
    return (state & scope::done_bit) == 0 ? nullptr : &p->why;
}

void link_or_cancel(scope& s) noexcept
{
    if (auto const* why = link_to_parent(s))
        s.cancel(*why, true);
}

} // namespace asioctx::detail
