//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/trace_context.hpp>

#include <asioctx/context.hpp>
#include <asioctx/value.hpp>

#include <boost/system/errc.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/allocation_counter.hpp"
#include "support/print.hpp"

using namespace asioctx;
using namespace asioctx::test;

namespace {

error_code const malformed =
    make_error_code(boost::system::errc::invalid_argument);

// The specification's example.
constexpr std::string_view example =
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

traceparent const of_example{
    {0x4b,
     0xf9,
     0x2f,
     0x35,
     0x77,
     0xb3,
     0x4d,
     0xa6,
     0xa3,
     0xce,
     0x92,
     0x9d,
     0x0e,
     0x0e,
     0x47,
     0x36},
    {0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7},
    true};

std::string with(std::size_t position, std::string_view text)
{
    return std::string(example).replace(position, text.size(), text);
}

bool is_lower_hex(char c)
{
    return std::string_view("0123456789abcdef").find(c)
        != std::string_view::npos;
}

// What is right, in another way than the library finds it out.
bool is_well_formed(std::string_view text)
{
    std::vector<std::string> fields(1);
    for (char const c : text)
        if (c == '-' && fields.size() < 5)
            fields.emplace_back();
        else
            fields.back() += c;
    std::size_t const sizes[] = {2, 32, 16, 2};
    if (fields.size() < 4)
        return false;
    for (std::size_t i = 0; i != 4; ++i)
        if (fields[i].size() != sizes[i]
            || !std::all_of(fields[i].begin(), fields[i].end(), is_lower_hex))
            return false;
    return fields[0] != "ff" && (fields[0] != "00" || fields.size() == 4)
        && fields[1].find_first_not_of('0') != std::string::npos
        && fields[2].find_first_not_of('0') != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(test_trace_context)

BOOST_AUTO_TEST_CASE(the_specifications_examples_are_read)
{
    auto const sampled = parse_traceparent(example);
    BOOST_REQUIRE(sampled.has_value());
    BOOST_TEST((*sampled == of_example));

    auto const not_sampled = parse_traceparent(with(53, "00"));
    BOOST_REQUIRE(not_sampled.has_value());
    BOOST_TEST(!not_sampled->sampled);
    BOOST_TEST((not_sampled->trace_id == of_example.trace_id));
    BOOST_TEST((not_sampled->parent_id == of_example.parent_id));
}

BOOST_AUTO_TEST_CASE(what_is_written_is_the_specifications_example)
{
    auto t = of_example;
    BOOST_TEST(format_traceparent(t).view() == example);
    BOOST_TEST(to_string(t) == example);
    t.sampled = false;
    BOOST_TEST(format_traceparent(t).view() == with(53, "00"));
}

BOOST_AUTO_TEST_CASE(the_ids_are_parts_of_the_text)
{
    auto const text = format_traceparent(of_example);
    BOOST_TEST(text.trace_id() == "4bf92f3577b34da6a3ce929d0e0e4736");
    BOOST_TEST(text.parent_id() == "00f067aa0ba902b7");
}

BOOST_AUTO_TEST_CASE(other_flags_are_neither_read_nor_written)
{
    for (auto const& [flags, sampled] :
         {std::pair("ff", true), {"09", true}, {"fe", false}, {"02", false}})
    {
        auto const t = parse_traceparent(with(53, flags));
        BOOST_REQUIRE(t.has_value());
        BOOST_TEST(t->sampled == sampled);
        BOOST_TEST(
            format_traceparent(*t).view() == with(53, sampled ? "01" : "00"));
    }
}

BOOST_AUTO_TEST_CASE(a_later_version_may_go_on)
{
    for (std::string_view const version : {"01", "cc", "fe"})
    {
        auto const text = with(0, version);
        for (std::string_view const more :
             {"", "-", "-what-the-future-will-be-like"})
        {
            auto const t = parse_traceparent(text + std::string(more));
            BOOST_REQUIRE(t.has_value());
            BOOST_TEST((*t == of_example));
            BOOST_TEST(format_traceparent(*t).view() == example);
        }
        BOOST_TEST(!parse_traceparent(text + "."));
        BOOST_TEST(!parse_traceparent(text + "0-more"));
    }
}

BOOST_AUTO_TEST_CASE(a_malformed_text_is_an_error)
{
    std::string const texts[] = {
        "",
        "00",
        std::string(55, '0'),
        std::string(55, '-'),
        // Of version 00, more.
        std::string(example) + '.',
        std::string(example) + '-',
        std::string(example) + "-what-the-future-will-be-like",
        std::string(example) + ' ',
        ' ' + std::string(example),
        // The version.
        with(0, "ff"),
        with(0, ".0"),
        with(0, "0."),
        with(0, "0A"),
        '0' + std::string(example),
        "00" + std::string(example),
        std::string(example.substr(1)),
        // The ids: zeros, other characters, too long, too short.
        with(3, std::string(32, '0')),
        with(3, "."),
        with(34, "."),
        with(3, "4B"),
        std::string(example).insert(3, 1, '1'),
        std::string(example).erase(3, 1),
        with(36, std::string(16, '0')),
        with(36, "."),
        with(51, "."),
        with(36, "00F0"),
        std::string(example).insert(36, 1, '1'),
        std::string(example).erase(36, 1),
        // The flags.
        with(53, ".0"),
        with(53, "0."),
        with(53, "0A"),
        std::string(example).insert(53, 1, '0'),
        std::string(example).erase(53, 1),
        // What separates them.
        with(2, "_"),
        with(35, "_"),
        with(52, "_"),
        with(2, "0"),
    };
    for (auto const& text : texts)
        BOOST_TEST(parse_traceparent(text).error() == malformed, text);
    BOOST_TEST(!parse_traceparent(std::string_view()));
}

BOOST_AUTO_TEST_CASE(any_character_at_any_place_means_what_the_grammar_says)
{
    for (std::string_view const version : {"00", "01", "f0"})
        for (std::size_t i = 0; i != 58; ++i)
            for (int c = 0; c != 256; ++c)
            {
                auto text = with(0, version) + "-xy";
                text[i] = static_cast<char>(c);
                for (std::size_t size : {55, 56, 58})
                {
                    auto const cut = std::string_view(text).substr(0, size);
                    if (parse_traceparent(cut).has_value()
                        != is_well_formed(cut))
                        BOOST_FAIL("parse_traceparent is wrong of " << cut);
                }
            }
}

BOOST_AUTO_TEST_CASE(a_new_trace_has_ids_that_nobody_else_has)
{
    std::set<std::string> traces;
    std::set<std::string> spans;
    std::vector<traceparent> all;
    for (int i = 0; i != 1000; ++i)
        all.push_back(make_traceparent(i % 2 == 0));
    std::vector<traceparent> of_another_thread(1000);
    std::thread(
        [&]
        {
            for (auto& t : of_another_thread)
                t = make_traceparent();
        })
        .join();
    all.insert(all.end(), of_another_thread.begin(), of_another_thread.end());
    for (auto const& t : all)
    {
        auto const text = format_traceparent(t);
        BOOST_TEST((*parse_traceparent(text) == t));
        traces.emplace(text.trace_id());
        spans.emplace(text.parent_id());
    }
    BOOST_TEST(traces.size() == all.size());
    BOOST_TEST(spans.size() == all.size());
    BOOST_TEST(all[0].sampled);
    BOOST_TEST(!all[1].sampled);
    // No byte is always the same.
    for (std::size_t i = 0; i != 16; ++i)
        BOOST_TEST(!std::all_of(
            all.begin(),
            all.end(),
            [&](traceparent const& t)
            { return t.trace_id[i] == all[0].trace_id[i]; }));
}

BOOST_AUTO_TEST_CASE(a_child_is_another_span_of_the_trace)
{
    for (bool const sampled : {true, false})
    {
        auto parent = of_example;
        parent.sampled = sampled;
        auto const child = make_child(parent);
        BOOST_TEST((child.trace_id == parent.trace_id));
        BOOST_TEST((child.parent_id != parent.parent_id));
        BOOST_TEST((make_child(parent).parent_id != child.parent_id));
        BOOST_TEST(child.sampled == sampled);
    }
}

BOOST_AUTO_TEST_CASE(nothing_is_allocated)
{
    allocation_counter const allocations;
    auto const t = parse_traceparent(example);
    bool right = format_traceparent(make_child(*t)).view().size() == 55;
    right &= parse_traceparent("malformed").has_error();
    right &= make_traceparent() != *t;
    auto const count = allocations.count();
    BOOST_TEST(right);
    BOOST_TEST(count == 0u);
}

BOOST_AUTO_TEST_CASE(a_context_carries_it_and_shows_it)
{
    auto const ctx = with_value(
        with_value(background(), traceparent_key, of_example),
        tracestate_key,
        "rojo=00f067aa0ba902b7");
    BOOST_TEST((*ctx.value(traceparent_key) == of_example));
    BOOST_TEST(*ctx.value(tracestate_key) == "rojo=00f067aa0ba902b7");
    auto const text = to_string(ctx);
    BOOST_TEST(text.find(example) != text.npos, text);
    BOOST_TEST(text.find("rojo") == text.npos, text);
    BOOST_TEST(!background().value(traceparent_key));
}

BOOST_AUTO_TEST_SUITE_END()
