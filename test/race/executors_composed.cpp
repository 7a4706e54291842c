//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// As executors.cpp, for operations of several steps. Their steps run on the
// handler's executor, and so that is where the object is closed. Where nothing
// else may run beside them, as on the system executor, the operation completes.
// Of a coroutine that is bound as a whole, the steps run where it was spawned.

#include <asioctx/stays_asked.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>

#include "support/executors.hpp"
#include "support/local_pair.hpp"

using namespace race;
using stream_protocol = asioctx::test::local_stream;

namespace {

// What all families here have in common; see executors.cpp.
struct family
{
    template <class Kind>
    static constexpr bool allows = true;

    static constexpr bool steps_on_handler = true;

    family(world& w, action) : socket(w.object_executor), peer(w.ioc)
    {
        asioctx::test::connect_pair(socket, peer);
    }

    template <class Token>
    auto bind(asioctx::context const& ctx, Token&& token)
    {
        return asioctx::bind_context(ctx, std::forward<Token>(token));
    }

    void prepare()
    {
    }

    void close()
    {
        socket.close();
    }

    stream_protocol::socket socket;
    stream_protocol::socket peer;
};

struct read_all : family
{
    static constexpr auto name = "read";

    using family::family;

    template <class Token>
    auto start(Token&& token)
    {
        return asio::async_read(
            socket, asio::buffer(*data), std::forward<Token>(token));
    }

    // Each byte may be a step.
    void complete()
    {
        for (int i = 0; i < 4; ++i)
            peer.write_some(asio::buffer("x", 1));
    }

    std::unique_ptr<std::array<char, 4>> data =
        std::make_unique<std::array<char, 4>>();
};

struct read_line : family
{
    static constexpr auto name = "read_until";

    using family::family;

    template <class Token>
    auto start(Token&& token)
    {
        return asio::async_read_until(
            socket,
            asio::dynamic_buffer(*text),
            '\n',
            std::forward<Token>(token));
    }

    void complete()
    {
        for (char const* c = "xx\n"; *c; ++c)
            peer.write_some(asio::buffer(c, 1));
    }

    std::unique_ptr<std::string> text = std::make_unique<std::string>();
};

// An operation of our own, whose steps must not meet.
struct hops : family
{
    static constexpr auto name = "compose";

    using family::family;

    struct implementation
    {
        asio::any_io_executor ex;
        int* steps;
        int left = 4;

        template <class Self>
        void operator()(Self& self)
        {
            ++*steps;
            if (self.cancelled() != asio::cancellation_type::none)
                self.complete(asio::error::operation_aborted);
            else if (left-- > 0)
                asio::post(ex, std::move(self));
            else
                self.complete(error_code());
        }
    };

    template <class Token>
    auto start(Token&& token)
    {
        return asio::async_compose<Token, void(error_code)>(
            implementation{socket.get_executor(), steps.get()},
            token,
            socket.get_executor());
    }

    void complete()
    {
    }

    std::unique_ptr<int> steps = std::make_unique<int>(0);
};

// The same, but it does not look whether it was asked to stop, and then waits
// until it is.
struct goes_on
{
    asio::steady_timer* timer;
    int left = 4;

    template <class Self>
    void operator()(Self& self, error_code ec = {})
    {
        if (left-- > 0)
            return asio::post(timer->get_executor(), std::move(self));
        if (left < -1)
            return self.complete(ec);
        timer->expires_after(
            std::chrono::hours(settings::instance().bare ? 0 : 1));
        timer->async_wait(std::move(self));
    }
};

} // namespace

template <>
[[maybe_unused]] inline constexpr bool asioctx::stays_asked<goes_on> = true;

namespace {

// A request may come when a part has just ended, and is for the next.
struct blind_hops : family
{
    static constexpr auto name = "blind";

    blind_hops(world& w, action a)
        : family(w, a),
          timer(std::make_unique<asio::steady_timer>(w.object_executor))
    {
    }

    template <class Token>
    auto start(Token&& token)
    {
        return asio::async_compose<Token, void(error_code)>(
            goes_on{timer.get()}, token, *timer);
    }

    void complete()
    {
    }

    void close()
    {
        timer->cancel();
    }

    std::unique_ptr<asio::steady_timer> timer;
};

// Before Boost 1.83 the handler must have the coroutine's executor. Then,
// to 1.84, a coroutine that is canceled in its last step lets the exception out
// of run().
struct coroutine : read_all
{
    static constexpr auto name = "coroutine";

    template <class Kind>
    static constexpr bool allows = BOOST_ASIO_VERSION >= 103002
        || (BOOST_ASIO_VERSION < 102800 && std::is_same_v<Kind, kinds::none>);

    static constexpr bool steps_on_handler = false;

    using read_all::read_all;

    asio::awaitable<void> run()
    {
        for (auto& byte : *data)
            co_await asio::async_read(
                socket, asio::buffer(&byte, 1), asio::use_awaitable);
    }

    template <class Token>
    auto start(Token&& token)
    {
        return asio::co_spawn(
            socket.get_executor(), run(), std::forward<Token>(token));
    }
};

} // namespace

int main(int argc, char** argv)
{
    table t;
    t.add<read_all>(50);
    t.add<read_line>(50);
    t.add<hops>(50);
    t.add<blind_hops>(50);
    t.add<coroutine>(200);
    return main_with_settings(argc, argv, t.entries());
}
