//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/detail/executor_traits.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <future>
#include <thread>
#include <type_traits>
#include <utility>

#include "support/immediate_executor.hpp"

namespace asio = boost::asio;
namespace detail = asioctx::detail;

namespace {

using asioctx::test::immediate_executor;

using context = asio::io_context::executor_type;
using strand = asio::strand<context>;
using pool = asio::thread_pool::executor_type;
using any = asio::any_io_executor;
using ts_strand = asio::io_context::strand; // of the Networking TS

// Of the system's context, which it tells by its base class.
struct wraps_system
{
    asio::execution_context& query(asio::execution::context_t) const noexcept
    {
        return asio::query(asio::system_executor(), asio::execution::context);
    }

    template <class F>
    void execute(F&&) const
    {
    }

    bool operator==(wraps_system const&) const noexcept = default;
};

} // namespace

BOOST_AUTO_TEST_SUITE(test_executor_traits)

BOOST_AUTO_TEST_CASE(kinds_of_executors_are_known)
{
    BOOST_TEST(detail::is_polymorphic_executor<any>);
    BOOST_TEST(detail::is_polymorphic_executor<asio::any_completion_executor>);
    BOOST_TEST(!detail::is_polymorphic_executor<context>);

    BOOST_TEST(detail::is_io_context_executor<context>);
    BOOST_TEST(!detail::is_io_context_executor<strand>);

    BOOST_TEST(detail::is_system_executor<asio::system_executor>);
    BOOST_TEST(!detail::is_system_executor<context>);
    BOOST_TEST(!detail::is_system_executor<any>);
}

BOOST_AUTO_TEST_CASE(so_is_who_can_tell_where_it_runs)
{
    BOOST_TEST(detail::is_placed<context>);
    BOOST_TEST(detail::is_placed<strand>);
    BOOST_TEST(detail::is_placed<pool>);
    BOOST_TEST(detail::is_placed<ts_strand>);
    BOOST_TEST(!detail::is_placed<any>);
    BOOST_TEST(!detail::is_placed<asio::system_executor>);
    BOOST_TEST(!detail::is_placed<wraps_system>);
    BOOST_TEST(!detail::is_placed<immediate_executor>);
}

BOOST_AUTO_TEST_CASE(and_whose_functions_never_meet)
{
    BOOST_TEST(detail::is_strand<strand>);
    BOOST_TEST(detail::is_strand<asio::strand<any>>);
    BOOST_TEST(detail::is_strand<ts_strand>);
    BOOST_TEST(!detail::is_strand<context>);
    BOOST_TEST(!detail::is_strand<pool>);
}

BOOST_AUTO_TEST_CASE(and_who_can_post)
{
    BOOST_TEST(detail::can_post<context>);
    BOOST_TEST(detail::can_post<any>);
    BOOST_TEST(detail::can_post<ts_strand>);
    BOOST_TEST(!detail::can_post<asio::any_completion_executor>);
    BOOST_TEST(!detail::can_post<immediate_executor>);
}

BOOST_AUTO_TEST_CASE(an_execution_context_is_told_if_it_can_be_destroyed)
{
    asio::io_context ioc;
    BOOST_TEST(detail::mortal_context(ioc.get_executor()) == &ioc);
    BOOST_TEST(detail::mortal_context(asio::make_strand(ioc)) == &ioc);
    BOOST_TEST(detail::mortal_context(any(ioc.get_executor())) == &ioc);
    BOOST_TEST(detail::mortal_context(ts_strand(ioc)) == &ioc);
    BOOST_TEST(detail::mortal_context(asio::system_executor()) == nullptr);
    BOOST_TEST(detail::mortal_context(immediate_executor()) == nullptr);
}

BOOST_AUTO_TEST_CASE(work_counts_as_long_as_it_lives)
{
    asio::io_context ioc;
    auto const check = [&](auto const& ex)
    {
        ioc.restart();
        {
            [[maybe_unused]] auto const work = detail::work_of(ex);
            ioc.poll();
            BOOST_TEST(!ioc.stopped());
        }
        ioc.poll();
        BOOST_TEST(ioc.stopped());
    };
    check(ioc.get_executor());
    check(any(ioc.get_executor()));
    check(asio::make_strand(ioc));
    check(ts_strand(ioc));
}

BOOST_AUTO_TEST_CASE(a_strand_needs_it_while_a_function_is_handed_to_it)
{
    asio::io_context ioc;
    static_assert(std::is_same_v<
                  std::nullptr_t,
                  decltype(detail::work_while_handing(ioc.get_executor()))>);
    auto const work = detail::work_while_handing(asio::make_strand(ioc));
    static_cast<void>(work);
    ioc.poll();
    BOOST_TEST(!ioc.stopped());
}

BOOST_AUTO_TEST_CASE(what_is_posted_is_not_run_at_once)
{
    asio::io_context ioc;
    bool ran = false;
    asio::post(
        ioc,
        [&]
        {
            detail::post_to(ioc.get_executor(), [&] { ran = true; });
            BOOST_TEST(!ran);
        });
    ioc.run();
    BOOST_TEST(ran);
}

BOOST_AUTO_TEST_CASE(or_it_is_by_another_thread)
{
    std::promise<std::thread::id> id;
    detail::post_to(
        immediate_executor(),
        [&] { id.set_value(std::this_thread::get_id()); });
    BOOST_TEST((id.get_future().get() != std::this_thread::get_id()));
}

BOOST_AUTO_TEST_SUITE_END()
