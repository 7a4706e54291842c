//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_NODE_HPP
#define ASIOCTX_DETAIL_NODE_HPP

#include <asioctx/config.hpp>
#include <asioctx/error.hpp>

#include <asioctx/detail/coarse_clock.hpp>
#include <asioctx/detail/deadline_set.hpp>
#include <asioctx/detail/hook.hpp>
#include <asioctx/detail/intrusive_list.hpp>
#include <asioctx/detail/place.hpp>
#include <asioctx/detail/sync.hpp>
#include <asioctx/detail/thread_memory.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

namespace asioctx::detail {

struct root;
struct scope;
struct stop_bridge;
struct value_node;

inline constexpr time_point no_deadline = (time_point::max)();

// The sum of a time and a duration, or the limit that is nearest to it.
constexpr time_point add_saturated(time_point t, duration d) noexcept
{
    if (d > duration::zero())
        return t > (time_point::max)() - d ? (time_point::max)() : t + d;
    return t < (time_point::min)() - d ? (time_point::min)() : t + d;
}

// What a node tells of itself that is not a scope.
struct node_info
{
    enum class part : unsigned char
    {
        nothing, // that may be shown
        name,
        value,
        todo,
    };

    part what = part::nothing;
    std::string key; // of a value
    std::string text;
};

// A node of the tree of contexts. A handle, and a child, is a reference to it;
// a parent has no reference to its children. Everything here is set before the
// node is shared, and constant from then on.
//
// A scope right below a scope is no reference to that. It is in one of its lists,
// and that keeps it: see scope::tie.
struct node
{
    // The parent may be null: that is background(). The reference to it is
    // added by make_node().
    explicit node(node* parent) noexcept;

    inline bool is_root() const noexcept;

    // Whether this is a reference to the parent.
    inline bool counts_for_parent() const noexcept;

    inline bool is_scope() const noexcept;

    node(node const&) = delete;
    node& operator=(node const&) = delete;

    virtual ~node() = default;

    static void* operator new(std::size_t size)
    {
        return thread_memory::allocate(size);
    }

    static void operator delete(void* p, std::size_t size) noexcept
    {
        thread_memory::deallocate(p, size);
    }

    // Appends this node's own part of to_string().
    virtual void describe(std::string& out) const = 0;

    // What may be shown of it.
    virtual void tell(node_info&) const
    {
    }

    // The nearest node, this one included, that can be done by itself. Null
    // below background(). It is this node or an ancestor, and so lives.
    scope* nearest_scope = nullptr;

    union
    {
        // The nearest node, this one included, that holds a value, or null.
        value_node* nearest_value = nullptr;

        // Without references: the next node that is to be destroyed.
        node* next_dead;
    };

    node* const parent;

    atomic<std::uint32_t> refs{1};

    // Of a scope, see made().
    std::uint32_t made_line = 0;
};

// Holds one value. Done when its nearest scope is.
struct value_node : node
{
    value_node(node* p, void const* k) noexcept
        : node(p), key(k), next(nearest_value)
    {
        nearest_value = this;
    }

    virtual void const* get() const noexcept = 0;

    void const* const key;
    value_node* const next; // the next one outwards
};

// Why a scope is done.
struct reason
{
    reason() = default;

    reason(errc e, error_code const& c, std::exception_ptr x,
        source_location const& l) noexcept
        : error(e), cause(c), exception(std::move(x)), at(l)
    {
    }

    errc error = errc::canceled;

    // The time that was given, in seconds, if it is a deadline's; or 0. It is
    // for messages, and takes no room.
    float after = 0;

    friend bool operator==(reason const& a, reason const& b) noexcept
    {
        return a.error == b.error && a.cause == b.cause
            && a.exception == b.exception && a.at.line() == b.at.line()
            && a.at.file_name() == b.at.file_name();
    }

    error_code cause;
    std::exception_ptr exception; // null unless the cause was an exception
    source_location at;
};

struct sibling_tag;

// What every child and every operation of a scope changes when it comes and when
// it goes, but for the references, which are next to it: that threads share no
// more lines of cache than they must. The lock guards what is here.
struct scope_base
{
    static constexpr std::uint32_t locked_bit = 1;
    static constexpr std::uint32_t done_bit = 2;

    // A walk that began here is marking what is below. Set with done_bit.
    static constexpr std::uint32_t marking_bit = 4;

    // There has been a hook that does not keep the scope.
    static constexpr std::uint32_t hooked_bit = 8;

