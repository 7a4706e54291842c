//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_INITIATE_BOUND_HPP
#define ASIOCTX_DETAIL_INITIATE_BOUND_HPP

#include <asioctx/context.hpp>
#include <asioctx/is_single_step.hpp>
#include <asioctx/stays_asked.hpp>

#include <asioctx/detail/bound_handler.hpp>
#include <asioctx/detail/operation_name.hpp>
#include <asioctx/detail/root.hpp>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/associator.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/system/system_error.hpp>

#if BOOST_ASIO_VERSION >= 102800
#include <boost/asio/associated_immediate_executor.hpp>
#endif

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <exception>
#include <tuple>
#include <type_traits>
#include <utility>

namespace asioctx::detail {

// The token adapted, const if the binder it is taken from is.
template <class Token, class RawBinder>
using target_of = std::conditional_t<
    std::is_const_v<std::remove_reference_t<RawBinder>>, Token const, Token>;

template <class T>
concept has_executor = requires(T const& t) {
    typename T::executor_type;
    t.get_executor();
};

// The results of an operation that is not started; void if the signature has no
// place for the error.
template <class Signature>
struct not_started
{
    using results = void;
};

template <class R, class First, class... Rest>
    requires is_error<std::decay_t<First>>
    && (std::is_default_constructible_v<std::decay_t<Rest>> && ...)
struct not_started<R(First, Rest...)>
{
    using results = std::tuple<std::decay_t<First>, std::decay_t<Rest>...>;

    static results make(error_code const& ec)
    {
        if constexpr (std::is_same_v<std::decay_t<First>, error_code>)
            return results(ec, std::decay_t<Rest>()...);
        else
            return results(
                std::make_exception_ptr(boost::system::system_error(ec)),
                std::decay_t<Rest>()...);
    }
};

template <class R, class... Results>
    requires(!std::is_void_v<typename not_started<void(Results...)>::results>)
struct not_started<R(std::tuple<Results...>)>
{
    using results = std::tuple<std::tuple<Results...>>;

    static results make(error_code const& ec)
    {
        return results(not_started<void(Results...)>::make(ec));
    }
};

// The size of the largest results.
template <class Signature>
inline constexpr std::size_t size_of_result = 0;

template <class R, class... Args>
inline constexpr std::size_t size_of_result<R(Args...)> =
    sizeof(std::tuple<std::decay_t<Args>...>);

template <class... Signatures>
struct first_not_started
{
    using results = void;
};

template <class First, class... Rest>
struct first_not_started<First, Rest...>
    : std::conditional_t<
          std::is_void_v<typename not_started<First>::results>,
          first_not_started<Rest...>, not_started<First>>
{
};

// Calls a handler with results that are known beforehand.
template <class Handler, class Results>
class done_handler
{
public:
    done_handler(Handler&& h, Results&& r)
        : handler_(std::move(h)), results_(std::move(r))
    {
    }

    Handler const& handler() const noexcept
    {
        return handler_;
    }

