//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_SRC_LINK_QUEUE_HPP
#define ASIOCTX_SRC_LINK_QUEUE_HPP

namespace asioctx::detail {

class merge_link;

// The links to merged contexts that this thread is to follow once it has
// followed the present one.
inline constinit thread_local merge_link** end_of_link_queue = nullptr;

// A cancellation that begins inside another one, as a function of an
// operation's cancellation slot may begin it, has a queue of its own: its
// merged contexts are done when it returns.
class own_link_queue
{
public:
    own_link_queue() noexcept : outer_(end_of_link_queue)
    {
        if (outer_) [[unlikely]]
            end_of_link_queue = nullptr;
    }

    own_link_queue(own_link_queue const&) = delete;
    own_link_queue& operator=(own_link_queue const&) = delete;

    ~own_link_queue()
    {
        if (outer_) [[unlikely]]
            end_of_link_queue = outer_;
    }

private:
    merge_link** const outer_;
};

} // namespace asioctx::detail

#endif
