//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <array>
#include <cstddef>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string>
#include <string_view>
#include <utility>

#include "matrix/matrix.hpp"
#include "support/sockets.hpp"

namespace asioctx::test {

namespace {

namespace beast = boost::beast;
namespace websocket = beast::websocket;

using stream = websocket::stream<asio::local::stream_protocol::socket>;

// What the other side sends, part by part.
template <class Derived>
struct scripted : subject_of<Derived>
{
    using subject_of<Derived>::subject_of;

    bool feed() override
    {
        auto& self = static_cast<Derived&>(*this);
        if (self.sent == std::size(self.parts()))
            return false;
        // The stream may have been closed.
        error_code ec;
        asio::write(pair.peer, asio::buffer(self.parts()[self.sent++]), ec);
        return true;
    }

    // Has the stream accept a handshake without the matrix.
    void shake_hands()
    {
        asio::write(
            pair.peer,
            asio::buffer(std::string_view(
                "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
                "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")));
        ws.accept();
        drain(pair.peer);
    }

    stream_pair pair{this->ioc_};
    stream ws{std::move(pair.socket)};
    std::size_t sent = 0;
};

struct accept_handshake : scripted<accept_handshake>
{
    using scripted::scripted;

    template <class Token>
    void initiate(Token&& token)
    {
        ws.async_accept(std::forward<Token>(token));
    }

    static std::array<std::string_view, 3> parts()
    {
        return {
            "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n",
            "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"};
    }

    bool feeds_ahead() const override
    {
        return true;
    }

    void renew() override
    {
        while (feed())
            ;
        drain(ws.next_layer());
        sent = 0;
    }
};

struct handshake : subject_of<handshake>
{
    using subject_of::subject_of;

    template <class Token>
    void initiate(Token&& token)
    {
        ws.async_handshake("x", "/", std::forward<Token>(token));
    }

    bool feed() override
    {
        switch (sent++)
        {
        case 0:
            asio::read_until(
                pair.peer, asio::dynamic_buffer(request), "\r\n\r\n");
            asio::write(
                pair.peer,
                asio::buffer(std::string_view(
                    "HTTP/1.1 101 Switching Protocols\r\n"
                    "Connection: Upgrade\r\nUpgrade: websocket\r\n")));
            return true;
        case 1:
            asio::write(
                pair.peer,
                asio::buffer("Sec-WebSocket-Accept: " + answer() + "\r\n\r\n"));
            return true;
        default:
            return false;
        }
    }

    // What proves that the server has read the request.
    std::string answer() const
    {
        std::string_view const name = "Sec-WebSocket-Key: ";
        auto const at = request.find(name) + name.size();
        auto const key = request.substr(at, request.find("\r\n", at) - at)
            + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
        std::array<unsigned char, 20> hash;
        SHA1(
            reinterpret_cast<unsigned char const*>(key.data()),
            key.size(),
            hash.data());
        std::array<unsigned char, 40> text;
        auto const n = EVP_EncodeBlock(text.data(), hash.data(), 20);
        return {text.begin(), text.begin() + n};
    }

    void renew() override
    {
        while (feed())
            ;
        drain(pair.peer);
        drain(ws.next_layer());
        request.clear();
        sent = 0;
    }

    stream_pair pair{ioc_};
    stream ws{std::move(pair.socket)};
    std::string request;
    int sent = 0;
};

struct read_message : scripted<read_message>
{
    explicit read_message(asio::io_context& ioc) : scripted(ioc)
    {
        shake_hands();
    }

    template <class Token>
    void initiate(Token&& token)
    {
        ws.async_read(buffer, std::forward<Token>(token));
    }

    // Two fragments, each in two parts, with a mask of zeros.
    static std::array<std::string_view, 4> parts()
    {
        using namespace std::string_view_literals;
        return {"\x01\x83\0\0"sv, "\0\0abc"sv, "\x80\x83\0\0\0\0d"sv, "ef"sv};
    }

    bool feeds_ahead() const override
    {
        return true;
    }

    // What is lacking of the message still comes.
    void renew() override
    {
        if (sent == 4)
            sent = 0;
    }

    bool good() override
    {
        return beast::buffers_to_string(buffer.data()).ends_with("def");
    }

    beast::flat_buffer buffer;
};

struct write_message : scripted<write_message>
{
    explicit write_message(asio::io_context& ioc) : scripted(ioc)
    {
        shake_hands();
        ws.auto_fragment(false);
    }

    template <class Token>
    void initiate(Token&& token)
    {
        ws.async_write(asio::buffer(message), std::forward<Token>(token));
    }

    bool feed() override
    {
        received += pair.peer.available();
        drain(pair.peer);
        return true;
    }

    // The other side has got whole frames only.
    bool good() override
    {
        feed();
        return received % (10 + message.size()) == 0;
    }

    static std::array<std::string_view, 0> parts()
    {
        return {};
    }

    std::size_t received = 0;
    std::string message = std::string(1 << 20, 'x');
};

struct close_stream : scripted<close_stream>
{
    explicit close_stream(asio::io_context& ioc) : scripted(ioc)
    {
        shake_hands();
    }

    template <class Token>
    void initiate(Token&& token)
    {
        ws.async_close(
            websocket::close_code::normal, std::forward<Token>(token));
    }

    static std::array<std::string_view, 2> parts()
    {
        using namespace std::string_view_literals;
        return {"\x88\x82\0\0"sv, "\0\0\x03\xe8"sv};
    }

    bool feed() override
    {
        if (scripted::feed())
            return true;
        if (!pair.peer.is_open())
            return false;
        // What is not read makes it a reset.
        std::array<char, 64> rest;
        error_code ec;
        pair.peer.non_blocking(true);
        while (!ec)
            pair.peer.read_some(asio::buffer(rest), ec);
        pair.peer.close();
        return true;
    }
};

} // namespace

} // namespace asioctx::test

int main()
{
    using namespace asioctx::test;
    return run_matrix({
        {"Beast WebSocket", "async_handshake", make<handshake>},
        {"Beast WebSocket", "async_accept", make<accept_handshake>},
        {"Beast WebSocket", "async_read", make<read_message>},
        {"Beast WebSocket", "async_write", make<write_message>},
        {"Beast WebSocket", "async_close", make<close_stream>},
    });
}
