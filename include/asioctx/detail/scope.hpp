//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_SCOPE_HPP
#define ASIOCTX_DETAIL_SCOPE_HPP

#include <asioctx/config.hpp>
#include <asioctx/error.hpp>

#include <asioctx/detail/coarse_clock.hpp>
#include <asioctx/detail/deadline_set.hpp>
#include <asioctx/detail/hook.hpp>
#include <asioctx/detail/intrusive_list.hpp>
#include <asioctx/detail/node.hpp>
#include <asioctx/detail/place.hpp>
#include <asioctx/detail/sync.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

namespace asioctx::detail {

struct stop_bridge;

inline constexpr time_point no_deadline = (time_point::max)();

// The sum of a time and a duration, or the limit that is nearest to it.
constexpr time_point add_saturated(time_point t, duration d) noexcept
{
    if (d > duration::zero())
        return t > (time_point::max)() - d ? (time_point::max)() : t + d;
    return t < (time_point::min)() - d ? (time_point::min)() : t + d;
}

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
    ASIOCTX_COLD ASIOCTX_DECL void wait_for_lock() const noexcept;
};

// A node that can be done by itself.
//
// The lock guards hooks, children, the transition to done and, until then, why and
// where it was made. Once the done bit is set these are constant and may be read
// without the lock. No thread holds the locks of two scopes. No lock is held while
// foreign code runs, nor for more than a bounded number of steps.
struct ASIOCTX_VTABLE_DECL scope : node, scope_base, list_link<sibling_tag>, deadline_entry
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
        node* above, behavior b = behavior::ordinary) noexcept;

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
    ASIOCTX_DECL bool cancel(
        reason const& why, bool inherited = false) noexcept;

    // The same as a part of another cancellation.
    ASIOCTX_DECL void cancel(reason const& why, cancellation& of) noexcept;

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
    bool cancel_all(SetWhy set_why) noexcept;
    template <class SetWhy>
    bool cancel_with(SetWhy set_why, cancellation& c) noexcept;
    static void end_without_grace(cancellation& c) noexcept;
    class some_taken;

    void set_why(reason const& r) noexcept;
    void cancel_below(cancellation& c) noexcept;
    void take_step(cancellation& c) noexcept;
    walk_step mark_child(
        reason const& why, coarse_time now, scope_list& below) noexcept;
    void take_children(scope_list& taken) noexcept;
    bool take_some_children(scope_list& taken) noexcept;
    void wait_for_walks() const noexcept;
    ASIOCTX_COLD void wait_until_marked() const noexcept;
    bool was_ended() const noexcept;
    scope const& end_began_at() const noexcept;
    void notify_hooks(cancellation& c) noexcept;
    void abandon_hooks() noexcept;
    void leave_parent() noexcept;

protected:
    void unschedule() noexcept;
};

inline bool is_scope(node const& n) noexcept
{
    return n.nearest_scope == &n;
}

// Whether it is a reference to its parent.
inline bool counts_for_parent(node const& n) noexcept
{
    return n.parent && !(is_scope(n) && is_scope(*n.parent));
}

inline root* node_ptr::get_root() const noexcept
{
    auto const* const s = get_scope();
    return s ? s->home : nullptr;
}

// The time until the scope's deadline, zero if it has passed.
ASIOCTX_DECL duration time_left(scope const& s) noexcept;

// Makes a node below another.
template <class Node, class... Args>
node_ptr make_node(node_ptr const& parent, Args&&... args)
{
    node_ptr n(new Node(parent.get(), std::forward<Args>(args)...));
    if (counts_for_parent(*n.get()))
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
    if (counts_for_parent(*s))
        add_ref(parent.get());
    return {{node_ptr(s), node_ptr(s)}};
}

// The nearest scope, or one that is never done.
ASIOCTX_DECL scope& scope_or_never(node_ptr const& n) noexcept;

ASIOCTX_DECL void destroy(stop_bridge* b) noexcept;

// Makes the scope a child of its parent's scope. Called for each that was made.
// Returns null, or, if the parent is done already, why: then the scope is to be
// canceled. From here on others can cancel it: it must be scheduled by now, if it
// is to be.
ASIOCTX_DECL reason const* link_to_parent(scope& s) noexcept;

// The same, and if the parent scope is done, so is this one.
ASIOCTX_DECL void link_or_cancel(scope& s) noexcept;

} // namespace asioctx::detail

#endif
