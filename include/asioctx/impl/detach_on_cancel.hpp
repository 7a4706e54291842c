//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_IMPL_DETACH_ON_CANCEL_HPP
#define ASIOCTX_IMPL_DETACH_ON_CANCEL_HPP

#include <asioctx/detach_on_cancel.hpp>

#include <asioctx/bind_context.hpp>

#include <asioctx/detail/detachable_op.hpp>
#include <asioctx/detail/executor_traits.hpp>
#include <asioctx/detail/initiate_bound.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/recycling_allocator.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace asioctx::detail {

// Initiates an operation that may be let go.
template <class Initiation, class... Signatures>
class initiate_detachable : public initiation_holder<Initiation>
{
    using holder = initiation_holder<Initiation>;
    using not_started = first_not_started<Signatures...>;

public:
    using holder::holder;

    template <class Handler, class... Args>
    void operator()(Handler&& handler, context const& ctx, place const& at,
        Args&&... args) &&
    {
        start(std::move(this->initiation_), std::forward<Handler>(handler),
            ctx, at, std::forward<Args>(args)...);
    }

    template <class Handler, class... Args>
    void operator()(Handler&& handler, context const& ctx, place const& at,
        Args&&... args) const&
    {
        start(this->initiation_, std::forward<Handler>(handler), ctx, at,
            std::forward<Args>(args)...);
    }

private:
    template <class I, class H, class... Args>
    void start(I&& initiation, H&& handler, context const& ctx,
        place const& at, Args&&... args) const
    {
        static_assert(!std::is_void_v<typename not_started::results>,
            "asioctx::detach_on_cancel: the operation's signature must begin "
            "with an error_code or an exception_ptr, and the other results "
            "must have default constructors");
        using handler_type = std::decay_t<H>;
        auto const io = this->io_executor();
        request const r(asio::cancellation_type::terminal, false, at);
        if (ctx.done())
            return complete_not_started<not_started>(
                handler_type(std::forward<H>(handler)), ctx, io, r);

        auto const ex = handler_executor(handler, io, ctx);
        using op =
            detachable_op<handler_type, std::decay_t<decltype(ex)>,
                std::decay_t<decltype(io)>, not_started>;
        auto const self = std::allocate_shared<op>(
            asio::recycling_allocator<void>(), ctx, at, ex,
            std::forward<H>(handler));
        detached_handler<op> detached(self);
        self->connect(io);
        initiate_bound<std::decay_t<I>, Signatures...>(
            std::forward<I>(initiation))(std::move(detached), self->ctx(),
            r, std::forward<Args>(args)...);
    }
};

} // namespace asioctx::detail

template <class Token, class... Signatures>
class boost::asio::async_result<asioctx::detach_on_cancel_t<Token>,
    Signatures...> : public boost::asio::async_result<Token, Signatures...>
{
public:
    template <class Initiation, class RawToken, class... Args>
    static auto initiate(
        Initiation&& initiation, RawToken&& token, Args&&... args)
        -> decltype(boost::asio::async_initiate<
            asioctx::detail::target_of<Token, RawToken>, Signatures...>(
            std::declval<asioctx::detail::initiate_detachable<
                std::decay_t<Initiation>, Signatures...>>(),
            token.get(), token.get_context(),
            asioctx::detail::binder_access::at(token),
            std::forward<Args>(args)...))
    {
        return boost::asio::async_initiate<
            asioctx::detail::target_of<Token, RawToken>, Signatures...>(
            asioctx::detail::initiate_detachable<std::decay_t<Initiation>,
                Signatures...>(std::forward<Initiation>(initiation)),
            token.get(), token.get_context(),
            asioctx::detail::binder_access::at(token),
            std::forward<Args>(args)...);
    }

    // As for a context_binder.
    template <class Initiation, class RawToken, class... Args>
        requires(!boost::asio::completion_token_for<Token, Signatures...>)
    static asioctx::detail::no_result initiate(
        Initiation&&, RawToken&&, Args&&...)
    {
        static_assert(
            boost::asio::completion_token_for<Token, Signatures...>,
            "asioctx::detach_on_cancel: the last argument is not a completion "
            "token for this operation: it must be a function object that can "
            "be called with the operation's results, or a token such as "
            "asio::use_awaitable");
        return {};
    }
};

template <class... Signatures>
class boost::asio::async_result<asioctx::partial_detach_on_cancel,
    Signatures...>
    : public asioctx::detail::remade_result<
          asioctx::detail::with_default_token, Signatures...>
{
};

template <class Token, class Slot, class Signature>
class boost::asio::async_result<
    boost::asio::cancellation_slot_binder<asioctx::detach_on_cancel_t<Token>,
        Slot>,
    Signature>
    : public asioctx::detail::remade_result<
          asioctx::detail::with_slot_inside<Token, Slot>, Signature>
{
};

template <class Slot, class Signature>
class boost::asio::async_result<
    boost::asio::cancellation_slot_binder<asioctx::partial_detach_on_cancel,
        Slot>,
    Signature>
    : public asioctx::detail::remade_result<
          asioctx::detail::with_default_token_and_slot<Slot>, Signature>
{
};

#endif
