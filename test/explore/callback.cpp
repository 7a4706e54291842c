//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Functions and waits that are posted when a context is done, while others stop
// them, drop what they hang on, or destroy the execution context.

#include <asioctx/after_func.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/stop_token.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <optional>
#include <stop_token>
#include <utility>

#include "explore/explore.hpp"

namespace asio = boost::asio;

using namespace asioctx;
using explore::check;
using explore::op;
using explore::together;

namespace {

// What has become of a handler: it is called once or not, and destroyed once.
struct fate
{
    int called = 0;
    int destroyed = 0;
    error_code result;
    bool takes_time = false; // to be destroyed
};

class handler
{
public:
    explicit handler(fate& f) noexcept : fate_(&f)
    {
    }

    handler(handler&& other) noexcept
        : fate_(std::exchange(other.fate_, nullptr))
    {
    }

    ~handler()
    {
        if (!fate_)
            return;
        if (fate_->takes_time)
            explore::yield();
        ++fate_->destroyed;
    }

    void operator()(error_code ec = {})
    {
        ++fate_->called;
        fate_->result = ec;
    }

private:
    fate* fate_;
};

bool is_called(fate const& f)
{
    return f.called == 1 && f.destroyed == 1;
}

bool is_dropped(fate const& f)
{
    return f.called == 0 && f.destroyed == 1;
}

void finish(asio::io_context& ioc)
{
    ioc.restart();
    ioc.poll();
}

void a_function_is_called_or_stopped()
{
    asio::io_context ioc;
    auto c = with_cancel(background(ioc));
    fate f;
    auto r = after_func(c.ctx, handler(f));
    bool stopped = false;
    together(
        [&] { c.cancel.cancel(); },
        [&] { stopped = r.stop(); },
        [&] { ioc.poll(); });
    finish(ioc);
    check(stopped ? is_dropped(f) : is_called(f), "one of both");
}

void two_stop_a_function()
{
    asio::io_context ioc;
    auto c = with_cancel(background(ioc));
    fate f;
    auto r = after_func(c.ctx, handler(f));
    int stopped = 0;
    explore::atomic<int> stops{0};
    auto const stop = [&]
    {
        stops += r.stop();
    };
    together([&] { c.cancel.cancel(); }, stop, stop);
    finish(ioc);
    stopped = stops;
    check(
        stopped == 0 ? is_called(f) : stopped == 1 && is_dropped(f),
        "one of all");
}

void a_registration_goes_beside_a_cancel()
{
    asio::io_context ioc;
    auto c = with_cancel(background(ioc));
    fate f;
    std::optional r(after_func(c.ctx, handler(f)));
    together(
        [&] { c.cancel.cancel(); }, [&] { r.reset(); }, [&] { ioc.poll(); });
    finish(ioc);
    check(is_called(f) || is_dropped(f), "it was called or stopped");
}

void a_function_is_detached_beside_a_cancel()
{
    asio::io_context ioc;
    auto c = with_cancel(background(ioc));
    fate f;
    auto r = after_func(c.ctx, handler(f));
    together(
        [&] { c.cancel.cancel(); }, [&] { r.detach(); }, [&] { ioc.poll(); });
    finish(ioc);
    check(is_called(f), "it is called");
}

void a_function_is_made_beside_a_cancel()
{
    asio::io_context ioc;
    auto c = with_cancel(background(ioc));
    fate f;
    std::optional<after_func_registration> r;
    together(
        [&] { c.cancel.cancel(); },
        [&] { r = after_func(c.ctx, handler(f)); },
        [&] { ioc.poll(); });
    finish(ioc);
    check(is_called(f), "it is called");
}

// All below is done by the time that the first function runs.
void the_first_function_finds_the_subtree_done()
{
    asio::io_context ioc;
    auto parent = with_cancel(background(ioc));
    auto child = with_cancel(parent.ctx);
    auto leaf = with_cancel(child.ctx);
    int calls = 0;
    auto const look = [&]
    {
        check(child.ctx.done() && leaf.ctx.done(), "the subtree is done");
        ++calls;
    };
    auto const first = after_func(parent.ctx, look);
    auto const last = after_func(child.ctx, look);
    together(
        [&] { parent.cancel.cancel(); },
        [&] { ioc.poll(); },
        [&] { leaf.cancel.cancel(); });
    finish(ioc);
    check(calls == 2, "both were called");
}

void a_context_goes_with_its_function_beside_a_cancel()
{
    asio::io_context ioc;
    auto parent = with_cancel(background(ioc));
    std::optional child(with_cancel(parent.ctx));
    child->cancel.detach();
    fate f;
    after_func(child->ctx, handler(f)).detach();
    together(
        [&] { parent.cancel.cancel(); },
        [&] { child.reset(); },
        [&] { ioc.poll(); });
    finish(ioc);
    check(is_called(f) || is_dropped(f), "it was called or has gone");
}

void a_wait_ends_beside_its_slot()
{
    asio::io_context ioc;
    auto c = with_cancel(background(ioc));
    asio::cancellation_signal signal;
    fate f;
    c.ctx.async_wait(asio::bind_cancellation_slot(signal.slot(), handler(f)));
    together(
        [&] { c.cancel.cancel(); },
        [&]
        {
            signal.emit(asio::cancellation_type::all);
            ioc.poll();
        });
    finish(ioc);
    check(is_called(f), "it has ended");
    check(
        !f.result || f.result == asio::error::operation_aborted,
        "with one of both results");
}

// The execution context goes, and with it what waits.

void it_goes_beside_a_cancel()
{
    std::optional<asio::io_context> ioc(std::in_place);
    auto c = with_cancel(background(*ioc));
    fate f;
    auto r = after_func(c.ctx, handler(f));
    together(
        [&] { c.cancel.cancel(); },
        [&]
        {
            ioc.reset();
            check(is_dropped(f), "the function has gone with it");
        });
    check(is_dropped(f) && c.ctx.done(), "and stays so");
}

void it_goes_beside_two_cancels()
{
    std::optional<asio::io_context> ioc(std::in_place);
    auto parent = with_cancel(background(*ioc));
    auto child = with_cancel(parent.ctx);
    fate f;
    fate g;
    auto const r = after_func(parent.ctx, handler(f));
    auto const q = after_func(child.ctx, handler(g));
    together(
        [&] { parent.cancel.cancel(); },
        [&] { child.cancel.cancel(); },
        [&]
        {
            ioc.reset();
            check(is_dropped(f) && is_dropped(g), "they have gone with it");
        });
}

void it_goes_beside_a_stop_and_a_cancel()
{
    std::optional<asio::io_context> ioc(std::in_place);
    auto c = with_cancel(background(*ioc));
    fate f;
    f.takes_time = true;
    auto r = after_func(c.ctx, handler(f));
    together(
        [&] { c.cancel.cancel(); },
        [&] { r.stop(); },
        [&]
        {
            ioc.reset();
            check(is_dropped(f), "the function has gone with it");
        });
}

// What was posted has arrived, and is still being destroyed by who has stopped
// it.
void it_goes_beside_a_stop_of_what_arrives()
{
    std::optional<asio::io_context> ioc(std::in_place);
    auto c = with_cancel(background(*ioc));
    fate f;
    f.takes_time = true;
    auto r = after_func(c.ctx, handler(f));
    c.cancel.cancel();
    together(
        [&] { r.stop(); },
        [&]
        {
            ioc->poll();
            ioc.reset();
            check(f.destroyed == 1, "the function has gone before it");
        });
}

void it_goes_beside_the_last_handle()
{
    std::optional<asio::io_context> ioc(std::in_place);
    std::optional c(with_cancel(background(*ioc)));
    c->cancel.detach();
    fate f;
    after_func(c->ctx, handler(f)).detach();
    together(
        [&] { c.reset(); },
        [&]
        {
            ioc.reset();
            check(is_dropped(f), "the function has gone with it");
        });
}

void it_goes_beside_the_end_of_a_wait()
{
    std::optional<asio::io_context> ioc(std::in_place);
    auto c = with_cancel(background(*ioc));
    fate f;
    c.ctx.async_wait(handler(f));
    together(
        [&] { c.cancel.cancel(); },
        [&]
        {
            ioc.reset();
            check(is_dropped(f), "the wait has gone with it");
        });
}

void it_goes_beside_deadlines()
{
    std::optional<asio::io_context> ioc(std::in_place);
    auto parent = with_cancel(background(*ioc));
    std::optional child(with_timeout(parent.ctx, std::chrono::hours(1)));
    together(
        [&] { child.reset(); },
        [&] { ioc.reset(); },
        [&] { parent.cancel.cancel(); });
    check(parent.ctx.done(), "it is canceled all the same");
}

void two_ask_for_a_stop_token_beside_a_cancel()
{
    asio::io_context ioc;
    auto c = with_cancel(background(ioc));
    std::stop_token a;
    std::stop_token b;
    together(
        [&] { a = get_stop_token(c.ctx); },
        [&] { b = get_stop_token(c.ctx); },
        [&] { c.cancel.cancel(); });
    finish(ioc);
    check(a == b, "they have the same");
    check(a.stop_requested(), "and are stopped");
}

} // namespace

