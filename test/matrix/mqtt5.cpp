//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/mqtt5/mqtt_client.hpp>
#include <boost/mqtt5/types.hpp>

#include <cstdint>
#include <string>
#include <utility>

#include "matrix/matrix.hpp"
#include "matrix/server.hpp"

namespace asioctx::test {

namespace {

namespace mqtt = boost::mqtt5;

template <class Derived>
struct mqtt_subject : server_subject<Derived>
{
    explicit mqtt_subject(asio::io_context& ioc) : server_subject<Derived>(ioc)
    {
        client.brokers(
            "127.0.0.1",
            static_cast<std::uint16_t>(std::stoi(this->s.address())));
    }

    // Not if it runs.
    void run()
    {
        client.async_run(asio::detached);
    }

    void connect()
    {
        run();
        wait_for_connection();
    }

    void wait_for_connection()
    {
        bool done = false;
        client.template async_publish<mqtt::qos_e::at_least_once>(
            "matrix/first",
            "",
            mqtt::retain_e::no,
            mqtt::publish_props{},
            [&](error_code const&, auto&&...) { done = true; });
        while (!done)
            this->ioc_.run_one();
        this->ioc_.poll();
    }

    template <mqtt::qos_e Qos, class Token>
    void send(Token&& token)
    {
        client.template async_publish<Qos>(
            "matrix",
            "hello",
            mqtt::retain_e::no,
            mqtt::publish_props{},
            std::forward<Token>(token));
    }

    template <class Token>
    void ask_for_messages(Token&& token)
    {
        mqtt::subscribe_options options;
        options.no_local = mqtt::no_local_e::no; // what it says itself, too
        client.async_subscribe(
            mqtt::subscribe_topic{"matrix", options},
            mqtt::subscribe_props{},
            std::forward<Token>(token));
    }

    mqtt::mqtt_client<asio::ip::tcp::socket> client{this->ioc_};
};

template <mqtt::qos_e Qos>
struct publish : mqtt_subject<publish<Qos>>
{
    explicit publish(asio::io_context& ioc) : mqtt_subject<publish>(ioc)
    {
        this->connect();
    }

    template <class Token>
    void initiate(Token&& token)
    {
        this->template send<Qos>(std::forward<Token>(token));
    }
};

// What a user can do about a client that has ended.
struct publish_then_run : publish<mqtt::qos_e::at_least_once>
{
    using publish::publish;

    void renew() override
    {
        run();
    }
};

// The broker has not yet answered.
template <mqtt::qos_e Qos>
struct publish_early : mqtt_subject<publish_early<Qos>>
{
    explicit publish_early(asio::io_context& ioc)
        : mqtt_subject<publish_early>(ioc)
    {
        this->run();
    }

    template <class Token>
    void initiate(Token&& token)
    {
        this->template send<Qos>(std::forward<Token>(token));
    }
};

struct subscribe : mqtt_subject<subscribe>
{
    explicit subscribe(asio::io_context& ioc) : mqtt_subject(ioc)
    {
        connect();
    }

    template <class Token>
    void initiate(Token&& token)
    {
        ask_for_messages(std::forward<Token>(token));
    }
};

struct unsubscribe : mqtt_subject<unsubscribe>
{
    explicit unsubscribe(asio::io_context& ioc) : mqtt_subject(ioc)
    {
        connect();
    }

    template <class Token>
    void initiate(Token&& token)
    {
        client.async_unsubscribe(
            "matrix", mqtt::unsubscribe_props{}, std::forward<Token>(token));
    }
};

struct receive : mqtt_subject<receive>
{
    explicit receive(asio::io_context& ioc) : mqtt_subject(ioc)
    {
        connect();
        bool done = false;
        ask_for_messages([&](error_code const&, auto&&...) { done = true; });
        while (!done)
            ioc_.run_one();
    }

    template <class Token>
    void initiate(Token&& token)
    {
        send<mqtt::qos_e::at_most_once>(asio::detached);
        client.async_receive(adapt_inside(
            std::forward<Token>(token),
            [this](recorder r)
            {
                return [this,
                        r](error_code ec,
                           std::string const&,
                           std::string text,
                           mqtt::publish_props const&)
                {
                    received = std::move(text);
                    r(ec);
                };
            }));
    }

    bool good() override
    {
        return received == "hello";
    }

    std::string received;
};

struct run_client : mqtt_subject<run_client>
{
    using mqtt_subject::mqtt_subject;

    template <class Token>
    void initiate(Token&& token)
    {
        client.async_run(std::forward<Token>(token));
        resume();
        wait_for_connection();
        pause();
    }
};

// Before the broker has answered. Else it does not wait.
struct disconnect : mqtt_subject<disconnect>
{
    explicit disconnect(asio::io_context& ioc) : mqtt_subject(ioc)
    {
        run();
    }

    template <class Token>
    void initiate(Token&& token)
    {
        client.async_disconnect(std::forward<Token>(token));
    }

    void renew() override
    {
        run();
    }
};

} // namespace

} // namespace asioctx::test

int main()
{
    using namespace asioctx::test;
    using enum other_side;
    using enum boost::mqtt5::qos_e;
    constexpr auto family = "Boost.MQTT5";
    return run_matrix({
        {family,
         "async_publish, QoS 0, not connected yet",
         make<publish_early<at_most_once>>,
         by_itself},
        {family,
         "async_publish, QoS 1",
         make<publish<at_least_once>>,
         by_itself},
        {family,
         "async_publish, QoS 1, not connected yet",
         make<publish_early<at_least_once>>,
         by_itself},
        {family,
         "async_publish, QoS 1, then async_run",
         make<publish_then_run>,
         by_itself},
        {family,
         "async_publish, QoS 2",
         make<publish<exactly_once>>,
         by_itself},
        {family, "async_subscribe", make<subscribe>, by_itself},
        {family, "async_unsubscribe", make<unsubscribe>, by_itself},
        {family, "async_receive", make<receive>, by_itself},
        {family, "async_run, connected", make<run_client>, none},
        {family,
         "async_disconnect, not connected yet",
         make<disconnect>,
         by_itself},
    });
}
