//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_RESERVED_MEMORY_HPP
#define ASIOCTX_DETAIL_RESERVED_MEMORY_HPP

#include <asioctx/detail/sync.hpp>

#include <cstddef>
#include <new>
#include <utility>

namespace asioctx::detail {

// Memory for one object of an asynchronous operation, set aside beforehand so
// that starting it cannot fail and does not allocate.
template <std::size_t Size>
class reserved_block
{
public:
    reserved_block() = default;
    reserved_block(reserved_block const&) = delete;
    reserved_block& operator=(reserved_block const&) = delete;

    // Null if the block cannot be had.
    void* try_allocate(std::size_t size) noexcept
    {
        if (size > Size || used_.exchange(true, std::memory_order_acquire))
            return nullptr;
        return storage_;
    }

    // False if p is not this block.
    bool try_deallocate(void* p) noexcept
    {
        if (p != storage_)
            return false;
        used_.store(false, std::memory_order_release);
        return true;
    }

private:
    alignas(std::max_align_t) std::byte storage_[Size];
    atomic<bool> used_{false};
};

// Enough for one message, whatever an executor makes of it: what an io_context
// queues, and what a strand keeps beside it.
class message_memory
{
public:
    // Null if there is no room for it.
    void* try_allocate(std::size_t size) noexcept
    {
        void* const p = small_.try_allocate(size);
        return p ? p : large_.try_allocate(size);
    }

    // False if p is not from here.
    bool try_deallocate(void* p) noexcept
    {
        return small_.try_deallocate(p) || large_.try_deallocate(p);
    }

private:
    reserved_block<64> small_;
    reserved_block<128> large_;
};

// An allocator that takes from Owner::allocate(size) and gives back to
// Owner::deallocate(p, size).
template <class T, class Owner>
class owner_allocator
{
public:
    using value_type = T;

    explicit owner_allocator(Owner& owner) noexcept : owner_(&owner)
    {
    }

    template <class U>
    owner_allocator(owner_allocator<U, Owner> const& other) noexcept
        : owner_(other.owner())
    {
    }

    T* allocate(std::size_t n)
    {
        static_assert(alignof(T) <= alignof(std::max_align_t));
        return static_cast<T*>(owner_->allocate(n * sizeof(T)));
    }

    void deallocate(T* p, std::size_t n) noexcept
    {
        owner_->deallocate(p, n * sizeof(T));
    }

    Owner* owner() const noexcept
    {
        return owner_;
    }

    template <class U>
    bool operator==(owner_allocator<U, Owner> const& other) const noexcept
    {
        return owner_ == other.owner();
    }

private:
    Owner* owner_;
};

// What is dispatched or posted on behalf of an owner, in memory of the owner. It
// calls Derived::arrived(owner), or, if it is destroyed instead,
// Derived::dropped(owner).
template <class Derived, class Owner>
class owner_message
{
public:
    using allocator_type = owner_allocator<void, Owner>;

    explicit owner_message(Owner* owner) noexcept : owner_(owner)
    {
    }

    owner_message(owner_message&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr))
    {
    }

    ~owner_message()
    {
        if (owner_)
            Derived::dropped(*owner_);
    }

    allocator_type get_allocator() const noexcept
    {
        return allocator_type(*owner_);
    }

    void operator()()
    {
        Derived::arrived(*std::exchange(owner_, nullptr));
    }

    // False once it was moved from.
    bool pending() const noexcept
    {
        return owner_ != nullptr;
    }

private:
    Owner* owner_;
};

} // namespace asioctx::detail

#endif
