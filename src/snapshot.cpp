//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/dump.hpp>

#include <asioctx/detail/coarse_clock.hpp>
#include <asioctx/detail/hook.hpp>
#include <asioctx/detail/root.hpp>
#include <asioctx/detail/timed_scopes.hpp>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace asioctx {

using detail::context_access;
using detail::hook;
using detail::node;
using detail::node_ptr;
using detail::scope;
using detail::scope_base;

namespace {

// How many hooks or children are copied while a lock is held.
constexpr std::size_t at_once = 16;

struct seen_operation
{
    detail::hook_info info;
    hook const* id = nullptr; // to tell apart, not to touch
    node_ptr ctx;             // keeps info.ctx, if it is not the scope
};

// Stays in a list of hooks, between what was copied and what was not.
struct bookmark final : hook
{
    explicit bookmark(scope_base& l) noexcept : lists(l)
    {
    }

    ~bookmark()
    {
        // There was no memory for what was copied.
        auto const state = lists.lock();
        if (linked())
            lists.hooks.remove(*this);
        lists.unlock(state);
    }

    notice claim() noexcept override
    {
        return {nullptr, nullptr, true};
    }

    scope_base& lists;
};

// Copies what is in the lists of a scope, a few at a time. The caller keeps
// them.
//
// A hook that is claimed meanwhile goes to the end of its list, the bookmark as
// well: then what is before it was not met, and all is read once more. A child
// stays in its list, with a reference, unless a walk takes it: then this begins
// anew, too.
class reader
{
public:
    explicit reader(scope_base& lists) noexcept : lists_(lists)
    {
    }

    void read_hooks(std::vector<seen_operation>& out)
    {
        while (!read_hooks_once(out))
        {
        }
    }

    void read_children(std::vector<node_ptr>& out)
    {
        std::unordered_set<node const*> seen;
        scope* last = nullptr; // out has a reference
        for (int tries = 8; tries != 0;)
        {
            std::array<node_ptr, at_once> some;
            std::size_t n = 0;
            bool more;
            {
                auto const state = lists_.lock();
                scope* c = nullptr;
                if (!last)
                    c = lists_.children.empty() ? nullptr
                                                : &lists_.children.front();
                else if (is_listed(*last))
                    c = lists_.children.next(*last);
                else
                    --tries;
                more = last && !is_listed(*last);
                for (; c && n != at_once; c = lists_.children.next(*c))
                    if (detail::try_add_ref(*c))
                        some[n++] = node_ptr(c);
                more = more || c;
                lists_.unlock(state);
            }
            last = n == 0 ? nullptr : some[n - 1].get_scope();
            for (std::size_t i = 0; i != n; ++i)
                if (seen.insert(some[i].get()).second || some[i].get() == last)
                    out.push_back(std::move(some[i]));
            if (!more)
                return;
        }
    }

private:
    // The lock is held.
    static bool is_listed(scope const& s) noexcept
    {
        return s.to_parent.load(std::memory_order_relaxed)
            == scope::tie::listed;
    }

    // False if the bookmark was moved.
    bool read_hooks_once(std::vector<seen_operation>& out)
    {
        bookmark mark(lists_);
        bool was_claimed = false;
        for (bool more = true, first = true; more; first = false)
        {
            std::array<seen_operation, at_once> some;
            std::size_t n = 0;
            bool moved;
            {
                auto const state = lists_.lock();
                hook* h = first
                    ? lists_.hooks.empty() ? nullptr : &lists_.hooks.front()
                    : lists_.hooks.next(mark);
                moved = !first && mark.claimed != was_claimed;
                if (mark.linked())
                    lists_.hooks.remove(mark);
                hook* last = nullptr;
                for (std::size_t met = 0; h && met != at_once && !moved;
                     ++met, last = h, h = lists_.hooks.next(*h))
                {
                    auto& o = some[n];
                    h->tell(o.info);
                    if (!o.info.name)
                        continue;
                    o.id = h;
                    o.ctx = node_ptr(detail::add_ref(o.info.ctx));
                    ++n;
                }
                more = h != nullptr && !moved;
                if (more)
                {
                    mark.claimed = was_claimed = last->claimed;
                    lists_.hooks.insert_after(*last, mark);
                }
                lists_.unlock(state);
            }
            for (auto& o : some)
                if (o.id && seen_.insert(o.id).second)
                    out.push_back(std::move(o));
            if (moved)
                return false;
        }
        return true;
    }

