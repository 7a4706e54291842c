//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TESTING_MANUAL_CLOCK_HPP
#define ASIOCTX_TESTING_MANUAL_CLOCK_HPP

#include <asioctx/config.hpp>
#include <asioctx/context.hpp>

namespace asioctx::testing {

/// Gives the deadlines of one execution context a time that a test moves.
/**
 * While the object exists, the deadlines of contexts whose root was made from
 * the execution context pass when advance() says so, and not otherwise. They
 * do not count as outstanding work. Other timers are not affected. If
 * background() was given another execution context for the time, the clock is that
 * one's.
 *
 * @par Object lifetimes
 * The object must not outlive the execution context. Its destructor gives the
 * deadlines the real time again.
 *
 * @par Thread Safety
 * @e Distinct @e objects: Safe, for different execution contexts.@n
 * @e Shared @e objects: now() is safe; advance() by one thread at a time.
 *
 * @par Example
 * @code
 * asio::io_context ioc;
 * asioctx::testing::manual_clock clock(ioc);
 * auto [ctx, cancel] = asioctx::with_timeout(asioctx::background(ioc), 30s);
 * clock.advance(30s);
 * assert(ctx.error() == asioctx::errc::deadline_exceeded);
 * @endcode
 */
class manual_clock
{
public:
    /// Stops the time at the present.
    /**
     * @throws std::logic_error if the execution context has a manual clock
     * already.
     */
    template <detail::executing_context ExecutionContext>
    explicit manual_clock(ExecutionContext& ec)
        : manual_clock(background(ec))
    {
    }

    manual_clock(manual_clock const&) = delete;
    manual_clock& operator=(manual_clock const&) = delete;

    /// Gives the deadlines the real time again.
    ASIOCTX_DECL ~manual_clock();

    /// Returns the time.
    ASIOCTX_DECL time_point now() const noexcept;

    /// Lets time pass.
    /**
     * On return, the contexts whose deadlines have passed are done, in the
     * order of their deadlines. Handlers are posted: let the execution context
     * run to see them.
     *
     * @param d The time that passes: not negative.
     */
    ASIOCTX_DECL void advance(duration d) noexcept;

    /// Lets time pass up to a time that is not before now().
    ASIOCTX_DECL void advance_to(time_point t) noexcept;

private:
    ASIOCTX_DECL explicit manual_clock(context root);

    context root_;
};

} // namespace asioctx::testing

#endif
