//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_CONTEXT_HPP
#define ASIOCTX_CONTEXT_HPP

#include <asioctx/config.hpp>
#include <asioctx/context_key.hpp>
#include <asioctx/error.hpp>

#include <asioctx/detail/root.hpp>
#include <asioctx/detail/scope.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/executor.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/assert/source_location.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace asioctx {

class context;

namespace detail {

template <class T>
concept executing_context =
    std::derived_from<T, asio::execution_context> && requires(T& t) {
        { t.get_executor() } -> std::convertible_to<asio::any_io_executor>;
    };

struct context_access;

} // namespace detail

/// A handle to a node in a tree of contexts.
/**
 * A context says whether the work done under it should go on. It is live until
 * it is canceled, or its deadline passes, or its parent is done; then it is
 * done for ever. It also carries values from the parents it was derived from.
 *
 * The roots are made with background(). All others are derived: with one of
 * the functions whose names begin with @c with_, with without_cancel() or with
 * merge(). An operation is bound to a context with bind_context().
 *
 * Pass a context explicitly, as the first parameter, named @c ctx. Do not store
 * it in an object that outlives the call. One context may be used by any number
 * of operations and threads.
 *
 * A handle is one pointer. Two handles are equal if they refer to the same
 * node. There is no null handle: one that is default-constructed or moved-from
 * refers to background().
 *
 * @par Object lifetimes
 * A handle keeps its node and all the node's ancestors, but nothing below it.
 *
 * @par Thread Safety
 * The handle: @e Distinct @e objects: Safe. @e Shared @e objects: Unsafe.@n
 * The node it refers to: Safe.
 */
class context
{
public:
    /// Refers to background().
    constexpr context() noexcept = default;

    /// Refers to the same node as another handle.
    context(context const&) noexcept = default;

    /// Takes over another handle, which then refers to background().
    context(context&&) noexcept = default;

    /// Refers to the same node as another handle.
    context& operator=(context const&) noexcept = default;

    /// Takes over another handle, which then refers to background().
    context& operator=(context&&) noexcept = default;

    /// Tells whether two handles refer to the same node.
    friend bool operator==(context const&, context const&) noexcept = default;

    /// Tells whether the context was canceled or its deadline has passed.
    /**
     * What happened before the cancellation is visible to a caller that sees
     * true. The cost is a load or two.
     */
    bool done() const noexcept
    {
        auto const* s = scope();
        return s && s->done();
    }

    /// Tells whether the context can ever be done.
    /**
     * False for a root, and for what is derived from one, or with
     * without_cancel(), by values alone. Then nothing that waits for the
     * context is ever told, and may be left out. The same as @c
     * std::stop_token::stop_possible, but that it does not become false when
     * the last @ref cancel_source has given up its right.
     */
    bool can_be_done() const noexcept
    {
        auto const* s = scope();
        return s && s->kind != detail::scope::behavior::permanent;
    }

    /// Returns why the context is done.
    /**
     * @returns @c errc::canceled or @c errc::deadline_exceeded if the context
     * is done, and no error if it is live. Once there is an error it does not
     * change.
     */
    error_code error() const noexcept
    {
        return done() ? make_error_code(scope()->why.error) : error_code();
    }

    /// Tells whether the context was ended by its own deadline.
    /**
     * @returns True if the context is done because a time has passed that was
     * given for it: with_deadline(), with_timeout() or with_idle_timeout() made
     * it. False if a deadline of a context above did, or a cancellation, or if
     * the context is live.
     *
     * With it, who gave the deadline knows whether to go on without what was
     * late. What is derived by values alone counts as what it is derived from.
     */
    bool ended_by_own_deadline() const noexcept
    {
        return done() && scope()->why.error == errc::deadline_exceeded
            && !scope()->inherited;
    }

    /// Returns what was given as the cause of the context's end.
    /**
     * @returns The cause that cancel() or with_deadline() was given, or else
     * what error() returns. If the cause was an exception, this is the code
     * of a @c boost::system::system_error, or of a @c std::system_error, or
     * else what error() returns; see exception().
     */
    error_code cause() const noexcept
    {
        if (!done())
            return {};
        auto const& why = scope()->why;
        return why.cause ? why.cause : make_error_code(why.error);
    }

