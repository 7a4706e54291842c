//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/report_stuck.hpp>

#include <asioctx/after_func.hpp>
#include <asioctx/deadline.hpp>

#include <asioctx/detail/root.hpp>

#include <algorithm>
#include <map>
#include <mutex>
#include <ostream>
#include <sstream>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "people.hpp"
#include "record.hpp"

namespace asioctx {
namespace {

char const* advice(operation_state s) noexcept
{
    switch (s)
    {
    case operation_state::never_heard:
        return ": it cannot be canceled; use detach_on_cancel";
    case operation_state::on_its_way:
        return ": the executor that it runs on is blocked, or is not run";
    case operation_state::put_off:
        return ": it has ended; the executor of its handler is blocked, or is "
               "not run";
    case operation_state::heard:
        return ", not completed";
    case operation_state::pending:
    case operation_state::queued:
        break;
    }
    return "";
}

// What is alike.
struct stuck_row
{
    std::size_t n = 0;
    duration age{};
    duration asked{};
    context_snapshot::operation const* longest = nullptr;
};

bool is_stuck(context_snapshot::operation const& o, duration least) noexcept
{
    return o.state >= operation_state::on_its_way
        && o.asked.value_or(duration::zero()) >= least;
}

// The nearest context above one that can be done by itself; none if there is
// none.
std::size_t scope_above(context_snapshot const& s, std::size_t i) noexcept
{
    do
        i = s.contexts[i].parent;
    while (i != s.none && !s.contexts[i].is_scope);
    return i;
}

// The same, counting from one that an operation is bound to.
std::size_t scope_of(context_snapshot const& s, std::size_t i) noexcept
{
    return s.contexts[i].is_scope ? i : scope_above(s, i);
}

// The time until a grace that has begun is over; the maximum if there is none.
duration time_to_hard_stop(context_snapshot const& s) noexcept
{
    auto result = (duration::max)();
    for (std::size_t i = 0; i != s.contexts.size(); ++i)
    {
        auto const& c = s.contexts[i];
        if (c.end || !c.left || !c.what.starts_with("with_grace"))
            continue;
        auto const above = scope_above(s, i);
        if (above != s.none && s.contexts[above].end)
            result = (std::min)(result, *c.left);
    }
    return result;
}

void pad(std::ostream& os, std::string const& text, std::size_t width)
{
    os << text << std::string(width - (std::min)(width, text.size()) + 2, ' ');
}

} // namespace

std::size_t print_stuck(
    std::ostream& os,
    context_snapshot const& s,
    duration least,
    stuck_options const& o)
{
    std::map<people::operation_kind, stuck_row> kinds;
    std::size_t stuck = 0, queued = 0;
    for (auto const& op : s.operations)
    {
        queued += op.state == operation_state::queued;
        if (!is_stuck(op, least))
            continue;
        ++stuck;
        auto& r = kinds[people::kind_of(op)];
        auto const asked = op.asked.value_or(duration::zero());
        if (!r.longest || asked > r.asked
            || (asked == r.asked && op.age > r.longest->age))
            r.longest = &op;
        ++r.n;
        r.age = (std::max)(r.age, op.age);
        r.asked = (std::max)(r.asked, asked);
    }
    if (stuck == 0)
        return 0;
    std::vector<stuck_row> rows;
    for (auto const& [k, r] : kinds)
        rows.push_back(r);
    std::stable_sort(
        rows.begin(),
        rows.end(),
        [](stuck_row const& a, stuck_row const& b)
        { return std::tie(a.asked, a.age) > std::tie(b.asked, b.age); });

    dump_options shown;
    shown.color = o.color;
    people::paint const color(os, shown);
    os << color.strong() << "held up for " << people::time(rows.front().asked)
       << ": " << people::count(stuck, "operation") << " asked and not ended";
    if (queued != 0)
        os << ", " << people::count(queued, "task") << " queued";
    if (auto const t = time_to_hard_stop(s); t != (duration::max)())
        os << "; hard stop in " << people::time(t);
    os << color.plain() << '\n';

    // The end that is to blame for the oldest: where it began.
    auto c = scope_of(s, rows.front().longest->context);
    while (c != s.none && s.contexts[c].end && s.contexts[c].end->inherited)
    {
        auto const above = scope_above(s, c);
        if (above == s.none || !s.contexts[above].end)
            break;
        c = above;
    }
    if (c != s.none && s.contexts[c].end)
    {
        people::write_end(os, *s.contexts[c].end, false);
        os << '\n';
    }

    std::vector<std::array<std::string, 5>> cells{
        {"age", "asked", "n", "operation", "bound at"}};
    auto const number_of_rows = (std::min)(rows.size(), o.rows);
    for (std::size_t i = 0; i != number_of_rows; ++i)
    {
        auto const& r = rows[i];
        cells.push_back(
            {people::time(r.age),
             people::time(r.asked),
             people::number(r.n),
             r.longest->name,
             people::place(r.longest->bound_at)});
    }
    std::array<std::size_t, 5> width{};
    for (auto const& row : cells)
        for (std::size_t i = 0; i != row.size(); ++i)
            width[i] = (std::max)(width[i], row[i].size());
    for (std::size_t i = 0; i != cells.size(); ++i)
    {
        os << "  " << (i == 0 ? color.faint() : "");
        for (std::size_t k = 0; k != width.size(); ++k)
            pad(os, cells[i][k], width[k]);
        if (i == 0)
        {
            os << "state" << color.plain() << '\n';
            continue;
        }
        auto const& op = *rows[i - 1].longest;
        os << color.state(op.state) << to_string(op.state) << color.plain()
           << advice(op.state) << '\n'
           << std::string(2 + width[0] + 2 + width[1] + 2 + width[2] + 2, ' ')
           << color.faint() << "below " << s.path(op.context) << color.plain()
           << '\n';
    }
    if (number_of_rows != rows.size())
        os << "  ... " << people::number(rows.size() - number_of_rows)
           << " more rows\n";
    return stuck;
}

// Looks again and again. Only the mutex's owner reports and arms.
class detail::stuck_watch : public std::enable_shared_from_this<stuck_watch>
{
public:
    stuck_watch(
        context const& ctx,
        std::function<void(std::string const&)>&& f,
        stuck_options const& o)
        : ctx_(ctx), report_(std::move(f)), options_(o),
          time_(root_for("report_stuck", context_access::get(ctx).get_root())
                    .time())
    {
        options_.first =
            std::max<duration>(options_.first, std::chrono::milliseconds(1));
        wait_ = options_.first;
    }

