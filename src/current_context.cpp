//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/current_context.hpp>

namespace asioctx {
namespace {

constinit context const background_handle;
constinit thread_local context const* current_handle = &background_handle;

} // namespace

context const& current_context() noexcept
{
    return *current_handle;
}

current_scope::current_scope(context const& ctx) noexcept
    : previous_(current_handle)
{
    current_handle = &ctx;
}

current_scope::~current_scope()
{
    current_handle = previous_;
}

} // namespace asioctx
