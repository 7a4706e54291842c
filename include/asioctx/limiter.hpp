//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_LIMITER_HPP
#define ASIOCTX_LIMITER_HPP

#include <asioctx/cause_key.hpp>
#include <asioctx/config.hpp>
#include <asioctx/context.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace asioctx {

namespace detail {

class limiter_state;
struct limiter_access;

} // namespace detail

/// The error of who is not admitted by a limiter.
/**
 * The queue is full, or there is not enough time left to wait in it: see
 * limiter. Whoever has asked for the work may ask elsewhere, or later.
 */
inline constexpr cause_key overloaded{"Overloaded", 0x6b1f0d94c37ae258};

/// Who is admitted next by a limiter.
enum class queue_order
{
    /// The one who has waited for the longest time.
    oldest_first,

    /// The one who has come last. If the queue is full, the oldest leaves it.
    /**
     * Under overload most of those who are admitted have nearly all their time
     * left, while with oldest_first all of them have waited. The others wait
     * until the queue is full, or their deadline: make it short. See B. Maurer,
     * "Fail at Scale", ACM Queue 13(8), 2015.
     */
    newest_first,
};

/// Says how a limiter queues, and whether its limit adapts.
/**
 * To be made with designated initializers. All have a default.
 */
struct limiter_options
{
    /// How many may wait at most. With zero nobody waits.
    std::size_t max_queued = 1000;

    /// Who is admitted next.
    queue_order order = queue_order::oldest_first;

    /// The time that the work may take. With it, the limit adapts.
    /**
     * Work that takes longer is a sign that there is too much of it: the limit
     * becomes 10 % smaller, at most once in the time that the work takes. As
     * long as all permits are in use and the work is in time, the limit grows
     * by one for each round of permits.
     *
     * This is additive increase and multiplicative decrease: see D.-M. Chiu
     * and R. Jain, "Analysis of the Increase and Decrease Algorithms for
     * Congestion Avoidance in Computer Networks", Computer Networks and ISDN
     * Systems 17(1), 1989.
     */
    duration target = (duration::max)();

    /// What a limit that adapts does not fall below.
    std::size_t min_limit = 1;

    /// What a limit that adapts does not exceed.
    std::size_t max_limit = 1000;
};

/// What a limiter does, and has done.
/**
 * Each who has asked for a permit is queued, or counted once.
 */
struct limiter_report
{
    /// How many permits there may be at present.
    std::size_t limit = 0;

    /// How many there are.
    std::size_t in_use = 0;

    /// How many wait for one.
    std::size_t queued = 0;

    /// How long the work has taken lately; zero if that is not known.
    duration work{};

    /// How long who comes now would wait.
    duration expected_wait{};

    /// Were given a permit.
    std::uint64_t admitted = 0;

    /// Were rejected because the queue was full.
    std::uint64_t rejected_full = 0;

    /// Were rejected because their deadline could not be met.
    std::uint64_t rejected_late = 0;

    /// Were not admitted by their deadline.
    std::uint64_t expired = 0;

    /// Were canceled before they were admitted.
    std::uint64_t canceled = 0;
};

/// Limits how much work is done at a time, and who waits for it how long.
/**
 * Who has work to do acquires a permit first, and keeps it until the work is
 * done. If there are as many permits as the limit allows, others wait in a
 * queue, each as long as its context is live.
 *
 * So that few wait in vain, the limiter measures how long the work takes, from
 * the acquisition of a permit to its release, and keeps a moving average: each
 * measured time has a weight of 1/8. Whoever would have to wait, and has less
 * time left until the deadline() of its context than waiting and the work take
 * by that, is rejected at once, with the error @ref overloaded. So is, when its
 * turn comes, who has less left by then than the work takes. Where there is
 * room everybody is admitted whose context is live: so there is always work to
 * be measured. To ask for more, use context::require().
 *
 * A caller with @em n others before it waits for <tt>(n + 1) * work /
 * limit</tt>; with queue_order::newest_first there is nobody before it.
 *
 * All work of one limiter should take about the same time.
 *
 * @par Object lifetimes
 * The limiter may be destroyed before its permits. What waits for one then
 * completes with @c asio::error::operation_aborted. It may outlive the
 * execution context.
 *
 * @par Thread Safety
 * @e Distinct @e objects: Safe.@n
 * @e Shared @e objects: Safe, except for destruction.
 *
 * @par Example
 * examples/24_limiter.cpp
 */
class limiter
{
public:
    /// The right to do work, until it is released.
    /**
     * @par Object lifetimes
     * A permit keeps the context it was acquired with. It may outlive the
     * limiter.
     *
     * @par Thread Safety
     * @e Distinct @e objects: Safe.@n
     * @e Shared @e objects: Unsafe.
     */
    class [[nodiscard("the destructor releases: keep it")]] permit
    {
    public:
        /// Is no permit.
        permit() noexcept = default;

        /// Takes over another's right.
        permit(permit &&) noexcept = default;

