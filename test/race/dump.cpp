//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Somebody looks at the tree, again and again, while others derive, bind,
// cancel and complete.

#include <asioctx.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "support/deaf_operation.hpp"
#include "support/race.hpp"
#include "support/runner.hpp"

namespace asio = boost::asio;

using namespace asioctx;
using namespace std::chrono_literals;

namespace {

constexpr auto ignore = [](auto const&...) {
};

bool is_a_tree(context_snapshot const& s)
{
    std::set<void const*> ids;
    std::size_t operations = 0;
    for (std::size_t i = 0; i != s.contexts.size(); ++i)
    {
        auto const& c = s.contexts[i];
        if (!ids.insert(c.id).second)
            return false; // it is there twice
        if ((i == 0) != (c.parent == s.none))
            return false;
        if (i != 0
            && (c.parent >= i || c.depth != s.contexts[c.parent].depth + 1))
            return false;
        if (c.first_operation != operations)
            return false;
        operations += c.operations;
    }
    return operations == s.operations.size();
}

// Threads derive below the same root, bind, cancel and complete. Who looks sees
// all that is there all the time.
void others_derive_bind_and_cancel(int rounds)
{
    asio::io_context ioc;
    auto const root = background(ioc);
    auto const kept = with_cancel(with_name(root, "kept"));
    std::size_t const number = 100'000 / (rounds < 100 ? 10 : 1);
    std::vector<std::function<void()>> ends;
    std::vector<cancelable> requests;
    for (std::size_t i = 0; i != number; ++i)
    {
        if (i % 10 == 0)
            requests.push_back(with_cancel(kept.ctx));
        test::async_deaf(
            ends.emplace_back(), bind_context(requests.back().ctx, ignore));
    }
    std::atomic<int> working{0};
    std::array<std::vector<long>, 4> times; // of what a thread does, in ns
    auto const work = [&](std::size_t which)
    {
        return [&, which]
        {
            using clock = std::chrono::steady_clock;
            times[which].clear();
            for (int i = 0; i != rounds; ++i)
            {
                auto const begun = clock::now();
                auto const parent = which % 2 ? root : kept.ctx;
                auto c = with_cancel(parent);
                auto d = with_timeout(c.ctx, 1h);
                std::function<void()> end;
                test::async_deaf(end, bind_context(d.ctx, ignore));
                c.cancel();
                end();
                times[which].push_back((clock::now() - begun) / 1ns);
            }
            --working;
        };
    };
    auto const print = [&](char const* what)
    {
        std::vector<long> all;
        for (auto& t : times)
            all.insert(all.end(), t.begin(), t.end());
        std::sort(all.begin(), all.end());
        auto const at = [&](double part)
        {
            return static_cast<double>(all[static_cast<std::size_t>(
                       static_cast<double>(all.size() - 1) * part)])
                / 1000;
        };
        std::printf(
            "%s: median %.2f us, 99.9 %% %.1f us, the longest %.1f us\n",
            what,
            at(0.5),
            at(0.999),
            at(1));
    };
    working = 4;
    race::together({work(0), work(1), work(2), work(3)});
    print("nobody looks");

    working = 4;
    long looks = 0;
    std::chrono::nanoseconds looking{};
    race::together(
        {work(0),
         work(1),
         work(2),
         work(3),
         [&]
         {
             do
             {
                 auto const begun = std::chrono::steady_clock::now();
                 auto const s = snapshot(root);
                 looking += std::chrono::steady_clock::now() - begun;
                 ++looks;
                 RACE_CHECK(is_a_tree(s));
                 auto const is_old = [&](auto const& o)
                 {
                     auto const& c = s.contexts[o.context];
                     return c.depth == 3 && !c.end;
                 };
                 RACE_CHECK(
                     static_cast<std::size_t>(std::count_if(
                         s.operations.begin(), s.operations.end(), is_old))
                     >= number);
             }
             while (working != 0);
         }});
    print("somebody looks");
    auto const s = snapshot(root);
    RACE_CHECK(s.operations.size() == number);
    std::printf(
        "%zu operations, %ld looks, %.1f ms each\n",
        number,
        looks,
        static_cast<double>(looking / 1us) / 1000.0
            / static_cast<double>(looks));
    for (auto& e : ends)
        e();
    RACE_CHECK(snapshot(root).operations.empty());
}

// A scope with many operations is canceled while it is being read.
void one_with_many_operations_is_canceled(int rounds)
{
    for (int r = 0; r < rounds; ++r)
    {
        asio::io_context ioc;
        auto const root = background(ioc);
        auto c = with_cancel(root);
        std::vector<std::function<void()>> ends;
        for (int i = 0; i != 200; ++i)
            test::async_deaf(ends.emplace_back(), bind_context(c.ctx, ignore));
        race::together(
            {[&] { c.cancel(); },
             [&]
             {
                 for (int i = 0; i != 3; ++i)
                     RACE_CHECK(snapshot(root).operations.size() == 200);
             },
             [&]
             {
                 for (int i = 0; i != 3; ++i)
                     RACE_CHECK(snapshot(c.ctx).operations.size() == 200);
             }});
        RACE_CHECK(snapshot(root).asked() == 200);
        for (auto& e : ends)
            e();
        RACE_CHECK(snapshot(root).operations.empty());
    }
}

// Timers end as they are asked, on threads that run the io_context.
void operations_end_while_they_are_seen(int rounds)
{
    for (int r = 0; r < rounds; ++r)
    {
        asio::io_context ioc;
        auto const root = background(ioc);
        race::runner const runner(ioc, 2);
        auto c = with_cancel(root);
        std::atomic<int> ended{0};
        std::vector<std::unique_ptr<asio::steady_timer>> timers;
        std::vector<cancelable> children;
        for (int i = 0; i != 100; ++i)
        {
            timers.push_back(std::make_unique<asio::steady_timer>(ioc, 1h));
            children.push_back(with_cancel(c.ctx));
            timers.back()->async_wait(bind_context(
                children.back().ctx, [&](error_code) { ++ended; }));
        }
        race::together(
            {[&] { c.cancel(); },
             [&]
             {
                 while (ended != 100)
                     RACE_CHECK(is_a_tree(snapshot(root)));
             }});
        RACE_CHECK(snapshot(root).operations.empty());
    }
}

} // namespace

int main(int argc, char** argv)
{
    return race::main(
        argc,
        argv,
        {
#define RACE(name, rounds) {#name, rounds, name}
            RACE(others_derive_bind_and_cancel, 20000),
            RACE(one_with_many_operations_is_canceled, 300),
            RACE(operations_end_while_they_are_seen, 100),
        });
}
