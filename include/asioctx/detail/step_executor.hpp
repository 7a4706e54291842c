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
#include <asioctx/detail/executor_target.hpp>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/executor.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>

#include <type_traits>
#include <utility>

namespace asioctx::detail {

// Runs the functions of another executor as steps of a bound operation: while
// one runs, no request to stop is delivered, and no other step runs. Without an
// operation it is the other executor.
//
// It refers to the operation and does not keep it: a function that Asio runs on
// a handler's executor holds the handler.
//
// If the other executor is the I/O object's, for a handler that has none of its
// own, the operation counts as work of it anyway. Then this one need not.
template <class Executor, bool TracksWork>
class step_executor
{
    // blocking.always cannot be had: a step may have to wait for its turn.
    template <class Property>
    static constexpr bool passes_on = !std::is_convertible_v<Property,
        asio::execution::blocking_t::always_t>
        && (TracksWork
            || !std::is_convertible_v<Property,
                asio::execution::outstanding_work_t>);

public:
    step_executor(bound_op_base* op, Executor const& inner) noexcept
        : inner_(inner), op_(op)
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
        if (op_)
            inner_.execute(step<std::decay_t<Function>>{
                op_, std::forward<Function>(f)});
        else
            inner_.execute(std::forward<Function>(f));
    }

    friend bool operator==(
        step_executor const& a, step_executor const& b) noexcept
    {
        return a.op_ == b.op_ && a.inner_ == b.inner_;
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
        bound_op_base* op;
        Function function;

        void operator()()
        {
            bound_op_base::turn t(*op);
            std::move(function)();
        }
    };

    template <class E>
    step_executor<std::decay_t<E>, TracksWork> make(
        E const& inner) const noexcept
    {
        return {op_, inner};
    }

    Executor inner_;
    bound_op_base* op_;
};

// The executor that a bound operation reports for its handler, given the one
// that the handler has, or the I/O object's if it has none of its own. A strand
// takes turns by itself, and is reported as it is.
//
// An operation of one step needs no turns: what it calls last is the handler.
// One of several has put something into its slot before it asks for the
// executor, to start its first step with.
template <class Executor, bool IsOwn>
struct reported_executor
{
    using type = step_executor<Executor, IsOwn>;

    static type get(bound_op_base& op, Executor const& ex) noexcept
    {
        return type(op.has_cancel_handler() ? &op : nullptr, ex);
    }
};

template <class Executor, bool IsOwn>
    requires is_polymorphic_executor<Executor>
struct reported_executor<Executor, IsOwn>
{
    using type = Executor;

    static type get(bound_op_base& op, Executor const& ex) noexcept
    {
        if (!op.has_cancel_handler())
            return ex;
        Executor result;
        visit_executor(ex,
            [&]<class Ex>(Ex const& e)
            {
                if constexpr (is_strand<Ex>)
                    result = ex;
                else
                    result = step_executor<Ex, IsOwn>(&op, e);
            });
        return result;
    }
};

// Whether a handler has an executor of its own.
template <class Handler>
inline constexpr bool has_own_executor = !requires {
    typename asio::associated_executor<
        Handler>::asio_associated_executor_is_unspecialised;
};

} // namespace asioctx::detail

#endif
