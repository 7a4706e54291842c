//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// A plugin with a copy of the library of its own. See plugin.cpp.

#include <asioctx/error.hpp>

#include <csignal>

extern "C" __attribute__((visibility("default"))) void asioctx_test_errors(
    asioctx::error_code* canceled,
    asioctx::error_code* deadline_exceeded,
    asioctx::error_code* signal)
{
    *canceled = asioctx::errc::canceled;
    *deadline_exceeded = asioctx::errc::deadline_exceeded;
    *signal = {SIGTERM, asioctx::signal_category()};
}
