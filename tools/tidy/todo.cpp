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

class todo_check : public rule
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
        explicit walker(todo_check& c) : check_(c)
        {
        }

        void visit(Stmt const& s) override
        {
            if (auto const* const c = dyn_cast<CallExpr>(&s);
                c && calls_library(*c, "todo"))
                check_.warn(
                    c->getBeginLoc(),
                    "todo() stands for a context that is yet to be passed");
        }

    private:
        todo_check& check_;
    };
};

} // namespace

void add_todo(factories& f)
{
    f.registerCheck<todo_check>("asioctx-todo");
}

} // namespace asioctx_tidy
