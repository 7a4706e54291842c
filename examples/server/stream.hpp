//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_EXAMPLES_SERVER_STREAM_HPP
#define ASIOCTX_EXAMPLES_SERVER_STREAM_HPP

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <optional>
#include <utility>

namespace example {

namespace asio = boost::asio;
using asio::ip::tcp;

/// A connection, with TLS or without.
class stream
{
public:
    using executor_type = tcp::socket::executor_type;

    /// Without a TLS context, the connection has no TLS.
    stream(tcp::socket socket, asio::ssl::context* tls)
        : socket_(std::move(socket))
    {
        if (tls)
            tls_.emplace(socket_, *tls);
    }

    executor_type get_executor() noexcept
    {
        return socket_.get_executor();
    }

    tcp::socket& socket() noexcept
    {
        return socket_;
    }

    /// The layer of TLS, if there is one.
    std::optional<asio::ssl::stream<tcp::socket&>>& tls() noexcept
    {
        return tls_;
    }

    template <class Buffers, class Token>
    auto async_read_some(Buffers const& buffers, Token&& token)
        -> decltype(std::declval<tcp::socket&>().async_read_some(
            buffers, std::forward<Token>(token)))
    {
        if (tls_)
            return tls_->async_read_some(buffers, std::forward<Token>(token));
        return socket_.async_read_some(buffers, std::forward<Token>(token));
    }

    template <class Buffers, class Token>
    auto async_write_some(Buffers const& buffers, Token&& token)
        -> decltype(std::declval<tcp::socket&>().async_write_some(
            buffers, std::forward<Token>(token)))
    {
        if (tls_)
            return tls_->async_write_some(buffers, std::forward<Token>(token));
        return socket_.async_write_some(buffers, std::forward<Token>(token));
    }

private:
    tcp::socket socket_;
    std::optional<asio::ssl::stream<tcp::socket&>> tls_;
};

} // namespace example

#endif
