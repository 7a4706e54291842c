//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Test that header file is self-contained.
#include <asioctx/baggage.hpp>

#include <asioctx/context.hpp>
#include <asioctx/value.hpp>

#include <boost/system/errc.hpp>
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>

#include "support/allocation_counter.hpp"
#include "support/print.hpp"

using namespace asioctx;
using namespace asioctx::test;
using namespace std::literals;

namespace {

static_assert(std::forward_iterator<baggage_view::iterator>);

// The members, each as key|value|properties and a space.
std::string members_of(std::string_view text)
{
    std::string all;
    for (auto const& [key, value, properties] : baggage_view(text))
        all.append(key).append("|").append(value).append("|").append(
            properties) += ' ';
    return all;
}

std::string decoded(std::string_view value)
{
    std::string buffer(value.size(), '?');
    auto const text = decode_baggage(value, buffer);
    return text ? std::string(*text) : text.error().message();
}

// A member of a length.
std::string member(char key, std::size_t size)
{
    return std::string(1, key) + '=' + std::string(size - 2, 'v');
}

} // namespace

BOOST_AUTO_TEST_SUITE(test_baggage)

BOOST_AUTO_TEST_CASE(the_specifications_examples_are_read)
{
    BOOST_TEST(
        members_of("key1=value1;property1;property2, key2 = value2, "
                   "key3=value3; propertyKey=propertyValue")
        == "key1|value1|property1;property2 key2|value2| "
           "key3|value3|propertyKey=propertyValue ");
    BOOST_TEST(
        members_of("userId=alice,serverNode=DF%2028,isProduction=false")
        == "userId|alice| serverNode|DF%2028| isProduction|false| ");
    BOOST_TEST(members_of("userId =   alice") == "userId|alice| ");
    BOOST_TEST(
        members_of("serverNode = DF%2028, isProduction = false")
        == "serverNode|DF%2028| isProduction|false| ");
}

BOOST_AUTO_TEST_CASE(space_around_is_left_out)
{
    BOOST_TEST(
        members_of(" \t a \t = \t 1 \t ; \t p \t = \t q \t , \t b \t = \t 2")
        == "a|1|p \t = \t q b|2| ");
}

BOOST_AUTO_TEST_CASE(a_value_may_have_equals_signs_or_be_empty)
{
    BOOST_TEST(members_of("a=b=c==,d=") == "a|b=c==| d|| ");
}

BOOST_AUTO_TEST_CASE(a_malformed_member_is_left_out)
{
    for (auto const bad :
         {"",           " ",          "a",       "=",        "=1",
          "a b=1",      "a=1 2",      "a=\"1\"", "a=1\\2",   "a\t=\x01",
          "\xc3\xa4=1", "a=\xc3\xa4", "a=1;",    "a=1;;p",   "a=1;p q",
          "a=1;=q",     "a=1;p=q r",  "a(b)=1",  "a;p=1",    "a=1;p=\"q\"",
          "a@b=1",      "a=\x7f",     "{}=1",    "a=1;\xff", ";a=1"})
    {
        BOOST_TEST(members_of(bad) == "", bad);
        BOOST_TEST(members_of("x=1,"s + bad + ",y=2") == "x|1| y|2| ", bad);
    }
    BOOST_TEST(members_of("a=1\0,b=2"sv) == "b|2| ");
    BOOST_TEST(members_of(",,a=1,,") == "a|1| ");
}

BOOST_AUTO_TEST_CASE(every_character_counts_where_the_grammar_says)
{
    std::string const token =
        "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (int i = 0; i != 256; ++i)
    {
        auto const c = static_cast<char>(i);
        if (c == ',' || c == ';')
            continue; // ends what it is in
        bool const in_key = token.find(c) != token.npos;
        auto const key = "k"s + c + "k";
        BOOST_TEST(baggage_view(key + "=v").find(key).has_value() == in_key, i);
        bool const in_value = '!' <= c && c <= '~' && c != '"' && c != '\\';
        auto const value = "v"s + c + "v";
        BOOST_TEST((members_of("k=" + value) != "") == in_value, i);
        BOOST_TEST((members_of("k=v;p=" + value) != "") == in_value, i);
    }
}

BOOST_AUTO_TEST_CASE(the_first_member_with_a_key_is_found)
{
    baggage_view const view("a=1,b=2;p,a=3");
    BOOST_TEST(view.find("a")->value == "1");
    BOOST_TEST(view.find("b")->properties == "p");
    BOOST_TEST(!view.find("A").has_value()); // the case counts
    BOOST_TEST(!view.find("").has_value());
    BOOST_TEST(!baggage_view().find("a").has_value());
}

