//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/detail/node.hpp>
#include <asioctx/detail/scope.hpp>

#include <utility>

namespace asioctx::detail {

void destroy(node* n) noexcept
{
    // A destructor may release other nodes: those wait for their turn, with the one
    // that is at work.
    static constinit thread_local node** at_work = nullptr;
    if (at_work)
    {
        n->next_dead = std::exchange(*at_work, n);
        return;
    }
    node* waiting = nullptr;
    at_work = &waiting;
    for (;;)
    {
        node* const parent = counts_for_parent(*n) ? n->parent : nullptr;
        delete n;
        release(parent);
        if (!waiting)
            break;
        n = std::exchange(waiting, waiting->next_dead);
    }
    at_work = nullptr;
}

} // namespace asioctx::detail
