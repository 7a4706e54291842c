//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/current_context.hpp>

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/task_group.hpp>
#include <asioctx/value.hpp>
#include <asioctx/with_task_group.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/defer.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/wait_traits.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/allocation_counter.hpp"
#include "support/io_context_fixture.hpp"
#include "support/local_pair.hpp"
#include "support/print.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::chrono_literals;

namespace {

constexpr context_key<std::string> name_key("name");
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

using io_executor = asio::io_context::executor_type;

// The name of the context that is current.
std::string current()
{
    auto const* name = current_context().value(name_key);
    return name ? *name : "none";
}

struct fixture : manual_time_fixture
{
    context named(std::string name) const
    {
        return with_value(root, name_key, std::move(name));
    }

    context const a = named("a");
    context const b = named("b");
    asio::steady_timer timer{ioc, asio::steady_timer::time_point::max()};
    std::vector<std::string> seen; // in the order in which it was

    void see()
    {
        seen.push_back(current());
    }

    auto seeing()
    {
        return [this](auto&&...)
        {
            see();
        };
    }

    void check_seen(std::vector<std::string> const& expected)
    {
        BOOST_TEST(seen == expected, boost::test_tools::per_element());
        seen.clear();
        BOOST_TEST(current() == "none");
    }
};

// Takes some steps, each of which sees what is current.
template <class Token>
auto async_steps(fixture& f, int steps, Token&& token)
{
    return asio::async_compose<Token, void(error_code)>(
        [&f, steps](auto& self, error_code = {}) mutable
        {
            f.see();
            if (steps-- == 0)
                return self.complete({});
            f.timer.expires_at(asio::steady_timer::time_point::min());
            f.timer.async_wait(std::move(self));
        },
        token,
        f.ioc);
}

} // namespace

BOOST_AUTO_TEST_SUITE(test_current_context)

// The scope.

BOOST_FIXTURE_TEST_CASE(background_is_current_unless_another_is, fixture)
{
    BOOST_TEST((current_context() == background()));
    {
        current_scope const s(a);
        BOOST_TEST((current_context() == a));
    }
    BOOST_TEST((current_context() == background()));
}

BOOST_FIXTURE_TEST_CASE(the_innermost_scope_counts, fixture)
{
    current_scope const outer(a);
    {
        current_scope const inner(b);
        BOOST_TEST(current() == "b");
        current_scope const same(a);
        BOOST_TEST(current() == "a");
    }
    BOOST_TEST(current() == "a");
}

BOOST_FIXTURE_TEST_CASE(an_exception_ends_a_scope, fixture)
{
    try
    {
        current_scope const s(a);
        throw std::runtime_error("x");
    }
    catch (std::runtime_error const&)
    {
        BOOST_TEST(current() == "none");
    }
}

BOOST_FIXTURE_TEST_CASE(each_thread_has_its_own, fixture)
{
    current_scope const s(a);
    std::string there;
    std::thread(
        [&]
        {
            there = current();
            current_scope const of_the_thread(b);
            there += current();
        })
        .join();
    BOOST_TEST(there == "noneb");
    BOOST_TEST(current() == "a");
}

// The executor.

BOOST_FIXTURE_TEST_CASE(what_it_runs_has_the_context_current, fixture)
{
    auto const ex = make_current_executor(a, ioc);
    asio::post(ex, seeing());
    asio::defer(ex, seeing());
    asio::dispatch(ex, seeing());
    asio::post(ioc, seeing());
    asio::post(ioc, asio::bind_executor(ex, seeing()));
    asio::post(make_current_executor(b, ioc.get_executor()), seeing());
    check_seen({});
    poll();
    check_seen({"a", "a", "a", "none", "a", "b"});
}

