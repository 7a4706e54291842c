//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/experimental/channel_error.hpp>
#include <boost/asio/experimental/concurrent_channel.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <csignal>
#include <memory>
#include <ostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#if defined(BOOST_ASIO_HAS_POSIX_STREAM_DESCRIPTOR)
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#endif

#include "support/io_context_fixture.hpp"
#include "support/operation.hpp"
#include "support/outcome.hpp"
#include "support/poll_until.hpp"
#include "support/print.hpp"
#include "support/signals.hpp"
#include "support/sockets.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;
using asio::ip::tcp;

namespace {

using any_timer = asio::steady_timer;

any_timer::time_point const never = any_timer::time_point::max();
any_timer::time_point const long_ago = any_timer::time_point();

// Waits for what is on its way to a socket. An outstanding operation of IOCP or
// io_uring takes it from the socket, so that there is nothing to be seen, and no
// more than this.
template <class Socket>
void await_arrival(Socket& s)
{
#if defined(BOOST_ASIO_HAS_IOCP)
    WSAPOLLFD what = {s.native_handle(), POLLRDNORM, 0};
    ::WSAPoll(&what, 1, 20);
#elif defined(BOOST_ASIO_HAS_IO_URING_AS_DEFAULT)
    pollfd what = {s.native_handle(), POLLIN, 0};
    ::poll(&what, 1, 20);
#else
    s.wait(Socket::wait_read);
#endif
}

// Timers.

struct timer_wait : operation_of<timer_wait>
{
    using operation_of::operation_of;

    template <class Token>
    void initiate(Token&& token)
    {
        timer.async_wait(std::forward<Token>(token));
    }

    void satisfy() override
    {
        timer.expires_at(long_ago);
    }

    bool can_satisfy_later() const override
    {
        return false;
    }

    bool cancel() override
    {
        timer.cancel();
        return true;
    }

    bool has_succeeded() override
    {
#if defined(BOOST_ASIO_HAS_IO_URING_AS_DEFAULT)
        // What is posted comes before a timer that has expired, see
        // test/bare/timers.cpp.
        return false;
#else
        // The timer that expired earlier calls its handler first.
        any_timer earlier(ioc_, long_ago - 1h);
        bool called = false;
        earlier.async_wait([&](error_code const&) { called = true; });
        while (!called)
        {
            ioc_.restart();
            ioc_.run_one();
        }
        return true;
#endif
    }

    any_timer timer{ioc_, never};
};

// TCP.

struct tcp_read_some : operation_of<tcp_read_some>
{
    using operation_of::operation_of;

    template <class Token>
    void initiate(Token&& token)
    {
        pair.socket.async_read_some(
            asio::buffer(&byte, 1), std::forward<Token>(token));
    }

    void satisfy() override
    {
        asio::write(pair.peer, asio::buffer("x", 1));
        await_arrival(pair.socket);
    }

    bool cancel() override
    {
        pair.socket.cancel();
        return true;
    }

    tcp_pair pair{ioc_};
    char byte;
};

struct tcp_write : operation_of<tcp_write>
{
    using operation_of::operation_of;

    // More than the kernel will take.
    template <class Token>
    void initiate(Token&& token)
    {
        asio::async_write(pair.socket, asio::buffer(data),
            std::forward<Token>(token));
    }

    void satisfy() override
    {
        drain(pair.peer);
        data.resize(1);
    }

    bool can_satisfy_later() const override
    {
        return false;
    }

    bool has_succeeded() override
    {
        return false;
    }

    bool cancel() override
    {
        pair.socket.cancel();
        return true;
    }

    tcp_pair pair{ioc_};
    std::vector<char> data = std::vector<char>(64 << 20);
};

struct tcp_wait : operation_of<tcp_wait>
{
    using operation_of::operation_of;

    template <class Token>
    void initiate(Token&& token)
    {
        pair.socket.async_wait(
            tcp::socket::wait_read, std::forward<Token>(token));
    }

    void satisfy() override
    {
        asio::write(pair.peer, asio::buffer("x", 1));
        await_arrival(pair.socket);
    }

    // The kernel is asked first.
    bool has_succeeded() override
    {
        return false;
    }

