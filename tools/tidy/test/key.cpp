// RUN: %check_clang_tidy %s asioctx-key %t -- -header-filter=keys

#include "common.hpp"

#include "keys.hpp"

using asioctx::context_key;

//
// Bad
//

context_key<int> not_const("not const");
// CHECK-MESSAGES: :[[@LINE-1]]:18: warning: the key 'not_const' is not const [asioctx-key]

static context_key<int> static_not_const;
// CHECK-MESSAGES: :[[@LINE-1]]:25: warning: the key 'static_not_const' is not const
// CHECK-FIXES: static const context_key<int> static_not_const;

inline context_key<std::string> inline_not_const{"user"};
// CHECK-MESSAGES: :[[@LINE-1]]:33: warning: the key 'inline_not_const' is not const

void local(asioctx::context const& parent)
{
    context_key<int> const key{"local"};
    // CHECK-MESSAGES: :[[@LINE-1]]:28: warning: the key 'key' goes with its scope, and contexts refer to it by its address
    // CHECK-FIXES: static context_key<int> const key{"local"};
    constexpr context_key<int> constant;
    // CHECK-MESSAGES: :[[@LINE-1]]:32: warning: the key 'constant' goes with its scope
    // CHECK-FIXES: static constexpr context_key<int> constant;
    context_key<int> plain;
    // CHECK-MESSAGES: :[[@LINE-1]]:22: warning: the key 'plain' goes with its scope
    auto const ctx = asioctx::with_value(parent, key, 1);
}

void static_local()
{
    static context_key<int> key;
    // CHECK-MESSAGES: :[[@LINE-1]]:29: warning: the key 'key' is not const
    // CHECK-FIXES: static const context_key<int> key;
}

thread_local context_key<int> const for_each_thread;
// CHECK-MESSAGES: :[[@LINE-1]]:37: warning: the key 'for_each_thread' is one for each thread

struct a_member
{
    context_key<int> key;
    // CHECK-MESSAGES: :[[@LINE-1]]:22: warning: the key 'key' goes with the object that it is in
};

asioctx::cause_key cause{"a cause"};
// CHECK-MESSAGES: :[[@LINE-1]]:20: warning: the key 'cause' is not const

auto const in_a_lambda = []
{
    context_key<int> const key;
    // CHECK-MESSAGES: :[[@LINE-1]]:28: warning: the key 'key' goes with its scope
};

//
// Good
//

inline constexpr context_key<std::string> user{"user"};
constexpr context_key<int> request{"request"};
context_key<int> const plain_const;
static context_key<int> const static_const;
inline context_key<int> const inline_const;
extern context_key<int> const only_declared;
constexpr asioctx::cause_key too_slow{"too slow"};

namespace {

constexpr context_key<int> anonymous;

} // namespace

struct holder
{
    static constexpr context_key<int> key;
    static inline context_key<int> const other{"other"};
    static context_key<int> const declared;
};

context_key<int> const holder::declared;

context_key<int> const& own_key()
{
    static context_key<int> const key;
    static constexpr context_key<int> constant;
    static_cast<void>(constant);
    return key;
}

// A reference names a key, and is none.
context_key<int> const& alias = request;

int const* look_up(asioctx::context const& ctx, context_key<int> const& key)
{
    auto const& same = key;
    return ctx.value(same);
}

struct refers
{
    context_key<int> const* key;
};

template <class T>
inline constexpr context_key<T> of_type{"of a type"};

std::string const no_key = "key";
