//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_BOUND_OP_HPP
#define ASIOCTX_DETAIL_BOUND_OP_HPP

#include <asioctx/config.hpp>
#include <asioctx/error.hpp>

#include <asioctx/detail/executor_ref.hpp>
#include <asioctx/detail/hook.hpp>
#include <asioctx/detail/op_message.hpp>
#include <asioctx/detail/op_slot.hpp>
#include <asioctx/detail/root.hpp>
#include <asioctx/detail/scope.hpp>
#include <asioctx/detail/sync.hpp>
#include <asioctx/detail/turn.hpp>

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>

#include <cstdint>
#include <exception>
#include <utility>

namespace asioctx::detail {

// What a context asks of an operation, and where that was bound to it.
class request
{
public:
    constexpr request(asio::cancellation_type_t t, bool raw = false,
        place const& at = {}) noexcept
        : file_(at.file),
          line_(at.line),
          type_(static_cast<unsigned char>(t)),
          raw_errors_(raw)
    {
    }

    // What an operation ends with that stopped for it.
    error_code error(error_code const& of_context) const noexcept
    {
        return raw_errors_ ? error_code(asio::error::operation_aborted)
                           : of_context;
    }

    asio::cancellation_type_t type() const noexcept
    {
        return static_cast<asio::cancellation_type_t>(type_);
    }

    // It then ends with its own error instead of the context's.
    bool raw_errors() const noexcept
    {
        return raw_errors_;
    }

    place at() const noexcept
    {
        place p;
        p.file = file_;
        p.line = line_;
        return p;
    }

private:
    char const* file_;
    std::uint32_t line_;
    unsigned char type_;
    bool raw_errors_;
};

// The record of an operation that is bound to a context: what is needed to ask
// the operation to stop, from any thread, until the moment at which it
// completes. It is a composition of
//
//     turn           who may touch the operation, and what is wanted of it
//     slot_store     what the operation has put there to be asked by
//     executors      where it is asked, and where it completes
//
// Its life:
//   1 Made. The initiating function runs, with the turn.
//   2 link(): the record is put into the scope's list; or, if the scope is done
//     by now, the operation is asked after the initiating function.
//   3 claim(), notify(): the scope is done; a request is on its way, which refers
//     to the turn alone. The record stays in the list, to be seen.
//   4 end(): the operation has ended, in one way or the other, and the record is
//     taken off the list. Unless somebody is at work on it, the record goes and the
//     handler is called. Else the completion is put off, and posted by the last to
//     let go. Until then the record is in the list again.
class ASIOCTX_VTABLE_DECL bound_op : public hook
{
public:
    bound_op(bound_op const&) = delete;
    bound_op& operator=(bound_op const&) = delete;

    // What a step enters with: it is good for one operation.
    struct ticket
    {
        turn* of = nullptr;
        turn::word generation = 0;

        friend bool operator==(ticket const&, ticket const&) = default;
    };

    // A turn for what runs on the operation's executor. If the operation has
    // ended, there is none to take.
    class step
    {
    public:
        explicit step(ticket const& t) noexcept
        {
            enter(frame_, *t.of, t.generation);
        }

        step(step const&) = delete;
        step& operator=(step const&) = delete;

        ~step()
        {
            leave(frame_, at::here);
        }

    private:
        turn_frame frame_;
    };

    // The turn of the initiating function. Afterwards the context may ask.
    class initiation
    {
    public:
        explicit initiation(bound_op& op) noexcept
            : op_(op), frame_(&op.turn_)
        {
            op.generation_ = op.turn_.begin();
        }

        initiation(initiation const&) = delete;
        initiation& operator=(initiation const&) = delete;

        ~initiation()
        {
            if (!frame_.of)
                return;
            if (op_.link() || (!op_.has_missed() && op_.turn_.try_leave()))
                frame_.of = nullptr;
            else
                leave(frame_, at::here_if_it_runs_here);
        }

    private:
        bound_op& op_;
        turn_frame frame_;
    };

    // For op_slot.
    template <class H, class... Args>
    H& emplace(Args&&... args)
    {
        access const a(*this);
        // A request that was heard may have reached what was stale. It is for this
        // as well, unless an operation forgets what it was asked, to clean up.
        bool const forgets = !stays_asked_ && is_cancellation_state<H>
            && slot_.holds_cancellation_state();
        H& h = slot_.emplace<H>(std::forward<Args>(args)...);
        if (asked_ != asio::cancellation_type::none && !has_missed())
            [[unlikely]]
        {
            if (forgets)
                asked_ = asio::cancellation_type::none;
            else
                set_missed(may_repeat());
        }
        return h;
    }

