//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// What both servers do. GET /work/<ms>/<ms>/<KiB> computes, sleeps, and is
// answered by so much.

#ifndef FROM_BEAST_WORK_HPP
#define FROM_BEAST_WORK_HPP

#include <boost/beast/http.hpp>

#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>

namespace example {

namespace http = boost::beast::http;

struct options
{
    explicit options(char** argv)
        : threads(std::atoi(argv[1])), grace(std::atoi(argv[2])),
          timeout(std::atoi(argv[3]))
    {
    }

    int threads;
    std::chrono::milliseconds grace;
    std::chrono::milliseconds timeout;
};

struct work
{
    explicit work(std::string const& target)
    {
        constexpr std::string_view prefix = "/work/";
        if (!target.starts_with(prefix))
            return;
        char* next = nullptr;
        char const* at = target.c_str() + prefix.size();
        compute = std::chrono::milliseconds(std::strtoul(at, &next, 10));
        if (*next == '/')
            sleep =
                std::chrono::milliseconds(std::strtoul(next + 1, &next, 10));
        if (*next == '/')
            kib = std::strtoul(next + 1, &next, 10);
    }

    std::chrono::milliseconds compute{};
    std::chrono::milliseconds sleep{};
    std::size_t kib = 0;
};

// Stands for work that has no operation in it.
inline void compute(std::chrono::milliseconds time)
{
    auto const end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end)
        ;
}

inline http::response<http::string_body> answer(
    http::status status, std::string body, bool keep_alive)
{
    http::response<http::string_body> response(status, 11);
    response.keep_alive(keep_alive);
    response.body() = std::move(body);
    response.prepare_payload();
    return response;
}

} // namespace example

#endif