    scope_base& lists_;
    std::unordered_set<hook const*> seen_;
};

// Its part of to_string().
std::string what_of(node const& n)
{
    std::string result;
    n.describe(result);
    if (result.starts_with('.'))
        result.erase(0, 1);
    return result;
}

// When it will be done, as far as is known. The lock is held.
time_point deadline_of(scope const& s) noexcept
{
    if (s.kind != scope::behavior::graced)
        return s.deadline;
    return (std::min)(
        s.deadline,
        time_point(
            duration(static_cast<detail::grace_scope const&>(s).over_at.load(
                std::memory_order_relaxed))));
}

time_point now_precisely(scope const& s) noexcept
{
    return s.home ? s.home->timer.now() : clock_type::now();
}

class taker
{
public:
    context_snapshot take(context const& ctx)
    {
        auto const& from = context_access::get(ctx);
        auto* const s = from.get_scope();
        if (!s)
        {
            context_snapshot::node n;
            n.what = "background";
            result_.contexts.push_back(std::move(n));
            return std::move(result_);
        }
        now_ = detail::coarse_now(s->home);
        held_.push_back(node_ptr(detail::add_ref(s)));
        add(*s, none);
        // Grows meanwhile: a chain of contexts needs no stack.
        for (std::size_t i = 0; i != scopes_.size(); ++i)
            read(*scopes_[i].first, scopes_[i].second);
        return sorted();
    }

private:
    static constexpr auto none = context_snapshot::none;

    struct entry
    {
        context_snapshot::node shown;
        std::vector<context_snapshot::operation> operations;
        std::vector<std::size_t> children;
    };

    // Adds a scope that is kept.
    void add(scope& s, std::size_t parent)
    {
        auto& e = add_entry(s, parent);
        e.what = what_of(s);
        // How much time is left is told apart.
        if (e.what.ends_with(" left)"))
            e.what.erase(e.what.rfind('('));
        auto const state = s.lock();
        auto const made = s.made();
        auto const ended_at = s.ended_at;
        auto const deadline = deadline_of(s);
        s.unlock(state);
        if (made)
            e.made_at = {made.file, made.line, ""};
        if (deadline != detail::no_deadline)
            e.left = (std::max)(deadline - now_precisely(s), duration::zero());
        if ((state & scope::done_bit) != 0)
        {
            auto const& why = s.why;
            auto const error = make_error_code(why.error);
            e.end = context_snapshot::ending{
                error,
                why.cause ? why.cause : error,
                why.at,
                std::nullopt,
                s.inherited};
            if (ended_at != 0)
                e.end->ago = detail::coarse_age(now_, ended_at);
            e.left.reset();
        }
        scopes_.emplace_back(&s, index_.at(&s));
    }

    context_snapshot::node& add_entry(node const& n, std::size_t parent)
    {
        auto const i = entries_.size();
        index_.emplace(&n, i);
        auto& e = entries_.emplace_back();
        e.shown.id = &n;
        e.shown.parent = parent;
        if (parent != none)
            entries_[parent].children.push_back(i);
        return e.shown;
    }

    // The entry of a node below a scope that has one, or of the nearest above
    // it that has something to show.
    std::size_t find(node const& n, scope const& s)
    {
        way_.clear();
        node const* above = &n;
        for (; above != &s && !index_.contains(above); above = above->parent)
            way_.push_back(above);
        auto at = index_.at(above);
        for (; !way_.empty(); way_.pop_back())
        {
            node const& w = *way_.back();
            detail::node_info info;
            w.tell(info);
            if (info.what != detail::node_info::part::nothing)
            {
                auto& e = add_entry(w, at);
                e.what = what_of(w);
                e.is_scope = false;
                if (info.what == detail::node_info::part::name)
                    e.name = std::move(info.text);
                else
                    e.key = std::move(info.key), e.value = std::move(info.text);
                at = entries_.size() - 1;
            }
            else
            {
                index_.emplace(&w, at);
            }
        }
        return at;
    }

