//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <boost/asio/compose.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/experimental/concurrent_channel.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/version.hpp>
#include <boost/asio/write.hpp>
#include <boost/version.hpp>

#if BOOST_VERSION >= 108600
#include <boost/asio/cancel_after.hpp>
#endif

#include <array>
#include <chrono>
#include <string_view>
#include <utility>

#include "matrix/fed_by_bytes.hpp"
#include "matrix/matrix.hpp"
#include "support/sockets.hpp"

namespace asioctx::test {

namespace {

namespace exp = asio::experimental;

using asio::deferred;

[[maybe_unused]] auto const long_time = std::chrono::hours(1);

template <class Channel>
struct channel_receive : fed_once<channel_receive<Channel>>
{
    using fed_once<channel_receive>::fed_once;

    template <class Token>
    void initiate(Token&& token)
    {
        channel.async_receive(std::forward<Token>(token));
    }

    void satisfy()
    {
        channel.try_send(error_code(), 1);
    }

    Channel channel{this->ioc_, 1};
};

template <class Channel>
struct channel_send : fed_once<channel_send<Channel>>
{
    explicit channel_send(asio::io_context& ioc) : fed_once<channel_send>(ioc)
    {
        renew();
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

    void renew() override
    {
        channel.try_send(error_code(), 1);
        this->fed = false;
    }

    Channel channel{this->ioc_, 1};
};

using channel = exp::channel<void(error_code, int)>;
using concurrent_channel = exp::concurrent_channel<void(error_code, int)>;

// The reads of a group.
template <class Derived>
struct two_reads : fed_once<Derived>
{
    using fed_once<Derived>::fed_once;

    auto read(std::size_t i)
    {
        return sockets[i].socket.async_read_some(
            asio::buffer(&bytes[i], 1), deferred);
    }

    void satisfy()
    {
        for (auto& s : sockets)
            asio::write(s.peer, asio::buffer("x", 1));
    }

    void renew() override
    {
        satisfy();
        for (auto& s : sockets)
            drain(s.socket);
        this->fed = false;
    }

    std::array<stream_pair, 2> sockets{
        stream_pair(this->ioc_), stream_pair(this->ioc_)};
    std::array<char, 2> bytes{};
};

struct group_of_all : two_reads<group_of_all>
{
    using two_reads::two_reads;

    template <class Token>
    void initiate(Token&& token)
    {
        exp::make_parallel_group(read(0), read(1))
            .async_wait(exp::wait_for_all(), std::forward<Token>(token));
    }
};

struct group_of_one : two_reads<group_of_one>
{
    using two_reads::two_reads;

    template <class Token>
    void initiate(Token&& token)
    {
        exp::make_parallel_group(read(0), read(1))
            .async_wait(exp::wait_for_one(), std::forward<Token>(token));
    }
};

// One of the operations cancels while the group starts the others.
struct group_amid_launch : two_reads<group_amid_launch>
{
    using two_reads::two_reads;

    template <class Token>
    void initiate(Token&& token)
    {
        exp::make_parallel_group(
            read(0),
            asio::async_initiate<asio::deferred_t const, void(error_code)>(
                [this](auto handler)
                {
                    if (cancel_amid)
                        cancel_amid();
                    timer.expires_at(asio::steady_timer::time_point());
                    timer.async_wait(std::move(handler));
                },
                deferred))
            .async_wait(exp::wait_for_all(), std::forward<Token>(token));
    }

    asio::steady_timer timer{ioc_};
};

// Reads four bytes, and posts itself in between, as many composed operations
// do.
struct several_steps : fed_by_bytes<several_steps>
{
    using fed_by_bytes::fed_by_bytes;

    static constexpr std::string_view text = "xxxx";

    struct implementation
    {
        several_steps* subject;
        int step = 0;

        template <class Self>
        void operator()(Self& self, error_code const& ec = {}, std::size_t = 0)
        {
            if (ec || step == 9)
                return self.complete(ec);
            if (subject->looks
                && self.cancelled() != asio::cancellation_type::none)
                return self.complete(asio::error::operation_aborted);
            if (step++ % 2 == 0)
                asio::post(
                    subject->pair.socket.get_executor(), std::move(self));
            else
                subject->pair.socket.async_read_some(
                    asio::buffer(&subject->byte, 1), std::move(self));
        }
    };

