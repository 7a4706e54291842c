//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// gRPC: a call of its callback API as an operation of Asio's. The deadline of
// the context goes to the server with the call, and so does its cancellation.

#include <asioctx.hpp>
#include <asioctx/grpc.hpp>

#include <boost/asio.hpp>

#include <atomic>
#include <chrono>
#include <exception>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

namespace asio = boost::asio;
using namespace std::chrono_literals;

// The messages do not matter here: no types that protoc has made.
grpc::ByteBuffer no_message()
{
    grpc::Slice const nothing("");
    return {&nothing, 1};
}

//[call
// A stub of protoc's has async()->Method() in place of UnaryCall().
template <asio::completion_token_for<void(grpc::Status)> Token>
auto async_call(
    asioctx::context ctx,
    grpc::GenericStub& stub,
    std::string method,
    Token&& token)
{
    auto const start = [ctx, &stub](auto handler, std::string const& name)
    {
        using handler_type = decltype(handler);
        struct call
        {
            handler_type done;
            asio::executor_work_guard<asio::associated_executor_t<handler_type>>
                work;
            grpc::ByteBuffer request, response;
            grpc::ClientContext client;
            asioctx::grpc_call_binding binding; // goes first
        };
        auto const ex = asio::get_associated_executor(handler);
        std::shared_ptr<call> c(new call{
            std::move(handler),
            asio::make_work_guard(ex),
            no_message(),
            {},
            {},
            {}});
        c->binding = asioctx::bind_grpc_call(ctx, c->client);
        auto& started = *c;
        stub.UnaryCall(
            &started.client,
            name,
            {},
            &started.request,
            &started.response,
            [c = std::move(c)](grpc::Status status) mutable
            {
                // From gRPC's thread to the handler's, where the call goes.
                auto const to = c->work.get_executor();
                asio::post(
                    to,
                    [c = std::move(c), status = std::move(status)]() mutable
                    {
                        auto done = std::move(c->done);
                        c.reset();
                        std::move(done)(std::move(status));
                    });
            });
    };
    return asio::async_initiate<Token, void(grpc::Status)>(
        start, token, std::move(method));
}
//]

std::atomic<int> at_work{0};

//[server
// Answers at once, or when the call's context is done.
class reactor final
    : public asioctx::grpc_reactor<grpc::ServerGenericBidiReactor>
{
public:
    reactor(
        asioctx::context const& parent,
        grpc::GenericCallbackServerContext const& call)
        : grpc_reactor(parent, call)
    {
        ++at_work;
        if (call.method() == "/demo/slow")
            end_ = asioctx::after_func(
                ctx(), [this] { Finish(asioctx::to_grpc_status(ctx())); });
        else
            StartWriteAndFinish(&answer_, {}, grpc::Status::OK);
    }

private:
    void OnDone() override
    {
        --at_work;
        delete this;
    }

    grpc::ByteBuffer answer_ = no_message();
    asioctx::after_func_registration end_;
};

class service final : public grpc::CallbackGenericService
{
public:
    ~service() override
    {
        pool_.join();
    }

private:
    grpc::ServerGenericBidiReactor* CreateReactor(
        grpc::GenericCallbackServerContext* call) override
    {
        return new reactor(asioctx::background(pool_), *call);
    }

    asio::thread_pool pool_{1};
};
//]

//[ask
asio::awaitable<grpc::Status> ask(
    asioctx::context parent,
    asioctx::duration time,
    grpc::GenericStub& stub,
    std::string method)
{
    auto [ctx, cancel] = asioctx::with_timeout(parent, time);
    co_return co_await async_call(ctx, stub, method, asio::use_awaitable);
}
//]

asio::awaitable<void> tell(std::string name, asio::awaitable<grpc::Status> call)
{
    auto const status = co_await std::move(call);
    std::cout << name << ": " << (status.ok() ? "ok" : "failed with ")
              << (status.ok() ? "" : std::to_string(status.error_code()))
              << '\n';
}

asio::awaitable<void> wait_for(asioctx::context ctx, int calls)
{
    while (at_work != calls)
        co_await asioctx::async_sleep(ctx, 10ms);
    std::cout << "the server works on " << calls << '\n';
}

//[group
asio::awaitable<void> serve(asioctx::context root, grpc::GenericStub& stub)
{
    auto [server, stop] = asioctx::with_cancel(root);
    co_await asioctx::with_task_group(
        root,
        [&](asioctx::task_group& calls) -> asio::awaitable<void>
        {
            for (int i = 0; i != 3; ++i)
                calls.spawn(
                    tell("one of 3", ask(server, 60s, stub, "/demo/slow")));
            co_await wait_for(root, 3);
            stop(); // the shutdown
        });
}
//]

asio::awaitable<void> show(asioctx::context root, grpc::GenericStub& stub)
{
    co_await tell("quick", ask(root, 5s, stub, "/demo/quick"));
    co_await tell("slow", ask(root, 200ms, stub, "/demo/slow"));
    co_await wait_for(root, 0);
    co_await tell("quick again", ask(root, 5s, stub, "/demo/quick"));
    co_await serve(root, stub);
    co_await wait_for(root, 0);
}

int main()
{
    service answers;
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(
        "127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterCallbackGenericService(&answers);
    auto const server = builder.BuildAndStart();

    grpc::GenericStub stub(grpc::CreateChannel(
        "127.0.0.1:" + std::to_string(port),
        grpc::InsecureChannelCredentials()));
    asio::io_context ioc;
    asio::co_spawn(
        ioc,
        show(asioctx::background(ioc), stub),
        [](std::exception_ptr e)
        {
            if (e)
                std::rethrow_exception(e);
        });
    ioc.run();
    server->Shutdown(std::chrono::system_clock::now());
}
