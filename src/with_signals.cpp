//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/with_signals.hpp>

#include <asioctx/bind_context.hpp>

#include <asioctx/detail/root.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <memory>
#include <utility>
#include <vector>

namespace asioctx {

using detail::context_access;

namespace {

// A set of signals that have the effect back that they had before, when it goes.
// Asio gives them the default one.
class signal_guard
{
public:
    explicit signal_guard(asio::any_io_executor const& ex) : set(ex)
    {
    }

    void add(int signal)
    {
        struct sigaction before = {};
        struct sigaction during = {};
        ::sigaction(signal, nullptr, &before);
        set.add(signal);
        ::sigaction(signal, nullptr, &during);
        // If somebody else waits for it, Asio's handler was there before.
        if (before.sa_handler != during.sa_handler)
            saved_.emplace_back(signal, before);
    }

    ~signal_guard()
    {
        error_code ignored;
        set.clear(ignored);
        for (auto const& [signal, before] : saved_)
        {
            // If somebody else still waits for it, it is not for us to change.
            struct sigaction now = {};
            ::sigaction(signal, nullptr, &now);
            if (now.sa_handler == SIG_DFL)
                ::sigaction(signal, &before, nullptr);
        }
    }

    asio::signal_set set;

private:
    std::vector<std::pair<int, struct sigaction>> saved_;
};

} // namespace

cancelable with_signals(context const& parent,
    std::initializer_list<int> signals, source_location at)
{
    auto& root = detail::root_for(
        "a wait for signals", context_access::get(parent).get_root());
    auto result = with_cancel(parent, at);
    auto guard = std::make_unique<signal_guard>(detail::executor_of(&root));
    for (int const s : signals)
        guard->add(s);

    auto& set = guard->set;
    set.async_wait(bind_context(result.ctx,
        [guard = std::move(guard), ctx = result.ctx, at](
            error_code const& ec, int signal) mutable
        {
            // The signals have their old effect before the context is done.
            guard.reset();
            if (!ec)
                context_access::get(ctx).get_scope()->cancel({errc::canceled,
                    error_code(signal, signal_category()), nullptr, at});
        }));
    return result;
}

} // namespace asioctx