BOOST_FIXTURE_TEST_CASE(what_runs_at_once_nests, fixture)
{
    auto const ex_a = make_current_executor(a, ioc);
    auto const ex_b = make_current_executor(b, ioc);
    asio::post(
        ex_a,
        [&]
        {
            see();
            asio::dispatch(
                ex_b,
                [&]
                {
                    see();
                    asio::dispatch(ex_a, seeing());
                    asio::dispatch(ioc, seeing());
                    see();
                });
            see();
        });
    poll();
    check_seen({"a", "b", "a", "b", "b", "a"});
    asio::dispatch(make_current_executor(a, asio::system_executor()), seeing());
    check_seen({"a"});
}

BOOST_FIXTURE_TEST_CASE(an_exception_restores_what_was_current, fixture)
{
    auto const ex = make_current_executor(a, ioc);
    asio::post(ex, [] { throw std::runtime_error("of a handler"); });
    BOOST_CHECK_THROW(poll(), std::runtime_error);
    check_seen({});
    current_scope const outer(b);
    asio::post(ex, [] { throw std::runtime_error("of a handler"); });
    BOOST_CHECK_THROW(poll(), std::runtime_error);
    BOOST_TEST(current() == "b");
}

BOOST_FIXTURE_TEST_CASE(it_is_the_other_executor_in_all_else, fixture)
{
    auto const ex = make_current_executor(a, ioc);
    BOOST_TEST((&asio::query(ex, asio::execution::context) == &ioc));
    BOOST_TEST(!ex.running_in_this_thread());
    bool here = false;
    asio::post(ex, [&] { here = ex.running_in_this_thread(); });
    poll();
    BOOST_TEST(here);

    // Its context and its executor are what it is.
    BOOST_TEST((ex == make_current_executor(a, ioc)));
    BOOST_TEST((ex != make_current_executor(b, ioc)));
    asio::io_context other;
    BOOST_TEST((ex != make_current_executor(a, other)));

    // What it becomes has the context, too.
    auto const never = asio::require(ex, asio::execution::blocking.never);
    BOOST_TEST((never != ex));
    {
        auto const tracked =
            asio::prefer(ex, asio::execution::outstanding_work.tracked);
        BOOST_TEST(!idle()); // it counts as work
        asio::any_io_executor const any = tracked;
        asio::post(any, seeing());
    }
    asio::dispatch(never, seeing());
    asio::any_io_executor const any = ex;
    BOOST_TEST((any == asio::any_io_executor(ex)));
    asio::dispatch(
        asio::require(any, asio::execution::blocking.never), seeing());
    poll();
    check_seen({"a", "a", "a"});
}

BOOST_FIXTURE_TEST_CASE(it_keeps_the_context, fixture)
{
    auto node = std::make_shared<int>();
    std::weak_ptr<int> const alive = node;
    static constexpr context_key<std::shared_ptr<int>> key("node");
    asio::any_io_executor ex = make_current_executor(
        with_value(root, key, std::exchange(node, nullptr)), ioc);
    BOOST_TEST(!alive.expired());
    ex = {};
    BOOST_TEST(alive.expired());
}

BOOST_FIXTURE_TEST_CASE(no_memory_is_allocated_for_it, fixture)
{
    auto const ex = make_current_executor(a, ioc);
    std::size_t count = 1;
    // The first fills the memory that Asio recycles.
    for (int i = 0; i != 2; ++i)
    {
        asio::post(ex, [] {});
        allocation_counter const allocations;
        asio::post(ioc, [] {});
        asio::post(ex, [] {});
        ioc.restart();
        ioc.poll();
        asio::post(
            ioc,
            [&, ex]
            {
                allocation_counter const within;
                asio::post(ex, [] {});
                count = within.count();
            });
        poll();
    }
    BOOST_TEST(count == 0u);
}

// Strands and threads.

