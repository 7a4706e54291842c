//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TEST_SUPPORT_EXECUTORS_HPP
#define ASIOCTX_TEST_SUPPORT_EXECUTORS_HPP

// For programs that try every kind of executor that a handler may have.

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/version.hpp>

#if BOOST_ASIO_VERSION >= 103700
#include <boost/asio/inline_executor.hpp>
#endif

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "support/immediate_executor.hpp"
#include "support/race.hpp"
#include "support/random_seed.hpp"

namespace race {

namespace asio = boost::asio;
using asioctx::error_code;
using asioctx::test::immediate_executor;

// Passes the time that a few instructions take.
inline void pause(unsigned n)
{
    while (n-- > 0)
        std::atomic_signal_fence(std::memory_order_seq_cst);
}

// Gives its functions to another executor later, and tells nothing of it:
// neither its execution context, nor that it may be a strand, nor how to count
// work.
class opaque_executor
{
public:
    enum class manner
    {
        plain,
        allocating,
        blocking, // for a moment
    };

    opaque_executor(asio::any_io_executor inner, manner m)
        : inner_(std::move(inner)), manner_(m)
    {
    }

    static constexpr auto query(asio::execution::blocking_t) noexcept
    {
        return asio::execution::blocking.never;
    }

    template <class F>
    void execute(F&& f) const
    {
        if (manner_ == manner::blocking)
            pause(2000);
        auto const never =
            asio::require(inner_, asio::execution::blocking.never);
        if (manner_ == manner::allocating)
            never.execute([p = std::make_shared<std::decay_t<F>>(
                               std::forward<F>(f))] { std::move (*p)(); });
        else
            never.execute(std::forward<F>(f));
    }

    bool operator==(opaque_executor const&) const noexcept = default;

private:
    asio::any_io_executor inner_;
    manner manner_;
};

// Where operations are tried: the I/O object is on the one thread that runs
// ioc, or on a strand with two threads.
struct world
{
    explicit world(int n)
        : threads(n), ioc(n), strand(asio::make_strand(ioc)),
          object_executor(
              n == 1 ? asio::any_io_executor(ioc.get_executor())
                     : asio::any_io_executor(asio::make_strand(ioc)))
    {
    }

    asio::thread_pool& get_pool()
    {
        return pool ? *pool : pool.emplace(1);
    }

    int const threads;
    asio::io_context ioc;
    std::optional<asio::thread_pool> pool;                // of one thread
    asio::strand<asio::io_context::executor_type> strand; // a handler's
    asio::any_io_executor object_executor;
};

// What runs a handler is one of these kinds. get() makes the executor. home()
// is where functions run that must not run beside it, none if that is nowhere.
// is_counted tells whether the execution contexts of the world run until the
// handler has, and is_on_ioc whether it is ioc that does.
namespace kinds {

struct counted
{
    static constexpr bool is_counted = true;
    static constexpr bool is_on_ioc = true;
};

struct none : counted
{
    static constexpr auto name = "none";

    static asio::any_io_executor home(world& w)
    {
        return w.object_executor;
    }
};

struct own : counted
{
    static constexpr auto name = "own";

    static auto get(world& w)
    {
        return w.ioc.get_executor();
    }

    static asio::any_io_executor home(world& w)
    {
        return w.threads == 1 ? asio::any_io_executor(get(w))
                              : asio::any_io_executor();
    }
};

struct strand : counted
{
    static constexpr auto name = "strand";

    static auto get(world& w)
    {
        return w.strand;
    }

    static asio::any_io_executor home(world& w)
    {
        return w.strand;
    }
};

struct pool : counted
{
    static constexpr auto name = "pool";
    static constexpr bool is_on_ioc = false;

    static auto get(world& w)
    {
        return w.get_pool().get_executor();
    }

    static asio::any_io_executor home(world& w)
    {
        return get(w);
    }
};

struct pool_strand : counted
{
    static constexpr auto name = "pool_strand";
    static constexpr bool is_on_ioc = false;

    static auto get(world& w)
    {
        return asio::make_strand(w.get_pool());
    }