    /// Returns the cause as an exception.
    /**
     * @returns The exception that cancel() was given, or else a @c
     * boost::system::system_error that holds cause(), with a text as that of
     * throw_if_done(); null if the context is live.
     *
     * @par Exceptions
     * @c std::bad_alloc.
     */
    ASIOCTX_DECL std::exception_ptr exception() const;

    /// Returns the place in the source that canceled the context.
    /**
     * @returns Where cancel() was called. For a deadline, a signal or a source's
     * destructor: where the context was derived that ended first. For a task
     * that failed: where it was spawned. An empty location if the context is
     * live.
     */
    source_location canceled_at() const noexcept
    {
        return done() ? scope()->why.at : source_location();
    }

    /// Returns the time at which the context will be done at the latest.
    /**
     * This is the earlier of its own deadline and its parent's; below
     * with_grace() it is later, below without_cancel() there is none. It never
     * changes. Empty if there is none.
     */
    std::optional<time_point> deadline() const noexcept
    {
        auto const* s = scope();
        if (!s || s->deadline == detail::no_deadline)
            return std::nullopt;
        return s->deadline;
    }

    /// Returns the time that is left until the deadline, zero if it has passed.
    /**
     * @returns @c duration::max() if there is no deadline.
     */
    ASIOCTX_DECL duration remaining() const noexcept;

    /// Returns the value that the context holds for a key.
    /**
     * @returns A pointer to the value nearest to this context on the way to
     * the root, or null if there is none. It is valid as long as a handle to
     * this context, or to one derived from it, exists. The values of a context
     * that is done remain.
     *
     * The cost grows with the number of values on the way, not with its length.
     */
    template <class T>
    T const* value(
        context_key<T> const& key) const noexcept ASIOCTX_LIFETIMEBOUND
    {
        auto const* const n = node_.get();
        for (auto const* v = n ? n->nearest_value : nullptr; v; v = v->next)
            if (v->key == &key)
                return static_cast<T const*>(v->get());
        return nullptr;
    }

    /// Does not compile: a temporary is no key of any value.
    template <class T>
    T const* value(context_key<T> const&&) const noexcept
    {
        static_assert(detail::no_temporary_key<T>,
            "asioctx::context::value: the key is a temporary; a key is known "
            "by its address, so look up the one given to with_value()");
        return nullptr;
    }

    /// Looks at the clock, and tells whether the context is done.
    /**
     * As done(); but if the time has come for a deadline, an idle timeout or a
     * grace of the context's root, it passes within this call, as if a thread
     * that runs the execution context had seen it. For loops that compute, and
     * so may keep these threads from it:
     * @code while (!ctx.check()) compute_a_bit(); @endcode
     *
     * The call costs as much as reading the clock. If time passes, it also does
     * what cancel() would, for all contexts whose time has come.
     *
     * A signal, and whatever else a handler is needed for, is not looked for.
     * Nor are the deadlines of other roots, which a merge() may have brought in.
     */
    bool check() const noexcept
    {
        auto const* s = scope();
        if (s && s->home && !s->done())
            s->home->time().timer.look_at_clock(*s);
        return s && s->done();
    }

    /// Throws @c boost::system::system_error with error() if done.
    /**
     * If a deadline ended the context, the exception's text begins with the time
     * that was given: "after 5s: Context deadline exceeded".
     */
    void throw_if_done() const
    {
        if (done()) [[unlikely]]
            throw_error();
    }