    void operator()()
    {
        std::apply(std::move(handler_), std::move(results_));
    }

private:
    Handler handler_;
    Results results_;
};

// Where a handler runs.
template <class Handler, class IoExecutor>
auto handler_executor(
    Handler const& h, IoExecutor const& io, context const& ctx) noexcept
{
    if constexpr (std::is_same_v<IoExecutor, unknown_executor>)
        return asio::get_associated_executor(
            h, executor_of(context_access::get(ctx).get_root()));
    else
        return asio::get_associated_executor(h, io);
}

// Completes an operation that is not started, because the context is done.
template <class NotStarted, class Handler, class IoExecutor>
void complete_not_started(Handler&& handler, context const& ctx,
    IoExecutor const& io, request const& r)
{
    if constexpr (std::is_same_v<IoExecutor, unknown_executor>)
    {
        complete_not_started<NotStarted>(std::move(handler), ctx,
            handler_executor(handler, io, ctx), r);
    }
    else
    {
        auto done = done_handler(
            std::move(handler), NotStarted::make(r.error(ctx.error())));
#if BOOST_ASIO_VERSION >= 102800
        auto const ex = asio::get_associated_immediate_executor(done, io);
        asio::dispatch(ex, std::move(done));
#else
        asio::post(io, std::move(done));
#endif
    }
}

// Whether a handler has an immediate executor of its own. If not, it is derived
// from the I/O object's.
#if BOOST_ASIO_VERSION >= 102800
template <class Handler>
inline constexpr bool has_immediate_executor =
    std::is_same_v<asio::associated_immediate_executor_t<Handler,
                       asio::io_context::executor_type>,
        asio::associated_immediate_executor_t<Handler, asio::system_executor>>;
#else
template <class Handler>
inline constexpr bool has_immediate_executor = false;
#endif

// Has the executor of the initiation that it is derived for, if that has one.
template <class Initiation>
struct initiation_executor
{
};

template <has_executor Initiation>
struct initiation_executor<Initiation>
{
    using executor_type = typename Initiation::executor_type;
};

template <class Initiation>
class initiation_holder : public initiation_executor<Initiation>
{
public:
    explicit initiation_holder(Initiation&& i) : initiation_(std::move(i))
    {
    }

    explicit initiation_holder(Initiation const& i) : initiation_(i)
    {
    }

    auto get_executor() const noexcept
        requires has_executor<Initiation>
    {
        return initiation_.get_executor();
    }

protected:
    auto io_executor() const noexcept
    {
        if constexpr (has_executor<Initiation>)
            return initiation_.get_executor();
        else
            return unknown_executor();
    }

    Initiation initiation_;
};

// What is asked for the initiation of a function that takes a token.
struct initiation_probe
{
};

template <class Coroutine>
concept is_like_awaitable = requires {
    typename Coroutine::value_type;
    typename Coroutine::executor_type;
};

// Whether an initiation is asio::co_spawn's, for a function that returns a
// coroutine. Found by its arguments: who has not included it has not called it.
template <class Initiation, class... Args>
inline constexpr bool is_co_spawn = false;

template <has_executor Initiation, class F>
    requires std::invocable<F&> && is_like_awaitable<std::invoke_result_t<F&>>
inline constexpr bool is_co_spawn<Initiation, F> =
    requires(typename Initiation::executor_type const& ex,
        std::invoke_result_t<F&> coroutine) {
        {
            co_spawn(ex, std::move(coroutine), initiation_probe())
            } -> std::same_as<std::type_identity<Initiation>>;
    };

// Newer versions of Asio keep the implementation that async_compose is given in the
// initiation, whose first template argument it is.
template <class Initiation>
inline constexpr bool has_implementation_that_stays_asked = false;

template <template <class...> class Initiation, class Implementation,
    class... More>
inline constexpr bool has_implementation_that_stays_asked<
    Initiation<Implementation, More...>> = stays_asked<Implementation>;

// An operation stays asked if its initiation does, or that implementation. Older
// versions give it to the initiation as its first argument.
template <class Initiation, class... Args>
inline constexpr bool is_asked_in_each_step = stays_asked<Initiation>
    || has_implementation_that_stays_asked<Initiation>;

template <class Initiation, class Implementation, class... Args>
inline constexpr bool
    is_asked_in_each_step<Initiation, Implementation, Args...> =
        is_asked_in_each_step<Initiation> || stays_asked<Implementation>;

// A coroutine that does not begin if somebody wants it to stop by then. The
// record is there as long as the function may be called.
template <class Op, class F>
class beginning
{
public:
    template <class G>
    beginning(Op& op, G&& function)
        : op_(&op), function_(std::forward<G>(function))
    {
        op.set_coroutine();
    }

    auto operator()()
    {
        if (auto const why = op_->begin())
            throw boost::system::system_error(why);
        return function_();
    }

private:
    Op* op_;
    F function_;
};

// Initiates an operation bound to a context. Lazy tokens keep it for later,
// together with the arguments, and may call it more than once.
template <class Initiation, class... Signatures>
class initiate_bound : public initiation_holder<Initiation>
{
    using holder = initiation_holder<Initiation>;
    using not_started = first_not_started<Signatures...>;

