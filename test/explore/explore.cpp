//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// The scheduler. This file is not compiled with ThreadSanitizer, and what
// threads share here is in memory of its own, so that ThreadSanitizer knows
// nothing of how one thread hands over to the next.
//
// Orders are explored depth first. A node of the stack is a point at which
// somebody had to go on; it holds who did and who else could have. An execution
// repeats the stack's choices and then makes new nodes.
//
// Two orders that differ only in what is independent lead to the same state. A
// state's signature is a hash of what happens before what: each thread's and
// each location's history, a write's being that of its thread, and a thread's
// including those of what it has read. A step into a state that was reached
// before with bounds at least as wide is not taken again.
//
// Only what several threads touch is a point to decide at. That is found out on
// the way: when a location turns out to be shared, exploration starts anew.

#include "explore/explore.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <time.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define EXPLORE_TSAN 1
#endif
#if __has_feature(address_sanitizer)
#define EXPLORE_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__) || defined(EXPLORE_WITH_TSAN)
#define EXPLORE_TSAN 1
#endif
#if defined(__SANITIZE_ADDRESS__)
#define EXPLORE_ASAN 1
#endif

extern "C" {
__attribute__((weak)) void __tsan_acquire(void*);
__attribute__((weak)) void __tsan_release(void*);
}

namespace explore {

constinit thread_local int detail::self = -1;
constinit bool detail::in_scenario = false;

namespace {

using detail::in_scenario;
using detail::self;
using u64 = std::uint64_t;

constexpr int max_threads = 4;
constexpr unsigned max_steps = 20000;     // in an order: more is a livelock
constexpr unsigned max_locations = 16384; // in an order
constexpr unsigned max_viewed = 512;      // of which may be read stale
constexpr unsigned shown_steps = 200;     // of the first, and of the last
constexpr unsigned kept = 4;              // stores of a location
constexpr unsigned max_stale = kept - 2;  // how old a value can be
constexpr int exit_failed = 3;            // of a scenario's process
constexpr u64 lazy = u64{1} << 63;        // in the number of a location

u64 mix(u64 a, u64 b) noexcept
{
    u64 x = a * 0x9e3779b97f4a7c15 ^ (b + 0x2545f4914f6cdd1d);
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93;
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93;
    return x ^ x >> 32;
}

// Elements in memory that no allocator knows of.
template <class T>
class array
{
public:
    explicit array(std::size_t capacity)
    {
        void* const p = ::mmap(
            nullptr,
            capacity * sizeof(T),
            PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
            -1,
            0);
        if (p == MAP_FAILED)
            std::abort();
        data_ = static_cast<T*>(p);
        capacity_ = capacity;
    }

    array(array const&) = delete;
    array& operator=(array const&) = delete;

    ~array()
    {
        ::munmap(data_, capacity_ * sizeof(T));
    }

    T& operator[](std::size_t i) noexcept
    {
        return data_[i];
    }

    T& back() noexcept
    {
        return data_[size_ - 1];
    }

    void push_back(T const& v) noexcept
    {
        if (size_ == capacity_)
            std::abort();
        data_[size_++] = v;
    }

    void resize(std::size_t n) noexcept
    {
        size_ = n;
    }

    std::size_t size() const noexcept
    {
        return size_;
    }

    std::size_t capacity() const noexcept
    {
        return capacity_;
    }

    void swap(array& other) noexcept
    {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
    }

private:
    T* data_;
    std::size_t size_ = 0;
    std::size_t capacity_;
};

// How much of a bound is left.
struct budget
{
    std::uint8_t preemptions = 0;
    std::uint8_t stale = 0;

    bool covers(budget other) const noexcept
    {
        return preemptions >= other.preemptions && stale >= other.stale;
    }
};

// The states that were reached, and the bounds with which.
class state_set
{
public:
    bool covered(u64 signature, budget b) noexcept
    {
        auto const& e = find(signature);
        return e.signature != 0 && e.left.covers(b);
    }

    void insert(u64 signature, budget b) noexcept
    {
        auto& e = find(signature);
        if (e.signature == 0)
        {
            e = {signature, b};
            if (++size_ > table_.capacity() / 2)
                grow();
        }
        else if (!e.left.covers(b))
            e.left = b;
    }

    void clear() noexcept
    {
        array<entry>(table_.capacity()).swap(table_);
        size_ = 0;
    }

    std::size_t size() const noexcept
    {
        return size_;
    }

private:
    struct entry
    {
        u64 signature = 0; // or there is none
        budget left;
    };

    entry& find(u64 signature) noexcept
    {
        auto const mask = table_.capacity() - 1;
        auto i = signature & mask;
        while (table_[i].signature != 0 && table_[i].signature != signature)
            i = (i + 1) & mask;
        return table_[i];
    }

    void grow() noexcept
    {
        array<entry> old(2 * table_.capacity());
        old.swap(table_);
        for (std::size_t i = 0; i != old.capacity(); ++i)
            if (old[i].signature != 0)
                find(old[i].signature) = old[i];
    }

