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
    if (asked_by_ != asker::context || !e)
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

void bound_op_base::ask(asio::cancellation_type_t type, asker by) noexcept
{
    auto const* const me = this_thread();
    void const* current = nullptr;
    bool nested = false;
    for (backoff wait; !asking_.compare_exchange_weak(
             current, me, std::memory_order_acquire);
         current = nullptr)
    {
        if (current == &closed)
            return;
        nested = current == me;
        if (nested)
            break;
        wait();
    }

    bool const in_box = !slot_.box.empty();
    if (asked_by_ == asker::nobody && in_box)
        asked_by_ = by;
    if (in_box)
        slot_.box.call(type);
    slot_.signal.emit(type);

    // Unless the operation has ended meanwhile, on this thread.
    current = me;
    if (!nested)
        asking_.compare_exchange_strong(
            current, nullptr, std::memory_order_release);
}

bool bound_op_base::close_slot() noexcept
{
    auto const* const me = this_thread();
    void const* current = nullptr;
    for (backoff wait; !asking_.compare_exchange_weak(
             current, &closed, std::memory_order_acquire);
         current = nullptr)
    {
        if (current == me)
        {
            asking_.store(&closed, std::memory_order_release);
            return false;
        }
        wait();
    }
    return true;
}

} // namespace asioctx::detail
