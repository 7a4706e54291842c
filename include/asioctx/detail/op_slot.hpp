//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_OP_SLOT_HPP
#define ASIOCTX_DETAIL_OP_SLOT_HPP

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace asioctx::detail {

namespace asio = boost::asio;

// The cancellation slot of a handler. With two arguments: with one, Boost 1.81
// finds two functions for a std::reference_wrapper.
template <class Handler>
auto slot_of(Handler const& handler) noexcept
{
    return asio::get_associated_cancellation_slot(
        handler, asio::cancellation_slot());
}

// Holds what an operation installs to be asked to stop. Unlike a
// cancellation_signal it does so in place. Not synchronised.
class cancel_handler_box
{
public:
    cancel_handler_box() = default;
    cancel_handler_box(cancel_handler_box const&) = delete;
    cancel_handler_box& operator=(cancel_handler_box const&) = delete;

    ~cancel_handler_box()
    {
        clear();
    }

    template <class H, class... Args>
    H& emplace(Args&&... args)
    {
        clear();
        if constexpr (sizeof(H) <= size && alignof(H) <= alignment)
        {
            auto* const h = ::new (static_cast<void*>(storage_))
                H(std::forward<Args>(args)...);
            functions_ = &in_place<H>;
            return *h;
        }
        else
        {
            auto h = std::make_unique<H>(std::forward<Args>(args)...);
            ::new (static_cast<void*>(storage_)) H*(h.get());
            functions_ = &on_heap<H>;
            return *h.release();
        }
    }

    void clear() noexcept
    {
        if (auto* const f = std::exchange(functions_, nullptr))
            f->destroy(storage_);
    }

    bool empty() const noexcept
    {
        return functions_ == nullptr;
    }

    // The handler may be cleared, but not replaced, while it is called.
    void call(asio::cancellation_type_t type)
    {
        functions_->call(storage_, type);
    }

private:
    // Enough for all that Asio and Beast install.
    static constexpr std::size_t size = 64;
    static constexpr std::size_t alignment = alignof(std::max_align_t);

    struct functions
    {
        void (*call)(void*, asio::cancellation_type_t);
        void (*destroy)(void*) noexcept;
    };

    template <class H>
    static constexpr functions in_place = {
        [](void* p, asio::cancellation_type_t t) { (*static_cast<H*>(p))(t); },
        [](void* p) noexcept { static_cast<H*>(p)->~H(); },
    };

    template <class H>
    static constexpr functions on_heap = {
        [](void* p, asio::cancellation_type_t t) { (**static_cast<H**>(p))(t); },
        [](void* p) noexcept { delete *static_cast<H**>(p); },
    };

    functions const* functions_ = nullptr;
    alignas(std::max_align_t) std::byte storage_[size];
};

class bound_op_base;

// What a bound operation offers as its cancellation slot. It meets the
// requirements of CancellationSlot, and converts to asio::cancellation_slot for
// code that knows that type alone.
class op_slot
{
public:
    op_slot() = default;

    explicit op_slot(bound_op_base& op) noexcept : op_(&op)
    {
    }

    template <class H, class... Args>
    H& emplace(Args&&... args);

    template <class H>
    std::decay_t<H>& assign(H&& handler)
    {
        return emplace<std::decay_t<H>>(std::forward<H>(handler));
    }

    inline void clear() noexcept;

    bool is_connected() const noexcept
    {
        return op_ != nullptr;
    }

    inline bool has_handler() const noexcept;

    inline operator asio::cancellation_slot() const noexcept;

    friend bool operator==(op_slot const&, op_slot const&) = default;

private:
    bound_op_base* op_ = nullptr;
};

} // namespace asioctx::detail

#endif
