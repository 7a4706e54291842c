//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_ROOT_HPP
#define ASIOCTX_DETAIL_ROOT_HPP

#include <asioctx/config.hpp>

#include <asioctx/detail/abi.hpp>
#include <asioctx/detail/deadline_timer.hpp>
#include <asioctx/detail/execution_context_gate.hpp>
#include <asioctx/detail/executor_traits.hpp>
#include <asioctx/detail/intrusive_list.hpp>
#include <asioctx/detail/request_queue.hpp>
#include <asioctx/detail/scope.hpp>
#include <asioctx/detail/sync.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/wait_traits.hpp>

#include <cstdint>
#include <mutex>
#include <optional>
#include <type_traits>

namespace asioctx::detail {

struct all_roots_tag;
struct context_service_tag;
class recording;

// What will be posted to an execution context later, and must not be once that
// is gone.
class execution_context_guest : public list_link<context_service_tag>
{
public:
    // Called with the root's mutex held when the execution context shuts down.
    // If it returns true, shut_down() is called next, without the mutex. Both
    // are called until the guest has left the list, which another thread may
    // be about to see to.
    virtual bool begin_shut_down() noexcept = 0;
    virtual void shut_down() noexcept = 0;

protected:
    ~execution_context_guest() = default;
};

// The root of an execution context's tree. There is one for each execution context,
// made on first use and owned by it; contexts that outlive the execution context keep
// the root, but have no timer any more.
struct ASIOCTX_VTABLE_DECL root final : scope, list_link<all_roots_tag>
{
    ASIOCTX_DECL explicit root() noexcept;

    ASIOCTX_DECL void describe(std::string& out) const override;

    // The root in whose set deadlines are: this one, unless it was told to use
    // another's.
    root& time() noexcept
    {
        return timer.holder();
    }

    // False if the execution context has shut down already.
    ASIOCTX_DECL bool add_guest(execution_context_guest& g) noexcept;

    // False if the guest is not, or no longer, on the list.
    ASIOCTX_DECL bool remove_guest(execution_context_guest& g) noexcept;

    // Whether this is the root of an execution context, and that has not shut
    // down.
    bool belongs_to(asio::execution_context const& c) const noexcept
    {
        return context.load(std::memory_order_relaxed) == &c;
    }

    // Null once it has shut down.
    atomic<asio::execution_context const*> context{nullptr};

    execution_context_gate gate;

    // Of operations on that execution context.
    request_queue requests;

    // The lists of the scopes and operations right below a root. Threads that derive
    // from it have one each, as far as these go round.
    //
    // While there is an execution context, that keeps the root; the lists begin to
    // when it goes.
    struct alignas(64) shard : scope_base
    {
        shard() noexcept
        {
            state.store(0, std::memory_order_relaxed);
        }
    };

    static constexpr unsigned number_of_shards = 16;

    shard shards[number_of_shards];

    ASIOCTX_DECL static unsigned char shard_of_thread() noexcept;

    // How many walks are marking a subtree of this tree: with none, whoever
    // finds a scope done need not look for one.
    atomic<std::uint32_t> walks{0};

    // Made by the first flight_recorder, owned.
    atomic<recording*> recorded{nullptr};

    // Makes the timer, if there is none, on an executor of the execution
    // context. Does nothing once that has shut down.
    ASIOCTX_DECL void use_timer(
        asio::execution_context& c, asio::any_io_executor const& ex);

    deadline_timer timer{*this};

    ASIOCTX_DECL ~root() override;

private:
    friend class context_service;

    void shut_down() noexcept;
    void close_shards() noexcept;

    // Guards what follows.
    spin_mutex mutex_;

    bool is_shut_down_ = false;
    intrusive_list<execution_context_guest, context_service_tag> guests_;
};

// Ties a root to its execution context.
class context_service final : public asio::execution_context::service
{
public:
    using key_type = context_service;

    ASIOCTX_DECL static asio::execution_context::id id;

    ASIOCTX_DECL explicit context_service(asio::execution_context& context);
    ASIOCTX_DECL ~context_service() override;

    root& get() noexcept
    {
        return root_;
    }

private:
    ASIOCTX_DECL void shutdown() override;

    root& root_; // holds a reference
};

// Returns the root of an execution context. A thread remembers the last one.
ASIOCTX_DECL root& root_of(asio::execution_context& context);

// The same, with a timer on an executor of that execution context.
ASIOCTX_DECL root& root_of(
    asio::execution_context& context, asio::any_io_executor const& executor);

// The same for an executor's execution context, which is that of the system if
// the executor does not tell.
template <class Executor>
root& root_of_executor(Executor const& ex)
{
    if constexpr (is_io_context_executor<Executor>)
        return root_of(ex.context(), ex.context().get_executor());
    else if constexpr (asio::can_query_v<Executor const&,
                           asio::execution::context_t>)
        return root_of(asio::query(ex, asio::execution::context));
    else
        return root_of(asio::query(
            asio::system_executor(), asio::execution::context));
}

// The time for ages, in a root's tree or below background().
inline coarse_time coarse_now(root const* r) noexcept
{
    return r ? r->timer.coarse_now() : coarse_now();
}

// Keeps an execution context from shutting down. False if it is about to. Without
// a root there is nothing to keep.
class gate_pass
{
public:
    explicit gate_pass(root* r) noexcept : root_(r)
    {
        if (r && !r->gate.enter())
        {
            root_ = nullptr;
            open_ = false;
        }
    }

    gate_pass(gate_pass const&) = delete;
    gate_pass& operator=(gate_pass const&) = delete;

    ~gate_pass()
    {
        if (root_)
            root_->gate.leave();
    }

    explicit operator bool() const noexcept
    {
        return open_;
    }

private:
    root* root_;
    bool open_ = true;
};

inline bool is_root(scope const& s) noexcept
{
    return s.home == &s;
}

// The executor of a root's execution context. If there is no root, or that is
// gone, it is the system executor.
ASIOCTX_DECL asio::any_io_executor executor_of(root* r) noexcept;

// Throws std::logic_error: the execution context is gone that something needs.
[[noreturn]] ASIOCTX_DECL void throw_shut_down(char const* what);

// Throws std::logic_error if there is no root, or its execution context is gone;
// the text says what to do, and what for.
ASIOCTX_DECL root& root_for(char const* what, root* r);

} // namespace asioctx::detail

#endif
