//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// What <asioctx/detail/sync.hpp> includes when ASIOCTX_SYNC names this file:
// the atomics, mutexes and waits of a library whose threads the explorer runs
// in all orders. Outside of explore::together() they are the standard ones.

#ifndef ASIOCTX_TEST_EXPLORE_SYNC_HPP
#define ASIOCTX_TEST_EXPLORE_SYNC_HPP

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <pthread.h>
#include <type_traits>

// The linker gives the others to the explorer: those of Asio are explored, too.
extern "C" {
int __real_pthread_mutex_lock(pthread_mutex_t*);
int __real_pthread_mutex_trylock(pthread_mutex_t*);
int __real_pthread_mutex_unlock(pthread_mutex_t*);
}

namespace explore {

enum class op : std::uint8_t
{
    load,
    store,
    rmw, // compare_exchange as well
    lock,
    try_lock,
    unlock,
    wait,
    yield,
    begin,
    end,
};

// Where in the source an operation is.
struct site
{
    static constexpr site here(
        char const* file = __builtin_FILE(),
        char const* function = __builtin_FUNCTION(),
        unsigned line = __builtin_LINE()) noexcept
    {
        return {file, function, line};
    }

    char const* file = "";
    char const* function = "";
    unsigned line = 0;
};

// These are in explore.cpp, which ThreadSanitizer does not see.
namespace detail {

// The number of the scenario's thread that this is, or negative.
extern constinit thread_local int self;

// What a planted fault makes of a value.
struct filter
{
    std::uint64_t operator()(std::uint64_t value) const noexcept
    {
        return (value & keep) | set;
    }

    std::uint64_t keep = ~std::uint64_t{0};
    std::uint64_t set = 0;
};

// How an operation that may go on now is to be carried out. The order is that
// of the caller unless a fault is planted.
struct permit
{
    std::memory_order order;
    bool skip; // a planted fault: nothing is written
    filter seen;
    filter written;
};

// Returns when it is this thread's turn to carry out the operation. No other
// thread does anything from then until this one calls before() again.
permit before(
    op what,
    void const* location,
    std::memory_order order,
    site const& at) noexcept;

// Tells what was read; returns what it is taken to be.
std::uint64_t read(std::uint64_t value) noexcept;

// Tells what was there and what is now; returns what was.
std::uint64_t wrote(std::uint64_t old, std::uint64_t value) noexcept;

// The number of steps that were taken.
std::uint32_t now() noexcept;

// Returns the number of steps when this thread may go on.
std::uint32_t wait(std::uint32_t since, site const& at) noexcept;

// Whether a scenario is being run.
extern constinit bool in_scenario;

// Fails if it is gone. For what is done outside of together().
void look_at(void const* location) noexcept;

void created(void const* location) noexcept;
void destroyed(void const* location) noexcept;

template <std::memory_order Order>
using constant = std::integral_constant<std::memory_order, Order>;

// An order that is no constant would be taken for the strongest.
template <class F>
constexpr decltype(auto) with_order(std::memory_order order, F f)
{
    switch (order)
    {
    case std::memory_order_relaxed:
        return f(constant<std::memory_order_relaxed>());
    case std::memory_order_consume:
    case std::memory_order_acquire:
        return f(constant<std::memory_order_acquire>());
    case std::memory_order_release:
        return f(constant<std::memory_order_release>());
    case std::memory_order_acq_rel:
        return f(constant<std::memory_order_acq_rel>());
    default:
        return f(constant<std::memory_order_seq_cst>());
    }
}

constexpr std::memory_order load_order(std::memory_order order) noexcept
{
    return order == std::memory_order_acq_rel ? std::memory_order_acquire
        : order == std::memory_order_release  ? std::memory_order_relaxed
                                              : order;
}

constexpr std::memory_order store_order(std::memory_order order) noexcept
{
    return order == std::memory_order_acq_rel ? std::memory_order_release
        : order == std::memory_order_acquire
            || order == std::memory_order_consume
        ? std::memory_order_relaxed
        : order;
}

template <class T>
std::uint64_t to_bits(T v) noexcept
{
    std::uint64_t bits = 0;
    std::memcpy(&bits, &v, sizeof(T));
    return bits;
}

template <class T>
T from_bits(std::uint64_t bits) noexcept
{
    T v;
    std::memcpy(&v, &bits, sizeof(T));
    return v;
}

template <class T>
struct difference
{
    using type = T;
};

template <class T>
struct difference<T*>
{
    using type = std::ptrdiff_t;
};

} // namespace detail

template <class T>
class atomic
{
    static_assert(std::is_trivially_copyable_v<T>);
    static_assert(sizeof(T) <= sizeof(std::uint64_t));

public:
    using value_type = T;
    using difference_type = typename detail::difference<T>::type;

