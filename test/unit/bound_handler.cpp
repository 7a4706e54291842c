//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/detail/bound_handler.hpp>

// For the tests.
#include <asioctx/cancel.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "support/io_context_fixture.hpp"
#include "support/outcome.hpp"
#include "support/print.hpp"

using namespace asioctx;
using namespace asioctx::test;
using detail::bound_handler;
using detail::bound_op;
using detail::bound_op_of;

namespace {

using io_executor = asio::io_context::executor_type;

template <class Handler>
using op_of = bound_op_of<Handler, io_executor, 32, false>;

constexpr auto terminal = asio::cancellation_type::terminal;

struct handler_fixture : io_context_fixture
{
    // Starts an operation that does nothing; what is returned is its handler.
    template <class Handler>
    bound_handler<op_of<Handler>> start(Handler h)
    {
        auto* const op = op_of<Handler>::create(
            detail::node_ptr(detail::context_access::get(c.ctx)),
            terminal,
            io,
            std::move(h));
        bound_op::initiation const running(*op);
        op->connect_upstream();
        return bound_handler<op_of<Handler>>(op);
    }

    void hear(int& requests, auto const& handler)
    {
        handler.get_cancellation_slot().assign([&](auto) { ++requests; });
    }

    cancelable const c = with_cancel(root);
    io_executor const io = ioc.get_executor();
    outcome o;
};

error_code const no_error;

} // namespace

BOOST_FIXTURE_TEST_SUITE(test_bound_handler, handler_fixture)

BOOST_AUTO_TEST_CASE(the_handler_is_called_and_the_record_gone_by_then)
{
    auto h = start(recorder(o));
    BOOST_TEST(o.memory.blocks == 1);
    std::move(h)(no_error);
    BOOST_TEST(o == no_error);
    BOOST_TEST(o.blocks_when_called == 0);
}

BOOST_AUTO_TEST_CASE(the_contexts_error_takes_the_place_of_an_abort)
{
    int requests = 0;
    auto h = start(recorder(o));
    hear(requests, h);
    c.cancel();
    poll();
    BOOST_TEST(requests == 1);
    std::move(h)(asio::error::operation_aborted); // the enumerator
    BOOST_TEST(o == errc::canceled);
}

BOOST_AUTO_TEST_CASE(the_handler_goes_with_the_operation)
{
    {
        auto h = start(recorder(o));
        BOOST_TEST(o.handlers == 1);
        auto const moved = std::move(h);
        BOOST_TEST(o.handlers == 1);
    }
    BOOST_TEST(o.handlers == 0);
    BOOST_TEST(!o.completed());
    c.cancel();
    poll();
}

BOOST_AUTO_TEST_CASE(the_handlers_own_slot_asks_too)
{
    asio::cancellation_signal signal;
    o.slot = signal.slot();
    int requests = 0;
    {
        auto h = start(recorder(o));
        hear(requests, h);
        signal.emit(terminal);
        BOOST_TEST(requests == 1);
        std::move(h)(asio::error::operation_aborted);
    }
    BOOST_TEST(o == asio::error::operation_aborted);
    BOOST_TEST(!o.slot.has_handler());
}

BOOST_AUTO_TEST_CASE(an_operation_of_one_step_has_the_executor_as_it_is)
{
    auto h = start(recorder(o));
    auto const ex = asio::get_associated_executor(h, io);
    BOOST_TEST((ex == detail::step_executor<io_executor>({}, io)));
    auto const any =
        asio::get_associated_executor(h, asio::any_io_executor(io));
    BOOST_TEST((any == io));
}

BOOST_AUTO_TEST_CASE(one_of_several_has_one_that_takes_turns)
{
    int requests = 0;
    auto h = start(recorder(o));
    hear(requests, h);
    auto const ex = asio::get_associated_executor(h, io);
    BOOST_TEST((ex != detail::step_executor<io_executor>({}, io)));
    ex.execute(
        [&]
        {
            c.cancel();
            BOOST_TEST(requests == 0);
        });
    poll();
    BOOST_TEST(requests == 1);
}

BOOST_AUTO_TEST_CASE(a_strand_on_which_it_is_asked_needs_none)
{
    auto const strand = asio::make_strand(ioc);
    int requests = 0;
    auto h = start(asio::bind_executor(strand, recorder(o)));
    hear(requests, h);
    auto const ex = asio::get_associated_executor(h, io);
    BOOST_TEST(
        (ex
         == detail::step_executor<std::remove_const_t<decltype(strand)>>(
             {}, strand)));
}

BOOST_AUTO_TEST_CASE(a_slot_is_of_the_operation)
{
    auto h = start(recorder(o));
    auto const slot = asio::get_associated_cancellation_slot(h);
    static_assert(std::is_same_v<decltype(slot), detail::op_slot const>);
    BOOST_TEST(slot.is_connected());
    BOOST_TEST(!slot.has_handler());
}

// As Asio does if there is no memory for what an operation puts into its slot.
BOOST_AUTO_TEST_CASE(memory_is_given_back_through_one_that_was_moved_from)
{
    auto h = start(recorder(o));
    auto a = asio::get_associated_allocator(h);
    static_assert(std::is_same_v<decltype(a), measuring_allocator<>>);
    std::allocator_traits<decltype(a)>::rebind_alloc<int> ints(a);
    int* const p = ints.allocate(1);
    std::optional moved(std::move(h));
    moved.reset();
    BOOST_TEST(o.handlers == 0);
    BOOST_TEST(o.memory.blocks == 1);
    // NOLINTNEXTLINE(bugprone-use-after-move): its allocator is copied
    measuring_allocator<int>(asio::get_associated_allocator(h))
        .deallocate(p, 1);
    BOOST_TEST(o.memory.blocks == 0);
}

BOOST_AUTO_TEST_CASE(without_an_allocator_it_has_the_one_proposed)
{
    auto h = start(asio::bind_executor(io, [](error_code const&) {}));
    static_assert(std::is_same_v<
                  asio::associated_allocator_t<decltype(h)>,
                  std::allocator<void>>);
    static_assert(sizeof(h) == sizeof(void*));
    memory_use use;
    auto const a =
        asio::get_associated_allocator(h, measuring_allocator<>(use));
    BOOST_TEST(a.use() == &use);
}

BOOST_AUTO_TEST_CASE(bound_twice_its_steps_take_one_turn)
{
    auto inner = start(recorder(o));
    auto const& inner_op = inner.operation();
    auto outer = start(std::move(inner));
    int requests = 0;
    hear(requests, outer);
    BOOST_TEST(const_cast<op_of<recorder>&>(inner_op).has_cancel_handler());

    asio::any_io_executor const any(io);
    auto const ex = asio::get_associated_executor(outer, any);
    // It is not in another one. What does not fit into any_io_executor, as with
    // pointers of 32 bits, is shared.
    using steps = detail::step_executor<io_executor>;
    if constexpr (sizeof(steps) <= 3 * sizeof(void*))
        BOOST_TEST(ex.target<steps>() != nullptr);
    ex.execute(
        [&]
        {
            c.cancel();
            BOOST_TEST(requests == 0);
        });
    poll();
    BOOST_TEST(requests == 1);
    std::move(outer)(asio::error::operation_aborted);
    BOOST_TEST(o == errc::canceled);
}

BOOST_AUTO_TEST_SUITE_END()
