//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_SRC_CAUSE_HPP
#define ASIOCTX_SRC_CAUSE_HPP

#include <asioctx/error.hpp>

#include <boost/system/system_error.hpp>

#include <exception>
#include <system_error>

namespace asioctx::detail {

// The error code that an exception stands for, if any.
inline error_code code_of(std::exception_ptr const& e) noexcept
{
    try
    {
        if (e)
            std::rethrow_exception(e);
    }
    catch (boost::system::system_error const& s)
    {
        return s.code();
    }
#if !defined(ASIOCTX_STANDALONE) // where it is the same
    catch (std::system_error const& s)
    {
        return s.code();
    }
#endif
    catch (...)
    {
    }
    return {};
}

// Whether a code, of whichever library, means the same. As a std::error_code
// the system's know the generic conditions alone, and with some versions of
// Asio without Boost they do not know these.
inline bool is_like(error_code const& code, errc e)
{
    return code == make_error_condition(e)
        || code == make_error_code(e).default_error_condition();
}

} // namespace asioctx::detail

#endif
