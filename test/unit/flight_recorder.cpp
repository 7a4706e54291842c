//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/flight_recorder.hpp>

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/dump.hpp>
#include <asioctx/report_stuck.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/bound_fixture.hpp"
#include "support/print.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;
using what = flight_recorder::what;

namespace {

constexpr auto ignore = [](auto const&...) {
};

struct fixture : timers_fixture
{
    static std::string text(flight_recorder const& r)
    {
        std::string out;
        for (auto const& e : r.events())
        {
            out += out.empty() ? "" : ", ";
            out += to_string(e.kind);
            if (*e.name)
                out += std::string(" ") + e.name;
        }
        return out;
    }

    static std::uint64_t number(flight_recorder const& r, what w)
    {
        return r.total().events.at(static_cast<std::size_t>(w));
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(test_flight_recorder, fixture)

BOOST_AUTO_TEST_CASE(it_records_what_happens_in_order)
{
    flight_recorder const r(root);
    {
        auto const child = with_timeout(c.ctx, 5s);
        never.async_wait(bind_context(child.ctx, ignore));
        clock.advance(1s);
        c.cancel();
        poll();
        clock.advance(2s);
        BOOST_TEST(
            text(r)
            == "made, bound basic_waitable_timer::async_wait, canceled, asked "
               "basic_waitable_timer::async_wait, ended "
               "basic_waitable_timer::async_wait");
        auto const events = r.events();
        BOOST_TEST((events.front().ago == 3s));
        BOOST_TEST((events.back().ago == 2s));
        auto const s = snapshot(child.ctx);
        BOOST_TEST(events.front().context == s.contexts[0].id);
        BOOST_TEST(events[0].at.line() == s.contexts[0].made_at.line());
        BOOST_TEST(events[2].at.line() != events[0].at.line());
        BOOST_TEST(r.total().inherited == 1u);
        BOOST_TEST(r.total().time_to_end[0] == 1u);
    }
    auto const late = with_timeout(root, 1s);
    clock.advance(1s);
    BOOST_TEST(number(r, what::expired) == 1u);
    BOOST_TEST(number(r, what::made) == 2u);
    BOOST_TEST(number(r, what::asked) == 1u);
}

BOOST_AUTO_TEST_CASE(it_keeps_the_last_and_counts_all)
{
    flight_recorder const r(root, 3);
    for (int i = 0; i != 10; ++i)
        static_cast<void>(with_cancel(root));
    BOOST_TEST(text(r) == "canceled, made, canceled");
    BOOST_TEST(number(r, what::made) == 10u);
}

BOOST_AUTO_TEST_CASE(how_long_it_took_to_end_is_counted)
{
    flight_recorder const r(root);
    std::optional<asio::io_context> blocked(std::in_place);
    asio::steady_timer t(*blocked, time_point::max());
    t.async_wait(bind_context(c.ctx, ignore));
    c.cancel();
    clock.advance(1s); // 59 or 60 ticks
    blocked->poll();
    BOOST_TEST(r.total().time_to_end[6] == 1u);
}

BOOST_AUTO_TEST_CASE(there_is_one_at_a_time)
{
    std::optional<flight_recorder> r(std::in_place, root);
    BOOST_CHECK_THROW(flight_recorder{c.ctx}, std::logic_error);
    BOOST_CHECK_THROW(flight_recorder{background()}, std::logic_error);
    asio::io_context other;
    flight_recorder const second(background(other));
    static_cast<void>(with_cancel(root));
    BOOST_TEST(second.events().empty());
    r.reset();
    static_cast<void>(with_cancel(root));
    r.emplace(root); // begins anew
    BOOST_TEST(r->events().empty());
    static_cast<void>(with_cancel(root));
    BOOST_TEST(text(*r) == "made, canceled");
}

BOOST_AUTO_TEST_CASE(what_began_before_it_is_not_told_to_have_ended)
{
    never.async_wait(bind_context(c.ctx, ignore));
    flight_recorder const r(root);
    never.cancel();
    poll();
    BOOST_TEST(text(r) == "");
}

BOOST_AUTO_TEST_CASE(it_outlives_the_execution_context)
{
    std::optional<asio::io_context> other(std::in_place);
    flight_recorder const r(background(*other));
    auto const made = with_cancel(background(*other));
    other.reset();
    made.cancel();
    BOOST_TEST(text(r) == "made, canceled");
}

BOOST_AUTO_TEST_CASE(reports_end_with_the_last_events)
{
    flight_recorder const r(root);
    std::ostringstream os;
    auto const reporter = report_stuck(root, os);
    asio::io_context blocked;
    asio::steady_timer t(blocked, time_point::max());
    t.async_wait(bind_context(c.ctx, ignore));
    c.cancel();
    clock.advance(2s);
    poll();
    BOOST_TEST(os.str().find("lately:\n") != std::string::npos);
    BOOST_TEST(
        os.str().find("2.0s ago  asked  basic_waitable_timer::async_wait  "
                      "flight_recorder.cpp:")
        != std::string::npos);
    blocked.poll();
}

BOOST_AUTO_TEST_CASE(an_event_is_printed_for_people)
{
    std::ostringstream os;
    os << flight_recorder::event{
        what::bound,
        1500ms,
        nullptr,
        "async_read",
        source_location("dir/a.cpp", 7, "")};
    BOOST_TEST(os.str() == "1.5s ago  bound  async_read  a.cpp:7");
}

BOOST_AUTO_TEST_CASE(events_are_written_after_the_snapshot)
{
    flight_recorder const r(root);
    auto const child = with_timeout(c.ctx, 5s);
    never.async_wait(bind_context(child.ctx, ignore));
    clock.advance(1500ms);
    auto const s = snapshot(child.ctx);
    std::ostringstream alone, both;
    write_json(alone, s);
    write_json(both, s, r.events());
    auto expected = alone.str();
    BOOST_TEST_REQUIRE(expected.ends_with("}}\n"));
    expected.erase(expected.size() - 2);
    auto const between = [&](std::string const& first, char last)
    {
        auto const from = expected.find(first) + first.size();
        return expected.substr(from, expected.find(last, from) - from);
    };
    auto const id = between("\"id\":\"", '"');
    auto const made = between("\"made\":{", '}');
    auto const bound = between("\"bound\":{", '}');
    expected += R"(,"events":[{"what":"made","ago":1.500,"context":")" + id
        + R"(","name":null,"at":{)" + made
        + R"(}},{"what":"bound","ago":1.500,"context":")" + id
        + R"(","name":"basic_waitable_timer::async_wait","at":{)" + bound
        + "}}]}\n";
    BOOST_TEST(both.str() == expected);
    both.str("");
    write_json(both, s, {});
    BOOST_TEST(both.str().ends_with("[]},\"events\":[]}\n"));
}

BOOST_AUTO_TEST_SUITE_END()
