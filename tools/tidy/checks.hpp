//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TIDY_CHECKS_HPP
#define ASIOCTX_TIDY_CHECKS_HPP

#include <clang-tidy/ClangTidyModule.h>

namespace asioctx_tidy {

using factories = clang::tidy::ClangTidyCheckFactories;

// Each adds the check of its name.
void add_background_in_function(factories& f);
void add_binder_not_outermost(factories& f);
void add_dead_context(factories& f);
void add_fat_context(factories& f);
void add_first_parameter(factories& f);
void add_key(factories& f);
void add_parent_instead_of_derived(factories& f);
void add_reference_in_coroutine(factories& f);
void add_stored_context(factories& f);
void add_todo(factories& f);
void add_unbound_operation(factories& f);

} // namespace asioctx_tidy

#endif
