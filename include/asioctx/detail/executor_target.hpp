//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_EXECUTOR_TARGET_HPP
#define ASIOCTX_DETAIL_EXECUTOR_TARGET_HPP

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/executor.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/system_context.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cstdint>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace asioctx::detail {

namespace asio = boost::asio;

template <class Executor>
inline constexpr bool is_polymorphic_executor =
    std::is_same_v<Executor, asio::any_io_executor>
    || std::is_same_v<Executor, asio::any_completion_executor>;

template <class Executor>
inline constexpr bool is_strand = false;

template <class Executor>
inline constexpr bool is_strand<asio::strand<Executor>> = true;

template <class Executor>
inline constexpr bool is_io_context_executor = false;

template <class Allocator, std::uintptr_t Bits>
inline constexpr bool is_io_context_executor<
    asio::io_context::basic_executor_type<Allocator, Bits>> = true;

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
    auto const* const type = &ex.target_type();
    return ((type == &typeid(Targets)
                && visit(std::type_identity<Targets>()))
               || ...)
        || (visit(std::type_identity<Targets>()) || ...);
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

// Posts a function. An any_completion_executor cannot: it knows but dispatch, and
// may run the function at once. From a thread of the system context it may.
template <class Executor, class F>
void post_to(Executor const& ex, F&& f)
{
    if constexpr (asio::can_require_v<Executor,
                      asio::execution::blocking_t::never_t>
        || !asio::execution::is_executor<Executor>::value)
        asio::post(ex, std::forward<F>(f));
    else
        asio::post(asio::system_executor(),
            asio::bind_executor(ex, std::forward<F>(f)));
}

// Whether an executor takes all the memory it needs from the function's
// allocator, so that dispatching a function with reserved memory cannot fail.
template <class Executor>
inline constexpr bool executes_in_given_memory =
    is_io_context_executor<Executor>;

template <class Allocator, std::uintptr_t Bits>
inline constexpr bool executes_in_given_memory<
    asio::thread_pool::basic_executor_type<Allocator, Bits>> = true;

template <class Executor>
inline constexpr bool executes_in_given_memory<asio::strand<Executor>> =
    executes_in_given_memory<Executor>;

// Whether an executor is one of the system context's, which runs a function on
// any thread, the caller's included.
template <class Executor>
inline constexpr bool is_system_executor =
    requires(Executor const& ex) {
        requires std::is_same_v<
            std::remove_cvref_t<decltype(
                asio::query(ex, asio::execution::context))>,
            asio::system_context>;
    };

} // namespace asioctx::detail

#endif
