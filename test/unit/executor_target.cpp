//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/detail/executor_target.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/test/unit_test.hpp>

#include <type_traits>
#include <typeinfo>

namespace asio = boost::asio;
using asioctx::detail::visit_executor;
using asioctx::detail::visit_targets;

namespace {

template <class Executor>
std::type_info const& visited(Executor const& ex)
{
    std::type_info const* result = nullptr;
    visit_executor(
        ex,
        [&]<class E>(E const&)
        {
            BOOST_TEST(result == nullptr);
            result = &typeid(E);
        });
    BOOST_TEST_REQUIRE(result != nullptr);
    return *result;
}

// Whether what a polymorphic executor holds is visited.
template <class Polymorphic, class Executor>
bool is_found(Executor const& ex)
{
    return visited(Polymorphic(ex)) == typeid(Executor);
}

struct unusual_executor
{
    template <class F>
    void execute(F&&) const
    {
    }

    asio::io_context& query(asio::execution::context_t) const noexcept
    {
        return *ioc;
    }

    unusual_executor require(asio::execution::blocking_t::never_t) const
    {
        return *this;
    }

    bool operator==(unusual_executor const&) const noexcept = default;

    asio::io_context* ioc;
};

} // namespace

BOOST_AUTO_TEST_SUITE(test_executor_target)

BOOST_AUTO_TEST_CASE(what_a_polymorphic_executor_usually_holds_is_found)
{
    asio::io_context ioc;
    asio::thread_pool pool(1);
    auto const check =
        []<class Polymorphic>(std::type_identity<Polymorphic>, auto const& ex)
    {
        BOOST_TEST(is_found<Polymorphic>(ex));
        BOOST_TEST(is_found<Polymorphic>(
            asio::prefer(ex, asio::execution::outstanding_work.tracked)));
        BOOST_TEST(is_found<Polymorphic>(asio::make_strand(ex)));
    };
    std::type_identity<asio::any_io_executor> const io;
    std::type_identity<asio::any_completion_executor> const completion;
    check(io, ioc.get_executor());
    check(io, pool.get_executor());
    check(completion, ioc.get_executor());
    check(completion, pool.get_executor());
    BOOST_TEST(is_found<asio::any_io_executor>(asio::system_executor()));
    BOOST_TEST(is_found<asio::any_io_executor>(
        asio::make_strand(asio::any_io_executor(ioc.get_executor()))));
}

BOOST_AUTO_TEST_CASE(of_another_type_it_is_the_polymorphic_one)
{
    asio::io_context ioc;
    asio::any_io_executor const any = unusual_executor{&ioc};
    BOOST_TEST((visited(any) == typeid(asio::any_io_executor)));
}

BOOST_AUTO_TEST_CASE(one_that_is_not_polymorphic_is_visited_itself)
{
    asio::io_context ioc;
    BOOST_TEST(
        (visited(ioc.get_executor())
         == typeid(asio::io_context::executor_type)));
}

BOOST_AUTO_TEST_CASE(a_list_of_types_may_be_tried)
{
    asio::io_context ioc;
    asio::any_io_executor const any = ioc.get_executor();
    int calls = 0;
    auto f = [&](auto const&)
    {
        ++calls;
    };
    BOOST_TEST(!(visit_targets<asio::system_executor>(any, f)));
    BOOST_TEST(calls == 0);
    BOOST_TEST(
        (visit_targets<asio::system_executor, asio::io_context::executor_type>(
            any, f)));
    BOOST_TEST(calls == 1);
}

BOOST_AUTO_TEST_SUITE_END()