    // For op_slot. A bound operation clears the slot of another, if it was
    // bound twice.
    ASIOCTX_DECL void clear() noexcept;

    bool has_cancel_handler() noexcept
    {
        return slot_.is_filled();
    }

    asio::cancellation_slot asio_slot()
    {
        return slot_.asio_slot();
    }

    bool is_asio_slot(asio::cancellation_slot const& slot) noexcept
    {
        return slot_.is(slot);
    }

    // For what runs as a step: the operation is one of several. One that is bound
    // twice is asked through its other record, whose turn its steps take, and
    // need no other.
    ticket steps_begin() noexcept
    {
        set_steps();
        return slot_.passes_on() ? ticket() : ticket{&turn_, generation_};
    }

    // The steps run where the operation is asked, and do not meet: on a strand. If
    // one of the Networking TS, whose functions cannot be wrapped, it is called as
    // each part begins that is to be asked. The request is then posted.
    void steps_on_strand() noexcept
    {
        set_steps();
        if (has_missed()) [[unlikely]]
        {
            access const a(*this);
        }
    }

    // Its steps run without a turn, as there is no memory: it is not asked.
    void steps_unguarded() noexcept
    {
        unguarded_ = true;
    }

    // A coroutine runs where it is spawned, whatever the handler's executor is. It
    // is not asked before its function is called: who wants it to stop by then is
    // heard there, by begin(). Nor is it asked in place: Asio throws out of run(),
    // and loses the handler, if it is before it has been suspended.
    void set_coroutine() noexcept
    {
        coroutine_ = true;
        idle_.store(true, std::memory_order_relaxed);
    }

    // It does not look whether it was asked, and is asked after each step.
    void set_stays_asked() noexcept
    {
        stays_asked_ = true;
        repeats_ = 64;
    }

    bool stays_asked() const noexcept
    {
        return stays_asked_;
    }

    // Why it is not to begin, or no error. In the former case it is not asked any
    // more, either: it ends.
    ASIOCTX_DECL error_code begin() noexcept;

    // What the operation is called.
    void set_name(char const* name) noexcept
    {
        name_ = name;
    }

    node_ptr const& node() const noexcept
    {
        return ctx_;
    }

    bool context_done() const noexcept
    {
        return lists_ && lists_->done();
    }

    // The context is done.
    error_code context_error() const noexcept
    {
        return request_.error(make_error_code(get_scope().why.error));
    }

    // Replaces the error of an operation that was aborted because the context
    // asked it to.
    error_code map(error_code const& ec) const noexcept
    {
        return heard_context_ && is_abort(ec) ? context_error() : ec;
    }

    ASIOCTX_DECL std::exception_ptr map(std::exception_ptr e) const;

protected:
    // How the handler's executor is to that of the I/O object.
    enum class route : unsigned char
    {
        none,   // neither tells where it runs: what is to be done is done at once
        one,    // there is but one
        inside, // a strand on the I/O object's execution context
        beside, // on the I/O object's execution context
        apart,  // elsewhere, or it does not tell: reached through the I/O object's
    };

    // Throws std::bad_alloc.
    ASIOCTX_DECL bound_op(node_ptr&& ctx, request const& r);

    ASIOCTX_DECL virtual ~bound_op();

    // Called once, before the initiating function. Both may be none; own is io
    // if the handler has none of its own. What it throws, making a root does.
    ASIOCTX_DECL void set_executors(executor_ref io, executor_ref own);

    // The same if the one is known.
    void set_executor(asio::execution_context* context)
    {
        route_ = route::one;
        set_host(context);
    }

    // The operation has ended. True if the record is the caller's, and the slot
    // empty. False if the operation is being asked, or initiated: then put_off().
    bool end() noexcept
    {
        unlink_from_scope();
        if (!(has_no_upstream_ && turn_.end_alone()) && !turn_.end(false)
            && !end_in_turn())
            return false;
        slot_.clear();
        return true;
    }

    // What is to be completed was stored. True if another posts the completion,
    // false if the record is the caller's after all.
    ASIOCTX_DECL bool put_off() noexcept;

    // The same if the handler is not to be called. Waits until whoever has the
    // turn has given it up, as the I/O object may go next.
    ASIOCTX_DECL bool put_off_abandoned() noexcept;

    // Posts the completion.
    ASIOCTX_DECL void complete_later() noexcept;

    // Before the record goes: nobody looks at it any more.
    void leave_list() noexcept
    {
        if (is_put_off_) [[unlikely]]
            unlink_from_scope();
    }

