//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/version.hpp>

#if BOOST_VERSION >= 108600
#include <boost/asio/co_composed.hpp>
#else
#include <boost/asio/experimental/co_composed.hpp>
#endif

#ifdef ASIOCTX_TEST_HAS_CONTEXT
#include <boost/asio/spawn.hpp>
#endif

#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

#include "matrix/fed_by_bytes.hpp"
#include "matrix/matrix.hpp"
#include "support/sockets.hpp"

namespace asioctx::test {

namespace {

using asio::use_awaitable;

// Reads four bytes, in a way that Derived says.
template <class Derived>
struct reads_four : fed_by_bytes<Derived>
{
    using fed_by_bytes<Derived>::fed_by_bytes;

    static constexpr std::string_view text = "xxxx";

    template <class Token>
    auto read(Token&& token)
    {
        return this->pair.socket.async_read_some(
            asio::buffer(&byte, 1), std::forward<Token>(token));
    }

    char byte = 0;
};

template <class Filter>
struct coroutine : reads_four<coroutine<Filter>>
{
    using reads_four<coroutine>::reads_four;

    asio::awaitable<void> run()
    {
        if constexpr (!std::
                          is_same_v<Filter, asio::enable_terminal_cancellation>)
            co_await asio::this_coro::reset_cancellation_state(Filter());
        for (int i = 0; i < 4; ++i)
            co_await this->read(use_awaitable);
    }

    template <class Token>
    void initiate(Token&& token)
    {
        asio::co_spawn(this->ioc_, run(), std::forward<Token>(token));
    }
};

using terminal_coroutine = coroutine<asio::enable_terminal_cancellation>;
using total_coroutine = coroutine<asio::enable_total_cancellation>;

// Ends when it is resumed first.
struct coroutine_without_await : subject_of<coroutine_without_await>
{
    using subject_of::subject_of;

    asio::awaitable<void> run()
    {
        co_return;
    }

    template <class Token>
    void initiate(Token&& token)
    {
        asio::co_spawn(ioc_, run(), std::forward<Token>(token));
    }

    bool feed() override
    {
        return false;
    }
};

// Reads four bytes from either of two sockets.
struct either : reads_four<either>
{
    using reads_four::reads_four;

    asio::awaitable<void> read_from(stream_pair& p)
    {
        char c;
        co_await p.socket.async_read_some(asio::buffer(&c, 1), use_awaitable);
    }

    asio::awaitable<void> run()
    {
        using namespace asio::experimental::awaitable_operators;
        for (int i = 0; i < 4; ++i)
            co_await (read_from(pair) || read_from(silent));
    }

    template <class Token>
    void initiate(Token&& token)
    {
        asio::co_spawn(ioc_, run(), std::forward<Token>(token));
    }

    stream_pair silent{ioc_};
};

#ifdef ASIOCTX_TEST_HAS_CONTEXT
struct stackful : reads_four<stackful>
{
    using reads_four::reads_four;

    template <class Token>
    void initiate(Token&& token)
    {
        asio::spawn(
            ioc_,
            [this](asio::yield_context yield)
            {
                for (int i = 0; i < 4; ++i)
                    read(yield);
            },
            std::forward<Token>(token));
    }
};
#endif

#if BOOST_VERSION >= 108600
using asio::co_composed;
#else
using asio::experimental::co_composed;
#endif

// GCC takes the coroutine frame's operators new and delete for a mismatch.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

struct composed_coroutine : reads_four<composed_coroutine>
{
    using reads_four::reads_four;

    template <class Token>
    void initiate(Token&& token)
    {
        asio::async_initiate<Token, void(error_code)>(
            co_composed<void(error_code)>(
                [](auto state, composed_coroutine* self) -> void
                {
                    try
                    {
                        state.throw_if_cancelled(true);
                        for (int i = 0; i < 4; ++i)
                            co_await self->read(asio::deferred);
                        co_return {error_code()};
                    }
                    catch (boost::system::system_error const& e)
                    {
                        co_return {e.code()};
                    }
                },
                pair.socket),
            token,
            this);
    }
};

#pragma GCC diagnostic pop

} // namespace

} // namespace asioctx::test

int main()
{
    using namespace asioctx::test;
    return run_matrix({
        {"coroutines", "co_spawn", make<terminal_coroutine>},
        {"coroutines",
         "co_spawn, enable_total_cancellation",
         make<total_coroutine>},
        {"coroutines",
         "co_spawn of a coroutine that never waits",
         make<coroutine_without_await>},
        {"coroutines", "co_spawn of awaitable || awaitable", make<either>},
#ifdef ASIOCTX_TEST_HAS_CONTEXT
        {"coroutines", "spawn (stackful)", make<stackful>},
#endif
        {"coroutines", "co_composed", make<composed_coroutine>},
    });
}
