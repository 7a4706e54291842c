//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TEST_SUPPORT_PROBE_HPP
#define ASIOCTX_TEST_SUPPORT_PROBE_HPP

#include <asioctx/error.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace asioctx::test {

template <class Signature = void(error_code)>
class probe;

// An asynchronous operation that does what the test says, when it says so, and
// remembers what it was asked for.
template <class... Results>
class probe<void(Results...)>
{
public:
    using request = asio::cancellation_type_t;

    int initiations = 0;
    std::vector<request> requests;

    // Called by the initiating function: before it puts a handler into the
    // slot, and at its end.
    std::function<void()> at_begin;
    std::function<void()> at_end;

    std::function<void(request)> when_asked;

    // Lives as long as what was put into the slot does.
    std::shared_ptr<int> in_slot = std::make_shared<int>();

    template <class Token>
    auto start(Token&& token)
    {
        return asio::async_initiate<Token, void(Results...)>(
            initiation{this}, token);
    }

    // The same with an I/O executor.
    template <class Executor, class Token>
    auto start_on(Executor const& ex, Token&& token)
    {
        return asio::async_initiate<Token, void(Results...)>(
            initiation_on<Executor>{{this}, ex}, token);
    }

    bool pending() const noexcept
    {
        return handler_ != nullptr;
    }

    void complete(Results... results)
    {
        auto const h = std::move(handler_);
        h->call(std::move(results)...);
    }

    // Drops the handler, as an execution context that is destroyed does.
    void abandon()
    {
        handler_.reset();
    }

private:
    struct handler_base
    {
        virtual ~handler_base() = default;
        virtual void call(Results... results) = 0;
    };

    template <class Handler>
    struct handler_of final : handler_base
    {
        explicit handler_of(Handler&& h) : handler(std::move(h))
        {
        }

        void call(Results... results) override
        {
            Handler h(std::move(handler));
            std::move(h)(std::move(results)...);
        }

        Handler handler;
    };

    struct initiation
    {
        template <class Handler>
        void operator()(Handler handler) const
        {
            self->initiate(std::move(handler));
        }

        probe* self;
    };

    template <class Executor>
    struct initiation_on : initiation
    {
        using executor_type = Executor;

        executor_type get_executor() const noexcept
        {
            return executor;
        }

        Executor executor;
    };

    template <class Handler>
    void initiate(Handler&& handler)
    {
        ++initiations;
        if (at_begin)
            at_begin();
        auto slot = asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected())
            slot.assign(
                [this, in = in_slot](request type)
                {
                    requests.push_back(type);
                    if (when_asked)
                        when_asked(type);
                    ++*in; // what is called must not be gone
                });
        handler_ = std::make_unique<handler_of<Handler>>(
            std::forward<Handler>(handler));
        if (at_end)
            at_end();
    }

    std::unique_ptr<handler_base> handler_;
};

} // namespace asioctx::test

#endif
