//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TIDY_CHECK_HPP
#define ASIOCTX_TIDY_CHECK_HPP

#include "ast.hpp"

#include <clang-tidy/ClangTidyCheck.h>

#include <string>
#include <vector>

namespace asioctx_tidy {

// A check of what the user has written: headers of the system and of asioctx
// are not looked at, nor are instantiations of templates.
class rule : public clang::tidy::ClangTidyCheck
{
public:
    using ClangTidyCheck::ClangTidyCheck;

    bool isLanguageVersionSupported(
        clang::LangOptions const& language) const override
    {
        return language.CPlusPlus20;
    }

    void registerMatchers(clang::ast_matchers::MatchFinder* finder) override;
    void check(
        clang::ast_matchers::MatchFinder::MatchResult const& result) override;

    // A function that is defined here, but not a lambda: those are part of the
    // body that they are in.
    virtual void on_function(clang::FunctionDecl const&)
    {
    }

    virtual void on_declared_function(clang::FunctionDecl const&)
    {
    }

    // The initializer of a variable that is not local, or of a member.
    virtual void on_initializer(clang::ValueDecl const&, clang::Expr const&)
    {
    }

    virtual void on_variable(clang::VarDecl const&)
    {
    }

    virtual void on_field(clang::FieldDecl const&)
    {
    }

    // Warns at a place once.
    clang::DiagnosticBuilder warn(
        clang::SourceLocation at, llvm::StringRef text)
    {
        return diag(at, text);
    }

    clang::ASTContext& ast() const
    {
        return *ast_;
    }

    clang::SourceManager const& sources() const
    {
        return ast_->getSourceManager();
    }

    // The text of a range of tokens.
    std::string text(clang::SourceRange r) const;

    // Whether a range is written as such, not by a macro.
    static bool is_plain(clang::SourceRange r)
    {
        return r.isValid() && !r.getBegin().isMacroID()
            && !r.getEnd().isMacroID();
    }

private:
    clang::ASTContext* ast_ = nullptr;
};

// A list of an option, separated by semicolons.
std::vector<std::string> split(std::string const& list);

// Whether a name matches one of a list of regular expressions as a whole.
bool matches(std::vector<std::string> const& list, std::string const& name);

// Goes through a function's body, lambdas included, and knows at each place
// where it is and what contexts may be named there.
class body_walker
{
public:
    struct holder
    {
        clang::ValueDecl const* variable;
        bool is_parameter;

        // False for what is never done: a root, or what is below
        // without_cancel().
        bool can_end;
    };

    virtual ~body_walker() = default;

    // Both are public for the sake of the checks, which walk once each.
    void walk_function(clang::FunctionDecl const& f);
    void walk(clang::Stmt const* s);

    // Called when all has been walked through.
    virtual void done()
    {
    }

protected:
    // Called before what is inside.
    virtual void visit(clang::Stmt const&)
    {
    }

    // Called for a variable after its initializer.
    virtual void declared(clang::VarDecl const&)
    {
    }

    // The n-th statement or expression around the present one; null outside of
    // the body.
    clang::Stmt const* above(std::size_t n = 0) const
    {
        return n < path_.size() ? path_[path_.size() - 1 - n] : nullptr;
    }

    std::size_t depth() const
    {
        return path_.size();
    }

    std::vector<holder> const& contexts() const
    {
        return contexts_;
    }

    // The innermost function or lambda.
    clang::FunctionDecl const* function() const
    {
        return functions_.empty() ? nullptr : functions_.back();
    }

    // The outermost one, with what is in it.
    clang::FunctionDecl const* outermost() const
    {
        return functions_.empty() ? nullptr : functions_.front();
    }

    // The first place around the present one that is no mere wrapping of the
    // same value: see stripped().
    clang::Stmt const* user(std::size_t& n) const;

private:
    void walk_lambda(clang::LambdaExpr const& e);
    void add(clang::ValueDecl const& v, clang::Expr const* init);
    void add_parameters(clang::FunctionDecl const& f);
    bool can_end(clang::Expr const& init) const;

    std::vector<clang::Stmt const*> path_;
    std::vector<holder> contexts_;
    std::vector<clang::FunctionDecl const*> functions_;
};

// One that belongs to a check.
template <class Check>
class walker_of : public body_walker
{
public:
    explicit walker_of(Check& c) : check_(c)
    {
    }

protected:
    Check& check_;
};

// A check that has each body walked through by a Check::walker.
template <class Check>
class walking_rule : public rule
{
public:
    using rule::rule;

    void on_function(clang::FunctionDecl const& f) override
    {
        auto w = walker();
        w.walk_function(f);
        w.done();
    }

    void on_initializer(
        clang::ValueDecl const&, clang::Expr const& init) override
    {
        auto w = walker();
        w.walk(&init);
        w.done();
    }

private:
    auto walker()
    {
        return typename Check::walker(static_cast<Check&>(*this));
    }
};

} // namespace asioctx_tidy

#endif