    static constexpr bool is_always_lock_free = true;

    constexpr atomic() noexcept : atomic(T())
    {
    }

    constexpr atomic(T v) noexcept : value_(v)
    {
        if (!std::is_constant_evaluated())
            detail::created(this);
    }

    atomic(atomic const&) = delete;
    atomic& operator=(atomic const&) = delete;

    constexpr ~atomic()
    {
        if (!std::is_constant_evaluated())
            detail::destroyed(this);
    }

    T load(
        std::memory_order order = std::memory_order_seq_cst,
        site at = site::here()) const noexcept
    {
        if (is_outside())
            return value_.load(order);
        auto const p = detail::before(op::load, this, order, at);
        return detail::from_bits<T>(
            detail::read(detail::to_bits(detail::with_order(
                detail::load_order(p.order),
                [this](auto o) { return value_.load(load_constant(o)); }))));
    }

    void store(
        T v,
        std::memory_order order = std::memory_order_seq_cst,
        site at = site::here()) noexcept
    {
        if (is_outside())
            return value_.store(v, order);
        auto const p = detail::before(op::store, this, order, at);
        v = changed(p.written, v);
        T const old = value_.load(std::memory_order_relaxed);
        if (!p.skip)
            detail::with_order(
                detail::store_order(p.order),
                [&](auto o) { value_.store(v, store_constant(o)); });
        detail::wrote(detail::to_bits(old), detail::to_bits(p.skip ? old : v));
    }

    T exchange(
        T v,
        std::memory_order order = std::memory_order_seq_cst,
        site at = site::here()) noexcept
    {
        return modify(
            order,
            at,
            [v](T) { return v; },
            [&](auto o) { return value_.exchange(v, o); });
    }

    T fetch_add(
        difference_type d,
        std::memory_order order = std::memory_order_seq_cst,
        site at = site::here()) noexcept
    {
        return modify(
            order,
            at,
            [d](T old) { return static_cast<T>(old + d); },
            [&](auto o) { return value_.fetch_add(d, o); });
    }

    T fetch_sub(
        difference_type d,
        std::memory_order order = std::memory_order_seq_cst,
        site at = site::here()) noexcept
    {
        return modify(
            order,
            at,
            [d](T old) { return static_cast<T>(old - d); },
            [&](auto o) { return value_.fetch_sub(d, o); });
    }

    T fetch_or(
        T v,
        std::memory_order order = std::memory_order_seq_cst,
        site at = site::here()) noexcept
    {
        return modify(
            order,
            at,
            [v](T old) { return static_cast<T>(old | v); },
            [&](auto o) { return value_.fetch_or(v, o); });
    }

    T fetch_and(
        T v,
        std::memory_order order = std::memory_order_seq_cst,
        site at = site::here()) noexcept
    {
        return modify(
            order,
            at,
            [v](T old) { return static_cast<T>(old & v); },
            [&](auto o) { return value_.fetch_and(v, o); });
    }

    T fetch_xor(
        T v,
        std::memory_order order = std::memory_order_seq_cst,
        site at = site::here()) noexcept
    {
        return modify(
            order,
            at,
            [v](T old) { return static_cast<T>(old ^ v); },
            [&](auto o) { return value_.fetch_xor(v, o); });
    }

    // The comparison fails only if the value differs.
    bool compare_exchange_strong(
        T& expected,
        T v,
        std::memory_order success,
        std::memory_order failure,
        site at = site::here()) noexcept
    {
        if (is_outside())
            return value_.compare_exchange_strong(
                expected, v, success, failure);
        auto const p = detail::before(op::rmw, this, success, at);
        // Nobody else writes from here on.
        if (T const now = value_.load(std::memory_order_relaxed);
            detail::to_bits(changed(p.seen, now)) == detail::to_bits(expected))
            expected = now;
        v = changed(p.written, v);
        auto const was = expected;
        bool const done = detail::with_order(
            p.order,
            [&](auto o)
            {
                return value_.compare_exchange_strong(
                    expected,
                    v,
                    o,
                    detail::load_order(p.order == success ? failure : p.order));
            });
        auto const bits = detail::to_bits(expected);
        detail::wrote(
            done ? detail::to_bits(was) : bits,
            done ? detail::to_bits(v) : bits);
        expected = changed(p.seen, expected);
        return done;
    }

