//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "matrix/matrix.hpp"
#include "support/sockets.hpp"

namespace asioctx::test {

namespace {

namespace beast = boost::beast;
namespace http = beast::http;

using stream = beast::basic_stream<asio::local::stream_protocol>;

struct read_request : subject_of<read_request>
{
    using subject_of::subject_of;

    template <class Token>
    void initiate(Token&& token)
    {
        http::async_read(s, buffer, request, std::forward<Token>(token));
    }

    bool feed() override
    {
        constexpr std::string_view parts[] = {
            "POST / HTTP/1.1\r\nHost",
            ": x\r\nContent-Length: 9\r\n",
            "\r\n",
            "abc",
            "def",
            "ghi"};
        if (sent == std::size(parts))
            return false;
        asio::write(pair.peer, asio::buffer(parts[sent++]));
        return true;
    }

    bool feeds_ahead() const override
    {
        return true;
    }

    // The rest of the message is lost to the parser.
    void renew() override
    {
        request = {};
        buffer.clear();
        while (feed())
            ;
        drain(s.socket());
        sent = 0;
    }

    bool good() override
    {
        return request.body() == "abcdefghi";
    }

    stream_pair pair{ioc_};
    stream s{std::move(pair.socket)};
    beast::flat_buffer buffer;
    http::request<http::string_body> request;
    std::size_t sent = 0;
};

struct write_response : subject_of<write_response>
{
    using subject_of::subject_of;

    template <class Token>
    void initiate(Token&& token)
    {
        response.body() = std::string(1 << 20, 'x');
        response.prepare_payload();
        http::async_write(s, response, std::forward<Token>(token));
    }

    bool feed() override
    {
        received += pair.peer.available();
        drain(pair.peer);
        return true;
    }

    // The other side has got whole messages only.
    bool good() override
    {
        feed();
        auto const header = std::string_view(
            "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n");
        return received % (header.size() + response.body().size()) == 0;
    }

    std::size_t received = 0;
    stream_pair pair{ioc_};
    stream s{std::move(pair.socket)};
    http::response<http::string_body> response;
};

} // namespace

} // namespace asioctx::test

int main()
{
    using namespace asioctx::test;
    return run_matrix({
        {"Beast HTTP", "http::async_read", make<read_request>},
        {"Beast HTTP", "http::async_write", make<write_response>},
    });
}
