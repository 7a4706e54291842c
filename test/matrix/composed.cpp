//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "matrix/fed_by_bytes.hpp"
#include "matrix/matrix.hpp"
#include "support/sockets.hpp"

namespace asioctx::test {

namespace {

using asio::ip::tcp;

// As much as is to be transferred, a byte at a time.
struct byte_by_byte
{
    std::size_t operator()(error_code const& ec, std::size_t n) const
    {
        return ec || n == 8 ? 0 : 1;
    }
};

template <class Derived>
struct read_bytes : fed_by_bytes<Derived>
{
    using fed_by_bytes<Derived>::fed_by_bytes;

    static constexpr std::string_view text = "abcdefg\n";
};

struct read_all : read_bytes<read_all>
{
    using read_bytes::read_bytes;

    template <class Token>
    void initiate(Token&& token)
    {
        asio::async_read(
            pair.socket,
            asio::buffer(bytes),
            byte_by_byte(),
            std::forward<Token>(token));
    }

    bool good() override
    {
        return std::string(bytes.data(), bytes.size()) == "abcdefg\n";
    }

    std::array<char, 8> bytes{};
};

struct read_until : read_bytes<read_until>
{
    using read_bytes::read_bytes;

    template <class Token>
    void initiate(Token&& token)
    {
        line.clear();
        asio::async_read_until(
            pair.socket,
            asio::dynamic_buffer(line),
            '\n',
            std::forward<Token>(token));
    }

    bool good() override
    {
        return line == "abcdefg\n";
    }

    std::string line;
};

// Writes more than the kernel takes, and, if that is drained beforehand, a few
// bytes one by one.
struct write_all : subject_of<write_all>
{
    using subject_of::subject_of;

    template <class Token>
    void initiate(Token&& token)
    {
        if (drained)
            asio::async_write(
                pair.socket,
                asio::buffer(data, 8),
                byte_by_byte(),
                std::forward<Token>(token));
        else
            asio::async_write(
                pair.socket, asio::buffer(data), std::forward<Token>(token));
        started = true;
    }

    bool feed() override
    {
        if (!started)
            return !std::exchange(drained, true);
        drain(pair.peer);
        return true;
    }

    bool feeds_ahead() const override
    {
        return true;
    }

    stream_pair pair{ioc_};
    std::vector<char> data = std::vector<char>(1 << 20);
    bool started = false;
    bool drained = false;
};

// Tries an address that never answers.
struct range_connect : subject_of<range_connect>
{
    using subject_of::subject_of;

    template <class Token>
    void initiate(Token&& token)
    {
        asio::async_connect(socket, to, std::forward<Token>(token));
    }

    bool feed() override
    {
        return false;
    }

    void renew() override
    {
        to.assign(1, open.endpoint());
    }

    full_listener full{ioc_};
    open_listener open{ioc_};
    std::vector<tcp::endpoint> to{full.endpoint()};
    tcp::socket socket{ioc_};
};

// Tries addresses that refuse, and at last one that does not.
struct refused_range_connect : range_connect
{
    explicit refused_range_connect(asio::io_context& ioc) : range_connect(ioc)
    {
        tcp::endpoint const closed = open_listener(ioc).endpoint();
        to = {closed, closed, closed, open.endpoint()};
    }

    // What is needed is there.
    bool feeds_ahead() const override
    {
        return true;
    }
};

} // namespace

} // namespace asioctx::test

int main()
{
    using namespace asioctx::test;
    return run_matrix({
        {"composed reads and writes", "async_read", make<read_all>},
        {"composed reads and writes", "async_read_until", make<read_until>},
        {"composed reads and writes", "async_write", make<write_all>},
        {"TCP",
         "async_connect, range",
         make<range_connect>,
         other_side::fed,
         make<refused_range_connect>},
    });
}
