//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_IMPL_RETRY_HPP
#define ASIOCTX_IMPL_RETRY_HPP

#include <asioctx/deadline.hpp>
#include <asioctx/retry.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/recycling_allocator.hpp>

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace asioctx {
namespace detail {

// What a retry has spent, and what it may still spend.
class retry_budget
{
public:
    explicit retry_budget(retry_policy const& p) noexcept : policy_(p)
    {
    }

    retry_report const& report() const noexcept
    {
        return report_;
    }

    // Whether there is time for an attempt. If not, it is spent.
    ASIOCTX_DECL bool can_begin(context const& scope) noexcept;

    // Begins an attempt and returns its context.
    ASIOCTX_DECL cancelable begin_attempt(context const& scope);

    // Whether an attempt was merely cut off: not at its own time limit, which
    // is as good a failure as any.
    ASIOCTX_DECL bool was_cut_short(context const& attempt) const noexcept;

    // Whether an attempt that has failed, or that its own time limit has ended,
    // is worth another.
    ASIOCTX_DECL bool wants_another(error_code const& ec, bool timed_out) const;

    // The pause before the next attempt; none if there is no time for them.
    ASIOCTX_DECL std::optional<duration> next_pause(context const& scope);

    // The context is done.
    ASIOCTX_DECL void end_with(context const& scope) noexcept;

private:
    duration pause() const;

    retry_policy const policy_;
    retry_report report_;
    bool is_shortened_ = false; // the attempt, so that the reserve remains
    bool is_last_ = false;      // the attempt, that has the reserve
};

template <class Handler, class Operation>
class retry_op final
    : public attempt_op<retry_op<Handler, Operation>, Handler, Operation>
{
    using base = attempt_op<retry_op, Handler, Operation>;
    using typename base::error_type;
    using typename base::results;

public:
    using part_allocator_type =
        asio::associated_allocator_t<Handler, asio::recycling_allocator<void>>;

    template <class Allocator, class H, class F>
    retry_op(
        Allocator const& a,
        H&& handler,
        context const& ctx,
        asio::any_io_executor const& io,
        F&& operation,
        retry_policy const& policy,
        retry_report* report)
        : base(
            a, std::forward<H>(handler), ctx, io, std::forward<F>(operation)),
          budget_(policy), report_(report)
    {
    }

    part_allocator_type part_allocator() const noexcept
    {
        return asio::get_associated_allocator(
            this->handler(), asio::recycling_allocator<void>());
    }

    void start()
    {
        this->initiate([this] { begin_or_end(); });
    }

    template <class... Results>
    void attempt_ended(int, Results&&... r)
    {
        results_.emplace(std::forward<Results>(r)...);
    }

    void proceed()
    {
        try
        {
            if (!is_over_)
                take_step();
        }
        catch (...)
        {
            fail(std::current_exception());
        }
        if (!is_over_)
            return this->leave();
        if (report_)
            *report_ = budget_.report();
        this->complete(std::move(*results_));
    }

private:
    // Ends with a pause.
    struct pause_handler : op_part<retry_op>
    {
        using op_part<retry_op>::op_part;

        void operator()(error_code const&)
        {
            this->leave();
        }
    };

    void begin_or_end()
    {
        if (this->scope().done())
            return end_with_scope();
        if (!budget_.can_begin(this->scope()))
            return give_up_at_deadline();
        current_ = budget_.begin_attempt(this->scope());
        this->start_attempt(0, current_.ctx);
    }

    void take_step()
    {
        if (!results_) // after a pause
            return begin_or_end();

        auto& e = std::get<0>(*results_);
        if (!has_failed(e))
            return end();
        bool const cut_off = was_cut_off(current_.ctx, e);
        if (this->scope().done())
        {
            if (cut_off)
                return end_with_scope();
            budget_.end_with(this->scope());
            return end();
        }

        bool const is_real = !cut_off || !budget_.was_cut_short(current_.ctx);
        if (!budget_.wants_another(attempt_error(e), cut_off))
            return end();
        auto const pause = budget_.next_pause(this->scope());
        if (!pause)
            return is_real ? end() : give_up_at_deadline();
        if (is_real)
            last_error_ = std::move(e);
        results_.reset();
        current_ = with_timeout(
            this->scope(), *pause, error_code(), source_location());
        this->start_part(
            [this]
            { current_.ctx.async_wait(pause_handler(*this), this->place()); });
    }

    void end_with_scope()
    {
        budget_.end_with(this->scope());
        if (this->scope().error() == errc::deadline_exceeded)
            give_up_at_deadline();
        else
            end(this->results_of(this->scope_error()));
    }

    void give_up_at_deadline()
    {
        if (last_error_)
            end(this->results_of(std::move(*last_error_)));
        else
            end(this->results_of(make_error_code(errc::deadline_exceeded)));
    }

    void end(results r)
    {
        results_.emplace(std::move(r));
        end();
    }

    // With the results of the attempt.
    void end() noexcept
    {
        is_over_ = true;
    }

    // A step has thrown.
    void fail(std::exception_ptr e)
    {
        try
        {
            end(this->results_of_start(std::move(e)));
        }
        catch (...)
        {
            this->abandon();
            throw;
        }
    }

    retry_budget budget_;
    retry_report* const report_;
    cancelable current_; // of the attempt, or the pause
    std::optional<results> results_;
    std::optional<error_type> last_error_; // that was real
    bool is_over_ = false;
};

template <class Operation, class Token>
auto start_retry(
    context const& ctx,
    retry_policy const& policy,
    Operation&& operation,
    retry_report* report,
    Token& token,
    place const& at)
{
    constexpr bool makes = makes_attempts<std::decay_t<Operation>>;
    static_assert(
        makes,
        "asioctx::retry: the operation must be a function object that is "
        "called with a context and returns an asynchronous operation, as "
        "asio::deferred makes one, or an asio::awaitable; its results must "
        "begin with an error_code or an exception_ptr, and the others must "
        "have default constructors");
    if constexpr (makes)
        return asio::async_initiate<Token, attempts_signature_t<Operation>>(
            initiate_attempts<retry_op>{ctx, at},
            token,
            std::forward<Operation>(operation),
            policy,
            report);
}

} // namespace detail

template <
    class Operation,
    asio::completion_token_for<detail::attempts_signature_t<Operation>> Token>
auto retry(
    context const& ctx,
    retry_policy const& policy,
    Operation&& operation,
    Token&& token,
    source_location at)
{
    return detail::start_retry<Operation, Token>(
        ctx, policy, std::forward<Operation>(operation), nullptr, token, at);
}

template <
    class Operation,
    asio::completion_token_for<detail::attempts_signature_t<Operation>> Token>
auto retry(
    context const& ctx,
    retry_policy const& policy,
    Operation&& operation,
    retry_report& report,
    Token&& token,
    source_location at)
{
    return detail::start_retry<Operation, Token>(
        ctx, policy, std::forward<Operation>(operation), &report, token, at);
}

} // namespace asioctx

#endif