    // The list of children, if it is not empty, is a reference to the scope. Not of a
    // root, while that has an execution context: see root::shard.
    static constexpr std::uint32_t keeping_bit = 16;

    bool done() const noexcept
    {
        return (state.load(std::memory_order_acquire) & done_bit) != 0;
    }

    std::uint32_t lock() noexcept
    {
        for (;;)
        {
            auto const s = state.fetch_or(locked_bit, std::memory_order_acquire);
            if ((s & locked_bit) == 0)
                return s;
            wait_for_lock();
        }
    }

    void unlock(std::uint32_t s) noexcept
    {
        state.store(s, std::memory_order_release);
    }

    atomic<std::uint32_t> state{keeping_bit};

    // When it was done, if there was something below it or in it by then.
    coarse_time ended_at = 0;

    // All, from when they are linked until they are destroyed. But a walk has those
    // in hand that it is at work on.
    intrusive_ring<scope, sibling_tag> children;

    // Those that are to be notified; then those that were, and are there to be seen
    // until they end.
    intrusive_ring<hook, scope_tag> hooks;

private:
    ASIOCTX_DECL void wait_for_lock() const noexcept;
};

// A node that can be done by itself.
//
// The lock guards hooks, children, the transition to done and, until then, why and
// where it was made. Once the done bit is set these are constant and may be read
// without the lock. No thread holds the locks of two scopes. No lock is held while
// foreign code runs, nor for more than a bounded number of steps.
struct scope : node, scope_base, list_link<sibling_tag>, deadline_entry
{
    enum class behavior : std::uint8_t
    {
        ordinary,
        permanent, // never done: no walk begins here, or goes on
        idle,      // may put off its own expiry, see idle_scope

        // These may be scheduled when others know them already.
        graced,  // outlives its parent by a grace, see grace_scope
        clocked, // has the deadline of another clock, see clock_scope
    };

    ASIOCTX_DECL explicit scope(
        node* parent, behavior b = behavior::ordinary) noexcept;

    // For a root.
    ASIOCTX_DECL explicit scope(root& self) noexcept;

    ASIOCTX_DECL ~scope() override;

    ASIOCTX_DECL void describe(std::string& out) const override;

    // Adds a hook to be notified. False if the scope is done: then nothing
    // was added.
    bool add_hook(hook& h) noexcept
    {
        auto const s = lock();
        if ((s & done_bit) == 0)
            hooks.push_back(h);
        unlock(s | hooked_bit);
        return (s & done_bit) == 0;
    }

    // Takes a hook off the list. False if it was not in it.
    bool remove_hook(hook& h) noexcept
    {
        auto const s = lock();
        bool const linked = h.linked();
        if (linked)
            hooks.remove(h);
        unlock(s);
        return linked;
    }

    // Marks this scope and everything below it as done, then notifies all that
    // waited for it. Does nothing if it is done already; then the whole
    // subtree is marked on return, but another thread may still be notifying.
    // True if this call was the one. The reason may be another scope's.
    ASIOCTX_DECL bool cancel(reason why, bool inherited = false) noexcept;

    // The parent of a scope with a grace is done. True for the one who is to begin
    // the grace: a walk, or who has made the scope after that.
    ASIOCTX_DECL bool begin_grace(reason const& r, time_point t) noexcept;

    // As cancel() for a scope that nobody says more about: it is canceled where it
    // was made.
    ASIOCTX_DECL bool cancel_here() noexcept;

    // The same for a scope whose deadline or grace has passed: the reason is
    // the one that is stored.
    ASIOCTX_DECL void expire() noexcept;

    // Whether one end has ended both, which are done.
    ASIOCTX_DECL bool ended_with(scope const& other) const noexcept;

    // The lists that a child or an operation of this scope is in: its own, or, of a
    // root, one that threads other than the caller rarely use.
    ASIOCTX_DECL scope_base& pick_lists(unsigned char& shard) noexcept;

    // Where it was made. The lock is held, or it is done.
    place made() const noexcept
    {
        place p(why.at);
        if (made_file)
        {
            p.file = made_file;
            p.line = made_line;
        }
        return p;
    }

    behavior const kind;

    // What the walk that has reached this scope, having taken it from its
    // parent, will do to it once all are marked. It belongs to that walk, as do
    // the links among siblings from then on: no other can reach this scope from
    // above.
    enum class walk_step : std::uint8_t
    {
        nothing,
        unschedule,
        unschedule_and_notify,
        start_grace,
    };

    walk_step step = walk_step::nothing;

    // Whether why is that of another scope, which ended, or will end, this one.
    // As constant as why is.
    bool inherited = false;