    static asio::any_io_executor home(world& w)
    {
        return w.get_pool().get_executor(); // it has one thread
    }
};

// Another kind in an any_io_executor.
template <class Kind>
struct any : Kind
{
    static asio::any_io_executor get(world& w)
    {
        return Kind::get(w);
    }
};

struct any_own : any<own>
{
    static constexpr auto name = "any_own";
};

struct any_strand : any<strand>
{
    static constexpr auto name = "any_strand";
};

struct any_pool : any<pool>
{
    static constexpr auto name = "any_pool";
};

// The threads of the system executor are nobody's.
struct system
{
    static constexpr auto name = "system";
    static constexpr bool is_counted = false;
    static constexpr bool is_on_ioc = false;

    static auto get(world&)
    {
        return asio::system_executor();
    }

    static asio::any_io_executor home(world&)
    {
        return {};
    }
};

// With the token use_future, whose handler's executor is a wrapped one.
struct future
{
    static constexpr auto name = "future";
    static constexpr bool is_counted = false;
    static constexpr bool is_on_ioc = false;

    static asio::any_io_executor home(world&)
    {
        return {};
    }
};

struct immediate : counted
{
    static constexpr auto name = "immediate";

    static auto get(world&)
    {
        return immediate_executor();
    }

    // Steps run where the reactor completes them.
    static asio::any_io_executor home(world& w)
    {
        return own::home(w);
    }
};

#if BOOST_ASIO_VERSION >= 103700
struct asio_inline : immediate
{
    static constexpr auto name = "asio_inline";

    static auto get(world&)
    {
        return asio::inline_executor();
    }
};
#endif

struct allocating : own
{
    static constexpr auto name = "allocating";

    static auto get(world& w)
    {
        return opaque_executor(
            own::get(w), opaque_executor::manner::allocating);
    }
};

struct hidden_strand : strand
{
    static constexpr auto name = "hidden_strand";

    static auto get(world& w)
    {
        return opaque_executor(w.strand, opaque_executor::manner::plain);
    }
};

struct blocking : pool
{
    static constexpr auto name = "blocking";

    static auto get(world& w)
    {
        return opaque_executor(pool::get(w), opaque_executor::manner::blocking);
    }
};

} // namespace kinds

// What becomes of an operation and its I/O object.
enum class action
{
    completes,
    closes,
    completes_and_is_moved,  // the object, once the handler has been called
    closes_and_is_destroyed, // likewise
};

constexpr int actions = 4;

// What the programs' arguments are.
struct settings
{
    static settings& instance()
    {
        static settings s;
        return s;
    }

    bool bare = false; // nothing is canceled
    unsigned seed = asioctx::test::random_seed();
};

// What became of a handler.
struct fate
{
    std::atomic<int> called{0};
    std::atomic<int> destroyed{0};
    error_code error;
    std::function<void()> when_called;
};

inline error_code code_of(std::exception_ptr const& e)
{
    try
    {
        if (e)
            std::rethrow_exception(e);
        return {};
    }
    catch (boost::system::system_error const& s)
    {
        return s.code();
    }
}

class fate_handler
{
public:
    explicit fate_handler(fate& f) noexcept : fate_(&f)
    {
    }

    fate_handler(fate_handler&& other) noexcept
        : fate_(std::exchange(other.fate_, nullptr))
    {
    }

    ~fate_handler()
    {
        if (fate_)
            ++fate_->destroyed;
    }

    template <class... Results>
    void operator()(error_code const& ec, Results&&...)
    {
        RACE_CHECK(fate_ != nullptr);
        auto& f = *std::exchange(fate_, nullptr);
        f.error = ec;
        if (f.when_called)
            f.when_called();
        ++f.called;
    }