BOOST_FIXTURE_TEST_CASE(a_strand_remains_one, fixture)
{
    auto const strand = asio::make_strand(ioc);
    auto const ex = make_current_executor(a, strand);
    static_assert(detail::is_strand<std::remove_const_t<decltype(ex)>>);
    static_assert(!detail::is_strand<current_executor<io_executor>>);
    static_assert(detail::is_placed<current_executor<io_executor>>);
    static_assert(!detail::is_placed<current_executor<asio::any_io_executor>>);
    BOOST_TEST((ex.get_inner_executor() == ioc.get_executor()));
    BOOST_TEST(detail::is_serializing(ex));
    BOOST_TEST(!detail::is_serializing(make_current_executor(a, ioc)));
    BOOST_TEST(detail::is_serializing(make_current_executor(
        a, asio::make_strand(asio::any_io_executor(ioc.get_executor())))));

    asio::thread_pool pool(4);
    auto const serial =
        make_current_executor(a, asio::make_strand(pool.get_executor()));
    BOOST_TEST(detail::is_serializing(serial));
    int inside = 0;
    int most = 0;
    int right = 0;
    for (int i = 0; i != 2000; ++i)
        asio::post(
            serial,
            [&]
            {
                most = std::max(most, ++inside);
                right += current() == "a" && serial.running_in_this_thread();
                --inside;
            });
    pool.join();
    BOOST_TEST(most == 1);
    BOOST_TEST(right == 2000);
}

BOOST_FIXTURE_TEST_CASE(threads_do_not_see_each_others, fixture)
{
    asio::thread_pool pool(4);
    auto const ex_a = make_current_executor(a, pool);
    auto const ex_b = make_current_executor(b, pool);
    std::atomic<int> wrong{0};
    for (int i = 0; i != 2000; ++i)
    {
        asio::post(ex_a, [&] { wrong += current() != "a"; });
        asio::post(ex_b, [&] { wrong += current() != "b"; });
        asio::post(pool, [&] { wrong += current() != "none"; });
    }
    pool.join();
    BOOST_TEST(wrong == 0);
}

// Coroutines.

BOOST_FIXTURE_TEST_CASE(a_coroutine_has_it_whenever_it_runs, fixture)
{
    asio::thread_pool pool(1);
    std::string elsewhere;
    auto const inner = [&]() -> asio::awaitable<void>
    {
        see();
        co_await asio::post(asio::use_awaitable);
        see();
        throw std::runtime_error("x");
    };
    auto const outer = [&]() -> asio::awaitable<void>
    {
        see();
        timer.expires_after(0s);
        co_await timer.async_wait(asio::use_awaitable);
        see();
        // What completes on another thread resumes it here.
        co_await asio::post(pool, asio::use_awaitable);
        see();
        elsewhere = co_await asio::co_spawn(
            pool,
            []() -> asio::awaitable<std::string> { co_return current(); },
            asio::use_awaitable);
        see();
        try
        {
            co_await inner();
        }
        catch (std::runtime_error const&)
        {
            see();
        }
    };
    asio::co_spawn(make_current_executor(a, ioc), outer, seeing());
    check_seen({});
    ioc.run();
    BOOST_TEST(elsewhere == "none");
    check_seen({"a", "a", "a", "a", "a", "a", "a", "a"});
}

BOOST_FIXTURE_TEST_CASE(an_io_object_may_be_on_it, fixture)
{
    auto [ctx, cancel] = with_cancel(b);
    auto const work = [&]() -> asio::awaitable<void>
    {
        auto const ex = co_await asio::this_coro::executor;
        asio::steady_timer mine(ex, asio::steady_timer::time_point::min());
        co_await mine.async_wait(asio::use_awaitable);
        see();
        // NOLINTNEXTLINE(asioctx-unbound-operation): runs where the timer is
        mine.async_wait(seeing());
        co_await asio::post(asio::use_awaitable);
        co_await mine.async_wait(bind_context(ctx, asio::use_awaitable));
        see();
        mine.expires_at(asio::steady_timer::time_point::max());
        mine.async_wait(bind_context(ctx, seeing()));
        auto [ec] = co_await mine.async_wait(bind_context(ctx, as_result));
        BOOST_TEST(ec == errc::canceled);
        see();
    };
    asio::co_spawn(make_current_executor(a, ioc), work(), asio::detached);
    while (seen.size() != 3)
        ioc.run_one();
    cancel();
    ioc.run();
    check_seen({"a", "a", "a", "a", "a"});

    using executor = current_executor<io_executor>;
    asio::basic_waitable_timer<
        std::chrono::steady_clock,
        asio::wait_traits<std::chrono::steady_clock>,
        executor>
        typed(make_current_executor(a, ioc));
    typed.expires_after(0s);
    // NOLINTNEXTLINE(asioctx-unbound-operation): beside one that is bound
    typed.async_wait(seeing());
    typed.async_wait(bind_context(b, seeing()));
    ioc.restart();
    ioc.run();
    check_seen({"a", "a"});
}

