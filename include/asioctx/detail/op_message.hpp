//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_OP_MESSAGE_HPP
#define ASIOCTX_DETAIL_OP_MESSAGE_HPP

#include <asioctx/config.hpp>

#include <asioctx/detail/reserved_memory.hpp>
#include <asioctx/detail/turn.hpp>

#include <utility>

namespace asioctx::detail {

// What is dispatched or posted for a bound operation. See bound_op.
class op_message
{
public:
    enum class kind : unsigned char
    {
        request,        // to where the operation is asked, or on the way there
        own_request,    // to where it is asked
        completion,     // to where it completes, or on the way there
        own_completion, // to where it completes
    };

    using allocator_type = owner_allocator<void, turn>;

    op_message(turn& t, kind k) noexcept : turn_(&t), kind_(k)
    {
    }

    op_message(op_message&& other) noexcept
        : turn_(std::exchange(other.turn_, nullptr)), kind_(other.kind_)
    {
    }

    ~op_message()
    {
        if (turn_)
            dropped(*turn_, kind_);
    }

    allocator_type get_allocator() const noexcept
    {
        return allocator_type(*turn_);
    }

    // The executor that it is for has been copied: the record may go. False if
    // there is nothing to send any more.
    [[nodiscard]] bool depart() noexcept
    {
        if (departs(*turn_, kind_))
            return true;
        turn_ = nullptr;
        return false;
    }

    void operator()()
    {
        arrived(*std::exchange(turn_, nullptr), kind_);
    }

    // False once it was moved from.
    bool pending() const noexcept
    {
        return turn_ != nullptr;
    }

private:
    ASIOCTX_DECL static bool departs(turn& t, kind k) noexcept;
    ASIOCTX_DECL static void arrived(turn& t, kind k);
    ASIOCTX_DECL static void dropped(turn& t, kind k) noexcept;

    turn* turn_;
    kind kind_;
};

} // namespace asioctx::detail

#endif
