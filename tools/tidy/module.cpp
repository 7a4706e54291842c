//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include "checks.hpp"

#include <clang/Basic/Version.h>

// What it has is in ClangTidyModule.h, then.
#if CLANG_VERSION_MAJOR < 22
#include <clang-tidy/ClangTidyModuleRegistry.h>
#endif

namespace asioctx_tidy {
namespace {

class module : public clang::tidy::ClangTidyModule
{
public:
    void addCheckFactories(factories& f) override
    {
        add_background_in_function(f);
        add_binder_not_outermost(f);
        add_dead_context(f);
        add_fat_context(f);
        add_first_parameter(f);
        add_key(f);
        add_parent_instead_of_derived(f);
        add_reference_in_coroutine(f);
        add_stored_context(f);
        add_todo(f);
        add_unbound_operation(f);
    }
};

clang::tidy::ClangTidyModuleRegistry::Add<module> registered(
    "asioctx", "The rules of contexts.");

} // namespace
} // namespace asioctx_tidy
