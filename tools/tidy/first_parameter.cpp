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

class first_parameter : public rule
{
public:
    first_parameter(StringRef name, tidy::ClangTidyContext* context)
        : rule(name, context),
          allowed_text_(Options.get(
              "AllowedTypesBefore",
              "std::allocator_arg_t;std::source_location;"
              "boost::asio::.*(executor|strand).*;boost::asio::io_context;"
              "boost::asio::thread_pool;boost::asio::execution_context;"
              "Executor;ExecutionContext")),
          allowed_(split(allowed_text_))
    {
    }

    void storeOptions(tidy::ClangTidyOptions::OptionMap& options) override
    {
        Options.store(options, "AllowedTypesBefore", allowed_text_);
    }

    void on_declared_function(FunctionDecl const& f) override
    {
        // Operators and overriders have no choice; a function that is declared
        // again was warned of before.
        if (f.isOverloadedOperator() || f.getCanonicalDecl() != &f)
            return;
        if (auto const* const m = dyn_cast<CXXMethodDecl>(&f);
            m && m->size_overridden_methods() != 0)
            return;
        for (auto const* p : f.parameters())
        {
            auto const t = p->getType();
            if (is_context(t) || refers_to_context(t))
                return;
            if (!is_allowed(t))
                break;
        }
        for (auto const* p : f.parameters())
            if (is_context(p->getType()) || refers_to_context(p->getType()))
            {
                warn(
                    p->getLocation(), "the context is not the first parameter");
                return;
            }
    }

private:
    bool is_allowed(QualType t) const
    {
        // What is no class may be a template's parameter.
        auto const c = class_of(t);
        return matches(
            allowed_,
            c.empty()
                ? t.getNonReferenceType().getUnqualifiedType().getAsString()
                : c);
    }

    std::string const allowed_text_;
    std::vector<std::string> const allowed_;
};

} // namespace

void add_first_parameter(factories& f)
{
    f.registerCheck<first_parameter>("asioctx-first-parameter");
}

} // namespace asioctx_tidy
