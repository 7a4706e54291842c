//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include "check.hpp"
#include "checks.hpp"

#include <clang/Lex/Lexer.h>

#include <map>
#include <set>

namespace asioctx_tidy {

using namespace clang;

namespace {

class dead_context : public walking_rule<dead_context>
{
public:
    using walking_rule::walking_rule;

    void on_function(FunctionDecl const& f) override
    {
        walker w(*this);
        w.walk_function(f);
        for (auto const& e : w.events)
            if (w.escaped.count(e.source) == 0)
                warn(e.at, e.text);
    }

private:
    friend walking_rule;

    // A context that is used where its source has gone, unless the source is
    // passed on.
    struct event
    {
        ValueDecl const* source;
        SourceLocation at;
        std::string text;
    };

    // Where a context and its source come from a variable of the function.
    struct derived
    {
        ValueDecl const* source;
        FunctionDecl const* function;
        CompoundStmt const* scope;
    };

    class walker : public walker_of<dead_context>
    {
    public:
        using walker_of::walker_of;

        std::vector<event> events;
        std::set<ValueDecl const*> escaped;

        void declared(VarDecl const& v) override
        {
            if (v.isStaticLocal() || v.getType()->isReferenceType()
                || !is_cancelable(v.getType()))
                return;
            derived d{&v, function(), scope()};
            if (auto const* const b = dyn_cast<DecompositionDecl>(&v))
            {
                if (b->bindings().size() != 2)
                    return;
                d.source = b->bindings()[1];
                contexts_[b->bindings()[0]] = d;
                sources_.insert(d.source);
            }
            else
                contexts_[&v] = d;
        }

        void visit(Stmt const& s) override
        {
            if (auto const* const m = dyn_cast<MemberExpr>(&s);
                m && is_ctx_of_temporary(*m) && outlives_expression())
                check_.report(*m, variable());
            if (auto const* const r = dyn_cast<DeclRefExpr>(&s))
                look_at_use(*r);
            if (auto const* const c = dyn_cast<CompoundStmt>(&s))
                look_at_end(*c);
        }

    private:
        CompoundStmt const* scope() const
        {
            for (std::size_t n = 0; auto const* const s = above(n); ++n)
                if (auto const* const c = dyn_cast<CompoundStmt>(s))
                    return c;
            return nullptr;
        }

        static bool is_temporary(Expr const* e)
        {
            // Not IgnoreParenImpCasts(), which takes off the temporary as well.
            e = e->IgnoreParens();
            while (auto const* const i = dyn_cast<ImplicitCastExpr>(e))
                e = i->getSubExpr()->IgnoreParens();
            if (auto const* const m = dyn_cast<MaterializeTemporaryExpr>(e))
                return !m->getExtendingDecl();
            // value() and * of a temporary boost::system::result
            if (auto const* const c = dyn_cast<CXXMemberCallExpr>(e))
                return callee_name(*c) == "value"
                    && is_temporary(c->getImplicitObjectArgument());
            if (auto const* const c = dyn_cast<CXXOperatorCallExpr>(e))
                return c->getOperator() == OO_Star && c->getNumArgs() == 1
                    && is_temporary(c->getArg(0));
            return e->isPRValue();
        }

        static bool is_ctx_of_temporary(MemberExpr const& m)
        {
            return !m.isArrow() && is_cancelable(m.getBase()->getType())
                && is_context(m.getType()) && is_temporary(m.getBase());
        }

