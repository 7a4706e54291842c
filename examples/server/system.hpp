//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_EXAMPLES_SERVER_SYSTEM_HPP
#define ASIOCTX_EXAMPLES_SERVER_SYSTEM_HPP

#include <boost/asio/ip/tcp.hpp>

#include <cstddef>

// What each system has its own way for.
namespace example {

/// Sets what a socket must have before it is bound.
/**
 * If the port is shared, several processes, or sockets of one, may listen on
 * it: the system deals the connections out. Throws if it cannot.
 */
void prepare_to_listen(boost::asio::ip::tcp::acceptor& a, bool shared);

/// Returns how many descriptors the process has.
std::ptrdiff_t descriptors();

} // namespace example

#endif
