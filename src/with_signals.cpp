//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/bind_context.hpp>
#include <asioctx/with_signals.hpp>

#include <asioctx/detail/root.hpp>
#include <asioctx/detail/scope.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/signal_set.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#if defined(BOOST_ASIO_HAS_SIGACTION)
#include <unistd.h>
#endif

namespace asioctx {

using detail::context_access;
using detail::scope;

namespace {

#if defined(BOOST_ASIO_HAS_SIGACTION)

extern "C" void asioctx_on_signal(int signal);

// The effects of the signals that are waited for, of which a process has one
// each, however many contexts wait.
//
// A signal that arrives is Asio's to deliver. But Asio's way to the program
// leads through a pipe, which a child just forked shares with its parent: there
// the signal must have the effect that it had before. So a handler of our own
// comes first, and looks who it runs in.
class signal_effects
{
public:
    // Never destroyed: a signal may come at any time.
    static signal_effects& instance()
    {
        static signal_effects& all = *new signal_effects;
        return all;
    }

    // Adds a signal to a set. Throws if it cannot be caught.
    void add(asio::signal_set& set, int signal)
    {
        std::lock_guard guard(mutex_);
        owner_ = ::getpid();
        struct sigaction before = {};
        ::sigaction(signal, nullptr, &before);
        set.add(signal);
        auto& e = effects_[static_cast<std::size_t>(signal)];
        if (e.users++ != 0)
            return;
        // Asio's, or that of an Asio set which somebody else has.
        ::sigaction(signal, nullptr, &e.during);
        e.before = before;
        e.was_asio = before.sa_handler == e.during.sa_handler;
        auto own = e.during;
        own.sa_handler = asioctx_on_signal;
        ::sigaction(signal, &own, nullptr);
    }

    // Empties a set of signals that were added to it.
    void clear(asio::signal_set& set, std::vector<int> const& signals) noexcept
    {
        std::lock_guard guard(mutex_);
        error_code ignored;
        set.clear(ignored);
        for (int const s : signals)
        {
            auto& e = effects_[static_cast<std::size_t>(s)];
            if (--e.users != 0)
                continue;
            // Asio gives a signal that no set is left for the default effect.
            // Another effect than that or ours is not for us to change.
            struct sigaction now = {};
            ::sigaction(s, nullptr, &now);
            if (now.sa_handler == asioctx_on_signal)
                ::sigaction(s, &e.during, nullptr);
            else if (now.sa_handler == SIG_DFL && !e.was_asio)
                ::sigaction(s, &e.before, nullptr);
        }
    }

    // A forked child has taken over the parent's execution contexts.
    void take_over() noexcept
    {
        owner_ = ::getpid();
    }

    // All that it does may be done in a handler of a signal.
    void deliver(int signal) const noexcept
    {
        auto const& e = effects_[static_cast<std::size_t>(signal)];
        if (::getpid() == owner_)
            return e.during.sa_handler(signal);
        // It is blocked until the handler returns.
        ::sigaction(signal, &e.before, nullptr);
        ::raise(signal);
    }

private:
    struct effect
    {
        int users = 0;
        bool was_asio = false;
        struct sigaction before = {};
        struct sigaction during = {};
    };

    // Guards what follows. Handlers read what is constant while they are
    // installed.
    std::mutex mutex_;
    std::array<effect, NSIG> effects_;
    std::atomic<pid_t> owner_{0};
};

void asioctx_on_signal(int signal)
{
    signal_effects::instance().deliver(signal);
}

#else

extern "C" void asioctx_on_signal(int signal);

// The same where there is no fork, and an effect can be seen only by replacing it.
//
// There, a signal is delivered once, and Asio's handler puts itself back when it has
// told its sets. On Windows, Ctrl-C comes in a thread of its own: by then the context
// may be done, and what Asio puts back would hide the next Ctrl-C. So a handler of
// our own calls Asio's, and has the last word.
class signal_effects
{
public:
    // Never destroyed: a signal may come at any time.
    static signal_effects& instance()
    {
        static signal_effects& all = *new signal_effects;
        return all;
    }

    // Adds a signal to a set. Throws if it cannot be caught.
    void add(asio::signal_set& set, int signal)
    {
        std::lock_guard guard(mutex_);
        bool const in_range = signal >= 0 && signal < NSIG;
        auto* const before = in_range ? effect_of(signal) : SIG_DFL;
        set.add(signal);
        auto& e = effects_[static_cast<std::size_t>(signal)];
        if (e.users++ != 0)
            return;
        e.during = effect_of(signal);
        e.before = before;
        e.was_asio = before == e.during;
        std::signal(signal, asioctx_on_signal);
    }

    // Empties a set of signals that were added to it.
    void clear(asio::signal_set& set, std::vector<int> const& signals) noexcept
    {
        std::lock_guard guard(mutex_);
        error_code ignored;
        set.clear(ignored);
        for (int const s : signals)
        {
            auto& e = effects_[static_cast<std::size_t>(s)];
            if (--e.users != 0)
                continue;
            auto* const now = effect_of(s);
            if (now == asioctx_on_signal)
                std::signal(s, e.during);
            else if (now == SIG_DFL && !e.was_asio)
                std::signal(s, e.before);
            e.after = effect_of(s);
        }
    }

    void take_over() noexcept
    {
    }

