//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// The code of doc/guide/task-groups.md. ctest runs it: it fails if a function
// does not do what the page says.

#include <asioctx.hpp>

#include <boost/asio.hpp>
#include <boost/asio/experimental/channel.hpp>

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using asioctx::bind_context;
using asioctx::error_code;
using namespace std::chrono_literals;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

void check(bool ok, char const* what)
{
    if (!ok)
        throw std::runtime_error(what);
}

#define CHECK(...) check((__VA_ARGS__), #__VA_ARGS__)

asio::awaitable<void> pause(asioctx::context ctx, asioctx::duration time)
{
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(bind_context(ctx));
}

asio::awaitable<std::string> fetch(asioctx::context ctx, std::string name)
{
    if (name == "missing")
        throw std::runtime_error("not found");
    co_await pause(ctx, name == "never" ? 1h : name == "slow" ? 20ms : 0ms);
    co_return name;
}

//[fan_out
asio::awaitable<void> fetch_to(
    asioctx::context ctx, std::string name, std::string& answer)
{
    answer = co_await fetch(ctx, name);
}

asio::awaitable<std::string> fetch_both(asioctx::context parent)
{
    std::string a, b;
    co_await asioctx::with_task_group(
        parent,
        [&](asioctx::task_group& group)
        {
            group.spawn(fetch_to(group.ctx(), "one", a));
            group.spawn(fetch_to(group.ctx(), "two", b));
        });
    co_return a + b;
}
//]

//[first_of
asio::awaitable<std::string> first_of(
    asioctx::context parent, std::vector<std::string> mirrors)
{
    std::vector<std::string> answers(mirrors.size());
    co_await asioctx::with_task_group(
        parent,
        [&](asioctx::task_group& group)
        {
            for (std::size_t i = 0; i != mirrors.size(); ++i)
                group.spawn(fetch_to(group.ctx(), mirrors[i], answers[i]));
        },
        asioctx::on_error::until_success);
    for (auto const& answer : answers)
        if (!answer.empty())
            co_return answer;
    co_return "";
}
//]

asio::awaitable<void> alone(asioctx::context parent)
{
    std::string a, b;
    co_await asioctx::with_task_group(
        parent,
        [&](asioctx::task_group& group)
        {
            //[alone
            auto [ctx, cancel] = asioctx::with_cancel(group.ctx());
            group.spawn(fetch_to(ctx, "never", a));
            group.spawn(fetch_to(group.ctx(), "slow", b));
            cancel(); // the first, and not the second
            //]
        });
    CHECK(a.empty() && b == "slow");
}

asio::awaitable<void> failures(asioctx::context parent)
{
    std::vector<std::string> log;
    //[on_failure
    auto const note = [&log](asioctx::task_group_report::failure const& f)
    {
        try
        {
            std::rethrow_exception(f.exception);
        }
        catch (std::exception const& e)
        {
            log.push_back(std::to_string(f.at.line()) + ": " + e.what());
        }
    };
    auto const serve = [&](asioctx::task_group& group)
    {
        group.on_failure(note);
        group.spawn(fetch(group.ctx(), "missing"));
        group.spawn(fetch(group.ctx(), "slow"));
    };
    co_await asioctx::with_task_group(parent, serve, asioctx::on_error::ignore);
    //]
    CHECK(log.size() == 1 && log[0].ends_with(": not found"));
}

//[in_order
using results = asio::experimental::channel<void(error_code, std::string)>;

asio::awaitable<void> fetch_into(
    asioctx::context ctx, std::string name, results& to)
{
    auto answer = co_await fetch(ctx, name);
    to.try_send(error_code(), std::move(answer)); // there is room
}

// The answers in the order in which they come.
asio::awaitable<std::string> in_order(
    asioctx::context parent, std::vector<std::string> names)
{
    std::string all;
    results arrived(co_await asio::this_coro::executor, names.size());
    co_await asioctx::with_task_group(
        parent,
        [&](asioctx::task_group& group) -> asio::awaitable<void>
        {
            for (auto const& name : names)
                group.spawn(fetch_into(group.ctx(), name, arrived));
            for (auto n = names.size(); n != 0; --n)
                all += co_await arrived.async_receive(
                    bind_context(group.ctx(), asio::use_awaitable));
        });
    co_return all;
}
//]

