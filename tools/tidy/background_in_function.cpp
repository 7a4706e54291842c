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

class background_in_function : public rule
{
public:
    using rule::rule;

    void on_function(FunctionDecl const& f) override
    {
        walker(*this).walk_function(f);
    }

    void on_initializer(ValueDecl const&, Expr const& init) override
    {
        walker(*this).walk(&init);
    }

private:
    class walker : public body_walker
    {
    public:
        explicit walker(background_in_function& c) : check_(c)
        {
        }

        void visit(Stmt const& s) override
        {
            auto const* const e = dyn_cast<Expr>(&s);
            if (!e || !makes_root(*e))
                return;
            ValueDecl const* given = nullptr;
            for (auto const& h : contexts())
                if (h.is_parameter)
                    given = h.variable;
            if (!given || is_compared(*e) || (!isa<CallExpr>(e) && is_assigned()))
                return;
            check_.warn(
                e->getBeginLoc(),
                "a new root in a function that was given the context '"
                    + given->getNameAsString() + "'");
        }

    private:
        static bool makes_root(Expr const& e)
        {
            if (auto const* const c = dyn_cast<CallExpr>(&e))
                return calls_library(*c, "background");
            // A handle without a node is background(), too.
            auto const* const c = dyn_cast<CXXTemporaryObjectExpr>(&e);
            return c && c->getNumArgs() == 0 && is_context(c->getType());
        }

        bool is_compared(Expr const&) const
        {
            std::size_t n = 0;
            auto const* const u = user(n);
            if (auto const* const o = dyn_cast_or_null<CXXOperatorCallExpr>(u))
                return o->getOperator() == OO_EqualEqual
                    || o->getOperator() == OO_ExclaimEqual;
            return u && isa<CXXRewrittenBinaryOperator>(u);
        }

        // A handle is let go by assigning it an empty one.
        bool is_assigned() const
        {
            std::size_t n = 0;
            auto const* const o = dyn_cast_or_null<CXXOperatorCallExpr>(user(n));
            return o && o->getOperator() == OO_Equal;
        }

        background_in_function& check_;
    };
};

} // namespace

void add_background_in_function(factories& f)
{
    f.registerCheck<background_in_function>("asioctx-background-in-function");
}

} // namespace asioctx_tidy
