//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/is_single_step.hpp>

#include <asioctx/bind_context.hpp>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/connect_pipe.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <string_view>
#include <type_traits>

#include "support/io_context_fixture.hpp"

namespace asio = boost::asio;

namespace {

// A token that tells whether the operation has a single step.
struct ask
{
};

// An operation of the user's own, which says that it has a single step.
struct initiate_own
{
    template <class Handler>
    void operator()(Handler&&) const
    {
    }
};

struct initiate_unknown : initiate_own
{
};

template <class Initiation, class Token>
auto async_own(Token&& token)
{
    return asio::async_initiate<Token, void(asioctx::error_code)>(
        Initiation(), token);
}

// Another, which sees the handler's executor: of this type, and, if it has none
// of its own, by default. It drops the handler.
template <class Executor, bool IsDefault>
struct initiate_sees
{
    template <class Handler>
    void operator()(Handler&&) const
    {
        using association = asio::associated_executor<std::decay_t<Handler>,
            asio::io_context::executor_type>;
        static_assert(
            std::is_same_v<std::decay_t<typename association::type>, Executor>);
        static_assert(IsDefault == requires {
            typename association::asio_associated_executor_is_unspecialised;
        });
    }
};

// Of the same form as one of Asio's, but not Asio's.
template <class>
struct basic_object
{
    struct initiate_async_wait : initiate_own
    {
    };
};

} // namespace

template <class... Signatures>
struct boost::asio::async_result<ask, Signatures...>
{
    template <class Initiation, class... Args>
    static bool initiate(Initiation&&, Args&&...)
    {
        return asioctx::is_single_step<std::decay_t<Initiation>>;
    }
};

template <>
inline constexpr bool asioctx::is_single_step<initiate_own> = true;

template <class Executor, bool IsDefault>
inline constexpr bool
    asioctx::is_single_step<initiate_sees<Executor, IsDefault>> = true;

BOOST_AUTO_TEST_SUITE(test_is_single_step)

BOOST_FIXTURE_TEST_CASE(
    operations_of_io_objects_have_a_single_step, asioctx::test::io_context_fixture)
{
    char bytes[1];
    auto const buffer = asio::buffer(bytes);
    auto const ex = asio::make_strand(ioc);

    asio::ip::tcp::socket socket(ioc);
    BOOST_TEST(socket.async_read_some(buffer, ask()));
    BOOST_TEST(socket.async_write_some(buffer, ask()));
    BOOST_TEST(socket.async_connect({}, ask()));
    BOOST_TEST(socket.async_wait(socket.wait_read, ask()));
    asio::basic_stream_socket<asio::ip::tcp, decltype(ex)> on_strand(ex);
    BOOST_TEST(on_strand.async_read_some(buffer, ask()));

    asio::ip::tcp::acceptor acceptor(ioc);
    BOOST_TEST(acceptor.async_accept(ask()));
    BOOST_TEST(acceptor.async_accept(socket, ask()));

    asio::ip::udp::socket datagrams(ioc);
    asio::ip::udp::endpoint from;
    BOOST_TEST(datagrams.async_receive_from(buffer, from, ask()));

    BOOST_TEST(asio::steady_timer(ioc).async_wait(ask()));
    BOOST_TEST(asio::ip::tcp::resolver(ioc).async_resolve("a", "b", ask()));
    BOOST_TEST(asio::signal_set(ioc).async_wait(ask()));
    BOOST_TEST(asio::readable_pipe(ioc).async_read_some(buffer, ask()));
    asio::experimental::channel<void(asioctx::error_code)> channel(ioc);
    BOOST_TEST(channel.async_receive(ask()));
}

BOOST_FIXTURE_TEST_CASE(
    others_are_not_known_to, asioctx::test::io_context_fixture)
{
    char bytes[1];
    asio::ip::tcp::socket socket(ioc);
    BOOST_TEST(!asio::async_read(socket, asio::buffer(bytes), ask()));
    BOOST_TEST(!asio::async_write(socket, asio::buffer(bytes), ask()));
    BOOST_TEST(!asio::post(ioc, ask()));
    BOOST_TEST(!async_own<initiate_unknown>(ask()));
    BOOST_TEST(!async_own<basic_object<int>::initiate_async_wait>(ask()));
}

BOOST_AUTO_TEST_CASE(names_are_read_to_their_end)
{
    using asioctx::detail::names_io_object_initiation;
    BOOST_TEST(names_io_object_initiation(
        "boost::asio::basic_x<a::b<c> >::initiate_async_y"));
    BOOST_TEST(names_io_object_initiation(
        "boost::asio::posix::basic_x<>::initiate_async_y; more::z]"));
    BOOST_TEST(!names_io_object_initiation(
        "boost::asio::basic_x<a>::initiate_async_y::z"));
    BOOST_TEST(!names_io_object_initiation(
        "boost::asio::detail::op<boost::asio::basic_x<a>::initiate_async_y>"));
    BOOST_TEST(!names_io_object_initiation("a::basic_x<b>::initiate_async_y"));
    BOOST_TEST(!names_io_object_initiation("boost::asio::basic_x<a"));
    BOOST_TEST(!names_io_object_initiation(""));
}

BOOST_AUTO_TEST_CASE(an_operation_may_say_so)
{
    BOOST_TEST(async_own<initiate_own>(ask()));
    // Also when it is bound, as it is if it is bound twice.
    auto const ctx = asioctx::context();
    BOOST_TEST(async_own<initiate_own>(asioctx::bind_context(ctx, ask())));
    BOOST_TEST(!async_own<initiate_unknown>(asioctx::bind_context(ctx, ask())));
}

BOOST_FIXTURE_TEST_CASE(
    the_executor_is_the_handlers_own, asioctx::test::io_context_fixture)
{
    bool called = false;
    auto const handler = [&](asioctx::error_code) { called = true; };
    using own = asio::io_context::executor_type;
    async_own<initiate_sees<own, true>>(asioctx::bind_context(root, handler));

    using strand = asio::strand<own>;
    async_own<initiate_sees<strand, false>>(asioctx::bind_context(
        root, asio::bind_executor(asio::make_strand(ioc), handler)));
    poll();
    BOOST_TEST(!called);
}

BOOST_AUTO_TEST_SUITE_END()
