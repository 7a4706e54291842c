//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_TURN_HPP
#define ASIOCTX_DETAIL_TURN_HPP

#include <asioctx/config.hpp>

#include <asioctx/detail/reserved_memory.hpp>
#include <asioctx/detail/sync.hpp>

#include <boost/asio/cancellation_type.hpp>

#include <cstddef>
#include <cstdint>
#include <new>

namespace asioctx::detail {

class bound_op;
struct root;

// Who may touch a bound operation, and what it is to be asked for: one word.
//
//     generation (56 bits) | steps | types (3) | context | ended | queued | held
//
// held      a thread has the turn: it runs a step of the operation, or asks it
// queued    a request is on its way, or is at work
// ended     the operation has ended while somebody was at work, and is completed by
//           the last to let go
// context   its context wants it to stop, and that has not been delivered
// types     the same for the handler's own slot: what that asks for
// steps     it has several steps, which run on its handler's executor
//
// The word is the mailbox: a request that is dispatched carries nothing, and is
// there to make somebody look. It is in memory that is never freed, but used for
// one operation after the other: what enters with the generation of one that has
// ended finds out, and touches nothing else. So is the memory of the one message
// that is on its way: the operation may end, and its record go, before that.
//
// This class decides and does nothing. What its functions return is to be done.
class turn
{
public:
    using word = std::uint64_t;

    // References: the operation's, a request's, and one for each block of memory.
    // Without any, it is used for another operation.
    void add_ref() noexcept
    {
        refs_.fetch_add(1, std::memory_order_relaxed);
    }

    inline void release() noexcept;

    // For a message. A strand makes two blocks of it.
    void* allocate(std::size_t size)
    {
        void* p = memory_.try_allocate(size);
        if (!p)
            p = ::operator new(size);
        add_ref();
        return p;
    }

    void deallocate(void* p, std::size_t) noexcept
    {
        if (!memory_.try_deallocate(p))
            ::operator delete(p);
        release();
    }

    static constexpr word held = 1;
    static constexpr word queued = 2;
    static constexpr word ended = 4;
    static constexpr word context = 8;
    static constexpr word types = 7 << 4;
    static constexpr word wants = types | context;
    static constexpr word steps = 128;
    static constexpr word next_generation = 256;
    static constexpr word flags = next_generation - 1;

    // What the handler's slot wants.
    static constexpr word wanted(asio::cancellation_type_t type) noexcept
    {
        return static_cast<word>(type) << 4 & types;
    }

    static constexpr asio::cancellation_type_t type_of(word w) noexcept
    {
        return static_cast<asio::cancellation_type_t>((w & types) >> 4);
    }

    enum class action : unsigned char
    {
        none,
        deliver,  // the caller has the turn: take_wanted(), ask, and leave again
        send,     // the caller has the turn, and is to send a request: depart()
        complete, // the operation has ended, and is the caller's
    };

    enum class entry : unsigned char
    {
        entered,
        taken, // another has it, or this thread does
        over,  // the operation has ended
    };

    // An operation begins, and nobody knows of it yet: the caller has the turn.
    // Returns the generation.
    word begin() noexcept
    {
        auto const w = word_.load(std::memory_order_relaxed);
        word_.store(w | held, std::memory_order_relaxed);
        return w;
    }

    // For a step, which may come late: then it comes after all that the operation
    // did before it ended.
    entry try_enter(word generation) noexcept
    {
        auto w = word_.load(std::memory_order_acquire);
        do
        {
            if ((w & ~flags) != generation || (w & ended) != 0)
                return entry::over;
            if ((w & held) != 0)
                return entry::taken;
        } while (!word_.compare_exchange_weak(w, w | held,
            std::memory_order_acquire, std::memory_order_acquire));
        return entry::entered;
    }

    // What follows is for those who know that the operation is there.

    // Adds to what is wanted. True if the turn was free, and now is the caller's.
    bool want(word what) noexcept
    {
        auto w = word_.load(std::memory_order_relaxed);
        do
        {
            if ((w & ended) != 0)
                return false;
        } while (!word_.compare_exchange_weak(w, w | what | held,
            std::memory_order_acq_rel, std::memory_order_relaxed));
        return (w & held) == 0;
    }

