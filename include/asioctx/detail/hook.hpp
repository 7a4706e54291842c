//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_HOOK_HPP
#define ASIOCTX_DETAIL_HOOK_HPP

#include <asioctx/operation_state.hpp>

#include <asioctx/detail/coarse_clock.hpp>
#include <asioctx/detail/intrusive_list.hpp>
#include <asioctx/detail/place.hpp>
#include <asioctx/detail/sync.hpp>

#include <cstdint>

namespace asioctx::detail {

struct grace_scope;
class merge_link;
struct node;
struct scope_tag;

// What a hook tells of itself.
struct hook_info
{
    char const* name = nullptr; // null: there is nothing to tell
    place at;
    coarse_time since = 0;
    operation_state state = operation_state::pending;
    node* ctx = nullptr; // if it is bound to another node than the scope
};

// One cancellation: what is the same for all that it reaches, by way of merged
// contexts, too. One that begins inside of it, as a function in an operation's slot may
// begin it, is another.
struct cancellation
{
    // How many operations it may still ask where it is called. The others are asked
    // by handlers of their execution contexts.
    unsigned in_place = 64;

    // The links to merged contexts that it is to follow once it has followed the
    // present one. Null if it follows none.
    merge_link** end_of_links = nullptr;

    // The scopes whose grace could not begin, which are to end once what it is at is
    // told: one below the other, they need no stack. A reference to each.
    grace_scope* without_grace = nullptr;

    bool takes_place() noexcept
    {
        if (in_place == 0)
            return false;
        --in_place;
        return true;
    }
};

// What waits for a scope to be done: a bound operation, a callback, a wait.
//
// The link into the scope's list is guarded by the scope's lock. Whoever takes
// a hook off that list to notify it claims it under the same lock, so that an
// owner who finds its hook unlinked also finds the claim.
class hook : public list_link<scope_tag>
{
public:
    // What is to be called next, without the lock; nothing if that is null.
    struct notice
    {
        void (*call)(void*, cancellation&) noexcept = nullptr;
        void* of = nullptr;

        // It is put into the list again, behind those that were not called, to be
        // seen until it leaves.
        bool stays = false;
    };

    // Called once, after the scope is done, with its lock held. The hook itself
    // may go at once.
    virtual notice claim() noexcept = 0;

    // Called with the scope's lock held, by any thread that wants to see what is
    // there.
    virtual void tell(hook_info&) const noexcept
    {
    }

    // Called when the scope is destroyed, never having been done, with the
    // hook taken off its list: only a hook without an owner can be in it.
    virtual void abandon() noexcept
    {
    }

    // It was claimed, and stays in the list. Guarded by the scope's lock.
    bool claimed = false;

protected:
    hook() = default;
    ~hook() = default;
};

// A hook that is claimed by a reference, which notify() consumes.
class counted_hook : public hook
{
public:
    notice claim() noexcept override
    {
        add_ref();
        return {[](void* p, cancellation& c) noexcept
            { static_cast<counted_hook*>(p)->notify(c); },
            this};
    }

    virtual void notify(cancellation& c) noexcept = 0;

    void add_ref() noexcept
    {
        refs_.fetch_add(1, std::memory_order_relaxed);
    }

    void release() noexcept
    {
        if (refs_.load(std::memory_order_acquire) == 1
            || refs_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            destroy();
    }

protected:
    counted_hook() = default;
    ~counted_hook() = default;

private:
    // Frees the memory, as the last reference is gone.
    virtual void destroy() noexcept = 0;

    atomic<std::uint32_t> refs_{1};
};

} // namespace asioctx::detail

#endif
