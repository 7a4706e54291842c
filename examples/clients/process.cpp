//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Boost.Process: a child whose time is up is asked to exit, then killed, and
// waited for in any case.

#include <asioctx.hpp>

#include <boost/asio.hpp>
#include <boost/optional.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/stdio.hpp>

#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <sys/wait.h>

namespace asio = boost::asio;
namespace process = boost::process::v2;
using asioctx::bind_context;
using namespace std::chrono_literals;

void tell(std::string const& name, process::process const& child)
{
    auto const status = child.native_exit_code();
    if (WIFSIGNALED(status))
        std::cout << name << ": ended by signal " << WTERMSIG(status) << '\n';
    else
        std::cout << name << ": exited with " << WEXITSTATUS(status) << '\n';
}

//[wait
// Waits until the child is gone. When ctx is done it gets SIGTERM, and SIGKILL
// if that has not ended it after the grace.
asio::awaitable<void> wait(
    asioctx::context ctx, process::process& child, asioctx::duration grace)
{
    bool gone = false;
    co_await asioctx::with_clean_up(
        ctx,
        grace,
        [&]() -> asio::awaitable<void>
        {
            co_await child.async_wait(bind_context(ctx));
            gone = true;
        },
        [&](asioctx::context later) -> asio::awaitable<void>
        {
            if (gone)
                co_return;
            child.request_exit();
            auto const [late, code] = co_await child.async_wait(
                bind_context(later, asio::as_tuple(asio::use_awaitable)));
            if (late)
            {
                child.terminate();
                asioctx::error_code reaped;
                child.wait(reaped); // for an instant
            }
        });
}
//]

//[run
// Runs a shell's script. Its time begins with its first line.
asio::awaitable<void> run(
    asioctx::context parent,
    std::string script,
    asioctx::duration time,
    int& at_work)
{
    auto const ex = co_await asio::this_coro::executor;
    asio::readable_pipe out(ex);
    process::process child(
        ex, "/bin/sh", {"-c", script}, process::process_stdio{{}, out, {}});
    std::string line;
    auto const n = co_await asio::async_read_until(
        out, asio::dynamic_buffer(line), '\n', bind_context(parent));
    line.resize(n - 1);
    ++at_work;

    auto [ctx, cancel] = asioctx::with_timeout(parent, time);
    try
    {
        co_await wait(ctx, child, 500ms);
    }
    catch (boost::system::system_error const& e)
    {
        std::cout << e.code().message() << ", ";
    }
    tell(line, child);
}
//]

asio::awaitable<void> serve(asioctx::context root)
{
    auto [server, stop] = asioctx::with_cancel(root);
    int at_work = 0;
    co_await asioctx::with_task_group(
        server,
        [&](asioctx::task_group& children) -> asio::awaitable<void>
        {
            auto const script = "echo one of 3; exec sleep 60";
            for (int i = 0; i != 3; ++i)
                children.spawn(run(children.ctx(), script, 60s, at_work));
            while (at_work != 3)
                co_await asioctx::async_sleep(root, 10ms);
            stop(); // the shutdown
        });
}

asio::awaitable<void> show(asioctx::context root)
{
    int n = 0;
    co_await run(root, "echo hello", 10s, n);
    co_await run(root, "echo slow; exec sleep 60", 50ms, n);
    co_await run(root, "trap '' TERM; echo stubborn; exec sleep 60", 50ms, n);
    co_await serve(root);
}

int main()
{
    asio::io_context ioc;
    asio::co_spawn(
        ioc,
        show(asioctx::background(ioc)),
        [](std::exception_ptr e)
        {
            if (e)
                std::rethrow_exception(e);
        });
    ioc.run();
}
