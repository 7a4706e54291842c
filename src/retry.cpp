//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/deadline.hpp>
#include <asioctx/retry.hpp>
#include <asioctx/task_group.hpp>

#include <boost/asio/strand.hpp>
#include <boost/system/errc.hpp>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <new>
#include <utility>

#include "cause.hpp"
#include "random_number.hpp"

namespace asioctx {
namespace detail {

error_code attempt_error(std::exception_ptr const& e) noexcept
{
    return code_of(e);
}

error_code error_of_start(std::exception_ptr const& e)
{
    if (auto const ec = code_of(e))
        return ec;
    try
    {
        std::rethrow_exception(e);
    }
    catch (std::bad_alloc const&)
    {
        return make_error_code(boost::system::errc::not_enough_memory);
    }
}

asio::any_io_executor serialized(asio::any_io_executor ex)
{
    if (is_serializing(ex))
        return ex;
    return asio::make_strand(std::move(ex));
}

bool retry_budget::can_begin(context const& scope) noexcept
{
    // After a pause the reserve is not looked at again: nobody wakes up in time
    // to the nanosecond.
    auto const left = scope.remaining();
    report_.deadline_spent = left <= duration::zero()
        || (report_.attempts == 0 && left < policy_.reserve);
    return !report_.deadline_spent;
}

cancelable retry_budget::begin_attempt(context const& scope)
{
    ++report_.attempts;
    auto time = policy_.attempt_timeout;
    is_shortened_ = false;
    if (policy_.reserve > duration::zero() && !is_last_
        && report_.attempts < policy_.max_attempts && scope.deadline())
    {
        auto const most = scope.remaining() - policy_.reserve;
        is_shortened_ = most >= policy_.reserve && most < time;
        if (is_shortened_)
            time = most;
    }
    return with_timeout(scope, time, error_code(), source_location());
}

bool retry_budget::was_cut_short(context const& attempt) const noexcept
{
    return is_shortened_ || !attempt.ended_by_own_deadline();
}

bool retry_budget::wants_another(error_code const& ec, bool timed_out) const
{
    if (timed_out)
        return true;
    if (!ec)
        return false;
    if (policy_.is_retryable)
        return policy_.is_retryable(ec);
    return !is_like(ec, errc::canceled);
}

duration retry_budget::pause() const
{
    auto const most = policy_.max_backoff;
    auto bound = (std::min)(policy_.initial_backoff, most);
    for (std::size_t n = 1;
         n < report_.attempts && bound > duration::zero() && bound < most;
         ++n)
        bound = bound <= most / 2 ? bound * 2 : most;
    if (policy_.jitter)
        bound = policy_.jitter(bound);
    return (std::max)(bound, duration::zero());
}

std::optional<duration> retry_budget::next_pause(context const& scope)
{
    if (report_.attempts >= policy_.max_attempts)
        return std::nullopt;
    auto const pause = this->pause();
    if (!scope.deadline())
        return pause;
    auto const left = scope.remaining();
    if (policy_.reserve <= duration::zero())
    {
        if (pause < left)
            return pause;
    }
    else if (!is_last_ && left >= policy_.reserve)
    {
        is_last_ = pause > left - policy_.reserve;
        return (std::min)(pause, left - policy_.reserve);
    }
    report_.deadline_spent = true;
    return std::nullopt;
}

void retry_budget::end_with(context const& scope) noexcept
{
    report_.deadline_spent = scope.error() == errc::deadline_exceeded;
}

} // namespace detail

duration full_jitter(duration bound) noexcept
{
    if (bound <= duration::zero())
        return duration::zero();
    // The remainder's bias is not to be seen: a bound is far below 2^63.
    return duration(static_cast<duration::rep>(
        detail::random_number()
        % (static_cast<std::uint64_t>(bound.count()) + 1)));
}

std::string to_string(retry_report const& report)
{
    auto text = std::to_string(report.attempts)
        + (report.attempts == 1 ? " attempt" : " attempts");
    return report.deadline_spent ? "deadline spent after " + text : text;
}

} // namespace asioctx
