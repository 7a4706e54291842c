//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TEST_SUPPORT_STEPS_HPP
#define ASIOCTX_TEST_SUPPORT_STEPS_HPP

// For the stand-alone programs in test/steps. A program is run on an io_context
// up to its n-th handler, for every n; then one of the contexts above it is
// canceled, or its deadline passes; and it must end, as documented, with
// nothing left of it. AddressSanitizer sees what is used after its end, if each
// coroutine's frame is memory of its own.

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/deadline.hpp>
#include <asioctx/error.hpp>
#include <asioctx/task_group.hpp>
#include <asioctx/value.hpp>

#include <asioctx/testing/manual_clock.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#if !defined(BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING)
#error "recycled frames hide from AddressSanitizer what is used after its end"
#endif

namespace steps {

using namespace std::chrono_literals;
namespace asio = boost::asio;

// A coroutine that is given a context; what it returns is compared.
using coroutine = std::function<asio::awaitable<std::string>(asioctx::context)>;

enum class results
{
    // What it is without a cancellation, or the context's error; and that if
    // the context was done before the first step.
    documented,

    // The same, but the coroutine may handle the error itself.
    handled,

    // The program checks what the cancellation has changed.
    any,
};

enum class end
{
    by_itself, // without a cancellation
    never,     // it waits for what does not come
};

struct program
{
    char const* name;
    coroutine run;
    results what = results::documented;
    end when = end::by_itself;

    // The time that passes whenever nothing is ready, for the deadlines that
    // the program has itself.
    asioctx::duration passes{};
};

// How a coroutine is bound to its context, as doc/guide/task-groups.md says.
enum class binding
{
    operations,
    task,
    whole,
    count,
};

// From where the end comes.
enum class level
{
    server,
    connection,
    request,
    deadline,
    group, // of a task
    count,
};

constexpr char const* names_of_bindings[] = {
    "each operation", "a task", "as a whole"};
constexpr char const* names_of_levels[] = {
    "server", "connection", "request", "deadline", "group"};

inline asioctx::context_key<std::shared_ptr<int>> const census_key("census");

// What a coroutine has ended with, in words.
inline std::string text_of(std::exception_ptr const& e)
{
    try
    {
        std::rethrow_exception(e);
    }
    catch (boost::system::system_error const& x)
    {
        return "error " + x.code().to_string();
    }
    catch (std::exception const& x)
    {
        return std::string("exception ") + x.what();
    }
}

inline std::string text_of(asioctx::errc e)
{
    return "error " + make_error_code(e).to_string();
}

// A program and the contexts above it.
class experiment
{
public:
    experiment(program const& p, binding how) : program_(p)
    {
        server_ = with_cancel(
            with_value(asioctx::background(ioc_), census_key, census_));
        connection_ = with_cancel(server_->ctx);
        request_ = with_cancel(connection_->ctx);
        limited_ = with_timeout(request_->ctx, time);
        auto const ctx = limited_->ctx;
        if (how == binding::operations)
            asio::co_spawn(ioc_, p.run(ctx), ended());
        else if (how == binding::whole)
            asio::co_spawn(ioc_, p.run(ctx), bind_context(ctx, ended()));
        else
        {
            group_.emplace(ctx);
            group_->spawn(
                [this](asioctx::context c) -> asio::awaitable<void>
                { result_ = co_await program_.run(c); });
            group_->async_join([this](std::exception_ptr e)
                               { end(e, result_); });
        }
    }

    // Runs one handler. False if there is none: the program has ended, or waits
    // for what does not come.
    bool step()
    {
        if (ioc_.poll_one() != 0)
            return true;
        return !ioc_.stopped() && program_.when != end::never && wait();
    }

    void cancel(level from)
    {
        switch (from)
        {
        case level::server:
            return static_cast<void>(server_->cancel());
        case level::connection:
            return static_cast<void>(connection_->cancel());
        case level::request:
            return static_cast<void>(request_->cancel());
        case level::deadline:
            return clock_.advance(time);
        case level::group:
            return group_->cancel();
        case level::count:
            break;
        }
    }

