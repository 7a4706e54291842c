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
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/system_context.hpp>
#include <boost/asio/system_executor.hpp>

#include <type_traits>
#include <utility>

namespace asioctx::detail {

namespace asio = boost::asio;

template <class Executor>
inline constexpr bool is_polymorphic_executor =
    std::is_same_v<Executor, asio::any_io_executor>
    || std::is_same_v<Executor, asio::any_completion_executor>;

// Calls f with the executor that a polymorphic one holds, if it is a usual one,
// or else with the executor itself. A polymorphic executor does not pass the
// function's allocator on, and so allocates; what it holds does not.
template <class Executor, class F>
void visit_executor(Executor const& ex, F f)
{
    if constexpr (is_polymorphic_executor<Executor>)
    {
        using io_executor = asio::io_context::executor_type;
        if (auto* io = ex.template target<io_executor>())
            return f(*io);
        if (auto* s = ex.template target<asio::strand<io_executor>>())
            return f(*s);
        if (auto* s = ex.template target<asio::strand<asio::any_io_executor>>())
            return f(*s);
        if (auto* s = ex.template target<asio::system_executor>())
            return f(*s);
    }
    f(ex);
}

// Posts a function. An any_completion_executor cannot: it knows but dispatch, and
// may run the function at once. From a thread of the system context it may.
template <class Executor, class F>
void post_to(Executor const& ex, F&& f)
{
    if constexpr (asio::can_require_v<Executor,
                      asio::execution::blocking_t::never_t>)
        asio::post(ex, std::forward<F>(f));
    else
        asio::post(asio::system_executor(),
            asio::bind_executor(ex, std::forward<F>(f)));
}

// Whether an executor takes all the memory it needs from the function's
// allocator, so that dispatching a function with reserved memory cannot fail.
template <class Executor>
inline constexpr bool executes_in_given_memory =
    std::is_same_v<Executor, asio::io_context::executor_type>
    || std::is_same_v<Executor, asio::strand<asio::io_context::executor_type>>;

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
