//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_CALLBACK_HPP
#define ASIOCTX_DETAIL_CALLBACK_HPP

#include <asioctx/config.hpp>

#include <asioctx/detail/callback_base.hpp>
#include <asioctx/detail/executor_traits.hpp>
#include <asioctx/detail/node.hpp>
#include <asioctx/detail/op_slot.hpp>
#include <asioctx/detail/root.hpp>
#include <asioctx/detail/scope.hpp>
#include <asioctx/detail/thread_memory.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>

#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace asioctx::detail {

// What the handler of a callback is called with, and what else it needs.
struct plain_callback
{
    static constexpr bool is_wait = false;
};

// An asynchronous operation: it completes with an error code, keeps the
// context, counts as work and can be canceled through the handler's slot.
template <class Executor>
struct wait_callback
{
    static constexpr bool is_wait = true;

    node_ptr ctx;
    work_type<asio::any_io_executor> io_work;
    work_type<Executor> work;
    error_code result;
};

// A callback with its handler, whose allocator gives it its memory. Derived says what
// the handler is called with.
template <class Derived, class Base, class Handler, class Executor>
class handler_callback : public Base
{
    using handler_allocator =
        asio::associated_allocator_t<Handler, thread_allocator<void>>;
    using traits = typename std::allocator_traits<
        handler_allocator>::template rebind_traits<Derived>;
    using allocator = typename traits::allocator_type;

public:
    // The arguments are those of Derived.
    template <class H, class... Args>
    static Derived& create(Executor const& ex, H&& handler, Args&&... args)
    {
        allocator a(asio::get_associated_allocator(
            handler, thread_allocator<void>()));
        auto* const p = traits::allocate(a, 1);
        try
        {
            return *::new (static_cast<void*>(p)) Derived(
                ex, std::forward<H>(handler), std::forward<Args>(args)...);
        }
        catch (...)
        {
            traits::deallocate(a, p, 1);
            throw;
        }
    }

protected:
    ~handler_callback() = default;

    // The arguments are those of Base.
    template <class H, class... Args>
    handler_callback(Executor const& ex, H&& handler, Args&&... args)
        : Base(std::forward<Args>(args)...),
          allocator_(asio::get_associated_allocator(
              handler, thread_allocator<void>())),
          executor_(ex),
          handler_(std::forward<H>(handler))
    {
    }

    // Lets the handler's cancellation slot end the wait. Before it begins.
    template <class Asked>
    void connect(slot_link<Asked>& link, Asked& asked)
    {
        or_go([&] { link.connect(slot_of(*handler_), asked); });
    }

    // If moving it throws, it goes as if it had thrown.
    Handler take_handler()
    {
        return or_go([&] { return std::move(*handler_); });
    }

    void post() noexcept override
    {
        auto ex = std::move(*executor_);
        leave();
        this->post_on(std::move(ex));
    }

    void leave() noexcept final
    {
        executor_.reset();
    }

    void destroy() noexcept final
    {
        allocator a(allocator_);
        auto& self = static_cast<Derived&>(*this);
        self.~Derived();
        traits::deallocate(a, &self, 1);
    }

    Handler& handler() noexcept
    {
        return *handler_;
    }

    void drop_handler() noexcept
    {
        handler_.reset();
    }

private:
    template <class F>
    decltype(auto) or_go(F f)
    {
        try
        {
            return f();
        }
        catch (...)
        {
            this->discard();
            this->release();
            throw;
        }
    }

    ASIOCTX_NO_UNIQUE_ADDRESS handler_allocator allocator_;
    std::optional<Executor> executor_; // of who has taken it from the scope
    std::optional<Handler> handler_;
};

template <class Handler, class Executor, class Extra>
class callback final
    : public handler_callback<callback<Handler, Executor, Extra>,
          callback_base, Handler, Executor>
{
    using base = typename callback::handler_callback;
    friend base;

public:
    // Lets the handler's cancellation slot end the wait. Before start().
    void connect_slot()
        requires Extra::is_wait
    {
        this->connect(link_, *this);
    }

    // For the slot.
    void asked_by_slot(asio::cancellation_type_t)
        requires Extra::is_wait
    {
        if (!this->take_to_post())
            return;
        // Posting may end this object's life. The reference of a wait is the
        // list's, and goes with what is posted.
        extra_->result = asio::error::operation_aborted;
        this->post_or_discard();
    }

private:
    // It is detached if it is a wait.
    template <class H>
    callback(Executor const& ex, H&& handler, scope& s, root& host,
        Extra&& extra)
        : base(ex, std::forward<H>(handler), s, host, Extra::is_wait),
          extra_(std::move(extra))
    {
    }

    void discard() noexcept override
    {
        // The slot may be gone, or ask later.
        if constexpr (Extra::is_wait)
            link_.leave();
        // The context last: the scope's end is not to find this half gone.
        auto extra = std::exchange(extra_, std::nullopt);
        this->drop_handler();
        extra.reset();
    }

    void complete() override
    {
        if constexpr (Extra::is_wait)
            link_.clear(this->handler());
        auto handler = this->take_handler();
        if constexpr (Extra::is_wait)
        {
            auto const result = extra_->result;
            discard();
            this->release();
            std::move(handler)(result);
        }
        else
        {
            discard();
            this->release();
            std::move(handler)();
        }
    }

    struct nothing
    {
    };

    std::optional<Extra> extra_;
    std::conditional_t<Extra::is_wait, slot_link<callback>, nothing> link_;
};

} // namespace asioctx::detail

#endif
