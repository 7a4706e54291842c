//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/detail/initiate_bound.hpp>

#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <exception>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "support/outcome.hpp"
#include "support/print.hpp"

using namespace asioctx;
using namespace asioctx::test;
using detail::done_handler;
using detail::first_not_started;
using detail::initiation_holder;
using detail::not_started;
using detail::size_of_result;
using detail::unknown_executor;

namespace {

struct not_default
{
    explicit not_default(int)
    {
    }
};

struct bare_initiation
{
    template <class Handler>
    void operator()(Handler&&) const
    {
    }
};

struct placed_initiation : bare_initiation
{
    using executor_type = asio::io_context::executor_type;

    executor_type get_executor() const noexcept
    {
        return ex;
    }

    executor_type ex;
};

template <class Initiation>
struct holder : initiation_holder<Initiation>
{
    using initiation_holder<Initiation>::initiation_holder;
    using initiation_holder<Initiation>::io_executor;
};

template <class Signature>
constexpr bool may_not_start =
    !std::is_void_v<typename not_started<Signature>::results>;

error_code const canceled = errc::canceled;

} // namespace

BOOST_AUTO_TEST_SUITE(test_initiate_bound)

BOOST_AUTO_TEST_CASE(results_are_made_if_there_is_a_place_for_the_error)
{
    BOOST_TEST(may_not_start<void(error_code)>);
    BOOST_TEST(may_not_start<void(error_code const&, std::string)>);
    BOOST_TEST((may_not_start<void(std::exception_ptr, int)>));
    BOOST_TEST((may_not_start<void(std::tuple<error_code, int>)>));
    BOOST_TEST(!may_not_start<void()>);
    BOOST_TEST(!may_not_start<void(int)>);
    BOOST_TEST((!may_not_start<void(int, error_code)>));
    BOOST_TEST((!may_not_start<void(error_code, not_default)>));
}

BOOST_AUTO_TEST_CASE(they_hold_it_as_the_signature_says)
{
    auto const code = not_started<void(error_code, int)>::make(canceled);
    BOOST_TEST((code == std::tuple(canceled, 0)));
    auto const [e] = not_started<void(std::exception_ptr)>::make(canceled);
    BOOST_TEST(code_of(e) == errc::canceled);
    auto const [t] =
        not_started<void(std::tuple<error_code, int>)>::make(canceled);
    BOOST_TEST((t == std::tuple(canceled, 0)));
}

BOOST_AUTO_TEST_CASE(of_several_signatures_the_first_that_has_a_place_counts)
{
    using first = first_not_started<
        void(int),
        void(error_code, std::string),
        void(error_code)>;
    BOOST_TEST(
        (std::is_same_v<first::results, std::tuple<error_code, std::string>>));
    BOOST_TEST((std::is_void_v<first_not_started<void(int)>::results>));
    BOOST_TEST(std::is_void_v<first_not_started<>::results>);
}

BOOST_AUTO_TEST_CASE(room_is_for_what_is_stored)
{
    BOOST_TEST(size_of_result<void(std::string const&)> == sizeof(std::string));
    BOOST_TEST(
        (size_of_result<void(
             error_code, int)> == sizeof(std::tuple<error_code, int>)));
}

BOOST_AUTO_TEST_CASE(a_handler_may_know_its_results_beforehand)
{
    outcome o;
    done_handler h{recorder(o), std::tuple(canceled)};
    auto const a = asio::get_associated_allocator(h);
    BOOST_TEST(a.use() == &o.memory);
    auto moved = std::move(h);
    BOOST_TEST(!o.completed());
    std::move(moved)();
    BOOST_TEST(o == canceled);
}

BOOST_AUTO_TEST_CASE(an_initiation_has_an_executor_if_the_one_it_holds_has)
{
    holder<bare_initiation> const bare{bare_initiation()};
    static_assert(!detail::has_executor<decltype(bare)>);
    static_assert(
        std::is_same_v<decltype(bare.io_executor()), unknown_executor>);

    asio::io_context ioc;
    holder<placed_initiation> const placed{
        placed_initiation{{}, ioc.get_executor()}};
    static_assert(detail::has_executor<holder<placed_initiation>>);
    BOOST_TEST((placed.get_executor() == ioc.get_executor()));
    BOOST_TEST((placed.io_executor() == ioc.get_executor()));
}

BOOST_AUTO_TEST_CASE(a_token_is_const_if_its_binder_is)
{
    using detail::target_of;
    BOOST_TEST((std::is_same_v<target_of<int, bare_initiation&>, int>));
    BOOST_TEST(
        (std::is_same_v<target_of<int, bare_initiation const&>, int const>));
}

BOOST_AUTO_TEST_SUITE_END()
