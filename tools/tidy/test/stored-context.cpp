// RUN: %check_clang_tidy %s asioctx-stored-context %t -- -config="{CheckOptions: [{key: asioctx-stored-context.AllowedClasses, value: '.*_fixture'}]}"

#include "common.hpp"

//
// Bad
//

struct session
{
    asioctx::context ctx;
    // CHECK-MESSAGES: :[[@LINE-1]]:22: warning: 'session' stores a context; pass it to the functions that need it [asioctx-stored-context]
};

class connection
{
public:
    explicit connection(asioctx::context const& ctx) : ctx_(ctx)
    {
    }

private:
    asioctx::context const& ctx_;
    // CHECK-MESSAGES: :[[@LINE-1]]:29: warning: 'connection' stores a context
};

struct by_pointer
{
    asioctx::context const* ctx;
    // CHECK-MESSAGES: :[[@LINE-1]]:29: warning: 'by_pointer' stores a context
};

struct optional
{
    std::optional<asioctx::context> ctx;
    // CHECK-MESSAGES: :[[@LINE-1]]:37: warning: 'optional' stores a context
};

struct many
{
    std::vector<asioctx::context> all;
    // CHECK-MESSAGES: :[[@LINE-1]]:35: warning: 'many' stores a context
};

struct shared
{
    std::shared_ptr<asioctx::context const> ctx;
    // CHECK-MESSAGES: :[[@LINE-1]]:45: warning: 'shared' stores a context
};

template <class Stream>
struct a_template
{
    Stream stream;
    asioctx::context const ctx;
    // CHECK-MESSAGES: :[[@LINE-1]]:28: warning: 'a_template' stores a context
};

void a_local_class()
{
    struct options
    {
        asioctx::context ctx;
        // CHECK-MESSAGES: :[[@LINE-1]]:26: warning: 'options' stores a context
        int retries;
    };
}

//
// Good
//

struct no_context
{
    int n;
    std::optional<std::string> text;
};

// What owns the source has made the context itself.
struct with_both
{
    asioctx::cancelable life;
};

struct with_source
{
    asioctx::context ctx;
    asioctx::cancel_source cancel;
};

struct with_idle_source
{
    asioctx::idle_source idle;
    asioctx::context ctx;
};

struct with_group
{
    asioctx::task_group group;
};

// The state of a composed operation.
struct composed
{
    template <class Self>
    void operator()(Self& self, error_code ec = {})
    {
        self.complete(ec);
    }

    asioctx::context ctx;
};

struct handler
{
    void operator()(error_code) const
    {
    }

    asioctx::context ctx;
};

class token
{
public:
    asioctx::context get_context() const noexcept
    {
        return ctx_;
    }

private:
    asioctx::context ctx_;
};

// A capture is no member.
auto in_a_lambda(asioctx::context ctx)
{
    return [ctx] { return ctx.done(); };
}

struct io_fixture
{
    asioctx::context root;
};

struct function
{
    asioctx::context (*derive)(asioctx::context const&);
};

struct static_member
{
    static inline asioctx::context const root = asioctx::background();
};

struct a_key
{
    static constexpr asioctx::context_key<int> key;
};

struct user
{
    void use(asioctx::context const& ctx);
    with_both owner;
};

// Only what is under std is looked into: this is a pointer to an operation.
template <class T>
struct box
{
    T* what;
};

struct boxed
{
    box<composed> state;
};

// What looks at a context is not bound to it.
struct watched
{
    asioctx::stuck_reporter reporter;
    asioctx::flight_recorder recorder;
    asioctx::context_snapshot seen;
    asioctx::retry_policy policy;
    asioctx::retry_report report;
};