    // The context wants it, and a request is to tell. True if the request is the
    // caller's to send; false if one is on its way already, which will do.
    bool queue() noexcept
    {
        return (word_.fetch_or(queued | context, std::memory_order_acq_rel)
                   & queued)
            == 0;
    }

    // A request looks at the operation. It has done its work unless it is to
    // deliver, or to go on: then it has the turn.
    action arrive() noexcept
    {
        auto w = word_.load(std::memory_order_relaxed);
        for (;;)
        {
            bool const delivers =
                (w & wants) != 0 && (w & (held | ended)) == 0;
            auto const next = delivers ? w | held : w & ~queued;
            if (!word_.compare_exchange_weak(w, next,
                    std::memory_order_acq_rel, std::memory_order_relaxed))
                continue;
            return delivers ? action::deliver : last(next);
        }
    }

    // For who has the turn: what was wanted.
    word take_wanted() noexcept
    {
        return word_.fetch_and(~wants, std::memory_order_acquire) & wants;
    }

    // Gives up the turn if nobody wants anything.
    bool try_leave() noexcept
    {
        auto w = word_.load(std::memory_order_relaxed);
        return (w & (flags & ~steps)) == held
            && word_.compare_exchange_strong(w, w & ~held,
                std::memory_order_acq_rel, std::memory_order_relaxed);
    }

    // The same, and the same as end(), if nobody else touches the word at this time:
    // see bound_op.
    bool leave_alone() noexcept
    {
        auto const w = word_.load(std::memory_order_relaxed);
        if ((w & (flags & ~steps)) != held)
            return false;
        word_.store(w & ~held, std::memory_order_release);
        return true;
    }

    // What a request did that has been here comes before.
    bool end_alone() noexcept
    {
        auto const w = word_.load(std::memory_order_acquire);
        if ((w & flags) != 0)
            return false;
        word_.store(w + next_generation, std::memory_order_release);
        return true;
    }

    // Gives up the turn. If something is wanted it is to be delivered first, or,
    // if this is not the place, sent.
    action leave(bool here) noexcept
    {
        auto w = word_.load(std::memory_order_relaxed);
        for (;;)
        {
            bool const is_wanted = (w & wants) != 0 && (w & ended) == 0;
            if (is_wanted && here)
                return action::deliver;
            // One request at a time: claimed before it is sent.
            bool const sends = is_wanted && (w & queued) == 0;
            auto const next = sends ? w | queued : w & ~held;
            if (!word_.compare_exchange_weak(w, next,
                    std::memory_order_acq_rel, std::memory_order_relaxed))
                continue;
            if (sends)
                return action::send;
            return is_wanted ? action::none : last(next);
        }
    }

    // Gives up the turn for a request, which knows its way by now. It goes if that
    // is to `send`; else the operation has ended meanwhile.
    action depart() noexcept
    {
        auto w = word_.load(std::memory_order_relaxed);
        for (;;)
        {
            bool const goes = (w & ended) == 0;
            auto const next = goes ? w & ~held : w & ~(held | queued);
            if (word_.compare_exchange_weak(w, next,
                    std::memory_order_acq_rel, std::memory_order_relaxed))
                return goes ? action::send : last(next);
        }
    }

    // The same for a request, which has done its work.
    action leave_request() noexcept
    {
        auto w = word_.load(std::memory_order_relaxed);
        for (;;)
        {
            if ((w & wants) != 0 && (w & ended) == 0)
                return action::deliver;
            auto const next = w & ~(held | queued);
            if (word_.compare_exchange_weak(w, next,
                    std::memory_order_acq_rel, std::memory_order_relaxed))
                return last(next);
        }
    }

    // A request will not arrive.
    action drop_request() noexcept
    {
        return last(
            word_.fetch_and(~queued, std::memory_order_acq_rel) & ~queued);
    }

    // The operation has ended. mine: the caller has the turn. True if nobody is at
    // work: then its generation is over, and a request that is on its way will find
    // nothing. Else the word is as it was: see put_off().
    bool end(bool mine) noexcept
    {
        return end_with(mine, 0);
    }

    // After that: leaves the operation to the last to let go, unless nobody is at
    // work any more.
    bool put_off(bool mine) noexcept
    {
        return !end_with(mine, ended);
    }

