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

// What an operation puts into its handler's slot, to pass on what that asks. The
// slot may go before the operation, or after it: each knows if the other is there.
template <class Owner>
class slot_link
{
    struct asker
    {
        asker(slot_link& l, Owner& o) noexcept : link(&l), owner(&o)
        {
        }

        ~asker()
        {
            if (link)
                link->in_slot_ = nullptr;
        }

        void operator()(asio::cancellation_type_t type) const
        {
            if (link && type != asio::cancellation_type::none)
                owner->asked_by_slot(type);
        }

        // For slot_store: an operation that is bound twice has but one more
        // thing in its slots.
        bool is_filled() const noexcept
            requires requires(Owner& o) { o.has_cancel_handler(); }
        {
            return link && owner->has_cancel_handler();
        }

        slot_link* link;
        Owner* owner;
    };

public:
    slot_link() = default;
    slot_link(slot_link const&) = delete;
    slot_link& operator=(slot_link const&) = delete;

    ~slot_link()
    {
        leave();
    }

    template <class Slot>
    void connect(Slot slot, Owner& owner)
    {
        if (slot.is_connected())
            in_slot_ = &slot.template emplace<asker>(*this, owner);
    }

    // Whether it is there, and in use.
    bool is_connected() const noexcept
    {
        return in_slot_ != nullptr;
    }

    // Empties the slot, if it is there.
    template <class Handler>
    void clear(Handler const& handler) noexcept
    {
        if (in_slot_)
            slot_of(handler).clear();
    }

    // The slot is not to be touched.
    void leave() noexcept
    {
        if (in_slot_)
            std::exchange(in_slot_, nullptr)->link = nullptr;
    }

private:
    asker* in_slot_ = nullptr;
};

// What Asio's own operations put into a slot to remember a request by, and replace
// to forget it: the type has no name outside of Asio.
template <class H>
inline constexpr bool is_cancellation_state = requires(H& h) {
    h.signal_.slot();
    h.cancelled_;
};

// The one place for what an operation installs to be asked to stop. It is kept
// here, in place; or, once somebody has asked for an asio::cancellation_slot, in
// the signal that this belongs to. Not synchronized.
class slot_store
{
public:
    slot_store() = default;
    slot_store(slot_store const&) = delete;
    slot_store& operator=(slot_store const&) = delete;

    ~slot_store()
    {
        clear();
    }

    template <class H, class... Args>
    H& emplace(Args&&... args)
    {
        if (in_signal_)
            return signal_.slot().emplace<H>(std::forward<Args>(args)...);
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
        if (in_signal_)
            signal_.slot().clear();
        else
            clear_storage();
    }

    bool empty() noexcept
    {
        return in_signal_ ? !signal_.slot().has_handler()
                          : functions_ == nullptr;
    }

    // The same but for what passes a request on to another record: whether there
    // is something in that one's slot.
    bool is_filled() noexcept
    {
        return in_signal_ || !functions_ || !functions_->is_filled
            ? !empty()
            : functions_->is_filled(storage_);
    }

    // Whether it is known to pass requests on.
    bool passes_on() const noexcept
    {
        return !in_signal_ && functions_ && functions_->is_filled;
    }

    // What is called may be cleared, but not replaced, meanwhile.
    void call(asio::cancellation_type_t type)
    {
        if (in_signal_)
            signal_.emit(type);
        else if (functions_)
            functions_->call(storage_, type);
    }

    // For code that knows that type alone.
    asio::cancellation_slot asio_slot()
    {
        if (!std::exchange(in_signal_, true) && functions_)
            signal_.slot().emplace<moved>(*this);
        return signal_.slot();
    }

    // Whether that is it, as far as anybody has asked for it.
    bool is(asio::cancellation_slot const& slot) noexcept
    {
        return in_signal_ && signal_.slot() == slot;
    }

    // Whether it is known to hold what remembers requests.
    bool holds_cancellation_state() const noexcept
    {
        return functions_ && functions_->is_state;
    }

private:
    // Enough for all that Asio and Beast install.
    static constexpr std::size_t size = 64;
    static constexpr std::size_t alignment = alignof(void*);

    // In the signal, stands for what was in the storage before.
    struct moved
    {
        explicit moved(slot_store& s) noexcept : store(s)
        {
        }

        ~moved()
        {
            store.clear_storage();
        }

        void operator()(asio::cancellation_type_t type) const
        {
            store.functions_->call(store.storage_, type);
        }

        slot_store& store;
    };

    struct functions
    {
        void (*call)(void*, asio::cancellation_type_t);
        void (*destroy)(void*) noexcept; // null: nothing is to be done
        bool (*is_filled)(void*) noexcept; // null: if there is something
        bool is_state;
    };

    template <class H>
    static constexpr auto filled_function() -> bool (*)(void*) noexcept
    {
        if constexpr (requires(H& h) { h.is_filled(); })
            return [](void* p) noexcept
            { return static_cast<H*>(p)->is_filled(); };
        else
            return nullptr;
    }

    template <class H>
    static constexpr auto destroy_function() -> void (*)(void*) noexcept
    {
        if constexpr (std::is_trivially_destructible_v<H>)
            return nullptr;
        else
            return [](void* p) noexcept { static_cast<H*>(p)->~H(); };
    }

    template <class H>
    static constexpr functions in_place = {
        [](void* p, asio::cancellation_type_t t) { (*static_cast<H*>(p))(t); },
        destroy_function<H>(),
        filled_function<H>(),
        is_cancellation_state<H>,
    };

    template <class H>
    static constexpr functions on_heap = {
        [](void* p, asio::cancellation_type_t t) { (**static_cast<H**>(p))(t); },
        [](void* p) noexcept { delete *static_cast<H**>(p); },
        nullptr,
        is_cancellation_state<H>,
    };

    void clear_storage() noexcept
    {
        auto* const f = std::exchange(functions_, nullptr);
        if (f && f->destroy)
            f->destroy(storage_);
    }

    functions const* functions_ = nullptr;
    bool in_signal_ = false;
    alignas(alignment) std::byte storage_[size];
    asio::cancellation_signal signal_;
};

class bound_op;

// What a bound operation offers as its cancellation slot. It meets the
// requirements of CancellationSlot, and converts to asio::cancellation_slot for
// code that knows that type alone. Or it is such a slot: a handler that has put an
// asio::cancellation_state into another's slot may offer the slot of that state by
// the type of the other's, as the handlers of Boost.MQTT5 do.
class op_slot
{
public:
    op_slot() = default;

    explicit op_slot(bound_op& op) noexcept : op_(&op)
    {
    }

    op_slot(asio::cancellation_slot const& s) noexcept : asio_(s)
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
        return op_ || asio_.is_connected();
    }

    inline bool has_handler() const noexcept;

    inline operator asio::cancellation_slot() const;

    friend bool operator==(op_slot const&, op_slot const&) = default;

    // Each converts to the other.
    friend inline bool operator==(
        op_slot const& a, asio::cancellation_slot const& b);

private:
    // One of them, or none.
    bound_op* op_ = nullptr;
    asio::cancellation_slot asio_;
};

} // namespace asioctx::detail

#endif
