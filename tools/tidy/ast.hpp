//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TIDY_AST_HPP
#define ASIOCTX_TIDY_AST_HPP

#include <clang/AST/ASTContext.h>
#include <clang/AST/DeclCXX.h>
#include <clang/AST/ExprCXX.h>
#include <clang/AST/StmtCXX.h>
#include <clang/AST/Type.h>

#include <string>

namespace asioctx_tidy {

// The qualified name of a declaration, without inline namespaces.
std::string name_of(clang::NamedDecl const& d);

// The qualified name of the class that a type is, references being looked
// through; empty if it is none.
std::string class_of(clang::QualType t);

// A handle, by value or reference.
bool is_context(clang::QualType t);

// What the functions return that make a context and its source.
bool is_cancelable(clang::QualType t);

// cancel_source or idle_source.
bool is_source(clang::QualType t);

// The result of bind_context() or detach_on_cancel().
bool is_binder(clang::QualType t);

// A pointer or reference to a context, or to a context by way of pointers.
bool refers_to_context(clang::QualType t);

// Whether objects of a type have a context with them: one of ours, a class with
// get_context(), or a template with such an argument.
bool carries_context(clang::QualType t);

// The same for an expression or a part of it. What functions of a context tell
// of it has none with it, nor has a lambda that captures one.
bool carries_context(clang::Stmt const* s);

bool is_coroutine(clang::FunctionDecl const* f);

// The function that is called, as far as it is known.
clang::FunctionDecl const* callee(clang::Expr const& call);

// Its name without qualification, which a template's call has as well.
std::string callee_name(clang::CallExpr const& call);

// Whether a function of the library is called. In a template, no name but one
// that begins with asioctx:: is known.
bool calls_library(clang::CallExpr const& call);

// Whether a function of that name in the library is called.
bool calls_library(clang::CallExpr const& call, llvm::StringRef name);

// Whether a function of the library is called that derives a context from its
// first argument.
bool derives_context(clang::CallExpr const& call);

// An expression without what does not change which object it names:
// parentheses, implicit conversions, copies and moves of a context.
clang::Expr const* stripped(clang::Expr const* e);

// The variable that an expression names, or null.
clang::ValueDecl const* named(clang::Expr const* e);

// Whether a type is written in the source as auto.
bool is_written_auto(clang::VarDecl const& v);

} // namespace asioctx_tidy

#endif
