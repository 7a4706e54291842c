//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/with_signals.hpp>

#include <asioctx/bind_context.hpp>

#include <asioctx/detail/root.hpp>

#include <boost/asio/signal_set.hpp>

#include <memory>
#include <utility>

namespace asioctx {

using detail::context_access;

cancelable with_signals(context const& parent,
    std::initializer_list<int> signals, source_location at)
{
    auto& root = detail::root_for(
        "a wait for signals", context_access::get(parent).get_root());
    auto result = with_cancel(parent, at);
    auto set =
        std::make_unique<asio::signal_set>(detail::executor_of(&root));
    for (int const s : signals)
        set->add(s);

    auto& waiting = *set;
    waiting.async_wait(bind_context(result.ctx,
        [set = std::move(set), ctx = result.ctx, at](
            error_code const& ec, int signal) mutable
        {
            // The signals have their old effect before the context is done.
            set.reset();
            if (!ec)
                context_access::get(ctx).get_scope()->cancel({errc::canceled,
                    error_code(signal, signal_category()), nullptr, at});
        }));
    return result;
}

} // namespace asioctx