    // Asio's handler takes locks, too, where there is no sigaction.
    void deliver(int signal) noexcept
    {
        function during;
        auto& e = effects_[static_cast<std::size_t>(signal)];
        {
            std::lock_guard guard(mutex_);
            std::signal(signal, asioctx_on_signal);
            during = e.during;
        }
        during(signal);
        std::lock_guard guard(mutex_);
        std::signal(signal, e.users != 0 ? asioctx_on_signal : e.after);
    }

private:
    using function = void (*)(int);

    struct effect
    {
        int users = 0;
        bool was_asio = false;
        function before = SIG_DFL;
        function during = SIG_DFL;
        function after = SIG_DFL; // when there were no users left
    };

    // A signal that comes in between is lost, and does not end the program.
    static function effect_of(int signal) noexcept
    {
        auto* const f = std::signal(signal, SIG_IGN);
        if (f != SIG_ERR)
            std::signal(signal, f);
        return f == SIG_ERR ? SIG_DFL : f;
    }

    std::mutex mutex_;
    std::array<effect, NSIG> effects_;
};

void asioctx_on_signal(int signal)
{
    signal_effects::instance().deliver(signal);
}

#endif

// A set of signals that have the effect back that they had before, when it
// goes.
class signal_guard
{
public:
    explicit signal_guard(asio::any_io_executor const& ex) : set(ex)
    {
    }

    void add(int signal)
    {
        if (std::find(added_.begin(), added_.end(), signal) != added_.end())
            return;
        added_.reserve(added_.size() + 1);
        signal_effects::instance().add(set, signal);
        added_.push_back(signal);
    }

    ~signal_guard()
    {
        // Without memory there may be no effects to clear.
        if (!added_.empty())
            signal_effects::instance().clear(set, added_);
    }

    asio::signal_set set;

private:
    std::vector<int> added_;
};

// A guard that goes with its context or with the execution context, whichever
// is first.
class kept_guard
{
public:
    void keep(std::unique_ptr<signal_guard> g) noexcept
    {
        std::lock_guard lock(mutex_);
        if (!is_over_)
            guard_ = std::move(g);
    }

    void drop() noexcept
    {
        std::lock_guard lock(mutex_);
        is_over_ = true;
        guard_.reset();
    }

private:
    std::mutex mutex_;
    bool is_over_ = false;
    std::unique_ptr<signal_guard> guard_;
};

// Knows the end of an execution context, and its fork.
class signal_service final : public asio::execution_context::service
{
public:
    using key_type = signal_service;

    static asio::execution_context::id id;

    explicit signal_service(asio::execution_context& c)
        : asio::execution_context::service(c)
    {
    }

    void add(std::shared_ptr<kept_guard> const& g)
    {
        std::lock_guard lock(mutex_);
        std::erase_if(kept_, [](auto const& k) { return k.expired(); });
        kept_.push_back(g);
    }

private:
    void shutdown() override
    {
        std::vector<std::weak_ptr<kept_guard>> all;
        {
            std::lock_guard lock(mutex_);
            all.swap(kept_);
        }
        for (auto const& weak : all)
            if (auto const g = weak.lock())
                g->drop();
    }

    void notify_fork(asio::execution_context::fork_event event) override
    {
        if (event == asio::execution_context::fork_child)
            signal_effects::instance().take_over();
    }

    std::mutex mutex_;
    std::vector<std::weak_ptr<kept_guard>> kept_;
};

asio::execution_context::id signal_service::id;

class signal_scope final : public scope
{
public:
    using scope::scope;

    ~signal_scope() override
    {
        if (kept)
            kept->drop();
    }

    void describe(std::string& out) const override
    {
        out += ".with_signals";
    }

    // Null unless further signals are ignored.
    std::shared_ptr<kept_guard> kept;
};

} // namespace

cancelable with_signals(
    context const& parent,
    std::initializer_list<int> signals,
    further_signals further,
    source_location at)
{
    constexpr auto what = "a wait for signals";
    auto& root =
        detail::root_for(what, context_access::get(parent).get_root());
    auto const ex = detail::executor_of(
        &detail::root_for(what, &root.time()));
    auto& service = asio::use_service<signal_service>(
        asio::query(ex, asio::execution::context));
    auto guard = std::make_unique<signal_guard>(ex);
    for (int const s : signals)
        guard->add(s);

    auto s = detail::make_scope<signal_scope>(context_access::get(parent), at);
    std::shared_ptr<kept_guard> kept;
    if (further == further_signals::are_ignored)
    {
        kept = std::make_shared<kept_guard>();
        service.add(kept);
        s->kept = kept;
    }
    detail::link_or_cancel(*s);
    auto result = detail::make_cancelable(std::move(s));

    auto& set = guard->set;
    set.async_wait(bind_context(
        result.ctx,
        [guard = std::move(guard),
         kept = std::move(kept),
         ctx = result.ctx,
         at](error_code const& ec, int signal) mutable
        {
            // What becomes of the next signal is settled before the context is
            // done.
            if (kept)
                kept->keep(std::move(guard));
            else
                guard.reset();
            if (!ec)
                context_access::get(ctx).get_scope()->cancel(
                    {errc::canceled,
                     error_code(signal, signal_category()),
                     nullptr,
                     at});
        },
        at));
    return result;
}

cancelable with_signals(
    context const& parent,
    std::initializer_list<int> signals,
    source_location at)
{
    return with_signals(parent, signals, further_signals::take_effect, at);
}

} // namespace asioctx