    // Whether the caller is within what the slot holds.
    bool is_asked_here() const noexcept
    {
        auto const* const f =
            turn_.is_held() ? turn_frame::find(turn_) : nullptr;
        return f && f->delivers;
    }

    // The handler's own slot asks. It may be the end of the operation's context
    // that comes this way, too, through a coroutine say: then it is the context
    // that asks, and it asks but once, as the operation may have begun to clean up
    // when it arrives the second way. Not if the slot is that of a record with a
    // context of its own.
    ASIOCTX_DECL void ask_upstream(
        asio::cancellation_type_t type, bool of_other_context) noexcept;

    // Its handler's slot may ask.
    void has_upstream() noexcept
    {
        has_no_upstream_ = false;
    }

    root* near_root() const noexcept
    {
        return ctx_.get_root();
    }

private:
    friend class op_message;
    friend class request_queue;

    // Where a request is delivered that was made meanwhile.
    enum class at : unsigned char
    {
        here,                 // a step has ended
        elsewhere,            // the operation is amid something
        here_if_it_runs_here,
    };

    // Where a request is.
    enum class from : unsigned char
    {
        amid,    // in what must not be asked before it has returned
        outside, // anywhere
        queue,   // in a handler of the execution context
        io,      // on the I/O object's executor
        there,   // where the operation is asked, or as near as can be
    };

    // For the operation changing its slot. Waits until no other thread has the
    // turn.
    class access
    {
    public:
        explicit access(bound_op& op) noexcept
        {
            enter(frame_, op.turn_, op.generation_);
        }

        access(access const&) = delete;
        access& operator=(access const&) = delete;

        ~access()
        {
            leave(frame_, at::elsewhere);
        }

    private:
        turn_frame frame_;
    };

    // The two executors: see set_executors(). Guarded by the turn, as is all
    // that asks for them, but once the operation is the caller's.
    virtual executor_ref io_executor() const noexcept = 0;
    virtual executor_ref own_executor() const noexcept = 0;

    // Gives up the I/O object's executor, and the work that counts there.
    virtual void leave_io() noexcept = 0;

    // Calls the handler with the results that were put off.
    virtual void complete_now() = 0;

    // Destroys those results and the handler, and gives up the record.
    virtual void drop_results() noexcept = 0;

    // Frees the record, in which nothing is left.
    virtual void destroy() noexcept = 0;

    // The operation has been asked, and has not ended in that.
    virtual void asked() noexcept = 0;

    ASIOCTX_DECL notice claim() noexcept override;
    ASIOCTX_DECL void tell(hook_info& i) const noexcept override;
    ASIOCTX_DECL static void notify(void* t, cancellation& c) noexcept;

    // Waits for the turn, unless this thread has it or the operation has ended:
    // then the frame is empty.
    static void enter(
        turn_frame& f, turn& t, turn::word generation) noexcept
    {
        if (!turn_frame::find(t))
            wait_for_turn(f, t, generation);
    }

    static void leave(turn_frame& f, at where) noexcept
    {
        if (f.of)
            give_up_turn(f, where);
    }

    ASIOCTX_DECL static void wait_for_turn(
        turn_frame& f, turn& t, turn::word generation) noexcept;
    ASIOCTX_DECL static void give_up_turn(turn_frame& f, at where) noexcept;
    ASIOCTX_DECL static bool is_abort(error_code const& ec) noexcept;

    // True if that also gave up the turn.
    ASIOCTX_DECL bool link() noexcept;

    void show_put_off() noexcept;
    void record_end() noexcept;

    bool is_idle() const noexcept
    {
        return idle_.load(std::memory_order_relaxed);
    }

    bool has_missed() const noexcept
    {
        return missed_.load(std::memory_order_relaxed);
    }

    void set_missed(bool b) noexcept
    {
        missed_.store(b, std::memory_order_relaxed);
    }

    bool may_repeat() noexcept
    {
        if (repeats_ == 0)
            return false;
        --repeats_;
        return true;
    }

    // The steps may begin elsewhere, while the operation is still initiated or is
    // being asked. That is not waited for: who calls this may have a lock.
    void set_steps() noexcept
    {
        if (turn_.has_steps())
            return;
        if (!lists_ || turn_frame::find(turn_))
            return turn_.set_steps();
        auto const state = lists_->lock();
        turn_.set_steps();
        lists_->unlock(state);
    }

    void unlink_from_scope() noexcept
    {
        if (!lists_)
            return;
        auto const state = lists_->lock();
        has_left_ = true;
        if (linked())
            lists_->hooks.remove(*this);
        lists_->unlock(state);
    }