    array<entry> table_{1 << 16};
    std::size_t size_ = 0;
};

// The earliest store of each location that a thread may read.
struct view
{
    std::uint16_t earliest[max_viewed];
};

struct stored
{
    u64 bits;
    u64 history;
    bool synchronizes; // the view is what who acquires it sees
    view seen;
};

struct location
{
    void const* address;
    u64 number; // the same in all orders, if its maker's way is
    u64 history;
    char const* name;
    std::int8_t owner;    // of a mutex
    std::uint8_t touched; // by which threads, as the next two
    std::uint8_t read;
    std::uint8_t read_old; // when it was read last
    bool is_dead;
    bool is_shared;
    bool has_stores;
    std::uint16_t last;                 // store
    std::uint32_t written[max_threads]; // in which step, counted from 1
};

struct operation
{
    op what;
    std::memory_order order;
    site at;
    unsigned where; // none, if there is no location
    fault const* fails;
};

constexpr unsigned none = UINT_MAX;
constexpr char asio_mutex[] = "asio"; // in the place of a file

struct thread
{
    int go;        // what it sleeps on
    bool is_ready; // has an operation to carry out
    operation next;
    std::uint8_t age; // of the value that it is to read
    u64 history;
    u64 made;            // locations
    std::uint32_t since; // what has to be written for it to go on
    std::function<void()> const* function;
};

struct alternative
{
    u64 signature;
    u64 what; // the operation
    std::uint8_t thread;
    std::uint8_t age;
    budget left;
};

struct node
{
    alternative taken;
    unsigned others; // where they begin
};

struct step
{
    operation what;
    std::uint8_t thread;
    std::uint8_t age;
    bool has_values;
    u64 before;
    u64 after;
};

struct settings
{
    int preemptions = 2;
    int stale = 1;
    u64 executions = 100'000;
    unsigned hang = 20; // seconds
};

struct result
{
    u64 executions = 0;
    u64 states = 0;
    u64 steps = 0; // of the longest
    u64 leaked = 0;
    u64 lost = 0;   // orders that could not be repeated
    u64 faults = 0; // how often the planted one has had an effect
    double seconds = 0;
    bool complete = false;
};

// All there is. The scenarios' processes have one each.
struct engine
{
    settings limits;
    scenario const* running = nullptr;
    fault const* planted = nullptr;
    result found;

    bool together = false;

    unsigned count = 0; // of threads
    int current = -1;   // whose step was the last
    std::uint8_t now_running = 0;
    thread threads[max_threads + 1] = {}; // and that of the scenario
    pthread_t handles[max_threads] = {};
    unsigned started = 0;
    char start_mark = 0; // for ThreadSanitizer
    char end_mark[max_threads] = {};
    u64 made = 0; // locations, by the scenario

    array<location> places{max_locations};
    array<unsigned> table{4 * max_locations}; // by address
    array<unsigned> table_users{4 * max_locations};
    array<stored> stores{std::size_t{max_viewed} * kept};
    array<view> views{max_threads};
    array<view> mutexes{max_viewed};

    array<node> stack{1 << 20};
    array<alternative> others{1 << 22};
    std::size_t depth = 0;
    bool covered = false; // the rest of this order is known
    budget left;
    state_set states;

    array<u64> shared{1 << 16}; // numbers of locations
    bool learned = false;

    array<step> trace{max_steps + 64};
    array<step> replay{max_steps + 64};
    std::size_t replayed = 0;
    bool replaying = false;
    bool reported = false;
    bool verbose = false;

