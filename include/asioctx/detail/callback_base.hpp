//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_CALLBACK_BASE_HPP
#define ASIOCTX_DETAIL_CALLBACK_BASE_HPP

#include <asioctx/config.hpp>

#include <asioctx/detail/coarse_clock.hpp>
#include <asioctx/detail/executor_traits.hpp>
#include <asioctx/detail/hook.hpp>
#include <asioctx/detail/op_message.hpp>
#include <asioctx/detail/place.hpp>
#include <asioctx/detail/reserved_memory.hpp>
#include <asioctx/detail/root.hpp>
#include <asioctx/detail/scope.hpp>
#include <asioctx/detail/sync.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/query.hpp>

#include <new>

namespace asioctx::detail {

// A handler that is to be posted once a scope is done.
//
// While it is in the scope's list of hooks and not posted, the handler waits.
// Whoever ends that under the scope's lock, and there is one who does, decides
// what becomes of the handler: notify() posts it, stop() and shut_down() take
// it off the list and destroy it. Then it takes the callback off the list of
// guests, so that nothing is posted to an execution context that is gone. What
// has been posted may still be stopped, until it begins, and is in the list
// until then, if it has a name to be seen by.
//
// The scope lives as long as the callback waits in its list: an owner keeps it,
// or it empties its list when it dies. A callback that is detached has no
// owner: the reference is the list's. One that is posted and seen keeps the
// scope.
class callback_base : public counted_hook, public execution_context_guest
{
public:
    // What it is called and where it was made, before it is started. Without a
    // name it is nothing that a user has made.
    void set_origin(char const* name, place const& at) noexcept
    {
        name_ = name;
        at_ = at;
        since_ = coarse_now(scope_.home);
    }

    // Of what was stopped only the message is left, which says nothing.
    void tell(hook_info& i) const noexcept override
    {
        if (state_.load(std::memory_order_relaxed) != state::waiting)
            return;
        i.name = name_;
        i.at = at_;
        i.since = since_;
        if (posted_)
            i.state = operation_state::put_off;
    }

    // Starts to wait. Called once, before the callback is shared.
    void start() noexcept
    {
        if (!host_.add_guest(*this))
        {
            bool const owned = !detached_;
            drop();
            leave();
            if (!owned)
                release();
        }
        else if (!link())
        {
            if (!detached_)
                add_ref();
            post_or_discard();
        }
    }

    // True if the handler had not begun: then it is destroyed.
    bool stop() noexcept
    {
        if (take_to_drop())
        {
            discard_as_guest();
            return true;
        }
        if (state_.load(std::memory_order_relaxed) != state::waiting)
            return false;
        // What is posted may arrive meanwhile: then it is nobody's guest.
        stopping s(*this);
        bool const dropped = drop();
        if (dropped)
            leave_scope();
        return dropped;
    }

    // Gives the owner's reference away.
    void detach() noexcept
    {
        auto const s = scope_.lock();
        bool const w = waits();
        if (w)
            detached_ = true;
        scope_.unlock(s);
        if (!w)
            release();
    }

    notice claim() noexcept override
    {
        if (posted_)
            return {nullptr, nullptr, true};
        set_posted();
        auto n = counted_hook::claim();
        n.stays = is_seen();
        return n;
    }

    void notify(cancellation&) noexcept override
    {
        if (detached_)
            release(); // the list's
        post_or_discard();
    }

    void abandon() noexcept override
    {
        state_.store(state::begun, std::memory_order_relaxed);
        go();
    }

    bool begin_shut_down() noexcept override
    {
        if (is_discarded_here())
        {
            list_link<context_service_tag>::unlink();
            return false;
        }
        if (try_add_ref(scope_))
        {
            add_ref();
            return true;
        }
        // The scope is dying, perhaps on this thread. It lives on as long as
        // this is a guest, which the mutex sees to. What is still in its list
        // is taken with the list's reference; else abandon() has been called.
        is_taken_ = take_to_drop();
        return is_taken_;
    }

    void shut_down() noexcept override
    {
        if (is_taken_)
            return go();
        scope& s = scope_;
        if (take_to_drop())
        {
            host_.remove_guest(*this);
            bool const owned = !detached_;
            discard();
            leave();
            if (!owned)
                release();
        }
        release();
        detail::release(&s);
    }

    // Memory for what is posted. Each block holds a reference.
    void* allocate(std::size_t size)
    {
        void* const p = memory_.try_allocate(size);
        if (!p)
            return ::operator new(size);
        add_ref();
        return p;
    }

    void deallocate(void* p, std::size_t) noexcept
    {
        if (memory_.try_deallocate(p))
            release();
        else
            ::operator delete(p);
    }

protected:
    callback_base(scope& s, root& host, bool detached) noexcept
        : scope_(s), host_(host), detached_(detached)
    {
        detail::add_ref(&host_);
    }

    ~callback_base()
    {
        detail::release(&host_);
    }

    // Makes the caller the one who posts the handler. True if it was waiting.
    bool take_to_post() noexcept
    {
        auto const s = scope_.lock();
        bool const w = waits();
        if (w)
        {
            set_posted();
            if (!is_seen())
                scope_.hooks.remove(*this);
        }
        scope_.unlock(s);
        return w;
    }

    // For the one who has marked it as posted. Consumes a reference: it goes
    // with what is posted, so that the memory is given back where the handler
    // runs, and before it does.
    void post_or_discard() noexcept
    {
        {
            gate_pass const pass(&host_);
            if (pass)
            {
                host_.remove_guest(*this);
                post();
                return;
            }
        }
        // The shutdown waits for this. It looks at the scope of a guest.
        bool const dropped = drop_at_shutdown();
        leave();
        host_.remove_guest(*this);
        if (dropped)
            leave_scope();
        release();
    }