// By the token's own executor, which is another.
BOOST_FIXTURE_TEST_CASE(another_executor_may_run_a_step, fixture)
{
    auto const work = [&]() -> asio::awaitable<void>
    {
        co_await asio::post(asio::bind_executor(ioc, asio::use_awaitable));
        see();
        co_await asio::post(asio::use_awaitable);
        see();
    };
    asio::co_spawn(make_current_executor(a, ioc), work(), asio::detached);
    poll();
    check_seen({"none", "a"});
}

BOOST_FIXTURE_TEST_CASE(coroutines_that_take_turns_have_each_its_own, fixture)
{
    auto const work = [&](int steps) -> asio::awaitable<void>
    {
        for (; steps != 0; --steps)
        {
            see();
            co_await asio::post(asio::use_awaitable);
        }
    };
    asio::co_spawn(make_current_executor(a, ioc), work(3), asio::detached);
    asio::co_spawn(make_current_executor(b, ioc), work(3), asio::detached);
    asio::co_spawn(ioc, work(3), asio::detached);
    poll();
    check_seen({"a", "b", "none", "a", "b", "none", "a", "b", "none"});
}

BOOST_FIXTURE_TEST_CASE(a_coroutine_may_spawn_one_with_another, fixture)
{
    auto const inner = [&]() -> asio::awaitable<void>
    {
        see();
        co_await asio::post(asio::use_awaitable);
        see();
    };
    auto const outer = [&]() -> asio::awaitable<void>
    {
        see();
        co_await asio::co_spawn(
            make_current_executor(b, ioc), inner(), asio::use_awaitable);
        see();
    };
    asio::co_spawn(make_current_executor(a, ioc), outer(), asio::detached);
    poll();
    check_seen({"a", "b", "b", "a"});

    // On a bare executor it goes on within the other's last step.
    auto const bare = [&]() -> asio::awaitable<void>
    {
        co_await outer();
        co_await asio::post(asio::use_awaitable);
        see();
    };
    asio::co_spawn(ioc, bare(), asio::detached);
    poll();
    check_seen({"none", "b", "b", "b", "none"});
}

BOOST_FIXTURE_TEST_CASE(what_a_group_spawns_has_it, fixture)
{
    auto const task = [&](context) -> asio::awaitable<void>
    {
        co_await asio::post(asio::use_awaitable);
        see();
    };
    auto const outer = [&]() -> asio::awaitable<void>
    {
        co_await with_task_group(
            a,
            [&](task_group& group)
            {
                group.spawn(task);
                group.spawn(task);
            });
        see();
    };
    asio::co_spawn(
        make_current_executor(a, asio::make_strand(ioc)),
        outer(),
        asio::detached);
    poll();
    check_seen({"a", "a", "a"});
}

// Bound operations: they are what they are without it.