    bool weak() const noexcept
    {
        return limits.stale > 0;
    }
};

engine* e; // never destroyed

long futex(int* word, int what, int value) noexcept
{
    return ::syscall(SYS_futex, word, what, value, nullptr, nullptr, 0);
}

void wake(thread& t) noexcept
{
    __atomic_store_n(&t.go, 1, __ATOMIC_RELEASE);
    futex(&t.go, FUTEX_WAKE_PRIVATE, 1);
}

void sleep(thread& t) noexcept
{
    while (__atomic_load_n(&t.go, __ATOMIC_ACQUIRE) == 0)
        futex(&t.go, FUTEX_WAIT_PRIVATE, 0);
    t.go = 0;
}

// Without what the sanitizers do at the end: they would wait for the threads.
[[noreturn]] void quit(int code) noexcept
{
    std::fflush(stderr);
    ::syscall(SYS_exit_group, code);
    std::abort();
}

// Reports.

char const* text(op o) noexcept
{
    constexpr char const* texts[] = {
        "load",
        "store",
        "rmw",
        "lock",
        "try_lock",
        "unlock",
        "wait",
        "yield",
        "begin",
        "end"};
    return texts[static_cast<unsigned>(o)];
}

char const* text(std::memory_order o) noexcept
{
    switch (o)
    {
    case std::memory_order_relaxed:
        return "relaxed";
    case std::memory_order_consume:
    case std::memory_order_acquire:
        return "acquire";
    case std::memory_order_release:
        return "release";
    case std::memory_order_acq_rel:
        return "acq_rel";
    default:
        return "seq_cst";
    }
}

char const* last_part(char const* file) noexcept
{
    auto const* const slash = std::strrchr(file, '/');
    return slash ? slash + 1 : file;
}

// How often which thread goes on: a3b5~1a2, where ~1 is the age of what the
// next step reads.
void print_replay() noexcept
{
    unsigned run = 0;
    int last = -1;
    for (std::size_t i = 0; i != e->trace.size(); ++i)
    {
        auto const& s = e->trace[i];
        if (s.what.what == op::end)
            continue; // nobody decides on it
        if (std::exchange(last, s.thread) != s.thread || s.age != 0)
        {
            if (run != 0)
                std::fprintf(stderr, "%u", run);
            run = 0;
            if (s.age != 0)
                std::fprintf(stderr, "~%u", s.age);
            std::fprintf(stderr, "%c", 'a' + s.thread);
        }
        ++run;
    }
    if (run != 0)
        std::fprintf(stderr, "%u", run);
}

void print_step(step const& s) noexcept
{
    auto const& w = s.what;
    std::fprintf(
        stderr, "  %*s%c %s", 4 * s.thread, "", 'a' + s.thread, text(w.what));
    if (w.where != none)
    {
        auto const& l = e->places[w.where];
        if (l.name)
            std::fprintf(stderr, " %s", l.name);
        else
            std::fprintf(stderr, " #%u", w.where);
        if (w.what < op::lock)
            std::fprintf(stderr, " %s", text(w.order));
    }
    if (s.has_values)
    {
        std::fprintf(
            stderr, " 0x%llx", static_cast<unsigned long long>(s.before));
        if (w.what != op::load)
            std::fprintf(
                stderr, " -> 0x%llx", static_cast<unsigned long long>(s.after));
    }
    if (s.age != 0)
        std::fprintf(stderr, " (old)");
    if (w.at.line != 0)
        std::fprintf(
            stderr,
            "  %s:%u %s",
            last_part(w.at.file),
            w.at.line,
            w.at.function);
    if (w.fails)
        std::fprintf(stderr, "  [%s]", w.fails->name);
    std::fprintf(stderr, "\n");
}

void report(char const* what) noexcept
{
    if (!e || std::exchange(e->reported, true))
        return;
    auto const* const name = e->running ? e->running->name : "?";
    std::fprintf(stderr, "explore: %s: %s\n", name, what);
    if (e->trace.size() == 0)
        return;
    std::fprintf(stderr, "  thread, operation, location, values, place:\n");
    for (std::size_t i = 0; i != e->trace.size(); ++i)
        if (i < shown_steps || i + shown_steps >= e->trace.size())
            print_step(e->trace[i]);
        else if (i == shown_steps)
            std::fprintf(stderr, "  ...\n");
    for (unsigned i = 0; i != e->count; ++i)
        if (e->together && e->threads[i].is_ready)
        {
            std::fprintf(stderr, "  next:\n");
            auto const& w = e->threads[i].next;
            print_step({w, static_cast<std::uint8_t>(i), 0, false, 0, 0});
        }
    std::fprintf(stderr, "  repeat: %s", name);
    if (e->planted)
        std::fprintf(stderr, " --fault=%s", e->planted->name);
    std::fprintf(stderr, " --stale=%d --replay=", e->limits.stale);
    print_replay();
    std::fprintf(stderr, "\n");
}

[[noreturn]] void fail(char const* what) noexcept
{
    report(what);
    quit(exit_failed);
}

// Locations.

unsigned& slot(void const* address) noexcept
{
    auto const mask = e->table.capacity() - 1;
    auto i = mix(reinterpret_cast<u64>(address), 0) & mask;
    while (e->table[i] != 0 && e->places[e->table[i] - 1].address != address)
        i = (i + 1) & mask;
    return e->table[i];
}

bool known_as_shared(u64 number) noexcept
{
    for (std::size_t i = 0; i != e->shared.size(); ++i)
        if (e->shared[i] == number)
            return true;
    return false;
}

unsigned add_location(void const* address, u64 number) noexcept
{
    auto& s = slot(address);
    auto const i = static_cast<unsigned>(e->places.size());
    if (i == max_locations)
        fail("too many locations");
    e->places.push_back(
        {address,
         number,
         mix(number, 1),
         nullptr,
         -1,
         0,
         0,
         0,
         false,
         known_as_shared(number),
         false,
         0,
         {}});
    if (s == 0)
        e->table_users.push_back(static_cast<unsigned>(&s - &e->table[0]));
    s = i + 1;
    return i;
}

// The number of what nobody was seen to make: it was there before the scenario,
// or needs no making.
u64 lazy_number() noexcept
{
    auto& made = self >= 0 ? e->threads[self].made : e->made;
    return lazy | mix((static_cast<u64>(self) + 1), ++made);
}

unsigned location_at(void const* address) noexcept
{
    auto const s = slot(address);
    return s != 0 ? s - 1 : add_location(address, lazy_number());
}

void touch(location& l) noexcept
{
    l.touched |= static_cast<std::uint8_t>(1u << self);
    if (l.is_shared || (l.touched & (l.touched - 1)) == 0)
        return;
    l.is_shared = true;
    if (!e->replaying)
    {
        e->shared.push_back(l.number);
        e->learned = true;
    }
}

// Signatures.

bool reads(op o) noexcept
{
    return o == op::load || o == op::rmw || o == op::lock || o == op::try_lock;
}

bool writes(op o) noexcept
{
    return o != op::load && o < op::wait;
}

u64 of_thread(unsigned t) noexcept
{
    return mix(e->threads[t].history, t);
}

u64 of_location(location const& l, u64 history) noexcept
{
    return mix(history, l.number);
}

u64 of_state() noexcept
{
    u64 sum = 0;
    for (unsigned i = 0; i != e->count; ++i)
        sum += of_thread(i);
    for (std::size_t i = 0; i != e->places.size(); ++i)
        if (auto const& l = e->places[i]; l.is_shared)
            sum += of_location(l, l.history);
    return sum;
}

bool is_visible(operation const& o) noexcept
{
    return o.where == none || e->places[o.where].is_shared;
}

stored& store_of(unsigned where, unsigned version) noexcept
{
    return e->stores[std::size_t{where} * kept + version % kept];
}

// The history of a thread that carries out its operation.
u64 history_after(thread const& t, std::uint8_t age) noexcept
{
    auto const& o = t.next;
    auto h = mix(t.history, static_cast<u64>(o.what) + 17);
    if (o.where == none)
        return h;
    auto const& l = e->places[o.where];
    h = mix(h, l.number);
    if (!reads(o.what))
        return h;
    auto const read =
        age != 0 ? store_of(o.where, l.last - age).history : l.history;
    return mix(h, read);
}

// That of the state after it, in which the thread was the last to go on.
u64 signature_after(u64 state, unsigned i, std::uint8_t age) noexcept
{
    auto const& t = e->threads[i];
    auto const h = history_after(t, age);
    auto sum = state - of_thread(i) + mix(h, i);
    if (t.next.where != none && writes(t.next.what))
    {
        auto const& l = e->places[t.next.where];
        sum += of_location(l, mix(l.history, h)) - of_location(l, l.history);
    }
    return mix(sum, i) | 1;
}

// Memory.

bool acquires(std::memory_order o) noexcept
{
    return o != std::memory_order_relaxed && o != std::memory_order_release;
}

bool releases(std::memory_order o) noexcept
{
    return o == std::memory_order_release || o == std::memory_order_acq_rel
        || o == std::memory_order_seq_cst;
}

bool is_viewed(unsigned where) noexcept
{
    return e->weak() && where < max_viewed;
}

std::size_t viewed() noexcept
{
    return std::min<std::size_t>(e->places.size(), max_viewed);
}

void join(view& v, view const& other) noexcept
{
    for (std::size_t i = 0; i != viewed(); ++i)
        v.earliest[i] = std::max(v.earliest[i], other.earliest[i]);
}

// How old a value this operation may read.
std::uint8_t oldest(unsigned i) noexcept
{
    auto const& o = e->threads[i].next;
    if (o.what != op::load || o.order == std::memory_order_seq_cst
        || !is_viewed(o.where))
        return 0;
    auto const& l = e->places[o.where];
    if (!l.has_stores)
        return 0;
    auto const floor = e->views[i].earliest[o.where];
    return static_cast<std::uint8_t>(
        std::min<unsigned>(l.last - floor, max_stale));
}

void note_store(
    unsigned where,
    u64 old,
    u64 value,
    bool rmw,
    std::memory_order order) noexcept
{
    auto& l = e->places[where];
    if (!l.has_stores)
    {
        l.has_stores = true;
        auto& first = store_of(where, 0);
        first.bits = old;
        first.history = mix(l.number, 1);
        first.synchronizes = false;
    }
    auto const& previous = store_of(where, l.last);
    ++l.last;
    auto& s = store_of(where, l.last);
    auto& mine = e->views[self];
    mine.earliest[where] = l.last;
    s.bits = value;
    s.history = l.history;
    s.synchronizes = false;
    // A release sequence goes on through what reads and writes.
    if (rmw && previous.synchronizes)
    {
        s.synchronizes = true;
        s.seen = previous.seen;
        if (releases(order))
            join(s.seen, mine);
    }
    else if (releases(order))
    {
        s.synchronizes = true;
        s.seen = mine;
    }
}

// Who goes on.

// Whether a thread that waits has to look at this again.
bool has_news(location const& l, unsigned i) noexcept
{
    if ((l.read & 1u << i) == 0)
        return false;
    if ((l.read_old & 1u << i) != 0)
        return true;
    for (unsigned k = 0; k != e->count; ++k)
        if (k != i && l.written[k] > e->threads[i].since)
            return true;
    return false;
}

bool is_enabled(unsigned i) noexcept
{
    auto const& t = e->threads[i];
    if (!t.is_ready)
        return false;
    switch (t.next.what)
    {
    case op::lock:
        return e->places[t.next.where].owner < 0;
    case op::wait:
        for (std::size_t k = 0; k != e->places.size(); ++k)
            if (has_news(e->places[k], i))
                return true;
        return false;
    default:
        return true;
    }
}

// A thread that can be left without preempting it.
bool lets_go(unsigned i) noexcept
{
    auto const what = e->threads[i].next.what;
    return what == op::wait || what == op::yield;
}

// Tells the operation that a thread is to carry out from others.
u64 identity(unsigned i) noexcept
{
    auto const& o = e->threads[i].next;
    return mix(
        static_cast<u64>(o.what),
        o.where == none ? 0 : e->places[o.where].number);
}

void take(alternative const& a) noexcept
{
    e->left = a.left;
    e->threads[a.thread].age = a.age;
}

bool is_known(u64 signature, budget b) noexcept
{
    return !e->running->ordered && e->states.covered(signature, b);
}

int choose_replayed() noexcept
{
    if (e->replayed == e->replay.size())
    {
        e->replaying = false;
        return -1;
    }
    auto const& s = e->replay[e->replayed++];
    auto const i = s.thread;
    if (i >= e->count || !is_enabled(i))
        fail("the order cannot be repeated");
    take({0, 0, i, std::min(s.age, oldest(i)), e->left});
    return i;
}

// The thread that goes on, or -1 if none can.
int choose() noexcept
{
    if (e->replaying)
        if (int const i = choose_replayed(); i >= 0)
            return i;

    if (e->depth < e->stack.size())
    {
        auto const& a = e->stack[e->depth++].taken;
        if (is_enabled(a.thread) && a.age <= oldest(a.thread)
            && a.what == identity(a.thread))
        {
            take(a);
            return a.thread;
        }
        // Where a strand is decides which mutex it shares, if any: go on from
        // here, in this order as it is now.
        --e->depth;
        e->others.resize(e->stack[e->depth].others);
        e->stack.resize(e->depth);
        ++e->found.lost;
    }

    int const last = e->current;
    bool const can_stay = last >= 0 && is_enabled(last);
    bool const stays = can_stay && !lets_go(last);
    int first = -1;
    if (stays)
        first = last;
    else
        for (unsigned k = 1; k <= e->count; ++k)
        {
            auto const i = (static_cast<unsigned>(last) + k) % e->count;
            if (is_enabled(i) && (first < 0 || lets_go(first)))
                first = static_cast<int>(i);
        }
    if (first < 0)
        return -1;

    auto const state = e->covered ? 0 : of_state();
    node n{
        {0, identity(first), static_cast<std::uint8_t>(first), 0, e->left},
        static_cast<unsigned>(e->others.size())};
    if (!e->covered)
    {
        n.taken.signature = signature_after(state, first, 0);
        if (is_known(n.taken.signature, n.taken.left))
            e->covered = true;
        else
            e->states.insert(n.taken.signature, n.taken.left);
        for (unsigned k = e->count; k-- != 0;)
        {
            auto const i = (static_cast<unsigned>(first) + k) % e->count;
            if (!is_enabled(i))
                continue;
            auto left = e->left;
            if (stays && static_cast<int>(i) != last)
            {
                if (left.preemptions == 0)
                    continue;
                --left.preemptions;
            }
            for (unsigned age = oldest(i) + 1u; age-- != 0;)
            {
                if (age == 0 && static_cast<int>(i) == first)
                    continue;
                if (age != 0 && left.stale == 0)
                    continue;
                auto with_age = left;
                if (age != 0)
                    --with_age.stale;
                auto const a = static_cast<std::uint8_t>(age);
                auto const s = signature_after(state, i, a);
                if (!is_known(s, with_age))
                    e->others.push_back(
                        {s,
                         identity(i),
                         static_cast<std::uint8_t>(i),
                         a,
                         with_age});
            }
        }
    }
    e->stack.push_back(n);
    ++e->depth;
    take(n.taken);
    return first;
}

// Makes the last node that has something else to try try it.
bool backtrack() noexcept
{
    while (e->stack.size() != 0)
    {
        auto& n = e->stack.back();
        while (e->others.size() != n.others)
        {
            auto const a = e->others.back();
            e->others.resize(e->others.size() - 1);
            if (is_known(a.signature, a.left))
                continue;
            e->states.insert(a.signature, a.left);
            n.taken = a;
            return true;
        }
        e->stack.resize(e->stack.size() - 1);
    }
    return false;
}

[[noreturn]] void fail_stuck() noexcept
{
    fail("deadlock: no thread can go on");
}

// Lets the thread that is chosen go on, and returns when this one may.
void hand_over_at_point() noexcept
{
    int const next = choose();
    if (next < 0)
        fail_stuck();
    if (next == self)
        return;
    auto& me = e->threads[self];
    wake(e->threads[next]);
    sleep(me);
}

void note_access(location& l, op what, bool is_old) noexcept
{
    auto const me = static_cast<std::uint8_t>(1u << self);
    if (reads(what))
    {
        l.read |= me;
        l.read_old = static_cast<std::uint8_t>(
            is_old ? l.read_old | me : l.read_old & ~me);
    }
    if (writes(what))
        l.written[self] = detail::now();
}

// What has changed is seen in the end.
void note_wait() noexcept
{
    for (std::size_t k = 0; k != viewed() && e->weak(); ++k)
        if (auto& l = e->places[k]; has_news(l, self))
        {
            e->views[self].earliest[k] = l.last;
            l.read_old &= static_cast<std::uint8_t>(~(1u << self));
        }
}

// The operation that this thread was waiting to carry out is carried out.
void commit(thread& t) noexcept
{
    auto const& o = t.next;
    e->current = self;
    e->now_running = static_cast<std::uint8_t>(self);
    t.is_ready = false;
    if (e->trace.size() >= max_steps)
        fail("livelock: no end after 20000 steps");
    e->trace.push_back(
        {o, static_cast<std::uint8_t>(self), t.age, false, 0, 0});
    if (o.where == none)
    {
        t.history = history_after(t, 0);
        if (o.what == op::wait)
            note_wait();
        return;
    }
    auto& l = e->places[o.where];
    if (l.is_dead)
        fail("used after its end");
    touch(l);
    if (l.is_shared)
    {
        auto const h = history_after(t, t.age);
        t.history = h;
        if (writes(o.what))
            l.history = mix(l.history, h);
    }
    note_access(l, o.what, t.age != 0);
    if (o.fails && o.fails->what == fault::effect::skip)
        return;
    if (o.what == op::lock)
    {
        l.owner = static_cast<std::int8_t>(self);
        if (is_viewed(o.where))
            join(e->views[self], e->mutexes[o.where]);
    }
    else if (o.what == op::unlock)
    {
        l.owner = -1;
        if (is_viewed(o.where))
            e->mutexes[o.where] = e->views[self];
    }
}

bool fails(fault const& f, op what, site const& at) noexcept
{
    if (f.what == fault::effect::marked)
        return false;
    if (f.on == op::lock)
        return (what == op::lock || what == op::unlock)
            && std::strcmp(at.file, asio_mutex) != 0;
    auto const n = std::strlen(f.function);
    bool const is_meant = f.what == fault::effect::misread
        ? what == op::load || what == op::rmw
        : what == f.on;
    return is_meant && std::strncmp(f.function, at.function, n) == 0
        && (at.function[n] == '\0' || at.function[n] == '<')
        && std::strcmp(f.file, last_part(at.file)) == 0;
}

void* run_thread(void* argument) noexcept
{
    auto const i = static_cast<int>(reinterpret_cast<std::intptr_t>(argument));
    auto& t = e->threads[i];
    for (;;)
    {
        sleep(t);
        if (__tsan_acquire)
            __tsan_acquire(&e->start_mark);
        self = i;
        commit(t);
        try
        {
            (*t.function)();
        }
        catch (std::exception const& x)
        {
            fail(x.what());
        }
        catch (...)
        {
            fail("an exception left a thread");
        }
        t.next = {op::end, std::memory_order_relaxed, {}, none, nullptr};
        t.age = 0;
        commit(t);
        self = -1;
        if (__tsan_release)
            __tsan_release(&e->end_mark[i]);
        bool more = false;
        for (unsigned k = 0; k != e->count; ++k)
            more = more || e->threads[k].is_ready;
        int next = max_threads;
        if (more)
            next = choose();
        if (next < 0)
            fail_stuck();
        wake(e->threads[next]);
    }
}

void start_threads(unsigned n) noexcept
{
    for (; e->started < n; ++e->started)
        if (::pthread_create(
                &e->handles[e->started],
                nullptr,
                [](void* p) -> void* { return run_thread(p); },
                reinterpret_cast<void*>(std::intptr_t{e->started}))
            != 0)
            std::abort();
}

} // namespace

void detail::run_together(std::function<void()> const* functions, std::size_t n)
{
    if (!in_scenario || e->together)
        fail("together() is for the functions of scenarios");
    e->count = static_cast<unsigned>(n);
    start_threads(e->count);
    for (unsigned i = 0; i != e->count; ++i)
    {
        auto& t = e->threads[i];
        t.is_ready = true;
        t.next = {op::begin, std::memory_order_relaxed, {}, none, nullptr};
        t.age = 0;
        t.history = i;
        t.made = 0;
        t.since = 0;
        t.function = &functions[i];
        e->views[i] = {};
    }
    e->together = true;
    e->current = -1;
    if (__tsan_release)
        __tsan_release(&e->start_mark);
    int const first = choose();
    if (first < 0)
        fail_stuck();
    wake(e->threads[first]);
    sleep(e->threads[max_threads]);
    if (__tsan_acquire)
        for (unsigned i = 0; i != e->count; ++i)
            __tsan_acquire(&e->end_mark[i]);
    e->together = false;
    if (e->replaying && e->replayed != e->replay.size())
        fail("the order cannot be repeated");
}

detail::permit detail::before(
    op what,
    void const* location,
    std::memory_order order,
    site const& at) noexcept
{
    auto& t = e->threads[self];
    bool const mine = e->planted && fails(*e->planted, what, at);
    e->found.faults += mine;
    auto const where = location ? location_at(location) : none;
    if (mine && e->planted->what == fault::effect::relax)
        order = std::memory_order_relaxed;
    t.next = {what, order, at, where, mine ? e->planted : nullptr};
    t.age = 0;
    t.is_ready = true;
    if (mine && e->planted->what == fault::effect::skip && what == op::lock)
        t.next.what = op::try_lock; // does not wait
    if (is_visible(t.next) || e->replaying)
        hand_over_at_point();
    commit(t);
    permit p{order, mine && e->planted->what == fault::effect::skip, {}, {}};
    if (mine && e->planted->what == fault::effect::misread)
        p.seen = {e->planted->keep, e->planted->set};
    if (mine && e->planted->what == fault::effect::miswrite)
        p.written = {e->planted->keep, e->planted->set};
    return p;
}

std::uint32_t detail::now() noexcept
{
    return static_cast<std::uint32_t>(e->trace.size());
}

std::uint32_t detail::wait(std::uint32_t since, site const& at) noexcept
{
    e->threads[self].since = since;
    before(op::wait, nullptr, std::memory_order_relaxed, at);
    return now();
}

std::uint64_t detail::read(std::uint64_t value) noexcept
{
    auto& t = e->threads[self];
    auto const& o = t.next;
    if (is_viewed(o.where))
    {
        auto& l = e->places[o.where];
        auto& mine = e->views[self];
        if (l.has_stores)
        {
            auto const version = static_cast<std::uint16_t>(l.last - t.age);
            auto const& s = store_of(o.where, version);
            value = s.bits;
            mine.earliest[o.where] = std::max(mine.earliest[o.where], version);
            if (acquires(o.order) && s.synchronizes)
                join(mine, s.seen);
        }
    }
    if (o.fails
        && (o.fails->what == fault::effect::replace
            || o.fails->what == fault::effect::misread))
        value = (value & o.fails->keep) | o.fails->set;
    auto& s = e->trace.back();
    s.has_values = true;
    s.before = value;
    return value;
}

std::uint64_t detail::wrote(std::uint64_t old, std::uint64_t value) noexcept
{
    auto& t = e->threads[self];
    auto const& o = t.next;
    auto& s = e->trace.back();
    s.has_values = true;
    s.before = old;
    s.after = value;
    if (o.what == op::try_lock)
    {
        if (value != 0)
        {
            e->places[o.where].owner = static_cast<std::int8_t>(self);
            if (is_viewed(o.where))
                join(e->views[self], e->mutexes[o.where]);
        }
        return old;
    }
    if (is_viewed(o.where))
    {
        auto& l = e->places[o.where];
        bool const rmw = o.what == op::rmw;
        if (rmw && acquires(o.order) && l.has_stores)
            if (auto const& last = store_of(o.where, l.last); last.synchronizes)
                join(e->views[self], last.seen);
        note_store(o.where, old, value, rmw, o.order);
    }
    if (o.fails && o.fails->what == fault::effect::replace)
        old = (old & o.fails->keep) | o.fails->set;
    return old;
}

void detail::look_at(void const* location) noexcept
{
    if (auto const i = slot(location); i != 0 && e->places[i - 1].is_dead)
        fail("used after its end");
}

void detail::created(void const* location) noexcept
{
    if (!in_scenario)
        return;
    auto& made = self >= 0 ? e->threads[self].made : e->made;
    add_location(location, mix((static_cast<u64>(self) + 1), ++made) & ~lazy);
    if (self >= 0)
        e->places[slot(location) - 1].touched =
            static_cast<std::uint8_t>(1u << self);
}

void detail::destroyed(void const* location) noexcept
{
    if (!in_scenario)
        return;
    auto& l = e->places[location_at(location)];
    if (l.is_dead)
        fail("destroyed twice");
    l.is_dead = true;
    if (self < 0)
        return;
    // No point to decide at, but part of this thread's last step.
    touch(l);
    if (!l.is_shared)
        return;
    auto& t = e->threads[self];
    t.history = mix(mix(t.history, l.number), mix(l.history, 99));
    l.history = mix(l.history, t.history);
    l.written[self] = now();
}

bool planted(char const* name) noexcept
{
    if (!e || !e->planted || e->planted->what != fault::effect::marked
        || std::strcmp(e->planted->name, name) != 0)
        return false;
    ++e->found.faults;
    return true;
}

void check(bool condition, char const* what) noexcept
{
    if (!condition)
        fail(what);
}

void yield(site at) noexcept
{
    if (self >= 0)
        detail::before(op::yield, nullptr, std::memory_order_relaxed, at);
}

void name(void const* location, char const* text) noexcept
{
    if (in_scenario)
        e->places[location_at(location)].name = text;
}

// What is not ours to compile: the mutexes of Asio, and the clock.
extern "C" {

int __real_pthread_mutex_init(pthread_mutex_t*, pthread_mutexattr_t const*);
int __real_pthread_mutex_destroy(pthread_mutex_t*);

int __wrap_pthread_mutex_init(pthread_mutex_t* m, pthread_mutexattr_t const* a)
{
    detail::created(m);
    return __real_pthread_mutex_init(m, a);
}

int __wrap_pthread_mutex_destroy(pthread_mutex_t* m)
{
    detail::destroyed(m);
    return __real_pthread_mutex_destroy(m);
}

int __wrap_pthread_mutex_lock(pthread_mutex_t* m)
{
    if (self >= 0)
        detail::before(
            op::lock,
            m,
            std::memory_order_acquire,
            {asio_mutex, "pthread_mutex_lock", 0});
    return __real_pthread_mutex_lock(m);
}

int __wrap_pthread_mutex_trylock(pthread_mutex_t* m)
{
    if (self < 0)
        return __real_pthread_mutex_trylock(m);
    detail::before(
        op::try_lock,
        m,
        std::memory_order_acquire,
        {asio_mutex, "pthread_mutex_trylock", 0});
    int const result = __real_pthread_mutex_trylock(m);
    detail::wrote(result != 0, result == 0);
    return result;
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t* m)
{
    if (self >= 0)
        detail::before(
            op::unlock,
            m,
            std::memory_order_release,
            {asio_mutex, "pthread_mutex_unlock", 0});
    return __real_pthread_mutex_unlock(m);
}

std::int64_t __real__ZNSt6chrono3_V212steady_clock3nowEv();

std::int64_t __wrap__ZNSt6chrono3_V212steady_clock3nowEv()
{
    return in_scenario ? std::int64_t{1'000'000'000'000'000}
                       : __real__ZNSt6chrono3_V212steady_clock3nowEv();
}

// ThreadSanitizer has printed its report.
void __tsan_on_report(void*)
{
    if (in_scenario)
        fail("ThreadSanitizer has reported it");
}

void __asan_on_error()
{
    report("AddressSanitizer has something to report");
}

} // extern "C"

namespace {

double seconds() noexcept
{
    timespec t;
    ::clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<double>(t.tv_sec)
        + 1e-9 * static_cast<double>(t.tv_nsec);
}

void on_signal(int number)
{
    report(number == SIGABRT ? "aborted" : "crashed");
    quit(exit_failed);
}

void install_handlers() noexcept
{
    std::signal(SIGABRT, on_signal);
#if !defined(EXPLORE_TSAN) && !defined(EXPLORE_ASAN)
    for (int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL})
        std::signal(number, on_signal);
#endif
}

// Ends the process if it stands still. A signal would not do: ThreadSanitizer
// holds those up.
void* watch(void*) noexcept
{
    for (u64 before = ~u64{0};;)
    {
        ::sleep(e->limits.hang);
        auto const now =
            __atomic_load_n(&e->found.executions, __ATOMIC_RELAXED) * max_steps
            + e->trace.size();
        if (std::exchange(before, now) == now)
            fail("a thread waits for what is not explored");
    }
}

// One processor is enough, and to hand over on it is cheaper.
void stay_on_one_processor() noexcept
{
    int const cpu = ::sched_getcpu();
    if (cpu < 0)
        return;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<unsigned>(cpu), &set);
    ::sched_setaffinity(0, sizeof set, &set);
}

void forget_execution() noexcept
{
    for (std::size_t i = 0; i != e->table_users.size(); ++i)
        e->table[e->table_users[i]] = 0;
    e->table_users.resize(0);
    for (unsigned i = 0; i != viewed(); ++i)
        e->mutexes[i] = {};
    e->places.resize(0);
    e->trace.resize(0);
    e->made = 0;
    e->depth = 0;
    e->covered = false;
    e->left = {
        static_cast<std::uint8_t>(e->limits.preemptions),
        static_cast<std::uint8_t>(e->limits.stale)};
}

void run_body() noexcept
{
    forget_execution();
    in_scenario = true;
    try
    {
        e->running->run();
    }
    catch (std::exception const& x)
    {
        fail(x.what());
    }
    catch (...)
    {
        fail("an exception left the scenario");
    }
    in_scenario = false;
    ++e->found.executions;
    e->found.steps = std::max<u64>(e->found.steps, e->trace.size());
    e->found.leaked = 0;
    for (std::size_t i = 0; i != e->places.size(); ++i)
    {
        auto const& l = e->places[i];
        e->found.leaked += !l.is_dead && (l.number & lazy) == 0;
    }
}

void explore_scenario() noexcept
{
    auto const start = seconds();
    // What is made once and stays, is made now.
    run_body();
    do
    {
        e->learned = false;
        e->stack.resize(0);
        e->others.resize(0);
        e->states.clear();
        do
        {
            run_body();
            if (e->found.lost > 4 && e->found.lost * 20 > e->found.executions)
                fail("the scenario does not do the same in the same order");
            if (e->found.leaked != 0)
            {
                in_scenario = true;
                fail("something was not destroyed");
            }
            if (e->found.executions >= e->limits.executions)
                break;
        }
        while (!e->learned && backtrack());
    }
    while (e->learned && e->found.executions < e->limits.executions);
    e->found.complete = e->stack.size() == 0;
    e->found.states = e->states.size();
    e->found.seconds = seconds() - start;
}

bool parse_replay(std::string_view s)
{
    std::uint8_t age = 0;
    for (std::size_t i = 0; i != s.size();)
    {
        auto const number = [&]
        {
            unsigned n = 0;
            while (i != s.size() && s[i] >= '0' && s[i] <= '9')
                n = n * 10 + static_cast<unsigned>(s[i++] - '0');
            return n;
        };
        if (s[i] == '~')
        {
            ++i;
            age = static_cast<std::uint8_t>(number());
            continue;
        }
        if (s[i] < 'a' || s[i] >= 'a' + max_threads)
            return false;
        auto const thread = static_cast<std::uint8_t>(s[i++] - 'a');
        for (auto n = number(); n-- != 0;)
        {
            if (e->replay.size() == max_steps)
                return false;
            step r{};
            r.thread = thread;
            r.age = std::exchange(age, 0);
            e->replay.push_back(r);
        }
    }
    return true;
}

// What is run in a process of its own.
struct outcome
{
    bool passed = false;
    result found;
    std::string text; // what it has printed, if it was kept
};

std::string read_all(int fd)
{
    std::string s;
    ::lseek(fd, 0, SEEK_SET);
    char buffer[4096];
    for (;;)
    {
        auto const n = ::read(fd, buffer, sizeof buffer);
        if (n <= 0)
            return s;
        s.append(buffer, static_cast<std::size_t>(n));
    }
}

template <class Run>
outcome in_process(Run run, bool keep_text)
{
    std::fflush(stdout);
    std::fflush(stderr);
    int ends[2];
    if (::pipe(ends) != 0)
        std::abort();
    int const text = ::memfd_create("explore", 0);
    pid_t const child = ::fork();
    if (child == 0)
    {
        ::close(ends[0]);
        if (keep_text)
            ::dup2(text, 2);
        result const r = run();
        bool const written = ::write(ends[1], &r, sizeof r) == sizeof r;
        quit(written ? 0 : exit_failed);
    }
    ::close(ends[1]);
    outcome o;
    bool const got =
        ::read(ends[0], &o.found, sizeof o.found) == sizeof o.found;
    ::close(ends[0]);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR)
    {
    }
    o.passed = got && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    o.text = read_all(text);
    ::close(text);
    return o;
}

