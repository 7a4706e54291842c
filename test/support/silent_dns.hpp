//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TEST_SUPPORT_SILENT_DNS_HPP
#define ASIOCTX_TEST_SUPPORT_SILENT_DNS_HPP

namespace asioctx::test {

// A name server that does not answer. Who asks is Asio's own resolver: the
// program's getaddrinfo(), in silent_dns.cpp, waits, and leaves other names to
// the system's.
class silent_dns
{
public:
    static constexpr char const* name = "silent.test";

    silent_dns() = default;
    silent_dns(silent_dns const&) = delete;
    silent_dns& operator=(silent_dns const&) = delete;

    // Answers that there is no answer.
    ~silent_dns()
    {
        answer();
    }

    static void answer() noexcept;

    // Waits until somebody waits for an answer.
    static void until_asked();
};

} // namespace asioctx::test

#endif
