//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// A watch of a connection that everybody ends at once: the remote side, the
// context's owner, its parent's, and the owner of the socket.

#include <asioctx/with_peer.hpp>

#if defined(ASIOCTX_HAS_WITH_PEER)

#include <asioctx/cancel.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/thread_pool.hpp>

#include <optional>
#include <thread>
#include <utility>

#include "support/local_pair.hpp"
#include "support/race.hpp"

namespace asio = boost::asio;

using namespace asioctx;
using socket_type = asioctx::test::local_stream::socket;

namespace {

void the_end_of_everything_at_once(int rounds)
{
    asio::thread_pool pool(2);
    for (int i = 0; i < rounds; ++i)
    {
        std::optional<socket_type> socket(std::in_place, pool);
        std::optional<socket_type> peer(std::in_place, pool);
        test::connect_pair(*socket, *peer);
        auto const parent = with_cancel(background(pool));
        std::optional<cancelable> watch(with_peer(parent.ctx, *socket));
        auto const ctx = watch->ctx;
        race::together(
            {[&] { peer.reset(); },
             [&] { watch.reset(); },
             [&] { parent.cancel(); },
             [&]
             {
                 socket.reset();
             }});
        RACE_CHECK(ctx.error() == errc::canceled);
        RACE_CHECK(
            ctx.cause() == errc::canceled || ctx.cause() == asio::error::eof);
    }
    pool.join();
}

void an_end_that_nobody_else_sees_is_not_missed(int rounds)
{
    asio::thread_pool pool(2);
    for (int i = 0; i < rounds; ++i)
    {
        socket_type socket(pool), peer(pool);
        test::connect_pair(socket, peer);
        std::optional<cancelable> watch;
        race::together(
            {[&] { peer.close(); },
             [&]
             {
                 watch.emplace(with_peer(background(), socket));
             }});
        while (!watch->ctx.done())
            std::this_thread::yield();
        RACE_CHECK(watch->ctx.cause() == asio::error::eof);
    }
    pool.join();
}

} // namespace

int main(int argc, char** argv)
{
    return race::main(
        argc,
        argv,
        {{"the end of everything at once", 500, the_end_of_everything_at_once},
         {"an end that nobody else sees is not missed",
          500,
          an_end_that_nobody_else_sees_is_not_missed}});
}

#else

int main()
{
}

#endif