    bool cancel() override
    {
        pair.socket.cancel();
        return true;
    }

    tcp_pair pair{ioc_};
};

struct tcp_accept : operation_of<tcp_accept>
{
    using operation_of::operation_of;

    template <class Token>
    void initiate(Token&& token)
    {
        accepted = tcp::socket(ioc_);
        listener.acceptor.async_accept(accepted, std::forward<Token>(token));
    }

    void satisfy() override
    {
        client = tcp::socket(ioc_);
        client.connect(listener.endpoint());
        await_arrival(listener.acceptor);
    }

    bool cancel() override
    {
        listener.acceptor.cancel();
        return true;
    }

    open_listener listener{ioc_};
    tcp::socket client{ioc_};
    tcp::socket accepted{ioc_};
};

// A socket cannot be made from nothing.
struct tcp_accept_socket : operation_of<tcp_accept_socket>
{
    using operation_of::operation_of;

    template <class Token>
    void initiate(Token&& token)
    {
        listener.acceptor.async_accept(std::forward<Token>(token));
    }

    void satisfy() override
    {
        client = tcp::socket(ioc_);
        client.connect(listener.endpoint());
        await_arrival(listener.acceptor);
    }

    bool cancel() override
    {
        listener.acceptor.cancel();
        return true;
    }

    bool starts_when_done() const override
    {
        return true;
    }

    open_listener listener{ioc_};
    tcp::socket client{ioc_};
};

struct tcp_connect : operation_of<tcp_connect>
{
    using operation_of::operation_of;

    template <class Token>
    void initiate(Token&& token)
    {
        socket.close();
        socket.async_connect(to, std::forward<Token>(token));
    }

    void satisfy() override
    {
        to = open.endpoint();
    }

    bool can_satisfy_later() const override
    {
        return false;
    }

    bool has_succeeded() override
    {
        return false;
    }

    bool cancel() override
    {
        socket.cancel();
        return true;
    }

    full_listener full{ioc_};
    open_listener open{ioc_};
    tcp::endpoint to = full.endpoint();
    tcp::socket socket{ioc_};
};

struct tcp_range_connect : operation_of<tcp_range_connect>
{
    using operation_of::operation_of;

    template <class Token>
    void initiate(Token&& token)
    {
        asio::async_connect(socket, to, std::forward<Token>(token));
    }

    void satisfy() override
    {
        to.assign(2, open.endpoint());
    }

    bool may_go_while_outstanding() const override
    {
        return false;
    }

    bool can_satisfy_later() const override
    {
        return false;
    }

    bool has_succeeded() override
    {
        return false;
    }

    full_listener full{ioc_};
    open_listener open{ioc_};
    std::vector<tcp::endpoint> to = std::vector(2, full.endpoint());
    tcp::socket socket{ioc_};
};

// UDP.

struct udp_receive_from : operation_of<udp_receive_from>
{
    using operation_of::operation_of;

    template <class Token>
    void initiate(Token&& token)
    {
        pair.socket.async_receive_from(
            asio::buffer(buffer), from, std::forward<Token>(token));
    }

    void satisfy() override
    {
        pair.peer.send(asio::buffer("x", 1));
        await_arrival(pair.socket);
    }

    bool cancel() override
    {
        pair.socket.cancel();
        return true;
    }

    udp_pair pair{ioc_};
    asio::ip::udp::endpoint from;
    std::array<char, 8> buffer;
};

// Local sockets.

struct local_read_some : operation_of<local_read_some>
{
    using operation_of::operation_of;

    template <class Token>
    void initiate(Token&& token)
    {
        pair.socket.async_read_some(
            asio::buffer(&byte, 1), std::forward<Token>(token));
    }

    void satisfy() override
    {
        asio::write(pair.peer, asio::buffer("x", 1));
    }

    bool cancel() override
    {
        pair.socket.cancel();
        return true;
    }

    stream_pair pair{ioc_};
    char byte;
};

struct local_write_some : operation_of<local_write_some>
{
    explicit local_write_some(asio::io_context& ioc) : operation_of(ioc)
    {
        fill(pair.socket);
    }

    template <class Token>
    void initiate(Token&& token)
    {
        pair.socket.async_write_some(
            asio::buffer("x", 1), std::forward<Token>(token));
    }

