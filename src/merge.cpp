//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/merge.hpp>

#include <asioctx/detail/scope.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace asioctx {

using detail::context_access;
using detail::node;
using detail::node_ptr;
using detail::scope;

namespace detail {

class merged_scope;

} // namespace detail

using detail::merged_scope;

// Waits in the list of one of the other scopes.
class detail::merge_link final : public counted_hook
{
public:
    merge_link(merged_scope& target, node_ptr other) noexcept
        : target_(&target), other_(std::move(other))
    {
    }

    scope& other() const noexcept
    {
        return *other_.get_scope();
    }

    // Called by the target when it is done, or goes.
    void disconnect() noexcept
    {
        scope& s = other();
        auto const state = s.lock();
        target_ = nullptr;
        bool const linked = list_link<detail::scope_tag>::linked();
        if (linked)
            s.hooks.remove(*this);
        s.unlock(state);
        release();
    }

    void notify(cancellation& c) noexcept override;

private:
    void destroy() noexcept override
    {
        delete this;
    }

    void cancel_target(cancellation& c) noexcept;

    // Guarded by the other scope's lock, as the membership in its list is.
    merged_scope* target_;
    node_ptr const other_;

    // The next one that the cancellation has to follow.
    merge_link* next_ = nullptr;
};

using link = detail::merge_link;

class detail::merged_scope final : public scope
{
public:
    using scope::scope;

    ~merged_scope() override
    {
        for (auto* l : links)
            l->disconnect();
    }

    void describe(std::string& out) const override
    {
        out += ".merge";
    }

    std::vector<link*> links; // a reference each
};

void detail::merge_link::cancel_target(cancellation& c) noexcept
{
    scope& s = other();
    auto const state = s.lock();
    node_ptr const target(
        target_ && detail::try_add_ref(*target_) ? target_ : nullptr);
    s.unlock(state);
    if (target.get())
        target.get_scope()->cancel(s.why, c);
}

// Canceling the target may notify further links: those are put into a queue, so
// that a long chain of merged contexts needs no stack.
void detail::merge_link::notify(cancellation& c) noexcept
{
    if (c.end_of_links)
    {
        *std::exchange(c.end_of_links, &next_) = this;
        return;
    }
    c.end_of_links = &next_;
    for (link* l = this; l;)
    {
        l->cancel_target(c);
        // Only now: the queue may have grown.
        link* const done = l;
        l = l->next_;
        if (!l)
            c.end_of_links = nullptr;
        done->release();
    }
}

namespace {

// Whether the context is done when another scope is, without being told: then
// that is an ancestor, with nothing between them that outlives it.
bool ends_with(node_ptr const& ctx, scope const& other) noexcept
{
    auto const* s = ctx.get_scope();
    while (s && s != &other && s->kind != scope::behavior::permanent
           && s->kind != scope::behavior::graced)
        s = s->parent ? s->parent->nearest_scope : nullptr;
    return s == &other;
}

} // namespace

context merge(context const& parent, std::initializer_list<context> others)
{
    // The scopes that have to be watched.
    std::vector<node_ptr> watched;
    watched.reserve(others.size());
    for (auto const& c : others)
    {
        auto const& other = context_access::get(c);
        auto* const s = other.get_scope();
        auto const is_it = [s](node_ptr const& n)
        {
            return n.get_scope() == s;
        };
        if (s && s->kind != scope::behavior::permanent
            && !ends_with(context_access::get(parent), *s)
            && std::none_of(watched.begin(), watched.end(), is_it))
            watched.push_back(other);
    }
    if (watched.empty())
        return parent;

    auto n = detail::make_node<merged_scope>(context_access::get(parent));
    auto& m = static_cast<merged_scope&>(*n.get());
    m.why.at = {};
    m.links.reserve(watched.size());
    for (auto& other : watched)
    {
        auto const& s = *other.get_scope();
        if (s.deadline < m.deadline)
        {
            m.deadline = s.deadline;
            m.deadline_is_elsewhere =
                s.home != m.home || s.deadline_is_elsewhere;
        }
        m.links.push_back(new link(m, std::move(other)));
    }
    detail::link_or_cancel(m);
    for (auto* l : m.links)
    {
        if (m.done())
            break;
        if (!l->other().add_hook(*l))
            m.cancel(l->other().why, true);
    }
    return context_access::make(std::move(n));
}

} // namespace asioctx