    void read(scope& s, std::size_t at)
    {
        read(s, s, at);
        if (detail::is_root(s))
            for (auto& shard : static_cast<detail::root&>(s).shards)
                read(shard, s, at);
    }

    void read(scope_base& lists, scope& s, std::size_t at)
    {
        std::vector<seen_operation> operations;
        reader(lists).read_hooks(operations);
        auto const end = entries_[at].shown.end;
        for (auto& o : operations)
        {
            context_snapshot::operation shown;
            shown.name = o.info.name;
            if (o.info.at)
                shown.bound_at = {o.info.at.file, o.info.at.line, ""};
            shown.age = detail::coarse_age(now_, o.info.since);
            shown.state = o.info.state;
            // One that has begun since was asked at once.
            if (shown.state >= operation_state::on_its_way && end)
                shown.asked =
                    (std::min)(end->ago.value_or(shown.age), shown.age);
            auto const i = o.info.ctx ? find(*o.info.ctx, s) : at;
            entries_[i].operations.push_back(shown);
            // What is shown of a node is told apart by its address.
            if (o.ctx.get() && o.ctx.get() != &s)
                held_.push_back(std::move(o.ctx));
        }
        auto const first = held_.size();
        reader(lists).read_children(held_);
        for (auto i = first; i != held_.size(); ++i)
        {
            auto& c = *held_[i].get_scope();
            if (!index_.contains(&c))
                add(c, find(*c.parent, s));
        }
    }

    // Whether it is one that the library itself has made, for an operation of
    // its own, and has nothing to tell.
    static bool is_internal(context_snapshot::node const& n) noexcept
    {
        return n.parent != none && n.made_at.line() == 0
            && (n.what == "with_cancel" || n.what == "with_deadline");
    }

    // Each entry before those below it.
    context_snapshot sorted()
    {
        std::vector<bool> tells(entries_.size());
        for (auto i = entries_.size(); i-- != 0;)
        {
            auto const& e = entries_[i];
            tells[i] =
                tells[i] || !e.operations.empty() || !is_internal(e.shown);
            if (tells[i] && e.shown.parent != none)
                tells[e.shown.parent] = true;
        }
        std::vector<std::size_t> way{0};
        std::vector<std::size_t> place(entries_.size(), none);
        while (!way.empty())
        {
            auto& e = entries_[way.back()];
            place[way.back()] = result_.contexts.size();
            way.pop_back();
            auto& n = result_.contexts.emplace_back(std::move(e.shown));
            if (n.parent != none)
            {
                n.parent = place[n.parent];
                n.depth = result_.contexts[n.parent].depth + 1;
            }
            n.first_operation = result_.operations.size();
            n.operations = e.operations.size();
            for (auto& o : e.operations)
            {
                o.context = result_.contexts.size() - 1;
                result_.operations.push_back(o);
            }
            for (auto c = e.children.rbegin(); c != e.children.rend(); ++c)
                if (tells[*c])
                    way.push_back(*c);
        }
        return std::move(result_);
    }

    detail::coarse_time now_ = 0;
    std::vector<node_ptr> held_;
    std::vector<std::pair<scope*, std::size_t>> scopes_;
    std::vector<entry> entries_;
    std::unordered_map<node const*, std::size_t> index_;
    std::vector<node const*> way_;
    context_snapshot result_;
};

} // namespace

context_snapshot snapshot(context const& ctx)
{
    return taker().take(ctx);
}

std::size_t context_snapshot::asked() const noexcept
{
    return static_cast<std::size_t>(std::count_if(
        operations.begin(),
        operations.end(),
        [](operation const& o)
        { return o.state >= operation_state::on_its_way; }));
}

} // namespace asioctx
