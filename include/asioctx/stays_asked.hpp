//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_STAYS_ASKED_HPP
#define ASIOCTX_STAYS_ASKED_HPP

#include <asioctx/detail/type_name.hpp>

namespace asioctx {

/// Whether a composed operation is asked to stop after each of its steps.
/**
 * A cancellation request may meet a composed operation when the part that is
 * under way has just completed. Then the operation has to look whether it was
 * asked, with @c self.cancelled(), before it begins the next part. Those of Asio
 * do. One that does not goes on, and the request is lost, as it is with a bare @c
 * asio::cancellation_signal.
 *
 * For one of which this is true the request is repeated after each of its steps,
 * up to 64 times, until it ends.
 *
 * @tparam Operation The type of the function object that is given to @c
 * asio::async_initiate, or that of the implementation that is given to @c
 * asio::async_compose.
 *
 * True for the operations of Beast's @c http and @c websocket. May be specialized
 * for those of others.
 *
 * @par Preconditions
 * Where it is true, the operation does not clean up once it was asked to stop:
 * what it begins then is aborted. When a step ends, all that the operation has
 * ever put into its cancellation slot may still be called.
 */
template <class Operation>
inline constexpr bool stays_asked =
    detail::names_beast_operation(detail::name_of<Operation>());

} // namespace asioctx

#endif
