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

class background_in_function : public walking_rule<background_in_function>
{
public:
    using walking_rule::walking_rule;

private:
    friend walking_rule;

    class walker : public walker_of<background_in_function>
    {
    public:
        using walker_of::walker_of;

        void visit(Stmt const& s) override
        {
            auto const* const e = dyn_cast<Expr>(&s);
            if (!e || !makes_root(*e))
                return;
            ValueDecl const* given = nullptr;
            for (auto const& h : contexts())
                if (h.is_parameter)
                    given = h.variable;
            if (!given || is_looked_at()
                || (!isa<CallExpr>(e) && is_assigned()))
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

        // Nothing is bound to what is compared, or is the root of all that is
        // to be seen.
        bool is_looked_at() const
        {
            std::size_t n = 0;
            auto const* const u = user(n);
            if (auto const* const o = dyn_cast_or_null<CXXOperatorCallExpr>(u))
                return o->getOperator() == OO_EqualEqual
                    || o->getOperator() == OO_ExclaimEqual;
            if (auto const* const c = dyn_cast_or_null<CallExpr>(u))
            {
                auto const f = callee_name(*c);
                return (f == "snapshot" || f == "dump" || f == "to_string"
                        || f == "report_stuck" || f == "expect_nothing_left")
                    && calls_library(*c);
            }
            if (auto const* const c = dyn_cast_or_null<CXXConstructExpr>(u))
                return class_of(c->getType()) == "asioctx::flight_recorder";
            return u && isa<CXXRewrittenBinaryOperator>(u);
        }

        // A handle is let go by assigning it an empty one.
        bool is_assigned() const
        {
            std::size_t n = 0;
            auto const* const o =
                dyn_cast_or_null<CXXOperatorCallExpr>(user(n));
            return o && o->getOperator() == OO_Equal;
        }
    };
};

} // namespace

void add_background_in_function(factories& f)
{
    f.registerCheck<background_in_function>("asioctx-background-in-function");
}

} // namespace asioctx_tidy
