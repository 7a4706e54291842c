//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include "system.hpp"

#include <filesystem>
#include <iterator>

#include <sys/socket.h>

namespace example {
namespace {

using boost::asio::ip::tcp;

// Asio has no name for it.
struct reuse_port
{
    int const value = 1;

    template <class Protocol>
    static int level(Protocol const&)
    {
        return SOL_SOCKET;
    }

    template <class Protocol>
    static int name(Protocol const&)
    {
        return SO_REUSEPORT;
    }

    template <class Protocol>
    int const* data(Protocol const&) const
    {
        return &value;
    }

    template <class Protocol>
    static std::size_t size(Protocol const&)
    {
        return sizeof(int);
    }
};

} // namespace

void prepare_to_listen(tcp::acceptor& a, bool shared)
{
    a.set_option(tcp::acceptor::reuse_address(true));
    if (shared)
        a.set_option(reuse_port());
}

std::ptrdiff_t descriptors()
{
    std::filesystem::directory_iterator const all("/proc/self/fd");
    return std::distance(begin(all), end(all));
}

} // namespace example
