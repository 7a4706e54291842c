//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/dump.hpp>

#include <asioctx/flight_recorder.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "people.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif

namespace asioctx {

char const* to_string(operation_state s) noexcept
{
    switch (s)
    {
    case operation_state::pending:
        return "pending";
    case operation_state::queued:
        return "queued";
    case operation_state::on_its_way:
        return "on its way";
    case operation_state::never_heard:
        return "never heard";
    case operation_state::heard:
        return "heard";
    case operation_state::put_off:
        return "put off";
    }
    return "unknown";
}

namespace people {
namespace {

bool is_terminal([[maybe_unused]] std::ostream& os)
{
#if defined(__unix__) || defined(__APPLE__)
    if (std::getenv("NO_COLOR"))
        return false;
    if (os.rdbuf() == std::cout.rdbuf())
        return ::isatty(1) != 0;
    if (os.rdbuf() == std::cerr.rdbuf() || os.rdbuf() == std::clog.rdbuf())
        return ::isatty(2) != 0;
#endif
    return false;
}

std::string two_digits(long long n)
{
    auto text = std::to_string(n);
    return n < 10 ? '0' + text : text;
}

} // namespace

std::string time(duration d)
{
    auto const ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
    if (ms < 950)
        return std::to_string(ms) + "ms";
    auto const tenths = (ms + 50) / 100;
    auto const s = tenths / 10;
    if (s < 100)
        return std::to_string(s) + '.' + std::to_string(tenths % 10) + 's';
    if (s < 3600)
        return std::to_string(s / 60) + 'm' + two_digits(s % 60) + 's';
    return std::to_string(s / 3600) + 'h' + two_digits(s / 60 % 60) + 'm';
}

std::string place(source_location const& at)
{
    if (at.line() == 0)
        return "?";
    std::string_view file = at.file_name();
    file = file.substr(file.find_last_of("/\\") + 1);
    return std::string(file) + ':' + std::to_string(at.line());
}

std::string number(std::size_t n)
{
    auto text = std::to_string(n);
    for (auto i = text.size(); i > 3; i -= 3)
        text.insert(i - 3, 1, ',');
    return text;
}

std::string count(std::size_t n, char const* what)
{
    return number(n) + ' ' + what + (n == 1 ? "" : "s");
}

std::string printable(std::string_view text)
{
    std::string out;
    for (char const c : text)
    {
        auto const u = static_cast<unsigned char>(c);
        if (u >= 0x20 && u != 0x7f)
        {
            out += c;
            continue;
        }
        constexpr char digits[] = "0123456789abcdef";
        out += "\\x";
        out += digits[u >> 4];
        out += digits[u & 15];
    }
    return out;
}

paint::paint(std::ostream& os, dump_options const& o)
    : on_(
        o.color == dump_options::coloring::always
        || (o.color == dump_options::coloring::on_terminals && is_terminal(os)))
{
}

char const* paint::state(operation_state s) const noexcept
{
    if (!on_)
        return "";
    switch (s)
    {
    case operation_state::never_heard:
        return "\33[31m";
    case operation_state::on_its_way:
    case operation_state::put_off:
        return "\33[35m";
    case operation_state::heard:
        return "\33[33m";
    case operation_state::queued:
        return "\33[36m";
    case operation_state::pending:
        break;
    }
    return "\33[32m";
}

char const* paint::faint() const noexcept
{
    return on_ ? "\33[2m" : "";
}

char const* paint::strong() const noexcept
{
    return on_ ? "\33[1m" : "";
}

char const* paint::plain() const noexcept
{
    return on_ ? "\33[0m" : "";
}

operation_kind kind_of(context_snapshot::operation const& o) noexcept
{
    return {o.name, o.bound_at.file_name(), o.bound_at.line(), o.state};
}

void write_end(
    std::ostream& os, context_snapshot::ending const& e, bool from_above)
{
    os << (e.error == errc::canceled ? "canceled" : "deadline exceeded");
    if (e.ago)
        os << ' ' << time(*e.ago) << " ago";
    if (from_above)
    {
        os << ", from above";
        return;
    }
    if (e.at.line() != 0)
        os << ", " << place(e.at);
    if (e.cause != e.error)
        os << ", " << printable(e.cause.message());
}

} // namespace people

namespace {

using snapshot_node = context_snapshot::node;
using snapshot_operation = context_snapshot::operation;

// What is the same of all that are alike, with what is below them: as a number.
std::vector<std::size_t> kinds_of(context_snapshot const& s)
{
    std::vector<std::size_t> kinds(s.contexts.size());
    auto const mix = [](std::size_t& h, std::size_t v)
    {
        h ^= v + 0x9e3779b97f4a7c15u + (h << 6) + (h >> 2);
    };
    for (auto i = s.contexts.size(); i-- != 0;)
    {
        auto const& c = s.contexts[i];
        auto& h = kinds[i]; // what is below has been added
        mix(h, std::hash<std::string>()(c.what));
        mix(h, c.made_at.line());
        mix(h, std::hash<std::string_view>()(c.made_at.file_name()));
        mix(h, c.end ? static_cast<std::size_t>(c.end->error.value()) : 0u);
        for (std::size_t o = 0; o != c.operations; ++o)
        {
            auto const& op = s.operations[c.first_operation + o];
            mix(h, std::hash<std::string_view>()(op.name));
            mix(h, op.bound_at.line());
            mix(h, static_cast<std::size_t>(op.state));
        }
        if (c.parent != context_snapshot::none)
            mix(kinds[c.parent], h);
    }
    return kinds;
}

bool is_same_deadline(snapshot_node const& a, snapshot_node const& b) noexcept
{
    // Both were looked at one after the other.
    return a.left && b.left && *a.left - *b.left < std::chrono::seconds(1)
        && *b.left - *a.left < std::chrono::seconds(1);
}

void write_operations(
    std::ostream& os,
    context_snapshot const& s,
    snapshot_node const& c,
    std::string const& indent,
    people::paint const& color,
    std::size_t alike)
{
    struct group
    {
        std::size_t n = 0;
        duration oldest{};
    };
    std::map<people::operation_kind, group> groups;
    auto const* const first = s.operations.data() + c.first_operation;
    for (auto const* o = first; o != first + c.operations; ++o)
    {
        auto& g = groups[people::kind_of(*o)];
        ++g.n;
        g.oldest = (std::max)(g.oldest, o->age);
    }
    for (auto const* o = first; o != first + c.operations; ++o)
    {
        auto& g = groups[people::kind_of(*o)];
        if (g.n == 0)
            continue; // shown with the first
        bool const all = g.n > alike;
        os << indent << "- ";
        if (all)
            os << people::number(g.n) << " x ";
        os << o->name << color.faint() << "  " << people::place(o->bound_at)
           << color.plain() << "  " << color.state(o->state)
           << to_string(o->state) << color.plain();
        if (all)
            os << ", age up to " << people::time(g.oldest);
        else
            os << ", age " << people::time(o->age);
        if (o->asked)
            os << ", asked " << people::time(*o->asked) << " ago";
        os << '\n';
        if (all)
            g.n = 0;
    }
}

} // namespace

std::string context_snapshot::path(std::size_t context) const
{
    std::vector<node const*> way;
    for (auto i = context; i < contexts.size(); i = contexts[i].parent)
        way.push_back(&contexts[i]);
    std::string out;
    for (auto i = way.rbegin(); i != way.rend(); ++i)
    {
        auto const& n = **i;
        // What says nothing but that it can be canceled is left out.
        bool const says = !n.is_scope || n.what.find('(') != std::string::npos
            || i + 1 == way.rend();
        if (!says)
            continue;
        if (!out.empty())
            out += " > ";
        if (!n.name.empty())
            out += n.name;
        else if (!n.is_scope && !n.value.empty())
            out += n.key + '=' + n.value;
        else
            out += n.what;
    }
    out = people::printable(out);
    if (context < contexts.size() && contexts[context].left)
        out += " (" + people::time(*contexts[context].left) + " left)";
    return out;
}

void dump(std::ostream& os, context_snapshot const& s, dump_options const& o)
{
    people::paint const color(os, o);
    auto const asked = s.asked();
    os << people::count(s.contexts.size(), "context") << ", "
       << people::count(s.operations.size(), "operation");
    if (asked != 0)
        os << ", " << color.strong() << people::number(asked)
           << " asked and not ended" << color.plain();
    os << '\n';

    auto const kinds = kinds_of(s);
    struct siblings
    {
        std::size_t n = 0, seen = 0;
    };
    std::map<std::pair<std::size_t, std::size_t>, siblings> alike;
    for (std::size_t i = 0; i != s.contexts.size(); ++i)
        ++alike[{s.contexts[i].parent, kinds[i]}].n;

    for (std::size_t i = 0; i < s.contexts.size();)
    {
        auto const& c = s.contexts[i];
        // A chain may be of any length.
        constexpr std::size_t deepest = 50;
        auto indent = std::string(2 * (std::min)(c.depth, deepest), ' ');
        if (c.depth > deepest)
            indent += '(' + people::number(c.depth) + ") ";
        auto& group = alike[{c.parent, kinds[i]}];
        // One more is as long as the line that says so.
        if (++group.seen > o.alike && group.n > o.alike + 1)
        {
            if (group.seen == o.alike + 1)
                os << indent << color.faint() << "... "
                   << people::number(group.n - o.alike) << " more like this"
                   << color.plain() << '\n';
            auto const depth = c.depth;
            while (++i < s.contexts.size() && s.contexts[i].depth > depth)
            {
            }
            continue;
        }
        os << indent << (c.name.empty() ? "" : color.strong())
           << people::printable(c.what) << color.plain();
        if (c.made_at.line() != 0)
            os << color.faint() << "  " << people::place(c.made_at)
               << color.plain();
        if (c.left
            && (c.parent == context_snapshot::none
                || !is_same_deadline(c, s.contexts[c.parent])))
            os << "  " << people::time(*c.left) << " left";
        if (c.end)
        {
            os << "  [";
            people::write_end(os, *c.end, c.end->inherited);
            os << ']';
        }
        os << '\n';
        write_operations(os, s, c, indent + "  ", color, o.alike);
        ++i;
    }
}

void dump(std::ostream& os, context const& ctx, dump_options const& o)
{
    dump(os, snapshot(ctx), o);
}

std::ostream& operator<<(std::ostream& os, context_snapshot const& s)
{
    dump(os, s);
    return os;
}

namespace {

// JSON and Graphviz are written without the stream's format and locale.
void write_quoted(std::ostream& os, std::string_view text)
{
    os << '"';
    for (char const c : text)
    {
        auto const u = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\')
            os << '\\' << c;
        else if (u < 0x20 || u == 0x7f)
        {
            constexpr char digits[] = "0123456789abcdef";
            os << "\\u00" << digits[u >> 4] << digits[u & 15];
        }
        else
            os << c;
    }
    os << '"';
}

// What is not UTF-8 is replaced: names may be what a client has sent.
std::string valid_utf8(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size();)
    {
        auto const byte = [&](std::size_t at)
        {
            return static_cast<unsigned char>(text[at]);
        };
        auto const c = byte(i);
        std::size_t const n = c < 0x80 ? 1
            : c >= 0xc2 && c < 0xe0    ? 2
            : c >= 0xe0 && c < 0xf0    ? 3
            : c >= 0xf0 && c < 0xf5    ? 4
                                       : 0;
        bool good = n != 0 && i + n <= text.size();
        for (std::size_t k = 1; good && k < n; ++k)
            good = (byte(i + k) & 0xc0) == 0x80;
        if (good && n > 2)
        {
            auto const d = byte(i + 1);
            good = !(c == 0xe0 && d < 0xa0) && !(c == 0xed && d >= 0xa0)
                && !(c == 0xf0 && d < 0x90) && !(c == 0xf4 && d >= 0x90);
        }
        if (good)
            out.append(text.substr(i, n));
        else
            out += "\xef\xbf\xbd";
        i += good ? n : 1;
    }
    return out;
}

void write_text(std::ostream& os, std::string_view text)
{
    write_quoted(os, valid_utf8(text));
}

void write_seconds(std::ostream& os, duration d)
{
    auto const ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
    auto const part = std::to_string(ms % 1000 + 1000);
    os << std::to_string(ms / 1000) + '.' + part.substr(1);
}

void write_seconds(std::ostream& os, std::optional<duration> const& d)
{
    if (d)
        write_seconds(os, *d);
    else
        os << "null";
}

void write_place(std::ostream& os, source_location const& at)
{
    if (at.line() == 0)
    {
        os << "null";
        return;
    }
    os << "{\"file\":";
    write_text(os, at.file_name());
    os << ",\"line\":" << std::to_string(at.line()) << '}';
}

std::string id_of(void const* id)
{
    char text[2 + 2 * sizeof id + 1];
    std::snprintf(
        text,
        sizeof text,
        "%jx",
        static_cast<std::uintmax_t>(reinterpret_cast<std::uintptr_t>(id)));
    return text;
}

void write_node(std::ostream& os, snapshot_node const& c)
{
    os << "{\"id\":\"" << id_of(c.id) << "\",\"kind\":";
    write_text(
        os,
        !c.name.empty()      ? "with_name"
            : !c.key.empty() ? "with_value"
                             : std::string_view(c.what));
    os << ",\"name\":";
    if (c.name.empty())
        os << "null";
    else
        write_text(os, c.name);
    os << ",\"values\":[";
    if (!c.key.empty())
    {
        os << "{\"key\":";
        write_text(os, c.key);
        os << ",\"value\":";
        write_text(os, c.value);
        os << '}';
    }
    os << "],\"made\":";
    write_place(os, c.made_at);
    os << ",\"left\":";
    write_seconds(os, c.left);
    os << ",\"end\":";
    if (!c.end)
    {
        os << "null";
        return;
    }
    auto const& e = *c.end;
    os << "{\"reason\":\""
       << (e.error == errc::canceled ? "canceled" : "deadline exceeded")
       << "\",\"cause\":";
    if (e.cause == e.error)
        os << "null";
    else
        write_text(os, e.cause.message());
    os << ",\"at\":";
    write_place(os, e.at);
    os << ",\"for\":";
    write_seconds(os, e.ago);
    os << ",\"inherited\":" << (e.inherited ? "true" : "false") << '}';
}

void write_operation(std::ostream& os, snapshot_operation const& o)
{
    os << "{\"name\":";
    write_text(os, o.name);
    os << ",\"bound\":";
    write_place(os, o.bound_at);
    os << ",\"age\":";
    write_seconds(os, o.age);
    os << ",\"asked\":";
    write_seconds(os, o.asked);
    os << ",\"state\":\"" << to_string(o.state) << "\"}";
}

void write_event(std::ostream& os, flight_recorder::event const& e)
{
    os << "{\"what\":\"" << to_string(e.kind) << "\",\"ago\":";
    write_seconds(os, e.ago);
    os << ",\"context\":\"" << id_of(e.context) << "\",\"name\":";
    if (*e.name)
        write_text(os, e.name);
    else
        os << "null";
    os << ",\"at\":";
    write_place(os, e.at);
    os << '}';
}

} // namespace

