//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include "support/silent_dns.hpp"

#include <condition_variable>
#include <mutex>
#include <string_view>

#if defined(_WIN32)
#include <winsock2.h>
#include <ws2tcpip.h>
#else
#include <dlfcn.h>
#include <netdb.h>
#endif

namespace asioctx::test {
namespace {

std::mutex mutex;
std::condition_variable changed;
int waiting = 0;
unsigned answers = 0; // how often all that waited were answered

} // namespace

void silent_dns::answer() noexcept
{
    std::lock_guard const lock(mutex);
    ++answers;
    changed.notify_all();
}

void silent_dns::until_asked()
{
    std::unique_lock lock(mutex);
    changed.wait(lock, [] { return waiting != 0; });
}

} // namespace asioctx::test

#if defined(_WIN32)
#define ASIOCTX_GETADDRINFO WSAAPI asioctx_getaddrinfo
#else
#define ASIOCTX_GETADDRINFO getaddrinfo
#endif

// Found before that of the C library.
extern "C" int ASIOCTX_GETADDRINFO(
    char const* node,
    char const* service,
    addrinfo const* hints,
    addrinfo** result)
{
    using namespace asioctx::test;
    if (node && node == std::string_view(silent_dns::name))
    {
        std::unique_lock lock(mutex);
        ++waiting;
        changed.notify_all();
        changed.wait(lock, [before = answers] { return answers != before; });
        --waiting;
        return EAI_AGAIN;
    }
#if defined(_WIN32)
    static auto const of_system =
        reinterpret_cast<decltype(&::getaddrinfo)>(reinterpret_cast<void*>(
            ::GetProcAddress(::GetModuleHandleA("ws2_32.dll"), "getaddrinfo")));
#else
    static auto const of_system = reinterpret_cast<decltype(&getaddrinfo)>(
        ::dlsym(RTLD_NEXT, "getaddrinfo"));
#endif
    return of_system(node, service, hints, result);
}

#if defined(_WIN32)
// What a call goes through: the linker does not look for the library's, then.
extern "C" decltype(&asioctx_getaddrinfo) __imp_getaddrinfo =
    asioctx_getaddrinfo;
#endif
