//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/detail/bound_op.hpp>

#include <asioctx/detail/sync.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/experimental/channel_error.hpp>
#include <boost/system/system_error.hpp>

#include <utility>

#include "record.hpp"

namespace asioctx::detail {
namespace {

// The request that a thread is handing to an executor. One that throws, or a
// strand that has shut down, drops it within that; else nothing may be touched.
struct handing
{
    turn* of; // null once the request has arrived or was dropped
    bool dropped = false;
    handing* outer = nullptr;

    static handing*& innermost() noexcept
    {
        static constinit thread_local handing* h = nullptr;
        return h;
    }

    explicit handing(turn& t) noexcept
        : of(&t), outer(std::exchange(innermost(), this))
    {
    }

    handing(handing const&) = delete;
    handing& operator=(handing const&) = delete;

    ~handing()
    {
        innermost() = outer;
    }

    // True if this thread is handing it on.
    static bool ends(turn& t, bool dropped) noexcept
    {
        auto* const d = innermost();
        if (!d || d->of != &t)
            return false;
        d->of = nullptr;
        d->dropped = dropped;
        return true;
    }
};

} // namespace

bound_op::bound_op(node_ptr&& ctx, request const& r)
    : ctx_(std::move(ctx)),
      lists_(nullptr),
      turn_(turn_pool::take()),
      request_(r),
      since_(coarse_now(near_root()))
{
    if (auto* const s = ctx_.get_scope())
    {
        unsigned char shard;
        lists_ = s->kind != scope::behavior::permanent ? s
                                                       : &s->pick_lists(shard);
    }
    turn_.op = this;
    turn_.host = nullptr;
}

bound_op::~bound_op()
{
    if (is_recorded()) [[unlikely]]
        record_end();
    if (turn_.host && turn_.host != near_root())
        detail::release(turn_.host);
    turn_.release();
}

// It has been in a list, and is no longer.
void bound_op::record_end() noexcept
{
    auto* const r = near_root();
    if (!was_recorded_ || !r)
        return;
    record(r, flight_recorder::what::ended, ctx_.get_scope(), name_,
        request_.at());
    if (claimed)
        record_time_to_end(r, coarse_now(r) - lists_->ended_at);
}

void bound_op::set_executors(executor_ref io, executor_ref own)
{
    if (!io)
    {
        if (own.placed())
            set_executor(own.context());
        return;
    }
    auto* const context = io.context();
    set_host(context);
    if (!own.placed() || !context || own.context() != context)
        route_ = route::apart;
    else if (own.strand() && !io.strand())
        route_ = route::inside;
    else
        route_ = route::beside;
    // Whoever initiates on the handler's executor uses the object there, but for
    // one that runs beside the object's strand.
    initiated_on_own_ = own.runs_here() && !io.runs_here()
        && (route_ == route::apart || own.strand());
}

void bound_op::set_far_host(asio::execution_context& context)
{
    auto& r = root_of(context);
    add_ref(&r);
    turn_.host = &r;
}

bool bound_op::is_abort(error_code const& ec) noexcept
{
    // A channel has an error of its own for the same thing.
    return ec == asio::error::operation_aborted
        || ec == asio::experimental::error::channel_cancelled;
}

std::exception_ptr bound_op::map(std::exception_ptr e) const
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

void bound_op::wait_for_turn(
    turn_frame& f, turn& t, turn::word generation) noexcept
{
    for (backoff wait;; wait())
    {
        auto const e = t.try_enter(generation);
        if (e == turn::entry::entered)
            return f.enter(t);
        if (e == turn::entry::over)
            return;
    }
}

// Delivers what has been wanted meanwhile, or sends it.
void bound_op::give_up_turn(turn_frame& f, at where) noexcept
{
    turn& t = *f.of;
    bound_op& op = *t.op;
    if (op.has_missed() && !op.unguarded_ && !op.is_idle() && !op.slot_.empty())
        [[unlikely]]
    {
        t.want(turn::wanted(op.asked_));
        f.for_context = op.context_asked_.load(std::memory_order_relaxed);
    }
    for (;;)
    {
        bool const here = !op.coroutine_
            && (where == at::here
                || (where == at::here_if_it_runs_here && t.is_wanted()
                    && op.runs_here()));
        auto const next = t.leave(here);
        if (next == turn::action::deliver)
        {
            op.deliver(f);
            continue;
        }
        if (next == turn::action::send)
        {
            t.add_ref(); // the request's
            return op.send(
                f, where == at::elsewhere ? from::amid : from::outside);
        }
        f.of = nullptr;
        if (next == turn::action::complete)
            op.last_has_left();
        return;
    }
}

void bound_op::clear() noexcept
{
    access const a(*this);
    slot_.clear();
}

error_code bound_op::begin() noexcept
{
    turn_frame f;
    enter(f, turn_, generation_);
    if (turn_.is_wanted())
        deliver(f);
    error_code why;
    if ((asked_ & asio::cancellation_type::terminal)
            != asio::cancellation_type::none
        && !context_first_)
        why = asio::error::operation_aborted;
    else if (context_done())
        why = context_error();
    idle_.store(static_cast<bool>(why), std::memory_order_relaxed);
    leave(f, at::here);
    return why;
}

// The turn is the caller's.
void bound_op::deliver(turn_frame& f) noexcept
{
    bool const is_end = std::exchange(f.for_context, false);
    auto const wanted = turn_.take_wanted();
    auto const types = turn::type_of(wanted);
    auto by_context = is_end ? types : asio::cancellation_type::none;
    if ((wanted & turn::context) != 0
        && !context_asked_.load(std::memory_order_relaxed))
    {
        context_asked_.store(true, std::memory_order_relaxed);
        by_context |= request_.type();
    }
    else if (types == asio::cancellation_type::none)
    {
        return; // it has asked before
    }
    // If another has asked for it, or for more, the abort is not the context's.
    if (!is_end)
        asked_ |= types;
    context_first_ = context_first_
        || ((asked_ & asio::cancellation_type::terminal)
                == asio::cancellation_type::none
            && (asked_ & by_context) != by_context);
    asked_ |= by_context;
    bool missed = unguarded_ || is_idle() || slot_.empty();
    if (!missed)
    {
        heard_context_ = context_first_ && !request_.raw_errors();
        f.for_context = by_context != asio::cancellation_type::none;
        // The operation may end in here: then its completion is put off.
        f.delivers = true;
        slot_.call(asked_);
        f.delivers = f.for_context = false;
        missed = stays_asked_ && may_repeat();
    }
    set_missed(missed);
    if (!turn_.has_ended())
        asked();
}

// Whether what is being delivered to another operation is the end that has reached
// this one's context as well, which is done.
bool bound_op::is_same_end(turn_frame const& f) const noexcept
{
    return f.for_context && f.of->op->get_scope().ended_with(get_scope());
}

void bound_op::ask_upstream(
    asio::cancellation_type_t type, bool of_other_context) noexcept
{
    using cancellation_type = asio::cancellation_type;
    // It has come from the innermost operation that this thread is asking, or else
    // somebody asks amid that, for something of his own. What comes on another
    // thread's way cannot be told from a request of somebody who asks once more.
    auto* const asker = turn_frame::find_if(
        [](turn_frame const& f) { return f.delivers; });
    bool const done = context_done();
    bool const is_end = done && asker && is_same_end(*asker)
        && (type & asker->of->op->asked_) == type;
    bool const by_context = is_end
        || (done && !of_other_context
            && !context_asked_.load(std::memory_order_relaxed));
    bool const covered = by_context
        && ((request_.type() & cancellation_type::terminal)
                != cancellation_type::none
            || (request_.type() & type) == type);
    if (!turn_.want((by_context ? turn::context : turn::word())
            | (covered ? turn::word() : turn::wanted(type))))
        return;
    turn_frame f(&turn_);
    f.for_context = is_end;
    leave(f, at::here);
}

// The caller is a request, and has the turn where the operation is asked.
void bound_op::serve(turn_frame& f) noexcept
{
    auto next = turn::action::deliver;
    do
        deliver(f);
    while ((next = turn_.leave_request()) == turn::action::deliver);
    f.of = nullptr;
    if (next == turn::action::complete)
        last_has_left();
}

// The caller is a request, somewhere, with its reference. If another has the turn,
// that one will do.
void bound_op::look_as_request(turn& t, from where) noexcept
{
    auto const next = t.arrive();
    if (next == turn::action::deliver)
    {
        turn_frame f(&t);
        auto& op = *t.op;
        bool const may_be_here = where == from::there
            || ((!op.coroutine_ || where == from::queue) && op.runs_here());
        if (!may_be_here)
            return op.send(f, where);
        op.serve(f);
    }
    else if (next == turn::action::complete)
    {
        t.op->last_has_left();
    }
    t.release();
}

// The scope.

// The caller has the turn, and gives it up next, unless that is done here.
bool bound_op::link() noexcept
{
    if (!lists_)
        return false;
    bool left = false;
    auto const state = lists_->lock();
    bool const done = (state & scope::done_bit) != 0;
    if (!has_left_)
    {
        claimed = done;
        lists_->hooks.push_back(*this);
        if (is_recorded()) [[unlikely]]
        {
            was_recorded_ = true;
            record(near_root(), flight_recorder::what::bound,
                ctx_.get_scope(), name_, request_.at());
        }
        left = !done && has_no_upstream_ && turn_.leave_alone();
    }
    lists_->unlock(state);
    if (done)
        turn_.want(turn::context);
    return left;
}

// The lock of the scope is held.
void bound_op::tell(hook_info& i) const noexcept
{
    using state = operation_state;
    i.name = name_;
    i.at = request_.at();
    i.since = since_;
    i.ctx = ctx_.get();
    if (has_left_)
        i.state = state::put_off;
    else if (!claimed)
        i.state = state::pending;
    else if (!context_asked_.load(std::memory_order_relaxed) || is_idle())
        i.state = state::on_its_way;
    else
        i.state = has_missed() ? state::never_heard : state::heard;
}

// The gate is left by notify(): until then the execution context does not shut
// down. If it is about to, the operation goes with it.
hook::notice bound_op::claim() noexcept
{
    constexpr notice nothing{nullptr, nullptr, true};
    if (has_left_)
        return nothing;
    if (is_recorded()) [[unlikely]]
        record(near_root(), flight_recorder::what::asked, ctx_.get_scope(),
            name_, request_.at());
    auto* const host = turn_.host;
    if (host && !host->gate.enter())
        return nothing;
    if (turn_.queue())
    {
        turn_.add_ref(); // the request's
        return {&notify, &turn_, true};
    }
    if (host)
        host->gate.leave();
    return nothing;
}

void bound_op::notify(void* p, cancellation& c) noexcept
{
    auto& t = *static_cast<turn*>(p);
    auto* const host = t.host;
    if (host && host->requests.is_open()
        && !(c.in_place != 0 && host->requests.runs_here() && c.takes_place()))
        host->requests.push(t);
    else
        look_as_request(t, from::outside);
    if (host)
        host->gate.leave();
}

// The way of a request.

// Calls a function with the executor of the root's execution context.
template <class F>
void bound_op::at_root(F f) noexcept
{
    root* const r = near_root();
    gate_pass const pass(r);
    auto const ex = executor_of(pass ? r : nullptr);
    f(executor_ref(ex));
}

// An operation of several steps is asked where its steps run. One of one step is
// asked where its object is used: on that's executor, unless it was initiated on
// the handler's. So is a coroutine, on that where it was spawned.
bool bound_op::is_asked_on_own() const noexcept
{
    return !coroutine_
        && (route_ == route::inside || initiated_on_own_ || turn_.has_steps());
}

bool bound_op::runs_here() const noexcept
{
    switch (route_)
    {
    case route::none:
        return true;
    case route::one:
        return own_executor().runs_here();
    default:
        return (is_asked_on_own() ? own_executor() : io_executor())
            .runs_here();
    }
}

// The caller has the turn, but is not where the operation is asked, or is amid
// something. The turn goes with the request.
void bound_op::send(turn_frame& f, from where) noexcept
{
    using kind = op_message::kind;
    if (route_ == route::none)
        return at_root([&](executor_ref const& to)
            { hand(f, to, kind::own_request, true); });
    bool const to_own = route_ == route::one || is_asked_on_own();
    auto k = kind::own_request;
    auto to = to_own ? own_executor() : io_executor();
    // To the handler's executor by way of the I/O object's.
    if (to_own && route_ == route::apart && where != from::io)
        if (auto const io = io_executor();
            where != from::queue || !io.runs_here())
        {
            k = kind::request;
            to = io;
        }
    hand(f, to, k, where == from::amid || coroutine_);
}

void bound_op::hand(turn_frame& f, executor_ref const& to, op_message::kind k,
    bool posts) noexcept
{
    turn& t = turn_; // this may go
    handing h(t);
    bool failed = false;
    try
    {
        if (posts)
            to.post(op_message(t, k));
        else
            to.dispatch(op_message(t, k));
    }
    catch (...)
    {
        failed = true;
    }
    if (!h.dropped)
        return;
    // The executor may have to allocate, and fail. To ask from here is better
    // than not to ask. If it did not fail, its execution context is about to go,
    // and the operation with it.
    if (!failed)
        return drop_request(t);
    if (!f.of)
        return look_as_request(t, from::there);
    serve(f);
    t.release();
}

// For a message whose executor has been copied.
bool op_message::departs(turn& t, kind k) noexcept
{
    if (k == kind::completion)
        return true;
    if (k == kind::own_completion)
    {
        // From here on the handler's execution context has it, and may outlive the
        // I/O object's.
        if (t.op->route_ == bound_op::route::apart)
            t.op->leave_io();
        return true;
    }
    if (auto* const f = turn_frame::find(t))
        f->of = nullptr;
    auto const next = t.depart();
    if (next == turn::action::send)
        return true;
    handing::ends(t, false);
    if (next == turn::action::complete)
        t.op->last_has_left();
    t.release();
    return false;
}

void bound_op::post(executor_ref const& to, op_message::kind k) noexcept
{
    op_message m(turn_, k);
    try
    {
        to.post(std::move(m));
    }
    catch (...)
    {
        // What cannot be posted is done at once.
        if (m.pending())
            m();
    }
}

void op_message::arrived(turn& t, kind k)
{
    if (k == kind::request || k == kind::own_request)
    {
        handing::ends(t, false);
        return bound_op::look_as_request(t,
            k == kind::request ? bound_op::from::io : bound_op::from::there);
    }
    if (k == kind::completion)
        if (auto const own = t.op->own_executor())
            return own.dispatch(op_message(t, kind::own_completion));
    t.op->complete_now();
}

// An executor has thrown, or its execution context shuts down.
void op_message::dropped(turn& t, kind k) noexcept
{
    if (k == kind::completion || k == kind::own_completion)
        t.op->drop_results();
    else if (!handing::ends(t, true))
        bound_op::drop_request(t);
}

void bound_op::drop_request(turn& t) noexcept
{
    if (t.drop_request() == turn::action::complete)
    {
        if (t.op->abandoned_)
            t.op->destroy();
        else
            t.op->drop_results();
    }
    t.release();
}

// The end.

bool bound_op::end_in_turn() noexcept
{
    auto* const f = turn_frame::find(turn_);
    if (!f || f->delivers || !turn_.end(true))
        return false;
    f->of = nullptr; // the turn ends here
    return true;
}

bool bound_op::put_off() noexcept
{
    auto* const f = turn_frame::find(turn_);
    bool const mine = f && !f->delivers;
    // Nobody need run the I/O object's execution context any more, unless this
    // thread does.
    completes_by_io_ =
        !own_executor().can_post() || io_executor().runs_here();
    show_put_off();
    bool const others = turn_.put_off(mine);
    if (mine)
        f->of = nullptr;
    if (!others)
        slot_.clear();
    return others;
}

// Whether the scope is done or not, nobody asks it any more.
void bound_op::show_put_off() noexcept
{
    if (!lists_)
        return;
    auto const state = lists_->lock();
    claimed = (state & scope::done_bit) != 0;
    lists_->hooks.push_back(*this);
    lists_->unlock(state);
    is_put_off_ = true;
}

bool bound_op::put_off_abandoned() noexcept
{
    for (backoff wait; !turn_frame::find(turn_); wait())
        if (turn_.end(false))
        {
            slot_.clear();
            return false;
        }
    abandoned_ = true; // this thread asks, further up
    return put_off();
}

void bound_op::last_has_left() noexcept
{
    if (abandoned_)
        destroy();
    else
        complete_later();
}

void bound_op::complete_later() noexcept
{
    using kind = op_message::kind;
    if (route_ == route::none)
        at_root([&](executor_ref const& to) { post(to, kind::completion); });
    else if (route_ == route::apart && !own_executor().placed()
        && completes_by_io_)
        post(io_executor(), kind::completion);
    else
        post(own_executor(), kind::own_completion);
}

} // namespace asioctx::detail
