//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include "ast.hpp"

#include <clang/AST/DeclTemplate.h>

#include <set>

namespace asioctx_tidy {

using namespace clang;

namespace {

CXXRecordDecl const* class_decl(QualType t)
{
    if (t.isNull())
        return nullptr;
    return t.getNonReferenceType()->getAsCXXRecordDecl();
}

bool has_get_context(CXXRecordDecl const& c)
{
    if (!c.hasDefinition())
        return false;
    for (auto const* m : c.methods())
        if (m->getIdentifier() && m->getName() == "get_context")
            return is_context(m->getReturnType());
    return false;
}

// deep bounds the look into templates' arguments: types of Asio are large.
bool carries(QualType t, int deep)
{
    if (t.isNull() || deep == 0)
        return false;
    while (t->isPointerType() || t->isReferenceType())
        t = t->getPointeeType();
    auto const* const c = class_decl(t);
    if (!c || c->isLambda())
        return false;
    if (is_context(t) || is_cancelable(t) || is_binder(t) || has_get_context(*c)
        || name_of(*c) == "asioctx::task_group")
        return true;
    auto const* const s = dyn_cast<ClassTemplateSpecializationDecl>(c);
    if (!s)
        return false;
    for (auto const& a : s->getTemplateArgs().asArray())
    {
        if (a.getKind() == TemplateArgument::Type
            && carries(a.getAsType(), deep - 1))
            return true;
        if (a.getKind() == TemplateArgument::Pack)
            for (auto const& p : a.pack_elements())
                if (p.getKind() == TemplateArgument::Type
                    && carries(p.getAsType(), deep - 1))
                    return true;
    }
    return false;
}

} // namespace

std::string name_of(NamedDecl const& d)
{
    std::string out;
    if (auto const* const n = dyn_cast<NamespaceDecl>(&d); n && n->isInline())
        return out;
    auto const* c = d.getDeclContext();
    while (c && !isa<NamedDecl>(c) && !isa<TranslationUnitDecl>(c))
        c = c->getParent();
    while (c && isa<NamespaceDecl>(c) && cast<NamespaceDecl>(c)->isInline())
        c = c->getParent();
    if (c && isa<NamedDecl>(c))
        out = name_of(*cast<NamedDecl>(c)) + "::";
    return out + (d.getIdentifier() ? d.getName().str() : d.getNameAsString());
}

std::string class_of(QualType t)
{
    auto const* const c = class_decl(t);
    if (!c || !c->getIdentifier())
        return {};
    return name_of(*c);
}

bool is_context(QualType t)
{
    return class_of(t) == "asioctx::context";
}

bool is_cancelable(QualType t)
{
    auto const c = class_of(t);
    return c == "asioctx::cancelable" || c == "asioctx::idleable";
}

bool is_source(QualType t)
{
    auto const c = class_of(t);
    return c == "asioctx::cancel_source" || c == "asioctx::idle_source";
}

bool is_binder(QualType t)
{
    auto const c = class_of(t);
    return c == "asioctx::context_binder"
        || c == "asioctx::partial_context_binder"
        || c == "asioctx::detach_on_cancel_t"
        || c == "asioctx::partial_detach_on_cancel";
}

bool refers_to_context(QualType t)
{
    if (!t->isPointerType() && !t->isReferenceType())
        return false;
    while (t->isPointerType() || t->isReferenceType())
        t = t->getPointeeType();
    return is_context(t);
}

bool carries_context(QualType t)
{
    return carries(t, 5);
}

bool carries_context(Stmt const* s)
{
    if (!s || isa<LambdaExpr>(s))
        return false;
    if (auto const* const c = dyn_cast<CXXMemberCallExpr>(s);
        c && is_context(c->getObjectType())
        && callee_name(*c) != "async_wait")
    {
        for (auto const* a : c->arguments())
            if (carries_context(a))
                return true;
        return false;
    }
    if (auto const* const e = dyn_cast<Expr>(s);
        e && carries_context(e->getType()))
        return true;
    for (auto const* child : s->children())
        if (carries_context(child))
            return true;
    return false;
}

bool is_coroutine(FunctionDecl const* f)
{
    return f && f->doesThisDeclarationHaveABody()
        && isa_and_nonnull<CoroutineBodyStmt>(f->getBody());
}

FunctionDecl const* callee(Expr const& e)
{
    if (auto const* const c = dyn_cast<CallExpr>(&e))
        return c->getDirectCallee();
    if (auto const* const c = dyn_cast<CXXConstructExpr>(&e))
        return c->getConstructor();
    return nullptr;
}

std::string callee_name(CallExpr const& call)
{
    if (auto const* const f = call.getDirectCallee())
        return f->getIdentifier() ? f->getName().str() : std::string();
    auto const* const e = call.getCallee()->IgnoreParenImpCasts();
    DeclarationName n;
    if (auto const* const o = dyn_cast<OverloadExpr>(e))
        n = o->getName();
    else if (auto const* const m = dyn_cast<CXXDependentScopeMemberExpr>(e))
        n = m->getMember();
    else if (auto const* const d = dyn_cast<DependentScopeDeclRefExpr>(e))
        n = d->getDeclName();
    return n.isIdentifier() && n ? n.getAsString() : std::string();
}

bool calls_library(CallExpr const& call)
{
    if (auto const* const f = call.getDirectCallee())
        return name_of(*f).compare(0, 9, "asioctx::") == 0;
    auto const* const o =
        dyn_cast<OverloadExpr>(call.getCallee()->IgnoreParenImpCasts());
    if (!o || o->getNumDecls() == 0)
        return false;
    for (auto const* d : o->decls())
        if (name_of(*d).compare(0, 9, "asioctx::") != 0)
            return false;
    return true;
}

bool calls_library(CallExpr const& call, llvm::StringRef name)
{
    return callee_name(call) == name && calls_library(call);
}

bool derives_context(CallExpr const& call)
{
    auto const n = callee_name(call);
    return (n.compare(0, 5, "with_") == 0 || n == "without_cancel"
               || n == "merge")
        && n != "with_task_group" && n != "with_clean_up" && calls_library(call)
        && call.getNumArgs() != 0;
}

Expr const* stripped(Expr const* e)
{
    for (;;)
    {
        e = e->IgnoreParenImpCasts();
        if (auto const* const c = dyn_cast<ExprWithCleanups>(e))
            e = c->getSubExpr();
        else if (auto const* const c = dyn_cast<MaterializeTemporaryExpr>(e))
            e = c->getSubExpr();
        else if (auto const* const c = dyn_cast<CXXBindTemporaryExpr>(e))
            e = c->getSubExpr();
        else if (auto const* const c = dyn_cast<CXXFunctionalCastExpr>(e))
            e = c->getSubExpr();
        else if (auto const* const c = dyn_cast<CXXConstructExpr>(e);
                 c && c->getNumArgs() == 1
                 && c->getConstructor()->isCopyOrMoveConstructor())
            e = c->getArg(0);
        else if (auto const* const c = dyn_cast<CallExpr>(e);
                 c && c->getNumArgs() == 1 && c->getDirectCallee()
                 && name_of(*c->getDirectCallee()) == "std::move")
            e = c->getArg(0);
        else
            return e;
    }
}

ValueDecl const* named(Expr const* e)
{
    e = stripped(e);
    if (auto const* const d = dyn_cast<DeclRefExpr>(e))
        return d->getDecl();
    if (auto const* const m = dyn_cast<MemberExpr>(e);
        m && isa<CXXThisExpr>(m->getBase()->IgnoreParenImpCasts()))
        return m->getMemberDecl();
    return nullptr;
}

bool is_written_auto(VarDecl const& v)
{
    auto const* const i = v.getTypeSourceInfo();
    return i && i->getType().getNonReferenceType()->getContainedAutoType();
}

} // namespace asioctx_tidy
