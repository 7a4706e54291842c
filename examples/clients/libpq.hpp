//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_EXAMPLES_CLIENTS_LIBPQ_HPP
#define ASIOCTX_EXAMPLES_CLIENTS_LIBPQ_HPP

// PostgreSQL's libpq, which knows nothing of Asio: Asio waits for its socket.

#include <asioctx.hpp>

#include <boost/asio.hpp>

#include <libpq-fe.h>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace libpq {

namespace asio = boost::asio;
using asioctx::bind_context;
using namespace std::chrono_literals;

struct deleter
{
    void operator()(PGconn* p) const
    {
        PQfinish(p);
    }

    void operator()(PGresult* p) const
    {
        PQclear(p);
    }

    void operator()(PGcancel* p) const
    {
        PQfreeCancel(p);
    }
};

using result = std::unique_ptr<PGresult, deleter>;

// For one coroutine at a time.
class connection
{
public:
    explicit connection(asio::any_io_executor const& ex) : socket_(ex)
    {
    }

    // The socket is libpq's, which closes it.
    ~connection()
    {
        socket_.release();
    }

    //[connect
    asio::awaitable<void> connect(asioctx::context ctx, std::string where)
    {
        pg_.reset(PQconnectStart(where.c_str()));
        for (auto next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK;)
        {
            if (next == PGRES_POLLING_FAILED || PQsocket(pg_.get()) < 0)
                fail();
            socket_.assign(PQsocket(pg_.get()));
            co_await wait(
                ctx,
                next == PGRES_POLLING_READING ? socket_.wait_read
                                              : socket_.wait_write);
            // libpq may close this socket and open another.
            socket_.release();
            next = PQconnectPoll(pg_.get());
        }
        socket_.assign(PQsocket(pg_.get()));
        PQsetnonblocking(pg_.get(), 1);
    }
    //]

    // Whether it may be asked. One that is not is for the destructor.
    bool usable() const
    {
        auto const status = PQtransactionStatus(pg_.get());
        return status != PQTRANS_ACTIVE && status != PQTRANS_UNKNOWN;
    }

    // What the server has said last, or libpq.
    std::string last_error() const
    {
        return PQerrorMessage(pg_.get());
    }

    //[query
    // If ctx ends the statement, the server is asked to cancel it, and has two
    // seconds to say that it did.
    asio::awaitable<result> query(asioctx::context ctx, std::string sql)
    {
        ctx.throw_if_done();
        if (!PQsendQuery(pg_.get(), sql.c_str()))
            fail();
        result answer;
        co_await asioctx::with_clean_up(
            ctx,
            2s,
            [&]() -> asio::awaitable<void> { answer = co_await receive(ctx); },
            [&](asioctx::context grace) { return settle(grace); });
        if (PQresultStatus(answer.get()) == PGRES_FATAL_ERROR)
            fail();
        co_return answer;
    }
    //]

private:
    //[receive
    // The last result of a statement that was sent.
    asio::awaitable<result> receive(asioctx::context ctx)
    {
        while (PQflush(pg_.get()) > 0)
            co_await wait(ctx, socket_.wait_write);
        for (result last;;)
        {
            while (PQisBusy(pg_.get()))
            {
                co_await wait(ctx, socket_.wait_read);
                if (!PQconsumeInput(pg_.get()))
                    fail();
            }
            result next(PQgetResult(pg_.get()));
            if (!next)
                co_return last;
            last = std::move(next);
        }
    }

    // If an answer is owed yet, makes it a short one and reads that.
    asio::awaitable<void> settle(asioctx::context grace)
    {
        if (PQtransactionStatus(pg_.get()) != PQTRANS_ACTIVE)
            co_return;
        // PQcancel has a connection of its own, and blocks. It is waited for:
        // one that came late would cancel the next statement.
        auto const cancel =
            [request = std::shared_ptr<PGcancel>(
                 PQgetCancel(pg_.get()), deleter())]() -> asio::awaitable<void>
        {
            char why[256];
            if (!PQcancel(request.get(), why, sizeof why))
                throw std::runtime_error(why);
            co_return;
        };
        co_await asio::co_spawn(
            asio::system_executor(),
            cancel,
            asioctx::detach_on_cancel(grace, asio::use_awaitable));
        co_await receive(grace);
    }
    //]

    asio::awaitable<void> wait(
        asioctx::context ctx, asio::posix::descriptor_base::wait_type what)
    {
        co_await socket_.async_wait(what, bind_context(ctx));
    }

    [[noreturn]] void fail() const
    {
        throw std::runtime_error(last_error());
    }

    std::unique_ptr<PGconn, deleter> pg_;
    asio::posix::stream_descriptor socket_;
};

} // namespace libpq

#endif
