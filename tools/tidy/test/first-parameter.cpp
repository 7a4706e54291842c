// RUN: %check_clang_tidy %s asioctx-first-parameter %t -- -config="{CheckOptions: [{key: asioctx-first-parameter.AllowedTypesBefore, value: 'std::allocator_arg_t;boost::asio::.*executor.*;boost::asio::io_context;Executor;allowed'}]}"

#include "common.hpp"

//
// Bad
//

void after_a_number(int n, asioctx::context ctx);
// CHECK-MESSAGES: :[[@LINE-1]]:45: warning: the context is not the first parameter [asioctx-first-parameter]

// Said once.
void after_a_number(int n, asioctx::context ctx)
{
    static_cast<void>(n);
}

asio::awaitable<void> at_the_end(
    tcp::socket& socket, std::string text, asioctx::context const& ctx);
// CHECK-MESSAGES: :[[@LINE-1]]:68: warning: the context is not the first parameter

void by_pointer(int n, asioctx::context const* ctx);
// CHECK-MESSAGES: :[[@LINE-1]]:48: warning: the context is not the first parameter

struct client
{
    client(std::string host, asioctx::context ctx);
    // CHECK-MESSAGES: :[[@LINE-1]]:47: warning: the context is not the first parameter

    virtual void connect(std::string host, asioctx::context ctx) = 0;
    // CHECK-MESSAGES: :[[@LINE-1]]:61: warning: the context is not the first parameter

    static void make(int n, asioctx::context);
    // CHECK-MESSAGES: :[[@LINE-1]]:45: warning: the context is not the first parameter
};

template <class Stream>
void a_template(Stream& stream, asioctx::context const& ctx)
// CHECK-MESSAGES: :[[@LINE-1]]:57: warning: the context is not the first parameter
{
    static_cast<void>(stream);
}

void after_what_is_allowed_and_what_is_not(
    asio::io_context& ioc, int n, asioctx::context ctx);
// CHECK-MESSAGES: :[[@LINE-1]]:52: warning: the context is not the first parameter

//
// Good
//

void first(asioctx::context ctx, int n);
void first_by_reference(asioctx::context const& ctx, std::string text);
void alone(asioctx::context ctx);
void without(int n, std::string text);
void two(asioctx::context root, asioctx::context ctx, int n);
void one_more_elsewhere(
    asioctx::context ctx, int n, asioctx::context const& other);

// Asio's own convention: where it runs comes before what it is.
void after_an_executor(asio::any_io_executor ex, asioctx::context ctx);
void after_an_execution_context(asio::io_context& ioc, asioctx::context ctx);
void after_an_allocator(std::allocator_arg_t, asioctx::context ctx);

template <class Executor>
void after_some_executor(Executor const& ex, asioctx::context const& ctx)
{
    static_cast<void>(ex);
}

struct allowed
{
};

void after_an_allowed_type(allowed const& a, asioctx::context ctx);

struct http_client : client
{
    // It has no choice.
    void connect(std::string host, asioctx::context ctx) override;
};

struct operators
{
    bool operator()(int n, asioctx::context const& ctx) const;
};

std::string& operator<<(std::string& out, asioctx::context const& ctx);

struct session
{
    explicit session(asioctx::context ctx, tcp::socket socket);
    void run(asioctx::context ctx, int n);
};

// The signature of a lambda is the one that it is called with.
auto const lambda = [](int n, asioctx::context ctx)
{ return n != 0 && ctx.done(); };

void a_token(tcp::socket& s, asioctx::context_binder<asio::deferred_t> t);
void a_key(int n, asioctx::context_key<int> const& key);
using signature = void(int, asioctx::context);

template <class Attempt>
void an_attempt(asioctx::context const& ctx, Attempt attempt);

auto const attempt = [](asioctx::context ctx) { return ctx.done(); };
