//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_BAGGAGE_HPP
#define ASIOCTX_BAGGAGE_HPP

#include <asioctx/config.hpp>
#include <asioctx/context_key.hpp>

#include <boost/system/result.hpp>

#include <cstddef>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace asioctx {

/// A member of the list that a `baggage` header is, as it is written there.
struct baggage_member
{
    /// Its name.
    std::string_view key;

    /// Its value, percent-encoded: see decode_baggage().
    std::string_view value;

    /// What is said of it besides, such as @c a;b=c, or nothing.
    std::string_view properties;
};

/// A `baggage` header, as a range of its members.
/**
 * The grammar is that of W3C Baggage. A member that is malformed is left out,
 * as the specification allows. So are those that the specification lets be
 * dropped: what comes after 64 of them, and what does not end within 8192
 * bytes.
 *
 * A key may come more than once, and the order counts.
 *
 * @par Object lifetimes
 * The text outlives the view and all that it has returned.
 *
 * @par Exceptions
 * None. There is no allocation.
 *
 * @par Thread Safety
 * @e Distinct @e objects: Safe.@n
 * @e Shared @e objects: Unsafe.
 *
 * @par Example
 * @code
 * for (auto const& member : baggage_view(header))
 *     log(member.key, member.value);
 * @endcode
 */
class baggage_view
{
public:
    /// The number of members that each platform propagates.
    static constexpr std::size_t max_members = 64;

    /// The size of the text that each platform propagates.
    static constexpr std::size_t max_size = 8192;

    /// A forward iterator over the members.
    class iterator
    {
    public:
        /// It can go over the list any number of times.
        using iterator_concept = std::forward_iterator_tag;

        /// What it is for algorithms that know no concepts.
        using iterator_category = std::input_iterator_tag;

        /// What it iterates over.
        using value_type = baggage_member;

        /// The difference of two, which there is not.
        using difference_type = std::ptrdiff_t;

        /// What it points to.
        using pointer = baggage_member const*;

        /// What it gives: a copy, as the member is in the iterator.
        using reference = baggage_member;

        /// Makes one that has passed the last member.
        iterator() noexcept = default;

        /// The member.
        reference operator*() const noexcept
        {
            return member_;
        }

        /// The member.
        pointer operator->() const noexcept
        {
            return &member_;
        }

        /// Goes on to the next member.
        ASIOCTX_DECL iterator& operator++() noexcept;

        /// Goes on to the next member, and returns where it was.
        iterator operator++(int) noexcept
        {
            auto old = *this;
            ++*this;
            return old;
        }

        /// Tells whether two of one view are at the same member.
        friend bool operator==(iterator const& a, iterator const& b) noexcept
        {
            return a.left_ == b.left_;
        }

        /// Tells whether it has passed the last member.
        friend bool operator==(
            iterator const& i, std::default_sentinel_t) noexcept
        {
            return i.left_ == 0;
        }

    private:
        friend class baggage_view;

        explicit iterator(std::string_view text) noexcept
            : rest_(text), left_(max_members + 1)
        {
            ++*this;
        }

        std::string_view rest_;
        baggage_member member_;
        std::size_t left_ = 0; // members, this included; 0 at the end
    };

    /// Views an empty list.
    baggage_view() noexcept = default;

    /// Views the value of a header.
    ASIOCTX_DECL explicit baggage_view(
        std::string_view text ASIOCTX_LIFETIMEBOUND) noexcept;

    /// Returns the first member.
    iterator begin() const noexcept
    {
        return iterator(text_);
    }

    /// Returns what an iterator is equal to that has passed the last member.
    std::default_sentinel_t end() const noexcept
    {
        return {};
    }

    /// Returns the first member with a key, if there is one.
    ASIOCTX_DECL std::optional<baggage_member> find(
        std::string_view key) const noexcept;

private:
    std::string_view text_;
};

/// Decodes the value of a member.
/**
 * Percent-encoded bytes that are no UTF-8 become U+FFFD, as the specification
 * has it: what is returned is UTF-8.
 *
 * @param value The value, as baggage_view returns it.
 *
 * @param buffer Where the text is written. As many bytes as the value has are
 * always enough.
 *
 * @returns The text, in the buffer.
 *
 * @par Errors
 * Of the generic category: @c invalid_argument if a @c % is not followed by two
 * hexadecimal digits, and @c no_buffer_space.
 *
 * @par Exceptions
 * None. There is no allocation.
 *
 * @par Thread Safety
 * Safe.
 */
ASIOCTX_DECL boost::system::result<std::string_view> decode_baggage(
    std::string_view value, std::span<char> buffer) noexcept;

/// Writes the value of a `baggage` header into a buffer.
/**
 * What is written is well-formed, and within the limits of baggage_view.
 *
 * @par Object lifetimes
 * The buffer outlives the writer and what view() has returned.
 *
 * @par Exceptions
 * None. There is no allocation.
 *
 * @par Thread Safety
 * @e Distinct @e objects: Safe.@n
 * @e Shared @e objects: Unsafe.
 *
 * @par Example
 * @code
 * char buffer[1024];
 * baggage_writer out(buffer);
 * for (auto const& member : baggage_view(received))
 *     if (member.key != "tenant")
 *         out.add(member);
 * out.add("tenant", "Mayer & Sons");
 * @endcode
 */
class baggage_writer
{
public:
    /// Begins an empty list.
    explicit baggage_writer(std::span<char> buffer) noexcept : buffer_(buffer)
    {
    }

    /// Adds a member. The value is any text, and is percent-encoded.
    /**
     * @returns True if the member was added. False if the key is not a token of
     * HTTP, or there is no place: then nothing is changed.
     */
    ASIOCTX_DECL bool add(
        std::string_view key, std::string_view value) noexcept;

    /// Adds a member as another header has it, with its properties.
    /**
     * @returns True if the member was added. False if it is malformed, or there
     * is no place: then nothing is changed.
     */
    ASIOCTX_DECL bool add(baggage_member const& member) noexcept;

    /// Returns what was written.
    std::string_view view() const noexcept ASIOCTX_LIFETIMEBOUND
    {
        return {buffer_.data(), size_};
    }

private:
    bool put(char c) noexcept;
    bool put(std::string_view text) noexcept;
    bool begin_member(std::string_view key) noexcept;
    bool end_member(std::size_t before, bool fits) noexcept;

    std::span<char> buffer_;
    std::size_t size_ = 0;
    std::size_t members_ = 0;
};

/// The `baggage` header of a request, as a value of its context.
/**
 * The value is the header's own text. Several headers of one request are joined
 * by commas, in their order.
 *
 * What is in it was chosen by whoever sent the request, and goes to whoever is
 * asked in turn: do not trust it, and do not send it to strangers.
 */
extern ASIOCTX_DECL context_key<std::string> const baggage_key;

} // namespace asioctx

#endif