    template <class... Results>
    void operator()(std::exception_ptr const& e, Results&&... results)
    {
        (*this)(code_of(e), std::forward<Results>(results)...);
    }

private:
    fate* fate_;
};

// Starts the operation of a family with a handler of a kind.
//
// Define ASIOCTX_RACE_UNBOUND to see what Asio does alone.
// NOLINTBEGIN(asioctx-first-parameter): the family is what it starts one of.
template <class Kind, class Family>
void start(
    Family& family,
    world& w,
    asioctx::context const& ctx,
    fate& f,
    std::future<void>& result)
{
    auto const go = [&](auto token)
    {
#ifdef ASIOCTX_RACE_UNBOUND
        (void)ctx;
        return family.start(std::move(token));
#else
        return family.start(family.bind(ctx, std::move(token)));
#endif
    };
    if constexpr (std::is_same_v<Kind, kinds::none>)
        go(fate_handler(f));
    else if constexpr (std::is_same_v<Kind, kinds::future>)
        result = std::async(
            std::launch::deferred,
            [&f, future = go(asio::use_future)]() mutable
            {
                std::exception_ptr error;
                try
                {
                    future.get();
                }
                catch (...)
                {
                    error = std::current_exception();
                }
                f.error = code_of(error);
                ++f.called;
            });
    else
        go(asio::bind_executor(Kind::get(w), fate_handler(f)));
}
// NOLINTEND(asioctx-first-parameter)

// Whether an operation may have ended so.
inline void check_error(error_code const& ec, bool canceled, bool closed)
{
    if (!ec)
        return;
    if (ec == asioctx::errc::canceled)
    {
        RACE_CHECK(canceled);
        count(1);
        return;
    }
    if (!closed)
        std::fprintf(stderr, "%s\n", ec.message().c_str());
    RACE_CHECK(closed);
}

// What a function needs to know of a kind.
struct kind
{
    bool is_counted;
    bool is_on_ioc;
    asio::any_io_executor (*home)(world&);

