//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include "check.hpp"
#include "checks.hpp"

#include <clang/AST/DeclTemplate.h>

namespace asioctx_tidy {

using namespace clang;

namespace {

class stored_context : public rule
{
public:
    stored_context(StringRef name, tidy::ClangTidyContext* context)
        : rule(name, context), allowed_text_(Options.get("AllowedClasses", "")),
          allowed_(split(allowed_text_))
    {
    }

    void storeOptions(tidy::ClangTidyOptions::OptionMap& options) override
    {
        Options.store(options, "AllowedClasses", allowed_text_);
    }

    void on_field(FieldDecl const& f) override
    {
        auto const* const c = dyn_cast<CXXRecordDecl>(f.getParent());
        if (!c || c->isLambda() || !holds_context(f.getType())
            || owns_source(*c) || is_operation(*c)
            || matches(allowed_, name_of(*c)))
            return;
        warn(
            f.getLocation(),
            "'" + c->getNameAsString()
                + "' stores a context; pass it to the "
                  "functions that need it");
    }

private:
    static bool holds_context(QualType t)
    {
        while (t->isPointerType() || t->isReferenceType())
            t = t->getPointeeType();
        if (is_context(t))
            return true;
        // A container, an optional or a smart pointer.
        auto const* const s = dyn_cast_or_null<ClassTemplateSpecializationDecl>(
            t->getAsCXXRecordDecl());
        if (!s || name_of(*s).compare(0, 5, "std::") != 0)
            return false;
        for (auto const& a : s->getTemplateArgs().asArray())
            if (a.getKind() == TemplateArgument::Type
                && holds_context(a.getAsType()))
                return true;
        return false;
    }

    // What holds the source has made the context: it is not a caller's.
    static bool owns_source(CXXRecordDecl const& c)
    {
        for (auto const* f : c.fields())
            if (!f->getType()->isReferenceType()
                && (is_source(f->getType()) || is_cancelable(f->getType())))
                return true;
        return false;
    }

    // A function object is the state of an operation, and goes with it. What
    // has get_context() is a handler or a token.
    static bool is_operation(CXXRecordDecl const& c)
    {
        for (auto const* d : c.decls())
        {
            if (auto const* const t = dyn_cast<FunctionTemplateDecl>(d))
                d = t->getTemplatedDecl();
            auto const* const m = dyn_cast<CXXMethodDecl>(d);
            if (m
                && (m->getOverloadedOperator() == OO_Call
                    || (m->getIdentifier() && m->getName() == "get_context")))
                return true;
        }
        return false;
    }

    std::string const allowed_text_;
    std::vector<std::string> const allowed_;
};

} // namespace

void add_stored_context(factories& f)
{
    f.registerCheck<stored_context>("asioctx-stored-context");
}

} // namespace asioctx_tidy
