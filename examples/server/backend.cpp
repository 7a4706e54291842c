//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include "backend.hpp"

#include <asioctx/async_sleep.hpp>
#include <asioctx/detach_on_cancel.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace example {

asio::awaitable<void> backend::ask(
    asioctx::context ctx, std::chrono::milliseconds time)
{
    co_await asio::co_spawn(
        co_await asio::this_coro::executor,
        work(shared_from_this(), time),
        asioctx::detach_on_cancel(ctx, asio::use_awaitable));
}

asio::awaitable<void> backend::work(
    std::shared_ptr<backend> self, std::chrono::milliseconds time)
{
    auto const permit =
        co_await self->room_.async_acquire(self->life_, asio::use_awaitable);
    co_await asioctx::async_sleep(self->life_, time, asio::use_awaitable);
}

} // namespace example
