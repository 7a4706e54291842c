//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_IS_SINGLE_STEP_HPP
#define ASIOCTX_IS_SINGLE_STEP_HPP

#include <asioctx/detail/type_name.hpp>

namespace asioctx {

/// Whether an operation is known to have a single step.
/**
 * One that has does something to its I/O object, once, and then calls its
 * handler, as a socket's @c async_read_some does. A composed operation, such as
 * @c asio::async_read, has several: it runs functions of its own on the
 * handler's associated executor, and a bound one takes turns there with whoever
 * asks it to stop. Whether it has is found out as it goes; to know it at compile
 * time makes an operation of a single step cheaper to bind.
 *
 * @tparam Initiation The type of the function object that is given to @c
 * asio::async_initiate.
 *
 * True for the operations of Asio's own I/O objects. May be specialized for
 * those of others.
 *
 * @par Preconditions
 * Where it is true, the operation runs nothing on the handler's associated
 * executor but the handler. Else a cancellation request may meet a step.
 */
template <class Initiation>
inline constexpr bool is_single_step =
    detail::names_io_object_initiation(detail::name_of<Initiation>());

} // namespace asioctx

#endif
