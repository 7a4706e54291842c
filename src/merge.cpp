//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/merge.hpp>

#include <asioctx/detail/node.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace asioctx {
namespace {

using detail::context_access;
using detail::node;
using detail::node_ptr;
using detail::scope;

class merged_scope;

// Waits in the list of one of the other scopes.
class link final : public detail::hook
{
public:
    link(merged_scope& target, node_ptr other) noexcept
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
            unlink();
        s.unlock(state);
        release();
    }

    void notify() noexcept override;

private:
    void destroy() noexcept override
    {
        delete this;
    }

    void cancel_target() noexcept;

    // Guarded by the other scope's lock, as the membership in its list is.
    merged_scope* target_;
    node_ptr const other_;

    // The next link whose target this thread has to cancel.
    link* next_ = nullptr;
};

class merged_scope final : public scope
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

// The links that this thread is to follow once it has followed the present one.
thread_local link** end_of_queue = nullptr;

void link::cancel_target() noexcept
{
    scope& s = other();
    auto const state = s.lock();
    node_ptr const target(
        target_ && detail::try_add_ref(*target_) ? target_ : nullptr);
    s.unlock(state);
    if (target.get())
        target.get_scope()->cancel(s.why, true);
}

// Canceling the target may notify further links: those are put into a queue, so
// that a long chain of merged contexts needs no stack.
void link::notify() noexcept
{
    if (end_of_queue)
    {
        *end_of_queue = this;
        end_of_queue = &next_;
        return;
    }
    link* first = this;
    end_of_queue = &next_;
    for (link* l = first; l;)
    {
        l->cancel_target();
        // Only now: the queue may have grown.
        link* const done = l;
        l = l->next_;
        if (!l)
            end_of_queue = nullptr;
        done->release();
    }
}

} // namespace

context merge(context const& parent, std::initializer_list<context> others)
{
    auto n = detail::make_node<merged_scope>(context_access::get(parent));
    auto& m = static_cast<merged_scope&>(*n.get());
    m.why.at = {};
    m.links.reserve(others.size());
    for (auto const& c : others)
    {
        auto const& other = context_access::get(c);
        auto* const s = other.get_scope();
        if (!s || s->kind == scope::behavior::permanent)
            continue;
        m.deadline = std::min(m.deadline, s->deadline);
        m.links.push_back(new link(m, other));
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
