//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Operations of one step, each with every kind of executor that its handler may
// have, canceled from one thread while on another, where the I/O object lives,
// the operation completes or the object is closed. Each handler is called once;
// what it is then told is right; and the execution contexts run until it has
// been called. With the handler the operation has gone: the object is destroyed
// or moved.
//
// With "bare" among the arguments nothing is canceled: what fails then is not
// the library's fault.

#include "support/executors.hpp"
#include "support/local_pair.hpp"

#include <asioctx/detach_on_cancel.hpp>

#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/steady_timer.hpp>

#if !defined(BOOST_ASIO_WINDOWS)
#include <unistd.h>
#endif

using namespace race;
using namespace std::chrono_literals;
using datagram_protocol = asioctx::test::local_datagram;
using stream_protocol = asioctx::test::local_stream;

namespace {

// What all families have in common. A family has an I/O object and an operation
// on it. All its functions are called where the object lives; prepare() and
// start() first, then complete() or close().
struct family
{
    template <class Kind>
    static constexpr bool allows = true;

    static constexpr bool steps_on_handler = false;

    template <class Token>
    auto bind(asioctx::context const& ctx, Token&& token)
    {
        return asioctx::bind_context(ctx, std::forward<Token>(token));
    }

    void prepare()
    {
    }
};

struct timer_wait : family
{
    static constexpr auto name = "timer_wait";

    timer_wait(world& w, action what)
        : completes(
            what == action::completes
            || what == action::completes_and_is_moved),
          timer(w.object_executor)
    {
    }

    void prepare()
    {
        timer.expires_after(completes ? 0h : 1h);
    }

    template <class Token>
    auto start(Token&& token)
    {
        return timer.async_wait(std::forward<Token>(token));
    }

    void complete()
    {
    }

    void close()
    {
        timer.cancel();
    }

    bool completes;
    asio::steady_timer timer;
};

// The handler does not wait for the operation, but for the request.
struct detached_wait : timer_wait
{
    static constexpr auto name = "detached_wait";

    using timer_wait::timer_wait;

    template <class Token>
    auto bind(asioctx::context const& ctx, Token&& token)
    {
        return asioctx::detach_on_cancel(ctx, std::forward<Token>(token));
    }
};

struct read_some : family
{
    static constexpr auto name = "read_some";

    read_some(world& w, action) : socket(w.object_executor), peer(w.ioc)
    {
        asioctx::test::connect_pair(socket, peer);
    }

    template <class Token>
    auto start(Token&& token)
    {
        return socket.async_read_some(
            asio::buffer(*data), std::forward<Token>(token));
    }

    void complete()
    {
        peer.write_some(asio::buffer("x", 1));
    }

    void close()
    {
        socket.close();
    }

    std::unique_ptr<std::array<char, 4>> data =
        std::make_unique<std::array<char, 4>>();
    stream_protocol::socket socket;
    stream_protocol::socket peer;
};

struct write_some : read_some
{
    static constexpr auto name = "write_some";

    write_some(world& w, action what) : read_some(w, what)
    {
        socket.set_option(asio::socket_base::send_buffer_size(1));
        socket.non_blocking(true);
        std::vector<char> const much(100000);
        error_code ec;
        while (!ec)
            socket.write_some(asio::buffer(much), ec);
    }

    template <class Token>
    auto start(Token&& token)
    {
        return socket.async_write_some(
            asio::buffer(*data), std::forward<Token>(token));
    }

    void complete()
    {
        std::vector<char> much(100000);
        error_code ec;
        peer.non_blocking(true);
        while (!ec)
            peer.read_some(asio::buffer(much), ec);
    }
};

struct receive_one : family
{
    static constexpr auto name = "receive";

    receive_one(world& w, action) : socket(w.object_executor), peer(w.ioc)
    {
        asioctx::test::connect_pair(socket, peer);
    }

    template <class Token>
    auto start(Token&& token)
    {
        return socket.async_receive(
            asio::buffer(*data), std::forward<Token>(token));
    }

    void complete()
    {
        peer.send(asio::buffer("x", 1));
    }

    void close()
    {
        socket.close();
    }

    std::unique_ptr<std::array<char, 4>> data =
        std::make_unique<std::array<char, 4>>();
    datagram_protocol::socket socket;
    datagram_protocol::socket peer;
};

struct accept_one : family
{
    static constexpr auto name = "accept";

#if defined(BOOST_ASIO_WINDOWS)
    static stream_protocol::endpoint next_name()
    {
        return {asio::ip::address_v4::loopback(), 0};
    }
#else
    // Unix sockets whose names are in no file system.
    static stream_protocol::endpoint next_name()
    {
        static int n = 0;
        return std::string(1, '\0') + "asioctx " + std::to_string(::getpid())
            + ' ' + std::to_string(++n);
    }
#endif

    accept_one(world& w, action)
        : acceptor(w.object_executor, next_name()),
          accepted(std::make_unique<stream_protocol::socket>(w.ioc)),
          peer(w.ioc)
    {
    }

    template <class Token>
    auto start(Token&& token)
    {
        return acceptor.async_accept(*accepted, std::forward<Token>(token));
    }

    void complete()
    {
        peer.connect(acceptor.local_endpoint());
    }

    void close()
    {
        acceptor.close();
    }

    stream_protocol::acceptor acceptor;
    std::unique_ptr<stream_protocol::socket> accepted;
    stream_protocol::socket peer;
};

struct channel_receive : family
{
    static constexpr auto name = "channel_receive";

    // A channel posts its completions, which these executors cannot.
    template <class Kind>
    static constexpr bool allows = !std::is_base_of_v<kinds::immediate, Kind>;

    using channel_type = asio::experimental::channel<void(error_code, int)>;

    channel_receive(world& w, action) : channel(w.object_executor, 1)
    {
    }

    template <class Token>
    auto start(Token&& token)
    {
        return channel.async_receive(std::forward<Token>(token));
    }

    void complete()
    {
        channel.try_send(error_code(), 1);
    }

    void close()
    {
        channel.close();
    }

    channel_type channel;
};

} // namespace

int main(int argc, char** argv)
{
    table t;
    t.add<timer_wait>(50);
    t.add<detached_wait>(50);
    t.add<read_some>(50);
    t.add<write_some>(50);
    t.add<receive_one>(50);
    t.add<accept_one>(50);
    t.add<channel_receive>(50);
    return main_with_settings(argc, argv, t.entries());
}
