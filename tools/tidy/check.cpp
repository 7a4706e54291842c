//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include "check.hpp"

#include <clang/AST/RecursiveASTVisitor.h>
#include <clang/ASTMatchers/ASTMatchFinder.h>
#include <clang/Lex/Lexer.h>
#include <llvm/Support/Regex.h>

namespace asioctx_tidy {

using namespace clang;

namespace {

class declarations : public RecursiveASTVisitor<declarations>
{
public:
    explicit declarations(rule& c) : check_(c)
    {
    }

    bool VisitFunctionDecl(FunctionDecl* f)
    {
        if (f->isImplicit())
            return true;
        check_.on_declared_function(*f);
        if (f->doesThisDeclarationHaveABody() && !f->isDefaulted())
            check_.on_function(*f);
        return true;
    }

    bool VisitVarDecl(VarDecl* v)
    {
        check_.on_variable(*v);
        if (!v->isLocalVarDeclOrParm() && v->getInit())
            check_.on_initializer(*v, *v->getInit());
        return true;
    }

    bool VisitFieldDecl(FieldDecl* f)
    {
        check_.on_field(*f);
        if (f->hasInClassInitializer() && f->getInClassInitializer())
            check_.on_initializer(*f, *f->getInClassInitializer());
        return true;
    }

private:
    rule& check_;
};

} // namespace

void rule::registerMatchers(ast_matchers::MatchFinder* finder)
{
    finder->addMatcher(
        ast_matchers::translationUnitDecl().bind("unit"), this);
}

void rule::check(ast_matchers::MatchFinder::MatchResult const& result)
{
    ast_ = result.Context;
    declarations visitor(*this);
    for (auto* d : ast_->getTranslationUnitDecl()->decls())
    {
        auto const at = sources().getExpansionLoc(d->getLocation());
        if (at.isInvalid() || sources().isInSystemHeader(at))
            continue;
        // The library's own headers, where they are no system headers.
        if (auto const* const n = dyn_cast<NamespaceDecl>(d);
            n && n->getName() == "asioctx" && !sources().isInMainFile(at))
            continue;
        visitor.TraverseDecl(d);
    }
}

std::string rule::text(SourceRange r) const
{
    return Lexer::getSourceText(CharSourceRange::getTokenRange(r), sources(),
        ast_->getLangOpts())
        .str();
}

std::vector<std::string> split(std::string const& list)
{
    std::vector<std::string> out;
    for (std::size_t from = 0; from < list.size();)
    {
        auto const to = std::min(list.find(';', from), list.size());
        if (to != from)
            out.push_back(list.substr(from, to - from));
        from = to + 1;
    }
    return out;
}

bool matches(std::vector<std::string> const& list, std::string const& name)
{
    for (auto const& r : list)
        if (llvm::Regex("^(" + r + ")$").match(name))
            return true;
    return false;
}

void body_walker::walk_function(FunctionDecl const& f)
{
    functions_.push_back(&f);
    add_parameters(f);
    if (auto const* const c = dyn_cast<CXXConstructorDecl>(&f))
        for (auto const* i : c->inits())
            if (i->isWritten())
                walk(i->getInit());
    walk(f.getBody());
    functions_.pop_back();
    contexts_.clear();
}

void body_walker::walk(Stmt const* s)
{
    if (!s)
        return;
    // What the compiler adds to a coroutine is not the user's.
    if (auto const* const b = dyn_cast<CoroutineBodyStmt>(s))
        return walk(b->getBody());
    visit(*s);
    auto const before = contexts_.size();
    path_.push_back(s);
    if (auto const* const l = dyn_cast<LambdaExpr>(s))
        walk_lambda(*l);
    else if (auto const* const c = dyn_cast<CoawaitExpr>(s))
        walk(c->getOperand());
    else if (auto const* const c = dyn_cast<CoyieldExpr>(s))
        walk(c->getOperand());
    else if (auto const* const c = dyn_cast<DependentCoawaitExpr>(s))
        walk(c->getOperand());
    else if (auto const* const c = dyn_cast<CoreturnStmt>(s))
        walk(c->getOperand());
    else if (auto const* const d = dyn_cast<DeclStmt>(s))
    {
        for (auto const* i : d->decls())
            if (auto const* const v = dyn_cast<VarDecl>(i))
            {
                walk(v->getInit());
                declared(*v);
                add(*v, v->getInit());
            }
    }
    else
        for (auto const* child : s->children())
            walk(child);
    path_.pop_back();
    // A declaration is visible to what follows it; anything else is a scope.
    if (!isa<DeclStmt>(s))
        contexts_.resize(std::min(contexts_.size(), before));
}

void body_walker::walk_lambda(LambdaExpr const& e)
{
    for (auto const* i : e.capture_inits())
        walk(i);

    auto outside = contexts_;
    if (e.getCaptureDefault() == LCD_None)
    {
        contexts_.clear();
        for (auto const& c : e.captures())
            if (c.capturesVariable())
                for (auto const& h : outside)
                    if (h.variable == c.getCapturedVar())
                        contexts_.push_back(h);
    }
    for (auto const& c : e.captures())
        if (c.capturesVariable() && e.isInitCapture(&c))
            if (auto const* const v = dyn_cast<VarDecl>(c.getCapturedVar()))
            {
                declared(*v);
                add(*v, v->getInit());
            }
    functions_.push_back(e.getCallOperator());
    add_parameters(*e.getCallOperator());
    walk(e.getBody());
    functions_.pop_back();
    contexts_ = std::move(outside);
}

void body_walker::add_parameters(FunctionDecl const& f)
{
    for (auto const* p : f.parameters())
        if (is_context(p->getType()) || is_cancelable(p->getType()))
            contexts_.push_back({p, true, true});
}

void body_walker::add(ValueDecl const& v, Expr const* init)
{
    if (auto const* const d = dyn_cast<DecompositionDecl>(&v))
    {
        for (auto const* b : d->bindings())
            if (is_context(b->getType()))
                contexts_.push_back({b, false, true});
        return;
    }
    if (!is_context(v.getType()) && !is_cancelable(v.getType()))
        return;
    contexts_.push_back({&v, false, !init || can_end(*init)});
}

bool body_walker::can_end(Expr const& init) const
{
    auto const* const e = stripped(&init);
    if (auto const* const c = dyn_cast<CallExpr>(e))
    {
        auto const n = callee_name(*c);
        // A value or a name more makes no difference.
        if ((n == "with_value" || n == "with_name") && c->getNumArgs() != 0)
            return can_end(*c->getArg(0));
        return n != "background" && n != "todo" && n != "without_cancel";
    }
    if (auto const* const c = dyn_cast<CXXConstructExpr>(e))
        return c->getNumArgs() != 0;
    for (auto const& h : contexts_)
        if (h.variable == named(e))
            return h.can_end;
    return true;
}

Stmt const* body_walker::user(std::size_t& n) const
{
    for (;; ++n)
    {
        auto const* const s = above(n);
        auto const* const e = dyn_cast_or_null<Expr>(s);
        if (!e)
            return s;
        if (isa<ImplicitCastExpr, ParenExpr, MaterializeTemporaryExpr,
                CXXBindTemporaryExpr, ExprWithCleanups, CXXFunctionalCastExpr>(
                e))
            continue;
        if (auto const* const c = dyn_cast<CXXConstructExpr>(e);
            c && c->getNumArgs() == 1
            && c->getConstructor()->isCopyOrMoveConstructor())
            continue;
        if (auto const* const c = dyn_cast<CallExpr>(e);
            c && c->getDirectCallee()
            && name_of(*c->getDirectCallee()) == "std::move")
            continue;
        return s;
    }
}

} // namespace asioctx_tidy