    // Whether what deadline says is another root's to enforce: see merge().
    bool deadline_is_elsewhere = false;

    // How this scope keeps its parent scope. Changed under the lock of the list; a
    // walk that takes the scope has a reference until it has put it back.
    enum class tie : std::uint8_t
    {
        none,    // not yet
        listed,  // it is in the list of children, which does
        counted, // a walk has taken it from there: by a reference of its own
    };

    atomic<tie> to_parent{tie::none};

    // Which list of the parent's that is, if the parent is a root.
    unsigned char shard = 0;

    // The root that this scope's deadlines belong to. Null below
    // background(). An ancestor, and so alive.
    root* const home;

    // When this scope will be done at the latest; no_deadline if never.
    time_point deadline;

    // Before it is done: the reason to be done with once the deadline or grace
    // has passed, and where the scope was made, which is where it is canceled if
    // its source goes. After it: the reason.
    reason why;

    // Where the scope was made, once why.at is another place; else null.
    char const* made_file = nullptr;

    // Made by the first get_stop_token(), owned by the scope.
    atomic<stop_bridge*> bridge{nullptr};

private:
    using scope_list = intrusive_list<scope, sibling_tag>;

    template <class SetWhy>
    bool cancel_with(SetWhy set_why) noexcept;
    class some_taken;

    void set_why(reason&& r) noexcept;
    void cancel_below() noexcept;
    void take_step(cancel_budget& budget) noexcept;
    walk_step mark_child(
        reason const& why, coarse_time now, scope_list& below) noexcept;
    void take_children(scope_list& taken) noexcept;
    bool take_some_children(scope_list& taken) noexcept;
    void wait_for_walks() const noexcept;
    void wait_until_marked() const noexcept;
    bool was_ended() const noexcept;
    scope const& end_began_at() const noexcept;
    void notify_hooks(cancel_budget& budget) noexcept;
    void abandon_hooks() noexcept;
    void leave_parent() noexcept;

protected:
    void unschedule() noexcept;
};

// A scope whose parent's end starts its grace.
struct grace_scope final : scope
{
    ASIOCTX_DECL grace_scope(node* parent, duration grace) noexcept;

    ASIOCTX_DECL void describe(std::string& out) const override;

    duration const grace;

    // Where the scope was made: why may be the parent's.
    source_location made_at;

    // When it is over, once it has begun.
    atomic<duration::rep> over_at{no_deadline.time_since_epoch().count()};
};

// A scope that expires when it has not been touched for a time.
struct idle_scope final : scope
{
    ASIOCTX_DECL idle_scope(
        node* parent, duration timeout, time_point now) noexcept;

    ASIOCTX_DECL void describe(std::string& out) const override;

    // When it expires, unless it is touched again.
    time_point expiry() const noexcept
    {
        return add_saturated(
            time_point(duration(touched.load(std::memory_order_relaxed))),
            timeout);
    }

    // Any thread may call it at any time after it has read the clock: the time
    // of the last touch only moves forward.
    void touch(time_point now) noexcept
    {
        auto const t = now.time_since_epoch().count();
        auto last = touched.load(std::memory_order_relaxed);
        while (last < t
               && !touched.compare_exchange_weak(
                   last, t, std::memory_order_relaxed))
        {
        }
    }

    duration const timeout;

    // The time of the last touch, since the clock's epoch. It is scheduled for
    // an earlier touch's expiry: only when that passes is it looked at.
    atomic<duration::rep> touched;
};

// A scope with a deadline by a clock that may be set, or go on while ours stands.
// It is in the set for a while at most. When that is over it looks at its clock,
// outside of all locks, and is put back if that has not come so far.
struct clock_scope final : scope
{
    using left_function = duration(std::int64_t deadline);

    ASIOCTX_DECL clock_scope(
        node* parent, left_function* left, std::int64_t deadline) noexcept;

    ASIOCTX_DECL void describe(std::string& out) const override;

    // The time until the deadline, by its clock.
    duration left() const noexcept
    {
        return left_(deadline_);
    }

    // When to look at that clock again: it may run otherwise than ours.
    static time_point next_look(time_point now, duration left) noexcept
    {
        return add_saturated(
            now, std::min<duration>(left, std::chrono::seconds(1)));
    }

    // True if the time has not come. The caller has taken the scope from the
    // set, and holds a reference.
    ASIOCTX_DECL bool put_off() noexcept;

private:
    left_function* const left_;