    void start()
    {
        arm(options_.first);
    }

    void stop() noexcept
    {
        std::lock_guard guard(mutex_);
        stopped_ = true;
        callback_.stop();
        // A look that waits for the mutex may be the last to know of this. What
        // the user has given goes now, unless it is what calls this.
        if (!reporting_)
            report_ = nullptr;
    }

private:
    void arm(duration d)
    {
        timer_ = with_timeout(
            context_access::make(node_ptr(add_ref(&time_))),
            d,
            error_code(),
            source_location());
        callback_ = start_callback(
            timer_.ctx,
            time_,
            executor_of(&time_),
            [w = weak_from_this()]
            {
                if (auto const self = w.lock())
                    self->look();
            });
    }

    void look() noexcept
    {
        std::lock_guard guard(mutex_);
        if (stopped_)
            return;
        auto const next = report_or_say();
        if (stopped_)
            return;
        try
        {
            arm(next);
        }
        catch (...)
        {
            say("no more reports: there is no memory, or no execution "
                "context\n");
        }
    }

    // Not an assignment in a try block: if report() throws, GCC 12 may have
    // spoiled the variable.
    duration report_or_say() noexcept
    {
        try
        {
            return report();
        }
        catch (...)
        {
            say("a report could not be made\n");
            return options_.first;
        }
    }

    // Returns when to look again.
    duration report()
    {
        auto const s = snapshot(ctx_);
        auto const hard_stop = time_to_hard_stop(s);
        // Ages are known to a tick or two.
        auto const longest = s.asked() != 0
            ? longest_asked(s) + std::chrono::milliseconds(40)
            : duration::zero();
        bool const comes = std::exchange(hard_stop_is_next_, false);
        if (longest < options_.first && !(comes && s.asked() != 0))
        {
            if (held_up_)
            {
                held_up_ = false;
                wait_ = options_.first;
                say("nothing is held up any more\n");
            }
        }
        else if (comes || longest >= wait_)
        {
            std::ostringstream text;
            if (comes)
                text << "hard stop: ";
            print_stuck(text, s, duration::zero(), options_);
            print_events(text);
            say(std::move(text).str());
            held_up_ = true;
            if (!comes)
                wait_ = 2 * wait_;
        }
        hard_stop_is_next_ = held_up_ && hard_stop <= options_.first;
        return hard_stop_is_next_ ? hard_stop : options_.first;
    }

    // The last that a flight_recorder has seen, if there is one.
    void print_events(std::ostream& os) const
    {
        auto const& r = *context_access::get(ctx_).get_root();
        auto const events = last_events(r, 10);
        if (!events.empty())
            os << "lately:\n";
        for (auto const& e : events)
            os << "  " << e << '\n';
    }

    static duration longest_asked(context_snapshot const& s) noexcept
    {
        duration result{};
        for (auto const& o : s.operations)
            result = (std::max)(result, o.asked.value_or(duration::zero()));
        return result;
    }

    void say(std::string const& text) noexcept
    {
        reporting_ = true;
        try
        {
            report_("asioctx: " + text);
        }
        catch (...)
        {
        }
        reporting_ = false;
    }

    context const ctx_;
    std::function<void(std::string const&)> report_;
    stuck_options options_;
    root& time_; // which the context's root keeps

    std::recursive_mutex mutex_;
    bool stopped_ = false;
    bool reporting_ = false; // the user's function is being called
    bool held_up_ = false;
    bool hard_stop_is_next_ = false;
    duration wait_; // the time that must have passed for the next report
    cancelable timer_;
    after_func_registration callback_;
};

stuck_reporter::stuck_reporter(std::shared_ptr<detail::stuck_watch> w) noexcept
    : watch_(std::move(w))
{
}

stuck_reporter& stuck_reporter::operator=(stuck_reporter&& other) noexcept
{
    auto const ended = std::exchange(watch_, std::move(other.watch_));
    if (ended && ended != watch_)
        ended->stop();
    return *this;
}

stuck_reporter::~stuck_reporter()
{
    if (watch_)
        watch_->stop();
}

stuck_reporter report_stuck(
    context const& ctx,
    std::function<void(std::string const&)> f,
    stuck_options const& o)
{
    auto w = std::make_shared<detail::stuck_watch>(ctx, std::move(f), o);
    w->start();
    return stuck_reporter(std::move(w));
}

stuck_reporter report_stuck(
    context const& ctx, std::ostream& os, stuck_options const& o)
{
    auto options = o;
    // What it is printed to is known here alone.
    dump_options shown;
    shown.color = o.color;
    options.color = *people::paint(os, shown).plain() != '\0'
        ? dump_options::coloring::always
        : dump_options::coloring::never;
    return report_stuck(
        ctx,
        [&os](std::string const& text) { os << text << std::flush; },
        options);
}

} // namespace asioctx
