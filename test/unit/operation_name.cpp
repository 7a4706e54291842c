//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/detail/operation_name.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

using namespace asioctx::detail;

namespace {

std::string name(std::string_view type)
{
    return name_operation(type).data();
}

struct initiate_send
{
};

template <class... T>
struct initiate_composed_op
{
};

struct handshake_op
{
};

} // namespace

BOOST_AUTO_TEST_SUITE(test_operation_name)

BOOST_AUTO_TEST_CASE(it_is_what_people_call_the_operation)
{
    BOOST_TEST(
        name("boost::asio::basic_stream_socket<boost::asio::ip::tcp, "
             "boost::asio::any_io_executor>::initiate_async_receive]")
        == "basic_stream_socket::async_receive");
    BOOST_TEST(
        name(
            "boost::asio::basic_waitable_timer<std::chrono::_V2::steady_clock, "
            "boost::asio::wait_traits<X> >::initiate_async_wait; more = X]")
        == "basic_waitable_timer::async_wait");
    BOOST_TEST(
        name("boost::asio::basic_socket_acceptor<boost::asio::ip::tcp>::"
             "initiate_async_move_accept]")
        == "basic_socket_acceptor::async_accept");
    BOOST_TEST(
        name("boost::asio::detail::initiate_async_read<boost::asio::"
             "basic_stream_socket<boost::asio::ip::tcp> >]")
        == "async_read");
    BOOST_TEST(
        name("boost::asio::detail::initiate_co_spawn<boost::asio::"
             "any_io_executor>]")
        == "co_spawn");
    BOOST_TEST(name("db::client::read_op]") == "client::read_op");
    BOOST_TEST(name("my_operation]") == "my_operation");
    BOOST_TEST(name("main()::<lambda(auto:1)>]") == "main");
    BOOST_TEST(
        name("db::async_ask(int, T&&) [with T = a::b]::<lambda(auto:1)>]")
        == "db::async_ask");
    BOOST_TEST(name("(lambda at a.cpp:1:2)]") == "lambda");
    BOOST_TEST(name("") == "operation");
}

// Of the types that MSVC calls name_of<T>() by.
BOOST_AUTO_TEST_CASE(msvc_says_also_what_a_type_is)
{
    auto const by_msvc = [](std::string const& type)
    {
        return std::string(name_in(
            "class std::basic_string_view<char,struct std::char_traits<char> > "
            "__cdecl asioctx::detail::name_of<"
            + type + ">(void) noexcept"));
    };
    std::string const wait =
        "class boost::asio::basic_waitable_timer<struct "
        "std::chrono::steady_clock,struct boost::asio::wait_traits<struct "
        "std::chrono::steady_clock>,class "
        "boost::asio::any_io_executor>::initiate_async_wait";
    BOOST_TEST(name(by_msvc(wait)) == "basic_waitable_timer::async_wait");
    BOOST_TEST(names_io_object_initiation(by_msvc(wait)));
    BOOST_TEST(names_beast_operation(
        by_msvc("class boost::beast::websocket::stream<class x,1>::read_op")));
    BOOST_TEST(name(by_msvc("struct my_operation")) == "my_operation");
    BOOST_TEST(name(by_msvc("int")) == "int");
    BOOST_TEST(
        name(by_msvc("class db::async_ask::<lambda_1>")) == "db::async_ask");
    BOOST_TEST(name_in("void __cdecl f(void)").empty());
}

BOOST_AUTO_TEST_CASE(a_long_one_is_cut)
{
    std::string const longest(100, 'x');
    BOOST_TEST(name(longest) == std::string(55, 'x'));
}

BOOST_AUTO_TEST_CASE(what_is_composed_gives_its_name_to_the_operation)
{
    BOOST_TEST(
        std::string_view(operation_name<initiate_send>).ends_with("send"));
    BOOST_TEST(std::string_view(
                   operation_name<initiate_composed_op<int>, handshake_op>)
                   .ends_with("handshake_op"));
}

BOOST_AUTO_TEST_SUITE_END()
