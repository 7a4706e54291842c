//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include "check.hpp"
#include "checks.hpp"

#include <clang/AST/TypeLoc.h>
#include <clang/Lex/Lexer.h>

namespace asioctx_tidy {

using namespace clang;

namespace {

class reference_in_coroutine : public walking_rule<reference_in_coroutine>
{
public:
    using walking_rule::walking_rule;

    void on_function(FunctionDecl const& f) override
    {
        look_at(f);
        walking_rule::on_function(f);
    }

private:
    friend walking_rule;

    class walker : public walker_of<reference_in_coroutine>
    {
    public:
        using walker_of::walker_of;

        void visit(Stmt const& s) override
        {
            if (auto const* const l = dyn_cast<LambdaExpr>(&s))
                check_.look_at(*l->getCallOperator());
            auto const* const c = dyn_cast<CXXOperatorCallExpr>(&s);
            if (!c || c->getOperator() != OO_Call || c->getNumArgs() == 0)
                return;
            auto const* const l = dyn_cast<LambdaExpr>(stripped(c->getArg(0)));
            if (!l || l->capture_size() == 0
                || !is_coroutine(l->getCallOperator()) || is_awaited())
                return;
            check_.warn(
                l->getBeginLoc(),
                "the captures of this lambda go before its coroutine ends; "
                "pass the lambda itself, or make them parameters");
        }

    private:
        // Then the temporary lives until the coroutine ends.
        bool is_awaited() const
        {
            for (std::size_t n = 0;; ++n)
            {
                auto const* const e = dyn_cast_or_null<Expr>(above(n));
                if (!e || isa<LambdaExpr>(e))
                    return false;
                if (isa<CoawaitExpr, DependentCoawaitExpr, CoyieldExpr>(e))
                    return true;
            }
        }
    };

    void look_at(FunctionDecl const& f)
    {
        if (!is_coroutine(&f))
            return;
        for (unsigned i = 0; i != f.getNumParams(); ++i)
        {
            auto const& p = *f.getParamDecl(i);
            if (!refers_to_context(p.getType()))
                continue;
            auto d = warn(
                p.getLocation(),
                std::string("a coroutine takes a context by ")
                    + (p.getType()->isPointerType() ? "pointer" : "reference")
                    + ", which may be gone when it is resumed");
            for (auto const* r : f.redecls())
                fix(d, *r->getParamDecl(i));
        }
    }

    // By value, if the coroutine cannot change the caller's.
    void fix(DiagnosticBuilder& d, ParmVarDecl const& p)
    {
        auto const t = p.getType();
        if (!t->isReferenceType()
            || (t->isLValueReferenceType()
                && !t->getPointeeType().isConstQualified()))
            return;
        auto const range = p.getTypeSourceInfo()->getTypeLoc();
        auto const reference = range.getAs<ReferenceTypeLoc>();
        if (!reference || !is_plain(p.getSourceRange()))
            return;
        auto const type = reference.getPointeeLoc().getUnqualifiedLoc();
        auto const end = p.getIdentifier()
            ? p.getLocation()
            : Lexer::getLocForEndOfToken(
                reference.getSigilLoc(), 0, sources(), ast().getLangOpts());
        d << FixItHint::CreateReplacement(
            CharSourceRange::getCharRange(p.getBeginLoc(), end),
            text(type.getSourceRange()) + (p.getIdentifier() ? " " : ""));
    }
};

} // namespace

void add_reference_in_coroutine(factories& f)
{
    f.registerCheck<reference_in_coroutine>("asioctx-reference-in-coroutine");
}

} // namespace asioctx_tidy