    void satisfy() override
    {
        drain(pair.peer);
    }

    bool cancel() override
    {
        pair.socket.cancel();
        return true;
    }

    stream_pair pair{ioc_};
};

struct local_wait_write : operation_of<local_wait_write>
{
    explicit local_wait_write(asio::io_context& ioc) : operation_of(ioc)
    {
        fill(pair.socket);
    }

    template <class Token>
    void initiate(Token&& token)
    {
        pair.socket.async_wait(
            asio::socket_base::wait_write, std::forward<Token>(token));
    }

    void satisfy() override
    {
        drain(pair.peer);
    }

    bool has_succeeded() override
    {
        return false;
    }

    bool cancel() override
    {
        pair.socket.cancel();
        return true;
    }

    stream_pair pair{ioc_};
};

struct datagram_receive : operation_of<datagram_receive>
{
    using operation_of::operation_of;

    template <class Token>
    void initiate(Token&& token)
    {
        pair.socket.async_receive(
            asio::buffer(&byte, 1), std::forward<Token>(token));
    }

    void satisfy() override
    {
        pair.peer.send(asio::buffer("x", 1));
    }

    bool cancel() override
    {
        pair.socket.cancel();
        return true;
    }

    datagram_pair pair{ioc_};
    char byte;
};

struct datagram_send : operation_of<datagram_send>
{
    explicit datagram_send(asio::io_context& ioc) : operation_of(ioc)
    {
        fill_datagrams(pair.socket);
    }

    template <class Token>
    void initiate(Token&& token)
    {
        pair.socket.async_send(
            asio::buffer("x", 1), std::forward<Token>(token));
    }

    void satisfy() override
    {
        drain_datagrams(pair.peer);
    }

    bool cancel() override
    {
        pair.socket.cancel();
        return true;
    }

    datagram_pair pair{ioc_};
};

// Composed operations.

struct read_all : operation_of<read_all>
{
    using operation_of::operation_of;

    template <class Token>
    void initiate(Token&& token)
    {
        asio::async_read(
            pair.socket, asio::buffer(buffer), std::forward<Token>(token));
    }

    // The last step but one is in flight, or to be taken.
    void satisfy() override
    {
        asio::write(pair.peer, asio::buffer(buffer));
    }

    bool cancel() override
    {
        pair.socket.cancel();
        return true;
    }

    stream_pair pair{ioc_};
    std::array<char, 3> buffer{};
};

// A step has been taken when the operation is aborted.
struct read_second_half : operation_of<read_second_half>
{
    using operation_of::operation_of;

    template <class Token>
    void initiate(Token&& token)
    {
        asio::write(pair.peer, asio::buffer("abc", 3));
        asio::async_read(
            pair.socket, asio::buffer(buffer), std::forward<Token>(token));
    }

    void satisfy() override
    {
        asio::write(pair.peer, asio::buffer("abc", 3));
    }

    bool cancel() override
    {
        pair.socket.cancel();
        return true;
    }

    stream_pair pair{ioc_};
    std::array<char, 6> buffer{};
};

struct write_all : operation_of<write_all>
{
    using operation_of::operation_of;

    template <class Token>
    void initiate(Token&& token)
    {
        asio::async_write(
            pair.socket, asio::buffer(data), std::forward<Token>(token));
    }

    void satisfy() override
    {
        drain(pair.peer);
        data.resize(1);
    }

    bool can_satisfy_later() const override
    {
        return false;
    }

    bool cancel() override
    {
        pair.socket.cancel();
        return true;
    }

    stream_pair pair{ioc_};
    std::vector<char> data = std::vector<char>(16 << 20);
};

struct read_line : operation_of<read_line>
{
    using operation_of::operation_of;

    template <class Token>
    void initiate(Token&& token)
    {
        line.clear();
        asio::async_read_until(pair.socket, asio::dynamic_buffer(line), '\n',
            std::forward<Token>(token));
    }

    void satisfy() override
    {
        asio::write(pair.peer, asio::buffer("\n", 1));
    }

    bool may_go_while_outstanding() const override
    {
        return false;
    }

    // It has to look at what was read.
    bool has_succeeded() override
    {
        return false;
    }

