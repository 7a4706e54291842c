//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/detail/recording.hpp>
#include <asioctx/detail/root.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/system_executor.hpp>

#include <mutex>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace asioctx::detail {
namespace {

// All roots there are. Nothing in the program reads it: a debugger does, which looks
// at a process that hangs, or at what is left of one, and has nothing else to begin
// with: tools/gdb/asioctx.py knows it by its name. There is one root for each
// execution context, so what it costs is of no matter. It is never destroyed: some
// roots outlive main().
struct root_list
{
    spin_mutex mutex;
    intrusive_ring<root, all_roots_tag> roots;
};

#if !defined(ASIOCTX_SYNC) // where every order of threads is tried
constinit root_list all_roots;
static_assert(std::is_trivially_destructible_v<root_list>);
#endif

} // namespace

void throw_shut_down(char const* what)
{
    throw std::logic_error("asioctx: " + std::string(what)
        + " needs an execution context, and that of this context's root has "
          "been destroyed; derive it from background(ioc) of one that lives");
}

asio::execution_context::id context_service::id;

root::root() noexcept : scope(*this)
{
#if !defined(ASIOCTX_SYNC)
    std::lock_guard const guard(all_roots.mutex);
    all_roots.roots.push_back(*this);
#endif
}

root::~root()
{
#if !defined(ASIOCTX_SYNC)
    {
        std::lock_guard const guard(all_roots.mutex);
        all_roots.roots.remove(*this);
    }
#endif
    delete recorded.load(std::memory_order_relaxed);
}

void root::describe(std::string& out) const
{
    out += "background";
}

void root::use_timer(
    asio::execution_context& c, asio::any_io_executor const& ex)
{
    if (timer.open(c, ex))
        requests.open(ex);
}

bool root::add_guest(execution_context_guest& g) noexcept
{
    std::lock_guard guard(mutex_);
    if (!is_shut_down_)
        guests_.push_back(g);
    return !is_shut_down_;
}

bool root::remove_guest(execution_context_guest& g) noexcept
{
    std::lock_guard guard(mutex_);
    bool const found = g.linked();
    if (found)
        g.unlink();
    return found;
}

void root::shut_down() noexcept
{
    gate.close();
    requests.close();
    context.store(nullptr, std::memory_order_relaxed);
    {
        std::lock_guard guard(mutex_);
        is_shut_down_ = true;
    }
    timer.close();
    execution_context_guest* last = nullptr;
    for (backoff wait;;)
    {
        execution_context_guest* g;
        bool willing;
        {
            std::lock_guard guard(mutex_);
            if (guests_.empty())
                return;
            g = &guests_.front();
            willing = g->begin_shut_down();
        }
        // Another thread is about to take it off the list.
        if (std::exchange(last, g) == g)
            wait();
        if (willing)
            g->shut_down();
    }
}

void root::close_shards() noexcept
{
    for (auto& s : shards)
    {
        auto const before = s.lock();
        if (!s.children.empty())
            add_ref(this);
        s.unlock(before | keeping_bit);
    }
}

unsigned char root::shard_of_thread() noexcept
{
#if !defined(ASIOCTX_SYNC)
    static std::atomic<unsigned> threads{0};
    static constinit thread_local unsigned char number = number_of_shards;
    if (number == number_of_shards) [[unlikely]]
        number = static_cast<unsigned char>(
            threads.fetch_add(1, std::memory_order_relaxed) % number_of_shards);
    return number;
#else
    return 0; // where every order of threads is tried
#endif
}

context_service::context_service(asio::execution_context& context)
    : asio::execution_context::service(context), root_(*new root)
{
    root_.context.store(&context, std::memory_order_relaxed);
}

context_service::~context_service()
{
    // If it was made while the execution context was shutting down.
    if (!root_.is_shut_down_)
        root_.shut_down();
    root_.close_shards();
    release(&root_);
}

void context_service::shutdown()
{
    root_.shut_down();
}

// To look for a service takes a lock of the execution context: a thread remembers
// the last root. Not after its end, nor where every order of threads is tried, nor
// with MinGW, which frees what is thread_local before it calls a destructor that is.
class last_root
{
public:
    root* find(asio::execution_context const& context) const noexcept
    {
        return root_ && root_->belongs_to(context) ? root_ : nullptr;
    }

    void remember(root& r) noexcept
    {
#if !defined(ASIOCTX_SYNC) && !defined(__MINGW32__)
        if (over_)
            return;
        thread_local owner const at_exit{*this};
        static_cast<void>(at_exit);
        add_ref(&r);
        release(std::exchange(root_, &r));
#else
        static_cast<void>(r);
#endif
    }

private:
    struct owner
    {
        ~owner()
        {
            self.over_ = true;
            release(std::exchange(self.root_, nullptr));
        }

        last_root& self;
    };

    root* root_ = nullptr;
    bool over_ = false;
};

root& root_of(asio::execution_context& context)
{
    static constinit thread_local last_root last;
    if (auto* const r = last.find(context))
        return *r;
    root& r = asio::use_service<context_service>(context).get();
    last.remember(r);
    return r;
}

root& root_of(
    asio::execution_context& context, asio::any_io_executor const& executor)
{
    if (asio::has_service<context_service>(context))
    {
        root& r = root_of(context);
        if (!r.timer.may_open())
            return r;
    }
    // Before the service is made: so it shuts down before what timers, the I/O
    // objects and strands lean on.
    asio::steady_timer const timer(executor);
    // Not by making a strand: without memory, Boost 1.81 does not stand that.
    asio::use_service<asio::detail::strand_executor_service>(context);
    root& r = root_of(context);
    r.use_timer(context, executor);
    return r;
}

root& root_for(char const* what, root* r)
{
    if (!r)
        throw std::logic_error("asioctx: " + std::string(what)
            + " needs an execution context, and this context's root has none; "
              "derive it from background(ioc) instead of background()");
    if (!r->context.load(std::memory_order_relaxed))
        throw_shut_down(what);
    return *r;
}

asio::any_io_executor executor_of(root* r) noexcept
{
    if (r)
        if (auto ex = r->timer.executor())
            return ex;
    return asio::system_executor();
}

} // namespace asioctx::detail
