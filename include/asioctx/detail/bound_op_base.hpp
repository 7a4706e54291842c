//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_BOUND_OP_BASE_HPP
#define ASIOCTX_DETAIL_BOUND_OP_BASE_HPP

#include <asioctx/config.hpp>
#include <asioctx/error.hpp>

#include <asioctx/detail/hook.hpp>
#include <asioctx/detail/node.hpp>
#include <asioctx/detail/op_slot.hpp>
#include <asioctx/detail/step_gate.hpp>
#include <asioctx/detail/sync.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>

#include <cstdint>
#include <exception>
#include <utility>

namespace asioctx::detail {

// The record of an operation that is bound to a context: what is needed to ask
// the operation to stop, from any thread, until the moment at which it
// completes.
//
// Its life:
//   1 Made. The initiating function runs, with a turn of its own.
//   2 link(): the record is put into the scope's list; or, if the scope is done
//     by now, the operation is asked at the end of that turn.
//   3 notify(): the scope is done and took the record off its list. A request
//     is dispatched to where the operation's steps run.
//   4 leave(): the operation has ended, in one way or the other. The record is
//     taken off the list. If nobody else holds on to it, the handler is called;
//     else it is put off, and who is the last to let go posts the completion.
//
// Who holds on to a record, other than the operation: whoever has taken it off
// the scope's list, until it has dispatched the request (a reference: the
// operation waits for it); a request on its way; whoever has the turn.
class bound_op_base : public hook
{
public:
    bound_op_base(bound_op_base const&) = delete;
    bound_op_base& operator=(bound_op_base const&) = delete;

    // While a thread has the turn, it alone runs a step of the operation, or
    // delivers a request to it. A turn within another of the same thread is
    // part of that.
    class turn
    {
    public:
        // Where a request is delivered that was made meanwhile.
        enum class at_end : unsigned char
        {
            here,      // a step has ended
            elsewhere, // the operation is amid something: posted
            if_it_runs_here, // posted unless the operation runs on this thread
        };

        // For the operation putting something into its slot. Waits until no
        // other thread has the turn.
        explicit turn(bound_op_base& op) noexcept
            : op_(op.enter(*this) ? &op : nullptr), at_end_(at_end::elsewhere)
        {
        }

        // For what runs on the operation's executor. If the operation has ended,
        // there is no turn to take.
        explicit turn(step_gate::ticket const& t) noexcept
            : op_(enter(*this, t)), at_end_(at_end::here)
        {
        }

        // For the initiating function, before the operation is shared.
        struct first
        {
        };

        turn(bound_op_base& op, first) noexcept
            : op_(&op), at_end_(at_end::if_it_runs_here)
        {
            op.turn_.store(this_thread(), std::memory_order_relaxed);
            op.holder_ = this;
        }

        turn(turn const&) = delete;
        turn& operator=(turn const&) = delete;

        // Delivers the requests that have been made meanwhile.
        ~turn()
        {
            if (!op_)
                return;
            if (op_->missed_) [[unlikely]]
                op_->look_at_signal();
            op_->release_turn(at_end_);
        }

        // False if the operation has ended: the record may be gone.
        bool holds() const noexcept
        {
            return op_ != nullptr;
        }

    private:
        friend class bound_op_base;

        bound_op_base* op_; // null if nested, or if the turn has ended
        at_end const at_end_;
    };

    // For op_slot.
    template <class H, class... Args>
    H& emplace(Args&&... args)
    {
        turn t(*this);
        H& h = box_.emplace<H>(std::forward<Args>(args)...);
        if (missed_) [[unlikely]]
            ask_again(!t.holds());
        return h;
    }

    // For op_slot. A bound operation clears the slot of another, if it was
    // bound twice.
    ASIOCTX_DECL void clear() noexcept;

    // For what is to run as a step. The caller has the turn.
    step_gate::ticket ticket()
    {
        if (!ticket_.gate)
            ticket_ = step_gate::open(*this);
        return ticket_;
    }

    bool has_cancel_handler() noexcept
    {
        return !box_.empty() || signal_.slot().has_handler();
    }

    asio::cancellation_slot asio_slot() noexcept
    {
        return signal_.slot();
    }

    node_ptr const& node() const noexcept
    {
        return ctx_;
    }