    template <class Token>
    void initiate(Token&& token)
    {
        asio::async_compose<Token, void(error_code)>(
            implementation{this}, token, pair.socket);
    }

    char byte = 0;
    bool looks = true;
};

// The same, but it does not look whether it has been asked to stop.
struct blind_steps : several_steps
{
    explicit blind_steps(asio::io_context& ioc) : several_steps(ioc)
    {
        looks = false;
    }
};

// The same, written by hand: nothing keeps a request.
struct steps_by_hand : several_steps
{
    using several_steps::several_steps;

    template <class Handler>
    struct implementation
    {
        steps_by_hand* subject;
        Handler handler;
        int step = 0;

        void operator()(error_code const& ec = {}, std::size_t = 0)
        {
            if (ec || step == 8)
                return std::move(handler)(ec);
            auto& s = subject->pair.socket;
            auto const slot = asio::get_associated_cancellation_slot(handler);
            if (step++ % 2 == 0)
                asio::post(s.get_executor(), std::move(*this));
            else
                s.async_read_some(
                    asio::buffer(&subject->byte, 1),
                    asio::bind_cancellation_slot(slot, std::move(*this)));
        }
    };

    template <class Token>
    void begin(Token&& token)
    {
        asio::async_initiate<Token, void(error_code)>(
            [this](auto handler) {
                implementation<decltype(handler)>{this, std::move(handler)}();
            },
            token);
    }

    void start(bound_token&& t) override
    {
        begin(std::move(t));
    }

    void start(bare_token&& t) override
    {
        begin(std::move(t));
    }
};

#if BOOST_VERSION >= 108600
struct timeout_inside : fed_once<timeout_inside>
{
    using fed_once::fed_once;

    template <class Token>
    void initiate(Token&& token)
    {
        pair.socket.async_read_some(
            asio::buffer(&byte, 1),
            adapt_inside(
                std::forward<Token>(token),
                [](auto&& handler)
                {
                    return asio::cancel_after(
                        long_time, std::forward<decltype(handler)>(handler));
                }));
    }

    void satisfy()
    {
        asio::write(pair.peer, asio::buffer("x", 1));
    }

    stream_pair pair{ioc_};
    char byte = 0;
};

struct timeout_outside : fed_once<timeout_outside>
{
    using fed_once::fed_once;

    template <class Token>
    void initiate(Token&& token)
    {
        pair.socket.async_read_some(
            asio::buffer(&byte, 1),
            asio::cancel_after(long_time, std::forward<Token>(token)));
    }

    void satisfy()
    {
        asio::write(pair.peer, asio::buffer("x", 1));
    }

    stream_pair pair{ioc_};
    char byte = 0;
};
#endif

} // namespace

} // namespace asioctx::test

int main()
{
    using namespace asioctx::test;
    return run_matrix({
        {"channels", "channel::async_receive", make<channel_receive<channel>>},
            {"channels", "channel::async_send", make<channel_send<channel>>},
            {"channels",
             "concurrent_channel::async_receive",
             make<channel_receive<concurrent_channel>>},
            {"channels",
             "concurrent_channel::async_send",
             make<channel_send<concurrent_channel>>},
            {"parallel_group", "wait_for_all", make<group_of_all>},
            {"parallel_group", "wait_for_one", make<group_of_one>},
            {"parallel_group", "while it launches", make<group_amid_launch>},
            {"composed operations",
             "async_compose, looks whether it was canceled",
             make<several_steps>},
            {"composed operations",
             "async_compose, does not look",
             make<blind_steps>},
            {"composed operations",
             "a handler written by hand",
             make<steps_by_hand>},
#if BOOST_VERSION >= 108600
            {"cancel_after",
             "bind_context(ctx, cancel_after(d, handler))",
             make<timeout_inside>},
            {"cancel_after",
             "cancel_after(d, bind_context(ctx, handler))",
             make<timeout_outside>},
#endif
    });
}
