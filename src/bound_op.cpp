//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/detail/bound_op.hpp>
#include <asioctx/detail/spin_mutex.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/experimental/channel_error.hpp>
#include <boost/system/system_error.hpp>

#include <utility>

namespace asioctx::detail {
namespace {

// What asking_ is once the operation has ended.
char const closed = 0;

// A value that is different for each thread.
void const* this_thread() noexcept
{
    thread_local char const identity = 0;
    return &identity;
}

} // namespace

bool bound_op_base::is_abort(error_code const& ec) noexcept
{
    // A channel has an error of its own for the same thing.
    return ec == asio::error::operation_aborted
        || ec == asio::experimental::error::channel_cancelled;
}

std::exception_ptr bound_op_base::map(std::exception_ptr e) const
{
    if (!context_asked_ || !e)
        return e;
    try
    {
        std::rethrow_exception(e);
    }
    catch (boost::system::system_error const& s)
    {
        auto const mapped = map(s.code());
        return mapped == s.code()
            ? e
            : std::make_exception_ptr(boost::system::system_error(mapped));
    }
    catch (...)
    {
        return e;
    }
}

bound_op_base::entry bound_op_base::enter_slot(void const* mark) noexcept
{
    void const* current = nullptr;
    for (backoff wait; !asking_.compare_exchange_weak(
             current, mark, std::memory_order_acquire);
         current = nullptr)
    {
        if (current == &closed)
            return entry::closed;
        if (current == this_thread())
            return entry::nested;
        wait();
    }
    return entry::entered;
}

void bound_op_base::leave_slot() noexcept
{
    // Unless the operation has ended meanwhile, on this thread.
    void const* current = this_thread();
    asking_.compare_exchange_strong(
        current, nullptr, std::memory_order_release);
}

void bound_op_base::ask(asio::cancellation_type_t type, asker by) noexcept
{
    auto const entered = enter_slot(this_thread());
    if (entered == entry::closed)
        return;

    if (box_.empty() && !signal_.slot().has_handler())
    {
        missed_ |= type;
        missed_by_context_ = missed_by_context_ || by == asker::context;
    }
    else
    {
        // If the upstream slot asked for the same before, it is its abort.
        if (by == asker::context && (asked_ & type) != type)
            context_asked_ = true;
        asked_ |= type;
        if (!box_.empty())
            box_.call(asked_);
        signal_.emit(asked_);
    }

    if (entered == entry::entered)
        leave_slot();
}

void bound_op_base::ask_again() noexcept
{
    again_ = std::exchange(missed_, asio::cancellation_type::none);
    post_request();
}

void bound_op_base::ask_as_requested() noexcept
{
    // What is asked for again was asked for by either of the two.
    auto const again = std::exchange(again_, asio::cancellation_type::none);
    if (again == asio::cancellation_type::none)
        ask(type_, asker::context);
    else
        ask(again,
            missed_by_context_ ? asker::context : asker::upstream);
}

void bound_op_base::clear() noexcept
{
    auto const entered = enter_slot(this_thread());
    if (entered != entry::closed)
        box_.clear();
    if (entered == entry::entered)
        leave_slot();
}

bool bound_op_base::close_slot() noexcept
{
    if (enter_slot(&closed) != entry::nested)
        return true;
    asking_.store(&closed, std::memory_order_release);
    return false;
}

} // namespace asioctx::detail
