//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Callbacks: a session class. It stores the right to cancel its own context,
// and ends with it.

#include <asioctx.hpp>

#include <boost/asio.hpp>

#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace asio = boost::asio;
using asio::ip::tcp;
using asioctx::bind_context;
using asioctx::error_code;
using namespace std::chrono_literals;

//[session
// Answers lines. Its handlers keep it alive: it goes when none waits any more.
class session : public std::enable_shared_from_this<session>
{
public:
    session(asioctx::context const& server, tcp::socket socket)
        : socket_(std::move(socket)), work_(socket_.get_executor()),
          life_(asioctx::with_cancel(server))
    {
    }

    void start()
    {
        read_line();
    }

    // Any thread may call it.
    void stop()
    {
        life_.cancel();
    }

private:
    void read_line()
    {
        asio::async_read_until(
            socket_,
            asio::dynamic_buffer(line_),
            '\n',
            bind_context(
                life_.ctx,
                [self = shared_from_this()](error_code e, std::size_t)
                { self->on_line(e); }));
    }

    void on_line(error_code ec)
    {
        if (ec)
            return on_end(ec);

        // The time of this request, for all that is done for it.
        request_ = asioctx::with_timeout(life_.ctx, 50ms);
        work_.expires_after(line_ == "slow\n" ? 1h : 1ms);
        work_.async_wait(bind_context(
            request_->ctx,
            [self = shared_from_this()](error_code e) { self->on_work(e); }));
    }

    void on_work(error_code ec)
    {
        line_ = ec ? ec.message() + '\n' : "done: " + line_;
        asio::async_write(
            socket_,
            asio::buffer(line_),
            bind_context(
                life_.ctx,
                [self = shared_from_this()](error_code e, std::size_t)
                { self->on_written(e); }));
    }

    void on_written(error_code ec)
    {
        if (ec)
            return on_end(ec);
        request_.reset();
        line_.clear();
        read_line();
    }

    void on_end(error_code ec)
    {
        std::cout << "session: " << ec.message() << '\n';
    }

    tcp::socket socket_;
    asio::steady_timer work_; // stands for work
    std::string line_;
    asioctx::cancelable life_;
    std::optional<asioctx::cancelable> request_;
};
//]

int main()
{
    asio::io_context ioc;
    tcp::acceptor acceptor(ioc, {asio::ip::address_v4::loopback(), 0});
    tcp::socket client(ioc);
    client.connect(acceptor.local_endpoint());
    auto const s =
        std::make_shared<session>(asioctx::background(ioc), acceptor.accept());
    s->start();

    auto const talk = [&]() -> asio::awaitable<void>
    {
        for (std::string const line : {"fast\n", "slow\n"})
        {
            std::string answer;
            co_await asio::async_write(
                client, asio::buffer(line), asio::use_awaitable);
            co_await asio::async_read_until(
                client,
                asio::dynamic_buffer(answer),
                '\n',
                asio::use_awaitable);
            std::cout << "client: " << answer;
        }
        s->stop();
    };
    asio::co_spawn(ioc, talk(), asio::detached);
    ioc.run();
}
