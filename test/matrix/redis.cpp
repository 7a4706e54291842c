//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <boost/asio/detached.hpp>
#include <boost/redis/config.hpp>
#include <boost/redis/connection.hpp>
#include <boost/redis/ignore.hpp>
#include <boost/redis/logger.hpp>
#include <boost/redis/request.hpp>
#include <boost/redis/response.hpp>

#include <chrono>
#include <string>
#include <tuple>
#include <utility>

#include "matrix/matrix.hpp"
#include "matrix/server.hpp"

namespace asioctx::test {

namespace {

namespace redis = boost::redis;

template <class Derived>
struct redis_subject : server_subject<Derived>
{
    explicit redis_subject(asio::io_context& ioc) : server_subject<Derived>(ioc)
    {
        config.addr.port = this->s.address();
        config.health_check_interval = std::chrono::seconds(0);
        config.reconnect_wait_interval = std::chrono::seconds(0);
    }

    static redis::logger quiet()
    {
        return redis::logger(redis::logger::level::disabled);
    }

    // Runs the connection until it is there.
    void connect()
    {
        connection.async_run(config, quiet(), asio::detached);
        wait_for_connection();
    }

    void wait_for_connection()
    {
        redis::request r;
        r.push("PING");
        bool done = false;
        connection.async_exec(
            r,
            redis::ignore,
            [&](error_code const&, std::size_t) { done = true; });
        while (!done)
            this->ioc_.run_one();
        this->ioc_.poll();
    }

    redis::config config;
    redis::connection connection{this->ioc_};
};

struct exec : redis_subject<exec>
{
    explicit exec(asio::io_context& ioc) : redis_subject(ioc)
    {
        connect();
        request.get_config().cancel_if_not_connected = true;
        request.push("PING", "hello");
    }

    template <class Token>
    void initiate(Token&& token)
    {
        connection.async_exec(request, answer, std::forward<Token>(token));
    }

    bool good() override
    {
        auto const& said = std::get<0>(answer);
        return said.has_value() && said.value() == "hello";
    }

    redis::request request;
    redis::response<std::string> answer;
};

struct receive : redis_subject<receive>
{
    explicit receive(asio::io_context& ioc) : redis_subject(ioc)
    {
        connect();
    }

    template <class Token>
    void initiate(Token&& token)
    {
        connection.async_receive(std::forward<Token>(token));
    }
};

struct run_connection : redis_subject<run_connection>
{
    using redis_subject::redis_subject;

    template <class Token>
    void initiate(Token&& token)
    {
        connection.async_run(config, quiet(), std::forward<Token>(token));
        // A request that comes while it resolves is a matter of luck.
        resume();
        wait_for_connection();
        pause();
    }
};

} // namespace

} // namespace asioctx::test

int main()
{
    using namespace asioctx::test;
    using enum other_side;
    return run_matrix({
        {"Boost.Redis", "connection::async_exec", make<exec>, by_itself},
        {"Boost.Redis", "connection::async_receive", make<receive>, none},
        {"Boost.Redis",
         "connection::async_run, connected",
         make<run_connection>,
         none},
    });
}
