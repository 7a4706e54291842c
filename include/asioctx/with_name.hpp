//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_WITH_NAME_HPP
#define ASIOCTX_WITH_NAME_HPP

#include <asioctx/config.hpp>
#include <asioctx/context.hpp>

#include <string>

namespace asioctx {

/// Derives a context that has a name.
/**
 * The context is done when the parent is, and is the parent in all else. Its
 * name stands in what people read: to_string(), dump(), the reports of
 * report_stuck(). Name what people know by a name: a server, a connection, a
 * request, a query.
 *
 * @param parent The context to derive from.
 *
 * @param name The name. It is shown to whoever sees a report: no secrets.
 *
 * @par Object lifetimes
 * The context keeps the parent.
 *
 * @par Exceptions
 * @c std::bad_alloc.
 *
 * @par Thread Safety
 * Safe.
 *
 * @par Example
 * @code
 * auto const ctx = asioctx::with_name(parent, "GET /report");
 * @endcode
 */
ASIOCTX_DECL context with_name(context const& parent, std::string name);

} // namespace asioctx

#endif
