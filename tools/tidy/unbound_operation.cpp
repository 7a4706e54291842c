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
            if (!v || is_bound_outside() || is_bound_later(*c))
                return;
            check_.warn(
                c->getExprLoc(),
                "'" + name + "' is not bound to a context, though '"
                    + v->getNameAsString() + "' is at hand");
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
        // is in is bound as a whole: it is given to a task group, or to co_spawn
        // with a bound token.
        bool is_bound_outside() const
        {
            std::size_t n = 0;
            for (; auto const* const e = dyn_cast_or_null<Expr>(above(n)); ++n)
            {
                if (isa<LambdaExpr, CoawaitExpr, DependentCoawaitExpr>(e))
                    break;
                if (carries_context(e))
                    return true;
            }
            bool is_argument = false;
            for (; auto const* const s = above(n); ++n)
            {
                if (isa<LambdaExpr>(s))
                    is_argument = true;
                else if (!isa<Expr>(s))
                    is_argument = false;
                else if (auto const* const c = dyn_cast<CallExpr>(s);
                         c && is_argument && spawns(*c) && carries_context(c))
                    return true;
            }
            return false;
        }

        static bool spawns(CallExpr const& c)
        {
            auto const n = callee_name(c);
            return n == "spawn" || n == "try_spawn" || n == "async_spawn"
                || n == "co_spawn";
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