//[start
// A service that says when it is ready.
asio::awaitable<void> serve(
    asioctx::context ctx, std::string name, asioctx::cancel_source ready)
{
    co_await fetch(ctx, name); // stands for what must be there first
    ready();
    co_await pause(ctx, 1h);
}

asio::awaitable<void> use_service(asioctx::context parent, std::string name)
{
    co_await asioctx::with_task_group(
        parent,
        [&](asioctx::task_group& group) -> asio::awaitable<void>
        {
            auto [ready, set] = asioctx::with_cancel(group.ctx());
            group.spawn(serve(group.ctx(), name, std::move(set)));
            co_await ready.async_wait(asio::use_awaitable);
            group.ctx().throw_if_done(); // it has failed instead

            co_await fetch(group.ctx(), "one"); // the service runs
            group.cancel();
        });
}
//]

//[way_out
// Waits as long as ctx is live. What the tasks refer to is theirs.
asio::awaitable<error_code> try_join(
    asioctx::context ctx, asioctx::task_group& group)
{
    auto [e] = co_await group.async_join(
        asioctx::detach_on_cancel(ctx, asio::as_tuple(asio::use_awaitable)));
    co_return ctx.error();
}
//]

asio::awaitable<void> leave(asioctx::context parent)
{
    asioctx::task_group group(parent);
    asio::steady_timer deaf(co_await asio::this_coro::executor, 1h);
    group.spawn(
        [&deaf]() -> asio::awaitable<void>
        {
            co_await asio::this_coro::reset_cancellation_state(
                asio::disable_cancellation());
            co_await deaf.async_wait(as_result);
        });
    auto [ctx, cancel] = asioctx::with_timeout(parent, 10ms);
    CHECK(co_await try_join(ctx, group) == asioctx::errc::deadline_exceeded);
    CHECK(group.ctx().done());
    CHECK(group.report().pending.size() == 1);
    deaf.cancel();
    co_await group.async_join(as_result);
}

std::string cleaned;

//[clean_up
asio::awaitable<void> session(asioctx::context ctx)
{
    co_await asioctx::with_clean_up(
        ctx,
        2s,
        [&] { return pause(ctx, 1h); },
        [&](asioctx::context grace) -> asio::awaitable<void>
        {
            co_await pause(grace, 1ms); // stands for TLS's async_shutdown
            cleaned += '.';
        });
}
//]

asio::awaitable<void> clean_ups(asioctx::context parent)
{
    for (int i = 0; i != 3; ++i)
    {
        auto const ex = co_await asio::this_coro::executor;
        auto [ctx, cancel] = asioctx::with_timeout(parent, 5ms);
        error_code seen;
        try
        {
            if (i == 0)
                co_await session(ctx);
            else if (i == 1)
                co_await asioctx::with_task_group(
                    ctx,
                    [](asioctx::task_group& group)
                    { group.spawn(session(group.ctx())); });
            else
                co_await asio::co_spawn(
                    ex, session(ctx), bind_context(ctx, asio::use_awaitable));
        }
        catch (boost::system::system_error const& e)
        {
            seen = e.code();
        }
        CHECK(seen == asioctx::errc::deadline_exceeded);
    }
    CHECK(cleaned == "...");
}

asio::awaitable<void> groups(asioctx::context parent)
{
    CHECK(co_await fetch_both(parent) == "onetwo");
    std::vector<std::string> const mirrors{"missing", "never", "slow"};
    CHECK(co_await first_of(parent, mirrors) == "slow");
    std::vector<std::string> const names{"slow", "one"};
    CHECK(co_await in_order(parent, names) == "oneslow");

    std::string failure;
    for (std::string const name : {"one", "missing"})
        try
        {
            co_await use_service(parent, name);
        }
        catch (std::exception const& e)
        {
            failure += e.what();
        }
    CHECK(failure == "not found");
}

} // namespace

int main()
{
    asio::io_context ioc;
    auto const root = asioctx::background(ioc);
    for (auto* const test : {groups, alone, failures, leave, clean_ups})
    {
        asio::co_spawn(
            ioc,
            test(root),
            [](std::exception_ptr e)
            {
                if (e)
                    std::rethrow_exception(e);
            });
        ioc.restart();
        ioc.run();
    }
}