    bool cancel() override
    {
        pair.socket.cancel();
        return true;
    }

    stream_pair pair{ioc_};
    std::string line;
};

// An own composed operation: two waits.
struct compose : operation_of<compose>
{
    using operation_of::operation_of;

    struct steps
    {
        any_timer& first;
        any_timer& second;
        int step = 0;

        template <class Self>
        void operator()(Self& self, error_code ec = {})
        {
            if (self.cancelled() != asio::cancellation_type::none)
                ec = asio::error::operation_aborted;
            if (!ec && ++step <= 2)
                (step == 1 ? first : second).async_wait(std::move(self));
            else
                self.complete(ec);
        }
    };

    template <class Token>
    void initiate(Token&& token)
    {
        asio::async_compose<Token, void(error_code)>(
            steps{first, second}, token, ioc_);
    }

    void satisfy() override
    {
        second.expires_at(long_ago);
    }

    bool may_go_while_outstanding() const override
    {
        return false;
    }

    bool can_satisfy_later() const override
    {
        return false;
    }

    bool has_succeeded() override
    {
        return false;
    }

    bool cancel() override
    {
        second.cancel();
        return true;
    }

    any_timer first{ioc_, long_ago};
    any_timer second{ioc_, never};
};

struct coroutine : operation_of<coroutine>
{
    using operation_of::operation_of;

    static asio::awaitable<int> twice(any_timer& timer)
    {
        any_timer first(timer.get_executor(), long_ago);
        co_await first.async_wait(asio::use_awaitable);
        co_await timer.async_wait(asio::use_awaitable);
        co_return 42;
    }

    template <class Token>
    void initiate(Token&& token)
    {
        asio::co_spawn(ioc_, twice(timer), std::forward<Token>(token));
    }

    void satisfy() override
    {
        timer.expires_at(long_ago);
    }

    bool may_go_while_outstanding() const override
    {
        return false;
    }

    bool can_satisfy_later() const override
    {
        return false;
    }

    bool has_succeeded() override
    {
        return false;
    }

    bool cancel() override
    {
        timer.cancel();
        return true;
    }

    any_timer timer{ioc_, never};
};

// The rest.

struct signal_wait : operation_of<signal_wait>
{
    using operation_of::operation_of;

    template <class Token>
    void initiate(Token&& token)
    {
        signals.async_wait(std::forward<Token>(token));
    }

    // The signal goes through a pipe.
    void satisfy() override
    {
        std::raise(signal_one);
        auto const work = asio::make_work_guard(ioc_);
        ioc_.restart();
        ioc_.poll();
    }

    bool cancel() override
    {
        signals.cancel();
        return true;
    }

    asio::signal_set signals{ioc_, signal_one};
};

template <class Channel>
struct receive : operation_of<receive<Channel>>
{
    using operation_of<receive<Channel>>::operation_of;

    template <class Token>
    void initiate(Token&& token)
    {
        channel.async_receive(std::forward<Token>(token));
    }

    void satisfy() override
    {
        channel.async_send(error_code(), 42, [](error_code const&) {});
    }

    Channel channel{this->ioc_};
};

template <class Channel>
struct send : operation_of<send<Channel>>
{
    explicit send(asio::io_context& ioc) : operation_of<send<Channel>>(ioc)
    {
        channel.try_send(error_code(), 1);
    }

    template <class Token>
    void initiate(Token&& token)
    {
        channel.async_send(error_code(), 2, std::forward<Token>(token));
    }

    void satisfy() override
    {
        channel.try_receive([](error_code const&, int) {});
    }

    Channel channel{this->ioc_, 1};
};

using channel = asio::experimental::channel<void(error_code, int)>;
using concurrent_channel =
    asio::experimental::concurrent_channel<void(error_code, int)>;

struct pipe_read : operation_of<pipe_read>
{
    using operation_of::operation_of;

    template <class Token>
    void initiate(Token&& token)
    {
        pair.read_end.async_read_some(
            asio::buffer(&byte, 1), std::forward<Token>(token));
    }

    void satisfy() override
    {
        asio::write(pair.write_end, asio::buffer("x", 1));
    }

    bool cancel() override
    {
        pair.read_end.cancel();
        return true;
    }