BOOST_AUTO_TEST_CASE(iterators_can_be_kept)
{
    baggage_view const view("a=1,b=2");
    auto i = view.begin();
    auto const first = i++;
    BOOST_TEST(first->key == "a");
    BOOST_TEST(i->key == "b");
    BOOST_TEST((first == view.begin()));
    BOOST_TEST((first != i));
    BOOST_TEST((++i == view.end()));
}

BOOST_AUTO_TEST_CASE(there_are_no_more_than_64_members)
{
    std::string text = "bad";
    for (int i = 0; i != 64; ++i)
        text += ",k" + std::to_string(i) + "=v";
    auto const all = members_of(text);
    BOOST_TEST(all.find("k63|v|") != all.npos);
    BOOST_TEST(members_of(text + ",one=more") == all);
}

BOOST_AUTO_TEST_CASE(no_member_goes_beyond_8192_bytes)
{
    BOOST_TEST(members_of(member('a', 8192)) != "");
    BOOST_TEST(members_of(member('a', 8193)) == "");
    auto const most = member('a', 4000) + ',' + member('b', 4191);
    BOOST_TEST(most.size() == 8192u);
    BOOST_TEST(baggage_view(most).find("b").has_value());
    BOOST_TEST(baggage_view(most + ",c=1").find("b").has_value());
    BOOST_TEST(!baggage_view(most + ",c=1").find("c").has_value());
    BOOST_TEST(baggage_view(most + 'v').find("a").has_value());
    BOOST_TEST(!baggage_view(most + 'v').find("b").has_value());
}

BOOST_AUTO_TEST_CASE(values_are_decoded)
{
    BOOST_TEST(decoded("") == "");
    BOOST_TEST(decoded("plain") == "plain");
    BOOST_TEST(decoded("DF%2028") == "DF 28");
    BOOST_TEST(decoded("%09%20%22%27%3B%3Dasdf%21%40") == "\t \"';=asdf!@");
    BOOST_TEST(decoded("%2b%2B%2525+") == "++%25+");
    BOOST_TEST(decoded("%00") == "\0"s);
    // A character of each length, and the last one.
    BOOST_TEST(
        decoded("%C3%A4%E2%82%AC%F0%9F%98%80%F4%8F%BF%BF%7F")
        == "\u00e4\u20ac\U0001f600\U0010ffff\x7f");
}

BOOST_AUTO_TEST_CASE(what_is_no_utf_8_is_replaced)
{
    auto const bad = "\ufffd"s;
    BOOST_TEST(decoded("%FF") == bad);
    BOOST_TEST(decoded("a%80b") == "a" + bad + "b");
    BOOST_TEST(decoded("%C3") == bad); // it ends too early
    BOOST_TEST(decoded("%C3x") == bad + "x");
    BOOST_TEST(
        decoded("%E2%82x") == bad + "x"); // one for what belongs together
    BOOST_TEST(decoded("%E2%82%E2%82%AC") == bad + "\u20ac");
    BOOST_TEST(decoded("%C0%AF") == bad + bad); // longer than it need be
    BOOST_TEST(decoded("%E0%9F%BF") == bad + bad + bad);
    BOOST_TEST(decoded("%F0%8F%BF%BF") == bad + bad + bad + bad);
    BOOST_TEST(decoded("%ED%A0%80") == bad + bad + bad);          // a surrogate
    BOOST_TEST(decoded("%F4%90%80%80") == bad + bad + bad + bad); // beyond
    BOOST_TEST(decoded("%F5%80%80%80") == bad + bad + bad + bad);
    BOOST_TEST(decoded("%F0%9F%98") == bad);
}

BOOST_AUTO_TEST_CASE(a_malformed_escape_is_an_error)
{
    auto const malformed =
        make_error_code(boost::system::errc::invalid_argument).message();
    for (auto const text :
         {"%",
          "%2",
          "a%",
          "%G0",
          "%0G",
          "%%20",
          "%C3%",
          "%C3%A",
          "%C3%XX",
          "% 1"})
        BOOST_TEST(decoded(text) == malformed, text);
}