namespace {

// All but the brace at the end.
void write_contexts(std::ostream& os, context_snapshot const& s)
{
    os << "{\"version\":2,\"contexts\":";
    std::size_t open = 0; // contexts that others are being written into
    for (auto const& c : s.contexts)
    {
        for (; open > c.depth; --open)
            os << "]}";
        if (open != 0 && &c != &s.contexts[c.parent] + 1)
            os << ',';
        write_node(os, c);
        os << ",\"operations\":[";
        for (std::size_t i = 0; i != c.operations; ++i)
        {
            if (i != 0)
                os << ',';
            write_operation(os, s.operations[c.first_operation + i]);
        }
        os << "],\"children\":[";
        ++open;
    }
    for (; open != 0; --open)
        os << "]}";
}

} // namespace

void write_json(std::ostream& os, context_snapshot const& s)
{
    write_contexts(os, s);
    os << "}\n";
}

void write_json(
    std::ostream& os,
    context_snapshot const& s,
    std::vector<flight_recorder::event> const& events)
{
    write_contexts(os, s);
    os << ",\"events\":[";
    for (auto const& e : events)
    {
        if (&e != events.data())
            os << ',';
        write_event(os, e);
    }
    os << "]}\n";
}

void write_graphviz(std::ostream& os, context_snapshot const& s)
{
    os << "digraph contexts {\n"
          "  rankdir=LR; node [shape=box, fontname=\"sans-serif\"];\n";
    for (std::size_t i = 0; i != s.contexts.size(); ++i)
    {
        auto const& c = s.contexts[i];
        auto const id = std::to_string(i);
        os << "  c" << id << " [label=";
        auto label = c.name.empty() ? c.what : c.name;
        if (c.made_at.line() != 0)
            label.append(1, '\n').append(people::place(c.made_at));
        // Its line breaks are two characters.
        auto const write_label = [&os](std::string_view text)
        {
            os << '"';
            for (char const ch : text)
                if (ch == '\n')
                    os << "\\n";
                else if (static_cast<unsigned char>(ch) < 0x20 || ch == 0x7f)
                    os << '?';
                else if (ch == '"' || ch == '\\')
                    os << '\\' << ch;
                else
                    os << ch;
            os << '"';
        };
        write_label(label);
        os << (c.end ? ", style=dashed" : "") << "];\n";
        if (c.parent != context_snapshot::none)
            os << "  c" << std::to_string(c.parent) << " -> c" << id << ";\n";
        for (std::size_t k = 0; k != c.operations; ++k)
        {
            auto const n = c.first_operation + k;
            auto const& o = s.operations[n];
            os << "  o" << std::to_string(n) << " [shape=ellipse, label=";
            write_label(
                std::string(o.name) + '\n' + people::place(o.bound_at) + '\n'
                + to_string(o.state));
            if (o.state == operation_state::never_heard)
                os << ", color=red";
            else if (o.state >= operation_state::on_its_way)
                os << ", color=orange";
            os << "];\n  c" << id << " -> o" << std::to_string(n) << ";\n";
        }
    }
    os << "}\n";
}

bool testing::expect_nothing_left(context const& ctx)
{
    return expect_nothing_left(ctx, std::cerr);
}

bool testing::expect_nothing_left(context const& ctx, std::ostream& os)
{
    auto const s = snapshot(ctx);
    if (s.contexts.size() == 1 && s.operations.empty())
        return true;
    os << "left below " << to_string(ctx) << ": ";
    dump(os, s);
    return false;
}

} // namespace asioctx