    /// Throws @c boost::system::system_error if the time left is not enough.
    /**
     * For what is not worth beginning without some time: a call that takes as
     * long as a rule, an answer that is to be sent in time. Throws if less than
     * the time given is left until the deadline, and, as throw_if_done(), if
     * the context is done. The context stays live.
     *
     * The error is errc::deadline_exceeded if there is not enough time, and the
     * exception's text then begins with the two times: "1s needed, 0.2s left:
     * Context deadline exceeded". If the context is done, it is error().
     *
     * The call costs as much as reading the clock. Without a deadline there is
     * always enough time.
     *
     * @param time The time that is needed. If it is zero or negative, the call
     * is the same as throw_if_done().
     *
     * @par Example
     * @code ctx.require(50ms); // or it is not worth asking @endcode
     */
    void require(duration time) const
    {
        if (auto const left = remaining(); left < time || done()) [[unlikely]]
            throw_missing(time, left);
    }

    /// The same, with the error as a result.
    /**
     * @param ec No error if there is enough time.
     */
    void require(duration time, error_code& ec) const noexcept
    {
        ec = error();
        if (!ec && remaining() < time)
            ec = make_error_code(errc::deadline_exceeded);
    }

    /// Waits until the context is done.
    /**
     * Starts an asynchronous operation that completes when the context is
     * done, at once if it is done already.
     *
     * @par Object lifetimes
     * The operation keeps the context.
     *
     * @par Completion signature
     * @code void(error_code) @endcode
     *
     * @par Executor
     * The I/O executor is that of the execution context that the context's root
     * was made from. For a root without one it is the system executor. The
     * handler runs on its associated executor, as if by
     * asio::post. The operation counts as outstanding work on both.
     *
     * @par Per-operation cancellation
     * All types. A wait has no effect that could be partial.
     *
     * @par Errors
     * No error when the context is done: the wait has succeeded, and error()
     * tells why. @c asio::error::operation_aborted if the wait was canceled.
     *
     * @par Exceptions
     * @c std::bad_alloc. Then no wait was started.
     *
     * @par Thread Safety
     * Any thread may start a wait.
     *
     * @par Example
     * @code co_await ctx.async_wait(asio::use_awaitable); @endcode
     */
    template <asio::completion_token_for<void(error_code)> Token>
    auto async_wait(
        Token&& token, source_location at = BOOST_CURRENT_LOCATION) const;

    /// The same with @c asio::deferred.
    auto async_wait(source_location at = BOOST_CURRENT_LOCATION) const;

private:
    friend struct detail::context_access;

    explicit context(detail::node_ptr n) noexcept : node_(std::move(n))
    {
    }

    detail::scope const* scope() const noexcept
    {
        return node_.get_scope();
    }

    [[noreturn]] ASIOCTX_DECL void throw_error() const;
    [[noreturn]] ASIOCTX_DECL void throw_missing(
        duration needed, duration left) const;

    detail::node_ptr node_;
};

namespace detail {

// What lies behind a handle.
struct context_access
{
    static node_ptr const& get(context const& ctx) noexcept
    {
        return ctx.node_;
    }

    static node_ptr&& take(context&& ctx) noexcept
    {
        return std::move(ctx.node_);
    }

    static context make(node_ptr n) noexcept
    {
        return context(std::move(n));
    }
};

} // namespace detail

/// Returns the context that is never done and has no deadline and no values.
/**
 * Deadlines need an execution context: to derive one from this root throws
 * @c std::logic_error.
 */
inline context background() noexcept
{
    return {};
}

/// Returns the root context of an execution context.
/**
 * It is never done and has no deadline and no values. All calls for one
 * execution context return the same root.
 *
 * One timer on the execution context drives the deadlines of all contexts
 * derived from it. They pass on the threads that run the execution context. A
 * deadline is no outstanding work: @c run() returns, and @c join() too, though
 * there are some. What is bound counts by itself. On an execution context
 * that is neither an @c asio::io_context nor an @c asio::thread_pool, and with
 * @c BOOST_ASIO_NO_TS_EXECUTORS, the earliest deadline counts.
 *
 * @param ec The execution context: an @c asio::io_context or @c
 * asio::thread_pool, for example.
 *
 * @par Object lifetimes
 * Contexts may outlive the execution context. Their deadlines then do not pass
 * any more, and deriving a new deadline throws @c std::logic_error.
 *
 * @par Exceptions
 * The first call may throw @c std::bad_alloc. The others do not throw.
 *
 * @par Thread Safety
 * Safe. But if the program has promised Asio that one thread uses the execution
 * context, as with @c BOOST_ASIO_CONCURRENCY_HINT_UNSAFE, it has promised that of
 * all contexts below the root, too.
 *
 * @par Example
 * examples/01_deadline.cpp
 */