    // Waits for the context to be done, from the end of the initiating
    // function on. The caller has the turn.
    void link() noexcept
    {
        if (!scope_)
            return;
        auto const state = scope_->lock();
        bool const done = (state & scope::done_bit) != 0;
        if (!done && !has_left_)
            scope_->hooks.push_back(*this);
        scope_->unlock(state);
        if (done)
            ask(type_, asker::context); // at the end of that turn
    }

    bool context_done() const noexcept
    {
        return scope_ && scope_->done();
    }

    // The context is done.
    error_code context_error() const noexcept
    {
        return make_error_code(scope_->why.error);
    }

    // Replaces the error of an operation that was aborted because the context
    // asked it to.
    error_code map(error_code const& ec) const noexcept
    {
        return heard_context_ && is_abort(ec)
            ? context_error()
            : ec;
    }

    ASIOCTX_DECL std::exception_ptr map(std::exception_ptr e) const;

protected:
    enum class asker : unsigned char
    {
        context,
        upstream,
    };

    bound_op_base(node_ptr ctx, asio::cancellation_type_t type) noexcept
        : ctx_(std::move(ctx)),
          scope_(ctx_.get_scope()),
          type_(type)
    {
        if (scope_ && scope_->kind == scope::behavior::permanent)
            scope_ = nullptr;
    }

    ~bound_op_base() = default;

    // The root whose execution context the operation most likely belongs to.
    root* near_root() const noexcept
    {
        return ctx_.get_root();
    }

    // The operation has ended. True if nobody else holds on to the record, so
    // that the slot is closed, and the record is the caller's.
    bool leave() noexcept
    {
        if (scope_)
        {
            auto const state = scope_->lock();
            has_left_ = true;
            if (linked())
                unlink();
            scope_->unlock(state);
        }
        if (ticket_.gate)
            std::exchange(ticket_.gate, nullptr)->close();
        if (!sole_owner()
            || turn_.load(std::memory_order_acquire) != no_turn)
            if (!leave_shared())
                return false;
        box_.clear();
        return true;
    }

    // Whether the caller is within what the slot holds.
    bool is_asked_here() const noexcept
    {
        return (turn_.load(std::memory_order_relaxed) & thread_bits)
            == this_thread()
            && asking_;
    }

    // After leave() has returned false and what is to be completed was stored:
    // true if another posts the completion, false if the record is the
    // caller's after all.
    ASIOCTX_DECL bool put_off() noexcept;

    // The same if the handler is not to be called. Waits until whoever has the
    // turn has given it up.
    ASIOCTX_DECL bool put_off_abandoned() noexcept;

    // Calls what the operation put into the slot, unless it has ended: now, or
    // at the end of the present turn.
    ASIOCTX_DECL void ask(asio::cancellation_type_t type, asker by) noexcept;

    // For notify() on a thread that runs the operation's steps: calls what is
    // in the slot, now or at the end of the present turn.
    ASIOCTX_DECL void ask_here() noexcept;

    // For notify() elsewhere: true if a request is to be dispatched; then it is
    // on its way. False if one is already: that will ask for the context, too.
    bool queue_request() noexcept
    {
        auto w = turn_.load(std::memory_order_relaxed);
        while (!turn_.compare_exchange_weak(w,
            (w & queued_bit) == 0 ? w | queued_bit
                                  : with_wanted(w, type_, asker::context),
            std::memory_order_acq_rel))
        {
        }
        release();
        return (w & queued_bit) == 0;
    }

    struct dispatched_request
    {
        bound_op_base* op; // null once it has arrived
        bool dropped = false;
    };

    // The request that the thread is about to dispatch.
    static dispatched_request& dispatching() noexcept
    {
        static thread_local dispatched_request r{};
        return r;
    }

    // A request has done its work, or cannot be made.
    ASIOCTX_DECL void request_done() noexcept;

    // For a request that arrives.
    ASIOCTX_DECL void ask_as_requested() noexcept;

    // Whether this thread runs the operation's steps, or they have no place of
    // their own.
    virtual bool runs_here() const noexcept = 0;

    // Posts a request; a request is on its way. The caller has the turn.
    virtual void post_request() noexcept = 0;

    // Posts the completion that was put off, or frees the record if the handler
    // is not to be called.
    virtual void complete_later() noexcept = 0;

private:
    using word = std::uintptr_t;