        // Whether the value of what is visited is used after the full
        // expression. It is not if that waits: then the temporary lives.
        bool outlives_expression() const
        {
            for (std::size_t n = 0;; ++n)
            {
                auto const* const e = dyn_cast_or_null<Expr>(above(n));
                if (!e || isa<LambdaExpr>(e))
                    break;
                if (isa<CoawaitExpr, DependentCoawaitExpr, CoyieldExpr>(e))
                    return false;
                if (auto const* const c = dyn_cast<CXXMemberCallExpr>(e))
                    if (auto const f = callee_name(*c);
                        f == "get" || f == "wait")
                        return false;
            }
            for (std::size_t n = 0;; ++n)
            {
                auto const* const u = user(n);
                if (!u
                    || isa<DeclStmt, ReturnStmt, CoreturnStmt, LambdaExpr>(u))
                    return true;
                if (isa<ConditionalOperator, InitListExpr>(u))
                    continue;
                if (auto const* const m = dyn_cast<MemberExpr>(u))
                    return m->getMemberDecl()->getNameAsString()
                        == "async_wait";
                if (auto const* const o = dyn_cast<CXXOperatorCallExpr>(u))
                    return o->getOperator() == OO_Equal;
                if (auto const* const c = dyn_cast<CallExpr>(u))
                    return keeps(*c);
                if (auto const* const c = dyn_cast<CXXConstructExpr>(u))
                    return keeps_contexts(c->getType());
                return false;
            }
        }

        // Whether an object of a class has a context when it is made from one.
        static bool keeps_contexts(QualType t)
        {
            if (carries_context(t))
                return true;
            auto const* const c = t->getAsCXXRecordDecl();
            if (c && c->hasDefinition())
                for (auto const* f : c->fields())
                    if (is_context(f->getType()))
                        return true;
            return false;
        }

        static bool keeps(CallExpr const& c)
        {
            auto const t = class_of(c.getType());
            return starts(c) || t == "boost::asio::awaitable"
                || carries_context(c.getType());
        }

        // The variable that what is visited is the whole initializer of.
        VarDecl const* variable() const
        {
            std::size_t n = 0;
            auto const* const d = dyn_cast_or_null<DeclStmt>(user(n));
            return d && d->isSingleDecl()
                ? dyn_cast<VarDecl>(d->getSingleDecl())
                : nullptr;
        }

        void look_at_use(DeclRefExpr const& r)
        {
            auto const* const v = r.getDecl();
            if (sources_.count(v) != 0 && passes_on(0))
                escaped.insert(v);
            auto const i = contexts_.find(v);
            if (i == contexts_.end())
                return;
            auto const& d = i->second;
            std::size_t n = 0;
            if (d.source == v)
            {
                // A variable with both: its parts are used alone, or it
                // escapes.
                auto const* const m = dyn_cast_or_null<MemberExpr>(user(n));
                if (!m || n != 0)
                {
                    escaped.insert(v);
                    return;
                }
                if (is_source(m->getType()) && passes_on(1))
                    escaped.insert(v);
                if (!is_context(m->getType()))
                    return;
                n = 1;
            }
            look_at_value(d, r, n);
        }

        // n: what is around the context's name.
        void look_at_value(
            derived const& d, DeclRefExpr const& r, std::size_t n)
        {
            auto const* const u = user(n);
            if (!u || function() != d.function)
                return;
            auto const source = "'" + d.source->getNameAsString() + "'";
            if (isa<ReturnStmt, CoreturnStmt>(u))
                events.push_back(
                    {d.source,
                     r.getBeginLoc(),
                     "the context that is returned is canceled as " + source
                         + " goes with this function"});
            auto const* const o = dyn_cast<CXXOperatorCallExpr>(u);
            if (o && o->getOperator() == OO_Equal
                && is_context(o->getArg(0)->getType())
                && outlives(named(o->getArg(0)), d))
                events.push_back(
                    {d.source,
                     r.getBeginLoc(),
                     "the context that is assigned is canceled as " + source
                         + " goes at the end of its scope"});
        }

        // Whether a variable goes on when the scope of a source has ended.
        bool outlives(ValueDecl const* v, derived const& d) const
        {
            if (!v || !d.scope)
                return false;
            if (isa<FieldDecl>(v))
                return true;
            auto const& m = check_.sources();
            bool const before = m.isBeforeInTranslationUnit(
                v->getLocation(), d.scope->getBeginLoc());
            if (!before)
                return false;
            // A parameter by value goes when the function's own scope does.
            return !isa<ParmVarDecl>(v) || v->getType()->isReferenceType()
                || d.scope != body_of(*d.function);
        }

        static Stmt const* body_of(FunctionDecl const& f)
        {
            auto const* const b = f.getBody();
            if (auto const* const c = dyn_cast_or_null<CoroutineBodyStmt>(b))
                return c->getBody();
            return b;
        }

