//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// The hangs of doc/guide/debugging-a-hang.md, and what is said of each.

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/detach_on_cancel.hpp>
#include <asioctx/dump.hpp>
#include <asioctx/report_stuck.hpp>
#include <asioctx/task_group.hpp>
#include <asioctx/with_name.hpp>
#include <asioctx/without_cancel.hpp>

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "support/bound_fixture.hpp"
#include "support/deaf_operation.hpp"
#include "support/outcome.hpp"
#include "support/print.hpp"
#include "support/silent_dns.hpp"
#if defined(ASIOCTX_TEST_HAS_SSL)
#include "support/tls_pair.hpp"
#endif

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

namespace {

constexpr auto ignore = [](auto const&...) {
};

// What is to be said of an operation.
struct hang
{
    std::string operation;
    std::size_t line;
    std::string before; // cancel()
    std::string after;
    std::string advice;
};

struct fixture : bound_fixture
{
    cancelable const server = with_cancel(with_name(root, "server"));
    std::ostringstream log;
    stuck_reporter reporter = report_stuck(root, log);

    void go_on(duration d)
    {
        for (; d > duration::zero(); d -= 500ms)
        {
            clock.advance(500ms);
            poll();
        }
    }

    std::string dumped() const
    {
        std::ostringstream os;
        os << snapshot(root);
        return std::move(os).str();
    }

    // Columns are as wide as what is in them.
    static bool contains(std::string_view text, std::string const& part)
    {
        std::string narrow;
        for (char const ch : text)
            if (ch != ' ' || narrow.empty() || narrow.back() != ' ')
                narrow += ch;
        if (narrow.find(part) != narrow.npos)
            return true;
        BOOST_TEST_MESSAGE("no \"" << part << "\" in:\n" << text);
        return false;
    }

    void check_resolver(std::size_t line)
    {
        check(
            {{"basic_resolver::async_resolve",
              line,
              "pending",
              "never heard",
              deaf}});
    }

    // What dump() and the watchdog say, before and after cancel().
    void check(std::vector<hang> const& all)
    {
        auto const named = [](hang const& h)
        {
            return h.operation + " hangs.cpp:" + std::to_string(h.line) + ' ';
        };
        go_on(10s);
        auto text = dumped();
        for (auto const& h : all)
            BOOST_TEST(
                contains(text, " - " + named(h) + h.before + ", age 10.0s\n"));
        BOOST_TEST(text.find("asked") == text.npos);
        BOOST_TEST(log.str() == "");

        server.cancel();
        go_on(2s);
        text = dumped();
        std::size_t asked = 0;
        for (auto const& h : all)
            if (h.after == "queued")
                BOOST_TEST(contains(
                    text, " - " + named(h) + h.after + ", age 12.0s\n"));
            else
            {
                ++asked;
                BOOST_TEST(contains(
                    text,
                    " - " + named(h) + h.after
                        + ", age 12.0s, asked 2.0s ago\n"));
                BOOST_TEST(contains(
                    log.str(),
                    " 12.0s 2.0s 1 " + named(h) + h.after + h.advice + "\n"));
            }
        BOOST_TEST(contains(
            log.str(),
            "asioctx: held up for 2.0s: " + std::to_string(asked)
                + (asked == 1 ? " operation" : " operations")
                + " asked and not ended"));
        BOOST_TEST(contains(log.str(), "\ncanceled 2.0s ago, hangs.cpp:"));
        BOOST_TEST(contains(log.str(), " below server > "));
    }

    static constexpr char const* deaf =
        ": it cannot be canceled; use detach_on_cancel";
    static constexpr char const* blocked_executor =
        ": the executor that it runs on is blocked, or is not run";
};

// A look-up of a name to which there is no answer.
struct look_up
{
    explicit look_up(asio::io_context& ioc) : resolver(ioc)
    {
    }

    template <class Token>
    void start(Token&& token)
    {
        resolver.async_resolve(dns.name, "443", std::forward<Token>(token));
        dns.until_asked();
    }

