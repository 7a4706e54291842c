//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Included first wherever the explorer compiles: gives Asio explored counters
// in the place of its own, which are of no use to others.

#ifndef ASIOCTX_TEST_EXPLORE_ASIO_HPP
#define ASIOCTX_TEST_EXPLORE_ASIO_HPP

#include "explore/sync.hpp"

#define BOOST_ASIO_DETAIL_ATOMIC_COUNT_HPP

namespace boost::asio::detail {

using atomic_count = explore::atomic<long>;

inline void increment(atomic_count& a, long b)
{
    a.fetch_add(b);
}

inline void decrement(atomic_count& a, long b)
{
    a.fetch_sub(b);
}

inline void ref_count_up(atomic_count& a)
{
    a.fetch_add(1, std::memory_order_relaxed);
}

inline bool ref_count_down(atomic_count& a)
{
    return a.fetch_sub(1, std::memory_order_acq_rel) == 1;
}

} // namespace boost::asio::detail

#endif
