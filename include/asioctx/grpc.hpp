//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_GRPC_HPP
#define ASIOCTX_GRPC_HPP

// For programs that have gRPC: the CMake target asioctx::grpc.

#include <asioctx/after_func.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/config.hpp>
#include <asioctx/context.hpp>
#include <asioctx/deadline.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/system_executor.hpp>

#include <algorithm>
#include <chrono>
#include <grpc/support/time.h>
#include <grpcpp/client_context.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>
#include <grpcpp/support/status.h>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace asioctx {

namespace detail {

// The time until a point in time of gRPC's. One that is too long for a
// duration, as that until the infinite future is, is the longest.
inline duration grpc_time_left(gpr_timespec t) noexcept
{
    auto const left = gpr_time_sub(
        gpr_convert_clock_type(t, GPR_CLOCK_MONOTONIC),
        gpr_now(GPR_CLOCK_MONOTONIC));
    return to_duration(std::chrono::duration<long double, std::nano>(
        1e9L * static_cast<long double>(left.tv_sec)
        + static_cast<long double>(left.tv_nsec)));
}

// The point in time of gRPC's that is a time from now. gRPC rounds up: without
// a time, it is one that has passed for certain.
inline gpr_timespec grpc_time_after(duration d) noexcept
{
    if (d <= duration::zero())
        return gpr_inf_past(GPR_CLOCK_MONOTONIC);
    return gpr_time_add(
        gpr_now(GPR_CLOCK_MONOTONIC),
        gpr_time_from_nanos(d.count(), GPR_TIMESPAN));
}

// Whether gRPC, which has the context's deadline, ends a call by itself now.
inline bool grpc_deadline_is_due(
    std::optional<time_point> const& deadline) noexcept
{
    return deadline && clock_type::now() >= *deadline;
}

} // namespace detail

/// Returns the status of gRPC's that stands for a context's end.
/**
 * It is @c CANCELLED for @c errc::canceled, @c DEADLINE_EXCEEDED for @c
 * errc::deadline_exceeded, and @c OK if the context is live.
 *
 * @par Exceptions
 * @c std::bad_alloc.
 *
 * @par Thread Safety
 * Safe.
 */
inline ::grpc::Status to_grpc_status(context const& ctx)
{
    auto const ec = ctx.error();
    if (!ec)
        return ::grpc::Status::OK;
    return {
        ec == errc::canceled ? ::grpc::StatusCode::CANCELLED
                             : ::grpc::StatusCode::DEADLINE_EXCEEDED,
        ec.message()};
}

/// Owns the association of a gRPC call with a context.
/**
 * The destructor ends it: from then on the context does not touch the call. It
 * waits for another thread that is canceling the call.
 *
 * @par Thread Safety
 * @e Distinct @e objects: Safe.@n
 * @e Shared @e objects: Unsafe.
 */
class [[nodiscard]] grpc_call_binding
{
public:
    /// Owns nothing.
    grpc_call_binding() noexcept = default;

    /// Takes over another's association.
    grpc_call_binding(grpc_call_binding&&) noexcept = default;

    /// Ends the association as the destructor does, then takes over another's.
    grpc_call_binding& operator=(grpc_call_binding other) noexcept
    {
        std::swap(call_, other.call_);
        std::swap(registration_, other.registration_);
        return *this;
    }

    /// Ends the association: the call is not canceled any more.
    ~grpc_call_binding()
    {
        if (!call_)
            return;
        std::lock_guard guard(call_->mutex);
        call_->client = nullptr;
    }

private:
    friend grpc_call_binding bind_grpc_call(
        context const& ctx, ::grpc::ClientContext& call);

    struct call
    {
        // Recursive, for what gRPC does inside TryCancel().
        std::recursive_mutex mutex;
        ::grpc::ClientContext* client; // null when the association has ended
    };

    std::shared_ptr<call> call_;
    after_func_registration registration_;
};

/// Binds a call that a gRPC client makes to a context.
/**
 * The call gets the context's deadline, if there is one and the call has no
 * earlier one: gRPC sends it to the server. When the context is done, the call
 * is canceled. If the context is done already, the call ends as soon as it is
 * started.
 *
 * A call that the context's cancellation ends has the status @c CANCELLED, one
 * that its deadline ends @c DEADLINE_EXCEEDED. Nothing happens to a call that
 * has ended.
 *
 * @param ctx The context.
 *
 * @param call gRPC's context of the call.
 *
 * @returns What associates the two. The call's owner keeps it until the call
 * has ended.
 *
 * @par Preconditions
 * The call has not been started.
 *
 * @par Object lifetimes
 * The call outlives the returned object, which keeps the context.
 *
 * @par Executor
 * The call is canceled on a thread of the system context. So a call that
 * blocks a thread of the context's execution context can be canceled, too.
 *
 * @par Exceptions
 * @c std::bad_alloc.
 *
 * @par Thread Safety
 * Safe, but for the use of the call during this function.
 *
 * @par Example
 * @code
 * grpc::ClientContext call;
 * auto const binding = bind_grpc_call(ctx, call);
 * auto const status = stub.Get(&call, request, &response);
 * @endcode
 */
