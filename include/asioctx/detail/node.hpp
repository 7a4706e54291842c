//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_NODE_HPP
#define ASIOCTX_DETAIL_NODE_HPP

#include <asioctx/config.hpp>

#include <asioctx/detail/sync.hpp>
#include <asioctx/detail/thread_memory.hpp>

#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <utility>

namespace asioctx::detail {

struct root;
struct scope;
struct value_node;

// What a node tells of itself that is not a scope.
struct node_info
{
    enum class part : unsigned char
    {
        nothing, // that may be shown
        name,
        value,
        todo,
    };

    part what = part::nothing;
    std::string key; // of a value
    std::string text;
};

// A node of the tree of contexts. A handle, and a child, is a reference to it;
// a parent has no reference to its children. Everything here is set before the
// node is shared, and constant from then on.
//
// A scope right below a scope is no reference to that. It is in one of its lists,
// and that keeps it: see scope::tie.
struct node
{
    // The parent may be null: that is background(). The reference to it is
    // added by make_node().
    explicit node(node* parent) noexcept;

    node(node const&) = delete;
    node& operator=(node const&) = delete;

    virtual ~node() = default;

    static void* operator new(std::size_t size)
    {
        return thread_memory::allocate(size);
    }

    static void operator delete(void* p, std::size_t size) noexcept
    {
        thread_memory::deallocate(p, size);
    }

    // For values.
    static void* operator new(std::size_t size, std::align_val_t align)
    {
        return ::operator new(size, align);
    }

    static void operator delete(
        void* p, std::size_t, std::align_val_t align) noexcept
    {
        ::operator delete(p, align);
    }

    // Appends this node's own part of to_string().
    virtual void describe(std::string& out) const = 0;

    // What may be shown of it.
    virtual void tell(node_info&) const
    {
    }

    // The nearest node, this one included, that can be done by itself. Null
    // below background(). It is this node or an ancestor, and so lives.
    scope* nearest_scope = nullptr;

    union
    {
        // The nearest node, this one included, that holds a value, or null.
        value_node* nearest_value = nullptr;

        // Without references: the next node that is to be destroyed.
        node* next_dead;
    };

    node* const parent;

    atomic<std::uint32_t> refs{1};

    // Of a scope, see made().
    std::uint32_t made_line = 0;
};

// Holds one value. Done when its nearest scope is.
struct value_node : node
{
    value_node(node* p, void const* k) noexcept
        : node(p), key(k), next(nearest_value)
    {
        nearest_value = this;
    }

    virtual void const* get() const noexcept = 0;

    void const* const key;
    value_node* const next; // the next one outwards
};

inline node::node(node* p) noexcept : parent(p)
{
    if (p)
    {
        nearest_scope = p->nearest_scope;
        nearest_value = p->nearest_value;
    }
}

inline node* add_ref(node* n) noexcept
{
    if (n)
        n->refs.fetch_add(1, std::memory_order_relaxed);
    return n;
}

// Destroys a node without references, and every node that this leaves without
// references, one after the other: a long chain needs no stack.
ASIOCTX_DECL void destroy(node* n) noexcept;

inline void release(node* n) noexcept
{
    if (n && n->refs.fetch_sub(1, std::memory_order_acq_rel) == 1)
        destroy(n);
}

// A reference to a node; null stands for background().
class node_ptr
{
public:
    constexpr node_ptr() noexcept = default;

    // Takes over a reference.
    explicit node_ptr(node* n) noexcept : node_(n)
    {
    }

    node_ptr(node_ptr const& other) noexcept : node_(add_ref(other.node_))
    {
    }

    node_ptr(node_ptr&& other) noexcept
        : node_(std::exchange(other.node_, nullptr))
    {
    }

    node_ptr& operator=(node_ptr other) noexcept
    {
        std::swap(node_, other.node_);
        return *this;
    }

    ~node_ptr()
    {
        release(node_);
    }

    friend bool operator==(
        node_ptr const&, node_ptr const&) noexcept = default;

    node* get() const noexcept
    {
        return node_;
    }

    // The nearest scope; null if there is none.
    scope* get_scope() const noexcept
    {
        return node_ ? node_->nearest_scope : nullptr;
    }

    // The root that was made from an execution context; null if there is none.
    inline root* get_root() const noexcept;

private:
    node* node_ = nullptr;
};

// Adds a reference to a node that may be losing its last one. The caller holds
// the lock that keeps it from being freed meanwhile.
inline bool try_add_ref(node& n) noexcept
{
    auto refs = n.refs.load(std::memory_order_relaxed);
    while (refs != 0)
        if (n.refs.compare_exchange_weak(
                refs, refs + 1, std::memory_order_relaxed))
            return true;
    return false;
}

} // namespace asioctx::detail

#endif
