//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TEST_SUPPORT_TLS_PAIR_HPP
#define ASIOCTX_TEST_SUPPORT_TLS_PAIR_HPP

#include <asioctx/config.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/system/system_error.hpp>

#include <openssl/ssl.h>
#include <stdexcept>

#include "support/sockets.hpp"

namespace asioctx::test {

// Needs no certificate: nobody's identity is checked.
inline void use_anonymous_cipher(SSL_CTX* c)
{
    SSL_CTX_set_max_proto_version(c, TLS1_2_VERSION);
    SSL_CTX_set_security_level(c, 0);
    SSL_CTX_set_dh_auto(c, 1);
    if (SSL_CTX_set_cipher_list(c, "aNULL") != 1)
        throw std::runtime_error("OpenSSL has no anonymous cipher");
}

// Two ends of a connection that have shaken hands.
struct tls_pair
{
    using stream_type = asio::ssl::stream<asio::ip::tcp::socket&>;

    explicit tls_pair(asio::io_context& ioc) : sockets(ioc)
    {
        int left = 2;
        auto const done = [&](error_code ec)
        {
            if (ec)
                throw boost::system::system_error(ec);
            --left;
        };
        stream.async_handshake(stream_type::client, done);
        peer.async_handshake(stream_type::server, done);
        ioc.restart();
        while (left != 0)
            ioc.run_one();
    }

    tcp_pair sockets;
    asio::ssl::context client = make(asio::ssl::context::tls_client);
    asio::ssl::context server = make(asio::ssl::context::tls_server);
    stream_type stream{sockets.socket, client};
    stream_type peer{sockets.peer, server};

private:
    static asio::ssl::context make(asio::ssl::context::method m)
    {
        asio::ssl::context c(m);
        use_anonymous_cipher(c.native_handle());
        return c;
    }
};

} // namespace asioctx::test

#endif