    scope& get_scope() const noexcept
    {
        return *ctx_.get_scope();
    }

    ASIOCTX_DECL bool end_in_turn() noexcept;

    void set_host(asio::execution_context* context)
    {
        auto* const r = near_root();
        if (context && (!r || !r->belongs_to(*context)))
            set_far_host(*context);
        else
            turn_.host = context ? r : nullptr;
    }

    ASIOCTX_DECL void set_far_host(asio::execution_context& context);
    bool is_asked_on_own() const noexcept;
    bool runs_here() const noexcept;
    bool is_same_end(turn_frame const& f) const noexcept;
    static void look_as_request(turn& t, from where) noexcept;
    void send(turn_frame& f, from where) noexcept;
    template <class F>
    void at_root(F f) noexcept;
    void hand(turn_frame& f, executor_ref const& to, op_message::kind k,
        bool posts) noexcept;
    void post(executor_ref const& to, op_message::kind k) noexcept;
    static void drop_request(turn& t) noexcept;
    void serve(turn_frame& f) noexcept;
    void deliver(turn_frame& f) noexcept;
    void last_has_left() noexcept;

    // Nobody asks but the context. Whoever does claims the operation, and queues
    // itself, under the scope's lock: so before the operation is on the list, and
    // once it is off, without anybody's bit in the word, the word is for who links
    // or ends the operation alone. Not if there are steps, which enter as they come;
    // but who links it has the turn, which keeps them out, and that lock, which
    // keeps out who tells that there are steps.
    bool has_no_upstream_ = true;

    route route_ = route::none;

    // Set before the initiating function: it runs on the handler's executor.
    bool initiated_on_own_ = false;

    // The operation has ended; guarded by the scope's lock.
    bool has_left_ = false;

    // The completion goes by way of the I/O object's executor.
    bool completes_by_io_ = true;

    // There is nothing to complete; set before the record is put off.
    bool abandoned_ = false;

    bool coroutine_ = false;   // see set_coroutine()
    node_ptr ctx_;
    scope_base* lists_; // null below background()
    turn& turn_;
    turn::word generation_ = 0;
    ASIOCTX_NO_UNIQUE_ADDRESS request const request_;

    bool stays_asked_ = false; // see set_stays_asked()

    // It is in the list again, as its completion waits.
    bool is_put_off_ : 1 = false;

    // Somebody has recorded that it began.
    bool was_recorded_ : 1 = false;

    char const* name_ = "operation";

    // When it was begun.
    coarse_time const since_;

    // What follows is guarded by the turn; it is read without, by the operation
    // when it has ended.

    // What has been asked for, and not forgotten by the operation itself. A weaker
    // request must not make it forget a stronger one, so each includes the ones
    // before.
    asio::cancellation_type_t asked_ = asio::cancellation_type::none;

    // It is not asked, whatever is wanted: there is no turn; or it is a coroutine
    // that has not begun, or will not. That is also read by who wants to see.
    bool unguarded_ = false;
    atomic<bool> idle_{false};

    // The context has asked. Read without the turn by ask_upstream().
    atomic<bool> context_asked_{false};

    // The context has asked for something that nobody had asked for before, and
    // the operation has heard it.
    bool context_first_ = false;
    bool heard_context_ = false;

    // What was asked is to be asked again, after a step: nothing was in the slot,
    // or what was put there since has not heard it, or it stays asked. Written by
    // who has the turn.
    atomic<bool> missed_{false};

    // How often what was heard may be asked again. One that begins anew whenever it
    // is aborted would be asked for ever.
    unsigned char repeats_ = 1;

    slot_store slot_;
};

template <class H, class... Args>
ASIOCTX_ALWAYS_INLINE H& op_slot::emplace(Args&&... args)
{
    return op_ ? op_->emplace<H>(std::forward<Args>(args)...)
               : asio_.emplace<H>(std::forward<Args>(args)...);
}

ASIOCTX_ALWAYS_INLINE void op_slot::clear() noexcept
{
    if (op_)
        op_->clear();
    else
        asio_.clear();
}

ASIOCTX_ALWAYS_INLINE bool op_slot::has_handler() const noexcept
{
    return op_ ? op_->has_cancel_handler() : asio_.has_handler();
}

op_slot::operator asio::cancellation_slot() const
{
    return op_ ? op_->asio_slot() : asio_;
}

inline bool operator==(op_slot const& a, asio::cancellation_slot const& b)
{
    return a.op_ ? a.op_->is_asio_slot(b) : a.asio_ == b;
}

} // namespace asioctx::detail

#endif
