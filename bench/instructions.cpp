//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//
// What .ci/instructions.sh counts the instructions of:
//
//     asioctx_instructions <what> <count>
//
// does one thing so many times, in measured(). With no arguments it tells what
// there is, and the version of Boost:
//
//     <operation>/<executor>/<completion>/<bare|bound|timeout>
//
// is an operation of Asio's own, as it is, bound to a context, or bound to one
// with a timeout of its own; P3, P4 and P7 are things done to contexts alone. And
//
//     request/any_io_executor/coroutine/<bare|timeout|expires_after>
//
// is an HTTP request that Beast reads and answers, with its client's part.

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/version.hpp>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace http = boost::beast::http;

using asioctx::error_code;

template <class Executor>
struct objects
{
    using timer = asio::basic_waitable_timer<asioctx::clock_type,
        asio::wait_traits<asioctx::clock_type>, Executor>;
    using socket =
        asio::basic_stream_socket<asio::local::stream_protocol, Executor>;

    explicit objects(Executor const& ex) : t(ex), near(ex), far(ex)
    {
        asio::local::connect_pair(near, far);
    }

    timer t;
    socket near;
    socket far;
    char byte = 0;
};

// Each is ready when it is started.

struct wait
{
    template <class Executor, class Token>
    static auto start(objects<Executor>& o, Token&& token)
    {
        o.t.expires_at(asioctx::time_point::min());
        return o.t.async_wait(std::forward<Token>(token));
    }
};

struct read
{
    template <class Executor, class Token>
    static auto start(objects<Executor>& o, Token&& token)
    {
        asio::write(o.far, asio::buffer(&o.byte, 1));
        return o.near.async_read_some(
            asio::buffer(&o.byte, 1), std::forward<Token>(token));
    }
};

struct async_read
{
    template <class Executor, class Token>
    static auto start(objects<Executor>& o, Token&& token)
    {
        asio::write(o.far, asio::buffer(&o.byte, 1));
        return asio::async_read(
            o.near, asio::buffer(&o.byte, 1), std::forward<Token>(token));
    }
};

enum class how
{
    bare,
    bound,
    timeout,
    expires_after
};

// Starts an operation from its predecessor's handler.
template <class Operation, class Executor, how How>
struct start_next
{
    template <class... Results>
    void operator()(Results const&...) const
    {
        if (--*left < 0)
            return;
        if constexpr (How == how::bare)
            Operation::start(*on, *this);
        else if constexpr (How == how::bound)
            Operation::start(*on, asioctx::bind_context(*ctx, *this));
        else
        {
            // The right to cancel lives as long as the operation.
            auto request = asioctx::with_timeout(*ctx, 30s);
            Operation::start(*on,
                asioctx::bind_context(std::move(request.ctx),
                    [next = *this, c = std::move(request.cancel)](
                        auto const&...) { next(); }));
        }
    }

    long* left;
    objects<Executor>* on;
    asioctx::context const* ctx;
};

// The same in a coroutine, which ends before its arguments do: nothing but the
// operations is to be counted.
// NOLINTBEGIN(asioctx-reference-in-coroutine,asioctx-first-parameter)
template <class Operation, class Executor, how How>
asio::awaitable<void, Executor> repeat(
    long& left, objects<Executor>& on, asioctx::context const& ctx)
// NOLINTEND(asioctx-reference-in-coroutine,asioctx-first-parameter)
{
    asio::use_awaitable_t<Executor> const token;
    while (--left >= 0)
        if constexpr (How == how::bare)
            co_await Operation::start(on, token);
        else
            co_await Operation::start(on, asioctx::bind_context(ctx, token));
}

// The loop whose instructions are counted.
extern "C" [[gnu::noinline]] void measured(std::function<void()> const& f)
{
    f();
}

using measurement = std::function<void(
    asio::io_context&, long, asioctx::context const&)>;
using measurements = std::map<std::string, measurement, std::less<>>;

template <class Operation, how How, class MakeExecutor>
void add(measurements& all, std::string const& name, MakeExecutor make)
{
    using executor = std::decay_t<
        decltype(make(std::declval<asio::io_context&>()))>;
    static constexpr char const* hows[] = {"bare", "bound", "timeout"};
    auto const with = [=](auto start)
    {
        return [=](asio::io_context& ioc, long n, asioctx::context const& ctx)
        {
            objects<executor> on(make(ioc));
            start(on, n, ctx);
            measured([&] { ioc.run(); });
        };
    };
    auto const end = std::string("/") + hows[static_cast<int>(How)];
    all[name + "/callback" + end] = with(
        [](auto& on, long& n, asioctx::context const& ctx)
        {
            asio::post(on.t.get_executor(),
                start_next<Operation, executor, How>{&n, &on, &ctx});
        });
    if constexpr (How != how::timeout)
        all[name + "/coroutine" + end] = with(
            [](auto& on, long& n, asioctx::context const& ctx)
            {
                asio::co_spawn(on.t.get_executor(),
                    repeat<Operation, executor, How>(n, on, ctx),
                    asio::detached);
            });
}

