//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_WITH_CLEAN_UP_HPP
#define ASIOCTX_WITH_CLEAN_UP_HPP

#include <asioctx/config.hpp>
#include <asioctx/context.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <type_traits>

namespace asioctx {

/// Runs a coroutine, and another one after it, whatever has become of it.
/**
 * Calls a function and awaits what it returns. Then, also if that has thrown or
 * was canceled, calls a second one with a context that is made by
 * with_grace(), and awaits what that returns. So a protocol can be ended in
 * order, as by TLS's shutdown, though the context is done.
 *
 * This works however the calling coroutine is bound: if each of its operations
 * is, if it is a task of a task_group, and if it is bound as a whole. The
 * clean-up is asked to stop by the grace alone, both as a whole and through
 * what it binds to it. A coroutine that was asked to stop is so again after the
 * clean-up: its next @c co_await throws.
 *
 * @param ctx The context that the work is bound to.
 *
 * @param grace The time that the clean-up has once the context is done, or from
 * its begin, whichever is later.
 *
 * @param body The work: a function object that is called without arguments and
 * returns an @c asio::awaitable<void>.
 *
 * @param clean_up A function object that is called with a @ref context and
 * returns an @c asio::awaitable<void>.
 *
 * @param at What canceled_at() of the grace is after the clean-up.
 *
 * @par Object lifetimes
 * The function objects are kept until both coroutines have ended. What the
 * clean-up needs is better acquired before, or in the body: if the coroutine
 * was canceled before, neither of the two is started.
 *
 * @par Executor
 * That of the coroutine that awaits this.
 *
 * @par Per-operation cancellation
 * The body's is that of the coroutine. The clean-up has none but the grace.
 *
 * @par Errors
 * What the body has thrown, or else the clean-up. If the grace ends before the
 * clean-up does, that is aborted with the error() of the grace, which is that
 * of the context.
 *
 * @par Exceptions
 * Those of with_grace(), as if the clean-up had thrown them.
 *
 * @par Thread Safety
 * That of a coroutine: it runs on one thread or on a strand.
 *
 * @par Example
 * examples/11_clean_up.cpp
 */
template <class Rep, class Period, class Body, class CleanUp>
std::invoke_result_t<Body&> with_clean_up(
    context ctx,
    std::chrono::duration<Rep, Period> grace,
    Body body,
    CleanUp clean_up,
    source_location at = BOOST_CURRENT_LOCATION);

} // namespace asioctx

#include <asioctx/impl/with_clean_up.hpp>

#endif
