//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include "check.hpp"
#include "checks.hpp"

#include <map>

namespace asioctx_tidy {

using namespace clang;

namespace {

class parent_instead_of_derived : public rule
{
public:
    using rule::rule;

    void on_function(FunctionDecl const& f) override
    {
        walker w;
        w.walk_function(f);
        for (auto const& u : w.uses)
        {
            auto const& d = w.derivations[u.derivation];
            if (w.references[d.derived] != 0)
                continue;
            auto const name = d.derived->getNameAsString();
            {
                auto diagnostic = warn(
                    u.at->getBeginLoc(),
                    "this is bound to '" + d.parent->getNameAsString()
                        + "', and "
                        + (name.empty() ? "the parameter" : "'" + name + "'")
                        + ", which is derived from it, is never used");
                // clang 14 cannot capture a structured binding.
                if (!name.empty() && u.in_same_function
                    && is_plain(u.at->getSourceRange()))
                    diagnostic << FixItHint::CreateReplacement(
                        u.at->getSourceRange(),
                        is_cancelable(d.derived->getType()) ? name + ".ctx"
                                                            : name);
            }
            diag(d.derived->getLocation(), "derived here", DiagnosticIDs::Note);
        }
    }

private:
    struct derivation
    {
        ValueDecl const* parent;
        ValueDecl const* derived;
        FunctionDecl const* function;
    };

    struct use
    {
        Expr const* at;
        std::size_t derivation;
        bool in_same_function;
    };

    class walker : public body_walker
    {
    public:
        std::vector<derivation> derivations;
        std::vector<use> uses;
        std::map<ValueDecl const*, int> references;

        void declared(VarDecl const& v) override
        {
            auto const* const init = v.getInit();
            if (!init || v.hasAttr<UnusedAttr>() || v.isStaticLocal())
                return;
            auto const* const c = dyn_cast<CallExpr>(stripped(init));
            if (!c || !derives_context(*c))
                return;
            ValueDecl const* derived = &v;
            if (auto const* const d = dyn_cast<DecompositionDecl>(&v))
                derived = d->bindings().empty() ? nullptr : d->bindings()[0];
            add(*c, derived, function());
        }

        void visit(Stmt const& s) override
        {
            auto const* const e = dyn_cast<Expr>(&s);
            if (!e)
                return;
            if (auto const* const r = dyn_cast<DeclRefExpr>(e))
                ++references[r->getDecl()];
            if (auto const* const l = dyn_cast<LambdaExpr>(e))
                look_at_function(*l);
            if (!isa<DeclRefExpr, MemberExpr>(e) || !is_context(e->getType()))
                return;
            auto const* const v = named(e);
            if (!v || !binds())
                return;
            for (auto i = derivations.size(); i-- != 0;)
                if (derivations[i].parent == v && is_visible(derivations[i]))
                {
                    uses.push_back(
                        {e, i, derivations[i].function == function()});
                    return;
                }
        }

    private:
        void add(
            CallExpr const& c,
            ValueDecl const* derived,
            FunctionDecl const* function)
        {
            auto const* const parent = named(c.getArg(0));
            if (parent && derived
                && derived->getNameAsString().compare(0, 1, "_") != 0)
                derivations.push_back({parent, derived, function});
        }

        // What an attempt or a clean-up is given is derived from the first
        // argument.
        void look_at_function(LambdaExpr const& l)
        {
            std::size_t n = 0;
            auto const* const c = dyn_cast_or_null<CallExpr>(user(n));
            auto const* const f = l.getCallOperator();
            if (!c || f->getNumParams() != 1 || c->getNumArgs() == 0
                || !is_context(f->getParamDecl(0)->getType())
                || f->getParamDecl(0)->hasAttr<UnusedAttr>())
                return;
            auto const name = callee_name(*c);
            if (name == "retry" || name == "hedge" || name == "with_clean_up")
                add(*c, f->getParamDecl(0), f);
        }

        bool is_visible(derivation const& d) const
        {
            for (auto const& h : contexts())
                if (h.variable == d.derived)
                    return true;
            return false;
        }

        // Whether what is visited becomes the context of an operation.
        bool binds() const
        {
            std::size_t n = 0;
            auto const* s = user(n);
            if (auto const* const m = dyn_cast_or_null<MemberExpr>(s))
                return m->getMemberDecl()->getNameAsString() == "async_wait";
            auto const* const c = dyn_cast_or_null<CallExpr>(s);
            if (!c)
                return false;
            auto const f = callee_name(*c);
            return f == "bind_context" || f == "detach_on_cancel"
                || f == "with_task_group" || f == "with_clean_up"
                || f == "retry" || f == "hedge"
                || f.compare(0, 6, "async_") == 0
                || class_of(c->getType()) == "boost::asio::awaitable";
        }
    };
};

} // namespace

void add_parent_instead_of_derived(factories& f)
{
    f.registerCheck<parent_instead_of_derived>(
        "asioctx-parent-instead-of-derived");
}

} // namespace asioctx_tidy