    pipe_pair pair{ioc_};
    char byte;
};

#if defined(BOOST_ASIO_HAS_POSIX_STREAM_DESCRIPTOR)

struct descriptor_read : operation_of<descriptor_read>
{
    explicit descriptor_read(asio::io_context& ioc) : operation_of(ioc)
    {
        int fds[2];
        BOOST_REQUIRE(::pipe(fds) == 0);
        read_end.assign(fds[0]);
        write_end.assign(fds[1]);
    }

    template <class Token>
    void initiate(Token&& token)
    {
        read_end.async_read_some(
            asio::buffer(&byte, 1), std::forward<Token>(token));
    }

    void satisfy() override
    {
        asio::write(write_end, asio::buffer("x", 1));
    }

    bool cancel() override
    {
        read_end.cancel();
        return true;
    }

    asio::posix::stream_descriptor read_end{ioc_};
    asio::posix::stream_descriptor write_end{ioc_};
    char byte;
};

struct pipe_write : operation_of<pipe_write>
{
    explicit pipe_write(asio::io_context& ioc) : operation_of(ioc)
    {
        int const fd = pair.write_end.native_handle();
        ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
        while (::write(fd, "x", 1) == 1)
        {
        }
    }

    template <class Token>
    void initiate(Token&& token)
    {
        pair.write_end.async_write_some(
            asio::buffer("x", 1), std::forward<Token>(token));
    }

    void satisfy() override
    {
        int const fd = pair.read_end.native_handle();
        ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
        char buffer[4096];
        while (::read(fd, buffer, sizeof buffer) > 0)
        {
        }
    }

    bool cancel() override
    {
        pair.write_end.cancel();
        return true;
    }

    pipe_pair pair{ioc_};
};

#endif

// The wait for one context, bound to another.
struct context_wait : operation_of<context_wait>
{
    using operation_of::operation_of;

    template <class Token>
    void initiate(Token&& token)
    {
        awaited.ctx.async_wait(std::forward<Token>(token));
    }

    void satisfy() override
    {
        awaited.cancel();
    }

    asioctx::cancelable awaited = with_cancel(background(ioc_));
};

using factory = std::unique_ptr<operation> (*)(asio::io_context&);

struct family
{
    char const* name;
    factory make;
};

std::ostream& operator<<(std::ostream& os, family const& f)
{
    return os << f.name;
}

template <class Operation>
std::unique_ptr<operation> make(asio::io_context& ioc)
{
    return std::make_unique<Operation>(ioc);
}

family const families[] = {
    {"timer_wait", &make<timer_wait>},
    {"tcp_read_some", &make<tcp_read_some>},
    {"tcp_write", &make<tcp_write>},
    {"tcp_wait", &make<tcp_wait>},
    {"tcp_accept", &make<tcp_accept>},
    {"tcp_accept_socket", &make<tcp_accept_socket>},
    {"tcp_connect", &make<tcp_connect>},
    {"tcp_range_connect", &make<tcp_range_connect>},
    {"udp_receive_from", &make<udp_receive_from>},
    {"local_read_some", &make<local_read_some>},
    {"datagram_receive", &make<datagram_receive>},
#if !defined(BOOST_ASIO_HAS_IOCP) // where a write takes what does not fit
    {"local_write_some", &make<local_write_some>},
    {"local_wait_write", &make<local_wait_write>},
    {"datagram_send", &make<datagram_send>},
#endif
    {"read_all", &make<read_all>},
    {"read_second_half", &make<read_second_half>},
    {"write_all", &make<write_all>},
    {"read_line", &make<read_line>},
    {"compose", &make<compose>},
    {"coroutine", &make<coroutine>},
    {"signal_wait", &make<signal_wait>},
    {"channel_receive", &make<receive<channel>>},
    {"channel_send", &make<send<channel>>},
    {"concurrent_channel_receive", &make<receive<concurrent_channel>>},
    {"concurrent_channel_send", &make<send<concurrent_channel>>},
    {"pipe_read", &make<pipe_read>},
#if defined(BOOST_ASIO_HAS_POSIX_STREAM_DESCRIPTOR)
    {"descriptor_read", &make<descriptor_read>},
    {"pipe_write", &make<pipe_write>},
#endif
    {"context_wait", &make<context_wait>},
};

// What every operation has to stand. Not templates, for the compiler's sake.
struct scenarios : manual_time_fixture
{
    explicit scenarios(factory f) : op(f(ioc))
    {
    }

