//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/detail/executor_ref.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <stdexcept>
#include <utility>

#include "support/allocation_counter.hpp"
#include "support/immediate_executor.hpp"

using namespace asioctx;
using namespace asioctx::test;
using detail::executor_ref;
using detail::op_message;
using detail::turn;
using detail::turn_pool;

namespace {

struct throwing_executor
{
    static constexpr auto query(asio::execution::blocking_t) noexcept
    {
        return asio::execution::blocking.never;
    }

    template <class F>
    void execute(F&&) const
    {
        throw std::runtime_error("thrown by an executor");
    }

    bool operator==(throwing_executor const&) const noexcept = default;
};

// A request of which nothing is left to deliver. It is on its way until it has
// arrived, or was dropped.
class request
{
public:
    request()
    {
        turn_.begin();
        turn_.queue();
        turn_.take_wanted();
    }

    request(request const&) = delete;
    request& operator=(request const&) = delete;

    ~request()
    {
        turn_.release();
    }

    // Once.
    op_message message() noexcept
    {
        turn_.add_ref();
        return op_message(turn_, op_message::kind::own_request);
    }

    // Takes the turn, too.
    bool on_its_way() noexcept
    {
        return (turn_.begin() & turn::queued) != 0;
    }

private:
    turn& turn_ = turn_pool::take();
};

struct executors_fixture
{
    using context = asio::io_context::executor_type;

    void run()
    {
        ioc.restart();
        ioc.poll();
    }

    // How many allocations it takes to hand a message to an executor. It
    // arrives, and before that if it may.
    template <class Executor>
    std::size_t allocations_of(Executor const& ex, bool posts)
    {
        executor_ref const ref(ex);
        request r;
        auto m = r.message();
        asio::post(ioc, [] {}); // Asio's own memory
        run();
        allocation_counter const allocations;
        if (posts)
            ref.post(std::move(m));
        else
            ref.dispatch(std::move(m));
        auto const n = allocations.count();
        // NOLINTNEXTLINE(bugprone-use-after-move): what is left
        BOOST_TEST(!m.pending());
        run();
        BOOST_TEST(!r.on_its_way());
        return n;
    }

