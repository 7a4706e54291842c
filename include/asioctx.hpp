//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_HPP
#define ASIOCTX_HPP

#include <asioctx/after_func.hpp>
#include <asioctx/associated_context.hpp>
#include <asioctx/async_sleep.hpp>
#include <asioctx/baggage.hpp>
#include <asioctx/bind_context.hpp>
#include <asioctx/boot_clock.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/cause_key.hpp>
#include <asioctx/context.hpp>
#include <asioctx/context_key.hpp>
#include <asioctx/current_context.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/deadline_header.hpp>
#include <asioctx/detach_on_cancel.hpp>
#include <asioctx/dump.hpp>
#include <asioctx/error.hpp>
#include <asioctx/flight_recorder.hpp>
#include <asioctx/hedge.hpp>
#include <asioctx/is_single_step.hpp>
#include <asioctx/limiter.hpp>
#include <asioctx/merge.hpp>
#include <asioctx/operation_state.hpp>
#include <asioctx/report_stuck.hpp>
#include <asioctx/retry.hpp>
#include <asioctx/stays_asked.hpp>
#include <asioctx/stop_token.hpp>
#include <asioctx/task_group.hpp>
#include <asioctx/trace_context.hpp>
#include <asioctx/value.hpp>
#include <asioctx/with_clean_up.hpp>
#include <asioctx/with_name.hpp>
#include <asioctx/with_peer.hpp>
#include <asioctx/with_signals.hpp>
#include <asioctx/with_task_group.hpp>
#include <asioctx/without_cancel.hpp>

#endif
