//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/experimental/concurrent_channel.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <cstddef>
#include <utility>
#include <vector>

#include "matrix/matrix.hpp"
#include "support/sockets.hpp"

namespace asioctx::test {

namespace {

namespace exp = asio::experimental;

// What an object holds is counted after a cancellation, by kept(), or after
// that and one more operation, by good(). Nothing is renewed in between.

constexpr std::size_t room = 3;

// The number of messages that a channel takes, or gives.
template <class Channel>
std::size_t fill_channel(Channel& channel)
{
    std::size_t n = 0;
    while (channel.try_send(error_code(), 1))
        ++n;
    return n;
}

template <class Channel>
std::size_t drain_channel(Channel& channel)
{
    std::size_t n = 0;
    while (channel.try_receive([](error_code const&, int) {}))
        ++n;
    return n;
}

// Whether a channel takes as many messages as it has room for, and gives them.
template <class Channel>
bool has_room(Channel& channel)
{
    return fill_channel(channel) == room && drain_channel(channel) == room;
}

// A channel with free room, which takes that many messages afterwards.
template <class Channel>
struct room_of_receive : fed_once<room_of_receive<Channel>>
{
    using fed_once<room_of_receive>::fed_once;

    template <class Token>
    void initiate(Token&& token)
    {
        channel.async_receive(std::forward<Token>(token));
    }

    void satisfy()
    {
        channel.try_send(error_code(), 1);
    }

    bool kept() override
    {
        drain_channel(channel);
        return has_room(channel);
    }

    bool good() override
    {
        return has_room(channel);
    }

    Channel channel{this->ioc_, room};
};

// A channel that is full, and so are its messages afterwards: those that were
// there, and no other.
template <class Channel>
struct room_of_send : fed_once<room_of_send<Channel>>
{
    explicit room_of_send(asio::io_context& ioc) : fed_once<room_of_send>(ioc)
    {
        fill_with(room);
    }

    template <class Token>
    void initiate(Token&& token)
    {
        channel.async_send(error_code(), 1, std::forward<Token>(token));
    }

    void satisfy()
    {
        channel.try_receive([](error_code const&, int) {});
    }

    bool kept() override
    {
        // One was received beforehand, if that is what the test is about.
        bool const all = drain_channel(channel) == room - this->fed;
        bool const takes = has_room(channel);
        fill_with(room);
        return all && takes;
    }

    bool good() override
    {
        return drain_channel(channel) == room && has_room(channel);
    }

    void renew() override
    {
        this->fed = false;
    }

    void fill_with(std::size_t n)
    {
        while (n-- > 0)
            channel.try_send(error_code(), 1);
    }

    Channel channel{this->ioc_, room};
};

// Waits for room in a channel that is full, and closed meanwhile: nobody will
// ever receive what it sends.
template <class Channel>
struct send_to_closed : subject_of<send_to_closed<Channel>>
{
    explicit send_to_closed(asio::io_context& ioc)
        : subject_of<send_to_closed>(ioc)
    {
        channel.try_send(error_code(), 1);
    }

    template <class Token>
    void initiate(Token&& token)
    {
        channel.async_send(error_code(), 1, std::forward<Token>(token));
        channel.close();
    }

    bool feed() override
    {
        return false;
    }

    Channel channel{this->ioc_, 1};
};

using channel = exp::channel<void(error_code, int)>;
using concurrent_channel = exp::concurrent_channel<void(error_code, int)>;

// Bytes that were sent are in the operation's buffer or still to be read.
template <class Pair, bool All>
struct bytes_of_read : fed_once<bytes_of_read<Pair, All>>
{
    using fed_once<bytes_of_read>::fed_once;

    template <class Token>
    void initiate(Token&& token)
    {
        if constexpr (All)
            asio::async_read(
                pair.socket, asio::buffer(buffer), std::forward<Token>(token));
        else
            pair.socket.async_read_some(
                asio::buffer(buffer), std::forward<Token>(token));
    }

    void satisfy()
    {
        sent += asio::write(pair.peer, asio::buffer("xxx", 3));
    }

    bool good() override
    {
        std::size_t rest = 0;
        pair.socket.non_blocking(true);
        repeat_until_blocked(
            [&](auto& ec)
            {
                char c;
                rest += pair.socket.read_some(asio::buffer(&c, 1), ec);
            });
        return std::exchange(sent, 0) == sizeof buffer + rest;
    }

    void renew() override
    {
        this->fed = false;
    }

    Pair pair{this->ioc_};
    char buffer[3] = {};
    std::size_t sent = 0;
};

// Connections that were made are accepted by the operation, or still to be.
template <class Protocol>
struct connections_of_accept : fed_once<connections_of_accept<Protocol>>
{
    using fed_once<connections_of_accept>::fed_once;

    template <class Token>
    void initiate(Token&& token)
    {
        socket = typename Protocol::socket(this->ioc_);
        acceptor.async_accept(socket, std::forward<Token>(token));
    }

    void satisfy()
    {
        clients.emplace_back(this->ioc_).connect(acceptor.local_endpoint());
    }

    bool good() override
    {
        std::size_t accepted = socket.is_open();
        acceptor.non_blocking(true);
        repeat_until_blocked(
            [&](auto& ec)
            {
                typename Protocol::socket s(this->ioc_);
                acceptor.accept(s, ec);
                accepted += !ec;
            });
        bool const all = accepted == clients.size();
        clients.clear();
        return all;
    }

    typename Protocol::acceptor acceptor{
        this->ioc_, loopback<typename Protocol::endpoint>()};
    typename Protocol::socket socket{this->ioc_};
    std::vector<typename Protocol::socket> clients;
};

} // namespace

} // namespace asioctx::test

int main()
{
    using namespace asioctx::test;
    using boost::asio::ip::tcp;
    constexpr auto family = "what is kept";
    return run_matrix({
        {family,
         "channel::async_receive, room",
         make<room_of_receive<channel>>},
        {family, "channel::async_send, messages", make<room_of_send<channel>>},
        {family,
         "concurrent_channel::async_receive, room",
         make<room_of_receive<concurrent_channel>>},
        {family,
         "concurrent_channel::async_send, messages",
         make<room_of_send<concurrent_channel>>},
        {family,
         "channel::async_send, closed meanwhile",
         make<send_to_closed<channel>>,
         other_side::none},
        {family,
         "concurrent_channel::async_send, closed meanwhile",
         make<send_to_closed<concurrent_channel>>,
         other_side::none},
        {family,
         "tcp::socket::async_read_some, bytes",
         make<bytes_of_read<tcp_pair, false>>},
        {family,
         "async_read, bytes of a TCP socket",
         make<bytes_of_read<tcp_pair, true>>},
        {family,
         "stream_protocol::socket::async_read_some, bytes",
         make<bytes_of_read<stream_pair, false>>},
        {family,
         "tcp::acceptor::async_accept, connections",
         make<connections_of_accept<tcp>>},
    });
}