    bool is_held() const noexcept
    {
        return (word_.load(std::memory_order_acquire) & held) != 0;
    }

    bool is_wanted() const noexcept
    {
        return (word_.load(std::memory_order_relaxed) & wants) != 0;
    }

    bool has_ended() const noexcept
    {
        return (word_.load(std::memory_order_relaxed) & ended) != 0;
    }

    bool has_steps() const noexcept
    {
        return (word_.load(std::memory_order_relaxed) & steps) != 0;
    }

    // The caller has the turn, or keeps out who would use leave_alone().
    void set_steps() noexcept
    {
        word_.fetch_or(steps, std::memory_order_relaxed);
    }

    // Constant while the operation is there, or a request on its way.
    bound_op* op = nullptr;
    root* host = nullptr; // of where messages go first; null if it does not go

private:
    friend class turn_pool;
    friend class request_queue;

    // otherwise: what is set if somebody is at work; nothing changes with none.
    bool end_with(bool mine, word otherwise) noexcept
    {
        auto w = word_.load(std::memory_order_relaxed);
        for (;;)
        {
            auto const left = mine ? w & ~held : w;
            bool const others = (left & held) != 0;
            if (others && otherwise == 0)
                return false;
            auto const next = others
                ? left | otherwise
                : (w & ~flags) + next_generation;
            if (word_.compare_exchange_weak(w, next,
                    std::memory_order_acq_rel, std::memory_order_relaxed))
                return !others;
        }
    }

    // Who makes next of the word, was it the last to let go of an operation that
    // has ended?
    static action last(word next) noexcept
    {
        return (next & (ended | queued | held)) == ended ? action::complete
                                                         : action::none;
    }

    // Nobody touches it but what enters late: it may be that the operation has
    // never begun, or was put off.
    void reset() noexcept
    {
        auto const w = word_.load(std::memory_order_relaxed);
        if ((w & flags) != 0)
            word_.store(
                (w & ~flags) + next_generation, std::memory_order_release);
    }

    atomic<word> word_{0};
    atomic<std::uint32_t> refs_{0};

    // In a request_queue, or, without references, among the free ones.
    turn* next_ = nullptr;

    message_memory memory_;
};

// Where turns come from. A thread keeps some; all of them stay for good.
class turn_pool
{
public:
    // With one reference. Throws std::bad_alloc.
    ASIOCTX_DECL static turn& take();

    ASIOCTX_DECL static void put(turn& t) noexcept;

    struct cache;
};

void turn::release() noexcept
{
    if (refs_.load(std::memory_order_acquire) == 1
        || refs_.fetch_sub(1, std::memory_order_acq_rel) == 1)
        turn_pool::put(*this);
}

// What a thread has the turn for. A turn within a turn of the same thread is a
// part of it, and has no frame of its own.
struct turn_frame
{
    explicit turn_frame(turn* t = nullptr) noexcept : of(t)
    {
        if (t)
            push();
    }

    turn_frame(turn_frame const&) = delete;
    turn_frame& operator=(turn_frame const&) = delete;

    ~turn_frame()
    {
        if (pushed_)
            innermost() = outer_;
    }

    void enter(turn& t) noexcept
    {
        of = &t;
        push();
    }

    // The calling thread's innermost frame with a property, or null.
    template <class Predicate>
    static turn_frame* find_if(Predicate has) noexcept
    {
        auto* f = innermost();
        while (f && !has(*f))
            f = f->outer_;
        return f;
    }

    // The calling thread's frame for a turn, or null.
    static turn_frame* find(turn const& t) noexcept
    {
        return find_if([&](turn_frame const& f) { return f.of == &t; });
    }

    turn* of;              // null if empty, or if the operation has ended in it
    bool delivers = false; // what is in the slot is being called

    // For the operation's context.
    bool for_context = false;

private:
    // The calling thread's innermost frame.
    ASIOCTX_DECL static turn_frame*& innermost() noexcept;

    void push() noexcept
    {
        auto& i = innermost();
        outer_ = i;
        i = this;
        pushed_ = true;
    }

    bool pushed_ = false;
    turn_frame* outer_ = nullptr;
};

} // namespace asioctx::detail

#endif
