//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/detail/op_slot.hpp>

#include <asioctx/bind_context.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <functional>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include "support/allocation_counter.hpp"
#include "support/io_context_fixture.hpp"
#include "support/outcome.hpp"
#include "support/print.hpp"

using namespace asioctx::test;
namespace asio = boost::asio;
using asio::cancellation_type;
using asioctx::detail::op_slot;
using asioctx::detail::slot_of;
using asioctx::detail::slot_store;

namespace {

struct counts
{
    int calls = 0;
    int alive = 0;
    asio::cancellation_type_t last = cancellation_type::none;
};

// What an operation puts there.
template <std::size_t Size = 1>
class canceler
{
public:
    explicit canceler(counts& c) noexcept : counts_(&c)
    {
        ++c.alive;
    }

    canceler(canceler const&) = delete;
    canceler& operator=(canceler const&) = delete;

    ~canceler()
    {
        --counts_->alive;
    }

    void operator()(asio::cancellation_type_t type) const
    {
        ++counts_->calls;
        counts_->last = type;
    }

private:
    counts* counts_;
    std::array<char, Size> data_{};
};

// What passes a request on to another record.
struct passing : canceler<>
{
    passing(counts& c, bool const& filled) noexcept
        : canceler<>(c), other_is_filled(&filled)
    {
    }

    bool is_filled() const noexcept
    {
        return *other_is_filled;
    }

    bool const* other_is_filled;
};

// For what takes a slot of any type.
struct typed_slot
{
    bool is_connected() const noexcept
    {
        return true;
    }

    template <class H, class... Args>
    H& emplace(Args&&... args)
    {
        return store->emplace<H>(std::forward<Args>(args)...);
    }

    slot_store* store;
};

// Hears every request and passes on what is terminal, as the handlers of
// Boost.MQTT5 do: its slot has the type of the other handler's.
template <class Handler>
class filtering
{
public:
    filtering(Handler&& h, asio::cancellation_type_t& heard)
        : handler_(std::move(h)), heard_(&heard),
          state_(
              asio::get_associated_cancellation_slot(handler_),
              asio::enable_total_cancellation(),
              asio::enable_terminal_cancellation())
    {
    }

    using cancellation_slot_type =
        asio::associated_cancellation_slot_t<Handler>;

    cancellation_slot_type get_cancellation_slot() const noexcept
    {
        return state_.slot();
    }

    void operator()(asioctx::error_code const& ec)
    {
        *heard_ = state_.cancelled();
        asio::get_associated_cancellation_slot(handler_).clear();
        std::move(handler_)(ec);
    }

private:
    Handler handler_;
    asio::cancellation_type_t* heard_;
    asio::cancellation_state state_;
};

struct filtered_fixture : io_context_fixture
{
    // Waits until the timer is canceled.
    template <class Token>
    void wait(Token&& token)
    {
        asio::async_initiate<Token, void(asioctx::error_code)>(
            [this]<class Handler>(Handler&& handler)
            {
                timer.async_wait(filtering<std::decay_t<Handler>>(
                    std::forward<Handler>(handler), heard));
            },
            token);
    }

    asioctx::cancelable const c = with_cancel(root);
    asio::steady_timer timer{
        ioc, asio::steady_timer::clock_type::time_point::max()};
    asio::cancellation_type_t heard = cancellation_type::none;
    outcome o;
};

} // namespace

BOOST_AUTO_TEST_SUITE(test_op_slot)

BOOST_AUTO_TEST_CASE(what_is_put_there_is_called)
{
    counts c;
    {
        slot_store s;
        BOOST_TEST(s.empty());
        s.call(cancellation_type::terminal); // nobody

        allocation_counter const allocations;
        s.emplace<canceler<>>(c);
        BOOST_TEST(allocations.count() == 0u);
        BOOST_TEST(!s.empty());
        BOOST_TEST(s.is_filled());
        BOOST_TEST(!s.passes_on());
        s.call(cancellation_type::partial);
        BOOST_TEST(c.calls == 1);
        BOOST_TEST((c.last == cancellation_type::partial));
        BOOST_TEST(c.alive == 1);
    }
    BOOST_TEST(c.alive == 0);
}

BOOST_AUTO_TEST_CASE(it_is_cleared_or_replaced)
{
    counts first;
    counts second;
    slot_store s;
    s.emplace<canceler<>>(first);
    s.emplace<canceler<>>(second);
    BOOST_TEST(first.alive == 0);
    s.call(cancellation_type::total);
    BOOST_TEST(first.calls == 0);
    BOOST_TEST(second.calls == 1);
    s.clear();
    BOOST_TEST(s.empty());
    BOOST_TEST(second.alive == 0);
    s.clear();
}

BOOST_AUTO_TEST_CASE(what_is_large_is_allocated)
{
    counts c;
    slot_store s;
    // Not around the check, which may need memory, too.
    auto const emplace = [&]
    {
        failing_allocations const none;
        s.emplace<canceler<100>>(c);
    };
    BOOST_CHECK_THROW(emplace(), std::bad_alloc);
    BOOST_TEST(s.empty());
    BOOST_TEST(c.alive == 0);
    s.emplace<canceler<100>>(c);
    s.call(cancellation_type::terminal);
    BOOST_TEST(c.calls == 1);
    s.emplace<canceler<>>(c);
    BOOST_TEST(c.alive == 1);
}

