//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// What the test files share. It is included as a header of the system.

#ifndef ASIOCTX_TIDY_TEST_COMMON_HPP
#define ASIOCTX_TIDY_TEST_COMMON_HPP

#include <asioctx/after_func.hpp>
#include <asioctx/async_sleep.hpp>
#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/cause_key.hpp>
#include <asioctx/context.hpp>
#include <asioctx/context_key.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/detach_on_cancel.hpp>
#include <asioctx/dump.hpp>
#include <asioctx/flight_recorder.hpp>
#include <asioctx/hedge.hpp>
#include <asioctx/merge.hpp>
#include <asioctx/report_stuck.hpp>
#include <asioctx/retry.hpp>
#include <asioctx/task_group.hpp>
#include <asioctx/value.hpp>
#include <asioctx/with_clean_up.hpp>
#include <asioctx/with_name.hpp>
#include <asioctx/with_task_group.hpp>
#include <asioctx/without_cancel.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>

#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using asio::ip::tcp;
using asioctx::error_code;
using namespace std::chrono_literals;

#endif
