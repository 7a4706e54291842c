//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TEST_SUPPORT_OUTCOME_HPP
#define ASIOCTX_TEST_SUPPORT_OUTCOME_HPP

#include <asioctx/error.hpp>

#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <exception>
#include <functional>
#include <ostream>
#include <utility>

#include "support/measuring_allocator.hpp"

namespace asioctx::test {

// The code that an exception stands for.
inline error_code code_of(std::exception_ptr const& e)
{
    if (!e)
        return {};
    try
    {
        std::rethrow_exception(e);
    }
    catch (boost::system::system_error const& s)
    {
        return s.code();
    }
}

// What became of an operation.
struct outcome
{
    outcome() = default;
    outcome(outcome const&) = delete;
    outcome& operator=(outcome const&) = delete;

    ~outcome()
    {
        BOOST_TEST(handlers == 0, "a handler was not destroyed");
        BOOST_TEST(memory.blocks == 0, "memory was not given back");
    }

    bool completed() const noexcept
    {
        return calls != 0;
    }

    // A success is of no category: Asio's own is not everywhere that of a code
    // that was made of nothing.
    bool operator==(error_code const& ec) const noexcept
    {
        return calls == 1 && (ec ? error == ec : !error);
    }

    int calls = 0;
    error_code error;
    int handlers = 0;           // that exist
    int blocks_when_called = 0; // of the handler's memory
    memory_use memory;
    asio::cancellation_slot slot; // of the handler
    std::function<void()> when_called;
};

inline std::ostream& operator<<(std::ostream& os, outcome const& o)
{
    if (o.calls == 0)
        return os << "no completion";
    if (o.calls > 1)
        return os << o.calls << " completions";
    return os << o.error << " (" << o.error.message() << ')';
}

// A handler for any operation. Move-only, as handlers may be.
class recorder
{
public:
    using allocator_type = measuring_allocator<>;
    using cancellation_slot_type = asio::cancellation_slot;

    explicit recorder(outcome& o) noexcept : outcome_(&o)
    {
        ++outcome_->handlers;
    }

    recorder(recorder&& other) noexcept
        : outcome_(std::exchange(other.outcome_, nullptr))
    {
    }

    ~recorder()
    {
        if (outcome_)
            --outcome_->handlers;
    }

    allocator_type get_allocator() const noexcept
    {
        return allocator_type(outcome_->memory);
    }

    cancellation_slot_type get_cancellation_slot() const noexcept
    {
        return outcome_->slot;
    }

    void operator()()
    {
        record({});
    }

    template <class... Results>
    void operator()(error_code const& ec, Results&&...)
    {
        record(ec);
    }

    template <class... Results>
    void operator()(std::exception_ptr const& e, Results&&...)
    {
        record(code_of(e));
    }

private:
    void record(error_code const& ec)
    {
        ++outcome_->calls;
        outcome_->error = ec;
        outcome_->blocks_when_called = outcome_->memory.blocks;
        if (auto const f = std::exchange(outcome_->when_called, nullptr))
            f();
    }

    outcome* outcome_;
};

} // namespace asioctx::test

#endif
