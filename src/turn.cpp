//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/detail/turn.hpp>

#include <cstddef>
#include <mutex>
#include <new>
#include <utility>

namespace asioctx::detail {

// The turns that a thread keeps. It takes from and gives to the common ones by
// the batch, so that threads meet there seldom. None is ever freed: what enters
// late finds one that has another generation.
struct turn_pool::cache
{
#if defined(__MINGW32__)
    // It frees what is thread_local before it calls a destructor that is:
    // nothing may be left for the thread's end.
    static constexpr unsigned batch = 1;
    static constexpr bool may_keep = false;
#else
    static constexpr unsigned batch = 32;
    static constexpr bool may_keep = true;
#endif

    turn* first = nullptr;
    unsigned size = 0;
    unsigned capacity = 0;
    bool was_used = false;

    // Keeps nothing before it is sure to be given back at the thread's end, nor
    // after that.
    ASIOCTX_COLD bool begin() noexcept
    {
        if (!may_keep || was_used)
            return false;
        was_used = true;
        capacity = 2 * batch;
        thread_local owner const at_exit{*this};
        static_cast<void>(at_exit);
        return true;
    }

    struct owner
    {
        ~owner()
        {
            self.capacity = 0;
            while (self.size != 0)
                self.give();
        }

        cache& self;
    };

    // Turns that no thread has.
    struct common
    {
        mutex m;
        turn* free = nullptr;
    };

    static common& shared() noexcept
    {
        // Never destroyed, nor allocated.
        alignas(common) static std::byte memory[sizeof(common)];
        static auto& c = *::new (static_cast<void*>(memory)) common;
        return c;
    }

    static cache& mine() noexcept
    {
        static constinit thread_local cache c;
        return c;
    }

    void push(turn& t) noexcept
    {
        t.next_ = std::exchange(first, &t);
        ++size;
    }

    turn& pop() noexcept
    {
        --size;
        return *std::exchange(first, first->next_);
    }

    ASIOCTX_COLD turn& fetch()
    {
        begin();
        auto& c = shared();
        {
            std::lock_guard const lock(c.m);
            while (c.free && size != batch)
            {
                auto& t = *std::exchange(c.free, c.free->next_);
                push(t);
            }
        }
        if (size == 0)
        {
            auto* const made = new turn[batch];
            for (unsigned i = 0; i != batch; ++i)
                push(made[i]);
        }
        auto& t = pop();
        if (size > capacity) // at the thread's end
            give();
        return t;
    }

    // There are more than are to be kept.
    ASIOCTX_COLD void overflow() noexcept
    {
        if (!begin())
            give();
    }

    void give() noexcept
    {
        auto& c = shared();
        std::lock_guard const lock(c.m);
        for (unsigned i = 0; i != batch && size != 0; ++i)
        {
            auto& t = pop();
            t.next_ = std::exchange(c.free, &t);
        }
    }
};

turn& turn_pool::take()
{
    auto& c = cache::mine();
    auto& t = c.size == 0 ? c.fetch() : c.pop();
    t.refs_.store(1, std::memory_order_relaxed);
    return t;
}

void turn_pool::put(turn& t) noexcept
{
    auto& c = cache::mine();
    t.reset();
    c.push(t);
    if (c.size > c.capacity)
        c.overflow();
}

// Not inline where all sources are in one file: GCC would warn of a frame whose address
// is stored, as it does not see that the frame takes it back.
#if defined(__GNUC__)
[[gnu::noinline]]
#endif
turn_frame*& turn_frame::innermost() noexcept
{
    static constinit thread_local turn_frame* f = nullptr;
    return f;
}

} // namespace asioctx::detail
