//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Stands for what Boost.Process has compiled from 1.86 on. Debian's Boost 1.88
// lacks that library, and that of 1.92 needs a newer standard library than
// Debian 12 has. The operations and the signals are all in the headers.
#include <boost/version.hpp>

#if BOOST_VERSION >= 108600

#include <boost/process/v2/detail/last_error.hpp>
#include <boost/process/v2/detail/throw_error.hpp>
#include <boost/process/v2/error.hpp>
#include <boost/process/v2/posix/detail/close_handles.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <cerrno>
#include <vector>

namespace boost::process::v2 {

namespace error {

boost::system::error_category const& get_utf8_category()
{
    return boost::system::generic_category();
}

boost::system::error_category const& get_exit_code_category()
{
    return boost::system::generic_category();
}

} // namespace error

namespace detail {

boost::system::error_code get_last_error()
{
    return {errno, boost::system::system_category()};
}

void do_throw_error(boost::system::error_code const& ec)
{
    throw boost::system::system_error(ec);
}

void do_throw_error(boost::system::error_code const& ec, char const* where)
{
    throw boost::system::system_error(ec, where);
}

} // namespace detail

// All that is open here is closed when the child's program begins.
void posix::detail::close_all(
    std::vector<int> const&, boost::system::error_code&)
{
}

} // namespace boost::process::v2

#endif
