// RUN: %check_clang_tidy %s asioctx-todo %t

#include "common.hpp"

asio::awaitable<void> wait(asioctx::context ctx);

//
// Bad
//

asio::awaitable<void> an_argument()
{
    co_await wait(asioctx::todo());
    // CHECK-MESSAGES: :[[@LINE-1]]:19: warning: todo() stands for a context that is yet to be passed [asioctx-todo]
}

asio::awaitable<void> of_an_execution_context(asio::io_context& ioc)
{
    auto [ctx, cancel] = asioctx::with_timeout(asioctx::todo(ioc), 1s);
    // CHECK-MESSAGES: :[[@LINE-1]]:48: warning: todo() stands for a context
    co_await wait(ctx);
}

asioctx::context const global = asioctx::todo();
// CHECK-MESSAGES: :[[@LINE-1]]:33: warning: todo() stands for a context

struct a_member
{
    asioctx::context ctx = asioctx::todo();
    // CHECK-MESSAGES: :[[@LINE-1]]:28: warning: todo() stands for a context
};

auto const lambda = [] { return wait(asioctx::todo()); };
// CHECK-MESSAGES: :[[@LINE-1]]:38: warning: todo() stands for a context

template <class ExecutionContext>
asio::awaitable<void> in_a_template(ExecutionContext& ec)
{
    co_await wait(asioctx::todo(ec));
    // CHECK-MESSAGES: :[[@LINE-1]]:19: warning: todo() stands for a context
}

using asioctx::todo;

void without_its_namespace()
{
    static_cast<void>(wait(todo()));
    // CHECK-MESSAGES: :[[@LINE-1]]:28: warning: todo() stands for a context
}

asio::awaitable<void> below_it(asio::io_context& ioc)
{
    co_await wait(asioctx::with_name(asioctx::todo(ioc), "job"));
    // CHECK-MESSAGES: :[[@LINE-1]]:38: warning: todo() stands for a context
}

//
// Good
//

asio::awaitable<void> passed(asioctx::context ctx)
{
    co_await wait(ctx);
}

asio::awaitable<void> a_root(asio::io_context& ioc)
{
    co_await wait(asioctx::background(ioc));
    co_await wait(asioctx::background());
}

namespace own {

struct list
{
    int todo() const
    {
        return 1;
    }

    int done = 0;
};

int todo(int n)
{
    return n;
}

} // namespace own

int others(own::list const& l)
{
    return l.todo() + own::todo(1);
}

int a_variable()
{
    int const todo = 1;
    return todo;
}

std::string in_a_string()
{
    return "asioctx::todo()";
}

int in_a_lambda()
{
    auto const todo = [] { return 1; };
    return todo();
}

asio::awaitable<void> an_empty_handle()
{
    co_await wait(asioctx::context());
    co_await wait({});
}

// todo() in a comment
asio::awaitable<void> detached(asioctx::context ctx)
{
    co_await wait(asioctx::without_cancel(ctx));
}

struct job
{
    void (*todo)();
};

void a_member_that_is_called(job const& j)
{
    j.todo();
}

template <class T>
int dependent(T const& t)
{
    return t.todo();
}
