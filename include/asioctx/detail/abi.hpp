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

#if defined(BOOST_ASIO_CUSTOM_HANDLER_TRACKING)
#define ASIOCTX_ABI_TRACKING _custom_handler_tracking
#elif defined(BOOST_ASIO_ENABLE_HANDLER_TRACKING)
#define ASIOCTX_ABI_TRACKING _handler_tracking
#else
#define ASIOCTX_ABI_TRACKING
#endif

#if defined(BOOST_ASIO_NO_TYPEID)
#define ASIOCTX_ABI_RTTI _without_rtti
#else
#define ASIOCTX_ABI_RTTI
#endif

// What a thread keeps for handlers: whether, and how many. If nobody has said, Asio
// defines it as 2, and may have done so by now.
#if defined(BOOST_ASIO_DISABLE_SMALL_BLOCK_RECYCLING)
#define ASIOCTX_ABI_RECYCLING _without_recycling
#define ASIOCTX_ABI_CACHE
#elif defined(BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE) \
    && BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE != 2
#define ASIOCTX_ABI_RECYCLING _recycling_
#define ASIOCTX_ABI_CACHE BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE
#else
#define ASIOCTX_ABI_RECYCLING
#define ASIOCTX_ABI_CACHE
#endif

#if defined(_GLIBCXX_DEBUG)
#define ASIOCTX_ABI_CONTAINERS _glibcxx_debug
#else
#define ASIOCTX_ABI_CONTAINERS
#endif

#define ASIOCTX_ABI_JOIN(a, b, c, d, e, f, g, h) \
    ASIOCTX_ABI_PASTE(a, b, c, d, e, f, g, h)
#define ASIOCTX_ABI_PASTE(a, b, c, d, e, f, g, h) \
    built_with_boost_##a##b##c##d##e##f##g##h
#define ASIOCTX_ABI_NAME                                                      \
    ASIOCTX_ABI_JOIN(BOOST_VERSION, ASIOCTX_ABI_THREADS, ASIOCTX_ABI_REACTOR, \
        ASIOCTX_ABI_TRACKING, ASIOCTX_ABI_RTTI, ASIOCTX_ABI_RECYCLING,        \
        ASIOCTX_ABI_CACHE, ASIOCTX_ABI_CONTAINERS)

#define ASIOCTX_ABI_NEEDS(name) ASIOCTX_ABI_PREFIX(name)
#define ASIOCTX_ABI_PREFIX(name) needs_##name

// Neither the compiler nor, with --gc-sections, the linker leaves it out.
#if defined(__ELF__) && defined(__has_cpp_attribute)
#if __has_cpp_attribute(gnu::retain)
#define ASIOCTX_ABI_USED [[gnu::used, gnu::retain]]
#endif
#endif
#if defined(__GNUC__) && !defined(ASIOCTX_ABI_USED)
#define ASIOCTX_ABI_USED [[gnu::used]]
#elif !defined(ASIOCTX_ABI_USED)
#define ASIOCTX_ABI_USED
#endif

#if defined(_MSC_VER)
#define ASIOCTX_ABI_STRING_OF(name) ASIOCTX_ABI_STRING(name)
#define ASIOCTX_ABI_STRING(name) #name
#pragma detect_mismatch("asioctx", ASIOCTX_ABI_STRING_OF(ASIOCTX_ABI_NAME))
#endif

namespace asioctx::detail {

ASIOCTX_DECL void ASIOCTX_ABI_NAME() noexcept;

// In a namespace of the same name: one program may have parts of both kinds.
namespace ASIOCTX_ABI_NEEDS(ASIOCTX_ABI_NAME) {

ASIOCTX_ABI_USED inline void (*const library)() noexcept = &ASIOCTX_ABI_NAME;

} // namespace ASIOCTX_ABI_NEEDS(ASIOCTX_ABI_NAME)

} // namespace asioctx::detail

#endif
