//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Threads that compute, and deadlines that pass all the same.

#include <asioctx.hpp>

#include <boost/asio.hpp>

#include <atomic>
#include <chrono>
#include <iostream>

namespace asio = boost::asio;
using namespace std::chrono_literals;

//[compute
bool is_prime(long n)
{
    for (long i = 2; i * i <= n; ++i)
        if (n % i == 0)
            return false;
    return n > 1;
}

// Counts primes for as long as the context is live.
long count_primes(asioctx::context const& ctx)
{
    long found = 0;
    for (long n = 0; !ctx.done(); ++n)
        found += is_prime(n);
    return found;
}
//]

void on_a_pool()
{
    //[pool
    asio::thread_pool time(1); // before the pool, so it goes after it
    asio::thread_pool pool(2);
    auto [ctx, cancel] =
        asioctx::with_timeout(asioctx::background(pool, time), 50ms);
    std::atomic<long> found{0};
    for (int i = 0; i != 4; ++i)
        asio::post(pool, [&, c = ctx] { found += count_primes(c); });
    pool.join();
    //]
    std::cout << "on a pool: " << ctx.error().message() << ", "
              << (found > 0 ? "some primes" : "no primes") << '\n';
}

void on_one_thread()
{
    asio::io_context ioc;
    auto [ctx, cancel] = asioctx::with_timeout(asioctx::background(ioc), 50ms);
    asio::post(
        ioc,
        [c = ctx]
        {
            //[check
            long found = 0;
            for (long n = 0; !c.check(); ++n)
                found += is_prime(n);
            //]
            std::cout << "on one thread: " << c.error().message() << ", "
                      << (found > 0 ? "some primes" : "no primes") << '\n';
        });
    ioc.run();
}

int main()
{
    on_a_pool();
    on_one_thread();
}
