//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/detail/bound_op.hpp>

// For the tests.
#include <asioctx/cancel.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <exception>
#include <string>
#include <utility>

#include "support/io_context_fixture.hpp"
#include "support/print.hpp"

using namespace asioctx;
using namespace asioctx::test;
using detail::bound_op;
using detail::executor_ref;
using detail::turn;

namespace {

constexpr auto terminal = asio::cancellation_type::terminal;
constexpr auto partial = asio::cancellation_type::partial;
constexpr auto total = asio::cancellation_type::total;

// A record without a handler. What becomes of it is written down:
//   a  its operation was asked    c  it was completed    d  it was destroyed
//   r  what was put off is destroyed
class record final : public bound_op
{
public:
    record(
        context const& ctx,
        std::string& log,
        asio::cancellation_type_t type = terminal)
        : bound_op(detail::node_ptr(detail::context_access::get(ctx)), type),
          log_(log)
    {
    }

    using bound_op::ask_upstream;
    using bound_op::end;
    using bound_op::is_asked_here;
    using bound_op::put_off;
    using bound_op::put_off_abandoned;

    void run_on(executor_ref io, executor_ref own)
    {
        io_ = io;
        own_ = own;
        set_executors(io, own);
    }

    // Starts an operation that hears what it is asked.
    void start()
    {
        initiation const running(*this);
        hear();
    }

    void hear()
    {
        emplace<canceler>(canceler{this});
    }

    // The operation calls its handler.
    void complete()
    {
        if (end() || !put_off())
            complete_now();
    }

    void destroy() noexcept override
    {
        log_ += 'd';
        delete this;
    }

    bool completes_when_asked = false;
    asio::cancellation_type_t asked_for = asio::cancellation_type::none;

private:
    struct canceler
    {
        void operator()(asio::cancellation_type_t type) const
        {
            self->log_ += 'a';
            self->asked_for = type;
            if (self->completes_when_asked)
                self->complete();
        }

        record* self;
    };

    executor_ref io_executor() const noexcept override
    {
        return io_;
    }

    executor_ref own_executor() const noexcept override
    {
        return own_;
    }

    void complete_now() override
    {
        log_ += 'c';
        destroy();
    }

    void leave_io() noexcept override
    {
    }

    void drop_results() noexcept override
    {
        log_ += 'r';
        destroy();
    }

    void asked() noexcept override
    {
    }

    std::string& log_;
    executor_ref io_;
    executor_ref own_;
};

struct record_fixture : io_context_fixture
{
    record& make(asio::cancellation_type_t type = terminal)
    {
        auto& op = *new record(c.ctx, log, type);
        op.run_on(executor_ref(io), executor_ref(io));
        return op;
    }

    record& start(asio::cancellation_type_t type = terminal)
    {
        auto& op = make(type);
        op.start();
        return op;
    }

    cancelable const c = with_cancel(root);
    asio::io_context::executor_type const io = ioc.get_executor();
    std::string log;
};

error_code const aborted = asio::error::operation_aborted;

} // namespace

BOOST_FIXTURE_TEST_SUITE(test_bound_op, record_fixture)

BOOST_AUTO_TEST_CASE(an_operation_that_is_not_asked_ends)
{
    auto& op = start();
    BOOST_TEST(op.map(aborted) == aborted);
    op.complete();
    BOOST_TEST(log == "cd");
    c.cancel();
    poll();
    BOOST_TEST(log == "cd");
}

BOOST_AUTO_TEST_CASE(it_is_asked_where_it_runs_once_its_context_is_done)
{
    auto& op = start(partial);
    c.cancel();
    BOOST_TEST(log == "");
    BOOST_TEST(op.context_done());
    poll();
    BOOST_TEST(log == "a");
    BOOST_TEST((op.asked_for == partial));
    BOOST_TEST(op.map(aborted) == errc::canceled);
    BOOST_TEST(op.map(asio::error::eof) == asio::error::eof);
    op.complete();
    BOOST_TEST(log == "acd");
}

BOOST_AUTO_TEST_CASE(at_once_if_that_is_here)
{
    auto& op = start();
    asio::post(
        ioc,
        [&]
        {
            c.cancel();
            BOOST_TEST(log == "a");
        });
    poll();
    op.complete();
}

BOOST_AUTO_TEST_CASE(a_request_that_comes_too_late_refers_to_nothing)
{
    auto& op = start();
    c.cancel();
    op.complete();
    BOOST_TEST(log == "cd");
    poll();
    BOOST_TEST(log == "cd");
}

BOOST_AUTO_TEST_CASE(what_ends_while_it_is_asked_is_completed_afterwards)
{
    auto& op = start();
    op.completes_when_asked = true;
    c.cancel();
    poll();
    BOOST_TEST(log == "acd");
}

BOOST_AUTO_TEST_CASE(what_is_asked_by_the_initiating_thread_waits_for_the_end)
{
    auto& op = make();
    asio::post(
        ioc,
        [&]
        {
            {
                bound_op::initiation const running(op);
                op.hear();
                c.cancel();
                BOOST_TEST(log == "");
            }
            BOOST_TEST(log == "a");
        });
    poll();
    op.complete();
}

