//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//
// P19: the memory of a connection that waits for its peer, in a coroutine: a
// read, and what ends it after 30 s without one. That of the sockets themselves
// is the kernel's, and not counted.

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/with_peer.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <sys/resource.h>
#include <utility>
#include <vector>

#include "support.hpp"

namespace asioctx::bench {
namespace {

using namespace std::chrono_literals;
using benchmark::State;
using protocol = asio::local::stream_protocol;
using stream = boost::beast::basic_stream<protocol>;

constexpr auto token = asio::as_tuple(asio::use_awaitable);

asio::awaitable<void> nothing(protocol::socket& s)
{
    char data[64];
    co_await s.async_read_some(asio::buffer(data), token);
}

asio::awaitable<void> idle_timeout(context root, protocol::socket& s)
{
    auto const [ctx, idle] = with_idle_timeout(root, 30s);
    char data[64];
    co_await s.async_read_some(asio::buffer(data), bind_context(ctx, token));
}

asio::awaitable<void> idle_timeout_and_peer(context root, protocol::socket& s)
{
    auto const [peer, cancel] = with_peer(root, s);
    auto const [ctx, idle] = with_idle_timeout(peer, 30s);
    char data[64];
    co_await s.async_read_some(asio::buffer(data), bind_context(ctx, token));
}

asio::awaitable<void> basic_stream(protocol::socket& socket)
{
    stream s(std::move(socket));
    s.expires_after(30s);
    char data[64];
    co_await s.async_read_some(asio::buffer(data), token);
}

// As many as the files allow that a process may have open: two for each pair,
// and that of with_peer.
std::size_t number_of_connections()
{
    rlimit files = {};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    auto const most = static_cast<std::size_t>(up_to(100'000));
    return std::min<std::size_t>(most, (files.rlim_cur - 100) / 3);
}

template <class Serve>
void connections(State& state, Serve serve)
{
    auto const n = number_of_connections();
    for (auto _ : state)
    {
        asio::io_context ioc(1);
        auto const [root, cancel] = with_cancel(background(ioc));
        std::vector<protocol::socket> near;
        std::vector<protocol::socket> far;
        near.reserve(n);
        far.reserve(n);
        while (near.size() != n)
            asio::local::connect_pair(
                near.emplace_back(ioc), far.emplace_back(ioc));
        auto const before = resident_bytes();
        for (auto& s : near)
            asio::co_spawn(ioc, serve(root, s), asio::detached);
        ioc.poll();
        state.SetIterationTime(
            1e-9 * static_cast<double>(resident_bytes() - before)
            / static_cast<double>(n));
        state.counters["connections"] = static_cast<double>(n);
        cancel();
        far.clear();
        ioc.restart();
        ioc.poll();
    }
}

} // namespace

void add_benchmarks()
{
    auto const add = [](char const* name, auto serve)
    {
        benchmark::RegisterBenchmark(
            name, [serve](State& s) { connections(s, serve); })
            ->Apply(measured_by_hand);
    };
    auto const bare = [](auto serve)
    {
        return [serve](context const&, protocol::socket& s)
        {
            return serve(s);
        };
    };
    add("P19/read/bare", bare(nothing));
    add("P19/idle timeout/asioctx", idle_timeout);
    add("P19/idle timeout/basic_stream", bare(basic_stream));
    add("P19/peer/asioctx", idle_timeout_and_peer);
}

} // namespace asioctx::bench
