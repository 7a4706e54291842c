//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/after_func.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/grpc.hpp>

#include <boost/asio/thread_pool.hpp>
#include <boost/core/lightweight_test.hpp>

#include <chrono>
#include <cstdlib>
#include <future>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

using namespace asioctx;
using namespace std::chrono_literals;

namespace {

// How long something may take that is to happen at once, or the test fails.
constexpr auto patience = 30s;

constexpr auto none = duration::max();

// Calls end when their context is done, or, if their method begins with
// "/echo", at once and with success.
class call final : public grpc_reactor<grpc::ServerGenericBidiReactor>
{
public:
    call(
        context const& parent,
        grpc::GenericCallbackServerContext const& c,
        duration reserve)
        : grpc_reactor(parent, c, reserve),
          echo_(c.method().starts_with("/echo"))
    {
        StartRead(&message_);
    }

private:
    void OnReadDone(bool ok) override
    {
        if (ok && echo_)
            StartWriteAndFinish(&message_, {}, grpc::Status::OK);
        else
            end_ = after_func(ctx(), [this] { Finish(to_grpc_status(ctx())); });
    }

    void OnDone() override
    {
        delete this;
    }

    bool const echo_;
    grpc::ByteBuffer message_;
    after_func_registration end_;
};

// A server and what a client needs.
class server final : grpc::CallbackGenericService
{
    boost::asio::thread_pool pool_{1};

public:
    server()
    {
        grpc::ServerBuilder builder;
        int port = 0;
        builder.AddListeningPort(
            "127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
        builder.RegisterCallbackGenericService(this);
        server_ = builder.BuildAndStart();
        stub = std::make_unique<grpc::GenericStub>(grpc::CreateChannel(
            "127.0.0.1:" + std::to_string(port),
            grpc::InsecureChannelCredentials()));
    }

    ~server() override
    {
        server_->Shutdown(std::chrono::system_clock::now());
        pool_.join();
    }

    // The root of the program's contexts.
    context root()
    {
        return background(pool_);
    }

    // The context that the server makes for a call to a method.
    std::future<context> context_of(std::string const& method)
    {
        std::lock_guard guard(mutex_);
        return contexts_[method].get_future();
    }

    std::unique_ptr<grpc::GenericStub> stub;

    // The parent of the contexts of calls, and the reserve.
    context parent = root();
    duration reserve = 0s;

private:
    grpc::ServerGenericBidiReactor* CreateReactor(
        grpc::GenericCallbackServerContext* c) override
    {
        auto const r = new call(parent, *c, reserve);
        std::lock_guard guard(mutex_);
        contexts_[c->method()].set_value(r->ctx());
        return r;
    }

    std::mutex mutex_;
    std::map<std::string, std::promise<context>> contexts_;
    std::unique_ptr<grpc::Server> server_;
};

template <class T>
T get(std::future<T>& f)
{
    if (f.wait_for(patience) != std::future_status::ready)
    {
        BOOST_ERROR("waited in vain");
        std::exit(boost::report_errors());
    }
    return f.get();
}

void wait_until_done(context const& ctx)
{
    auto const done = std::make_shared<std::promise<void>>();
    auto const r = after_func(ctx, [done] { done->set_value(); });
    auto f = done->get_future();
    get(f);
}

grpc::ByteBuffer one_byte()
{
    grpc::Slice const slice("x");
    return grpc::ByteBuffer(&slice, 1);
}

// A call that a client makes.
class client_call
{
public:
    explicit client_call(server& s) : server_(s)
    {
    }

    // Each call has a method of its own.
    void start(std::string const& kind)
    {
        static int count = 0;
        method_ = kind + "/" + std::to_string(++count);
        server_.stub->UnaryCall(
            &client,
            method_,
            {},
            &request_,
            &response,
            [this](grpc::Status s) { status_.set_value(s.error_code()); });
    }

    // The context that the server has made.
    context server_context()
    {
        auto f = server_.context_of(method_);
        return get(f);
    }

    grpc::StatusCode status()
    {
        auto f = status_.get_future();
        return get(f);
    }

