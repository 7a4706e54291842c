//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "matrix/matrix.hpp"
#include "support/sockets.hpp"

namespace asioctx::test {

namespace {

using asio::ip::tcp;
using asio::ip::udp;
using asio::local::datagram_protocol;
using asio::local::stream_protocol;

// A clock that the test moves.
struct slow_clock
{
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<slow_clock>;
    [[maybe_unused]] static constexpr bool is_steady = true;

    static time_point now()
    {
        return current;
    }

    inline static time_point current{std::chrono::hours(1)};
};

struct timer_wait : subject_of<timer_wait>
{
    using subject_of::subject_of;

    template <class Token>
    void initiate(Token&& token)
    {
        timer.expires_after(std::chrono::hours(1));
        timer.async_wait(std::forward<Token>(token));
        fed = false;
    }

    bool feed() override
    {
        if (std::exchange(fed, true))
            return false;
        slow_clock::current += std::chrono::hours(1);
        // Has the reactor look at its clocks.
        kick.expires_at(asio::steady_timer::time_point());
        kick.async_wait([](error_code const&) {});
        return true;
    }

    bool fed = false;
    asio::basic_waitable_timer<slow_clock> timer{ioc_};
    asio::steady_timer kick{ioc_};
};

// A read of one byte, from any stream.
template <class Pair>
struct read_some : fed_once<read_some<Pair>>
{
    using fed_once<read_some<Pair>>::fed_once;

    template <class Token>
    void initiate(Token&& token)
    {
        pair.socket.async_read_some(
            asio::buffer(&byte, 1), std::forward<Token>(token));
    }

    void satisfy()
    {
        asio::write(pair.peer, asio::buffer("x", 1));
    }

    bool good() override
    {
        return byte == 'x';
    }

    Pair pair{this->ioc_};
    char byte = 0;
};

template <class Pair>
struct write_some : fed_once<write_some<Pair>>
{
    explicit write_some(asio::io_context& ioc) : fed_once<write_some<Pair>>(ioc)
    {
        fill(pair.socket);
    }

    template <class Token>
    void initiate(Token&& token)
    {
        pair.socket.async_write_some(
            asio::buffer("x", 1), std::forward<Token>(token));
    }

    void satisfy()
    {
        drain(pair.peer);
    }

    void renew() override
    {
        fill(pair.socket);
        this->fed = false;
    }

    Pair pair{this->ioc_};
};

// The two ends of a pipe by the names of a pair of sockets.
struct named_pipe_pair : pipe_pair
{
    using pipe_pair::pipe_pair;

    asio::readable_pipe& socket = read_end;
    asio::writable_pipe& peer = write_end;
};

struct descriptor_pair : stream_pair
{
    explicit descriptor_pair(asio::io_context& ioc)
        : stream_pair(ioc), socket(ioc, stream_pair::socket.release())
    {
    }

    asio::posix::stream_descriptor socket;
};

struct pipe_write : fed_once<pipe_write>
{
    explicit pipe_write(asio::io_context& ioc) : fed_once(ioc)
    {
        for (int const fd :
             {pair.read_end.native_handle(), pair.write_end.native_handle()})
            ::fcntl(fd, F_SETFL, O_NONBLOCK);
        renew();
    }

    template <class Token>
    void initiate(Token&& token)
    {
        pair.write_end.async_write_some(
            asio::buffer("x", 1), std::forward<Token>(token));
    }

    void satisfy()
    {
        while (::read(pair.read_end.native_handle(), bytes.data(), bytes.size())
               > 0)
            ;
    }

    void renew() override
    {
        while (
            ::write(pair.write_end.native_handle(), bytes.data(), bytes.size())
            > 0)
            ;
        fed = false;
    }

    pipe_pair pair{ioc_};
    std::array<char, 4096> bytes{};
};

template <class Pair, auto What>
struct wait : fed_once<wait<Pair, What>>
{
    using fed_once<wait<Pair, What>>::fed_once;

    template <class Token>
    void initiate(Token&& token)
    {
        pair.socket.async_wait(What, std::forward<Token>(token));
    }

    void satisfy()
    {
        pair.peer.send(asio::buffer("x", 1));
    }

    Pair pair{this->ioc_};
};

struct udp_receive_from : fed_once<udp_receive_from>
{
    using fed_once::fed_once;

    template <class Token>
    void initiate(Token&& token)
    {
        pair.socket.async_receive_from(
            asio::buffer(buffer), from, std::forward<Token>(token));
    }

    void satisfy()
    {
        pair.peer.send(asio::buffer("x", 1));
    }

    bool good() override
    {
        return buffer[0] == 'x';
    }

    udp_pair pair{ioc_};
    udp::endpoint from;
    std::array<char, 8> buffer{};
};

struct datagram_receive : fed_once<datagram_receive>
{
    using fed_once::fed_once;

    template <class Token>
    void initiate(Token&& token)
    {
        pair.socket.async_receive(
            asio::buffer(buffer), std::forward<Token>(token));
    }

    void satisfy()
    {
        pair.peer.send(asio::buffer("x", 1));
    }

