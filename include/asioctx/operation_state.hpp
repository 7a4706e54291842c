//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_OPERATION_STATE_HPP
#define ASIOCTX_OPERATION_STATE_HPP

namespace asioctx {

/// What is known of an operation that has not ended, as seen from its context.
enum class operation_state : unsigned char
{
    /// It runs, and its context is live.
    pending,

    /// It waits for its turn: a task of a group, or who has asked a limiter.
    queued,

    /// Its context is done, but what is to ask it to stop has not got there:
    /// the executor that the operation runs on is blocked, or is not run.
    on_its_way,

    /// It was asked to stop, and cannot hear: it has put nothing into its
    /// cancellation slot.
    never_heard,

    /// It was asked to stop, has heard it, and has not completed.
    heard,

    /// It has ended. Its handler has not been called: the executor that this is
    /// to run on is blocked, or is not run.
    put_off,
};

} // namespace asioctx

#endif
