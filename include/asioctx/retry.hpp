//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_RETRY_HPP
#define ASIOCTX_RETRY_HPP

#include <asioctx/config.hpp>
#include <asioctx/context.hpp>

#include <asioctx/detail/attempt_op.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>

#include <chrono>
#include <cstddef>
#include <limits>
#include <string>

namespace asioctx {

/// Returns a random time from zero to a bound, all being equally likely.
/**
 * With it, clients that have failed at the same time do not come back at the
 * same time. Of the kinds of jitter that are compared in M. Brooker,
 * "Exponential Backoff And Jitter", AWS Architecture Blog, 2015, this one,
 * "full jitter", has the clients do the least work.
 */
ASIOCTX_DECL duration full_jitter(duration bound) noexcept;

/// Says how often, and how long, retry() tries.
/**
 * To be made with designated initializers. All have a default: as often as the
 * time of the context allows. A policy may be a constant.
 * @code
 * constexpr asioctx::retry_policy policy{
 *     .attempt_timeout = 2s,
 *     .reserve = 500ms,
 *     .is_retryable = is_network_error};
 * @endcode
 */
struct retry_policy
{
    /// How many attempts there are at most. There is one at least.
    std::size_t max_attempts = (std::numeric_limits<std::size_t>::max)();

    /// The time that an attempt may take. It has no more than is left.
    duration attempt_timeout = (duration::max)();

    /// The time that an attempt needs to have a chance, kept for the last one.
    /**
     * No attempt begins with less time. If what is left is twice as long or
     * more, an attempt is ended so that the reserve remains for another. A
     * pause that would go into the reserve is cut short, and what follows is
     * the last attempt.
     *
     * With zero there is no reserve: an attempt may take all that is left, and
     * if a pause would, there is no other attempt.
     */
    duration reserve = duration::zero();

    /// The bound of the pause after the first attempt. It doubles each time.
    duration initial_backoff = std::chrono::milliseconds(100);

    /// What no pause is longer than.
    duration max_backoff = std::chrono::seconds(10);

    /// Returns the pause for a bound. It must not throw.
    /**
     * With a null pointer, each pause is as long as its bound.
     */
    duration (*jitter)(duration bound) = full_jitter;

    /// Tells whether an error is worth another attempt. It must not throw.
    /**
     * With a null pointer, every error is that is not equal to @c
     * std::errc::operation_canceled: somebody has asked for that. The function
     * is not asked about
     * @li an attempt that its own time limit has ended: this is worth another;
     * @li an exception other than @c boost::system::system_error and @c
     * std::system_error, which is not;
     * @li what an attempt fails with when the context is done.
     */
    bool (*is_retryable)(error_code const& ec) = nullptr;
};

/// What has become of the attempts of retry().
struct retry_report
{
    /// How many attempts have begun.
    std::size_t attempts = 0;

    /// Whether there were no further attempts because there was no time for
    /// them.
    /**
     * Then the error is not the deadline's but what the last attempt failed
     * with.
     */
    bool deadline_spent = false;
};

/// Describes a report, for people to read: "deadline spent after 3 attempts".
/**
 * Says "3 attempts" if it was not the deadline. The text may change between
 * versions.
 *
 * @par Exceptions
 * @c std::bad_alloc.
 */
ASIOCTX_DECL std::string to_string(retry_report const& report);

/// Tries an operation until it succeeds, within the time of a context.
/**
 * Starts an asynchronous operation that makes an attempt. If that fails, it
 * pauses and makes another. It completes when an attempt has succeeded, or
 * failed with what is not worth another, or when there are no more attempts or
 * there is no more time.
 *
 * The time is the context's: that until its deadline(), by the clock of its
 * root, which a testing::manual_clock moves. It is a budget: an attempt has the
 * time that the policy gives to one, or what is left, whichever is less. No
 * attempt begins, and no pause, for which the time that is left is not enough,
 * see retry_policy::reserve. So the operation may end before the deadline, when
 * there is nothing that could be done until then.
 *
 * @param ctx The context.
 *
 * @param policy How often and how long to try.
 *
 * @param operation What to try: a function object that is called with a @ref
 * context, that of the attempt, and returns an asynchronous operation, as @c
 * asio::deferred makes one, or an @c asio::awaitable. It is called for each
 * attempt, never twice at a time. What it returns is bound to the context of
 * the attempt as if by bind_context().
 *
 * @par Preconditions
 * The context's root was made from an execution context, see background().
 *
 * @par Object lifetimes
 * The operation keeps the context, and the function object until the last
 * attempt has ended. There is one attempt at a time, and none when the handler
 * is called: attempts may refer to what lives until then.
 *
 * @par Completion signature
 * That of the operation that is tried. It begins with an @c error_code or a @c
 * std::exception_ptr; other results have default constructors. For an @c
 * asio::awaitable<T> it is
 * @code void(std::exception_ptr, T) @endcode
 * or, if @c T is void, the same without @c T.
 *
 * @par Executor
 * The I/O executor is that of the execution context that the context's root was
 * made from. The handler runs on its associated executor, never within this
 * call; that need not be a strand. The first attempt is started within this
 * call, the others on the handler's executor, or on the I/O executor if it is
 * one that does not tell where it runs, as that of @c asio::use_future.
 * Coroutines run on these, too, and if they are no strands, on a strand.
 *
 * The operation counts as outstanding work on both. Its memory, and that of the
 * attempts, is allocated with the handler's associated allocator.
 *
 * @par Per-operation cancellation
 * All types. The attempt is asked for @c asio::cancellation_type::terminal and
 * waited for, and there is no other.
 *
 * @par Errors
 * No error, and the results of the attempt, if one has succeeded, also if the
 * context is done by then. Otherwise:
 * @li If there is no more time, the last real error: what the last attempt has
 * failed with that was not merely cut off at the deadline, or to keep the
 * reserve. If there is none it is errc::deadline_exceeded.
 * @li If there are no more attempts, the same.
 * @li If the error is not worth another attempt, that error.
 * @li If the context was canceled, errc::canceled, and if the operation was
 * through its slot, @c asio::error::operation_aborted; unless the attempt has
 * failed with another error by itself.
 *
 * An attempt that has taken the time of retry_policy::attempt_timeout has
 * failed with errc::deadline_exceeded, and that is a real error. What is thrown
 * where a later attempt is started ends the operation: it is its error, as an
 * exception or as the code that it stands for; an exception that stands for
 * none leaves the
 * @c run() of the execution context.
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
    class Operation,
    asio::completion_token_for<detail::attempts_signature_t<Operation>> Token =
        asio::deferred_t>
auto retry(
    context const& ctx,
    retry_policy const& policy,
    Operation&& operation,
    Token&& token = Token(),
    source_location at = BOOST_CURRENT_LOCATION);

/// The same, and reports on the attempts.
/**
 * @param report Receives the report just before the handler is called. It must
 * exist until then.
 */
template <
    class Operation,
    asio::completion_token_for<detail::attempts_signature_t<Operation>> Token =
        asio::deferred_t>
auto retry(
    context const& ctx,
    retry_policy const& policy,
    Operation&& operation,
    retry_report& report,
    Token&& token = Token(),
    source_location at = BOOST_CURRENT_LOCATION);

} // namespace asioctx

#include <asioctx/impl/retry.hpp>

#endif
