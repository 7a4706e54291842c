//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/flight_recorder.hpp>

#include <asioctx/detail/recording.hpp>
#include <asioctx/detail/root.hpp>

#include <algorithm>
#include <memory>
#include <ostream>
#include <stdexcept>

#include "people.hpp"
#include "record.hpp"

namespace asioctx {

using detail::context_access;
using detail::recording;

namespace {

// What is recorded of a root, by somebody, or null.
recording* recording_of(detail::root const* r) noexcept
{
    return r ? r->recorded.load(std::memory_order_acquire) : nullptr;
}

} // namespace

constinit detail::atomic<unsigned> detail::recordings{0};

void detail::record(
    root* r,
    flight_recorder::what kind,
    void const* context,
    char const* name,
    place const& at) noexcept
{
    if (auto* const rec = recording_of(r))
        rec->add(
            {static_cast<std::uint8_t>(kind),
             r->timer.now(),
             context,
             name,
             at});
}

void detail::record_inherited(root* r) noexcept
{
    if (auto* const rec = recording_of(r))
        rec->add_inherited();
}

void detail::record_time_to_end(root* r, coarse_time ticks) noexcept
{
    if (auto* const rec = recording_of(r))
        rec->add_time_to_end(ticks);
}

flight_recorder::flight_recorder(context const& ctx, std::size_t events)
    : ctx_(ctx)
{
    auto& r = detail::root_for(
        "flight_recorder", context_access::get(ctx).get_root());
    auto* rec = r.recorded.load(std::memory_order_acquire);
    if (!rec)
    {
        auto made = std::make_unique<recording>();
        if (r.recorded.compare_exchange_strong(
                rec, made.get(), std::memory_order_acq_rel))
            rec = made.release();
    }
    if (!rec->set_on(true))
        throw std::logic_error(
            "asioctx: this execution context has a flight_recorder already");
    try
    {
        rec->start(events);
    }
    catch (...)
    {
        rec->set_on(false);
        throw;
    }
    detail::recordings.fetch_add(1, std::memory_order_relaxed);
}

flight_recorder::~flight_recorder()
{
    detail::recordings.fetch_sub(1, std::memory_order_relaxed);
    context_access::get(ctx_).get_root()->recorded.load()->set_on(false);
}

std::vector<flight_recorder::event> detail::last_events(
    root const& r, std::size_t most)
{
    auto const* const rec = recording_of(&r);
    if (!rec || !rec->is_on())
        return {};
    std::vector<recording::event> seen;
    std::size_t size = 0;
    rec->look([&](auto const& ring, auto const&...) { size = ring.size(); });
    most = (std::min)(size, most);
    seen.reserve(most); // not under the lock
    rec->look(
        [&](auto const& ring, std::size_t next, auto const&...)
        {
            auto const n = (std::min)({next, ring.size(), most});
            for (std::size_t i = next - n; i != next; ++i)
                seen.push_back(ring[i % ring.size()]);
        });
    auto const now = r.timer.now();
    std::vector<flight_recorder::event> result;
    result.reserve(seen.size());
    for (auto const& e : seen)
        result.push_back(
            {static_cast<flight_recorder::what>(e.kind),
             now - e.time,
             e.context,
             e.name,
             e.at});
    return result;
}

std::vector<flight_recorder::event> flight_recorder::events() const
{
    return detail::last_events(
        *context_access::get(ctx_).get_root(), static_cast<std::size_t>(-1));
}

flight_recorder::totals flight_recorder::total() const noexcept
{
    totals t;
    context_access::get(ctx_)
        .get_root()
        ->recorded.load(std::memory_order_acquire)
        ->look(
            [&](auto const&,
                std::size_t,
                auto const& events,
                std::uint64_t inherited,
                auto const& time_to_end)
            {
                t.events = events;
                t.inherited = inherited;
                t.time_to_end = time_to_end;
            });
    return t;
}

char const* to_string(flight_recorder::what w) noexcept
{
    using what = flight_recorder::what;
    switch (w)
    {
    case what::made:
        return "made";
    case what::canceled:
        return "canceled";
    case what::expired:
        return "expired";
    case what::bound:
        return "bound";
    case what::asked:
        return "asked";
    case what::ended:
        return "ended";
    }
    return "unknown";
}

std::ostream& operator<<(std::ostream& os, flight_recorder::event const& e)
{
    os << people::time(e.ago) << " ago  " << to_string(e.kind) << "  ";
    if (*e.name)
        os << e.name << "  ";
    return os << people::place(e.at);
}

} // namespace asioctx
