//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// What becomes of a timer that had expired when a handler canceled it, without
// the library: with a reactor its wait had ended by then. With io_uring and
// IOCP it had not, so the tests must not ask for success there.

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include <cstdio>

namespace asio = boost::asio;

int main()
{
    boost::system::error_code expected;
#if defined(BOOST_ASIO_HAS_IO_URING_AS_DEFAULT) || defined(BOOST_ASIO_HAS_IOCP)
    expected = asio::error::operation_aborted;
#endif
    asio::io_context ioc;
    asio::cancellation_signal signal;
    asio::steady_timer timer(ioc, asio::steady_timer::time_point());
    boost::system::error_code result = asio::error::in_progress;
    asio::post(ioc, [&] { signal.emit(asio::cancellation_type::all); });
    timer.async_wait(asio::bind_cancellation_slot(
        signal.slot(),
        [&](boost::system::error_code const& ec) { result = ec; }));
    ioc.run();
    std::printf("%s\n", result.message().c_str());
    return result == expected ? 0 : 1;
}