BOOST_AUTO_TEST_CASE(what_is_there_is_called_through_asios_slot_too)
{
    counts c;
    slot_store s;
    s.emplace<canceler<>>(c);
    auto slot = s.asio_slot();
    BOOST_TEST(slot.has_handler());
    BOOST_TEST(!s.empty());
    s.call(cancellation_type::terminal);
    BOOST_TEST(c.calls == 1);
    BOOST_TEST(c.alive == 1);
    slot.clear();
    BOOST_TEST(s.empty());
    BOOST_TEST(c.alive == 0);
}

// Filled through one and cleared through the other, something would be left.
BOOST_AUTO_TEST_CASE(from_then_on_that_is_the_one_store)
{
    counts first;
    counts second;
    slot_store s;
    s.emplace<canceler<>>(first);
    auto slot = s.asio_slot();
    s.emplace<canceler<>>(second);
    BOOST_TEST(first.alive == 0);
    BOOST_TEST(second.alive == 1);
    slot.emplace<canceler<>>(first);
    BOOST_TEST(second.alive == 0);
    s.call(cancellation_type::terminal);
    BOOST_TEST(first.calls == 1);
    s.clear();
    BOOST_TEST(!slot.has_handler());
    BOOST_TEST(first.alive == 0);
    BOOST_TEST((s.asio_slot() == slot));
}

BOOST_AUTO_TEST_CASE(an_empty_one_may_become_asios)
{
    counts c;
    slot_store s;
    auto slot = s.asio_slot();
    BOOST_TEST(s.empty());
    slot.emplace<canceler<>>(c);
    BOOST_TEST(!s.empty());
    s.call(cancellation_type::terminal);
    BOOST_TEST(c.calls == 1);
}

BOOST_AUTO_TEST_CASE(what_passes_a_request_on_is_as_full_as_the_other)
{
    counts c;
    bool filled = false;
    slot_store s;
    s.emplace<passing>(c, filled);
    BOOST_TEST(!s.empty());
    BOOST_TEST(s.passes_on());
    BOOST_TEST(!s.is_filled());
    filled = true;
    BOOST_TEST(s.is_filled());
    s.asio_slot(); // who fills that is not known
    BOOST_TEST(!s.passes_on());
}

BOOST_AUTO_TEST_CASE(to_compare_makes_it_no_slot_of_asios)
{
    counts c;
    bool filled = false;
    slot_store s;
    asio::cancellation_signal other;
    s.emplace<passing>(c, filled);
    BOOST_TEST(!s.is(other.slot()));
    BOOST_TEST(!s.is(asio::cancellation_slot()));
    BOOST_TEST(s.passes_on());
    auto const slot = s.asio_slot();
    BOOST_TEST(s.is(slot));
    BOOST_TEST(!s.is(other.slot()));
    BOOST_TEST(!s.is(asio::cancellation_slot()));
}

BOOST_AUTO_TEST_CASE(asios_memory_of_requests_is_recognized)
{
    slot_store s;
    BOOST_TEST(!s.holds_cancellation_state());
    counts c;
    s.emplace<canceler<>>(c);
    BOOST_TEST(!s.holds_cancellation_state());

    std::optional<asio::cancellation_state> state;
    state.emplace(typed_slot{&s});
    BOOST_TEST(s.holds_cancellation_state());
    s.call(cancellation_type::terminal);
    BOOST_TEST((state->cancelled() == cancellation_type::terminal));
}

BOOST_AUTO_TEST_CASE(a_slot_of_no_operation_is_not_connected)
{
    BOOST_TEST(!op_slot().is_connected());
    BOOST_TEST((op_slot() == op_slot()));
}

BOOST_AUTO_TEST_CASE(it_may_be_a_slot_of_asios)
{
    BOOST_TEST(!op_slot(asio::cancellation_slot()).is_connected());

    counts c;
    asio::cancellation_signal signal;
    op_slot slot = signal.slot();
    BOOST_TEST(slot.is_connected());
    BOOST_TEST(!slot.has_handler());
    slot.emplace<canceler<>>(c);
    BOOST_TEST(slot.has_handler());
    signal.emit(cancellation_type::partial);
    BOOST_TEST(c.calls == 1);
    slot.clear();
    BOOST_TEST(c.alive == 0);
    BOOST_TEST((asio::cancellation_slot(slot) == signal.slot()));
    BOOST_TEST((slot == op_slot(signal.slot())));
    BOOST_TEST((slot != op_slot()));
    BOOST_TEST((slot == signal.slot()));
    BOOST_TEST((asio::cancellation_slot() != slot));
    op_slot().clear();
}

BOOST_FIXTURE_TEST_CASE(
    a_filter_within_it_passes_on_a_request, filtered_fixture)
{
    wait(asioctx::bind_context(c.ctx, recorder(o)));
    c.cancel();
    poll();
    BOOST_TEST(o == asioctx::errc::canceled);
    BOOST_TEST((heard == cancellation_type::terminal));
}

BOOST_FIXTURE_TEST_CASE(or_remembers_it, filtered_fixture)
{
    wait(asioctx::bind_context(c.ctx, cancellation_type::total, recorder(o)));
    c.cancel();
    poll();
    BOOST_TEST(!o.completed());
    timer.cancel();
    poll();
    BOOST_TEST(o == asioctx::errc::canceled);
    BOOST_TEST((heard == cancellation_type::total));
}

BOOST_AUTO_TEST_CASE(a_handlers_slot_is_found)
{
    asio::cancellation_signal signal;
    auto const bound = asio::bind_cancellation_slot(signal.slot(), [](int) {});
    BOOST_TEST((slot_of(bound) == signal.slot()));
    auto const bare = [](int) {
    };
    BOOST_TEST(!slot_of(bare).is_connected());
    BOOST_TEST(!slot_of(std::ref(bare)).is_connected());
}

BOOST_AUTO_TEST_SUITE_END()
