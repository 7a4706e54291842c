//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TEST_SUPPORT_PRINT_HPP
#define ASIOCTX_TEST_SUPPORT_PRINT_HPP

#include <asioctx/error.hpp>

#include <ostream>

// How Boost.Test prints what it compares.
namespace asioctx {

inline std::ostream& boost_test_print_type(std::ostream& out, errc e)
{
    return out << make_error_code(e).message();
}

} // namespace asioctx

#endif
