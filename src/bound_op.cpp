//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/detail/bound_op_base.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/experimental/channel_error.hpp>
#include <boost/system/system_error.hpp>

#include <mutex>
#include <utility>

namespace asioctx::detail {

// Gates that are free. It is never destroyed: functions may run late.
struct step_gate::pool
{
    static pool& instance()
    {
        static auto& p = *new pool;
        return p;
    }

    spin_mutex mutex;
    step_gate* free = nullptr;
};

step_gate::ticket step_gate::open(bound_op_base& op)
{
    auto& p = pool::instance();
    step_gate* gate;
    {
        std::lock_guard const lock(p.mutex);
        gate = p.free;
        if (gate)
            p.free = gate->next_free_;
    }
    if (!gate)
        gate = new step_gate;
    std::lock_guard const lock(gate->mutex_);
    gate->op_ = &op;
    return {gate, gate->number_};
}

void step_gate::close() noexcept
{
    {
        std::lock_guard const lock(mutex_);
        ++number_;
        op_ = nullptr;
    }
    auto& p = pool::instance();
    std::lock_guard const lock(p.mutex);
    next_free_ = p.free;
    p.free = this;
}

bool bound_op_base::is_abort(error_code const& ec) noexcept
{
    // A channel has an error of its own for the same thing.
    return ec == asio::error::operation_aborted
        || ec == asio::experimental::error::channel_cancelled;
}

std::exception_ptr bound_op_base::map(std::exception_ptr e) const
{
    if (!heard_context_ || !e)
        return e;
    try
    {
        std::rethrow_exception(e);
    }
    catch (boost::system::system_error const& s)
    {
        auto const mapped = map(s.code());
        return mapped == s.code()
            ? e
            : std::make_exception_ptr(boost::system::system_error(mapped));
    }
    catch (...)
    {
        return e;
    }
}

// What changes turn_ from here on is tried in all orders by test/check-turn.py,
// which has it all again: change both.

bool bound_op_base::enter_contended(turn& t) noexcept
{
    for (backoff wait;; wait())
        if (auto const e = try_enter(t); e != entry::taken)
            return e == entry::entered;
}

bound_op_base* bound_op_base::enter(
    turn& t, step_gate::ticket const& ticket) noexcept
{
    bound_op_base* entered = nullptr;
    step_gate::pass(ticket,
        [&](bound_op_base& op)
        {
            auto const e = op.try_enter(t);
            if (e == entry::entered)
                entered = &op;
            return e != entry::taken;
        });
    return entered;
}

void bound_op_base::release_contended(turn::at_end where) noexcept
{
    auto w = turn_.load(std::memory_order_relaxed);
    for (;;)
    {
        if ((w & wanted_bits) != 0 && (w & ended_bit) == 0)
        {
            bool const here = where == turn::at_end::here
                || (where == turn::at_end::if_it_runs_here && runs_here());
            if (!here && (w & queued_bit) != 0)
            {
                // A request is on its way, or is just ending: it finds what is
                // wanted, and the turn free.
                if (turn_.compare_exchange_weak(w, w & ~thread_bits,
                        std::memory_order_acq_rel, std::memory_order_relaxed))
                    return;
                continue;
            }
            w = turn_.fetch_and(~wanted_bits, std::memory_order_acquire);
            if (here)
            {
                deliver(w & wanted_bits);
            }
            else
            {
                note(w & wanted_bits);
                ask_again(false);
            }
            w = turn_.load(std::memory_order_relaxed);
        }
        else if (turn_.compare_exchange_weak(w, w & (queued_bit | ended_bit),
                     std::memory_order_acq_rel, std::memory_order_relaxed))
        {
            if ((w & (queued_bit | ended_bit)) == ended_bit)
                complete_later();
            return;
        }
    }
}

// Adds to what is wanted. True if the turn was free, and now is the caller's: its
// end delivers. If another has it, that one will.
template <class Add>
bool bound_op_base::want_with(Add add) noexcept
{
    auto w = turn_.load(std::memory_order_relaxed);
    word taken;
    do
    {
        if ((w & ended_bit) != 0)
            return false;
        taken = (w & thread_bits) == no_turn ? this_thread() : 0;
    } while (!turn_.compare_exchange_weak(w, add(w) | taken,
        std::memory_order_acq_rel, std::memory_order_relaxed));
    if (taken == 0)
        return false;
    holder_ = nullptr;
    return true;
}

template <class Add>
void bound_op_base::ask_with(Add add) noexcept
{
    if (want_with(add))
        release_turn(turn::at_end::here);
}

void bound_op_base::ask(asio::cancellation_type_t type, asker by) noexcept
{
    ask_with([=](word w) { return with_wanted(w, type, by); });
}

void bound_op_base::ask_here() noexcept
{
    // The operation cannot end before this gives up the caller's reference, and
    // the record cannot go before this gives up the turn.
    bool const mine = want_with(
        [this](word w) { return with_wanted(w, type_, asker::context); });
    release();
    if (mine)
        release_turn(turn::at_end::here);
}

void bound_op_base::ask_as_requested() noexcept
{
    // Who posts a request to ask again has set this before.
    if (repeats_)
        ask_with([](word w) { return w | again_bit; });
    else
        ask(type_, asker::context);
}

// The turn is the caller's.
void bound_op_base::note(word wanted) noexcept
{
    using type = asio::cancellation_type_t;
    auto const asks = static_cast<type>(wanted & type_bits);
    // If another has asked for it, or for more, the abort is not the context's.
    bool const is_new = (asked_ & asio::cancellation_type::terminal)
            == asio::cancellation_type::none
        && (asked_ & asks) != asks;
    if ((wanted & by_context_bit) != 0 && is_new)
        context_first_ = true;
    asked_ |= asks;
}

// The turn is the caller's.
void bound_op_base::deliver(word wanted) noexcept
{
    note(wanted);
    missed_ = box_.empty() && !signal_.slot().has_handler();
    if (missed_)
        return;
    heard_context_ = context_first_;
    // The operation may end in here: then its completion is put off.
    asking_ = true;
    if (!box_.empty())
        box_.call(asked_);
    signal_.emit(asked_);
    asking_ = false;
}

// Something has been put into the slot since a request came. The operation is
// amid that, and must not be asked yet.
void bound_op_base::ask_again(bool in_step) noexcept
{
    missed_ = false;
    if (in_step)
    {
        turn_.fetch_or(again_bit, std::memory_order_relaxed);
        return;
    }
    // The request before is done with what is written below.
    auto const w = turn_.fetch_or(queued_bit, std::memory_order_acquire);
    if ((w & queued_bit) != 0)
    {
        // That one may have been here already, but not ended: see the end of
        // this turn.
        turn_.fetch_or(again_bit, std::memory_order_relaxed);
        return;
    }
    repeats_ = true;
    post_request();
}

// A signal does not tell that something has been put into it: at the end of a turn
// that follows a request which found nothing. The turn is the caller's.
void bound_op_base::look_at_signal() noexcept
{
    if (signal_.slot().has_handler())
    {
        missed_ = false;
        turn_.fetch_or(again_bit, std::memory_order_relaxed);
    }
}

void bound_op_base::clear() noexcept
{
    turn const t(*this);
    box_.clear();
}

// Whether the caller is in a step of the operation that has the turn.
bool bound_op_base::in_own_step(word w) const noexcept
{
    return (w & thread_bits) == this_thread() && !asking_ && holder_;
}

bool bound_op_base::leave_shared() noexcept
{
    // Another thread is about to dispatch a request.
    for (backoff wait; !sole_owner();)
        wait();
    auto const w = turn_.load(std::memory_order_acquire);
    if (in_own_step(w) && (w & queued_bit) == 0)
    {
        // The turn ends here.
        std::exchange(holder_, nullptr)->op_ = nullptr;
        return true;
    }
    return w == no_turn;
}

bool bound_op_base::put_off() noexcept
{
    auto w = turn_.load(std::memory_order_acquire);
    bool const in_step = in_own_step(w);
    if (in_step)
        std::exchange(holder_, nullptr)->op_ = nullptr;
    for (;;)
    {
        auto const left = in_step ? w & ~thread_bits : w;
        if ((left & (thread_bits | queued_bit)) == 0)
        {
            box_.clear();
            return false;
        }
        if (turn_.compare_exchange_weak(
                w, left | ended_bit, std::memory_order_acq_rel))
            return true;
    }
}

bool bound_op_base::put_off_abandoned() noexcept
{
    auto const me = this_thread();
    for (backoff wait;;)
    {
        auto const owner =
            turn_.load(std::memory_order_acquire) & thread_bits;
        if (owner == no_turn || owner == me)
            return put_off();
        wait();
    }
}

void bound_op_base::request_done() noexcept
{
    repeats_ = false;
    auto w = turn_.load(std::memory_order_relaxed);
    for (;;)
    {
        bool const is_free = (w & thread_bits) == no_turn;
        if (is_free && (w & wanted_bits) != 0 && (w & ended_bit) == 0)
        {
            // The context asked meanwhile, and left it to this request.
            ask_with([](word wanted) { return wanted; });
            w = turn_.load(std::memory_order_relaxed);
        }
        else if (turn_.compare_exchange_weak(w, w & ~queued_bit,
                     std::memory_order_acq_rel, std::memory_order_relaxed))
        {
            if (is_free && (w & ended_bit) != 0)
                complete_later();
            return;
        }
    }
}

} // namespace asioctx::detail