inline grpc_call_binding bind_grpc_call(
    context const& ctx, ::grpc::ClientContext& call)
{
    auto const deadline = ctx.deadline();
    if (deadline)
    {
        auto const left = ctx.remaining();
        if (left < detail::grpc_time_left(call.raw_deadline()))
            call.set_deadline(detail::grpc_time_after(left));
    }

    // What gRPC ends by itself has the better status.
    auto const cancel = [ctx, deadline](::grpc::ClientContext& c)
    {
        if (ctx.error() != errc::deadline_exceeded
            || !detail::grpc_deadline_is_due(deadline))
            c.TryCancel();
    };
    grpc_call_binding binding;
    if (ctx.done())
    {
        cancel(call);
        return binding;
    }
    binding.call_ = std::make_shared<grpc_call_binding::call>();
    binding.call_->client = &call;
    binding.registration_ = after_func(
        ctx,
        asio::bind_executor(
            asio::system_executor(),
            [cancel, shared = binding.call_]
            {
                std::lock_guard guard(shared->mutex);
                if (shared->client)
                    cancel(*shared->client);
            }));
    return binding;
}

/// Derives a context for a call that a gRPC server handles.
/**
 * The same as with_timeout() with the time that is left to the call, less a
 * reserve for the way back. A call without a deadline makes this with_cancel().
 * The context is done early if somebody cancels it: grpc_reactor does when gRPC
 * says that the call is canceled. A synchronous handler has to ask @c
 * IsCancelled(), for gRPC does not tell it.
 *
 * Preconditions, lifetimes, executor, exceptions and thread safety are as for
 * with_timeout().
 *
 * @param parent The context to derive from.
 *
 * @param call gRPC's context of the call.
 *
 * @param reserve The time for the way back. One that is zero, negative or not a
 * number is none.
 *
 * @param at What canceled_at() is if the deadline, or the source's destructor,
 * ends the context.
 */
template <class Rep = duration::rep, class Period = duration::period>
cancelable with_grpc_call(
    context const& parent,
    ::grpc::ServerContextBase const& call,
    std::chrono::duration<Rep, Period> reserve = {},
    source_location at = BOOST_CURRENT_LOCATION)
{
    auto const left = detail::grpc_time_left(call.raw_deadline());
    if (left == (duration::max)())
        return with_cancel(parent, at);
    // Time that has passed is not to become too long a time before.
    return with_timeout(
        parent,
        (std::max)(left, duration::zero())
            - (std::max)(detail::to_duration(reserve), duration::zero()),
        {},
        at);
}

/// A reactor of gRPC's whose call has a context.
/**
 * To be derived from, in place of one of gRPC's reactors. The context is that
 * of with_grpc_call(), and is canceled when gRPC cancels the call, as when the
 * client cancels it or goes away. It is done when the reactor is destroyed.
 *
 * @tparam Reactor The reactor of gRPC's, such as @c grpc::ServerUnaryReactor.
 *
 * @par Thread Safety
 * As that of @c Reactor.
 *
 * @par Example
 * @code
 * class get : public asioctx::grpc_reactor<grpc::ServerUnaryReactor>
 * {
 *     ...
 *     void OnDone() override { delete this; }
 * };
 * @endcode
 */
template <class Reactor>
class grpc_reactor : public Reactor
{
public:
    /// Derives the context, as with_grpc_call() does.
    template <class Rep = duration::rep, class Period = duration::period>
    grpc_reactor(
        context const& parent,
        ::grpc::CallbackServerContext const& call,
        std::chrono::duration<Rep, Period> reserve = {},
        source_location at = BOOST_CURRENT_LOCATION)
        : cancelable_(with_grpc_call(parent, call, reserve, at)),
          deadline_(cancelable_.ctx.deadline())
    {
    }

    /// Returns the call's context.
    context const& ctx() const noexcept ASIOCTX_LIFETIMEBOUND
    {
        return cancelable_.ctx;
    }

    /// Cancels the context. An override calls this.
    void OnCancel() override
    {
        // gRPC cancels a call whose deadline has passed, too.
        if (!detail::grpc_deadline_is_due(deadline_))
            cancelable_.cancel();
    }

private:
    cancelable cancelable_;
    std::optional<time_point> deadline_;
};

} // namespace asioctx

#endif
