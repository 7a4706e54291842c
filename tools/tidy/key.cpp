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

class key_check : public rule
{
public:
    using rule::rule;

    void on_variable(VarDecl const& v) override
    {
        if (isa<ParmVarDecl>(v) || !is_key(v.getType()))
            return;
        auto const name = "the key '" + v.getNameAsString() + "' ";
        if (v.getTSCSpec() != TSCS_unspecified)
        {
            warn(v.getLocation(), name + "is one for each thread: a key is "
                                         "known by its address");
            return;
        }
        auto const at = v.getBeginLoc();
        // A variable without storage of its own only names another's.
        if (v.isThisDeclarationADefinition() == VarDecl::DeclarationOnly)
            return;
        if (v.hasLocalStorage())
        {
            auto d = warn(
                v.getLocation(),
                name + "goes with its scope, and contexts refer to it by its "
                       "address");
            if (is_plain(v.getSourceRange()) && is_single(v)
                && v.isConstexpr() == false && v.getInit()
                && v.getInit()->isConstantInitializer(ast(), false))
                d << FixItHint::CreateInsertion(
                    at, v.getType().isConstQualified() ? "static "
                                                       : "static const ");
            else if (is_plain(v.getSourceRange()) && v.isConstexpr())
                d << FixItHint::CreateInsertion(at, "static ");
            return;
        }
        if (!v.getType().isConstQualified())
        {
            auto d = warn(v.getLocation(), name + "is not const");
            // const would give it internal linkage where it has none.
            if (is_plain(v.getSourceRange()) && !v.isExternallyVisible()
                && is_single(v))
                d << FixItHint::CreateInsertion(v.getTypeSpecStartLoc(), "const ");
            return;
        }
        if (v.isFileVarDecl() && !v.isStaticDataMember() && !v.isInline()
            && !v.isExternallyVisible() && !isa<VarTemplateDecl>(v)
            && v.getStorageClass() != SC_Static && !v.isInAnonymousNamespace()
            && !sources().isInMainFile(sources().getExpansionLoc(at)))
        {
            auto d = warn(
                v.getLocation(),
                name + "is another one in each file that includes this "
                       "header: it must be inline");
            if (is_plain(v.getSourceRange()))
                d << FixItHint::CreateInsertion(at, "inline ");
        }
    }

    void on_field(FieldDecl const& f) override
    {
        if (is_key(f.getType()))
            warn(
                f.getLocation(),
                "the key '" + f.getNameAsString()
                    + "' goes with the object that it is in, and contexts refer "
                      "to it by its address");
    }

private:
    static bool is_key(QualType t)
    {
        if (t->isReferenceType())
            return false;
        auto const c = class_of(t);
        if (!c.empty())
            return c == "asioctx::context_key" || c == "asioctx::cause_key";
        return false;
    }

    // int a, b; has one type for two names.
    bool is_single(VarDecl const& v) const
    {
        return text(v.getSourceRange()).find(',') == std::string::npos;
    }
};

} // namespace

void add_key(factories& f)
{
    f.registerCheck<key_check>("asioctx-key");
}

} // namespace asioctx_tidy
