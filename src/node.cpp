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
    // A destructor may release other nodes: those wait for their turn.
    thread_local node* waiting = nullptr;
    thread_local bool busy = false;
    n->next_dead = std::exchange(waiting, n);
    if (busy)
        return;
    busy = true;
    while (waiting)
    {
        node* const dead = std::exchange(waiting, waiting->next_dead);
        node* const parent = counts_for_parent(*dead) ? dead->parent : nullptr;
        delete dead;
        release(parent);
    }
    busy = false;
}

} // namespace asioctx::detail
