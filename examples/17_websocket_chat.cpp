//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// A chat over WebSocket. It ends within a grace, whatever its clients do.

#include <asioctx.hpp>

#include <boost/asio.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>

#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using asioctx::bind_context;
using asioctx::error_code;
using namespace std::chrono_literals;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

using stream = websocket::stream<tcp::socket>;
using text = std::shared_ptr<std::string const>;
using mailbox = asio::experimental::channel<void(error_code, text)>;

//[room
// All run on one thread, so the room needs no lock.
class room
{
public:
    struct member
    {
        member(room& in, mailbox& mail, asioctx::cancel_source& leave)
            : in_(in), mail(mail), leave(leave)
        {
            in_.members_.insert(this);
        }

        ~member()
        {
            in_.members_.erase(this);
        }

        room& in_;
        mailbox& mail;
        asioctx::cancel_source& leave;
    };

    // Who does not keep up has to go: a full mailbox ends its session.
    void say(text const& message)
    {
        for (auto* const m : members_)
            if (!m->mail.try_send(error_code(), message))
                m->leave();
    }

private:
    std::set<member*> members_;
};
//]

//[read_write
// Bound to the grace: Beast cannot close a stream whose read was canceled.
asio::awaitable<void> read(asioctx::context grace, stream& ws, room& all)
{
    for (;;)
    {
        beast::flat_buffer buffer;
        co_await ws.async_read(buffer, bind_context(grace));
        all.say(std::make_shared<std::string const>(
            beast::buffers_to_string(buffer.data())));
    }
}

// Writes until the root is done, then says good-bye.
asio::awaitable<void> write(
    asioctx::context root, asioctx::context grace, stream& ws, mailbox& mail)
{
    for (;;)
    {
        auto [ec, message] =
            co_await mail.async_receive(bind_context(root, as_result));
        if (ec)
            break;
        // A client that does not read holds a write up, and that ends here.
        auto [ctx, cancel] = asioctx::with_timeout(grace, 1s);
        co_await ws.async_write(asio::buffer(*message), bind_context(ctx));
    }
    grace.throw_if_done();
    co_await ws.async_close(
        websocket::close_code::going_away, bind_context(grace));
}
//]

//[session
asio::awaitable<void> session(
    asioctx::context root,
    asioctx::context grace,
    tcp::socket socket,
    room& all)
{
    stream ws(std::move(socket));
    {
        auto [ctx, cancel] = asioctx::with_timeout(grace, 5s);
        co_await ws.async_accept(bind_context(ctx));
    }

    auto [ctx, leave] = asioctx::with_cancel(grace);
    auto const ex = co_await asio::this_coro::executor;
    // async_close may miss a cancellation request. It does not miss this.
    auto const drop = asioctx::after_func(
        ctx, asio::bind_executor(ex, [&ws] { ws.next_layer().close(); }));
    mailbox mail(ex, 16);
    room::member const self(all, mail, leave);
    co_await asioctx::with_task_group(
        ctx,
        [&](asioctx::task_group& both)
        {
            both.spawn(read(both.ctx(), ws, all));
            both.spawn(write(root, both.ctx(), ws, mail));
        });
}
//]

//[listen
asio::awaitable<void> listen(
    asioctx::context root, asioctx::duration patience, tcp::acceptor acceptor)
{
    room all;
    auto [grace, cancel] = asioctx::with_grace(root, patience);
    co_await asioctx::with_task_group(
        grace,
        [&](asioctx::task_group& sessions) -> asio::awaitable<void>
        {
            for (;;)
            {
                auto [ec, socket] = co_await acceptor.async_accept(
                    bind_context(root, as_result));
                if (root.done())
                    break;
                if (!ec)
                    sessions.spawn(
                        session(root, sessions.ctx(), std::move(socket), all));
            }
            acceptor.close();
        },
        asioctx::on_error::ignore);
    std::cout << "server: " << (grace.done() ? "after" : "before")
              << " the grace was over\n";
}
//]

asio::awaitable<void> enter(stream& ws, tcp::endpoint server)
{
    co_await ws.next_layer().async_connect(server, asio::use_awaitable);
    co_await ws.async_handshake("localhost", "/", asio::use_awaitable);
}

asio::awaitable<void> hear(stream& ws, char const* who)
{
    for (;;)
    {
        beast::flat_buffer buffer;
        auto [ec, n] = co_await ws.async_read(buffer, as_result);
        if (ec)
        {
            std::cout << who << ": closed, "
                      << (ws.reason().code == websocket::close_code::going_away
                              ? "the server goes away"
                              : ec.message())
                      << '\n';
            break;
        }
        auto const message = beast::buffers_to_string(buffer.data());
        std::cout << who << ": " << message << '\n';
        if (message == "bye")
            break;
    }
}

// Reads all that comes, and says nothing.
asio::awaitable<void> stay(tcp::socket& socket)
{
    for (char data[64];;)
        if (auto [ec, n] =
                co_await socket.async_read_some(asio::buffer(data), as_result);
            ec)
            break;
}

enum class client
{
    is_polite,
    never_answers,
};

asio::awaitable<void> talk(
    tcp::endpoint server, asioctx::cancel_source stop, client second)
{
    auto const ex = co_await asio::this_coro::executor;
    stream ann(ex), bob(ex);
    co_await enter(ann, server);
    co_await enter(bob, server);
    co_await ann.async_write(asio::buffer("hello", 5), asio::use_awaitable);
    co_await ann.async_write(asio::buffer("bye", 3), asio::use_awaitable);
    co_await hear(ann, "ann");
    co_await hear(bob, "bob");
    stop();
    co_await hear(ann, "ann");
    if (second == client::is_polite)
        co_await hear(bob, "bob");
    else
        co_await stay(bob.next_layer());
}

void run(asioctx::duration patience, client second)
{
    asio::io_context ioc;
    tcp::acceptor acceptor(ioc, {asio::ip::address_v4::loopback(), 0});
    auto const address = acceptor.local_endpoint();
    auto [root, stop] = asioctx::with_cancel(asioctx::background(ioc));
    asio::co_spawn(
        ioc, listen(root, patience, std::move(acceptor)), asio::detached);
    asio::co_spawn(ioc, talk(address, std::move(stop), second), asio::detached);
    ioc.run();
}

int main()
{
    run(10s, client::is_polite);
    run(100ms, client::never_answers);
}