    // Runs on until nothing is left. Returns what is wrong.
    std::string finish()
    {
        for (int i = 0; !ioc_.stopped(); ++i)
        {
            if (i == most_steps)
                return "it goes on and on";
            if (ioc_.poll_one() == 0 && !ioc_.stopped() && !wait()
                && !ioc_.stopped())
                return "it hangs";
        }
        if (ends_ != 1)
            return "it has ended " + std::to_string(ends_) + " times";
        group_.reset();
        limited_.reset();
        request_.reset();
        connection_.reset();
        server_.reset();
        return census_.use_count() == 1 ? "" : "a context is left";
    }

    std::string const& result() const
    {
        return result_;
    }

    static constexpr int most_steps = 10000;

private:
    static constexpr asioctx::duration time = 900ms;

    // Waits for a deadline, a timer or a socket of the program. The real time
    // is no more than a bound for a program that hangs.
    bool wait()
    {
        clock_.advance(program_.passes);
        return ioc_.run_one_for(10s) != 0;
    }

    void end(std::exception_ptr const& e, std::string result)
    {
        ++ends_;
        result_ = e ? text_of(e) : std::move(result);
    }

    std::function<void(std::exception_ptr, std::string)> ended()
    {
        return [this](std::exception_ptr e, std::string result)
        {
            end(e, std::move(result));
        };
    }

    program const& program_;
    std::shared_ptr<int> census_ = std::make_shared<int>();
    std::string result_;
    int ends_ = 0;
    asio::io_context ioc_{1};
    asioctx::testing::manual_clock clock_{ioc_};
    std::optional<asioctx::cancelable> server_, connection_, request_, limited_;
    std::optional<asioctx::task_group> group_;
};

// Ends the program with a message if something is wrong.
inline void check(std::string const& wrong, std::string const& what)
{
    if (wrong.empty())
        return;
    std::fprintf(stderr, "%s: %s\n", what.c_str(), wrong.c_str());
    std::exit(EXIT_FAILURE);
}

// Tries a program, canceled from one level after each number of steps, up to
// its end or to where it waits. Returns how many that were.
inline int cancel_after_each_step(
    program const& p, binding how, level from, std::string const& undisturbed)
{
    auto const error = text_of(
        from == level::deadline ? asioctx::errc::deadline_exceeded
                                : asioctx::errc::canceled);
    for (int n = 0;; ++n)
    {
        experiment e(p, how);
        int i = 0;
        while (i != n && e.step())
            ++i;
        if (i != n)
            return n; // and the io_context goes, with all that waits
        e.cancel(from);
        auto wrong = n == experiment::most_steps ? "it goes on" : e.finish();
        auto const& result = e.result();
        bool const is_right = p.what == results::any || result == error
            || (result == undisturbed
                && (n != 0 || p.what == results::handled));
        if (wrong.empty() && !is_right)
            wrong = "it has ended with: " + result;
        check(
            wrong,
            std::string(p.name) + ", bound as "
                + names_of_bindings[static_cast<int>(how)] + ", after "
                + std::to_string(n) + " steps ended from "
                + names_of_levels[static_cast<int>(from)]);
    }
}

// With arguments, only the programs that they name.
inline int main(int argc, char** argv, std::vector<program> const& programs)
{
    std::vector<std::string> const wanted(argv + 1, argv + argc);
    int total = 0;
    for (auto const& p : programs)
    {
        if (!wanted.empty()
            && std::find(wanted.begin(), wanted.end(), p.name) == wanted.end())
            continue;
        int tried = 0;
        for (int b = 0; b != static_cast<int>(binding::count); ++b)
        {
            auto const how = static_cast<binding>(b);
            std::string undisturbed;
            if (p.when == end::by_itself)
            {
                experiment e(p, how);
                while (e.step())
                {
                }
                check(e.finish(), std::string(p.name) + ", undisturbed");
                undisturbed = e.result();
            }
            for (int l = 0; l != static_cast<int>(level::count); ++l)
                if (auto const from = static_cast<level>(l);
                    from != level::group || how == binding::task)
                    tried += cancel_after_each_step(p, how, from, undisturbed);
        }
        std::printf("%s: canceled at %d steps\n", p.name, tried);
        std::fflush(stdout);
        total += tried;
    }
    std::printf("%d in all\n", total);
    return total != 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

} // namespace steps

#endif