struct options
{
    settings limits;
    bool deep = false;
    bool with_faults = true;
    bool without_faults = true;
    bool verbose = false;
    std::string fault;
    std::string replay;
    bool replays = false;
    std::vector<std::string_view> names;
    bool preemptions_given = false;
    bool stale_given = false;
};

result run_here(scenario const& s, fault const* f, options const& o)
{
    e = new engine;
    e->running = &s;
    e->planted = f;
    e->limits = o.limits;
    if (s.preemptions >= 0 && !o.preemptions_given && !o.deep)
        e->limits.preemptions = s.preemptions;
    if (s.stale >= 0 && !o.stale_given && !o.deep)
        e->limits.stale = s.stale;
    stay_on_one_processor();
    install_handlers();
    pthread_t watcher;
    ::pthread_create(
        &watcher, nullptr, [](void* p) -> void* { return watch(p); }, nullptr);
    if (o.replays)
    {
        if (!parse_replay(o.replay))
        {
            std::fprintf(
                stderr, "explore: what is --replay=%s?\n", o.replay.c_str());
            quit(exit_failed);
        }
        e->replaying = true;
        run_body();
        in_scenario = true;
        report("nothing is wrong");
        return e->found;
    }
    explore_scenario();
    return e->found;
}

constexpr char usage[] =
    "usage: %s [scenario]... [option]...\n"
    "  --list            the scenarios and their faults\n"
    "  --preemptions=<n> switches from a thread that could go on\n"
    "  --stale=<n>       loads of an old value\n"
    "  --executions=<n>  at most, for each scenario\n"
    "  --deep            wider bounds, and no limit to the executions\n"
    "  --faults          with the faults only\n"
    "  --no-faults       without\n"
    "  --fault=<name>    with this fault only\n"
    "  --replay=<order>  one order, as a report gives it\n"
    "  --verbose         the reports of the faults, too\n";

