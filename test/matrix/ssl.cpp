//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <openssl/ssl.h>
#include <string>
#include <utility>
#include <vector>

#include "matrix/matrix.hpp"
#include "support/sockets.hpp"
#include "support/tls_pair.hpp"

namespace asioctx::test {

namespace {

// The server: an SSL engine that reads and writes the socket when it is told.
class server
{
public:
    explicit server(asio::local::stream_protocol::socket& socket)
        : socket_(socket),
          context_(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free),
          ssl_(nullptr, &SSL_free)
    {
        use_anonymous_cipher(context_.get());
        ssl_.reset(SSL_new(context_.get()));
        SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        SSL_set_accept_state(ssl_.get());
        socket_.non_blocking(true);
    }

    // Reads what there is, and goes on.
    void go_on()
    {
        std::array<char, 65536> buffer;
        repeat_until_blocked(
            [&](auto& ec)
            {
                auto const n = socket_.read_some(asio::buffer(buffer), ec);
                if (n != 0)
                    BIO_write(
                        SSL_get_rbio(ssl_.get()),
                        buffer.data(),
                        static_cast<int>(n));
            });
        if (!SSL_is_init_finished(ssl_.get()))
            SSL_do_handshake(ssl_.get());
        else
        {
            int n = 0;
            do
                n = SSL_read(
                    ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
            while (n > 0);
            if (SSL_get_error(ssl_.get(), n) == SSL_ERROR_SSL)
                understands_ = false;
        }
    }

    // Whether all that came was in order.
    bool understands() const
    {
        return understands_;
    }

    void put(std::string const& text)
    {
        SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
    }

    void shut_down()
    {
        SSL_shutdown(ssl_.get());
    }

    // Sends what the engine has written, or a part.
    bool send(std::size_t most = 1 << 20)
    {
        std::vector<char> buffer(
            std::min(most, BIO_ctrl_pending(SSL_get_wbio(ssl_.get()))));
        if (buffer.empty())
            return false;
        BIO_read(
            SSL_get_wbio(ssl_.get()),
            buffer.data(),
            static_cast<int>(buffer.size()));
        asio::write(socket_, asio::buffer(buffer));
        return true;
    }

private:
    asio::local::stream_protocol::socket& socket_;
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
    std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
    bool understands_ = true;
};

using stream = asio::ssl::stream<asio::local::stream_protocol::socket&>;

template <class Derived>
struct ssl_subject : subject_of<Derived>
{
    explicit ssl_subject(asio::io_context& ioc) : subject_of<Derived>(ioc)
    {
        use_anonymous_cipher(context.native_handle());
        client = std::make_unique<stream>(pair.socket, context);
    }

    // Brings the handshake to its end without the matrix.
    void shake_hands()
    {
        bool done = false;
        client->async_handshake(
            stream::client, [&](error_code const&) { done = true; });
        for (int i = 0; i < 20 && !done; ++i)
        {
            this->ioc_.poll();
            peer.go_on();
            peer.send();
        }
        this->ioc_.poll();
    }

    stream_pair pair{this->ioc_};
    asio::ssl::context context{asio::ssl::context::tls_client};
    std::unique_ptr<stream> client;
    server peer{pair.peer};
};

struct handshake : ssl_subject<handshake>
{
    using ssl_subject::ssl_subject;

    template <class Token>
    void initiate(Token&& token)
    {
        client->async_handshake(stream::client, std::forward<Token>(token));
    }

    bool feed() override
    {
        peer.go_on();
        return peer.send();
    }
};

// The message comes in three parts.
struct read_message : ssl_subject<read_message>
{
    explicit read_message(asio::io_context& ioc) : ssl_subject(ioc)
    {
        shake_hands();
        peer.put("hello");
    }

    template <class Token>
    void initiate(Token&& token)
    {
        client->async_read_some(
            asio::buffer(bytes), std::forward<Token>(token));
    }

    bool feed() override
    {
        return peer.send(16);
    }

    bool feeds_ahead() const override
    {
        return true;
    }

    bool good() override
    {
        return std::string(bytes.data(), 5) == "hello";
    }

    std::array<char, 64> bytes{};
};

// More than the socket takes.
struct write_message : ssl_subject<write_message>
{
    explicit write_message(asio::io_context& ioc) : ssl_subject(ioc)
    {
        pair.socket.set_option(asio::socket_base::send_buffer_size(1));
        shake_hands();
    }

    template <class Token>
    void initiate(Token&& token)
    {
        client->async_write_some(
            asio::buffer(data), std::forward<Token>(token));
    }

    bool feed() override
    {
        peer.go_on();
        return true;
    }

    bool good() override
    {
        peer.go_on();
        return peer.understands();
    }

    std::vector<char> data = std::vector<char>(16384, 'x');
};

struct shutdown_stream : ssl_subject<shutdown_stream>
{
    explicit shutdown_stream(asio::io_context& ioc) : ssl_subject(ioc)
    {
        shake_hands();
    }

    template <class Token>
    void initiate(Token&& token)
    {
        client->async_shutdown(std::forward<Token>(token));
    }

    bool feed() override
    {
        peer.go_on();
        peer.shut_down();
        return peer.send();
    }
};

} // namespace

} // namespace asioctx::test

int main()
{
    using namespace asioctx::test;
    return run_matrix({
        {"ssl::stream", "async_handshake", make<handshake>},
        {"ssl::stream", "async_read_some", make<read_message>},
        {"ssl::stream", "async_write_some", make<write_message>},
        {"ssl::stream", "async_shutdown", make<shutdown_stream>},
    });
}