BOOST_AUTO_TEST_CASE(a_request_waits_for_a_step)
{
    auto& op = start();
    auto const ticket = op.steps_begin();
    {
        bound_op::step const outer(ticket);
        bound_op::step const inner(ticket); // of the same turn
        c.cancel();
        poll();
        BOOST_TEST(log == "");
    }
    BOOST_TEST(log == "a");
    op.complete();
}

BOOST_AUTO_TEST_CASE(an_operation_may_end_in_a_step)
{
    auto& op = start();
    auto const ticket = op.steps_begin();
    {
        bound_op::step const s(ticket);
        op.complete();
        BOOST_TEST(log == "cd");
        c.cancel();
    }
    bound_op::step const late(ticket);
    poll();
    BOOST_TEST(log == "cd");
}

BOOST_AUTO_TEST_CASE(without_turns_it_is_not_asked)
{
    auto& op = start();
    op.steps_begin();
    op.steps_unguarded();
    c.cancel();
    poll();
    BOOST_TEST(log == "");
    BOOST_TEST(op.map(aborted) == aborted); // not by its context
    op.complete();
}

BOOST_AUTO_TEST_CASE(what_is_not_heard_is_asked_again)
{
    auto& op = make();
    {
        bound_op::initiation const running(op);
    }
    c.cancel();
    poll();
    BOOST_TEST(log == "");
    op.hear();
    BOOST_TEST(log == ""); // it is amid something
    poll();
    BOOST_TEST(log == "a");
    op.complete();
}

BOOST_AUTO_TEST_CASE(what_follows_after_a_request_is_asked_once_more)
{
    auto& op = start();
    c.cancel();
    poll();
    op.hear();
    poll();
    BOOST_TEST(log == "aa");
    op.hear();
    poll();
    BOOST_TEST(log == "aa");
    op.complete();
}

BOOST_AUTO_TEST_CASE(a_stronger_request_includes_the_one_before)
{
    auto& op = start();
    asio::post(
        ioc,
        [&]
        {
            op.ask_upstream(total, false);
            BOOST_TEST((op.asked_for == total));
            c.cancel();
            BOOST_TEST((op.asked_for == (total | terminal)));
        });
    poll();
    BOOST_TEST(log == "aa");
    BOOST_TEST(op.map(aborted) == errc::canceled);
    op.complete();
}

BOOST_AUTO_TEST_CASE(the_context_is_not_blamed_for_what_another_has_asked)
{
    auto& op = start(partial);
    asio::post(ioc, [&] { op.ask_upstream(terminal, false); });
    poll();
    c.cancel();
    poll();
    BOOST_TEST(op.map(aborted) == aborted);
    op.complete();
}

BOOST_AUTO_TEST_CASE(it_is_known_who_asks)
{
    auto& op = start();
    BOOST_TEST(!op.is_asked_here());
    bool asked_here = false;
    struct probe
    {
        void operator()(asio::cancellation_type_t) const
        {
            *result = op->is_asked_here();
        }

        record* op;
        bool* result;
    };
    op.emplace<probe>(probe{&op, &asked_here});
    c.cancel();
    poll();
    BOOST_TEST(asked_here);
    op.complete();
}

BOOST_AUTO_TEST_CASE(an_exception_is_mapped_as_the_error_that_it_holds)
{
    auto& op = start();
    c.cancel();
    poll();
    auto const e =
        std::make_exception_ptr(boost::system::system_error(aborted));
    BOOST_CHECK_EXCEPTION(
        std::rethrow_exception(op.map(e)),
        boost::system::system_error,
        [](auto const& s) { return s.code() == errc::canceled; });
    auto const other = std::make_exception_ptr(1);
    BOOST_TEST((op.map(other) == other));
    BOOST_TEST((op.map(std::exception_ptr()) == nullptr));
    op.complete();
}

BOOST_AUTO_TEST_CASE(one_of_several_steps_is_asked_on_the_handlers_executor)
{
    asio::io_context other;
    auto const own = other.get_executor();
    for (bool const has_steps : {false, true})
    {
        auto const cancelable = with_cancel(root);
        auto& op = *new record(cancelable.ctx, log);
        op.run_on(executor_ref(io), executor_ref(own));
        op.start();
        if (has_steps)
            op.steps_begin();
        cancelable.cancel();
        log.clear();
        poll(); // there or on its way
        BOOST_TEST(log == (has_steps ? "" : "a"));
        other.restart();
        other.poll();
        BOOST_TEST(log == "a");
        op.complete();
    }
}

BOOST_AUTO_TEST_CASE(what_is_put_off_goes_with_its_execution_context)
{
    log.clear();
    auto const elsewhere = with_cancel(root);
    {
        asio::io_context other;
        auto const ex = other.get_executor();
        auto& op = *new record(elsewhere.ctx, log);
        op.run_on(executor_ref(ex), executor_ref(ex));
        op.start();
        op.completes_when_asked = true;
        asio::post(other, [&] { elsewhere.cancel(); });
        other.run_one();
        BOOST_TEST(log == "a");
    }
    BOOST_TEST(log == "ard");
}

BOOST_AUTO_TEST_SUITE_END()
