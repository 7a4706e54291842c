//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_EXECUTOR_TARGET_HPP
#define ASIOCTX_DETAIL_EXECUTOR_TARGET_HPP

#include <asioctx/detail/executor_traits.hpp>

#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <type_traits>
#include <typeinfo>
#include <utility>

namespace asioctx::detail {

// Calls f with the first of these that a polymorphic executor holds; false if
// it holds none. To compare the types takes long unless they are the same
// object, which they are within a program.
template <class... Targets, class Executor, class F>
bool visit_targets(Executor const& ex, F& f)
{
    auto const visit = [&]<class Target>(std::type_identity<Target>)
    {
        auto* const target = ex.template target<Target>();
        if (target)
            f(*target);
        return target != nullptr;
    };
#if defined(BOOST_ASIO_NO_TYPEID)
    return (visit(std::type_identity<Targets>()) || ...);
#else
    auto const* const type = &ex.target_type();
    return ((type == &typeid(Targets)
                && visit(std::type_identity<Targets>()))
               || ...)
        || (visit(std::type_identity<Targets>()) || ...);
#endif
}

// What a composed operation makes of an executor, to count as work of it.
template <class Executor>
using tracked = std::decay_t<decltype(asio::prefer(
    std::declval<Executor const&>(),
    asio::execution::outstanding_work.tracked))>;

// Calls f with the executor that a polymorphic one holds, if it is a usual one,
// or else with the executor itself. A polymorphic executor does not pass the
// function's allocator on, and so allocates; what it holds does not.
template <class Executor, class F>
void visit_executor(Executor const& ex, F f)
{
    if constexpr (is_polymorphic_executor<Executor>)
    {
        using io = asio::io_context::executor_type;
        using pool = asio::thread_pool::executor_type;
        if (visit_targets<io, tracked<io>, asio::strand<io>,
                asio::strand<tracked<io>>, asio::strand<asio::any_io_executor>,
                pool, tracked<pool>, asio::strand<pool>,
                asio::strand<tracked<pool>>, asio::system_executor>(ex, f))
            return;
    }
    f(ex);
}

} // namespace asioctx::detail

#endif
