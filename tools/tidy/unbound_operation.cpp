//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include "check.hpp"
#include "checks.hpp"

#include <algorithm>
#include <set>

namespace asioctx_tidy {

using namespace clang;

namespace {

class unbound_operation : public walking_rule<unbound_operation>
{
public:
    unbound_operation(StringRef name, tidy::ClangTidyContext* context)
        : walking_rule(name, context),
          ignored_text_(Options.get(
              "IgnoredOperations", "async_compose;async_immediate;"
                                   "async_initiate")),
          ignored_(split(ignored_text_)),
          members_(std::string(Options.get("Members", "true")) != "false")
    {
    }

    void storeOptions(tidy::ClangTidyOptions::OptionMap& options) override
    {
        Options.store(options, "IgnoredOperations", ignored_text_);
        Options.store(options, "Members", members_ ? "true" : "false");
    }

private:
    friend walking_rule;

    class walker : public walker_of<unbound_operation>
    {
    public:
        using walker_of::walker_of;

        void visit(Stmt const& s) override
        {
            if (auto const* const r = dyn_cast<DeclRefExpr>(&s);
                r && is_bound_as_part(&s, 0))
                bound_.insert(r->getDecl());
            auto const* const c = dyn_cast<CallExpr>(&s);
            if (!c)
                return;
            auto const name = callee_name(*c);
            if (name.compare(0, 6, "async_") != 0
                || matches(check_.ignored_, name) || calls_library(*c)
                || carries_context(c))
                return;
            // In a template the token may be anything.
            auto const n = c->getNumArgs();
            if (n != 0 && c->getArg(n - 1)->isTypeDependent())
                return;
            auto const* const v = at_hand();
            if (!v || is_bound_outside(*c) || is_bound_later(*c))
                return;
            found_.push_back(
                {c->getExprLoc(),
                 "'" + name + "' is not bound to a context, though '"
                     + v->getNameAsString() + "' is at hand",
                 c->getType()->isVoidType() ? std::vector<ValueDecl const*>()
                                            : lambdas()});
        }

        void done() override
        {
            for (auto const& f : found_)
                if (std::none_of(
                        f.lambdas.begin(),
                        f.lambdas.end(),
                        [&](auto const* v) { return bound_.count(v) != 0; }))
                    check_.warn(f.at, f.text);
        }

    private:
        ValueDecl const* at_hand() const
        {
            for (auto i = contexts().size(); i-- != 0;)
                if (contexts()[i].can_end)
                    return contexts()[i].variable;
            auto const* const m =
                dyn_cast_or_null<CXXMethodDecl>(outermost());
            if (!check_.members_ || !m || m->isStatic())
                return nullptr;
            for (auto const* f : m->getParent()->fields())
                if (is_context(f->getType()) || is_cancelable(f->getType()))
                    return f;
            return nullptr;
        }

        // Whether an expression around this one binds it, or the lambda that it
        // is in is bound as a whole.
        bool is_bound_outside(CallExpr const& c) const
        {
            for (std::size_t n = 0;
                 auto const* const e = dyn_cast_or_null<Expr>(above(n));
                 ++n)
            {
                if (isa<LambdaExpr, CoawaitExpr, DependentCoawaitExpr>(e))
                    break;
                if (carries_context(e))
                    return true;
            }
            // What has a handler of its own is no part of what the lambda does.
            if (c.getType()->isVoidType())
                return false;
            for (std::size_t n = 0; above(n); ++n)
                if (isa<LambdaExpr>(above(n)) && is_bound_as_part(above(n), n + 1))
                    return true;
            return false;
        }

        // Whether a part of what is around it from the n-th on is given to a
        // function that binds all that it does.
        bool is_bound_as_part(Stmt const* part, std::size_t n) const
        {
            for (; auto const* const e = dyn_cast_or_null<Expr>(above(n)); ++n)
            {
                if (isa<LambdaExpr, CoawaitExpr, DependentCoawaitExpr>(e))
                    return false;
                if (auto const* const c = dyn_cast<CallExpr>(e);
                    c && binds(*c, part) && carries_context(c))
                    return true;
                part = e;
            }
            return false;
        }

        // A task group, co_spawn with a bound token, and what has a context for
        // each attempt or for the clean-up bind the functions that they get.
        static bool binds(CallExpr const& c, Stmt const* part)
        {
            auto const n = callee_name(c);
            if (n == "with_clean_up")
                return c.getNumArgs() > 3 && part == c.getArg(3);
            return n == "spawn" || n == "try_spawn" || n == "async_spawn"
                || n == "co_spawn" || n == "retry" || n == "hedge";
        }

        // The variables that the lambdas around this are the values of.
        std::vector<ValueDecl const*> lambdas() const
        {
            std::vector<ValueDecl const*> out;
            for (std::size_t n = 0; above(n); ++n)
            {
                auto const* const l = dyn_cast<LambdaExpr>(above(n));
                if (!l)
                    continue;
                auto at = n + 1;
                auto const* const d = dyn_cast_or_null<DeclStmt>(user(at));
                if (!d)
                    continue;
                for (auto const* i : d->decls())
                    if (auto const* const v = dyn_cast<VarDecl>(i);
                        v && v->getInit() && stripped(v->getInit()) == l)
                        out.push_back(v);
            }
            return out;
        }

        // What was not started here may be bound where it is.
        bool is_bound_later(CallExpr const& c) const
        {
            std::size_t n = 0;
            auto const* const u = user(n);
            auto const type = class_of(c.getType());
            if (type.compare(0, 21, "boost::asio::deferred") == 0)
                for (n = 0;; ++n)
                {
                    auto const* const e = dyn_cast_or_null<Expr>(above(n));
                    if (!e || isa<LambdaExpr>(e))
                        return true;
                    if (isa<CoawaitExpr>(e))
                        return false;
                }
            return type == "boost::asio::awaitable"
                && isa_and_nonnull<DeclStmt>(u);
        }

        struct finding
        {
            SourceLocation at;
            std::string text;
            std::vector<ValueDecl const*> lambdas;
        };

        // A lambda may be bound after its definition.
        std::vector<finding> found_;
        std::set<ValueDecl const*> bound_;
    };

    std::string const ignored_text_;
    std::vector<std::string> const ignored_;
    bool const members_;
};

} // namespace

void add_unbound_operation(factories& f)
{
    f.registerCheck<unbound_operation>("asioctx-unbound-operation");
}

} // namespace asioctx_tidy
