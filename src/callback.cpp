//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/detail/callback.hpp>
#include <asioctx/detail/executor_target.hpp>
#include <asioctx/detail/sync.hpp>

namespace asioctx::detail {
namespace {

struct discarding
{
    callback_base const* what;
    discarding const* outer;
};

constinit thread_local discarding const* innermost = nullptr;

} // namespace

void callback_base::discard_once() noexcept
{
    discarding const d{this, innermost};
    innermost = &d;
    discard();
    innermost = d.outer;
    state_.store(state::gone, std::memory_order_release);
}

bool callback_base::is_discarded_here() const noexcept
{
    auto const* d = innermost;
    while (d && d->what != this)
        d = d->outer;
    return d != nullptr;
}

bool callback_base::drop_at_shutdown() noexcept
{
    if (drop())
        return true;
    for (backoff wait; state_.load(std::memory_order_acquire) != state::gone
         && !is_discarded_here();
         wait())
        ;
    return false;
}

root& host_of(asio::any_completion_executor const& ex, root* otherwise)
{
    root* host = otherwise;
    visit_executor(
        ex,
        [&]<class Executor>(Executor const& e)
        {
            if constexpr (!is_polymorphic_executor<Executor>)
                host = &host_of(e, otherwise);
        });
    return host ? *host : root_of_executor(ex);
}

void callback_base::post_on(asio::any_io_executor ex) noexcept
{
    visit_executor(ex, [this]<class Ex>(Ex const& e) { post_on<Ex>(e); });
}

void callback_base::post_on(asio::any_completion_executor ex) noexcept
{
    visit_executor(ex, [this]<class Ex>(Ex const& e) { post_on<Ex>(e); });
}

} // namespace asioctx::detail
