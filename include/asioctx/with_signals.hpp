//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_WITH_SIGNALS_HPP
#define ASIOCTX_WITH_SIGNALS_HPP

#include <asioctx/cancel.hpp>
#include <asioctx/config.hpp>
#include <asioctx/context.hpp>

#include <initializer_list>

namespace asioctx {

/// What becomes of the signals that come after a context is done.
enum class further_signals
{
    /// They have the effect that they had before: the second Ctrl-C ends a
    /// program that does not stop for the first.
    take_effect,

    /// They have no effect as long as the context, or one derived from it,
    /// exists. It takes another signal to end a program that does not stop.
    are_ignored,
};

/// Derives a context that a signal cancels.
/**
 * The context is done at the first of the signals, or when it is canceled or
 * the parent is done. After a signal its error() is @c errc::canceled, and its
 * cause() has the category signal_category() and the signal's number as its
 * value.
 *
 * When the context is done, for whatever reason, the signals get back the
 * effect that they had before: the second Ctrl-C ends a program that does not
 * stop for the first.
 *
 * Any number of contexts may wait for one signal, and it ends them all. It has
 * its effect back when the last of them is done.
 *
 * In a child that the process forks the signals have the effect from before,
 * too, until it takes over the execution context with @c
 * notify_fork(fork_child): what is sent to the child does not end its parent's
 * contexts.
 *
 * On Windows, Ctrl-C is @c SIGINT and Ctrl-Break is @c SIGBREAK. @c SIGTERM
 * comes from @c std::raise() alone: there, that the console is closed, the user
 * logs off or the system shuts down is no signal.
 *
 * @param parent The context to derive from.
 *
 * @param signals The numbers of the signals, such as @c SIGINT and @c SIGTERM.
 *
 * @param at What canceled_at() is if a signal, or the source's destructor, ends
 * the context.
 *
 * @par Preconditions
 * The parent's root was made from an execution context, see background(). While
 * the context is live, only Asio's signal sets change the signals' effect. If a
 * signal set is made for one of the signals meanwhile, it goes before the
 * context is done, or else its end gives the signal the default effect.
 *
 * @par Object lifetimes
 * The context keeps the parent. The wait for a signal is outstanding work of
 * the execution context and keeps the context, until it is done.
 *
 * @par Executor
 * The signal counts when a thread that runs the execution context sees it; that
 * of the time, if background() was given one for it.
 *
 * @par Exceptions
 * @c std::logic_error if there is no execution context, or it was destroyed.
 * @c boost::system::system_error if a signal cannot be caught.
 * @c std::bad_alloc.
 *
 * @par Thread Safety
 * Safe.
 *
 * @par Example
 * examples/06_graceful_shutdown.cpp
 */
ASIOCTX_DECL cancelable with_signals(context const& parent,
    std::initializer_list<int> signals,
    source_location at = BOOST_CURRENT_LOCATION);

/// The same, and says what becomes of the signals that come after the first.
/**
 * @param further What they do. They are ignored until the last handle to the
 * context and to what is derived from it is gone, or its execution context.
 */
ASIOCTX_DECL cancelable with_signals(
    context const& parent,
    std::initializer_list<int> signals,
    further_signals further,
    source_location at = BOOST_CURRENT_LOCATION);

} // namespace asioctx

#endif