    bool compare_exchange_strong(
        T& expected,
        T v,
        std::memory_order order = std::memory_order_seq_cst,
        site at = site::here()) noexcept
    {
        return compare_exchange_strong(
            expected, v, order, detail::load_order(order), at);
    }

    bool compare_exchange_weak(
        T& expected,
        T v,
        std::memory_order success,
        std::memory_order failure,
        site at = site::here()) noexcept
    {
        return compare_exchange_strong(expected, v, success, failure, at);
    }

    bool compare_exchange_weak(
        T& expected,
        T v,
        std::memory_order order = std::memory_order_seq_cst,
        site at = site::here()) noexcept
    {
        return compare_exchange_strong(expected, v, order, at);
    }

    operator T() const noexcept
    {
        return load();
    }

    T operator=(T v) noexcept
    {
        store(v);
        return v;
    }

    T operator++() noexcept
    {
        return static_cast<T>(fetch_add(1) + 1);
    }

    T operator--() noexcept
    {
        return static_cast<T>(fetch_sub(1) - 1);
    }

    T operator++(int) noexcept
    {
        return fetch_add(1);
    }

    T operator--(int) noexcept
    {
        return fetch_sub(1);
    }

    T operator+=(difference_type d) noexcept
    {
        return static_cast<T>(fetch_add(d) + d);
    }

    T operator-=(difference_type d) noexcept
    {
        return static_cast<T>(fetch_sub(d) - d);
    }

    T operator|=(T v) noexcept
    {
        return static_cast<T>(fetch_or(v) | v);
    }

    T operator&=(T v) noexcept
    {
        return static_cast<T>(fetch_and(v) & v);
    }

private:
    static T changed(detail::filter const& f, T v) noexcept
    {
        return detail::from_bits<T>(f(detail::to_bits(v)));
    }

    bool is_outside() const noexcept
    {
        if (detail::self >= 0)
            return false;
        if (detail::in_scenario)
            detail::look_at(this);
        return true;
    }

    // The orders that a load, and a store, cannot have do not reach them.
    template <std::memory_order Order>
    static constexpr std::memory_order load_constant(detail::constant<Order>)
    {
        return detail::load_order(Order);
    }

    template <std::memory_order Order>
    static constexpr std::memory_order store_constant(detail::constant<Order>)
    {
        return detail::store_order(Order);
    }

    template <class Result, class Real>
    T modify(std::memory_order order, site const& at, Result result, Real real)
    {
        if (is_outside())
            return detail::with_order(order, real);
        auto const p = detail::before(op::rmw, this, order, at);
        T const old = p.skip ? value_.load(std::memory_order_relaxed)
                             : detail::with_order(p.order, real);
        return detail::from_bits<T>(detail::wrote(
            detail::to_bits(old), detail::to_bits(p.skip ? old : result(old))));
    }

    std::atomic<T> value_;
};

class mutex
{
public:
    constexpr mutex() noexcept
    {
        if (!std::is_constant_evaluated())
            detail::created(this);
    }

    mutex(mutex const&) = delete;
    mutex& operator=(mutex const&) = delete;

    ~mutex()
    {
        detail::destroyed(this);
    }

    void lock(site at = site::here())
    {
        if (detail::self >= 0
            && detail::before(op::lock, this, std::memory_order_acquire, at)
                   .skip)
            return;
        __real_pthread_mutex_lock(&mutex_);
    }

    bool try_lock(site at = site::here())
    {
        if (detail::self >= 0)
            detail::before(op::try_lock, this, std::memory_order_acquire, at);
        bool const locked = __real_pthread_mutex_trylock(&mutex_) == 0;
        if (detail::self >= 0)
            detail::wrote(!locked, locked);
        return locked;
    }

    void unlock(site at = site::here())
    {
        if (detail::self >= 0
            && detail::before(op::unlock, this, std::memory_order_release, at)
                   .skip)
            return;
        __real_pthread_mutex_unlock(&mutex_);
    }

private:
    pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
};

// Lets the other threads go on. This one does not before something that it has
// ever read was written since the last time, or since this was made: so it is
// to be made before what it waits for is looked at.
class backoff
{
public:
    void operator()(site at = site::here()) noexcept
    {
        if (detail::self >= 0)
            since_ = detail::wait(since_, at);
    }

private:
    std::uint32_t since_ = detail::self >= 0 ? detail::now() : 0;
};

} // namespace explore

namespace asioctx::detail {

using explore::atomic;
using explore::backoff;
using explore::mutex;

} // namespace asioctx::detail

#endif
