//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_STEP_EXECUTOR_HPP
#define ASIOCTX_DETAIL_STEP_EXECUTOR_HPP

#include <asioctx/config.hpp>

#include <asioctx/detail/bound_op_base.hpp>
#include <asioctx/detail/executor_traits.hpp>
#include <asioctx/detail/step_gate.hpp>

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
    step_executor(
        step_gate::ticket const& ticket, Executor const& inner) noexcept
        : inner_(inner), ticket_(ticket)
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
    auto require(Property const& p) const noexcept
    {
        return make(asio::require(inner_, p));
    }

    template <class Property>
        requires(passes_on<Property>
            && asio::can_prefer_v<Executor const&, Property>)
    auto prefer(Property const& p) const noexcept
    {
        return make(asio::prefer(inner_, p));
    }

    template <class Function>
    void execute(Function&& f) const
    {
        if (ticket_.gate)
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
        step_gate::ticket ticket;
        Function function;

        void operator()()
        {
            bound_op_base::turn const t(ticket);
            std::move(function)();
        }
    };

    template <class E>
    step_executor<std::decay_t<E>> make(E const& inner) const noexcept
    {
        return {ticket_, inner};
    }

    Executor inner_;
    step_gate::ticket ticket_;
};

// Makes a polymorphic executor of the step_executor of what another one holds.
ASIOCTX_DECL asio::any_io_executor steps_on(
    step_gate::ticket const& ticket, asio::any_io_executor const& ex);
ASIOCTX_DECL asio::any_completion_executor steps_on(
    step_gate::ticket const& ticket, asio::any_completion_executor const& ex);

// The executor that a bound operation reports for its handler, given the one
// that the handler has, or the I/O object's if it has none of its own.
//
// An operation of one step needs no turns: what it calls last is the handler.
// One of several has put something into its slot before it asks for the
// executor, to start its first step with.
//
// An executor of the Networking TS, as io_context::strand, is reported as it is.
template <class Executor>
struct reported_executor
{
    using type = Executor;

    static type get(bound_op_base&, Executor const& ex) noexcept
    {
        return ex;
    }
};

template <class Executor>
    requires(asio::execution::is_executor<Executor>::value
        && !is_polymorphic_executor<Executor>)
struct reported_executor<Executor>
{
    using type = step_executor<Executor>;

    static type get(bound_op_base& op, Executor const& ex) noexcept
    {
        return type(op.has_cancel_handler() ? op.ticket() : step_gate::ticket(),
            ex);
    }
};

template <class Executor>
    requires is_polymorphic_executor<Executor>
struct reported_executor<Executor>
{
    using type = Executor;

    static type get(bound_op_base& op, Executor const& ex) noexcept
    {
        return op.has_cancel_handler() ? steps_on(op.ticket(), ex) : ex;
    }
};

} // namespace asioctx::detail

#endif
