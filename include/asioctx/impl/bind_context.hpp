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
            binder.get_cancellation_type(), std::forward<Args>(args)...))
    {
        return boost::asio::async_initiate<
            asioctx::detail::target_of<Token, RawBinder>, Signatures...>(
            asioctx::detail::initiate_bound<std::decay_t<Initiation>,
                Signatures...>(std::forward<Initiation>(initiation)),
            binder.get(), std::forward<RawBinder>(binder).get_context(),
            binder.get_cancellation_type(), std::forward<Args>(args)...);
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

#endif