    // Posts a function to the executor, or to ioc if that would run it at once.
    void (*post)(world&, std::function<void()>);
};

template <class Kind>
void post_to(world& w, std::function<void()> f)
{
    if constexpr (requires { Kind::get(w); })
    {
        auto const ex = Kind::get(w);
        if constexpr (asio::can_require_v<
                          decltype(ex),
                          asio::execution::blocking_t::never_t>)
        {
            asio::require(ex, asio::execution::blocking.never)
                .execute(std::move(f));
            return;
        }
    }
    asio::post(w.ioc, std::move(f));
}

template <class Kind>
constexpr kind kind_of{
    Kind::is_counted, Kind::is_on_ioc, &Kind::home, &post_to<Kind>};

// One operation, canceled by another thread while something becomes of it or
// its I/O object where that lives. See race/executors.cpp for families.
template <class Family>
void meet(
    unsigned seed,
    kind const& k,
    void (*start)(
        Family&, world&, asioctx::context const&, fate&, std::future<void>&))
{
    std::minstd_rand random(seed);
    auto const below = [&](unsigned n)
    {
        return static_cast<unsigned>(random() >> 8) % n;
    };

    world w(1 + static_cast<int>(below(2)));
    auto const home = Family::steps_on_handler ? k.home(w) : w.object_executor;
    // Without a home, nothing may be done beside the operation.
    auto what = static_cast<action>(below(actions));
    if (!home)
        what = action::completes;
    bool const closes =
        what == action::closes || what == action::closes_and_is_destroyed;
    bool const cancels = !settings::instance().bare;
    // The request comes from outside, or from where the handler will run.
    bool const from_outside = below(2) == 0;
    bool const beside_start = below(4) == 0;
    auto const wait_here = below(200);
    auto const wait_there = below(200);

    // Until the operation has begun. Between steps that run elsewhere, ioc has
    // no work.
    auto guard = asio::make_work_guard(w.ioc);
    bool const keeps_guard = Family::steps_on_handler && !k.is_on_ioc;
    std::atomic<bool> has_begun{false};

    // Both parties come here, but not at any price: they may be one thread.
    std::atomic<int> arrived{0};
    auto const arrive = [&]
    {
        ++arrived;
        for (int i = 0; i < 5000 && arrived < 2; ++i)
            pause(1);
    };

    auto source = asioctx::with_cancel(asioctx::background(w.ioc));
    fate f;
    std::future<void> result;
    std::optional<Family> family(std::in_place, w, what);
    std::optional<Family> elsewhere;
    if (what == action::completes_and_is_moved
        || what == action::closes_and_is_destroyed)
        f.when_called = [&]
        {
            // The handler need not run where the object lives.
            asio::post(
                home,
                [&]
                {
                    if (what == action::completes_and_is_moved)
                        elsewhere.emplace(std::move(*family));
                    family.reset();
                });
        };

    asio::post(
        home ? home : w.object_executor,
        [&]
        {
            if (beside_start)
                arrive();
            family->prepare();
            start(*family, w, source.ctx, f, result);
            has_begun = true;
            if (!keeps_guard)
                guard.reset();
            if (!beside_start)
                arrive();
            pause(wait_here);
            if (!closes)
                family->complete();
            else
                family->close();
        });
    std::atomic<bool> has_canceled{false};
    auto const cancel = [&]
    {
        arrive();
        pause(wait_there);
        if (cancels)
            source.cancel();
        has_canceled = true;
    };

    std::vector<std::thread> threads;
    if (from_outside)
        threads.emplace_back(cancel);
    else
        k.post(w, cancel);
    for (int i = 1; i < w.threads; ++i)
        threads.emplace_back([&] { w.ioc.run(); });
    if (keeps_guard)
    {
        threads.emplace_back([&] { w.ioc.run(); });
        while (!has_begun)
            std::this_thread::yield();
        if (result.valid())
            result.get();
        while (f.called + f.destroyed == 0)
            std::this_thread::yield();
        guard.reset();
    }
    else
        w.ioc.run();
    for (auto& t : threads)
        t.join();
    if (w.pool)
        w.pool->join();
    if (result.valid())
        result.get();
    if (!k.is_counted)
    {
        while (f.called + f.destroyed == 0 || !has_canceled)
            std::this_thread::yield();
        w.ioc.restart();
        w.ioc.run(); // what the handler has posted
    }
    RACE_CHECK(f.called == 1);
    RACE_CHECK(f.destroyed == 0);
    check_error(f.error, cancels, closes);
}

template <class Family, class Kind>
void meet_often(int rounds)
{
    auto const seed = settings::instance().seed;
    for (int r = 0; r < rounds; ++r)
        meet<Family>(
            seed + static_cast<unsigned>(r),
            kind_of<Kind>,
            &start<Kind, Family>);
}

// The entries of race::main() for families, each with every kind.
class table
{
public:
    template <class Family>
    void add(int rounds)
    {
        using namespace kinds;
        add<Family,
            none,
            own,
            strand,
            pool,
            pool_strand,
            any_own,
            any_strand,
            any_pool,
            system,
            future,
            immediate,
            allocating,
            hidden_strand,
            blocking>(rounds);
#if BOOST_ASIO_VERSION >= 103700
        add<Family, asio_inline>(rounds);
#endif
    }

    std::vector<entry> const& entries() const
    {
        return entries_;
    }

private:
    template <class Family, class... Kinds>
    void add(int rounds) requires(sizeof...(Kinds) > 0)
    {
        (add_one<Family, Kinds>(rounds), ...);
    }

    template <class Family, class Kind>
    void add_one(int rounds)
    {
        if constexpr (Family::template allows<Kind>)
        {
            names_.push_back(std::string(Family::name) + '/' + Kind::name);
            entries_.push_back(
                {names_.back().c_str(), rounds, &meet_often<Family, Kind>});
        }
    }

    std::deque<std::string> names_;
    std::vector<entry> entries_;
};

// race::main() with one more argument: "bare", wherever it stands.
inline int main_with_settings(
    int argc, char** argv, std::vector<entry> const& entries)
{
    std::vector<char*> rest;
    for (int i = 0; i < argc; ++i)
        if (std::string_view(argv[i]) == "bare")
            settings::instance().bare = true;
        else
            rest.push_back(argv[i]);
    std::printf("ASIOCTX_TEST_SEED=%u\n", settings::instance().seed);
    return main(static_cast<int>(rest.size()), rest.data(), entries);
}

} // namespace race

#endif
