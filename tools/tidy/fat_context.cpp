//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include "check.hpp"
#include "checks.hpp"

namespace asioctx_tidy {

using namespace clang;

namespace {

class fat_context : public walking_rule<fat_context>
{
public:
    using walking_rule::walking_rule;

private:
    friend walking_rule;

    class walker : public walker_of<fat_context>
    {
    public:
        using walker_of::walker_of;

        void visit(Stmt const& s) override
        {
            auto const* const o = dyn_cast<CXXOperatorCallExpr>(&s);
            if (!o || o->getOperator() != OO_Equal || o->getNumArgs() != 2)
                return;
            auto const* const v = named(o->getArg(0));
            if (!v || !is_derived_from(o->getArg(1), *v))
                return;
            bool leaves = false;
            for (std::size_t n = 0; auto const* const a = above(n); ++n)
            {
                if (isa<LambdaExpr>(a))
                    return;
                if (auto const* const c = dyn_cast<CompoundStmt>(a))
                    leaves = leaves || ends_loop(*c);
                if (isa<ForStmt, WhileStmt, DoStmt, CXXForRangeStmt>(a)
                    && !leaves && is_outside(*v, *a))
                {
                    check_.warn(
                        o->getBeginLoc(),
                        "'" + v->getNameAsString()
                            + "' is derived from itself in a loop: each round "
                              "adds a context to those that it keeps");
                    return;
                }
            }
        }

    private:
        static bool is_derived_from(Expr const* e, ValueDecl const& v)
        {
            for (bool derived = false;;)
            {
                e = stripped(e);
                if (named(e) == &v)
                    return derived;
                if (auto const* const m = dyn_cast<MemberExpr>(e))
                    e = m->getBase();
                else if (auto const* const c = dyn_cast<CallExpr>(e);
                         c && derives_context(*c))
                {
                    derived = true;
                    e = c->getArg(0);
                }
                else
                    return false;
            }
        }

        // Whether the last statement leaves the loop: then there is one round.
        static bool ends_loop(CompoundStmt const& c)
        {
            auto const* s = c.body_empty() ? nullptr : c.body_back();
            if (auto const* const e = dyn_cast_or_null<ExprWithCleanups>(s))
                s = e->getSubExpr();
            return s
                && isa<BreakStmt, ReturnStmt, CoreturnStmt, CXXThrowExpr>(s);
        }

        bool is_outside(ValueDecl const& v, Stmt const& loop) const
        {
            if (isa<FieldDecl>(v))
                return true;
            auto const& m = check_.sources();
            // What a for statement begins with is not of one round.
            auto const* const f = dyn_cast<ForStmt>(&loop);
            return m.isBeforeInTranslationUnit(
                       v.getLocation(),
                       f ? f->getBody()->getBeginLoc() : loop.getBeginLoc())
                || m.isBeforeInTranslationUnit(
                    loop.getEndLoc(), v.getLocation());
        }
    };
};

} // namespace

void add_fat_context(factories& f)
{
    f.registerCheck<fat_context>("asioctx-fat-context");
}

} // namespace asioctx_tidy
