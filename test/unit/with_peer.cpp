//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/with_peer.hpp>

#if defined(ASIOCTX_HAS_WITH_PEER)

#include <asioctx/cancel.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <filesystem>
#include <iterator>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#if !defined(_WIN32)
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

#if !defined(ASIOCTX_STANDALONE)
#include <boost/beast/core/tcp_stream.hpp>
#endif

#ifdef ASIOCTX_TEST_HAS_SSL
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#endif

#include "support/allocation_counter.hpp"
#include "support/io_context_fixture.hpp"
#include "support/poll_until.hpp"
#include "support/print.hpp"
#include "support/sockets.hpp"

using namespace asioctx;
using namespace asioctx::test;
using asio::ip::tcp;

namespace {

error_code const broken = make_error_code(boost::system::errc::io_error);

// The number of descriptors that the program has open. Wine does not count
// them.
#if defined(_WIN32)
constexpr int per_watch = 0;
int descriptors()
{
    return 0;
}
#else
constexpr int per_watch = 1;
auto descriptors()
{
    return std::distance(std::filesystem::directory_iterator("/dev/fd"), {});
}
#endif

// A connection that is watched.
struct fixture : io_context_fixture
{
    tcp_pair pair{ioc};
    tcp::socket& socket = pair.socket;
    tcp::socket& peer = pair.peer;
    char byte[1] = {};

    void reset_by_peer()
    {
        peer.set_option(asio::socket_base::linger(true, 0));
        peer.close();
    }

    void send(std::string_view text)
    {
        asio::write(peer, asio::buffer(text));
    }

    // Reads that many bytes, which are there or on their way.
    std::string receive(std::size_t size)
    {
        std::string text(size, '\0');
        asio::read(socket, asio::buffer(text));
        return text;
    }

    // Whether there is nothing to do, after what the system has told of the
    // sockets was looked at.
    bool quiet()
    {
        poll();
        return poll() == 0;
    }

    // Waits until that many bytes can be read.
    void await_bytes(std::size_t size)
    {
        wait_until([&] { return socket.available() >= size; });
    }