    asio::io_context ioc{1};
    asio::thread_pool pool{1};
    context const io = ioc.get_executor();
    asio::strand<context> const strand = asio::make_strand(ioc);
    asio::any_io_executor const any{io};
    asio::any_io_executor const any_strand{strand};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(test_executor_ref, executors_fixture)

BOOST_AUTO_TEST_CASE(it_may_refer_to_none)
{
    executor_ref const none;
    BOOST_TEST(!none);
    BOOST_TEST(!none.placed());
    BOOST_TEST(!none.can_post());
    BOOST_TEST(!none.runs_here());
    BOOST_TEST(!!executor_ref(io));
}

BOOST_AUTO_TEST_CASE(it_knows_who_can_tell_where_it_runs)
{
    BOOST_TEST(executor_ref(io).placed());
    BOOST_TEST(executor_ref(strand).placed());
    BOOST_TEST(executor_ref(any).placed());
    BOOST_TEST(executor_ref(any_strand).placed());
    BOOST_TEST(executor_ref(asio::any_completion_executor(io)).placed());
    auto const p = pool.get_executor();
    BOOST_TEST(executor_ref(p).placed());
    asio::system_executor const system;
    BOOST_TEST(!executor_ref(system).placed());
    asio::any_io_executor const any_system(system);
    BOOST_TEST(!executor_ref(any_system).placed());
    immediate_executor const immediate;
    BOOST_TEST(!executor_ref(immediate).placed());
}

BOOST_AUTO_TEST_CASE(it_knows_strands)
{
    BOOST_TEST(!executor_ref(io).strand());
    BOOST_TEST(executor_ref(strand).strand());
    BOOST_TEST(!executor_ref(any).strand());
    BOOST_TEST(executor_ref(any_strand).strand());
    auto const strand_of_any = asio::make_strand(any);
    BOOST_TEST(executor_ref(strand_of_any).strand());
    asio::io_context::strand const ts(ioc); // of the Networking TS
    BOOST_TEST(executor_ref(ts).strand());
}

BOOST_AUTO_TEST_CASE(it_knows_who_can_post)
{
    BOOST_TEST(executor_ref(io).can_post());
    BOOST_TEST(executor_ref(any_strand).can_post());
    asio::any_completion_executor const completion(io);
    BOOST_TEST(executor_ref(completion).can_post()); // what it holds can
    immediate_executor const immediate;
    BOOST_TEST(!executor_ref(immediate).can_post());
}

BOOST_AUTO_TEST_CASE(it_knows_the_execution_context)
{
    BOOST_TEST(executor_ref(io).context() == &ioc);
    BOOST_TEST(executor_ref(strand).context() == &ioc);
    BOOST_TEST(executor_ref(any_strand).context() == &ioc);
    auto const p = pool.get_executor();
    BOOST_TEST(executor_ref(p).context() == &pool);
    asio::io_context::strand const ts(ioc);
    BOOST_TEST(executor_ref(ts).context() == &ioc);
    // That is always there.
    asio::system_executor const system;
    BOOST_TEST(executor_ref(system).context() == nullptr);
    immediate_executor const immediate;
    BOOST_TEST(executor_ref(immediate).context() == nullptr);
}

BOOST_AUTO_TEST_CASE(it_knows_whether_it_runs_here)
{
    auto const check = [&](bool on_context, bool on_strand)
    {
        BOOST_TEST(executor_ref(io).runs_here() == on_context);
        BOOST_TEST(executor_ref(any).runs_here() == on_context);
        BOOST_TEST(executor_ref(strand).runs_here() == on_strand);
        BOOST_TEST(executor_ref(any_strand).runs_here() == on_strand);
        asio::system_executor const system;
        BOOST_TEST(!executor_ref(system).runs_here());
    };
    check(false, false);
    int calls = 0;
    asio::post(io, [&] { ++calls, check(true, false); });
    asio::post(strand, [&] { ++calls, check(true, true); });
    run();
    BOOST_TEST(calls == 2);
}

BOOST_AUTO_TEST_CASE(a_message_takes_no_memory_but_the_operations)
{
    asio::any_completion_executor const completion(io);
    for (bool const posts : {false, true})
    {
        BOOST_TEST(allocations_of(io, posts) == 0u);
        BOOST_TEST(allocations_of(strand, posts) == 0u);
        BOOST_TEST(allocations_of(any, posts) == 0u);
        BOOST_TEST(allocations_of(any_strand, posts) == 0u);
        BOOST_TEST(allocations_of(completion, posts) == 0u);
    }
}

BOOST_AUTO_TEST_CASE(what_is_dispatched_arrives_at_once_where_it_may)
{
    asio::post(
        strand,
        [&]
        {
            request dispatched;
            executor_ref(any_strand).dispatch(dispatched.message());
            BOOST_TEST(!dispatched.on_its_way());
            request elsewhere;
            auto const other = asio::make_strand(ioc);
            executor_ref(other).post(elsewhere.message());
            BOOST_TEST(elsewhere.on_its_way());
        });
    run();
    run();
}

BOOST_AUTO_TEST_CASE(what_is_posted_does_not)
{
    request r;
    asio::post(
        io,
        [&]
        {
            executor_ref(io).post(r.message());
            BOOST_TEST(r.on_its_way());
        });
    run();
}

BOOST_AUTO_TEST_CASE(what_an_executor_throws_is_passed_on)
{
    throwing_executor const ex;
    for (bool const posts : {false, true})
    {
        request r;
        executor_ref const ref(ex);
        auto const hand = [&]
        {
            if (posts)
                ref.post(r.message());
            else
                ref.dispatch(r.message());
        };
        BOOST_CHECK_THROW(hand(), std::runtime_error);
        BOOST_TEST(!r.on_its_way()); // it was dropped
    }
}

BOOST_AUTO_TEST_SUITE_END()
