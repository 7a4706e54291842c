//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/after_func.hpp>
#include <asioctx/stop_token.hpp>

#include <asioctx/detail/scope.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace asioctx {

struct detail::stop_bridge
{
#if defined(__cpp_lib_jthread)
    std::stop_source source;
#endif
};

void detail::destroy(stop_bridge* b) noexcept
{
    delete b;
}

#if defined(__cpp_lib_jthread)

using detail::context_access;
using detail::node;
using detail::scope;

namespace {

class stop_scope final : public scope
{
public:
    explicit stop_scope(node* above) noexcept : scope(above)
    {
    }

    void connect(std::stop_token&& token)
    {
        callback_.emplace(std::move(token), canceler{*this});
    }

    void describe(std::string& out) const override
    {
        out += ".with_stop_token";
    }

private:
    struct canceler
    {
        void operator()() const noexcept
        {
            // The scope may be on its way out: then its destructor waits for
            // this call.
            if (!try_add_ref(self))
                return;
            detail::node_ptr const keep(&self);
            self.cancel_here();
        }

        stop_scope& self;
    };

    std::optional<std::stop_callback<canceler>> callback_;
};

// The function that requests stop may not have run yet. It never will if the
// execution context went before the context was done.
std::stop_token token_of(detail::stop_bridge const& b, scope const& s)
{
    auto source = b.source; // a callback may drop the bridge
    if (s.done())
        source.request_stop();
    return source.get_token();
}

} // namespace

cancelable with_stop_token(
    context const& parent, std::stop_token token, source_location at)
{
    auto s = detail::make_scope<stop_scope>(context_access::get(parent), at);
    detail::link_or_cancel(*s);
    if (!s->done())
        s->connect(std::move(token));
    return detail::make_cancelable(std::move(s));
}

std::stop_token get_stop_token(context const& ctx)
{
    auto* const s = context_access::get(ctx).get_scope();
    if (!s || s->kind == scope::behavior::permanent)
        return {};
    if (auto* const b = s->bridge.load(std::memory_order_acquire))
        return token_of(*b, *s);

    auto made = std::make_unique<detail::stop_bridge>();
    auto* const r = context_access::get(ctx).get_root();
    auto const ex = detail::executor_of(r);
    auto registration = detail::start_callback(
        ctx,
        detail::host_of(ex, r),
        ex,
        [source = made->source]() mutable { source.request_stop(); });
    detail::stop_bridge* other = nullptr;
    if (!s->bridge.compare_exchange_strong(
            other, made.get(), std::memory_order_acq_rel))
        return token_of(*other, *s);
    registration.detach();
    return token_of(*made.release(), *s);
}

#endif // defined(__cpp_lib_jthread)

} // namespace asioctx
