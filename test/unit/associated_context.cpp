//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/associated_context.hpp>
#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/consign.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

using namespace asioctx;

namespace {

struct with_member
{
    context get_context() const noexcept
    {
        return ctx;
    }

    context ctx;
};

// Completes at once, and tells the context that its handler has.
template <class Token>
void async_tell(context& out, Token&& token)
{
    asio::async_initiate<Token, void(error_code)>(
        [&out](auto handler)
        {
            out = get_associated_context(handler);
            std::move(handler)(error_code());
        },
        token);
}

} // namespace

BOOST_AUTO_TEST_SUITE(test_associated_context)

BOOST_AUTO_TEST_CASE(is_background_or_the_candidate_without_an_association)
{
    auto const c = with_cancel(background());
    BOOST_TEST((get_associated_context(0) == background()));
    BOOST_TEST((get_associated_context(0, c.ctx) == c.ctx));
}

BOOST_AUTO_TEST_CASE(is_what_the_object_says)
{
    auto const c = with_cancel(background());
    BOOST_TEST((get_associated_context(with_member{c.ctx}) == c.ctx));
}

BOOST_AUTO_TEST_CASE(is_the_context_that_the_operation_is_bound_to)
{
    asio::io_context ioc;
    auto const c = with_cancel(background(ioc));
    context found;
    async_tell(found, bind_context(c.ctx, [](error_code) {}));
    BOOST_TEST((found == c.ctx));
    async_tell(found, [](error_code) {});
    BOOST_TEST((found == background()));
}

// NOLINTBEGIN(asioctx-binder-not-outermost): what it shows
BOOST_AUTO_TEST_CASE(passes_through_asio_s_adapters)
{
    asio::io_context ioc;
    auto const c = with_cancel(background(ioc));
    context found;
    async_tell(
        found,
        asio::bind_executor(ioc, bind_context(c.ctx, [](error_code) {})));
    BOOST_TEST((found == c.ctx));
    async_tell(found, asio::consign(bind_context(c.ctx, [](error_code) {}), 1));
    BOOST_TEST((found == c.ctx));
}
// NOLINTEND(asioctx-binder-not-outermost)

BOOST_AUTO_TEST_SUITE_END()
