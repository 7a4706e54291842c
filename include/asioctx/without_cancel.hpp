//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_WITHOUT_CANCEL_HPP
#define ASIOCTX_WITHOUT_CANCEL_HPP

#include <asioctx/config.hpp>
#include <asioctx/context.hpp>

#include <boost/assert/source_location.hpp>

namespace asioctx {

/// Derives a context that keeps the values of its parent and nothing else.
/**
 * The context is never done and has no deadline, whatever becomes of the
 * parent. What is derived from it can be canceled and have deadlines again.
 *
 * For work that outlives the request that started it. If that work is to end
 * soon after, with_grace() says so.
 *
 * @param parent The context to derive from.
 *
 * @param at Where it is called, which dump() shows.
 *
 * @par Object lifetimes
 * The context keeps the parent, and so its values. The parent does not keep the
 * context.
 *
 * @par Exceptions
 * @c std::bad_alloc.
 *
 * @par Thread Safety
 * Safe.
 *
 * @par Example
 * examples/04_values.cpp
 */
ASIOCTX_DECL context without_cancel(
    context const& parent, source_location at = BOOST_CURRENT_LOCATION);

} // namespace asioctx

#endif