BOOST_FIXTURE_TEST_CASE(a_bound_handler_has_it, fixture)
{
    auto [ctx, cancel] = with_cancel(a);
    auto const ex = make_current_executor(ctx, ioc);
    std::vector<error_code> errors;
    auto const handler = [&](error_code ec)
    {
        see();
        errors.push_back(ec);
    };
    timer.expires_after(0s);
    timer.async_wait(bind_context(ctx, asio::bind_executor(ex, handler)));
    ioc.run();
    BOOST_TEST(errors.size() == 1u);
    BOOST_TEST(!errors.back());

    timer.expires_at(asio::steady_timer::time_point::max());
    timer.async_wait(bind_context(ctx, asio::bind_executor(ex, handler)));
    poll();
    BOOST_TEST(errors.size() == 1u);
    cancel();
    BOOST_TEST(errors.size() == 1u);
    poll();
    BOOST_TEST(errors.size() == 2u);
    BOOST_TEST(errors.back() == errc::canceled);

    // One that is not even started.
    timer.async_wait(bind_context(ctx, asio::bind_executor(ex, handler)));
    BOOST_TEST(errors.size() == 2u);
    poll();
    BOOST_TEST(errors.size() == 3u);
    BOOST_TEST(errors.back() == errc::canceled);
    check_seen({"a", "a", "a"});
}

BOOST_FIXTURE_TEST_CASE(each_step_of_a_composed_operation_has_it, fixture)
{
    auto const ex = make_current_executor(a, ioc);
    // The first runs where the operation is started.
    async_steps(*this, 3, asio::bind_executor(ex, seeing()));
    check_seen({"none"});
    ioc.run();
    check_seen({"a", "a", "a", "a"});

    ioc.restart();
    auto [ctx, cancel] = with_cancel(b);
    async_steps(*this, 3, bind_context(ctx, asio::bind_executor(ex, seeing())));
    check_seen({"none"});
    ioc.run();
    check_seen({"a", "a", "a", "a"});

    ioc.restart();
    asio::any_io_executor const any =
        make_current_executor(b, asio::make_strand(ioc));
    async_steps(
        *this, 3, bind_context(ctx, asio::bind_executor(any, seeing())));
    check_seen({"none"});
    ioc.run();
    check_seen({"b", "b", "b", "b"});
}

BOOST_FIXTURE_TEST_CASE(a_composed_operation_is_canceled, fixture)
{
    local_stream::socket in(ioc), out(ioc);
    connect_pair(in, out);
    char data[4];
    auto const on = [&](auto const& ex)
    {
        auto [ctx, cancel] = with_cancel(a);
        int calls = 0;
        error_code last;
        asio::async_read(
            in,
            asio::buffer(data),
            bind_context(
                ctx,
                asio::bind_executor(
                    make_current_executor(ctx, ex),
                    [&](error_code ec, std::size_t n)
                    {
                        see();
                        ++calls;
                        last = ec;
                        BOOST_TEST(n == 1u);
                    })));
        asio::write(out, asio::buffer("x", 1));
        poll();
        BOOST_TEST(calls == 0);
        cancel();
        poll();
        BOOST_TEST(calls == 1);
        BOOST_TEST(last == errc::canceled);
        check_seen({"a"});
    };
    on(ioc.get_executor());
    on(asio::make_strand(ioc));
    on(asio::any_io_executor(ioc.get_executor()));
}

BOOST_FIXTURE_TEST_CASE(a_coroutines_operations_are_canceled, fixture)
{
    auto const work = [&](context ctx) -> asio::awaitable<void>
    {
        auto [ec] = co_await timer.async_wait(bind_context(ctx, as_result));
        see();
        BOOST_TEST(ec == errc::deadline_exceeded);
        local_stream::socket in(ioc), out(ioc);
        connect_pair(in, out);
        char data[4];
        auto [again, cancel] = with_timeout(a, 1s);
        clock.advance(1s);
        std::tie(ec, std::ignore) = co_await asio::async_read(
            in, asio::buffer(data), bind_context(again, as_result));
        see();
        BOOST_TEST(ec == errc::deadline_exceeded);
    };
    auto const on = [&](auto const& ex)
    {
        auto [ctx, cancel] = with_timeout(a, 1s);
        bool ended = false;
        asio::co_spawn(
            make_current_executor(ctx, ex),
            work(ctx),
            [&](std::exception_ptr e)
            {
                BOOST_TEST(!e);
                ended = true;
            });
        poll();
        BOOST_TEST(!ended);
        clock.advance(1s);
        poll();
        BOOST_TEST(ended);
        check_seen({"a", "a"});
    };
    on(ioc.get_executor());
    on(asio::make_strand(ioc));
    on(asio::any_io_executor(ioc.get_executor()));
}

