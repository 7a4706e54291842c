//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_HEDGE_HPP
#define ASIOCTX_HEDGE_HPP

#include <asioctx/cause_key.hpp>
#include <asioctx/config.hpp>
#include <asioctx/context.hpp>

#include <asioctx/detail/attempt_op.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>

#include <chrono>

namespace asioctx {

/// The cause() of an attempt's context if hedge() has an answer from the other.
inline constexpr cause_key hedge_lost{
    "The other attempt was first", 0x52c8e1f09b7d4a36};

/// Tries an operation a second time if it takes long, and takes the first
/// answer.
/**
 * Starts an asynchronous operation that makes an attempt, and, if that has not
 * succeeded after a delay, another one beside it. If the first attempt fails
 * before that, the second begins at once. When one has succeeded, the other is
 * canceled, with the cause @ref hedge_lost. The operation completes when both
 * attempts have ended.
 *
 * A hedged request cuts off the long tail of the times that a service takes.
 * With a delay that 95 % of the answers take less than, it costs 5 % of
 * requests more. See J. Dean and L. A. Barroso, "The Tail at Scale",
 * Communications of the ACM 56(2), 2013.
 *
 * What is tried is done twice: it must be harmless if it is, see the guide.
 *
 * @param ctx The context. There is no second attempt once it is done.
 *
 * @param delay The time until the second attempt, by the clock of the context's
 * root. Zero or less makes both attempts at once; the @c max() of any duration
 * makes the second if the first has failed.
 *
 * @param operation What to try, as for retry(). It is called once or twice,
 * never twice at a time.
 *
 * @par Preconditions
 * The context's root was made from an execution context, see background().
 *
 * @par Object lifetimes
 * The operation keeps the context, and the function object until both attempts
 * have ended: they may refer to what lives until then. Each has an I/O object
 * of its own.
 *
 * @par Completion signature
 * That of the operation that is tried, as for retry().
 *
 * @par Executor
 * As for retry(). The two attempts may run at the same time if that executor is
 * that of several threads; if they are coroutines, they share a strand.
 *
 * The operation's memory is allocated with the handler's associated allocator,
 * but not that of the attempts, which may be at the same time.
 *
 * @par Per-operation cancellation
 * All types. The attempts are asked for @c asio::cancellation_type::terminal
 * and waited for.
 *
 * @par Errors
 * No error, and the results of the attempt that has succeeded first. What the
 * other one comes to is dropped, be it another success. Otherwise the error of
 * the attempt that has failed first, but not of one that was merely cut off
 * because the context was done; if that is all, it is errc::deadline_exceeded.
 * If the context was canceled before both have failed, it is errc::canceled,
 * and if the operation was through its slot, @c asio::error::operation_aborted.
 *
 * What is thrown where the second attempt is started counts as its failure, as
 * for retry().
 *
 * @par Exceptions
 * @c std::logic_error if there is no execution context, or it was destroyed; @c
 * std::bad_alloc; what moving the function object throws, and what starting the
 * first attempt does. The operation was not started then.
 *
 * @par Thread Safety
 * The context may be canceled by any thread at any time.
 *
 * @par Example
 * examples/19_budgets.cpp
 */
template <
    class Rep,
    class Period,
    class Operation,
    asio::completion_token_for<detail::attempts_signature_t<Operation>> Token =
        asio::deferred_t>
auto hedge(
    context const& ctx,
    std::chrono::duration<Rep, Period> delay,
    Operation&& operation,
    Token&& token = Token(),
    source_location at = BOOST_CURRENT_LOCATION);

} // namespace asioctx

#include <asioctx/impl/hedge.hpp>

#endif
