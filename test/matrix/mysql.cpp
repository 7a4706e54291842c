//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/mysql/any_address.hpp>
#include <boost/mysql/any_connection.hpp>
#include <boost/mysql/connect_params.hpp>
#include <boost/mysql/results.hpp>
#include <boost/mysql/statement.hpp>

#include <stdexcept>
#include <string>
#include <utility>

#include "matrix/matrix.hpp"
#include "matrix/mysql_relay.hpp"
#include "matrix/server.hpp"

namespace asioctx::test {

namespace {

namespace mysql = boost::mysql;

// No two questions have the same answer, so that none is taken for another's.
int last_number = 40;

// "Usable" is said of a connection on which the operation succeeds again and a
// query, the operation itself or one after it, gets its own answer.
template <class Derived>
struct session : subject_of<Derived>
{
    explicit session(asio::io_context& ioc, bool connected = true)
        : subject_of<Derived>(ioc)
    {
        params.server_address = mysql::unix_path{relay.address()};
        params.username = "root";
        if (connected && !connect())
            throw std::runtime_error("there is no session to be had");
    }

    bool feed() override
    {
        return relay.pass_half();
    }

    // Brings an operation to its end without the matrix.
    template <class F>
    bool succeeds(F initiate)
    {
        own = {};
        initiate(recorder(own));
        do
            this->ioc_.poll();
        while (own.calls == 0 && relay.pass_half());
        return own.calls == 1 && !own.error;
    }

    bool connect()
    {
        return succeeds([&](recorder r)
                        { connection.async_connect(params, r); });
    }

    std::string question() const
    {
        return "SELECT " + std::to_string(number);
    }

    bool answered() const
    {
        return result.has_value() && result.rows().size() == 1
            && result.rows()[0].size() == 1 && result.rows()[0][0].is_int64()
            && result.rows()[0][0].get_int64() == number;
    }

    bool answers()
    {
        number = ++last_number;
        return succeeds([&](recorder r)
                        { connection.async_execute(question(), result, r); })
            && answered();
    }

    server s;
    mysql_relay relay{this->ioc_, s.address()};
    mysql::connect_params params;
    mysql::any_connection connection{this->ioc_};
    mysql::results result;
    int number = ++last_number;
    ending own;
};

struct open_session : session<open_session>
{
    explicit open_session(asio::io_context& ioc) : session(ioc, false)
    {
    }

    template <class Token>
    void initiate(Token&& token)
    {
        connection.async_connect(params, std::forward<Token>(token));
    }

    bool good() override
    {
        return answers();
    }
};

// One command of the protocol.
template <class Derived, mysql_relay::command Command>
struct command : session<Derived>
{
    using session<Derived>::session;

    template <class Token>
    void initiate(Token&& token)
    {
        started = true;
        static_cast<Derived&>(*this).send(std::forward<Token>(token));
    }

    bool feed() override
    {
        if (!started && !std::exchange(asked, true))
            this->relay.send_ahead(
                Command, Command == mysql_relay::ping ? "" : this->question());
        return this->relay.pass_half();
    }

    bool feeds_ahead() const override
    {
        return true;
    }

    void renew() override
    {
        this->number = ++last_number;
    }

    bool started = false;
    bool asked = false;
};

struct execute : command<execute, mysql_relay::query>
{
    using command::command;

    template <class Token>
    void send(Token&& token)
    {
        connection.async_execute(
            question(), result, std::forward<Token>(token));
    }

    bool good() override
    {
        return answered();
    }
};

// What a user can do about the answer that is still to come.
struct execute_then_connect : execute
{
    using execute::execute;

    void renew() override
    {
        execute::renew();
        connect();
    }
};

struct prepare : command<prepare, mysql_relay::prepare>
{
    using command::command;

    template <class Token>
    void send(Token&& token)
    {
        connection.async_prepare_statement(
            question(),
            adapt_inside(
                std::move(token),
                [this](recorder r)
                {
                    return [this, r](error_code ec, mysql::statement st)
                    {
                        statement = st;
                        r(ec);
                    };
                }));
    }

    bool good() override
    {
        return succeeds(
                   [&](recorder r)
                   { connection.async_execute(statement.bind(), result, r); })
            && answered();
    }

    mysql::statement statement;
};

struct ping : command<ping, mysql_relay::ping>
{
    using command::command;

    template <class Token>
    void send(Token&& token)
    {
        connection.async_ping(std::forward<Token>(token));
    }

    bool good() override
    {
        return answers();
    }
};

template <class Derived>
struct closing : session<Derived>
{
    using session<Derived>::session;

    template <class Token>
    void initiate(Token&& token)
    {
        this->connection.async_close(std::forward<Token>(token));
    }

    // What is closed can be connected.
    bool good() override
    {
        return this->connect() && this->answers();
    }
};

struct close_session : closing<close_session>
{
    using closing::closing;
};

// The server reads nothing, and a query that was canceled fills the socket.
struct close_that_waits : closing<close_that_waits>
{
    explicit close_that_waits(asio::io_context& ioc) : closing(ioc)
    {
        asio::cancellation_signal stop;
        connection.async_execute(
            std::string(1 << 20, ' '),
            result,
            asio::bind_cancellation_slot(stop.slot(), recorder(own)));
        ioc_.poll();
        stop.emit(asio::cancellation_type::terminal);
        ioc_.poll();
    }

    bool feed() override
    {
        return relay.drop();
    }
};

} // namespace

} // namespace asioctx::test

int main()
{
    using namespace asioctx::test;
    using enum other_side;
    constexpr auto family = "Boost.MySQL";
    return run_matrix({
        {family, "any_connection::async_connect", make<open_session>},
        {family, "any_connection::async_execute", make<execute>},
        {family,
         "any_connection::async_execute, then async_connect",
         make<execute_then_connect>},
        {family, "any_connection::async_prepare_statement", make<prepare>},
        {family, "any_connection::async_ping", make<ping>},
        {family,
         "any_connection::async_close",
         make<close_that_waits>,
         fed,
         make<close_session>},
    });
}
