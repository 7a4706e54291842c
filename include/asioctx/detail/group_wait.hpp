//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_GROUP_WAIT_HPP
#define ASIOCTX_DETAIL_GROUP_WAIT_HPP

#include <asioctx/config.hpp>
#include <asioctx/context.hpp>

#include <asioctx/detail/task_group_state.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/associator.hpp>
#include <boost/asio/cancellation_type.hpp>

#include <exception>
#include <memory>
#include <utility>

namespace asioctx::detail {

// Waits for a signal of a group. What else there is in the handler's result,
// Wait says.
template <class Handler, class Wait>
class group_wait_handler
{
public:
    using executor_type =
        asio::associated_executor_t<Handler, asio::any_io_executor>;

    group_wait_handler(Handler&& h, Wait&& w)
        : handler_(std::move(h)), wait_(std::move(w))
    {
    }

    executor_type get_executor() const noexcept
    {
        return asio::get_associated_executor(handler_, wait_.state->executor());
    }

    Handler const& handler() const noexcept
    {
        return handler_;
    }

    void operator()(error_code const& ec)
    {
        auto result = wait_.result(handler_, ec);
        // The handler may wait for what the group holds to go.
        wait_ = Wait();
        std::move(handler_)(std::move(result));
    }

private:
    Handler handler_;
    Wait wait_;
};

// The cancellation slot of a handler. With two arguments: with one, Boost 1.81
// finds two functions for a std::reference_wrapper.
template <class Handler>
auto slot_of_join(Handler const& handler) noexcept
{
    return asio::get_associated_cancellation_slot(
        handler, asio::cancellation_slot());
}

// Cancels the group for one who waits for its tasks, and goes on waiting. Lives
// in the slot of the one who waits.
struct join_canceler
{
    explicit join_canceler(std::weak_ptr<task_group_state> g) noexcept
        : group(std::move(g))
    {
    }

    void operator()(asio::cancellation_type_t type)
    {
        if (type == asio::cancellation_type::none)
            return;
        if (auto const g = group.lock())
            has_ended_it = g->cancel_here() || has_ended_it;
    }

    std::weak_ptr<task_group_state> group;
    bool has_ended_it = false;
};

struct join_wait
{
    template <class Handler>
    std::exception_ptr result(Handler const& handler, error_code const&) const
    {
        if (!canceler)
            return state->result(false);
        bool const has_ended_it = canceler->has_ended_it;
        slot_of_join(handler).clear();
        return state->result(has_ended_it);
    }

    std::shared_ptr<task_group_state> state;
    join_canceler* canceler = nullptr; // in the handler's slot, if it has one
};

struct admission_wait
{
    template <class Handler>
    error_code result(Handler const&, error_code const& ec) const noexcept
    {
        return result(ec);
    }

    ASIOCTX_DECL error_code result(error_code const& ec) const noexcept;

    std::shared_ptr<task_group_state> state;
    context admission;
};

} // namespace asioctx::detail

template <
    template <class, class>
    class Associator,
    class Handler,
    class Wait,
    class DefaultCandidate>
struct boost::asio::associator<
    Associator,
    asioctx::detail::group_wait_handler<Handler, Wait>,
    DefaultCandidate> : Associator<Handler, DefaultCandidate>
{
    static typename Associator<Handler, DefaultCandidate>::type get(
        asioctx::detail::group_wait_handler<Handler, Wait> const& h) noexcept
    {
        return Associator<Handler, DefaultCandidate>::get(h.handler());
    }

    static auto get(
        asioctx::detail::group_wait_handler<Handler, Wait> const& h,
        DefaultCandidate const& c) noexcept
        -> decltype(Associator<Handler, DefaultCandidate>::get(h.handler(), c))
    {
        return Associator<Handler, DefaultCandidate>::get(h.handler(), c);
    }
};

#endif