    silent_dns dns;
    asio::ip::tcp::resolver resolver;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(test_hangs, fixture)

BOOST_AUTO_TEST_CASE(each_is_named_before_and_after_cancel)
{
    auto const line = std::size_t(BOOST_CURRENT_LOCATION.line());
    std::function<void()> end;
    async_deaf(end, bind_context(server.ctx, ignore));

    asio::io_context blocked;
    asio::steady_timer timer(blocked, time_point::max());
    timer.async_wait(bind_context(server.ctx, ignore));

    // A group that is done drops what is queued.
    auto const grace = with_grace(server.ctx, 10s);
    task_group group(ioc, grace.ctx, 1);
    asio::steady_timer never(ioc, time_point::max());
    group.spawn([&](auto token) { never.async_wait(std::move(token)); });
    group.spawn([&](auto token) { never.async_wait(std::move(token)); });

    look_up l(ioc);
    l.start(bind_context(server.ctx, ignore));

    check({
        {"deaf_operation", line + 2, "pending", "never heard", deaf},
        {"basic_waitable_timer::async_wait",
         line + 6,
         "pending",
         "on its way",
         blocked_executor},
        {"task", line + 13, "queued", "queued", ""},
        {"basic_resolver::async_resolve",
         line + 16,
         "pending",
         "never heard",
         deaf},
    });
    BOOST_TEST(contains(log.str(), " asked and not ended, 1 task queued; "));

    end();
    blocked.poll();
    l.dns.answer();
    grace.cancel();
    poll();
}

BOOST_AUTO_TEST_CASE(a_resolver_never_hears)
{
    look_up l(ioc);
    outcome o;
    auto const line = std::size_t(BOOST_CURRENT_LOCATION.line());
    l.start(bind_context(server.ctx, recorder(o)));
    check_resolver(line + 1);
    // Nor does its own cancel() end what has begun.
    l.resolver.cancel();
    go_on(1s);
    BOOST_TEST(!o.completed());
    l.dns.answer();
    until_completed(o);
    BOOST_TEST(o == make_error_code(asio::error::host_not_found_try_again));
    BOOST_TEST(snapshot(root).operations.empty());
}

// It does not hold up who waits for it, but run(), and so it is shown.
BOOST_AUTO_TEST_CASE(a_resolver_that_is_let_go_is_there_until_it_ends)
{
    look_up l(ioc);
    outcome o;
    auto const line = std::size_t(BOOST_CURRENT_LOCATION.line());
    l.start(detach_on_cancel(server.ctx, recorder(o)));
    check_resolver(line + 1);
    BOOST_TEST(o == make_error_code(errc::canceled));
    BOOST_TEST(!idle());
    l.dns.answer();
    poll_until(ioc, [&] { return snapshot(root).operations.empty(); });
    BOOST_TEST(idle());
}

#if defined(ASIOCTX_TEST_HAS_SSL)

BOOST_AUTO_TEST_CASE(a_tls_shutdown_that_is_not_to_be_canceled_has_heard)
{
    tls_pair tls(ioc);
    outcome o;
    auto const total = asio::cancellation_type::total;
    auto const line = std::size_t(BOOST_CURRENT_LOCATION.line());
    tls.stream.async_shutdown(bind_context(server.ctx, total, recorder(o)));
    check(
        {{"stream::async_shutdown",
          line + 1,
          "pending",
          "heard",
          ", not completed"}});
    BOOST_TEST(!o.completed());
    tls.sockets.peer.close();
    until_completed(o);
    BOOST_TEST(snapshot(root).operations.empty());
}

BOOST_AUTO_TEST_CASE(a_tls_shutdown_whose_executor_is_blocked_is_on_its_way)
{
    asio::io_context blocked;
    outcome o;
    std::optional<tls_pair> tls(blocked);
    auto const line = std::size_t(BOOST_CURRENT_LOCATION.line());
    tls->stream.async_shutdown(bind_context(server.ctx, recorder(o)));
    check(
        {{"stream::async_shutdown",
          line + 1,
          "pending",
          "on its way",
          blocked_executor}});
    poll_until(blocked, [&] { return o.completed(); });
    BOOST_TEST(o == make_error_code(errc::canceled));
}

BOOST_AUTO_TEST_CASE(a_tls_shutdown_ends_when_it_is_canceled)
{
    tls_pair tls(ioc);
    outcome o;
    tls.stream.async_shutdown(bind_context(server.ctx, recorder(o)));
    go_on(10s);
    BOOST_TEST(!o.completed());
    server.cancel();
    until_completed(o);
    BOOST_TEST(o == make_error_code(errc::canceled));
    go_on(10s);
    BOOST_TEST(log.str() == "");
}

// Nobody has asked it: the tree shows it, the watchdog does not.
BOOST_AUTO_TEST_CASE(a_tls_shutdown_without_cancel_needs_a_deadline)
{
    tls_pair tls(ioc);
    outcome o;
    auto const apart = without_cancel(server.ctx);
    std::optional limited(with_timeout(apart, 1h));
    auto const line = std::size_t(BOOST_CURRENT_LOCATION.line());
    tls.stream.async_shutdown(bind_context(limited->ctx, recorder(o)));
    server.cancel();
    go_on(10s);
    BOOST_TEST(contains(
        dumped(),
        " - stream::async_shutdown hangs.cpp:" + std::to_string(line + 1)
            + " pending, age 10.0s\n"));
    BOOST_TEST(log.str() == "");
    clock.advance(1h);
    until_completed(o);
    BOOST_TEST(o == make_error_code(errc::deadline_exceeded));
}

#endif

BOOST_AUTO_TEST_SUITE_END()