        /// Releases as release() does, then takes over another's right.
        permit& operator=(permit other) noexcept
        {
            std::swap(state_, other.state_);
            std::swap(ctx_, other.ctx_);
            std::swap(since_, other.since_);
            return *this;
        }

        /// Releases the permit as release() does.
        ~permit()
        {
            release();
        }

        /// Tells whether this is a permit, and not released.
        explicit operator bool() const noexcept
        {
            return state_ != nullptr;
        }

        /// Ends the work. Does nothing if this is no permit.
        /**
         * The next one in the queue is admitted. The time since the permit was
         * acquired is counted as that of the work, unless its context was
         * canceled.
         *
         * @par Thread Safety
         * Any thread may release a permit.
         */
        void release() noexcept
        {
            if (state_)
                end(ending::done);
        }

        /// The same, but the time is not counted.
        /**
         * For what was no work, such as an answer from a cache.
         */
        void drop() noexcept
        {
            if (state_)
                end(ending::dropped);
        }

        /// The same as drop(), and a limit that adapts becomes smaller.
        /**
         * For what has failed because what it needs is overloaded, such as a
         * service that has answered so.
         */
        void back_off() noexcept
        {
            if (state_)
                end(ending::backed_off);
        }

    private:
        friend class detail::limiter_state;

        enum class ending : unsigned char
        {
            done,
            dropped,
            backed_off,
        };

        permit(
            std::shared_ptr<detail::limiter_state> s,
            context ctx,
            time_point since) noexcept
            : state_(std::move(s)), ctx_(std::move(ctx)), since_(since)
        {
        }

        ASIOCTX_DECL void end(ending e) noexcept;

        std::shared_ptr<detail::limiter_state> state_;
        context ctx_;
        time_point since_;
    };

    /// Makes a limiter.
    /**
     * @param root A context whose root has the clock and the execution context
     * that are used. The limiter does not end with it.
     *
     * @param limit How many permits there may be at a time. If the limit
     * adapts, that is so at first.
     *
     * @param options How to queue, and whether to adapt.
     *
     * @par Exceptions
     * @c std::logic_error if the root was not made from an execution context,
     * or that is gone. @c std::invalid_argument if the limit is zero, or it
     * adapts and is not between the least and the greatest, or the target is
     * not positive. @c std::bad_alloc.
     */
    ASIOCTX_DECL limiter(
        context const& root,
        std::size_t limit,
        limiter_options const& options = {});

    limiter(limiter const&) = delete;
    limiter& operator=(limiter const&) = delete;

    /// Ends all waiting.
    ASIOCTX_DECL ~limiter();

    /// Acquires a permit.
    /**
     * Starts an asynchronous operation that completes when there is room, or
     * the context is done, or the limiter rejects it. It completes at once if
     * one of these is so already. While it waits, dump() shows it as queued
     * below the context.
     *
     * @param ctx The context of the work. Its deadline is that by which the
     * work is to be done.
     *
     * @par Object lifetimes
     * The operation keeps the context. It may outlive the limiter.
     *
     * @par Completion signature
     * @code void(error_code, limiter::permit) @endcode
     *
     * @par Executor
     * The I/O executor is that of the execution context that the limiter's root
     * was made from. The handler runs on its associated executor, as if by
     * asio::post. The operation counts as outstanding work there. Its memory is
     * allocated with the handler's associated allocator.
     *
     * @par Per-operation cancellation
     * All types. An acquisition has no effect that could be partial.
     *
     * @par Errors
     * If there is no error there is a permit, also if the context is done by
     * then. Otherwise there is none:
     * @li @ref overloaded, if the queue is full or the deadline cannot be met;
     * @li the context's error(), if that was done first;
     * @li @c asio::error::operation_aborted, if the operation was canceled
     * otherwise, or the limiter was destroyed.
     *
     * @par Exceptions
     * @c std::bad_alloc, and what moving the handler throws. The operation was
     * not started then.
     *
     * @par Thread Safety
     * Safe.
     *
     * @par Example
     * @code
     * auto permit = co_await limiter.async_acquire(ctx, asio::use_awaitable);
     * @endcode
     */
    template <
        asio::completion_token_for<void(error_code, permit)> Token =
            asio::deferred_t>
    auto async_acquire(
        context const& ctx,
        Token&& token = Token(),
        source_location at = BOOST_CURRENT_LOCATION);

    /// Acquires a permit if there is room.
    /**
     * @returns No permit if there is none, or others wait, or the context is
     * done. That counts as if the queue was full, or as what has ended the
     * context.
     *
     * @par Thread Safety
     * Safe.
     */
    ASIOCTX_DECL permit try_acquire(context const& ctx) noexcept;

    /// Tells what the limiter does, and has done.
    /**
     * @par Thread Safety
     * Safe.
     */
    ASIOCTX_DECL limiter_report report() const noexcept;

private:
    friend struct detail::limiter_access;

    std::shared_ptr<detail::limiter_state> const state_;
};

} // namespace asioctx

#include <asioctx/impl/limiter.hpp>

#endif
