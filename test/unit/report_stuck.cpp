//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/report_stuck.hpp>

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/task_group.hpp>
#include <asioctx/value.hpp>
#include <asioctx/with_name.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/bound_fixture.hpp"
#include "support/deaf_operation.hpp"
#include "support/print.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

namespace {

constexpr auto ignore = [](auto const&...) {
};

struct fixture : bound_fixture
{
    std::function<void()> end;
    std::vector<std::string> reports;

    stuck_reporter start(context const& ctx, stuck_options const& o = {})
    {
        return report_stuck(
            ctx,
            [this](std::string const& text) { reports.push_back(text); },
            o);
    }

    void go_on(duration d)
    {
        // Deadlines pass one after the other: the next look is made by the one
        // before.
        for (; d > duration::zero(); d -= 500ms)
        {
            clock.advance(std::min<duration>(d, 500ms));
            poll();
        }
    }

    bool reported(std::size_t number, std::string_view part) const
    {
        if (number < reports.size()
            && reports[number].find(part) != std::string::npos)
            return true;
        for (auto const& r : reports)
            BOOST_TEST_MESSAGE(r);
        return false;
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(test_report_stuck, fixture)

BOOST_AUTO_TEST_CASE(nothing_is_said_while_nothing_is_held_up)
{
    auto const c = with_cancel(root);
    auto const reporter = start(root);
    async_deaf(end, bind_context(c.ctx, ignore));
    go_on(60s);
    c.cancel();
    go_on(1s);
    end();
    go_on(60s);
    BOOST_TEST(reports.empty());
}

BOOST_AUTO_TEST_CASE(what_is_held_up_is_said_at_doubling_intervals)
{
    auto const server = with_cancel(with_name(root, "server"));
    auto const reporter = start(root);
    auto const request = with_cancel(with_name(server.ctx, "GET /report"));
    auto const line = BOOST_CURRENT_LOCATION.line();
    async_deaf(end, bind_context(request.ctx, ignore));
    go_on(10s);
    server.cancel.cancel(asio::error::eof);
    go_on(5s);
    BOOST_TEST(reports.size() == 2u); // after 2 s, and after 4
    BOOST_TEST(reported(
        0,
        "asioctx: held up for 2.0s: 1 operation asked and not "
        "ended\ncanceled 2.0s ago, report_stuck.cpp:"));
    BOOST_TEST(reported(0, ", End of file\n"));
    BOOST_TEST(reported(0, "report_stuck.cpp:" + std::to_string(line + 1)));
    BOOST_TEST(reported(
        0, "never heard: it cannot be canceled; use detach_on_cancel\n"));
    BOOST_TEST(reported(0, "below server > GET /report > with_cancel\n"));
    go_on(60s);
    BOOST_TEST(reports.size() == 6u); // 8, 16, 32 and 64 s
    end();
    go_on(2s);
    BOOST_TEST(reports.size() == 7u);
    BOOST_TEST(reported(6, "asioctx: nothing is held up any more\n"));
    // Anew for the next.
    auto const other = with_cancel(root);
    async_deaf(end, bind_context(other.ctx, ignore));
    other.cancel();
    go_on(3s);
    BOOST_TEST(reports.size() == 8u);
    BOOST_TEST(reported(7, "held up for"));
    end();
}

BOOST_AUTO_TEST_CASE(the_end_of_a_grace_is_said)
{
    auto const stop = with_cancel(root);
    auto const grace = with_grace(stop.ctx, 5s);
    auto const reporter = start(root, {.first = 1s});
    std::function<void()> first;
    async_deaf(first, bind_context(stop.ctx, ignore));
    async_deaf(end, bind_context(grace.ctx, ignore));
    stop.cancel();
    go_on(1s);
    BOOST_TEST(reported(
        0,
        "held up for 1.0s: 1 operation asked and not ended; "
        "hard stop in 4.0s"));
    go_on(4s);
    BOOST_TEST_REQUIRE(!reports.empty());
    BOOST_TEST(reported(reports.size() - 1, "asioctx: hard stop: held up for"));
    BOOST_TEST(reported(reports.size() - 1, ": 2 operations asked"));
    first();
    end();
}

// Go by what a name is put upon.
BOOST_AUTO_TEST_CASE(names_hide_neither_the_hard_stop_nor_who_is_to_blame)
{
    auto const stop = with_cancel(root);
    auto const grace = with_grace(with_name(stop.ctx, "server"), 5s);
    auto const child = with_cancel(with_name(stop.ctx, "worker"));
    async_deaf(end, bind_context(with_name(child.ctx, "job"), ignore));
    auto const line = BOOST_CURRENT_LOCATION.line();
    stop.cancel();
    go_on(1s);
    std::ostringstream os;
    print_stuck(os, snapshot(root));
    BOOST_TEST(os.str().find("; hard stop in 4.0s\n") != std::string::npos);
    BOOST_TEST(
        os.str().find(
            "canceled 1.0s ago, report_stuck.cpp:" + std::to_string(line + 1)
            + "\n")
        != std::string::npos);
    end();
}

// A second hang, while other operations are being asked all the time.
BOOST_AUTO_TEST_CASE(each_hang_is_said_anew)
{
    auto const reporter = start(root);
    std::function<void()> busy;
    auto const hang = [&](std::chrono::seconds time)
    {
        auto const c = with_cancel(root);
        async_deaf(end, bind_context(c.ctx, ignore));
        c.cancel();
        go_on(time);
        end();
    };
    hang(40s);
    auto const first = reports.size();
    for (int i = 0; i != 6; ++i)
    {
        auto const c = with_cancel(root);
        async_deaf(busy, bind_context(c.ctx, ignore));
        c.cancel();
        go_on(500ms);
        busy();
    }
    hang(3s);
    BOOST_TEST(reports.size() > first + 1);
    BOOST_TEST(reported(reports.size() - 1, "held up for"));
}

// It cannot be that it is not started, and its context has had nothing to end.
BOOST_AUTO_TEST_CASE(what_begins_under_a_context_that_is_done_is_said_too)
{
    auto const c = with_cancel(root);
    c.cancel();
    go_on(1s);
    auto token = bind_context(c.ctx, ignore);
    std::function<void()> complete;
    asio::async_initiate<decltype(token), void(int)>(
        [&](auto handler)
        {
            complete =
                [h = std::make_shared<decltype(handler)>(std::move(handler))]
            {
                std::move (*h)(1);
            };
        },
        token);
    go_on(3s);
    auto const s = snapshot(root);
    BOOST_TEST_REQUIRE(s.operations.size() == 1u);
    BOOST_TEST((s.operations[0].asked.value() > 2900ms));
    complete();
}

BOOST_AUTO_TEST_CASE(what_is_alike_is_one_row_and_the_oldest_comes_first)
{
    auto const a = with_cancel(root);
    auto const b = with_cancel(root);
    std::vector<std::function<void()>> ends(3);
    for (auto& e : ends)
        async_deaf(e, bind_context(b.ctx, ignore));
    async_deaf(end, bind_context(a.ctx, ignore));
    a.cancel();
    go_on(4s);
    b.cancel();
    go_on(1s);
    std::ostringstream os;
    BOOST_TEST(print_stuck(os, snapshot(root)) == 4u);
    auto const text = os.str();
    BOOST_TEST(
        text.find("  5.0s  5.0s   1  ") < text.find("  5.0s  1.0s   3  "));
    os.str("");
    BOOST_TEST(print_stuck(os, snapshot(root), 2s) == 1u);
    os.str("");
    BOOST_TEST(print_stuck(os, snapshot(root), 10s) == 0u);
    BOOST_TEST(os.str() == "");
    print_stuck(os, snapshot(root), {}, {.rows = 1});
    BOOST_TEST(os.str().find("  ... 1 more rows\n") != std::string::npos);
    for (auto& e : ends)
        e();
    end();
}

BOOST_AUTO_TEST_CASE(queued_tasks_are_counted)
{
    auto const c = with_cancel(root);
    auto const other = with_cancel(root);
    task_group group(ioc, other.ctx, 1);
    asio::steady_timer never(ioc, time_point::max());
    for (int i = 0; i != 3; ++i)
        group.spawn([&](auto token) { never.async_wait(std::move(token)); });
    async_deaf(end, bind_context(c.ctx, ignore));
    c.cancel();
    std::ostringstream os;
    print_stuck(os, snapshot(root));
    BOOST_TEST(
        os.str().find("not ended, 2 tasks queued\n") != std::string::npos);
    end();
    other.cancel();
    poll();
}

BOOST_AUTO_TEST_CASE(a_reporter_may_go_at_any_time)
{
    auto const c = with_cancel(root);
    std::optional reporter(start(c.ctx));
    async_deaf(end, bind_context(c.ctx, ignore));
    c.cancel();
    reporter.reset();
    go_on(10s);
    BOOST_TEST(reports.empty());
    stuck_reporter two = start(c.ctx);
    two = start(c.ctx);
    go_on(2s);
    BOOST_TEST(reports.size() == 1u);
    two = {};
    end();
}

BOOST_AUTO_TEST_CASE(it_counts_as_no_work_and_outlives_the_execution_context)
{
    std::optional<asio::io_context> other(std::in_place);
    auto const reporter = start(background(*other));
    other->run(); // returns
    BOOST_TEST(other->stopped());
    other.reset();
    BOOST_TEST(reports.empty());
}

BOOST_AUTO_TEST_CASE(a_report_that_throws_is_not_the_last)
{
    auto const c = with_cancel(root);
    int calls = 0;
    auto const reporter = report_stuck(
        c.ctx,
        [&](std::string const&)
        {
            ++calls;
            throw std::runtime_error("no disk");
        });
    async_deaf(end, bind_context(c.ctx, ignore));
    c.cancel();
    go_on(5s);
    BOOST_TEST(calls == 2);
    end();
}

struct secret
{
    friend std::string to_string(secret const&)
    {
        throw 7;
    }
};

constexpr context_key<secret> thrower("thrower", loggable);

// What a value's text throws does not leave run(), nor end the reports.
BOOST_AUTO_TEST_CASE(a_report_that_cannot_be_made_is_not_the_last)
{
    auto const reporter = start(root);
    {
        auto const c = with_cancel(with_value(root, thrower, secret()));
        go_on(2s);
        BOOST_TEST(reported(0, "a report could not be made"));
    }
    auto const c = with_cancel(root);
    async_deaf(end, bind_context(c.ctx, ignore));
    c.cancel();
    go_on(4s);
    BOOST_TEST(reported(reports.size() - 1, "held up for"));
    end();
}

BOOST_AUTO_TEST_CASE(a_short_time_is_no_reason_to_report)
{
    auto const reporter = start(root, {.first = 1ms});
    for (int i = 0; i != 100; ++i)
    {
        clock.advance(1ms);
        poll();
    }
    BOOST_TEST(reports.empty());
}

// It may go in what it calls, and what that holds goes with it.
BOOST_AUTO_TEST_CASE(a_reporter_may_go_in_its_own_report)
{
    auto const c = with_cancel(root);
    stuck_reporter reporter;
    auto const held = std::make_shared<int>();
    int calls = 0;
    reporter = report_stuck(
        c.ctx,
        [&, held](std::string const&)
        {
            ++calls;
            reporter = {};
        });
    async_deaf(end, bind_context(c.ctx, ignore));
    c.cancel();
    go_on(10s);
    BOOST_TEST(calls == 1);
    BOOST_TEST(held.use_count() == 1);
    reporter = report_stuck(c.ctx, [held](std::string const&) {});
    reporter = {};
    BOOST_TEST(held.use_count() == 1);
    end();
}

BOOST_AUTO_TEST_CASE(without_an_execution_context_it_says_what_to_do)
{
    auto const c = with_cancel(background());
    BOOST_CHECK_THROW(
        static_cast<void>(report_stuck(c.ctx, [](std::string const&) {})),
        std::logic_error);
}

BOOST_AUTO_TEST_CASE(a_stream_is_written_to)
{
    auto const c = with_cancel(root);
    std::ostringstream os;
    auto const reporter = report_stuck(c.ctx, os);
    async_deaf(end, bind_context(c.ctx, ignore));
    c.cancel();
    go_on(2s);
    BOOST_TEST(os.str().starts_with("asioctx: held up for 2.0s"));
    BOOST_TEST(os.str().find('\33') == std::string::npos);
    end();
}

// All threads that run the io_context are blocked, or there is none.
BOOST_AUTO_TEST_CASE(threads_of_its_own_see_those_that_are_blocked)
{
    asio::thread_pool time(1);
    asio::io_context never_run;
    auto const r = background(never_run, time);
    auto const c = with_cancel(r);
    std::mutex mutex;
    std::condition_variable changed;
    std::string said;
    auto const reporter = report_stuck(
        r,
        [&](std::string const& text)
        {
            std::lock_guard const lock(mutex);
            said = text;
            changed.notify_one();
        },
        {.first = 1ms});
    asio::steady_timer t(never_run, time_point::max());
    t.async_wait(bind_context(c.ctx, ignore));
    c.cancel();
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return !said.empty(); });
    BOOST_TEST(
        said.find("on its way: the executor that it runs on is blocked, or "
                  "is not run")
        != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