    // Nothing is left behind.
    void finish()
    {
        op.reset();
        teardown();
    }

    void until_completed(outcome const& o)
    {
        poll_until(ioc, [&] { return o.completed(); });
    }

    // Starts the operation and has it reach the point at which it waits.
    void start_and_wait(context const& ctx, outcome& o)
    {
        op->start(ctx, o);
        poll();
        BOOST_TEST_REQUIRE(o.calls == 0);
    }

    // The object is as good as before.
    void use_again()
    {
        outcome again;
        auto const c = with_cancel(root);
        op->satisfy();
        op->start(c.ctx, again);
        until_completed(again);
        BOOST_TEST(again == error_code());
    }

    void is_canceled_by_cancel()
    {
        outcome o;
        auto const [ctx, cancel] = with_cancel(root);
        start_and_wait(ctx, o);

        cancel();
        BOOST_TEST(o.calls == 0); // not inside
        until_completed(o);

        BOOST_TEST(o == errc::canceled);
        use_again();
    }

    void is_canceled_before_its_first_step()
    {
        outcome o;
        auto const [ctx, cancel] = with_cancel(root);
        op->start(ctx, o);
        cancel();
        until_completed(o);

        BOOST_TEST(o == errc::canceled);
    }

    void is_canceled_by_a_deadline()
    {
        outcome o;
        auto const [ctx, cancel] = with_timeout(root, 30s);
        start_and_wait(ctx, o);

        clock.advance(30s - 1ns);
        poll();
        BOOST_TEST(o.calls == 0);
        clock.advance(1ns);
        until_completed(o);

        BOOST_TEST(o == errc::deadline_exceeded);
        use_again();
    }

    void is_canceled_with_a_grandparent()
    {
        outcome o;
        auto const [grandparent, cancel] = with_cancel(root);
        auto const parent = with_timeout(grandparent, 30s);
        auto const child = with_cancel(parent.ctx);
        start_and_wait(child.ctx, o);

        cancel(make_error_code(boost::system::errc::no_link));
        until_completed(o);

        BOOST_TEST(o == errc::canceled);
        BOOST_TEST((child.ctx.cause() == boost::system::errc::no_link));
    }

    void is_not_started_when_the_context_is_done()
    {
        outcome o;
        auto const [ctx, cancel] = with_timeout(root, 0s);
        op->start(ctx, o);
        BOOST_TEST(o.calls == 0); // not inside
        if (!op->starts_when_done())
            // Nothing is asked of the object.
            op->satisfy();
        until_completed(o);

        BOOST_TEST(o == errc::deadline_exceeded);
        if (op->starts_when_done())
            op->satisfy();
        outcome again;
        op->start(root, again);
        until_completed(again);
        BOOST_TEST(again == error_code());
    }

    void is_not_affected_after_it_has_completed()
    {
        outcome o;
        auto const [ctx, cancel] = with_cancel(root);
        if (op->can_satisfy_later())
        {
            start_and_wait(ctx, o);
            op->satisfy();
        }
        else
        {
            op->satisfy();
            op->start(ctx, o);
        }
        until_completed(o);
        BOOST_TEST(o == error_code());

        cancel();
        poll();
        BOOST_TEST(o.calls == 1);
        use_again();
    }

    void does_not_hear_of_another_one_s_context()
    {
        outcome first;
        outcome second;
        auto const [ctx, cancel] = with_cancel(root);
        auto const other = with_cancel(root);
        start_and_wait(ctx, first);
        cancel();
        until_completed(first);

        start_and_wait(other.ctx, second);
        BOOST_TEST(first == errc::canceled);
        other.cancel();
        until_completed(second);
        BOOST_TEST(second == errc::canceled);
    }

    void stays_a_success_that_came_first()
    {
        outcome o;
        auto const [ctx, cancel] = with_cancel(root);
        op->satisfy();
        op->start(ctx, o);
        if (op->has_succeeded())
        {
            cancel();
            until_completed(o);
            BOOST_TEST(o == error_code());
            poll(); // the request
        }
        else
        {
            until_completed(o);
        }
    }

