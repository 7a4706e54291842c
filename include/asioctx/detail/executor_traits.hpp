//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_EXECUTOR_TRAITS_HPP
#define ASIOCTX_DETAIL_EXECUTOR_TRAITS_HPP

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution/executor.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/system_context.hpp>
#include <boost/asio/system_executor.hpp>

#include <concepts>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace asioctx::detail {

namespace asio = boost::asio;

template <class Executor>
inline constexpr bool is_polymorphic_executor =
    std::is_same_v<Executor, asio::any_io_executor>
    || std::is_same_v<Executor, asio::any_completion_executor>;

template <class Executor>
inline constexpr bool is_io_context_executor = false;

template <class Allocator, std::uintptr_t Bits>
inline constexpr bool is_io_context_executor<
    asio::io_context::basic_executor_type<Allocator, Bits>> = true;

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

// Whether an executor can tell if a thread runs its functions. One that cannot
// may run them wherever it is called, as the system's and that of use_future do.
template <class Executor>
concept is_placed = requires(Executor const& ex) {
    {
        ex.running_in_this_thread()
    } -> std::convertible_to<bool>;
};

// Whether an executor's functions never meet: an asio::strand, which has an inner
// executor, or that of the Networking TS. What looks like one is taken for one.
template <class Executor>
inline constexpr bool is_strand = is_placed<Executor>
    && (!asio::execution::is_executor<Executor>::value
        || requires(Executor const& ex) { ex.get_inner_executor(); });

// The execution context, if it can be told, and can be destroyed; or null.
template <class Executor>
asio::execution_context* mortal_context(Executor const& ex) noexcept
{
    if constexpr (is_system_executor<Executor>)
        return nullptr;
    else if constexpr (asio::can_query_v<Executor const&,
                           asio::execution::context_t>)
        return &asio::query(ex, asio::execution::context);
    else if constexpr (requires { ex.context(); })
        return &ex.context();
    else
        return nullptr;
}

// What counts as work of an executor as long as it lives.
template <class Executor>
auto work_of(Executor const& ex)
{
    if constexpr (asio::can_prefer_v<Executor const&,
                      asio::execution::outstanding_work_t::tracked_t>)
        return asio::prefer(ex, asio::execution::outstanding_work.tracked);
    else
        return asio::executor_work_guard<Executor>(ex);
}

template <class Executor>
using work_type = decltype(work_of(std::declval<Executor const&>()));

// To be held by who hands a function to an executor from anywhere. A strand locks
// itself first and counts work then: what another thread hands to it in between
// would not be waited for.
template <class Executor>
auto work_while_handing(Executor const& ex)
{
    if constexpr (is_strand<Executor>)
        return work_of(ex);
    else
        return nullptr;
}

// Whether a function can be posted to an executor, which then does not run it at
// once. One that runs all at once cannot, nor can an any_completion_executor.
template <class Executor>
inline constexpr bool can_post =
    asio::can_require_v<Executor, asio::execution::blocking_t::never_t>
    || !asio::execution::is_executor<Executor>::value;

// Posts a function. If the executor cannot, a thread of the system context calls
// it.
template <class Executor, class F>
void post_to(Executor const& ex, F&& f)
{
    if constexpr (can_post<Executor>)
        asio::post(ex, std::forward<F>(f));
    else
        asio::post(asio::system_executor(),
            asio::bind_executor(ex, std::forward<F>(f)));
}

} // namespace asioctx::detail

#endif