int main(int argc, char** argv)
{
    using namespace explore;
    constexpr std::uint64_t all = ~std::uint64_t{0};
    auto const lock_is_lost =
        replaced("lock_is_lost", op::rmw, "scope.hpp", "lock", all ^ 1);
    auto const mutex_is_lost =
        replaced("mutex_is_lost", op::rmw, "sync.hpp", "lock", 0);
    auto const end_is_not_seen =
        replaced("end_is_not_seen", op::rmw, "scope.hpp", "lock", all ^ 2);
    auto const gate_is_open = replaced(
        "gate_is_open", op::rmw, "execution_context_gate.hpp", "enter", 0);
    auto const gate_does_not_wait = replaced(
        "gate_does_not_wait",
        op::load,
        "execution_context_gate.cpp",
        "close",
        0,
        1);
    auto const hook_is_not_held =
        skipped("hook_is_not_held", op::rmw, "hook.hpp", "add_ref");
    return explore::main(
        argc,
        argv,
        {
            {"a_function_is_called_or_stopped",
             a_function_is_called_or_stopped,
             {lock_is_lost.of_plain_memory(), hook_is_not_held}},
            {"two_stop_a_function",
             two_stop_a_function,
             {lock_is_lost.of_plain_memory()}},
            {"a_registration_goes_beside_a_cancel",
             a_registration_goes_beside_a_cancel,
             {hook_is_not_held}},
            {"a_function_is_detached_beside_a_cancel",
             a_function_is_detached_beside_a_cancel,
             {lock_is_lost}},
            {"a_function_is_made_beside_a_cancel",
             a_function_is_made_beside_a_cancel,
             {end_is_not_seen}},
            {"the_first_function_finds_the_subtree_done",
             the_first_function_finds_the_subtree_done,
             {}},
            {"a_context_goes_with_its_function_beside_a_cancel",
             a_context_goes_with_its_function_beside_a_cancel,
             {}},
            {"a_wait_ends_beside_its_slot",
             a_wait_ends_beside_its_slot,
             {lock_is_lost.of_plain_memory()}},
            {"it_goes_beside_a_cancel",
             it_goes_beside_a_cancel,
             {gate_is_open,
              gate_does_not_wait,
              mutex_is_lost.of_plain_memory()}},
            {.name = "it_goes_beside_two_cancels",
             .run = it_goes_beside_two_cancels,
             .faults = {gate_does_not_wait},
             .stale = 0},
            {"it_goes_beside_a_stop_and_a_cancel",
             it_goes_beside_a_stop_and_a_cancel,
             {mutex_is_lost.of_plain_memory()}},
            {"it_goes_beside_a_stop_of_what_arrives",
             it_goes_beside_a_stop_of_what_arrives,
             {}},
            {"it_goes_beside_the_last_handle",
             it_goes_beside_the_last_handle,
             {mutex_is_lost.of_plain_memory()}},
            {"it_goes_beside_the_end_of_a_wait",
             it_goes_beside_the_end_of_a_wait,
             {gate_is_open}},
            {"it_goes_beside_deadlines", it_goes_beside_deadlines, {}},
            {"two_ask_for_a_stop_token_beside_a_cancel",
             two_ask_for_a_stop_token_beside_a_cancel,
             {}},
        });
}
