//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_REQUEST_QUEUE_HPP
#define ASIOCTX_DETAIL_REQUEST_QUEUE_HPP

#include <asioctx/config.hpp>

#include <asioctx/detail/reserved_memory.hpp>
#include <asioctx/detail/sync.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>

namespace asioctx::detail {

class turn;

// The requests that are on their way to an execution context: one handler after
// the other takes a batch of them, so that other handlers run in between,
// however many operations are canceled at once.
//
// It belongs to the root of that execution context, whose gate whoever puts
// something here has entered. A request has a reference to the turn, which it
// is to look at.
class request_queue
{
public:
    static constexpr std::size_t batch = 64;

    // From now on it can be used, if it is known that to post cannot fail: on
    // an io_context or a thread_pool.
    ASIOCTX_DECL void open(asio::any_io_executor const& ex) noexcept;

    // The gate is closed, and nobody is in it.
    void close() noexcept
    {
        is_open_.store(false, std::memory_order_relaxed);
    }

    bool is_open() const noexcept
    {
        return is_open_.load(std::memory_order_acquire);
    }

    // Whether the calling thread runs the execution context. It is open.
    ASIOCTX_DECL bool runs_here() const noexcept;

    ASIOCTX_DECL void push(turn& t) noexcept;

    // For the handler.
    ASIOCTX_DECL void* allocate(std::size_t size);
    ASIOCTX_DECL void deallocate(void* p, std::size_t size) noexcept;

private:
    class message;

    bool post() noexcept;
    void look() noexcept;
    void drop() noexcept;
    turn* take() noexcept;

    // Constant from the time it is opened.
    asio::any_io_executor executor_;
    atomic<bool> is_open_{false};

    // Guards what follows.
    spin_mutex mutex_;

    turn* first_ = nullptr;
    turn* last_ = nullptr;

    // A handler is on its way that will look: so it is if there is anything to
    // take.
    bool is_posted_ = false;

    // There is one such handler at a time.
    reserved_block<96> memory_;
};

} // namespace asioctx::detail

#endif
