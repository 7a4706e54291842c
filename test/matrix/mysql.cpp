//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <boost/asio/detached.hpp>
#include <boost/mysql/any_address.hpp>
#include <boost/mysql/any_connection.hpp>
#include <boost/mysql/connect_params.hpp>
#include <boost/mysql/connection_pool.hpp>
#include <boost/mysql/pool_params.hpp>
#include <boost/mysql/results.hpp>
#include <boost/mysql/ssl_mode.hpp>
#include <boost/mysql/string_view.hpp>

#include <utility>

#include "matrix/matrix.hpp"
#include "matrix/server.hpp"

namespace asioctx::test {

namespace {

namespace mysql = boost::mysql;

template <class Derived>
struct mysql_subject : subject_of<Derived>
{
    using subject_of<Derived>::subject_of;

    bool feed() override
    {
        return false;
    }

    bool can_pause() const override
    {
        return true;
    }

    void pause() override
    {
        s.pause();
    }

    void resume() override
    {
        s.resume();
    }

    server s;
};

template <class Derived>
struct connection_subject : mysql_subject<Derived>
{
    explicit connection_subject(asio::io_context& ioc, bool connected = true)
        : mysql_subject<Derived>(ioc)
    {
        params.server_address = mysql::unix_path{this->s.address()};
        params.username = "root";
        params.ssl = mysql::ssl_mode::disable;
        if (connected)
            connection.connect(params);
    }

    mysql::any_connection connection{this->ioc_};
    mysql::connect_params params;
};

struct open_session : connection_subject<open_session>
{
    explicit open_session(asio::io_context& ioc)
        : connection_subject(ioc, false)
    {
    }

    template <class Token>
    void initiate(Token&& token)
    {
        connection.async_connect(params, std::forward<Token>(token));
    }
};

struct ping : connection_subject<ping>
{
    using connection_subject::connection_subject;

    template <class Token>
    void initiate(Token&& token)
    {
        connection.async_ping(std::forward<Token>(token));
    }
};

struct execute : connection_subject<execute>
{
    using connection_subject::connection_subject;

    template <class Token>
    void initiate(Token&& token)
    {
        result = {};
        connection.async_execute(
            "SELECT 6 * 7", result, std::forward<Token>(token));
    }

    bool good() override
    {
        return result.has_value() && result.rows().size() == 1
            && result.rows().at(0).at(0).as_int64() == 42;
    }

    mysql::results result;
};

struct prepare : connection_subject<prepare>
{
    using connection_subject::connection_subject;

    template <class Token>
    void initiate(Token&& token)
    {
        connection.async_prepare_statement(
            "SELECT ?", std::forward<Token>(token));
    }
};

template <class Derived>
struct pool_subject : mysql_subject<Derived>
{
    using mysql_subject<Derived>::mysql_subject;

    static mysql::pool_params params(server const& s)
    {
        mysql::pool_params p;
        p.server_address = mysql::unix_path{s.address()};
        p.username = "root";
        p.ssl = mysql::ssl_mode::disable;
        return p;
    }

    mysql::connection_pool pool{this->ioc_, params(this->s)};
};

struct get_connection : pool_subject<get_connection>
{
    explicit get_connection(asio::io_context& ioc) : pool_subject(ioc)
    {
        s.pause();
        pool.async_run(asio::detached);
    }

    template <class Token>
    void initiate(Token&& token)
    {
        pool.async_get_connection(std::forward<Token>(token));
    }
};

struct run_pool : pool_subject<run_pool>
{
    using pool_subject::pool_subject;

    template <class Token>
    void initiate(Token&& token)
    {
        pool.async_run(std::forward<Token>(token));
    }
};

} // namespace

} // namespace asioctx::test

int main()
{
    using namespace asioctx::test;
    using enum other_side;
    return run_matrix({
        {"Boost.MySQL",
         "any_connection::async_connect",
         make<open_session>,
         by_itself},
        {"Boost.MySQL",
         "any_connection::async_execute",
         make<execute>,
         by_itself},
        {"Boost.MySQL", "any_connection::async_ping", make<ping>, by_itself},
        {"Boost.MySQL",
         "any_connection::async_prepare_statement",
         make<prepare>,
         by_itself},
        {"Boost.MySQL",
         "connection_pool::async_get_connection",
         make<get_connection>,
         by_itself},
        {"Boost.MySQL", "connection_pool::async_run", make<run_pool>, none},
    });
}
