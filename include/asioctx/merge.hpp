//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_MERGE_HPP
#define ASIOCTX_MERGE_HPP

#include <asioctx/config.hpp>
#include <asioctx/context.hpp>

#include <concepts>
#include <initializer_list>

namespace asioctx {

/// Derives a context from several.
/**
 * The context is done when the first of them is, with that one's error,
 * cause and place. If several are done already, the first in the order of the
 * arguments counts. Its values are those of the first argument. Its deadline()
 * is the earliest of theirs.
 *
 * If one of the @c others is canceled, this context is done before that
 * cancel() returns, but after everything below the canceled context.
 *
 * What the parent would be done with anyway needs no merging: if none of the
 * others is another, as for an ancestor of the parent or a context that can
 * never be done, the parent itself is returned.
 *
 * A deadline of another root is that root's to enforce. If its execution
 * context does not run, deadline() still tells of it; the context, and what is
 * derived from it, is done when a deadline of its own root passes, if not
 * before.
 *
 * To cancel the context by itself, derive from it with with_cancel().
 *
 * @param parent The context whose values are kept.
 *
 * @param others The other contexts. They may have other roots.
 *
 * @par Object lifetimes
 * The context keeps the parent, and each of the others that can be done. None
 * of them keeps the context.
 *
 * @par Exceptions
 * @c std::bad_alloc.
 *
 * @par Thread Safety
 * Safe.
 *
 * @par Example
 * examples/07_merge.cpp
 */
ASIOCTX_DECL context merge(
    context const& parent, std::initializer_list<context> others);

/// The same, with the others as arguments.
template <std::same_as<context>... Others>
    requires(sizeof...(Others) > 0)
context merge(context const& parent, Others const&... others)
{
    return merge(parent, {others...});
}

} // namespace asioctx

#endif