template <detail::executing_context ExecutionContext>
context background(ExecutionContext& ec);

/// Not to be had: an executor may be a strand, and time is all contexts'.
/**
 * Does not compile. The root is that of an execution context. Pass that where
 * there is but an executor, as in a coroutine, or better a context.
 */
template <class Executor>
    requires asio::execution::is_executor<Executor>::value
context background(Executor const&)
{
    static_assert(!asio::execution::is_executor<Executor>::value,
        "asioctx::background: the root is that of an execution context: pass the "
        "io_context or thread_pool instead of its executor");
    return {};
}

/// Returns the root context of an execution context whose time is another's.
/**
 * The same root as background(ec) returns, from now on with its deadlines on the
 * other execution context: they pass on the threads that run that one. So they
 * do not wait for threads of @c ec that compute or block. with_signals() waits
 * for its signals there, too. Operations, callbacks and handlers run where they
 * do otherwise.
 *
 * To be called before a context with a deadline is derived from the root, and
 * with the same @c time each time.
 * @code
 * asio::thread_pool time(1);
 * asio::thread_pool pool(8);
 * auto const root = asioctx::background(pool, time);
 * @endcode
 *
 * @param ec The execution context.
 *
 * @param time The execution context whose threads see to the time. Deadlines do
 * not keep its @c run() from returning: an @c asio::thread_pool of one thread
 * runs until it is joined.
 *
 * @par Object lifetimes
 * When @c time is destroyed, the deadlines do not pass any more and deriving a new
 * one throws @c std::logic_error. If it is declared before @c ec, it goes last.
 *
 * @par Exceptions
 * @c std::logic_error if there are deadlines already, or the time is that of a
 * third execution context, or that of a manual_clock. @c std::bad_alloc.
 *
 * @par Thread Safety
 * Safe.
 *
 * @par Example
 * examples/15_busy_threads.cpp
 */
template <
    detail::executing_context ExecutionContext,
    detail::executing_context Time>
context background(ExecutionContext& ec, Time& time);

namespace detail {

ASIOCTX_DECL context todo_below(context const& root);

} // namespace detail

/// Stands for a context that the caller does not have yet.
/**
 * The same as background() but for to_string(), which says @c todo. It is for
 * code that is being changed to pass contexts: what is still to be done can be
 * searched for, and the check @c asioctx-todo finds it.
 */
ASIOCTX_DECL context todo() noexcept;

/// Stands for a context that the caller does not have yet.
/**
 * The same as background(ec) but for to_string(), which says @c todo. Each call
 * makes a context of its own below the root.
 *
 * @par Exceptions
 * @c std::bad_alloc.
 *
 * @par Thread Safety
 * Safe.
 */
template <detail::executing_context ExecutionContext>
context todo(ExecutionContext& ec)
{
    return detail::todo_below(background(ec));
}

/// Describes the way from the root to a context, for people to read.
/**
 * For example
 * @code background.with_cancel.with_value(user).with_deadline(4.9s left)
 * @endcode
 * or, where one of these is done,
 * @code background.with_cancel[done: canceled, Interrupt].with_deadline
 * @endcode
 * What is below, and was ended by it, says no more. The text may change between
 * versions.
 *
 * @par Exceptions
 * @c std::bad_alloc.
 *
 * @par Thread Safety
 * Safe.
 */
ASIOCTX_DECL std::string to_string(context const& ctx);

} // namespace asioctx

/// Hashes a context: equal handles have equal hashes.
template <>
struct std::hash<asioctx::context>
{
    /// Returns the hash.
    std::size_t operator()(asioctx::context const& ctx) const noexcept
    {
        return std::hash<void const*>()(
            asioctx::detail::context_access::get(ctx).get());
    }
};

#include <asioctx/impl/context.hpp>

#endif
