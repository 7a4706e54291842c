//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_STOP_TOKEN_HPP
#define ASIOCTX_STOP_TOKEN_HPP

#include <asioctx/cancel.hpp>
#include <asioctx/config.hpp>
#include <asioctx/context.hpp>

#include <version>

// Of Clang's library, LLVM 20 and newer have it. Without it this header is empty.
#if defined(__cpp_lib_jthread)

#include <stop_token>

namespace asioctx {

/// Derives a context that a stop token cancels.
/**
 * The context is done when stop is requested, on that thread and before @c
 * request_stop() returns, with the error @c errc::canceled; or when it is canceled
 * or the parent is done, if that is first. If stop has been requested already, the
 * context is done at once, unless the parent is: then the parent's error and cause
 * count.
 *
 * @param parent The context to derive from.
 *
 * @param token The token.
 *
 * @param at What canceled_at() is if a stop request, or the source's
 * destructor, ends the context.
 *
 * @par Object lifetimes
 * The context keeps the parent. The token's stop state has a callback until the
 * last handle to the context, or to one derived from it, is dropped; the drop
 * may wait for a callback that another thread is running.
 *
 * @par Exceptions
 * @c std::bad_alloc.
 *
 * @par Thread Safety
 * Safe.
 *
 * @par Example
 * examples/10_stop_token.cpp
 */
ASIOCTX_DECL cancelable with_stop_token(context const& parent,
    std::stop_token token, source_location at = BOOST_CURRENT_LOCATION);

/// Returns a stop token that is requested to stop when a context is done.
/**
 * The request is made by a function that is posted as that of after_func() is,
 * so that no stop callback runs inside cancel(): @c stop_requested() may be
 * false for a while after the context is done. A token of a context that is
 * done already has been requested to stop: if nobody has done so yet, this call
 * does, and runs the stop callbacks.
 *
 * All calls for one context, and the contexts with values that are derived from
 * it, return tokens of one stop state. For a context that is never done, the
 * token has no stop state.
 *
 * @par Object lifetimes
 * The context keeps the stop state. When the context goes without having been
 * done, stop becomes impossible. If the execution context is destroyed before
 * the context is done, only a further call requests stop.
 *
 * @par Executor
 * Stop callbacks run on the execution context that the context's root was made
 * from, or else on a thread of the system context.
 *
 * @par Exceptions
 * @c std::bad_alloc.
 *
 * @par Thread Safety
 * Safe.
 *
 * @par Example
 * examples/10_stop_token.cpp
 */
ASIOCTX_DECL std::stop_token get_stop_token(context const& ctx);

} // namespace asioctx

#endif // defined(__cpp_lib_jthread)

#endif
