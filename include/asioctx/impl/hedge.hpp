//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_IMPL_HEDGE_HPP
#define ASIOCTX_IMPL_HEDGE_HPP

#include <asioctx/after_func.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/hedge.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/recycling_allocator.hpp>

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace asioctx {
namespace detail {

// The attempts may end at the same time on several threads. So each has its own
// place for its results, which are looked at when both have ended, and there is
// one who sets each of the numbers.
template <class Handler, class Operation>
class hedge_op final
    : public attempt_op<hedge_op<Handler, Operation>, Handler, Operation>
{
    using base = attempt_op<hedge_op, Handler, Operation>;
    using typename base::results;

public:
    using part_allocator_type = asio::recycling_allocator<void>;

    template <class Allocator, class H, class F>
    hedge_op(
        Allocator const& a,
        H&& handler,
        context const& ctx,
        asio::any_io_executor const& io,
        F&& operation,
        duration delay)
        : base(
            a, std::forward<H>(handler), ctx, io, std::forward<F>(operation)),
          delay_(with_timeout(
              this->scope(), delay, error_code(), source_location())),
          attempts_{
              {with_cancel(this->scope(), source_location())},
              {with_cancel(this->scope(), source_location())}}
    {
    }

    part_allocator_type part_allocator() const noexcept
    {
        return {};
    }

    void start()
    {
        this->initiate(
            [this]
            {
                if (this->scope().done())
                    return;
                this->start_attempt(0, attempts_[0].scope.ctx);
                // Not before: the function object is called once at a time.
                try
                {
                    this->start_part(
                        [this] {
                            after_func(
                                delay_.ctx,
                                second_attempt(*this),
                                this->place())
                                .detach();
                        });
                }
                catch (...)
                {
                    fail_to_start_second();
                }
            });
    }

    template <class... Results>
    void attempt_ended(int number, Results&&... r)
    {
        auto& a = attempts_[number];
        a.ended.emplace(std::forward<Results>(r)...);
        auto const& e = std::get<0>(*a.ended);
        if (!has_failed(e))
            succeeded(number);
        else if (!was_cut_off(a.scope.ctx, e))
            failed(number);
    }

    void proceed()
    {
        auto const won = first_success_.load(std::memory_order_relaxed);
        auto const lost = first_failure_.load(std::memory_order_relaxed);
        auto const failures = failures_.load(std::memory_order_relaxed);
        if (won != none)
            this->complete(std::move(*attempts_[won].ended));
        else if (
            failures == 2
            || (failures == 1 && this->scope().error() != errc::canceled))
            this->complete(std::move(*attempts_[lost].ended));
        else
            this->complete(this->results_of(this->scope_error()));
    }

private:
    static constexpr int none = -1;

    struct attempt_state
    {
        cancelable scope;
        std::optional<results> ended{};
    };

    // Called once when the delay is over, for whatever reason.
    struct second_attempt : op_part<hedge_op>
    {
        using op_part<hedge_op>::op_part;

        void operator()()
        {
            this->op().begin_second();
            this->leave();
        }
    };

    void begin_second()
    {
        if (this->scope().done() || this->is_abandoned()
            || first_success_.load(std::memory_order_relaxed) != none)
            return;
        try
        {
            this->start_attempt(1, attempts_[1].scope.ctx);
        }
        catch (...)
        {
            fail_to_start_second();
        }
    }

    // In a catch block.
    void fail_to_start_second()
    {
        attempts_[1].ended.emplace(
            this->results_of_start(std::current_exception()));
        failed(1);
    }

    void succeeded(int number) noexcept
    {
        if (!set(first_success_, number))
            return;
        attempts_[1 - number].scope.cancel.cancel(hedge_lost);
        delay_.cancel.cancel();
    }

    void failed(int number) noexcept
    {
        set(first_failure_, number);
        failures_.fetch_add(1, std::memory_order_relaxed);
        delay_.cancel.cancel();
    }

    static bool set(atomic<int>& number, int value) noexcept
    {
        int expected = none;
        return number.compare_exchange_strong(
            expected, value, std::memory_order_relaxed);
    }

    cancelable const delay_;
    attempt_state attempts_[2];
    atomic<int> first_success_{none};
    atomic<int> first_failure_{none};
    atomic<int> failures_{0};
};

} // namespace detail

template <
    class Rep,
    class Period,
    class Operation,
    asio::completion_token_for<detail::attempts_signature_t<Operation>> Token>
auto hedge(
    context const& ctx,
    std::chrono::duration<Rep, Period> delay,
    Operation&& operation,
    Token&& token,
    source_location at)
{
    constexpr bool makes = detail::makes_attempts<std::decay_t<Operation>>;
    static_assert(
        makes,
        "asioctx::hedge: the operation must be a function object that is "
        "called with a context and returns an asynchronous operation, as "
        "asio::deferred makes one, or an asio::awaitable; its results must "
        "begin with an error_code or an exception_ptr, and the others must "
        "have default constructors");
    if constexpr (makes)
        return asio::
            async_initiate<Token, detail::attempts_signature_t<Operation>>(
                detail::initiate_attempts<detail::hedge_op>{ctx, at},
                token,
                std::forward<Operation>(operation),
                detail::to_duration(delay));
}

} // namespace asioctx

#endif
