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
    return {binder.get_cancellation_type(), binder.has_raw_errors(),
        binder_access::at(binder)};
}

// The same adapter of another token.
template <template <class> class Adapter, class Token, class Other>
Adapter<Other> rebound(Adapter<Token> const& adapter, Other&& token)
{
    return binder_access::make_adapter<Adapter<Other>>(
        adapter.get_context(), binder_access::at(adapter), std::move(token));
}

template <class Token, class Other>
context_binder<Other> rebound(
    context_binder<Token> const& binder, Other&& token)
{
    return binder_access::make<Other>(binder.get_context(),
        binder.get_cancellation_type(), binder.has_raw_errors(),
        binder_access::at(binder), std::move(token));
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

// Adapts an operation's default token.
struct with_default_token
{
    template <class Initiation, class Partial>
    static auto make(Partial const& partial)
    {
        return partial(typename default_token<Initiation>::type());
    }
};

// The same within an adapter that binds a slot.
template <class Slot>
struct with_default_token_and_slot
{
    template <class Initiation, class Binder>
    static auto make(Binder const& binder)
    {
        auto token =
            with_default_token::make<Initiation>(binder.get());
        return asio::cancellation_slot_binder<decltype(token), Slot>(
            binder.get_cancellation_slot(), std::move(token));
    }
};

// A slot that is bound outside of an adapter is the handler's: it goes inside,
// where both reach the operation.
template <class Token, class Slot>
struct with_slot_inside
{
    template <class Initiation, class RawToken>
    static auto make(RawToken&& token)
    {
        auto& outer = token.get();
        return rebound(outer,
            asio::cancellation_slot_binder<Token, Slot>(
                token.get_cancellation_slot(),
                part_of<RawToken&&>(outer.get())));
    }
};

// Initiates an operation with the token that Remake makes of the one given.
template <class Remake, class... Signatures>
struct remade_result
{
    template <class Initiation, class RawToken>
    using token = decltype(Remake::template make<std::decay_t<Initiation>>(
        std::declval<RawToken>()));

    template <class Initiation, class RawToken, class... Args>
    static auto initiate(
        Initiation&& initiation, RawToken&& raw, Args&&... args)
        -> decltype(asio::async_initiate<token<Initiation, RawToken>,
            Signatures...>(std::forward<Initiation>(initiation),
            std::declval<token<Initiation, RawToken>&>(),
            std::forward<Args>(args)...))
    {
        auto t = Remake::template make<std::decay_t<Initiation>>(
            std::forward<RawToken>(raw));
        return asio::async_initiate<decltype(t), Signatures...>(
            std::forward<Initiation>(initiation), t,
            std::forward<Args>(args)...);
    }
};

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
    : public asioctx::detail::remade_result<
          asioctx::detail::with_default_token, Signatures...>
{
};

template <class Token, class Slot, class Signature>
class boost::asio::async_result<
    boost::asio::cancellation_slot_binder<asioctx::context_binder<Token>, Slot>,
    Signature>
    : public asioctx::detail::remade_result<
          asioctx::detail::with_slot_inside<Token, Slot>, Signature>
{
};

template <class Slot, class Signature>
class boost::asio::async_result<
    boost::asio::cancellation_slot_binder<asioctx::partial_context_binder,
        Slot>,
    Signature>
    : public asioctx::detail::remade_result<
          asioctx::detail::with_default_token_and_slot<Slot>, Signature>
{
};

#endif