bool parse(int argc, char** argv, options& o)
{
    for (int i = 1; i < argc; ++i)
    {
        std::string_view const a = argv[i];
        auto const value = [&](std::string_view option) -> char const*
        {
            return a.starts_with(option) ? argv[i] + option.size() : nullptr;
        };
        if (auto* const p = value("--preemptions="))
        {
            o.limits.preemptions = std::clamp(std::atoi(p), 0, 255);
            o.preemptions_given = true;
        }
        else if (auto* const n = value("--stale="))
        {
            o.limits.stale = std::clamp(std::atoi(n), 0, 255);
            o.stale_given = true;
        }
        else if (auto* const x = value("--executions="))
            o.limits.executions = std::strtoull(x, nullptr, 10);
        else if (auto* const f = value("--fault="))
            o.fault = f;
        else if (auto* const r = value("--replay="))
        {
            o.replay = r;
            o.replays = true;
        }
        else if (a == "--deep")
        {
            o.deep = true;
            o.limits.preemptions = 3;
            o.limits.stale = 2;
            o.limits.executions = ~u64{0};
        }
        else if (a == "--faults")
            o.without_faults = false;
        else if (a == "--no-faults")
            o.with_faults = false;
        else if (a == "--verbose")
            o.verbose = true;
        else if (a.starts_with("-"))
            return false;
        else
            o.names.push_back(a);
    }
#if defined(EXPLORE_TSAN)
    // It takes what is read for the latest.
    o.limits.stale = 0;
    o.stale_given = true;
#endif
    return true;
}