    // Since the epoch of that clock, in our durations.
    std::int64_t const deadline_;
};

// The time until the scope's deadline, zero if it has passed.
ASIOCTX_DECL duration time_left(scope const& s) noexcept;

inline node::node(node* p) noexcept : parent(p)
{
    if (p)
    {
        nearest_scope = p->nearest_scope;
        nearest_value = p->nearest_value;
    }
}

// Of all nodes without a parent, it alone belongs to an execution context.
inline bool node::is_root() const noexcept
{
    return !parent && nearest_scope && nearest_scope->home;
}

inline bool node::is_scope() const noexcept
{
    return nearest_scope == this;
}

inline bool node::counts_for_parent() const noexcept
{
    return parent && !(is_scope() && parent->is_scope());
}

inline node* add_ref(node* n) noexcept
{
    if (n)
        n->refs.fetch_add(1, std::memory_order_relaxed);
    return n;
}

// Destroys a node without references, and every node that this leaves without
// references, one after the other: a long chain needs no stack.
ASIOCTX_DECL void destroy(node* n) noexcept;

inline void release(node* n) noexcept
{
    if (n && n->refs.fetch_sub(1, std::memory_order_acq_rel) == 1)
        destroy(n);
}

// A reference to a node; null stands for background().
class node_ptr
{
public:
    constexpr node_ptr() noexcept = default;

    // Takes over a reference.
    explicit node_ptr(node* n) noexcept : node_(n)
    {
    }

    node_ptr(node_ptr const& other) noexcept : node_(add_ref(other.node_))
    {
    }

    node_ptr(node_ptr&& other) noexcept
        : node_(std::exchange(other.node_, nullptr))
    {
    }

    node_ptr& operator=(node_ptr other) noexcept
    {
        std::swap(node_, other.node_);
        return *this;
    }

    ~node_ptr()
    {
        release(node_);
    }

    friend bool operator==(
        node_ptr const&, node_ptr const&) noexcept = default;

    node* get() const noexcept
    {
        return node_;
    }

    // The nearest scope; null if there is none.
    scope* get_scope() const noexcept
    {
        return node_ ? node_->nearest_scope : nullptr;
    }

    // The root that was made from an execution context; null if there is none.
    inline root* get_root() const noexcept;

private:
    node* node_ = nullptr;
};

inline root* node_ptr::get_root() const noexcept
{
    auto const* const s = get_scope();
    return s ? s->home : nullptr;
}

// Makes a node below another.
template <class Node, class... Args>
node_ptr make_node(node_ptr const& parent, Args&&... args)
{
    node_ptr n(new Node(parent.get(), std::forward<Args>(args)...));
    if (n.get()->counts_for_parent())
        add_ref(parent.get());
    return n;
}

// A new scope, and the two references to it that a context and its source will
// hold: made as one, they cost nothing.
struct scope_refs
{
    node_ptr ctx;
    node_ptr source;
};

template <class Scope>
struct new_scope : scope_refs
{
    Scope& operator*() const noexcept
    {
        return static_cast<Scope&>(*ctx.get());
    }

    Scope* operator->() const noexcept
    {
        return &**this;
    }
};

template <class Scope, class... Args>
new_scope<Scope> make_scope(
    node_ptr const& parent, source_location const& at, Args&&... args)
{
    auto* const s = new Scope(parent.get(), std::forward<Args>(args)...);
    s->refs.store(2, std::memory_order_relaxed);
    s->why.at = at;
    if (s->counts_for_parent())
        add_ref(parent.get());
    return {{node_ptr(s), node_ptr(s)}};
}

// The nearest scope, or one that is never done.
ASIOCTX_DECL scope& scope_or_never(node_ptr const& n) noexcept;

ASIOCTX_DECL void destroy(stop_bridge* b) noexcept;

// Adds a reference to a node that may be losing its last one. The caller holds
// the lock that keeps it from being freed meanwhile.
inline bool try_add_ref(node& n) noexcept
{
    auto refs = n.refs.load(std::memory_order_relaxed);
    while (refs != 0)
        if (n.refs.compare_exchange_weak(
                refs, refs + 1, std::memory_order_relaxed))
            return true;
    return false;
}

// Makes the scope a child of its parent's scope. Called for each that was made.
// Returns null, or, if the parent is done already, why: then the scope is to be
// canceled. From here on others can cancel it: it must be scheduled by now, if it
// is to be.
ASIOCTX_DECL reason const* link_to_parent(scope& s) noexcept;

// The same, and if the parent scope is done, so is this one.
ASIOCTX_DECL void link_or_cancel(scope& s) noexcept;

} // namespace asioctx::detail

#endif