        // Whether a source is given to somebody else: all but calls of its own
        // functions. n: what is around its name.
        bool passes_on(std::size_t n) const
        {
            auto const* const s = above(n);
            auto const* e = dyn_cast_or_null<Expr>(s);
            while (e && isa<ImplicitCastExpr, ParenExpr>(e))
                e = dyn_cast_or_null<Expr>(above(++n));
            if (auto const* const o = dyn_cast_or_null<CXXOperatorCallExpr>(e))
                return o->getOperator() != OO_Call;
            auto const* const m = dyn_cast_or_null<MemberExpr>(e);
            return !m || m->getMemberDecl()->getNameAsString() == "detach";
        }

        // { auto [ctx, cancel] = ...; timer.async_wait(bind_context(ctx, f)); }
        void look_at_end(CompoundStmt const& c)
        {
            auto const* const last = c.body_empty() ? nullptr : c.body_back();
            auto const* const call = started(dyn_cast_or_null<Expr>(last));
            if (!call)
                return;
            for (auto const* s : c.body())
                if (auto const* const d = dyn_cast<DeclStmt>(s))
                    for (auto const* i : d->decls())
                        look_at_end(*call, dyn_cast<VarDecl>(i));
        }

        void look_at_end(CallExpr const& call, VarDecl const* v)
        {
            if (!v || !is_cancelable(v->getType())
                || v->getType()->isReferenceType() || v->isStaticLocal())
                return;
            ValueDecl const* context = v;
            ValueDecl const* source = v;
            if (auto const* const b = dyn_cast<DecompositionDecl>(v);
                b && b->bindings().size() == 2)
            {
                context = b->bindings()[0];
                source = b->bindings()[1];
            }
            if (!mentions(&call, *context))
                return;
            events.push_back(
                {source,
                 call.getBeginLoc(),
                 "what is started here is canceled at once, as '"
                     + source->getNameAsString()
                     + "' goes at the end of this scope"});
        }

        // The call that a statement starts an operation with and does not wait.
        static CallExpr const* started(Expr const* e)
        {
            if (!e)
                return nullptr;
            auto const* const c = dyn_cast<CallExpr>(stripped(e));
            if (!c)
                return nullptr;
            return starts(*c) ? c : nullptr;
        }

        static bool starts(CallExpr const& c)
        {
            auto const f = callee_name(c);
            return f == "co_spawn" || f == "spawn" || f == "after_func"
                || f == "retry" || f == "hedge"
                || f.compare(0, 6, "async_") == 0;
        }

        static bool mentions(Stmt const* s, ValueDecl const& v)
        {
            if (!s || isa<LambdaExpr>(s))
                return false;
            if (auto const* const r = dyn_cast<DeclRefExpr>(s))
                return r->getDecl() == &v;
            for (auto const* child : s->children())
                if (mentions(child, v))
                    return true;
            return false;
        }

        std::map<ValueDecl const*, derived> contexts_;
        std::set<ValueDecl const*> sources_;
    };

    void report(MemberExpr const& m, VarDecl const* v)
    {
        auto d = warn(
            m.getMemberLoc(),
            "the context is canceled at the end of this expression, with the "
            "temporary that it is taken from; keep its source");
        // auto ctx = f().ctx; becomes auto [ctx, cancel_ctx] = f();
        if (!v || !v->isLocalVarDecl() || v->isStaticLocal()
            || v->getType()->isReferenceType() || v->isConstexpr()
            || !is_plain(v->getSourceRange())
            || v->getInit()->getEndLoc() != m.getMemberLoc())
            return;
        auto const name = v->getNameAsString();
        d << FixItHint::CreateReplacement(
            SourceRange(v->getBeginLoc(), v->getLocation()),
            std::string("auto ")
                + (v->getType().isConstQualified() ? "const " : "") + "[" + name
                + ", cancel_" + name + "]")
          << FixItHint::CreateRemoval(
                 SourceRange(m.getOperatorLoc(), m.getMemberLoc()));
    }
};

} // namespace

void add_dead_context(factories& f)
{
    f.registerCheck<dead_context>("asioctx-dead-context");
}

} // namespace asioctx_tidy