    // Then the request is delivered inside cancel().
    void stays_a_success_that_came_before_a_cancel_in_a_handler()
    {
        outcome o;
        auto const [ctx, cancel] = with_cancel(root);
        op->satisfy();
        asio::post(ioc, std::ref(cancel));
        op->start(ctx, o);
        if (op->has_succeeded())
        {
            until_completed(o);
            BOOST_TEST(o == error_code());
            poll();
        }
        else
        {
            until_completed(o);
        }
    }

    void is_canceled_inside_a_handler()
    {
        outcome o;
        auto const [ctx, cancel] = with_cancel(root);
        start_and_wait(ctx, o);

        asio::post(ioc,
            [&, &stop = cancel]
            {
                stop();
                BOOST_TEST(o.calls == 0);
            });
        until_completed(o);

        BOOST_TEST(o == errc::canceled);
        use_again();
    }

    void is_canceled_by_another_thread_before_run()
    {
        outcome o;
        auto const [ctx, cancel] = with_cancel(root);
        op->start(ctx, o);
        std::thread(std::ref(cancel)).join();
        BOOST_TEST(o.calls == 0);
        until_completed(o);

        BOOST_TEST(o == errc::canceled);
    }

    void is_aborted_by_its_object_without_the_context()
    {
        outcome o;
        auto const [ctx, cancel] = with_cancel(root);
        start_and_wait(ctx, o);
        bool const can = op->cancel();
#if defined(BOOST_ASIO_HAS_IOCP)
        // A step may have ended whose handler has not run: then there was nothing
        // to cancel, and the next one starts.
        poll_until(ioc,
            [&] { return !can || o.completed() || (op->cancel(), false); });
#endif
        if (can)
            until_completed(o);
        cancel();
        until_completed(o);

        if (can)
            BOOST_TEST(o == asio::error::operation_aborted);
        else
            BOOST_TEST(o == errc::canceled);
    }

    void is_aborted_through_its_handlers_slot()
    {
        outcome o;
        asio::cancellation_signal upstream;
        auto const [ctx, cancel] = with_cancel(root);
        o.slot = upstream.slot();
        start_and_wait(ctx, o);

        upstream.emit(asio::cancellation_type::terminal);
        until_completed(o);

        BOOST_TEST(o.calls == 1);
        BOOST_TEST((o.error == asio::error::operation_aborted
            || o.error
                == asio::experimental::error::channel_cancelled));
        BOOST_TEST(!upstream.slot().has_handler());
        upstream.emit(asio::cancellation_type::terminal);
        cancel();
        poll();
        BOOST_TEST(o.calls == 1);
    }

    void reports_the_one_who_asked_first()
    {
        {
            outcome o;
            asio::cancellation_signal upstream;
            auto const [ctx, cancel] = with_cancel(root);
            o.slot = upstream.slot();
            start_and_wait(ctx, o);
            upstream.emit(asio::cancellation_type::terminal);
            cancel();
            until_completed(o);
            BOOST_TEST(o.calls == 1);
            BOOST_TEST(o.error != errc::canceled);
            poll(); // the context's request
        }
        {
            outcome o;
            asio::cancellation_signal upstream;
            auto const [ctx, cancel] = with_cancel(root);
            o.slot = upstream.slot();
            start_and_wait(ctx, o);
            asio::post(ioc,
                [&, &stop = cancel]
                {
                    stop();
                    upstream.emit(asio::cancellation_type::terminal);
                });
            until_completed(o);
            BOOST_TEST(o == errc::canceled);
        }
    }

    void may_go_in_its_handler()
    {
        outcome o;
        auto const [ctx, cancel] = with_cancel(root);
        start_and_wait(ctx, o);
        o.when_called = [&, &stop = cancel]
        {
            op.reset();
            stop();
        };
        if (op->can_satisfy_later())
            op->satisfy();
        else
            cancel();
        until_completed(o);
        BOOST_TEST(o.calls == 1);
        poll();
    }

