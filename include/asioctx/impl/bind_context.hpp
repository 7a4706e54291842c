//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_IMPL_BIND_CONTEXT_HPP
#define ASIOCTX_IMPL_BIND_CONTEXT_HPP

#include <asioctx/bind_context.hpp>

#include <asioctx/detail/initiate_bound.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/deferred.hpp>

#include <type_traits>
#include <utility>

namespace asioctx::detail {

// What comes of an operation whose token is none.
struct no_result
{
};

// The default token of an operation.
template <class Initiation>
struct default_token
{
    using type = asio::deferred_t;
};

template <class Initiation>
    requires requires { typename Initiation::executor_type; }
    && (!std::is_void_v<
        asio::default_completion_token_t<typename Initiation::executor_type>>)
struct default_token<Initiation>
{
    using type =
        asio::default_completion_token_t<typename Initiation::executor_type>;
};

// What an operation is asked for.
template <class Token>
request request_of(context_binder<Token> const& binder) noexcept
{
    return {binder.get_cancellation_type(), binder.has_raw_errors()};
}

// A binder with another token.
template <class Token, class Other>
context_binder<Other> rebound(
    context_binder<Token> const& binder, Other&& token)
{
    if (binder.has_raw_errors())
        return {binder.get_context(), binder.get_cancellation_type(),
            raw_errors, std::move(token)};
    return {binder.get_context(), binder.get_cancellation_type(),
        std::move(token)};
}

// The token, to be copied if what it is a part of is not to be moved from.
template <class RawToken, class Token>
decltype(auto) part_of(Token& token) noexcept
{
    if constexpr (std::is_lvalue_reference_v<RawToken>
        || std::is_const_v<std::remove_reference_t<RawToken>>)
        return static_cast<Token&>(token);
    else
        return static_cast<Token&&>(token);
}

// The adapter's slot is the handler's: it goes inside of the binder, where both
// reach the operation.
template <class Token, class Slot, class RawToken>
auto slot_inside(RawToken&& token)
{
    using inner = asio::cancellation_slot_binder<Token, Slot>;
    auto& binder = token.get();
    return rebound(binder,
        inner(token.get_cancellation_slot(),
            part_of<RawToken&&>(binder.get())));
}

} // namespace asioctx::detail

template <class Token, class... Signatures>
class boost::asio::async_result<asioctx::context_binder<Token>, Signatures...>
    : public boost::asio::async_result<Token, Signatures...>
{
public:
    template <class Initiation, class RawBinder, class... Args>
    static auto initiate(
        Initiation&& initiation, RawBinder&& binder, Args&&... args)
        -> decltype(boost::asio::async_initiate<
            asioctx::detail::target_of<Token, RawBinder>, Signatures...>(
            std::declval<asioctx::detail::initiate_bound<
                std::decay_t<Initiation>, Signatures...>>(),
            binder.get(), std::forward<RawBinder>(binder).get_context(),
            asioctx::detail::request_of(binder), std::forward<Args>(args)...))
    {
        return boost::asio::async_initiate<
            asioctx::detail::target_of<Token, RawBinder>, Signatures...>(
            asioctx::detail::initiate_bound<std::decay_t<Initiation>,
                Signatures...>(std::forward<Initiation>(initiation)),
            binder.get(), std::forward<RawBinder>(binder).get_context(),
            asioctx::detail::request_of(binder), std::forward<Args>(args)...);
    }

    // Of overloaded functions, the compiler may try ones that the token is not
    // for: only the one that is called may fail, and says why.
    template <class Initiation, class RawBinder, class... Args>
        requires(!boost::asio::completion_token_for<Token, Signatures...>)
    static asioctx::detail::no_result initiate(
        Initiation&&, RawBinder&&, Args&&...)
    {
        static_assert(
            boost::asio::completion_token_for<Token, Signatures...>,
            "asioctx::bind_context: the last argument is not a completion token "
            "for this operation: it must be a function object that can be "
            "called with the operation's results, or a token such as "
            "asio::use_awaitable");
        return {};
    }
};

template <class... Signatures>
class boost::asio::async_result<asioctx::partial_context_binder, Signatures...>
{
    template <class Initiation>
    using binder = asioctx::context_binder<
        typename asioctx::detail::default_token<std::decay_t<Initiation>>::type>;

public:
    template <class Initiation, class RawBinder, class... Args>
    static auto initiate(
        Initiation&& initiation, RawBinder&& partial, Args&&... args)
        -> decltype(boost::asio::async_initiate<binder<Initiation>,
            Signatures...>(std::forward<Initiation>(initiation),
            std::declval<binder<Initiation>&>(), std::forward<Args>(args)...))
    {
        using token = typename binder<Initiation>::target_type;
        binder<Initiation> b = partial(token());
        return boost::asio::async_initiate<binder<Initiation>, Signatures...>(
            std::forward<Initiation>(initiation), b,
            std::forward<Args>(args)...);
    }
};

// Adapters that are outside of the binder, and go inside.
template <class Token, class Slot, class Signature>
class boost::asio::async_result<
    boost::asio::cancellation_slot_binder<asioctx::context_binder<Token>, Slot>,
    Signature>
    : public boost::asio::async_result<
          asioctx::context_binder<
              boost::asio::cancellation_slot_binder<Token, Slot>>,
          Signature>
{
    using inside = asioctx::context_binder<
        boost::asio::cancellation_slot_binder<Token, Slot>>;

public:
    template <class Initiation, class RawToken, class... Args>
    static auto initiate(
        Initiation&& initiation, RawToken&& token, Args&&... args)
        -> decltype(boost::asio::async_initiate<inside, Signature>(
            std::forward<Initiation>(initiation), std::declval<inside&>(),
            std::forward<Args>(args)...))
    {
        inside t = asioctx::detail::slot_inside<Token, Slot>(
            std::forward<RawToken>(token));
        return boost::asio::async_initiate<inside, Signature>(
            std::forward<Initiation>(initiation), t,
            std::forward<Args>(args)...);
    }
};

template <class Slot, class Signature>
class boost::asio::async_result<
    boost::asio::cancellation_slot_binder<asioctx::partial_context_binder,
        Slot>,
    Signature>
{
    template <class Initiation>
    using outside = boost::asio::cancellation_slot_binder<
        asioctx::context_binder<typename asioctx::detail::default_token<
            std::decay_t<Initiation>>::type>,
        Slot>;

public:
    template <class Initiation, class RawToken, class... Args>
    static auto initiate(
        Initiation&& initiation, RawToken&& token, Args&&... args)
        -> decltype(boost::asio::async_initiate<outside<Initiation>,
            Signature>(std::forward<Initiation>(initiation),
            std::declval<outside<Initiation>&>(), std::forward<Args>(args)...))
    {
        using default_token = typename asioctx::detail::default_token<
            std::decay_t<Initiation>>::type;
        outside<Initiation> t(
            token.get_cancellation_slot(), token.get()(default_token()));
        return boost::asio::async_initiate<outside<Initiation>, Signature>(
            std::forward<Initiation>(initiation), t,
            std::forward<Args>(args)...);
    }
};

#endif
