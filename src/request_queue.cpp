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
    if (is_first && !post())
        look();
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

// False if it cannot be done. The caller is the one who has seen to it that
// there is one handler.
bool request_queue::post() noexcept
{
    bool is_posted = true;
    posting = this;
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
    return is_posted;
}

// Takes one at a time, after it has posted another handler for the rest: what
// is asked may call foreign code, which may wait for something else that is to
// be asked.
void request_queue::look() noexcept
{
    turn* next;
    bool more;
    {
        std::lock_guard const guard(mutex_);
        next = take();
        more = is_posted_ = first_ != nullptr;
    }
    // To ask from here is better than not to ask.
    bool const takes_all = more && !post();
    for (auto room = batch; next;)
    {
        bound_op::look_as_request(*next, bound_op::from::queue);
        if (--room == 0 && !takes_all)
            return;
        std::lock_guard const guard(mutex_);
        next = take();
        if (!next && takes_all)
            is_posted_ = false;
    }
}

void request_queue::drop() noexcept
{
    for (;;)
    {
        turn* next;
        {
            std::lock_guard const guard(mutex_);
            next = take();
        }
        if (!next)
            return;
        bound_op::drop_request(*next);
    }
}

// The mutex is held.
turn* request_queue::take() noexcept
{
    return first_ ? std::exchange(first_, first_->next_) : nullptr;
}

} // namespace asioctx::detail