bool is_planted_here([[maybe_unused]] fault const& f) noexcept
{
#if defined(EXPLORE_TSAN)
    return !f.needs_stale;
#else
    return !f.needs_tsan;
#endif
}

} // namespace

int main(int argc, char** argv, std::vector<scenario> const& scenarios)
{
    options o;
    if (!parse(argc, argv, o))
    {
        bool const list = argc == 2 && std::string_view(argv[1]) == "--list";
        if (!list)
            std::fprintf(stderr, usage, argv[0]);
        for (auto const& s : scenarios)
        {
            std::printf("%s\n", list ? s.name : "");
            if (list)
                for (auto const& f : s.faults)
                    std::printf("    %s\n", f.name);
            else
                break;
        }
        return list ? 0 : 2;
    }

    u64 executions = 0;
    u64 faults = 0;
    int failures = 0;
    unsigned ran = 0;
    auto const start = seconds();
    for (auto const& s : scenarios)
    {
        if (!o.names.empty()
            && std::find(o.names.begin(), o.names.end(), s.name)
                == o.names.end())
            continue;
        ++ran;
        if (o.without_faults && o.fault.empty())
        {
            auto const r =
                in_process([&] { return run_here(s, nullptr, o); }, false);
            failures += !r.passed;
            executions += r.found.executions;
            if (r.passed)
                std::printf(
                    "%-44s %8llu orders %8llu states %4llu steps "
                    "%6.2f s%s\n",
                    s.name,
                    static_cast<unsigned long long>(r.found.executions),
                    static_cast<unsigned long long>(r.found.states),
                    static_cast<unsigned long long>(r.found.steps),
                    r.found.seconds,
                    r.found.complete ? "" : " (not all)");
            else
                std::printf("%-44s FAILED\n", s.name);
        }
        for (auto const& f : s.faults)
        {
            if (o.fault.empty() ? !o.with_faults || !is_planted_here(f)
                                : o.fault != f.name)
                continue;
            ++faults;
            bool const shown = !o.fault.empty() || o.verbose;
            auto const r =
                in_process([&] { return run_here(s, &f, o); }, !shown);
            std::printf(
                "    %-40s %s\n",
                f.name,
                !r.passed                 ? "found"
                    : r.found.faults == 0 ? "WITHOUT EFFECT"
                                          : "NOT FOUND");
            if (r.passed)
                ++failures;
        }
        std::fflush(stdout);
    }
    if (ran == 0)
    {
        std::fprintf(stderr, "explore: there is no such scenario\n");
        return 2;
    }
    std::printf(
        "%llu orders, %llu faults, %d failures, %.1f s\n",
        static_cast<unsigned long long>(executions),
        static_cast<unsigned long long>(faults),
        failures,
        seconds() - start);
    return failures != 0;
}

} // namespace explore