BOOST_AUTO_TEST_CASE(a_buffer_that_is_too_small_is_an_error)
{
    char buffer[4];
    BOOST_TEST(*decode_baggage("1234", buffer) == "1234");
    BOOST_TEST(*decode_baggage("1%20%203", buffer) == "1  3");
    auto const no_space = make_error_code(boost::system::errc::no_buffer_space);
    BOOST_TEST(decode_baggage("12345", buffer).error() == no_space);
    BOOST_TEST(decode_baggage("123%C3%A4", buffer).error() == no_space);
    BOOST_TEST(decode_baggage("x", {}).error() == no_space);
    BOOST_TEST(*decode_baggage("", {}) == "");
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read)
{
    std::string every;
    for (int c = 0; c != 128; ++c)
        every += static_cast<char>(c);
    every += "\u00e4\u20ac\U0001f600";
    char buffer[1024];
    baggage_writer out(buffer);
    BOOST_TEST(out.view() == "");
    BOOST_TEST(out.add("userId", "alice"));
    BOOST_TEST(out.add("serverNode", "DF 28"));
    BOOST_TEST(out.add(baggage_member{"raw", "a%20b", "p; q = r"}));
    BOOST_TEST(
        out.view() == "userId=alice,serverNode=DF%2028,raw=a%20b;p; q = r");
    BOOST_TEST(out.add("every", every));
    BOOST_TEST(out.add("none", ""));
    baggage_view const view(out.view());
    BOOST_TEST(std::distance(view.begin(), view.begin()) == 0);
    BOOST_TEST(view.find("raw")->properties == "p; q = r");
    BOOST_TEST(decoded(view.find("every")->value) == every);
    BOOST_TEST(view.find("none")->value == "");
}

BOOST_AUTO_TEST_CASE(what_must_be_encoded_is)
{
    char buffer[64];
    baggage_writer out(buffer);
    BOOST_TEST(out.add("a", " \",;\\%\n\xff="));
    BOOST_TEST(out.view() == "a=%20%22%2C%3B%5C%25%0A%FF=");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_added_changes_nothing)
{
    char buffer[8];
    baggage_writer out(buffer);
    BOOST_TEST(!out.add("", "1"));
    BOOST_TEST(!out.add("a b", "1"));
    BOOST_TEST(!out.add("a,b", "1"));
    BOOST_TEST(!out.add(baggage_member{"a", "1 2", ""}));
    BOOST_TEST(!out.add(baggage_member{"a", "1,b=2", ""}));
    BOOST_TEST(!out.add(baggage_member{"a", "1", ";"}));
    BOOST_TEST(!out.add(baggage_member{"a", "1", "p,b=2"}));
    BOOST_TEST(!out.add("a", "1234567"));
    BOOST_TEST(!out.add("a", "  1")); // 8 bytes would do if it were as it is
    BOOST_TEST(out.view() == "");
    BOOST_TEST(out.add("a", "1"));
    BOOST_TEST(!out.add("b", "123"));
    BOOST_TEST(!out.add(baggage_member{"b", "1", "p"}));
    BOOST_TEST(out.view() == "a=1");
    BOOST_TEST(out.add("b", "12"));
    BOOST_TEST(out.view() == "a=1,b=12");
    BOOST_TEST(!baggage_writer({}).add("a", ""));
}

BOOST_AUTO_TEST_CASE(no_more_is_written_than_everybody_propagates)
{
    std::string buffer(10'000, '?');
    baggage_writer many(buffer);
    for (int i = 0; i != 64; ++i)
        BOOST_TEST(many.add("k", ""));
    BOOST_TEST(!many.add("k", ""));
    baggage_writer large(buffer);
    BOOST_TEST(!large.add("a", std::string(8191, 'v')));
    BOOST_TEST(large.add("a", std::string(8190, 'v')));
    BOOST_TEST(large.view().size() == 8192u);
}

BOOST_AUTO_TEST_CASE(nothing_is_allocated)
{
    constexpr auto text = "a=1;p,bad member,serverNode=DF%2028"sv;
    allocation_counter const allocations;
    char buffer[64];
    baggage_writer out(buffer);
    bool right = true;
    for (auto const& m : baggage_view(text))
        right &= out.add(m);
    right &= out.add("b", "2 3");
    right &= out.view() == "a=1;p,serverNode=DF%2028,b=2%203";
    char value[16];
    right &=
        *decode_baggage(baggage_view(text).find("serverNode")->value, value)
        == "DF 28";
    auto const count = allocations.count();
    BOOST_TEST(right);
    BOOST_TEST(count == 0u);
}

BOOST_AUTO_TEST_CASE(a_context_carries_it_and_does_not_show_it)
{
    auto const ctx = with_value(background(), baggage_key, "userId=alice");
    BOOST_TEST(*ctx.value(baggage_key) == "userId=alice");
    BOOST_TEST(to_string(ctx).find("alice") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
