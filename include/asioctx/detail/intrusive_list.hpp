//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_DETAIL_INTRUSIVE_LIST_HPP
#define ASIOCTX_DETAIL_INTRUSIVE_LIST_HPP

namespace asioctx::detail {

// A link of a circular list. The tag lets an object be in several lists.
// Invariant: next_ and prev_ are both null (not in a list) or both set.
template <class Tag>
class list_link
{
public:
    list_link() = default;
    list_link(list_link const&) = delete;
    list_link& operator=(list_link const&) = delete;

    bool linked() const noexcept
    {
        return next_ != nullptr;
    }

    void unlink() noexcept
    {
        prev_->next_ = next_;
        next_->prev_ = prev_;
        next_ = prev_ = nullptr;
    }

private:
    template <class T, class U>
    friend class intrusive_list;

    template <class T, class U>
    friend class intrusive_ring;

    list_link* next_ = nullptr;
    list_link* prev_ = nullptr;
};

// A list of objects that somebody else owns.
template <class T, class Tag>
class intrusive_list
{
    using link = list_link<Tag>;

public:
    intrusive_list() noexcept
    {
        end_.next_ = end_.prev_ = &end_;
    }

    bool empty() const noexcept
    {
        return end_.next_ == &end_;
    }

    T& front() noexcept
    {
        return static_cast<T&>(*end_.next_);
    }

    // The object after one of this list, or null.
    T* next(T& object) noexcept
    {
        auto* const l = static_cast<link&>(object).next_;
        return l == &end_ ? nullptr : &static_cast<T&>(*l);
    }

    void push_back(T& object) noexcept
    {
        link& l = object;
        l.next_ = &end_;
        l.prev_ = end_.prev_;
        end_.prev_->next_ = &l;
        end_.prev_ = &l;
    }

    void push_front(T& object) noexcept
    {
        link& l = object;
        l.next_ = end_.next_;
        l.prev_ = &end_;
        end_.next_->prev_ = &l;
        end_.next_ = &l;
    }

    T& pop_front() noexcept
    {
        T& object = front();
        static_cast<link&>(object).unlink();
        return object;
    }

    T& pop_back() noexcept
    {
        T& object = static_cast<T&>(*end_.prev_);
        static_cast<link&>(object).unlink();
        return object;
    }

    // Moves all of the other list's objects to the end of this one.
    void splice(intrusive_list& other) noexcept
    {
        splice_before(end_, other);
    }

    // Moves all of the other list's objects to after one of this list.
    void splice_after(T& object, intrusive_list& other) noexcept
    {
        splice_before(*static_cast<link&>(object).next_, other);
    }

    // Calls f(object) for each object, in order, until f returns false.
    template <class F>
    void for_each_while(F f) noexcept
    {
        for (link* l = end_.next_; l != &end_; l = l->next_)
            if (!f(static_cast<T&>(*l)))
                return;
    }

private:
    static void splice_before(link& next, intrusive_list& other) noexcept
    {
        if (other.empty())
            return;
        other.end_.next_->prev_ = next.prev_;
        other.end_.prev_->next_ = &next;
        next.prev_->next_ = other.end_.next_;
        next.prev_ = other.end_.prev_;
        other.end_.next_ = other.end_.prev_ = &other.end_;
    }

    link end_;
};

// The same in half the room: what leaves it has to be told which one it leaves.
template <class T, class Tag>
class intrusive_ring
{
    using link = list_link<Tag>;

public:
    bool empty() const noexcept
    {
        return first_ == nullptr;
    }

    T& front() noexcept
    {
        return static_cast<T&>(*first_);
    }

    // The object after one of this ring, or null.
    T* next(T& object) noexcept
    {
        auto* const l = static_cast<link&>(object).next_;
        return l == first_ ? nullptr : &static_cast<T&>(*l);
    }

    void push_back(T& object) noexcept
    {
        link& l = object;
        if (first_)
        {
            l.next_ = first_;
            l.prev_ = first_->prev_;
            l.prev_->next_ = l.next_->prev_ = &l;
        }
        else
        {
            first_ = l.next_ = l.prev_ = &l;
        }
    }

    // Inserts an object after one of this ring.
    void insert_after(T& position, T& object) noexcept
    {
        link& p = position;
        link& l = object;
        l.next_ = p.next_;
        l.prev_ = &p;
        l.next_->prev_ = p.next_ = &l;
    }

    void remove(T& object) noexcept
    {
        link& l = object;
        if (first_ == &l)
            first_ = l.next_ == &l ? nullptr : l.next_;
        l.unlink();
    }

    T& pop_front() noexcept
    {
        T& object = front();
        remove(object);
        return object;
    }

    // Calls f(object) for each object, in order, until f returns false.
    template <class F>
    void for_each_while(F f) noexcept
    {
        for (T* o = empty() ? nullptr : &front(); o && f(*o); o = next(*o))
        {
        }
    }

private:
    link* first_ = nullptr;
};

} // namespace asioctx::detail

#endif
