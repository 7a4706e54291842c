//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/detail/bound_op.hpp>
#include <asioctx/detail/request_queue.hpp>

#include <boost/asio/post.hpp>

#include <mutex>
#include <new>
#include <utility>

#include "counting_executor.hpp"

namespace asioctx::detail {
namespace {

// The queue whose handler this thread is posting: what drops it meanwhile has
// failed to. Nobody else is to see that, for the handler may run before the
// thread is back.
constinit thread_local request_queue const* posting = nullptr;

} // namespace

class request_queue::message : public owner_message<message, request_queue>
{
public:
    using owner_message::owner_message;

    static void arrived(request_queue& q) noexcept
    {
        q.look();
    }

    // The execution context shuts down; or this was not posted.
    static void dropped(request_queue& q) noexcept
    {
        if (posting != &q)
            q.drop();
    }
};

void request_queue::open(asio::any_io_executor const& ex) noexcept
{
    if (!with_counting_executor(ex, [](auto const&) {}))
        return;
    executor_ = ex;
    is_open_.store(true, std::memory_order_release);
}

bool request_queue::runs_here() const noexcept
{
    bool here = false;
    with_counting_executor(
        executor_, [&](auto const& ex) { here = ex.running_in_this_thread(); });
    return here;
}

void request_queue::push(turn& t) noexcept
{
    bool is_first;
    {
        std::lock_guard const guard(mutex_);
        t.next_ = nullptr;
        (first_ ? last_->next_ : first_) = &t;
        last_ = &t;
        is_first = !std::exchange(is_posted_, true);
    }
    if (is_first)
        post();
}

void* request_queue::allocate(std::size_t size)
{
    void* const p = memory_.try_allocate(size);
    return p ? p : ::operator new(size);
}

void request_queue::deallocate(void* p, std::size_t) noexcept
{
    if (!memory_.try_deallocate(p))
        ::operator delete(p);
}

// The caller is the one who has seen to it that there is one handler.
void request_queue::post() noexcept
{
    posting = this;
    bool is_posted = true;
    try
    {
        with_counting_executor(
            executor_,
            [this](auto const& ex) { asio::post(ex, message(this)); });
    }
    catch (...)
    {
        is_posted = false;
    }
    posting = nullptr;
    // To ask from here is better than not to ask.
    if (!is_posted)
        look();
}

// The rest of what there is goes to a handler of its own, which other threads
// may run while this one is at work: what is asked may call foreign code.
void request_queue::look() noexcept
{
    turn* some[batch];
    bool more = false;
    std::size_t const n = take(some, more);
    if (more)
        post();
    for (std::size_t i = 0; i != n; ++i)
        bound_op::look_as_request(*some[i], bound_op::from::queue);
}

void request_queue::drop() noexcept
{
    for (bool more = true; more;)
    {
        turn* some[batch];
        std::size_t const n = take(some, more);
        for (std::size_t i = 0; i != n; ++i)
            bound_op::drop_request(*some[i]);
    }
}

std::size_t request_queue::take(turn* (&some)[batch], bool& more) noexcept
{
    std::lock_guard const guard(mutex_);
    std::size_t n = 0;
    for (; first_ && n != batch; ++n)
        some[n] = std::exchange(first_, first_->next_);
    more = is_posted_ = first_ != nullptr;
    return n;
}

} // namespace asioctx::detail
