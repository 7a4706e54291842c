//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/cancel.hpp>

#include <utility>

#include "cause.hpp"

namespace asioctx {

using detail::context_access;

bool cancel_source::cancel(
    error_code const& cause, source_location at) const noexcept
{
    auto* const s = context_access::get(ctx_).get_scope();
    return s && s->cancel({errc::canceled, cause, nullptr, at});
}

bool cancel_source::cancel(
    std::exception_ptr cause, source_location at) const noexcept
{
    if (!cause)
        return cancel(at);
    auto const code = detail::code_of(cause);
    auto* const s = context_access::get(ctx_).get_scope();
    return s && s->cancel({errc::canceled, code, std::move(cause), at});
}

void cancel_source::cancel_here() const noexcept
{
    context_access::get(ctx_).get_scope()->cancel_here();
}

cancelable detail::make_cancelable(scope_refs&& refs) noexcept
{
    return {context_access::make(std::move(refs.ctx)),
        cancel_source(context_access::make(std::move(refs.source)))};
}

cancelable with_cancel(context const& parent, source_location at)
{
    auto s =
        detail::make_scope<detail::scope>(context_access::get(parent), at);
    detail::link_or_cancel(*s);
    return detail::make_cancelable(std::move(s));
}

} // namespace asioctx
