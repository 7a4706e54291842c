//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/detail/dispatched_op.hpp>
#include <asioctx/detail/executor_target.hpp>
#include <asioctx/detail/step_executor.hpp>

#include <utility>

namespace asioctx::detail {

void dispatched_op::notify_on(asio::any_io_executor const& ex) noexcept
{
    visit_executor(ex, [this]<class Ex>(Ex const& e) { notify_on<Ex>(e); });
}

void dispatched_op::notify_on(asio::any_completion_executor const& ex) noexcept
{
    visit_executor(ex, [this]<class Ex>(Ex const& e) { notify_on<Ex>(e); });
}

bool dispatched_op::runs_on(asio::any_io_executor const& ex) noexcept
{
    bool result = false;
    visit_executor(ex, [&]<class Ex>(Ex const& e) { result = runs_on<Ex>(e); });
    return result;
}

bool dispatched_op::runs_on(asio::any_completion_executor const& ex) noexcept
{
    bool result = false;
    visit_executor(ex, [&]<class Ex>(Ex const& e) { result = runs_on<Ex>(e); });
    return result;
}

void dispatched_op::post_on(asio::any_io_executor ex, request m) noexcept
{
    visit_executor(
        ex,
        [&]<class Ex>(Ex const& e) { post_on<Ex, request>(e, std::move(m)); });
}

void dispatched_op::post_on(asio::any_io_executor ex, completion m) noexcept
{
    visit_executor(
        ex,
        [&]<class Ex>(Ex const& e)
        { post_on<Ex, completion>(e, std::move(m)); });
}

void dispatched_op::post_on(
    asio::any_completion_executor ex, request m) noexcept
{
    visit_executor(
        ex,
        [&]<class Ex>(Ex const& e) { post_on<Ex, request>(e, std::move(m)); });
}

void dispatched_op::post_on(
    asio::any_completion_executor ex, completion m) noexcept
{
    visit_executor(
        ex,
        [&]<class Ex>(Ex const& e)
        { post_on<Ex, completion>(e, std::move(m)); });
}

asio::any_io_executor steps_on(
    step_gate::ticket const& ticket, asio::any_io_executor const& ex)
{
    asio::any_io_executor result;
    visit_executor(
        ex,
        [&]<class Ex>(Ex const& e) { result = step_executor<Ex>(ticket, e); });
    return result;
}

asio::any_completion_executor steps_on(
    step_gate::ticket const& ticket, asio::any_completion_executor const& ex)
{
    asio::any_completion_executor result;
    visit_executor(
        ex,
        [&]<class Ex>(Ex const& e) { result = step_executor<Ex>(ticket, e); });
    return result;
}

} // namespace asioctx::detail
