//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_SRC_HPP
#define ASIOCTX_SRC_HPP

// The library's sources, for programs that compile it themselves: include this
// in one source file, and do not link the library (CMake: asioctx::headers in
// place of asioctx::asioctx). The others include what they use, as ever.

#if defined(ASIOCTX_DYN_LINK)
#error "asioctx/src.hpp is for programs that do not link the library"
#endif

// Installed beside this, or in the project's tree.
#define ASIOCTX_SRC_STRING(name) #name
#if defined(__has_include) && __has_include("src/abi.cpp")
#define ASIOCTX_SRC(name) ASIOCTX_SRC_STRING(src/name)
#else
#define ASIOCTX_SRC(name) ASIOCTX_SRC_STRING(../../src/name)
#endif

#include ASIOCTX_SRC(abi.cpp)
#include ASIOCTX_SRC(baggage.cpp)
#include ASIOCTX_SRC(bound_op.cpp)
#include ASIOCTX_SRC(callback.cpp)
#include ASIOCTX_SRC(cancel.cpp)
#include ASIOCTX_SRC(coarse_clock.cpp)
#include ASIOCTX_SRC(context.cpp)
#include ASIOCTX_SRC(current_context.cpp)
#include ASIOCTX_SRC(deadline.cpp)
#include ASIOCTX_SRC(deadline_header.cpp)
#include ASIOCTX_SRC(deadline_timer.cpp)
#include ASIOCTX_SRC(dump.cpp)
#include ASIOCTX_SRC(error.cpp)
#include ASIOCTX_SRC(execution_context_gate.cpp)
#include ASIOCTX_SRC(executor_ref.cpp)
#include ASIOCTX_SRC(flight_recorder.cpp)
#include ASIOCTX_SRC(limiter.cpp)
#include ASIOCTX_SRC(manual_clock.cpp)
#include ASIOCTX_SRC(merge.cpp)
#include ASIOCTX_SRC(node.cpp)
#include ASIOCTX_SRC(retry.cpp)
#include ASIOCTX_SRC(report_stuck.cpp)
#include ASIOCTX_SRC(request_queue.cpp)
#include ASIOCTX_SRC(root.cpp)
#include ASIOCTX_SRC(scope.cpp)
#include ASIOCTX_SRC(snapshot.cpp)
#include ASIOCTX_SRC(step_executor.cpp)
#include ASIOCTX_SRC(stop_token.cpp)
#include ASIOCTX_SRC(sync.cpp)
#include ASIOCTX_SRC(task_group.cpp)
#include ASIOCTX_SRC(thread_memory.cpp)
#include ASIOCTX_SRC(timed_scopes.cpp)
#include ASIOCTX_SRC(trace_context.cpp)
#include ASIOCTX_SRC(turn.cpp)
#include ASIOCTX_SRC(with_name.cpp)
#include ASIOCTX_SRC(with_peer.cpp)
#include ASIOCTX_SRC(with_signals.cpp)

#undef ASIOCTX_SRC
#undef ASIOCTX_SRC_STRING

#endif