    // The bits of turn_. Above them: the thread that has the turn.
    static constexpr word type_bits = 7; // what is to be asked for
    static constexpr word terminal_bit =
        static_cast<word>(asio::cancellation_type::terminal);
    static constexpr word by_context_bit = 8;
    static constexpr word again_bit = 16; // ask again what was asked
    static constexpr word wanted_bits = 31;
    static constexpr word queued_bit = 32; // a request is on its way
    static constexpr word ended_bit = 64;  // the completion was put off
    static constexpr word thread_bits = ~word(127);
    static constexpr word no_turn = 0;

    static word this_thread() noexcept
    {
        alignas(128) thread_local char identity;
        return reinterpret_cast<word>(&identity);
    }

    // A turn's requests are delivered as one: it is the context's unless
    // another has asked before for all that the context asks for.
    static word with_wanted(
        word w, asio::cancellation_type_t type, asker by) noexcept
    {
        word const t = static_cast<word>(type) & type_bits;
        bool const is_new = (w & terminal_bit) == 0 && (w & t) != t;
        return w | t
            | (by == asker::context && is_new ? by_context_bit : word());
    }

    enum class entry : unsigned char
    {
        entered,
        nested, // this thread has the turn already
        taken,  // another has
    };

    entry try_enter(turn& t) noexcept
    {
        auto const me = this_thread();
        auto w = turn_.load(std::memory_order_relaxed);
        do
        {
            if ((w & thread_bits) != no_turn)
                return (w & thread_bits) == me ? entry::nested : entry::taken;
        } while (!turn_.compare_exchange_weak(w, w | me,
            std::memory_order_acquire, std::memory_order_relaxed));
        holder_ = &t;
        return entry::entered;
    }

    bool enter(turn& t) noexcept
    {
        auto const e = try_enter(t);
        return e == entry::taken ? enter_contended(t) : e == entry::entered;
    }

    ASIOCTX_DECL static bound_op_base* enter(
        turn& t, step_gate::ticket const& ticket) noexcept;

    void release_turn(turn::at_end where) noexcept
    {
        word mine = this_thread();
        if (!turn_.compare_exchange_strong(
                mine, no_turn, std::memory_order_acq_rel))
            release_contended(where);
    }

    ASIOCTX_DECL static bool is_abort(error_code const& ec) noexcept;
    ASIOCTX_DECL bool enter_contended(turn& t) noexcept;
    ASIOCTX_DECL void release_contended(turn::at_end where) noexcept;
    ASIOCTX_DECL bool leave_shared() noexcept;
    ASIOCTX_DECL void ask_again(bool in_step) noexcept;
    ASIOCTX_DECL void look_at_signal() noexcept;
    bool in_own_step(word w) const noexcept;
    template <class Add>
    bool want_with(Add add) noexcept;
    template <class Add>
    void ask_with(Add add) noexcept;
    void note(word wanted) noexcept;
    void deliver(word wanted) noexcept;

    node_ptr ctx_;
    scope* scope_; // null if it can never be done

    atomic<word> turn_{no_turn};

    // What follows is guarded by the turn; it is read without, by the operation
    // when it has ended.

    turn* holder_ = nullptr; // the turn at present; null if it is a request's
    step_gate::ticket ticket_; // without a gate until a step asks

    // What the context asks for.
    asio::cancellation_type_t const type_;

    // What has been asked for. A weaker request must not make an operation
    // forget a stronger one, so each includes the ones before.
    asio::cancellation_type_t asked_ = asio::cancellation_type::none;

    // The context has asked for something that nobody had asked for before, and
    // the operation has heard it.
    bool context_first_ = false;
    bool heard_context_ = false;

    // A request found nothing in the slot.
    bool missed_ = false;

    // The request on its way is to ask again.
    bool repeats_ = false;

    // What the slot holds is being called.
    bool asking_ = false;

    // The operation has ended; guarded by the scope's lock.
    bool has_left_ = false;

    cancel_handler_box box_;
    asio::cancellation_signal signal_; // for those who need that type
};

template <class H, class... Args>
H& op_slot::emplace(Args&&... args)
{
    return op_->emplace<H>(std::forward<Args>(args)...);
}

void op_slot::clear() noexcept
{
    if (op_)
        op_->clear();
}

bool op_slot::has_handler() const noexcept
{
    return op_ && op_->has_cancel_handler();
}

op_slot::operator asio::cancellation_slot() const noexcept
{
    return op_ ? op_->asio_slot() : asio::cancellation_slot();
}

} // namespace asioctx::detail

#endif