    datagram_pair pair{ioc_};
    std::array<char, 8> buffer{};
};

struct datagram_send : fed_once<datagram_send>
{
    explicit datagram_send(asio::io_context& ioc) : fed_once(ioc)
    {
        fill_datagrams(pair.socket);
    }

    template <class Token>
    void initiate(Token&& token)
    {
        pair.socket.async_send(
            asio::buffer("x", 1), std::forward<Token>(token));
    }

    void satisfy()
    {
        drain_datagrams(pair.peer);
    }

    void renew() override
    {
        fill_datagrams(pair.socket);
        fed = false;
    }

    datagram_pair pair{ioc_};
};

// Urgent data.
struct receive_out_of_band : fed_once<receive_out_of_band>
{
    using fed_once::fed_once;

    template <class Token>
    void initiate(Token&& token)
    {
        pair.socket.async_receive(
            asio::buffer(&byte, 1),
            tcp::socket::message_out_of_band,
            std::forward<Token>(token));
    }

    void satisfy()
    {
        pair.peer.send(asio::buffer("x", 1), tcp::socket::message_out_of_band);
    }

    bool feeds_ahead() const override
    {
        return false;
    }

    tcp_pair pair{ioc_};
    char byte = 0;
};

// With the socket in the result, or given.
template <bool InResult>
struct accept_one : fed_once<accept_one<InResult>>
{
    using fed_once<accept_one>::fed_once;

    template <class Token>
    void initiate(Token&& token)
    {
        accepted = tcp::socket(this->ioc_);
        if constexpr (InResult)
            listener.acceptor.async_accept(std::forward<Token>(token));
        else
            listener.acceptor.async_accept(
                accepted, std::forward<Token>(token));
    }

    void satisfy()
    {
        client = tcp::socket(this->ioc_);
        client.connect(listener.endpoint());
    }

    open_listener listener{this->ioc_};
    tcp::socket client{this->ioc_};
    tcp::socket accepted{this->ioc_};
};

struct connect_to : subject_of<connect_to>
{
    explicit connect_to(asio::io_context& ioc, bool moving = false)
        : subject_of(ioc), to(moving ? open.endpoint() : full.endpoint())
    {
    }

    template <class Token>
    void initiate(Token&& token)
    {
        socket.async_connect(to, std::forward<Token>(token));
    }

    // The kernel answers.
    bool feed() override
    {
        return false;
    }

    void renew() override
    {
        to = open.endpoint();
    }

    full_listener full{ioc_};
    open_listener open{ioc_};
    tcp::endpoint to;
    tcp::socket socket{ioc_};
};

struct connect_to_open : connect_to
{
    explicit connect_to_open(asio::io_context& ioc) : connect_to(ioc, true)
    {
    }
};

struct signal_wait : fed_once<signal_wait>
{
    using fed_once::fed_once;

    template <class Token>
    void initiate(Token&& token)
    {
        signals.async_wait(std::forward<Token>(token));
    }

    void satisfy()
    {
        std::raise(SIGUSR1);
    }

    asio::signal_set signals{ioc_, SIGUSR1};
};

// A thread resolves.
struct resolve : subject_of<resolve>
{
    using subject_of::subject_of;

    template <class Token>
    void initiate(Token&& token)
    {
        resolver.async_resolve("127.0.0.1", "1", std::forward<Token>(token));
    }

    bool feed() override
    {
        return false;
    }

    tcp::resolver resolver{ioc_};
};

} // namespace

} // namespace asioctx::test

int main()
{
    using namespace asioctx::test;
    return run_matrix({
        {"timers", "async_wait", make<timer_wait>},
        {"TCP", "async_read_some", make<read_some<tcp_pair>>},
        {"TCP", "async_write_some", make<write_some<tcp_pair>>},
        {"TCP", "async_wait", make<wait<tcp_pair, tcp::socket::wait_read>>},
        {"TCP", "async_receive, out of band", make<receive_out_of_band>},
        {"TCP",
         "async_connect",
         make<connect_to>,
         other_side::fed,
         make<connect_to_open>},
        {"TCP", "async_accept", make<accept_one<false>>},
        {"TCP", "async_accept, socket in the result", make<accept_one<true>>},
        {"UDP", "async_receive_from", make<udp_receive_from>},
        {"local sockets", "async_read_some", make<read_some<stream_pair>>},
        {"local sockets", "async_write_some", make<write_some<stream_pair>>},
        {"local sockets", "async_receive, datagram", make<datagram_receive>},
        {"local sockets", "async_send, datagram", make<datagram_send>},
        {"descriptors",
         "stream_descriptor::async_read_some",
         make<read_some<descriptor_pair>>},
        {"descriptors",
         "stream_descriptor::async_write_some",
         make<write_some<descriptor_pair>>},
        {"descriptors",
         "readable_pipe::async_read_some",
         make<read_some<named_pipe_pair>>},
        {"descriptors", "writable_pipe::async_write_some", make<pipe_write>},
        {"signal_set", "async_wait", make<signal_wait>},
        {"resolver", "async_resolve", make<resolve>, other_side::by_itself},
    });
}
