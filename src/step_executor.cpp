//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/detail/executor_target.hpp>
#include <asioctx/detail/step_executor.hpp>
#include <asioctx/detail/sync.hpp>

#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>

#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace asioctx::detail {
namespace {

template <class Polymorphic, class Executor>
Polymorphic make_steps(
    bound_op::ticket const& ticket, Executor ex) noexcept;

// The same as step_executor, for one that does not fit into a polymorphic
// executor. Asio allocates for it, where it cannot throw: when it is put there,
// and whenever a composed operation has it count work. So it is shared. Without
// memory the operation goes on without turns.
template <class Polymorphic, class Executor>
class shared_steps
{
    using steps = step_executor<Executor>;

public:
    // Null if there is no memory.
    static std::optional<shared_steps> make(
        bound_op::ticket const& ticket, Executor const& ex) noexcept
    {
        auto* const b = new (std::nothrow) block{{1}, ticket, ex, {ticket, ex}};
        return b ? std::optional(shared_steps(b)) : std::nullopt;
    }

    shared_steps(shared_steps const& other) noexcept : block_(other.block_)
    {
        block_->refs.fetch_add(1, std::memory_order_relaxed);
    }

    ~shared_steps()
    {
        if (block_->refs.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete block_;
    }

    shared_steps& operator=(shared_steps const&) = delete;

    // A polymorphic executor that holds this asks for nothing: to ask another
    // one allocates. The answer would not be blocking.always.
    template <class Property>
        requires(!std::is_convertible_v<Property, asio::execution::blocking_t>
            && asio::can_query_v<steps const&, Property>)
    decltype(auto) query(Property const& p) const
        noexcept(asio::is_nothrow_query_v<steps const&, Property>)
    {
        return asio::query(block_->all, p);
    }

    template <class Property>
        requires asio::can_require_v<steps const&, Property>
    Polymorphic require(Property const& p) const noexcept
    {
        return make_steps<Polymorphic>(
            block_->ticket, asio::require(block_->inner, p));
    }

    template <class Property>
        requires asio::can_prefer_v<steps const&, Property>
    Polymorphic prefer(Property const& p) const noexcept
    {
        return make_steps<Polymorphic>(
            block_->ticket, asio::prefer(block_->inner, p));
    }

    template <class Function>
    void execute(Function&& f) const
    {
        block_->all.execute(std::forward<Function>(f));
    }

    friend bool operator==(
        shared_steps const& a, shared_steps const& b) noexcept
    {
        return a.block_ == b.block_ || a.block_->all == b.block_->all;
    }

    friend bool operator!=(
        shared_steps const& a, shared_steps const& b) noexcept
    {
        return !(a == b);
    }

private:
    struct block
    {
        atomic<unsigned> refs;
        bound_op::ticket const ticket;
        Executor const inner;
        steps const all;
    };

    explicit shared_steps(block* b) noexcept : block_(b)
    {
    }

    block* block_;
};

// The caller may not have the turn; the operation may have ended.
void steps_unguarded(bound_op::ticket const& ticket) noexcept
{
    bound_op::step const s(ticket);
    if (ticket.of->try_enter(ticket.generation) == turn::entry::taken)
        ticket.of->op->steps_unguarded();
}

template <class Polymorphic, class Executor>
Polymorphic make_steps(
    bound_op::ticket const& ticket, Executor ex) noexcept
{
    using steps = step_executor<Executor>;
    using shared = shared_steps<Polymorphic, Executor>;
    // What fits into a polymorphic executor.
    constexpr auto size = sizeof(std::shared_ptr<void>) + sizeof(void*);
    if constexpr (sizeof(steps) <= size)
        return Polymorphic(std::nothrow, steps(ticket, std::move(ex)));
    else if (auto const s = shared::make(ticket, ex))
        return Polymorphic(std::nothrow, *s);
    steps_unguarded(ticket);
    return Polymorphic(ex);
}

} // namespace

template <class Polymorphic>
Polymorphic steps_on(
    bound_op& op, Polymorphic const& ex, bool is_home) noexcept
{
    Polymorphic result = ex;
    visit_executor(
        ex,
        [&]<class Ex>(Ex const& e)
        {
            if (is_strand<Ex> && is_home && !op.stays_asked())
                op.steps_on_strand();
            else if (auto const ticket = op.steps_begin(); ticket.of)
                result = make_steps<Polymorphic>(ticket, e);
        });
    return result;
}

template asio::any_io_executor steps_on(
    bound_op& op, asio::any_io_executor const& ex, bool is_home) noexcept;
template asio::any_completion_executor steps_on(bound_op& op,
    asio::any_completion_executor const& ex, bool is_home) noexcept;

} // namespace asioctx::detail