    grpc::ClientContext client;
    grpc::ByteBuffer response;

private:
    server& server_;
    std::string method_;
    grpc::ByteBuffer request_ = one_byte();
    std::promise<grpc::StatusCode> status_;
};

void the_deadline_is_sent_to_the_server(server& s)
{
    auto const limited = with_timeout(s.root(), 1h);
    client_call c(s);
    auto const binding = bind_grpc_call(limited.ctx, c.client);
    c.start("/wait");
    auto const ctx = c.server_context();
    BOOST_TEST(ctx.deadline().has_value());
    BOOST_TEST(ctx.remaining() < 2h); // gRPC rounds up, more coarsely than we
    BOOST_TEST(ctx.remaining() > 50min);
    limited.cancel();
    BOOST_TEST_EQ(c.status(), grpc::StatusCode::CANCELLED);
}

void a_cancellation_ends_the_call_on_both_sides(server& s)
{
    auto const canceled = with_cancel(s.root());
    client_call c(s);
    auto const binding = bind_grpc_call(canceled.ctx, c.client);
    c.start("/wait");
    auto const ctx = c.server_context();
    BOOST_TEST(!ctx.deadline());
    BOOST_TEST(!ctx.done());
    canceled.cancel();
    BOOST_TEST_EQ(c.status(), grpc::StatusCode::CANCELLED);
    wait_until_done(ctx);
    BOOST_TEST(ctx.error() == errc::canceled);
}

void a_deadline_ends_the_call_on_both_sides(server& s)
{
    for (int i = 0; i != 5; ++i)
    {
        auto const limited = with_timeout(s.root(), 50ms);
        client_call c(s);
        auto const binding = bind_grpc_call(limited.ctx, c.client);
        c.start("/wait");
        BOOST_TEST_EQ(c.status(), grpc::StatusCode::DEADLINE_EXCEEDED);
    }
}

void an_idle_timeout_cancels_the_call(server& s)
{
    auto const limited = with_timeout(s.root(), 1h);
    auto const idle = with_idle_timeout(limited.ctx, 10ms);
    client_call c(s);
    auto const binding = bind_grpc_call(idle.ctx, c.client);
    c.start("/wait");
    BOOST_TEST_EQ(c.status(), grpc::StatusCode::CANCELLED);
}

void a_context_that_is_done_lets_no_call_begin(server& s)
{
    auto const canceled = with_cancel(s.root());
    canceled.cancel();
    client_call c(s);
    auto const binding = bind_grpc_call(canceled.ctx, c.client);
    c.start("/echo");
    BOOST_TEST_EQ(c.status(), grpc::StatusCode::CANCELLED);

    auto const late = with_timeout(s.root(), 0s);
    client_call d(s);
    auto const binding_of_late = bind_grpc_call(late.ctx, d.client);
    d.start("/echo");
    BOOST_TEST_EQ(d.status(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

void a_call_that_is_left_alone_succeeds(server& s)
{
    auto const limited = with_timeout(s.root(), 1h);
    client_call c(s);
    auto const binding = bind_grpc_call(limited.ctx, c.client);
    c.start("/echo");
    BOOST_TEST_EQ(c.status(), grpc::StatusCode::OK);
    BOOST_TEST_EQ(c.response.Length(), 1u);
    wait_until_done(c.server_context()); // the reactor has gone
    limited.cancel();                    // does nothing
}

void the_earlier_deadline_counts(server& s)
{
    auto const limited = with_timeout(s.root(), 2h);
    grpc::ClientContext call;
    call.set_deadline(std::chrono::system_clock::now() + 1h);
    auto const own = bind_grpc_call(limited.ctx, call);
    BOOST_TEST(call.deadline() < std::chrono::system_clock::now() + 61min);

    grpc::ClientContext later;
    later.set_deadline(std::chrono::system_clock::now() + 3h);
    auto const context = bind_grpc_call(limited.ctx, later);
    BOOST_TEST(later.deadline() < std::chrono::system_clock::now() + 121min);
    BOOST_TEST(later.deadline() > std::chrono::system_clock::now() + 119min);
}

void without_a_deadline_the_call_has_none(server& s)
{
    grpc::ClientContext call;
    auto const binding = bind_grpc_call(s.root(), call);
    BOOST_TEST(detail::grpc_time_left(call.raw_deadline()) == none);
}

void a_binding_that_has_gone_leaves_the_call_alone(server& s)
{
    auto const canceled = with_cancel(s.root());
    auto const kept = with_cancel(s.root());
    client_call c(s);
    {
        auto binding = bind_grpc_call(canceled.ctx, c.client);
        auto moved = std::move(binding);
        binding = grpc_call_binding();
    }
    auto binding = bind_grpc_call(canceled.ctx, c.client);
    binding = bind_grpc_call(kept.ctx, c.client);
    canceled.cancel();
    c.start("/echo");
    BOOST_TEST_EQ(c.status(), grpc::StatusCode::OK);
}

void the_servers_parent_ends_the_call(server& s)
{
    auto const stop = with_cancel(s.root());
    s.parent = stop.ctx;
    client_call c(s);
    c.start("/wait");
    BOOST_TEST(!c.server_context().done());
    stop.cancel();
    BOOST_TEST_EQ(c.status(), grpc::StatusCode::CANCELLED);
    s.parent = s.root();
}

void a_reserve_is_subtracted_on_the_server(server& s)
{
    auto const limited = with_timeout(s.root(), 1h);
    s.reserve = 30min;
    client_call c(s);
    auto const binding = bind_grpc_call(limited.ctx, c.client);
    c.start("/echo");
    BOOST_TEST_EQ(c.status(), grpc::StatusCode::OK);
    BOOST_TEST(
        c.server_context().deadline() <= *limited.ctx.deadline() - 20min);

    s.reserve = 2h;
    client_call d(s);
    auto const again = bind_grpc_call(limited.ctx, d.client);
    d.start("/wait");
    BOOST_TEST_EQ(d.status(), grpc::StatusCode::DEADLINE_EXCEEDED);
    s.reserve = 0s;
}

void a_call_may_go_while_it_is_canceled(server& s)
{
    for (int i = 0; i != 200; ++i)
    {
        auto const canceled = with_cancel(s.root());
        client_call c(s);
        auto binding = bind_grpc_call(canceled.ctx, c.client);
        std::thread t([&] { canceled.cancel(); });
        c.start("/echo");
        auto const status = c.status();
        BOOST_TEST(
            status == grpc::StatusCode::OK
            || status == grpc::StatusCode::CANCELLED);
        binding = {};
        t.join();
    }
}

void a_status_stands_for_an_end(server& s)
{
    auto const c = with_cancel(s.root());
    BOOST_TEST(to_grpc_status(c.ctx).ok());
    c.cancel();
    BOOST_TEST_EQ(
        to_grpc_status(c.ctx).error_code(), grpc::StatusCode::CANCELLED);
    BOOST_TEST_EQ(
        to_grpc_status(c.ctx).error_message(), c.ctx.error().message());
    BOOST_TEST_EQ(
        to_grpc_status(with_timeout(s.root(), 0s).ctx).error_code(),
        grpc::StatusCode::DEADLINE_EXCEEDED);
}

} // namespace

int main()
{
    server s;
    a_call_that_is_left_alone_succeeds(s);
    the_deadline_is_sent_to_the_server(s);
    a_cancellation_ends_the_call_on_both_sides(s);
    a_deadline_ends_the_call_on_both_sides(s);
    an_idle_timeout_cancels_the_call(s);
    a_context_that_is_done_lets_no_call_begin(s);
    the_earlier_deadline_counts(s);
    without_a_deadline_the_call_has_none(s);
    a_binding_that_has_gone_leaves_the_call_alone(s);
    the_servers_parent_ends_the_call(s);
    a_reserve_is_subtracted_on_the_server(s);
    a_call_may_go_while_it_is_canceled(s);
    a_status_stands_for_an_end(s);
    return boost::report_errors();
}
