//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_ABI_HPP
#define ASIOCTX_DETAIL_ABI_HPP

#include <asioctx/config.hpp>

#include <boost/asio/detail/config.hpp>
#include <boost/version.hpp>

// The library is compiled, and so are Asio's objects in it. A program with
// another Boost, or with macros that give these another layout, does not link:
// the name that is missing then tells what the program is built with.

#if defined(BOOST_ASIO_HAS_THREADS)
#define ASIOCTX_ABI_THREADS
#else
#define ASIOCTX_ABI_THREADS _without_threads
#endif

#if defined(BOOST_ASIO_HAS_IO_URING_AS_DEFAULT)
#define ASIOCTX_ABI_REACTOR _io_uring
#elif defined(BOOST_ASIO_HAS_IO_URING)
#define ASIOCTX_ABI_REACTOR _io_uring_for_files
#elif defined(BOOST_ASIO_DISABLE_EPOLL) || defined(BOOST_ASIO_DISABLE_KQUEUE) \
    || defined(BOOST_ASIO_DISABLE_IOCP) || defined(BOOST_ASIO_DISABLE_DEV_POLL)
#define ASIOCTX_ABI_REACTOR _select
#else
#define ASIOCTX_ABI_REACTOR
#endif

#if defined(BOOST_ASIO_ENABLE_HANDLER_TRACKING)
#define ASIOCTX_ABI_TRACKING _handler_tracking
#else
#define ASIOCTX_ABI_TRACKING
#endif

#if defined(BOOST_ASIO_NO_TYPEID)
#define ASIOCTX_ABI_RTTI _without_rtti
#else
#define ASIOCTX_ABI_RTTI
#endif

#if defined(_GLIBCXX_DEBUG)
#define ASIOCTX_ABI_CONTAINERS _glibcxx_debug
#else
#define ASIOCTX_ABI_CONTAINERS
#endif

#define ASIOCTX_ABI_JOIN(a, b, c, d, e, f) ASIOCTX_ABI_PASTE(a, b, c, d, e, f)
#define ASIOCTX_ABI_PASTE(a, b, c, d, e, f) \
    built_with_boost_##a##b##c##d##e##f
#define ASIOCTX_ABI_NAME                                                      \
    ASIOCTX_ABI_JOIN(BOOST_VERSION, ASIOCTX_ABI_THREADS, ASIOCTX_ABI_REACTOR, \
        ASIOCTX_ABI_TRACKING, ASIOCTX_ABI_RTTI, ASIOCTX_ABI_CONTAINERS)

#define ASIOCTX_ABI_NEEDS(name) ASIOCTX_ABI_PREFIX(name)
#define ASIOCTX_ABI_PREFIX(name) needs_##name

#if defined(__has_cpp_attribute)
#if __has_cpp_attribute(gnu::used)
#define ASIOCTX_ABI_USED [[gnu::used]]
#endif
#endif
#if !defined(ASIOCTX_ABI_USED)
#define ASIOCTX_ABI_USED
#endif

namespace asioctx::detail {

ASIOCTX_DECL void ASIOCTX_ABI_NAME() noexcept;

// In a namespace of the same name: one program may have parts of both kinds.
namespace ASIOCTX_ABI_NEEDS(ASIOCTX_ABI_NAME) {

ASIOCTX_ABI_USED inline void (*const library)() noexcept = &ASIOCTX_ABI_NAME;

} // namespace ASIOCTX_ABI_NEEDS(ASIOCTX_ABI_NAME)

} // namespace asioctx::detail

#endif