    static constexpr std::size_t size_of_results =
        (std::max)({size_of_result<Signatures>...});

public:
    using holder::holder;

    template <class Handler, class... Args>
    void operator()(
        Handler&& handler, context ctx, request r, Args&&... args) &&
    {
        start(*this, std::move(this->initiation_),
            std::forward<Handler>(handler), std::move(ctx), r,
            std::forward<Args>(args)...);
    }

    template <class Handler, class... Args>
    void operator()(
        Handler&& handler, context ctx, request r, Args&&... args) const&
    {
        start(*this, this->initiation_,
            std::forward<Handler>(handler), std::move(ctx), r,
            std::forward<Args>(args)...);
    }

private:
    // Not a const member: GCC would warn with -O1 that an initiation that is empty
    // may not be initialized.
    template <class Self, class I, class H, class... Args>
    static void start(Self& self, I&& initiation, H&& handler, context&& ctx,
        request const& r, Args&&... args)
    {
        using handler_type = std::decay_t<H>;
        auto const io = self.io_executor();
        using op = bound_op_of<handler_type, std::decay_t<decltype(io)>,
            size_of_results, is_single_step<std::decay_t<I>>>;

        constexpr bool may_not_start =
            !std::is_void_v<typename not_started::results>;
        if constexpr (may_not_start && has_immediate_executor<handler_type>)
            if (ctx.done())
                return complete_not_started<not_started>(
                    handler_type(std::forward<H>(handler)), ctx, io, r);

        auto* const made = op::create(context_access::take(std::move(ctx)),
            r, io, std::forward<H>(handler));
        if constexpr (may_not_start)
            if (made->context_done())
                return made->template complete_not_started<not_started>();
        made->set_name(operation_name<std::decay_t<I>, std::decay_t<Args>...>);
        bound_op::initiation const running(*made);
        bound_handler<op> bound(made);
        made->connect_upstream();
        if constexpr (is_asked_in_each_step<std::decay_t<I>,
                          std::decay_t<Args>...>)
            made->set_stays_asked();
        if constexpr (is_co_spawn<std::decay_t<I>, std::decay_t<Args>...>)
            std::forward<I>(initiation)(std::move(bound),
                beginning<op, std::decay_t<Args>...>(
                    *made, std::forward<Args>(args)...));
        else
            std::forward<I>(initiation)(
                std::move(bound), std::forward<Args>(args)...);
    }
};

} // namespace asioctx::detail

// Bound twice.
template <class Initiation, class... Signatures>
inline constexpr bool asioctx::is_single_step<
    asioctx::detail::initiate_bound<Initiation, Signatures...>> =
    asioctx::is_single_step<Initiation>;

template <class... Signatures>
struct boost::asio::async_result<asioctx::detail::initiation_probe,
    Signatures...>
{
    template <class Initiation, class... Args>
    static std::type_identity<std::decay_t<Initiation>> initiate(
        Initiation&&, Args&&...);
};

template <template <class, class> class Associator, class Handler,
    class Results, class DefaultCandidate>
struct boost::asio::associator<Associator,
    asioctx::detail::done_handler<Handler, Results>, DefaultCandidate>
    : Associator<Handler, DefaultCandidate>
{
    static typename Associator<Handler, DefaultCandidate>::type get(
        asioctx::detail::done_handler<Handler, Results> const& h) noexcept
    {
        return Associator<Handler, DefaultCandidate>::get(h.handler());
    }

    static auto get(asioctx::detail::done_handler<Handler, Results> const& h,
        DefaultCandidate const& c) noexcept
        -> decltype(Associator<Handler, DefaultCandidate>::get(h.handler(), c))
    {
        return Associator<Handler, DefaultCandidate>::get(h.handler(), c);
    }
};

#endif
