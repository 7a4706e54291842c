//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Windows has no supervisor that speaks as systemd does, and no SO_REUSEPORT.

#include "supervisor.hpp"
#include "system.hpp"

#include <stdexcept>

#include <windows.h>

namespace example {

namespace asio = boost::asio;
using asio::ip::tcp;

// Not reuse_address: here it would let others take the port.
void prepare_to_listen(tcp::acceptor&, bool shared)
{
    if (shared)
        throw std::runtime_error("Windows has --io-contexts 1 alone");
}

// Some are the system's own, which it opens when it needs them.
std::ptrdiff_t descriptors()
{
    DWORD result = 0;
    ::GetProcessHandleCount(::GetCurrentProcess(), &result);
    return static_cast<std::ptrdiff_t>(result);
}

void notify_supervisor(asio::io_context&, std::string_view) noexcept
{
}

std::optional<tcp::acceptor> listening_socket(asio::any_io_executor const&)
{
    return std::nullopt;
}

} // namespace example
