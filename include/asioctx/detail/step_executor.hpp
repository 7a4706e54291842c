//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_STEP_EXECUTOR_HPP
#define ASIOCTX_DETAIL_STEP_EXECUTOR_HPP

#include <asioctx/config.hpp>

#include <asioctx/detail/bound_op.hpp>
#include <asioctx/detail/executor_traits.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/executor.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>

#include <type_traits>
#include <utility>

namespace asioctx::detail {

// Runs the functions of another executor as steps of a bound operation: while
// one runs, no request to stop is delivered, and no other step runs. Without a
// ticket, or once the operation has ended, it is the other executor.
template <class Executor>
class step_executor
{
    // blocking.always cannot be had: a step may have to wait for its turn.
    template <class Property>
    static constexpr bool passes_on = !std::is_convertible_v<Property,
        asio::execution::blocking_t::always_t>;

public:
    step_executor(bound_op::ticket const& ticket, Executor inner) noexcept
        : inner_(std::move(inner)), ticket_(ticket)
    {
    }

    template <class Property>
        requires asio::can_query_v<Executor const&, Property>
    decltype(auto) query(Property const& p) const
        noexcept(asio::is_nothrow_query_v<Executor const&, Property>)
    {
        return asio::query(inner_, p);
    }

    template <class Property>
        requires(passes_on<Property>
            && asio::can_require_v<Executor const&, Property>)
    auto require(Property const& p) const
        noexcept(asio::is_nothrow_require_v<Executor const&, Property>)
    {
        return make(asio::require(inner_, p));
    }

    template <class Property>
        requires(passes_on<Property>
            && asio::can_prefer_v<Executor const&, Property>)
    auto prefer(Property const& p) const
        noexcept(asio::is_nothrow_prefer_v<Executor const&, Property>)
    {
        return make(asio::prefer(inner_, p));
    }

    template <class Function>
    void execute(Function&& f) const
    {
        if (ticket_.of)
            inner_.execute(step<std::decay_t<Function>>{
                ticket_, std::forward<Function>(f)});
        else
            inner_.execute(std::forward<Function>(f));
    }

    friend bool operator==(
        step_executor const& a, step_executor const& b) noexcept
    {
        return a.ticket_ == b.ticket_ && a.inner_ == b.inner_;
    }

    friend bool operator!=(
        step_executor const& a, step_executor const& b) noexcept
    {
        return !(a == b);
    }

private:
    template <class Function>
    struct step
    {
        bound_op::ticket ticket;
        Function function;

        void operator()()
        {
            bound_op::step const s(ticket);
            std::move(function)();
        }
    };

    // By value: a copy of one that counts work would count once more.
    template <class E>
    step_executor<E> make(E inner) const noexcept
    {
        return {ticket_, std::move(inner)};
    }

    Executor inner_;
    bound_op::ticket ticket_;
};

// The same for what a polymorphic executor holds; see below.
template <class Polymorphic>
Polymorphic steps_on(
    bound_op& op, Polymorphic const& ex, bool is_home) noexcept;

extern template ASIOCTX_DECL asio::any_io_executor steps_on(
    bound_op& op, asio::any_io_executor const& ex, bool is_home) noexcept;
extern template ASIOCTX_DECL asio::any_completion_executor steps_on(bound_op& op,
    asio::any_completion_executor const& ex, bool is_home) noexcept;

// The executor that a bound operation reports for its handler, given the one
// that the handler has, or the I/O object's if it has none of its own. One of the
// Networking TS, which must be a strand, cannot be wrapped.
template <class Executor>
struct reported_executor
{
    static constexpr bool is_polymorphic = is_polymorphic_executor<Executor>;
    static constexpr bool is_wrapped = !is_polymorphic
        && asio::execution::is_executor<Executor>::value;

    using type =
        std::conditional_t<is_wrapped, step_executor<Executor>, Executor>;

    static type of_one_step(Executor const& ex) noexcept
    {
        if constexpr (is_wrapped)
            return type({}, ex);
        else
            return ex;
    }

    // is_home: it is the one where an operation of several steps is asked. If that
    // is a strand, neither its steps nor a request meet another, and need no turns,
    // but to ask after each.
    static type of_steps(
        bound_op& op, Executor const& ex, bool is_home) noexcept
    {
        if constexpr (is_polymorphic)
            return steps_on(op, ex, is_home);
        else if constexpr (is_wrapped)
            if (!is_strand<Executor> || !is_home || op.stays_asked())
                return type(op.steps_begin(), ex);
        op.steps_on_strand();
        return of_one_step(ex);
    }
};

} // namespace asioctx::detail

#endif