    // What is posted. Holds a reference.
    struct posted : owner_message<posted, callback_base>
    {
        using owner_message<posted, callback_base>::owner_message;

        static void arrived(callback_base& c)
        {
            if (!c.begin())
                return c.release();
            c.leave_scope();
            c.complete();
        }

        static void dropped(callback_base& c) noexcept
        {
            if (c.drop_at_shutdown())
                c.leave_scope();
            c.release();
        }
    };

    // Posts the handler. Takes a copy of the executor: the handler may run, and
    // this go, before that is done.
    template <class Executor>
    void post_on(Executor ex) noexcept
    {
        [[maybe_unused]] auto const work = work_while_handing(ex);
        post_to(ex, posted(this));
    }

    // What these hold is tried in the library: it takes long to compile.
    ASIOCTX_DECL void post_on(asio::any_io_executor ex) noexcept;
    ASIOCTX_DECL void post_on(asio::any_completion_executor ex) noexcept;

    // Posts the handler and gives the caller's reference to what is posted.
    virtual void post() noexcept = 0;

    // Calls the handler, the callback being gone by then.
    virtual void complete() = 0;

    // Destroys the handler.
    virtual void discard() noexcept = 0;

    // Gives up the executor: the callback may outlive the execution context.
    // For who has taken it from the scope, as is post().
    virtual void leave() noexcept = 0;

private:
    // Has the execution context wait until this thread has destroyed what was
    // posted, unless that is what destroys it.
    class stopping final : public execution_context_guest
    {
    public:
        explicit stopping(callback_base& c) noexcept : callback_(c)
        {
            callback_.host_.add_guest(*this);
        }

        ~stopping()
        {
            callback_.host_.remove_guest(*this);
        }

        bool begin_shut_down() noexcept override
        {
            if (callback_.is_discarded_here())
                unlink();
            return false;
        }

        void shut_down() noexcept override
        {
        }

    private:
        callback_base& callback_;
    };

    // The scope's lock is held, as it is for the next function.
    bool waits() const noexcept
    {
        return list_link<scope_tag>::linked() && !posted_;
    }

    void set_posted() noexcept
    {
        posted_ = true;
        if (is_seen())
            detail::add_ref(&scope_);
    }

    bool is_seen() const noexcept
    {
        return name_ != nullptr;
    }

    // False if the scope is done: then it is to be posted.
    bool link() noexcept
    {
        auto const s = scope_.lock();
        bool const done = (s & scope::done_bit) != 0;
        claimed = done;
        if (done)
            set_posted();
        if (!done || is_seen())
            scope_.hooks.push_back(*this);
        scope_.unlock(s | scope::hooked_bit);
        return !done;
    }

    // For who was the one to begin or drop what was posted.
    void leave_scope() noexcept
    {
        if (!is_seen())
            return;
        scope& s = scope_;
        auto const before = s.lock();
        s.hooks.remove(*this);
        s.unlock(before);
        detail::release(&s);
    }

    // True for the one who may call the handler, or destroy it.
    bool begin() noexcept
    {
        auto s = state::waiting;
        return state_.compare_exchange_strong(
            s,
            state::begun,
            std::memory_order_acq_rel,
            std::memory_order_relaxed);
    }

    // Takes the handler away from the scope, to destroy it. As who stops it
    // after that finds it begun, nobody else does. True if it was waiting.
    bool take_to_drop() noexcept
    {
        auto const s = scope_.lock();
        bool const w = waits();
        if (w)
        {
            scope_.hooks.remove(*this);
            state_.store(state::begun, std::memory_order_relaxed);
        }
        scope_.unlock(s);
        return w;
    }

    // Whether this thread destroys the handler, further up.
    ASIOCTX_DECL bool is_discarded_here() const noexcept;

    // Who has stopped it may be destroying the handler, which is to be gone
    // before the execution context is. True if nobody has.
    ASIOCTX_DECL bool drop_at_shutdown() noexcept;

    // With the list's reference, after it was taken.
    void go() noexcept
    {
        discard_as_guest();
        release();
    }

    // The shutdown of the execution context waits for this, unless that is what
    // the handler does when it is destroyed.
    void discard_as_guest() noexcept
    {
        discard_once();
        leave();
        host_.remove_guest(*this);
    }

    bool drop() noexcept
    {
        if (!begin())
            return false;
        discard_once();
        return true;
    }

    ASIOCTX_DECL void discard_once() noexcept;

    scope& scope_;
    root& host_;    // of the execution context that the handler is posted to
    bool detached_; // guarded by the scope's lock while the handler waits
    bool posted_ = false; // guarded by the scope's lock
    enum class state : unsigned char
    {
        waiting,
        begun, // the handler is called or destroyed by who made it this
        gone,  // destroyed
    };

    atomic<state> state_{state::waiting};
    bool is_taken_ = false; // from a scope that dies, by the shutdown
    coarse_time since_ = 0;
    char const* name_ = nullptr;
    place at_;
    message_memory memory_;
};

// The root whose execution context runs an executor's functions. An executor
// that does not tell is taken to be of the root given, or of the system's.
template <class Executor>
root& host_of(Executor const& ex, root* otherwise)
{
    if constexpr (!asio::
                      can_query_v<Executor const&, asio::execution::context_t>)
        if (otherwise)
            return *otherwise;
    return root_of_executor(ex);
}

// That of what it holds, if that is a usual one: it cannot be asked itself.
ASIOCTX_DECL root& host_of(
    asio::any_completion_executor const& ex, root* otherwise);

} // namespace asioctx::detail

#endif
