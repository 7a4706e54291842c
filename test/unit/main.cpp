//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// The one file that holds Boost.Test itself, in its header-only form.
// All others include <boost/test/unit_test.hpp>.
#define BOOST_TEST_MODULE asioctx
#include <boost/test/included/unit_test.hpp>
