//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/detail/op_results.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

#include "support/allocation_counter.hpp"

using namespace asioctx;
using namespace asioctx::test;

namespace {

// Stands for the record.
struct operation
{
    template <class... Args>
    void call_handler(Args&&... args)
    {
        ++calls;
        if constexpr (sizeof...(Args) == 2)
            take(std::forward<Args>(args)...);
    }

    template <class Value>
    void take(error_code const& ec, Value&& v)
    {
        error = ec;
        if constexpr (std::is_same_v<Value, std::unique_ptr<int>>)
            pointer = std::forward<Value>(v);
        else if constexpr (std::is_same_v<Value, std::string>)
            text = std::forward<Value>(v);
        if (when_called)
            when_called();
    }

    int calls = 0;
    error_code error;
    std::unique_ptr<int> pointer;
    std::string text;
    std::function<void()> when_called;
};

using results = detail::op_results<operation, 48>;

struct throws_when_copied
{
    throws_when_copied() = default;

    throws_when_copied(throws_when_copied const&)
    {
        throw std::runtime_error("copied");
    }
};

// It may throw when it is moved, and does not.
struct may_throw_when_moved
{
    explicit may_throw_when_moved(int& count) : alive(&count)
    {
        ++*alive;
    }

    may_throw_when_moved(may_throw_when_moved&& other) noexcept(false)
        : alive(other.alive)
    {
        ++*alive;
    }

    ~may_throw_when_moved()
    {
        --*alive;
    }

    int* alive;
};

auto const failed = make_error_code(std::errc::io_error);

} // namespace

BOOST_AUTO_TEST_SUITE(test_op_results)

BOOST_AUTO_TEST_CASE(results_are_moved_to_the_handler)
{
    operation op;
    results r;
    auto p = std::make_unique<int>(1);
    auto* const address = p.get();
    allocation_counter const allocations;
    r.store(error_code(failed), std::move(p));
    BOOST_TEST(!p);
    BOOST_TEST(op.calls == 0);
    r.take(&op);
    BOOST_TEST(allocations.count() == 0u);
    BOOST_TEST(op.calls == 1);
    BOOST_TEST(op.error == failed);
    BOOST_TEST(op.pointer.get() == address);
}

BOOST_AUTO_TEST_CASE(what_is_passed_as_an_lvalue_is_copied)
{
    operation op;
    results r;
    error_code const ec = failed;
    std::string const text("text");
    r.store(ec, text);
    r.take(&op);
    BOOST_TEST(op.error == failed);
    BOOST_TEST(op.text == "text");
}

BOOST_AUTO_TEST_CASE(there_may_be_none)
{
    operation op;
    results r;
    r.store();
    r.take(&op);
    BOOST_TEST(op.calls == 1);
}

BOOST_AUTO_TEST_CASE(nothing_is_stored_if_a_copy_throws)
{
    operation op;
    results r;
    throws_when_copied const value;
    BOOST_CHECK_THROW(r.store(error_code(), value), std::runtime_error);
    r.store(error_code(failed), std::string("text"));
    r.take(&op);
    BOOST_TEST(op.calls == 1);
    BOOST_TEST(op.text == "text");
}

BOOST_AUTO_TEST_CASE(what_is_large_is_allocated)
{
    operation op;
    results r;
    std::array<char, 100> const large{};
    // Not around the check, which may need memory, too.
    auto const store = [&]
    {
        failing_allocations const none;
        r.store(error_code(), large);
    };
    BOOST_CHECK_THROW(store(), std::bad_alloc);
    auto const live = live_objects();
    r.store(error_code(failed), large);
    BOOST_TEST(live_objects() == live + 1);
    r.take(&op);
    BOOST_TEST(live_objects() == live);
    BOOST_TEST(op.error == failed);
}

BOOST_AUTO_TEST_CASE(what_may_throw_when_it_is_moved_is_allocated)
{
    operation op;
    int alive = 0;
    results r;
    allocation_counter const allocations;
    r.store(error_code(), may_throw_when_moved(alive));
    BOOST_TEST(allocations.count() == 1u);
    BOOST_TEST(alive == 1);
    r.take(&op);
    BOOST_TEST(op.calls == 1);
    BOOST_TEST(alive == 0);
}

BOOST_AUTO_TEST_CASE(they_are_destroyed_if_nobody_wants_them)
{
    auto const p = std::make_shared<int>(1);
    results r;
    r.store(error_code(), std::shared_ptr<int>(p));
    BOOST_TEST(p.use_count() == 2);
    r.take(nullptr);
    BOOST_TEST(p.use_count() == 1);

    int alive = 0;
    r.store(error_code(), may_throw_when_moved(alive));
    r.take(nullptr);
    BOOST_TEST(alive == 0);
}

// The record goes before its handler is called.
BOOST_AUTO_TEST_CASE(nothing_is_left_in_the_record_when_they_are_taken)
{
    operation op;
    auto r = std::make_unique<results>();
    op.when_called = [&]
    {
        r.reset();
    };
    r->store(error_code(failed), std::string(100, 'x'));
    r->take(&op);
    BOOST_TEST(!r);
    BOOST_TEST(op.text == std::string(100, 'x'));
}

BOOST_AUTO_TEST_CASE(what_tells_of_an_abort_is_known)
{
    using detail::is_error;
    using detail::is_error_tuple;
    BOOST_TEST((is_error<error_code> && is_error<std::exception_ptr>));
    BOOST_TEST(!is_error<std::errc>);
    BOOST_TEST((is_error_tuple<std::tuple<error_code, int>>));
    BOOST_TEST((is_error_tuple<std::tuple<std::exception_ptr>>));
    BOOST_TEST((is_error_tuple<std::tuple<error_code const&>>));
    BOOST_TEST(!(is_error_tuple<std::tuple<int, error_code>>));
    BOOST_TEST(!(is_error_tuple<std::tuple<>>));
}

BOOST_AUTO_TEST_SUITE_END()
