//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/detail/sync.hpp>

#include <boost/test/unit_test.hpp>

#include <mutex>
#include <thread>

using namespace asioctx;

BOOST_AUTO_TEST_SUITE(test_sync)

BOOST_AUTO_TEST_CASE(a_lock_is_one_byte)
{
    BOOST_TEST(sizeof(detail::spin_mutex) == 1u);
}

BOOST_AUTO_TEST_CASE(one_thread_at_a_time_has_the_lock)
{
    constexpr int rounds = 10000;
    detail::spin_mutex m;
    int n = 0;
    auto const count = [&]
    {
        for (int i = 0; i < rounds; ++i)
        {
            std::lock_guard const lock(m);
            ++n;
        }
    };
    std::thread other(count);
    count();
    other.join();
    BOOST_TEST(n == 2 * rounds);
}

// The other thread is a long time away, as one is that a thread of real-time
// priority has put off.
BOOST_AUTO_TEST_CASE(who_waits_lets_the_owner_go_on)
{
    detail::spin_mutex m;
    detail::atomic<bool> waits{false};
    m.lock();
    std::thread other(
        [&]
        {
            waits = true;
            std::lock_guard const lock(m);
        });
    detail::backoff wait;
    while (!waits)
        wait();
    for (int i = 0; i < 20; ++i)
        wait();
    m.unlock();
    other.join();
}

BOOST_AUTO_TEST_SUITE_END()
