//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_OP_RESULTS_HPP
#define ASIOCTX_DETAIL_OP_RESULTS_HPP

#include <asioctx/config.hpp>
#include <asioctx/error.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <tuple>
#include <type_traits>
#include <utility>

namespace asioctx::detail {

// What tells of an abort in the results of an operation.
template <class T>
inline constexpr bool is_error =
    std::is_same_v<T, error_code> || std::is_same_v<T, std::exception_ptr>;

// The same in what asio::as_tuple makes of them.
template <class T>
inline constexpr bool is_error_tuple = false;

template <class First, class... Rest>
inline constexpr bool is_error_tuple<std::tuple<First, Rest...>> =
    is_error<std::remove_cvref_t<First>>;

// Holds the results of an operation whose completion was put off. What does not
// fit into Size bytes, or could throw when it is moved, is on the heap.
template <class Op, std::size_t Size>
class op_results
{
public:
    // Strong guarantee.
    template <class... Args>
    void store(Args&&... args)
    {
        using results = std::tuple<std::decay_t<Args>...>;
        if constexpr (sizeof(results) <= Size
            && alignof(results) <= alignof(std::max_align_t)
            && std::is_nothrow_move_constructible_v<results>)
        {
            ::new (static_cast<void*>(storage_))
                results(std::forward<Args>(args)...);
            take_ = [](std::byte* p, Op* op) noexcept(false)
            {
                auto* const stored = reinterpret_cast<results*>(p);
                results taken(std::move(*stored));
                stored->~results();
                if (op)
                    call(*op, std::move(taken));
            };
        }
        else
        {
            auto r = std::make_unique<results>(std::forward<Args>(args)...);
            ::new (static_cast<void*>(storage_)) results*(r.release());
            take_ = [](std::byte* p, Op* op) noexcept(false)
            {
                std::unique_ptr<results> const taken(
                    *reinterpret_cast<results**>(p));
                if (op)
                    call(*op, std::move(*taken));
            };
        }
    }

    // Passes the results to Op::call_handler, or, with null, destroys them. They
    // have been stored.
    void take(Op* op)
    {
        std::exchange(take_, nullptr)(storage_, op);
    }

private:
    template <class Results>
    static void call(Op& op, Results&& r)
    {
        std::apply([&op]<class... A>(A&&... a)
            { op.call_handler(std::forward<A>(a)...); },
            std::move(r));
    }

    void (*take_)(std::byte*, Op*) = nullptr;
    alignas(std::max_align_t)
        std::byte storage_[Size < sizeof(void*) ? sizeof(void*) : Size];
};

} // namespace asioctx::detail

#endif