BOOST_FIXTURE_TEST_CASE(a_coroutine_can_be_bound_as_a_whole, fixture)
{
    auto [ctx, cancel] = with_cancel(a);
    auto const work = [&]() -> asio::awaitable<void>
    {
        auto [ec] = co_await timer.async_wait(as_result);
        see();
        BOOST_TEST(ec == asio::error::operation_aborted);
    };
    int calls = 0;
    asio::co_spawn(
        make_current_executor(ctx, asio::make_strand(ioc)),
        work(),
        bind_context(ctx, [&](std::exception_ptr) { ++calls; }));
    poll();
    cancel();
    poll();
    BOOST_TEST(calls == 1);
    check_seen({"a"});
}

// Others who are to know. This is what OpenTelemetry's C++ API has, in the
// small: a context for each thread, and a token that detaches.

namespace otel {

struct context
{
    std::string span = "none";
};

thread_local std::vector<context> stack;
thread_local int errors = 0;

class token
{
public:
    explicit token(std::size_t depth) noexcept : depth_(depth)
    {
    }

    token(token const&) = delete;
    token& operator=(token const&) = delete;

    ~token()
    {
        errors += stack.size() != depth_;
        stack.pop_back();
    }

private:
    std::size_t depth_;
};

struct runtime_context
{
    static context get_current()
    {
        return stack.empty() ? context() : stack.back();
    }

    static std::unique_ptr<token> attach(context const& c)
    {
        stack.push_back(c);
        return std::make_unique<token>(stack.size());
    }
};

} // namespace otel

constexpr context_key<otel::context> otel_key("otel");

struct otel_scope
{
    explicit otel_scope(context const& ctx) : current(ctx)
    {
        if (auto const* c = ctx.value(otel_key))
            token = otel::runtime_context::attach(*c);
    }

    current_scope current;
    std::unique_ptr<otel::token> token;
};

BOOST_FIXTURE_TEST_CASE(a_scope_of_ones_own_tells_open_telemetry, fixture)
{
    auto const see_both = [&]
    {
        seen.push_back(
            current() + '/' + otel::runtime_context::get_current().span);
    };
    auto const inner = [&](context ctx) -> asio::awaitable<void>
    {
        see_both();
        auto [ec] = co_await timer.async_wait(bind_context(ctx, as_result));
        see_both();
        BOOST_TEST(ec == errc::canceled);
    };
    auto const outer = [&](context ctx) -> asio::awaitable<void>
    {
        see_both();
        auto const child = with_value(ctx, otel_key, otel::context{"child"});
        co_await asio::co_spawn(
            make_current_executor<otel_scope>(child, ioc),
            inner(child),
            asio::use_awaitable);
        see_both();
    };
    auto [ctx, cancel] = with_cancel(a);
    auto const request = with_value(ctx, otel_key, otel::context{"request"});
    asio::co_spawn(
        make_current_executor<otel_scope>(request, ioc),
        outer(request),
        asio::detached);
    asio::post(make_current_executor<otel_scope>(b, ioc), see_both);
    poll();
    see_both();
    cancel();
    poll();
    check_seen(
        {"a/request",
         "a/child",
         "b/none",
         "none/none",
         "a/child",
         "a/request"});
    BOOST_TEST(otel::stack.empty());
    BOOST_TEST(otel::errors == 0);
}

BOOST_FIXTURE_TEST_CASE(what_a_scope_throws_the_handler_throws, fixture)
{
    struct throwing
    {
        explicit throwing(context const&)
        {
            throw std::runtime_error("of a scope");
        }
    };
    bool ran = false;
    asio::post(make_current_executor<throwing>(a, ioc), [&] { ran = true; });
    BOOST_CHECK_THROW(poll(), std::runtime_error);
    BOOST_TEST(!ran);
}

BOOST_AUTO_TEST_SUITE_END()
