//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_CONFIG_HPP
#define ASIOCTX_CONFIG_HPP

#include <boost/asio/detail/config.hpp>
#include <boost/asio/version.hpp>
#include <boost/assert/source_location.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>

#if !defined(__cpp_concepts)
#error "asioctx needs C++20: compile with -std=c++20 or newer"
#endif

#if BOOST_ASIO_VERSION < 102600
#error "asioctx needs Boost 1.81 or newer"
#endif

// Asio's own coroutines need exceptions, too.
#if defined(BOOST_NO_EXCEPTIONS)
#error "asioctx needs exceptions: do not compile with -fno-exceptions"
#endif

#if defined(BOOST_ASIO_USE_TS_EXECUTOR_AS_DEFAULT)
#error "asioctx needs asio::any_io_executor to be Asio's default executor:\
 do not define BOOST_ASIO_USE_TS_EXECUTOR_AS_DEFAULT"
#endif

// The asioctx target defines ASIOCTX_DYN_LINK when it is a shared library,
// and ASIOCTX_SOURCE while it builds itself.
#if defined(ASIOCTX_DYN_LINK) && defined(_WIN32)
#if defined(ASIOCTX_SOURCE)
#define ASIOCTX_DECL __declspec(dllexport)
#else
#define ASIOCTX_DECL __declspec(dllimport)
#endif
#elif defined(ASIOCTX_DYN_LINK)
#define ASIOCTX_DECL __attribute__((visibility("default")))
#else
#define ASIOCTX_DECL
#endif

// For a class whose vtable is the library's. With MSVC everybody has their own,
// and in a class that is exported no member may be.
#if defined(_MSC_VER)
#define ASIOCTX_VTABLE_DECL
#else
#define ASIOCTX_VTABLE_DECL ASIOCTX_DECL
#endif

// Cold is what is rarely called: its arguments and variables are not to cost
// the caller registers and room on the stack otherwise. What costs more to call
// than to do is inline everywhere.
#if defined(__GNUC__)
#define ASIOCTX_COLD [[gnu::cold, gnu::noinline]]
#define ASIOCTX_ALWAYS_INLINE [[gnu::always_inline]] inline
#else
#define ASIOCTX_COLD
#define ASIOCTX_ALWAYS_INLINE inline
#endif

// MSVC knows the standard's and does nothing.
#if defined(_MSC_VER)
#define ASIOCTX_NO_UNIQUE_ADDRESS [[msvc::no_unique_address]]
#else
#define ASIOCTX_NO_UNIQUE_ADDRESS [[no_unique_address]]
#endif

// What a function returns must not outlive the object or argument. Clang warns
// if that is a temporary.
#if defined(__has_cpp_attribute)
#if __has_cpp_attribute(clang::lifetimebound)
#define ASIOCTX_LIFETIMEBOUND [[clang::lifetimebound]]
#endif
#endif
#if !defined(ASIOCTX_LIFETIMEBOUND)
#define ASIOCTX_LIFETIMEBOUND
#endif

// Asio declares its reactor before it makes its names visible, and GCC goes by
// the first declaration. Without RTTI it knows a service by an address then: a
// shared library and a program that have one each have two reactors, one of
// which nobody runs.
#if defined(__GNUC__) && !defined(__clang__) && !defined(_WIN32)
#pragma GCC visibility push(default)
#include <boost/asio/detail/timer_scheduler_fwd.hpp>
#pragma GCC visibility pop
#endif

namespace boost::asio {
} // namespace boost::asio

namespace asioctx {

namespace asio = boost::asio;

using boost::source_location;
using boost::system::error_code;

/// The clock that deadlines are measured with.
using clock_type = std::chrono::steady_clock;

/// A point in time, as deadlines name it.
using time_point = clock_type::time_point;

/// A length of time, as timeouts name it.
using duration = clock_type::duration;

} // namespace asioctx

#endif
