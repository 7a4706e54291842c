//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include "support/silent_dns.hpp"

#include <condition_variable>
#include <dlfcn.h>
#include <mutex>
#include <netdb.h>
#include <string_view>

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

// Found before that of the C library.
extern "C" int getaddrinfo(
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
    static auto const of_system = reinterpret_cast<decltype(&getaddrinfo)>(
        ::dlsym(RTLD_NEXT, "getaddrinfo"));
    return of_system(node, service, hints, result);
}