    // The object goes, its operation is aborted, and then it is canceled.
    void may_go_while_its_operation_is_outstanding()
    {
        if (!op->may_go_while_outstanding())
            return;
        outcome o;
        auto const [ctx, cancel] = with_cancel(root);
        start_and_wait(ctx, o);
        op.reset();
        cancel();
        poll();
        BOOST_TEST(o.calls <= 1);
    }

    // What Asio allocates with the handler's allocator, and the record.
    void takes_one_allocation_more_than_it_does_unbound()
    {
        outcome bare;
        outcome bound;
        auto const [ctx, cancel] = with_cancel(root);
        op->satisfy();
        op->start_bare(bare);
        until_completed(bare);
        op->satisfy();
        op->start(ctx, bound);
        until_completed(bound);

        BOOST_TEST(
            bound.memory.allocations == bare.memory.allocations + 1);
        BOOST_TEST(bound.blocks_when_called == bare.blocks_when_called);
    }

    std::unique_ptr<operation> op;
};

// The io_context goes before the contexts, with the operation outstanding.
void goes_with_its_io_context(factory f)
{
    outcome o;
    outcome again;
    cancelable c;
    {
        asio::io_context ioc;
        auto const op = f(ioc);
        c = with_timeout(background(ioc), 1h);
        op->start(c.ctx, o);
        ioc.poll();
        op->start(c.ctx, again);
    }
    BOOST_TEST(o.handlers == 0);
    BOOST_TEST(again.handlers == 0);
    BOOST_TEST(o.calls == 0);
    c.cancel();
}

// The same with a request to stop on its way.
void goes_with_its_io_context_after_a_cancel(factory f)
{
    outcome o;
    cancelable c;
    {
        asio::io_context ioc;
        auto const op = f(ioc);
        c = with_cancel(background(ioc));
        op->start(c.ctx, o);
        c.cancel();
    }
    BOOST_TEST(o.handlers == 0);
    BOOST_TEST(o.calls == 0);
}

} // namespace

BOOST_AUTO_TEST_SUITE(test_operations)

#define ASIOCTX_TEST_SCENARIO(name)                                            \
    BOOST_DATA_TEST_CASE(name, families, operation)                            \
    {                                                                          \
        scenarios s(operation.make);                                           \
        s.name();                                                              \
        s.finish();                                                            \
    }

ASIOCTX_TEST_SCENARIO(is_canceled_by_cancel)
ASIOCTX_TEST_SCENARIO(is_canceled_before_its_first_step)
ASIOCTX_TEST_SCENARIO(is_canceled_by_a_deadline)
ASIOCTX_TEST_SCENARIO(is_canceled_with_a_grandparent)
ASIOCTX_TEST_SCENARIO(is_not_started_when_the_context_is_done)
ASIOCTX_TEST_SCENARIO(is_not_affected_after_it_has_completed)
ASIOCTX_TEST_SCENARIO(does_not_hear_of_another_one_s_context)
ASIOCTX_TEST_SCENARIO(stays_a_success_that_came_first)
ASIOCTX_TEST_SCENARIO(stays_a_success_that_came_before_a_cancel_in_a_handler)
ASIOCTX_TEST_SCENARIO(is_canceled_inside_a_handler)
ASIOCTX_TEST_SCENARIO(is_canceled_by_another_thread_before_run)
ASIOCTX_TEST_SCENARIO(is_aborted_by_its_object_without_the_context)
ASIOCTX_TEST_SCENARIO(is_aborted_through_its_handlers_slot)
ASIOCTX_TEST_SCENARIO(reports_the_one_who_asked_first)
ASIOCTX_TEST_SCENARIO(may_go_in_its_handler)
ASIOCTX_TEST_SCENARIO(may_go_while_its_operation_is_outstanding)
ASIOCTX_TEST_SCENARIO(takes_one_allocation_more_than_it_does_unbound)

#undef ASIOCTX_TEST_SCENARIO

BOOST_DATA_TEST_CASE(goes_with_its_io_context, families, operation)
{
    ::goes_with_its_io_context(operation.make);
}

BOOST_DATA_TEST_CASE(
    goes_with_its_io_context_after_a_cancel, families, operation)
{
    ::goes_with_its_io_context_after_a_cancel(operation.make);
}

BOOST_AUTO_TEST_SUITE_END()
