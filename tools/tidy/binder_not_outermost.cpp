//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include "check.hpp"
#include "checks.hpp"

#include <clang/Lex/Lexer.h>

namespace asioctx_tidy {

using namespace clang;

namespace {

class binder_not_outermost : public walking_rule<binder_not_outermost>
{
public:
    binder_not_outermost(StringRef name, tidy::ClangTidyContext* context)
        : walking_rule(name, context),
          adapters_text_(Options.get(
              "Adapters",
              "append;as_tuple;bind_allocator;bind_executor;"
              "bind_immediate_executor;consign;prepend;redirect_error")),
          adapters_(split(adapters_text_))
    {
    }

    void storeOptions(tidy::ClangTidyOptions::OptionMap& options) override
    {
        Options.store(options, "Adapters", adapters_text_);
    }

private:
    friend walking_rule;

    class walker : public walker_of<binder_not_outermost>
    {
    public:
        using walker_of::walker_of;

        void visit(Stmt const& s) override
        {
            auto const* const c = dyn_cast<CallExpr>(&s);
            if (!c || !matches(check_.adapters_, callee_name(*c))
                || calls_library(*c))
                return;
            for (unsigned i = 0; i != c->getNumArgs(); ++i)
                if (is_binder(c->getArg(i)->getType()))
                    return check_.report(*c, i);
        }
    };

    void report(CallExpr const& outer, unsigned i)
    {
        auto const* const arg = outer.getArg(i);
        auto const* const inner = dyn_cast<CallExpr>(stripped(arg));
        auto d = warn(
            outer.getBeginLoc(),
            "'" + callee_name(outer) + "' around '"
                + (inner && !callee_name(*inner).empty() ? callee_name(*inner)
                                                         : "a bound token")
                + "': the binder goes outermost");
        if (!inner || !calls_library(*inner)
            || !is_plain(outer.getSourceRange())
            || !is_plain(inner->getSourceRange()))
            return;
        // The token is the inner call's last argument but for its place.
        auto n = inner->getNumArgs();
        while (n != 0
               && class_of(inner->getArg(n - 1)->getType())
                   == "boost::source_location")
            --n;
        if (n < 2)
            return;
        auto const* const token = inner->getArg(n - 1);
        auto const end_of = [this](SourceLocation l)
        {
            return Lexer::getLocForEndOfToken(
                l, 0, sources(), ast().getLangOpts());
        };
        auto const piece = [this](SourceLocation from, SourceLocation to)
        {
            return Lexer::getSourceText(
                       CharSourceRange::getCharRange(from, to),
                       sources(),
                       ast().getLangOpts())
                .str();
        };
        // outer(a, inner(b, token), c) becomes inner(b, outer(a, token, c)).
        auto const before_token =
            piece(inner->getBeginLoc(), token->getBeginLoc());
        auto const before_inner =
            piece(outer.getBeginLoc(), inner->getBeginLoc());
        auto const after_inner =
            piece(end_of(inner->getEndLoc()), end_of(outer.getEndLoc()));
        d << FixItHint::CreateReplacement(
            outer.getSourceRange(),
            before_token + before_inner + text(token->getSourceRange())
                + after_inner
                + piece(
                    end_of(token->getEndLoc()), end_of(inner->getEndLoc())));
    }

    std::string const adapters_text_;
    std::vector<std::string> const adapters_;
};

} // namespace

void add_binder_not_outermost(factories& f)
{
    f.registerCheck<binder_not_outermost>("asioctx-binder-not-outermost");
}

} // namespace asioctx_tidy