    void until_done(
        context const& ctx, source_location at = BOOST_CURRENT_LOCATION)
    {
        poll_until(
            ioc, [&] { return ctx.done(); }, at);
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(test_with_peer, fixture)

// The end of the remote side.

BOOST_AUTO_TEST_CASE(a_remote_side_that_closes_cancels_the_context)
{
    auto const [ctx, cancel] = with_peer(root, socket);
    auto const line = __LINE__ - 1;
    BOOST_TEST(quiet());
    BOOST_TEST(!ctx.done());
    peer.close();
    until_done(ctx);
    BOOST_TEST(ctx.error() == errc::canceled);
    BOOST_TEST(ctx.cause() == asio::error::eof);
    BOOST_TEST(ctx.canceled_at().line() == unsigned(line));
}

BOOST_AUTO_TEST_CASE(to_shut_down_the_sending_half_counts)
{
    auto const [ctx, cancel] = with_peer(root, socket);
    peer.shutdown(tcp::socket::shutdown_send);
    until_done(ctx);
    BOOST_TEST(ctx.cause() == asio::error::eof);
    // The other half still works.
    asio::write(socket, asio::buffer("x", 1));
    BOOST_TEST(asio::read(peer, asio::buffer(byte)) == 1u);
}

BOOST_AUTO_TEST_CASE(to_shut_down_the_receiving_half_does_not_count)
{
    auto const [ctx, cancel] = with_peer(root, socket);
    peer.shutdown(tcp::socket::shutdown_receive);
    BOOST_TEST(quiet());
    BOOST_TEST(!ctx.done());
}

BOOST_AUTO_TEST_CASE(a_reset_is_told_from_a_close)
{
    auto const [ctx, cancel] = with_peer(root, socket);
    reset_by_peer();
    until_done(ctx);
    BOOST_TEST(ctx.error() == errc::canceled);
    BOOST_TEST(ctx.cause() == asio::error::connection_reset);
    // The error is left for the next read.
    error_code ec;
    socket.read_some(asio::buffer(byte), ec);
    BOOST_TEST(ec == asio::error::connection_reset);
}

BOOST_AUTO_TEST_CASE(a_reset_after_a_close_is_not_missed)
{
    peer.shutdown(tcp::socket::shutdown_send);
    auto const half_closed = with_peer(root, socket);
    BOOST_TEST(half_closed.ctx.done());
    reset_by_peer();
    wait_until(
        [&]
        {
            return with_peer(root, socket).ctx.cause()
                == asio::error::connection_reset;
        });
}

BOOST_AUTO_TEST_CASE(it_is_done_at_once_if_the_remote_side_has_gone)
{
    peer.close();
    wait_until([&] { return with_peer(root, socket).ctx.done(); });
    auto const before = descriptors();
    auto const [ctx, cancel] = with_peer(root, socket);
    auto const line = __LINE__ - 1;
    BOOST_TEST(ctx.cause() == asio::error::eof);
    BOOST_TEST(ctx.canceled_at().line() == unsigned(line));
    BOOST_TEST(descriptors() == before);
}

BOOST_AUTO_TEST_CASE(contexts_below_are_done_too)
{
    auto const [ctx, cancel] = with_peer(root, socket);
    auto const [below, cancel_below] = with_cancel(ctx);
    peer.close();
    until_done(below);
    BOOST_TEST(below.cause() == asio::error::eof);
    BOOST_TEST(!root.done());
}

BOOST_AUTO_TEST_CASE(every_context_that_watches_a_socket_is_done)
{
    auto const one = with_peer(root, socket);
    auto const two = with_peer(root, socket);
    auto const three = with_peer(root, socket);
    two.cancel();
    peer.close();
    until_done(one.ctx);
    until_done(three.ctx);
    BOOST_TEST(two.ctx.cause() == errc::canceled);
}

BOOST_AUTO_TEST_CASE(the_text_names_it)
{
    auto const [ctx, cancel] = with_peer(root, socket);
    BOOST_TEST(to_string(ctx).ends_with(".with_peer"));
}

// Bytes.

BOOST_AUTO_TEST_CASE(bytes_that_come_early_stay_where_they_are)
{
    {
        auto const [ctx, cancel] = with_peer(root, socket);
        send("next");
        await_bytes(4);
        BOOST_TEST(quiet()); // not even looked at
        BOOST_TEST(!ctx.done());
    }
    BOOST_TEST(receive(4) == "next");
}

BOOST_AUTO_TEST_CASE(bytes_that_are_there_do_not_hide_the_end)
{
    send("before");
    await_bytes(6);
    auto const [ctx, cancel] = with_peer(root, socket);
    BOOST_TEST(quiet());
    send("after");
    await_bytes(11);
    BOOST_TEST(quiet());
    BOOST_TEST(!ctx.done());
    peer.close();
    until_done(ctx);
    BOOST_TEST(ctx.cause() == asio::error::eof);
    BOOST_TEST(receive(11) == "beforeafter");
}

BOOST_AUTO_TEST_CASE(bytes_that_are_there_do_not_hide_a_reset)
{
    send("before");
    await_bytes(6);
    auto const [ctx, cancel] = with_peer(root, socket);
    reset_by_peer();
    until_done(ctx);
    BOOST_TEST(ctx.cause() == asio::error::connection_reset);
}

BOOST_AUTO_TEST_CASE(nothing_runs_while_nothing_ends)
{
    auto const [ctx, cancel] = with_peer(root, socket);
    for (int i = 0; i != 100; ++i)
    {
        send("x");
        BOOST_TEST(receive(1) == "x");
        asio::write(socket, asio::buffer("y", 1));
        asio::read(peer, asio::buffer(byte));
        BOOST_REQUIRE(quiet());
    }
    BOOST_TEST(!ctx.done());
}

BOOST_AUTO_TEST_CASE(reads_may_be_pending_and_started_during_the_watch)
{
    std::string buffer(3, ' ');
    int reads = 0;
    auto const read = [&]
    {
        asio::async_read(
            socket,
            asio::buffer(buffer),
            [&](error_code const& ec, std::size_t)
            {
                BOOST_TEST(!ec);
                ++reads;
            });
    };
    read();
    auto const [ctx, cancel] = with_peer(root, socket);
    send("one");
    poll_until(ioc, [&] { return reads == 1; });
    BOOST_TEST(buffer == "one");
    read();
    poll();
    send("two");
    poll_until(ioc, [&] { return reads == 2; });
    BOOST_TEST(buffer == "two");
    BOOST_TEST(!ctx.done());
    peer.close();
    until_done(ctx);
}

BOOST_AUTO_TEST_CASE(to_cancel_the_sockets_operations_does_not_end_the_watch)
{
    auto const [ctx, cancel] = with_peer(root, socket);
    socket.cancel();
    BOOST_TEST(quiet());
    BOOST_TEST(!ctx.done());
    peer.close();
    until_done(ctx);
}

// The end of the watch.

BOOST_AUTO_TEST_CASE(a_cancellation_stops_the_watch)
{
    auto const before = descriptors();
    auto const [ctx, cancel] = with_peer(root, socket);
    BOOST_TEST(descriptors() == before + per_watch);
    cancel(broken);
    BOOST_TEST(ctx.cause() == broken);
    BOOST_TEST(idle());
    BOOST_TEST(descriptors() == before);
    send("x");
    BOOST_TEST(receive(1) == "x");
    peer.close();
    BOOST_TEST(idle());
    BOOST_TEST(ctx.cause() == broken);
}

BOOST_AUTO_TEST_CASE(the_sources_destructor_stops_the_watch)
{
    auto const before = descriptors();
    context ctx;
    // NOLINTNEXTLINE(asioctx-dead-context): what it shows
    ctx = with_peer(root, socket).ctx;
    auto const line = __LINE__ - 1;
    BOOST_TEST(ctx.cause() == errc::canceled);
    BOOST_TEST(ctx.canceled_at().line() == unsigned(line));
    BOOST_TEST(idle());
    BOOST_TEST(descriptors() == before);
}

BOOST_AUTO_TEST_CASE(a_parent_that_is_done_stops_the_watch)
{
    auto const before = descriptors();
    auto const parent = with_cancel(root);
    auto const [ctx, cancel] = with_peer(parent.ctx, socket);
    parent.cancel(broken);
    BOOST_TEST(ctx.cause() == broken);
    BOOST_TEST(idle());
    BOOST_TEST(descriptors() == before);
}

BOOST_AUTO_TEST_CASE(a_parent_that_is_done_counts_before_the_remote_side)
{
    auto const before = descriptors();
    auto const parent = with_cancel(root);
    parent.cancel(broken);
    peer.shutdown(tcp::socket::shutdown_send);
    auto const [ctx, cancel] = with_peer(parent.ctx, socket);
    BOOST_TEST(ctx.cause() == broken);
    BOOST_TEST(idle());
    BOOST_TEST(descriptors() == before);
}

BOOST_AUTO_TEST_CASE(a_detached_watch_goes_on)
{
    auto [ctx, cancel] = with_peer(root, socket);
    cancel.detach();
    peer.close();
    until_done(ctx);
    BOOST_TEST(ctx.cause() == asio::error::eof);
}

// Destruction in any order.

BOOST_AUTO_TEST_CASE(a_socket_that_is_closed_is_not_watched_any_more)
{
    auto const [ctx, cancel] = with_peer(root, socket);
    socket.close();
    peer.close();
    BOOST_TEST(quiet());
    BOOST_TEST(!ctx.done());
}

BOOST_AUTO_TEST_CASE(a_watch_survives_its_socket)
{
    std::optional<tcp::socket> s(std::move(socket));
    auto const [ctx, cancel] = with_peer(root, *s);
    s.reset();
    BOOST_TEST(quiet());
    cancel();
    BOOST_TEST(idle());
}

BOOST_AUTO_TEST_CASE(a_watch_whose_socket_went_just_after_the_end)
{
    std::optional<tcp::socket> s(std::move(socket));
    auto const [ctx, cancel] = with_peer(root, *s);
    peer.close();
    s.reset(); // before anybody looked
    poll();
    cancel();
    BOOST_TEST(idle());
}

BOOST_AUTO_TEST_CASE(a_socket_goes_before_the_watch_knows_that_it_is_stopped)
{
    std::optional<tcp::socket> s(std::move(socket));
    {
        auto const watched = with_peer(root, *s);
        std::thread([&] { watched.cancel(); }).join();
        s.reset();
    }
    BOOST_TEST(idle());
}

BOOST_AUTO_TEST_CASE(a_descriptor_that_is_used_again_is_not_the_watched_one)
{
    open_listener listener(ioc);
    auto const [ctx, cancel] = with_peer(root, socket);
    auto const number = socket.native_handle();
    socket.close();
    tcp::socket other(ioc);
    other.connect(listener.endpoint());
    BOOST_TEST(other.native_handle() == number);
    auto const [ctx2, cancel2] = with_peer(root, other);
    cancel();
    poll();
    listener.acceptor.accept().close();
    until_done(ctx2);
    BOOST_TEST(ctx.cause() == errc::canceled);
}

BOOST_AUTO_TEST_CASE(a_socket_may_be_moved)
{
    auto const [ctx, cancel] = with_peer(root, socket);
    tcp::socket moved(std::move(socket));
    BOOST_TEST(quiet());
    peer.close();
    until_done(ctx);
    BOOST_TEST(ctx.cause() == asio::error::eof);
}

BOOST_AUTO_TEST_CASE(the_io_context_goes_first)
{
    auto const before = descriptors();
    std::optional<asio::io_context> other(std::in_place);
    std::optional<tcp_pair> p(*other);
    auto const one = with_peer(background(*other), p->socket);
    auto const two = with_peer(root, p->socket);
    p.reset();
    other.reset();
    BOOST_TEST(descriptors() == before);
    BOOST_TEST(!one.ctx.done());
    one.cancel();
    BOOST_TEST(two.ctx.error() == error_code());
}

BOOST_AUTO_TEST_CASE(the_io_context_goes_with_an_end_that_nobody_saw)
{
    auto const before = descriptors();
    {
        asio::io_context other;
        tcp_pair p(other);
        auto c = with_peer(root, p.socket);
        c.cancel.detach();
        p.peer.close();
    }
    BOOST_TEST(descriptors() == before);
}

// Streams and executors.

BOOST_AUTO_TEST_CASE(a_local_socket_will_do)
{
    stream_pair local(ioc);
    auto const [ctx, cancel] = with_peer(root, local.socket);
    BOOST_TEST(quiet());
    local.peer.close();
    until_done(ctx);
    BOOST_TEST(ctx.cause() == asio::error::eof);
}

#if !defined(ASIOCTX_STANDALONE)
BOOST_AUTO_TEST_CASE(a_stream_of_beast_will_do)
{
    boost::beast::tcp_stream stream(std::move(socket));
    auto const [ctx, cancel] = with_peer(root, stream);
    peer.close();
    until_done(ctx);
    BOOST_TEST(ctx.cause() == asio::error::eof);
}
#endif

#ifdef ASIOCTX_TEST_HAS_SSL

BOOST_AUTO_TEST_CASE(a_stream_of_tls_will_do)
{
    asio::ssl::context tls(asio::ssl::context::tls);
    asio::ssl::stream<tcp::socket> owner(std::move(socket), tls);
    asio::ssl::stream<tcp::socket&> reference(owner.next_layer(), tls);
    auto const one = with_peer(root, owner);
    auto const two = with_peer(root, reference);
    peer.close();
    until_done(one.ctx);
    until_done(two.ctx);
    BOOST_TEST(one.ctx.cause() == asio::error::eof);
    BOOST_TEST(two.ctx.cause() == asio::error::eof);
}

#endif

BOOST_AUTO_TEST_CASE(the_context_may_belong_to_no_execution_context)
{
    auto const [ctx, cancel] = with_peer(background(), socket);
    peer.close();
    until_done(ctx);
    BOOST_TEST(ctx.cause() == asio::error::eof);
}

BOOST_AUTO_TEST_CASE(a_strand_that_is_busy_does_not_keep_the_end_back)
{
    asio::io_context pool;
    auto strand = asio::make_strand(pool);
    asio::basic_stream_socket<tcp, decltype(strand)> s(strand);
    tcp::acceptor acceptor(ioc, loopback<tcp::endpoint>());
    s.connect(acceptor.local_endpoint());
    auto other = acceptor.accept();
    auto const c = with_peer(root, s);
    asio::post(
        strand,
        [&]
        {
            other.close();
            std::thread(
                [&]
                {
                    auto const end = clock_type::now() + patience;
                    while (!c.ctx.done() && clock_type::now() < end)
                        pool.run_one_until(end);
                })
                .join();
            BOOST_TEST(c.ctx.cause() == asio::error::eof);
        });
    // With io_uring, what it does for itself counts.
    while (!c.ctx.done() && pool.run_one() != 0)
        ;
    BOOST_TEST(c.ctx.done());
}

BOOST_AUTO_TEST_CASE(a_thread_pool_will_do)
{
    asio::thread_pool pool(2);
    tcp::socket s(pool);
    tcp::acceptor acceptor(ioc, loopback<tcp::endpoint>());
    s.connect(acceptor.local_endpoint());
    auto other = acceptor.accept();
    auto const c = with_peer(background(pool), s);
    other.close();
    wait_until([&] { return c.ctx.done(); });
    BOOST_TEST(c.ctx.cause() == asio::error::eof);
    pool.join();
}

// Failures.

BOOST_AUTO_TEST_CASE(a_socket_that_is_not_open_is_an_error)
{
    auto const before = descriptors();
    socket.close();
    BOOST_CHECK_EXCEPTION(
        (void)with_peer(root, socket),
        boost::system::system_error,
        [](auto const& e) { return e.code() == asio::error::bad_descriptor; });
    BOOST_TEST(descriptors() == before - per_watch);
    BOOST_TEST(idle());
}

BOOST_AUTO_TEST_CASE(a_socket_that_is_not_connected_is_an_error)
{
    auto const check = [&](auto& s)
    {
        BOOST_CHECK_EXCEPTION(
            static_cast<void>(with_peer(root, s)),
            std::invalid_argument,
            [](std::invalid_argument const& e)
            {
                return std::string_view(e.what()).find("not connected")
                    != std::string_view::npos;
            });
    };
    tcp::socket fresh(ioc, tcp::v4());
    check(fresh);
    fresh.bind(loopback<tcp::endpoint>());
    check(fresh);
    local_stream::socket local(ioc);
    local.open(local_stream::endpoint().protocol());
    check(local);
    // On its way.
    full_listener listener(ioc);
    tcp::socket connecting(ioc, tcp::v4());
    connecting.async_connect(listener.endpoint(), [](error_code) {});
    check(connecting);
    connecting.close();
    ioc.poll();
}

BOOST_AUTO_TEST_CASE(a_connection_that_has_ended_is_no_error)
{
    reset_by_peer();
    wait_until(
        [&]
        {
            error_code ec;
            socket.remote_endpoint(ec);
            return ec == asio::error::not_connected;
        });
    auto [ctx, cancel] = with_peer(root, socket);
    BOOST_TEST(ctx.cause() == asio::error::connection_reset);
    // A read has taken the error.
    error_code ec;
    socket.read_some(asio::buffer(byte), ec);
    auto [again, cancel_again] = with_peer(root, socket);
    BOOST_TEST(again.done());
}

#if !defined(_WIN32)

// More than one descriptor of the socket.

BOOST_AUTO_TEST_CASE(a_socket_that_is_closed_but_has_a_duplicate_is_not_watched)
{
    auto [ctx, cancel] = with_peer(root, socket);
    tcp::socket duplicate(ioc, tcp::v4(), ::dup(socket.native_handle()));
    auto [other, cancel_other] = with_peer(root, duplicate);
    socket.close();
    peer.close();
    until_done(other);
    BOOST_TEST(quiet());
    BOOST_TEST(!ctx.done());
}

BOOST_AUTO_TEST_CASE(a_duplicate_may_go)
{
    auto [ctx, cancel] = with_peer(root, socket);
    {
        tcp::socket duplicate(ioc, tcp::v4(), ::dup(socket.native_handle()));
        auto [other, cancel_other] = with_peer(root, duplicate);
    }
    BOOST_TEST(quiet());
    BOOST_TEST(!ctx.done());
    peer.close();
    until_done(ctx);
}

// A child has no kqueue of its parent's, and is told nothing by io_uring, see
// test/bare/fork.cpp.
#if !defined(BOOST_ASIO_HAS_KQUEUE) \
    && !defined(BOOST_ASIO_HAS_IO_URING_AS_DEFAULT)
BOOST_AUTO_TEST_CASE(both_processes_hear_after_a_fork)
{
    auto [ctx, cancel] = with_peer(root, socket);
    ioc.notify_fork(asio::execution_context::fork_prepare);
    auto const child = ::fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0)
    {
        ioc.notify_fork(asio::execution_context::fork_child);
        peer.close();
        ioc.run_for(std::chrono::seconds(10));
        ::_exit(ctx.done() ? 42 : 1);
    }
    ioc.notify_fork(asio::execution_context::fork_parent);
    peer.shutdown(tcp::socket::shutdown_both);
    // The child first.
    int status = 0;
    BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
    BOOST_TEST(WEXITSTATUS(status) == 42);
    until_done(ctx);
}
#endif

BOOST_AUTO_TEST_CASE(a_childs_copy_of_a_closed_socket_is_not_watched)
{
    auto [ctx, cancel] = with_peer(root, socket);
    std::array<int, 2> pipe{};
    BOOST_REQUIRE(::pipe(pipe.data()) == 0);
    auto const child = ::fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0)
    {
        ::close(pipe[1]);
        char c;
        [[maybe_unused]] auto const n = ::read(pipe[0], &c, 1);
        ::_exit(0);
    }
    socket.close();
    peer.shutdown(tcp::socket::shutdown_send);
    for (int runs = 0; runs != 100; ++runs)
        poll();
    BOOST_TEST(!ctx.done());
    ::close(pipe[0]);
    ::close(pipe[1]);
    BOOST_REQUIRE(::waitpid(child, nullptr, 0) == child);
}

BOOST_AUTO_TEST_CASE(a_lack_of_descriptors_is_an_error)
{
    ::rlimit before = {};
    BOOST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    (void)with_peer(root, socket); // so that what is made once is there
    poll();
    auto none = before;
    none.rlim_cur = 0;
    BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    error_code ec;
    try
    {
        (void)with_peer(root, socket);
    }
    catch (boost::system::system_error const& e)
    {
        ec = e.code();
    }
    BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    BOOST_TEST(ec == asio::error::no_descriptors);
    BOOST_TEST(idle());
}

BOOST_AUTO_TEST_CASE(a_lack_of_memory_leaves_no_descriptor)
{
    bool thrown = true;
    for (std::size_t n = 0; thrown; ++n)
    {
        BOOST_REQUIRE(n < 100);
        asio::io_context fresh; // keeps nothing that was freed
        stream_pair streams(fresh);
        auto const ctx = background(fresh);
        auto const before = descriptors();
        try
        {
            failing_allocations const scarce(n);
            (void)with_peer(ctx, streams.socket);
            thrown = false;
        }
        catch (std::bad_alloc const&)
        {
        }
        fresh.poll();
        BOOST_TEST(descriptors() == before);
    }
}

#endif

BOOST_AUTO_TEST_SUITE_END()

#endif
