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

class todo_check : public walking_rule<todo_check>
{
public:
    using walking_rule::walking_rule;

private:
    friend walking_rule;

    class walker : public walker_of<todo_check>
    {
    public:
        using walker_of::walker_of;

        void visit(Stmt const& s) override
        {
            if (auto const* const c = dyn_cast<CallExpr>(&s);
                c && calls_library(*c, "todo"))
                check_.warn(
                    c->getBeginLoc(),
                    "todo() stands for a context that is yet to be passed");
        }
    };
};

} // namespace

void add_todo(factories& f)
{
    f.registerCheck<todo_check>("asioctx-todo");
}

} // namespace asioctx_tidy