template <class Operation>
void add(measurements& all, std::string const& name)
{
    auto const own = [](asio::io_context& ioc) { return ioc.get_executor(); };
    auto const any = [](asio::io_context& ioc)
    { return asio::any_io_executor(ioc.get_executor()); };
    auto const strand = [](asio::io_context& ioc)
    { return asio::make_strand(ioc); };
    add<Operation, how::bare>(all, name + "/io_context", own);
    add<Operation, how::bound>(all, name + "/io_context", own);
    add<Operation, how::bare>(all, name + "/any_io_executor", any);
    add<Operation, how::bound>(all, name + "/any_io_executor", any);
    add<Operation, how::bare>(all, name + "/strand", strand);
    add<Operation, how::bound>(all, name + "/strand", strand);
}

using stream = boost::beast::basic_stream<asio::local::stream_protocol>;

// Reads a request and answers it.
template <class Token>
asio::awaitable<void> answer(
    stream& s, boost::beast::flat_buffer& buffer, Token token)
{
    http::request<http::empty_body> request;
    co_await http::async_read(s, buffer, request, token);
    http::response<http::string_body> response(http::status::ok, 11);
    response.keep_alive(request.keep_alive());
    response.body() = "hello";
    response.prepare_payload();
    co_await http::async_write(s, response, token);
}

// The client is here, too, so that there is but one thread.
template <how How>
asio::awaitable<void> serve(asioctx::context parent, long n, stream& s,
    asio::local::stream_protocol::socket& client)
{
    static constexpr std::string_view request =
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    boost::beast::flat_buffer buffer;
    char received[512];
    while (--n >= 0)
    {
        asio::write(client, asio::buffer(request));
        if constexpr (How == how::timeout)
        {
            auto const [ctx, cancel] = asioctx::with_timeout(parent, 30s);
            co_await answer(
                s, buffer, asioctx::bind_context(ctx, asio::use_awaitable));
        }
        else
        {
            if constexpr (How == how::expires_after)
                s.expires_after(30s);
            co_await answer(s, buffer, asio::use_awaitable);
        }
        client.read_some(asio::buffer(received));
    }
}

template <how How>
measurement requests()
{
    return [](asio::io_context& ioc, long n, asioctx::context const& ctx)
    {
        asio::local::stream_protocol::socket near(ioc);
        asio::local::stream_protocol::socket client(ioc);
        asio::local::connect_pair(near, client);
        stream s(std::move(near));
        asio::co_spawn(ioc, serve<How>(ctx, n, s, client), asio::detached);
        measured([&] { ioc.run(); });
    };
}

template <class F>
measurement repeated(F f)
{
    return [f](asio::io_context&, long n, asioctx::context const& ctx)
    {
        measured(
            [&]
            {
                for (long i = 0; i != n; ++i)
                    f(ctx);
            });
    };
}

measurements make_measurements()
{
    measurements all;
    add<wait>(all, "wait");
    add<read>(all, "read");
    add<async_read>(all, "async_read");
    add<read, how::timeout>(all, "read/any_io_executor",
        [](asio::io_context& ioc)
        { return asio::any_io_executor(ioc.get_executor()); });
    all["request/any_io_executor/coroutine/bare"] = requests<how::bare>();
    all["request/any_io_executor/coroutine/timeout"] =
        requests<how::timeout>();
    all["request/any_io_executor/coroutine/expires_after"] =
        requests<how::expires_after>();
    all["P3"] = repeated(
        [](asioctx::context const& parent)
        {
            auto const [ctx, cancel] = asioctx::with_cancel(parent);
            cancel();
        });
    all["P4"] = repeated(
        [](asioctx::context const& parent)
        {
            auto const [ctx, cancel] = asioctx::with_timeout(parent, 30s);
            cancel();
        });
    all["P7"] = repeated(
        [](asioctx::context const& parent)
        {
            bool volatile done = parent.done();
            static_cast<void>(done);
        });
    return all;
}

} // namespace

int main(int argc, char** argv)
{
    auto const all = make_measurements();
    if (argc != 3)
    {
        std::printf("Boost %d.%d\n", BOOST_VERSION / 100000,
            BOOST_VERSION / 100 % 1000);
        for (auto const& [name, m] : all)
            std::printf("%s\n", name.c_str());
        return 0;
    }
    auto const m = all.find(std::string_view(argv[1]));
    if (m == all.end())
    {
        std::fprintf(stderr, "unknown: %s\n", argv[1]);
        return 1;
    }
    asio::io_context ioc(1);
    auto const [parent, cancel] =
        asioctx::with_cancel(asioctx::background(ioc));
    m->second(ioc, std::atol(argv[2]), parent);
}
