//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_WITH_PEER_HPP
#define ASIOCTX_WITH_PEER_HPP

#include <asioctx/config.hpp>

#include <boost/asio/detail/config.hpp>
#include <boost/asio/version.hpp>

// Elsewhere, with_peer() is not there: it asks the system what Asio does not.
// Until Asio 1.32 its descriptors must be able not to block, as a kqueue is
// not.
#if defined(__linux__) || defined(BOOST_ASIO_HAS_IOCP) \
    || (defined(BOOST_ASIO_HAS_KQUEUE) && BOOST_ASIO_VERSION >= 103200)
#define ASIOCTX_HAS_WITH_PEER
#endif

#if defined(ASIOCTX_HAS_WITH_PEER)

#include <asioctx/cancel.hpp>
#include <asioctx/context.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_socket.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/detail/socket_types.hpp>

#include <type_traits>

namespace asioctx {

namespace detail {

// A descriptor; on Windows, a SOCKET.
using peer_socket = asio::detail::socket_type;

ASIOCTX_DECL cancelable with_peer(
    context const& parent,
    peer_socket socket,
    asio::any_io_executor const& ex,
    source_location at);

template <class T>
inline constexpr bool is_stream_socket = false;

template <class Protocol, class Executor>
inline constexpr bool is_stream_socket<asio::basic_socket<Protocol, Executor>> =
    std::is_same_v<
        typename Protocol::socket,
        asio::basic_stream_socket<Protocol>>;

// The socket that a stream is, or is a layer over.
template <class Stream>
auto& socket_of(Stream& s) noexcept
{
    if constexpr (is_stream_socket<Stream>)
        return s;
    else if constexpr (requires { s.socket(); })
        return detail::socket_of(s.socket());
    else
    {
        constexpr bool is_layer = requires
        {
            requires !std::is_same_v<
                std::remove_cvref_t<decltype(s.lowest_layer())>,
                Stream>;
        };
        static_assert(
            is_layer,
            "asioctx::with_peer: the second argument must be a stream socket, "
            "or a layer over one that has socket() or lowest_layer()");
        if constexpr (is_layer)
            return detail::socket_of(s.lowest_layer());
        else
            return s;
    }
}

} // namespace detail

/// Derives a context that is done when the remote side goes away.
/**
 * The context is done when the remote side closes or resets the connection, or
 * when it is canceled or the parent is done. Then nobody waits for an answer
 * any more, so the work for it may stop: this is what Go's server does with a
 * request's context.
 *
 * When the remote side has gone, error() is @c errc::canceled, and cause() is
 * what a read will report once it has had the bytes that came before:
 * @li @c asio::error::eof if the remote side has closed the connection, or just
 * its sending half. The two look alike from here. A client that shuts down its
 * sending half after the request, and still waits for the answer, counts as
 * gone; do not use with_peer() for protocols in which it may.
 * @li @c asio::error::connection_reset if the connection broke: it was reset,
 * or the system gave it up.
 *
 * But for Windows, an error of the system that ends the watch ends the context,
 * too, and is its cause().
 *
 * If the remote side has gone already, the context is done at once, unless the
 * parent is: then the parent's error and cause count. A remote side that
 * vanishes without a word is noticed when the system notices, by its keep-alive
 * or by a write that is not acknowledged.
 *
 * The watch reads nothing, not even bytes of a next request that come early,
 * and such bytes do not hide what is behind them. It does not get in the way of
 * the socket's operations: they may be pending, or be started, during the watch
 * and after it.
 *
 * Who is asked differs, and so does what is known of the answers:
 * @li Linux: epoll. Shutting down the receiving half of the own socket looks
 * like the remote side's end.
 * @li macOS, FreeBSD, NetBSD, OpenBSD: kqueue, from Asio 1.32 on (Boost 1.86).
 * It was written by the systems' documentation, and was not tried there.
 * Shutting down the own receiving half looks like the end, too.
 * @li Windows: the driver of sockets, as libuv asks it; that of Wine 8 was
 * tried, that of Windows was not. With Wine, bytes that nobody has read do hide
 * the end behind them, and shutting down the own receiving half is nothing. @c
 * WSAEventSelect() is left to the program.
 * @li Elsewhere with_peer() is not there, and @c ASIOCTX_HAS_WITH_PEER is not
 * defined.
 *
 * @param parent The context to derive from.
 *
 * @param stream The connection: an @c asio::basic_stream_socket, or a layer
 * over one, such as @c asio::ssl::stream and @c boost::beast::tcp_stream. What
 * is watched is the socket: an alert of TLS is not seen, the end of the
 * connection is.
 *
 * @param at What canceled_at() is if the remote side, or the source's
 * destructor, ends the context.
 *
 * @par Preconditions
 * The socket is open and connected. One whose connection has ended is.
 *
 * @par Object lifetimes
 * The context keeps the parent. The watch is outstanding work of the socket's
 * execution context, keeps the context, and uses a descriptor (on Windows, a
 * socket), until the context is done. The stream may be moved, closed or
 * destroyed before or after the context is done; a socket that is closed is not
 * watched any more, which does not end the context. That is so even if @c dup()
 * or @c fork() have made another descriptor of it. After a fork, the watches of
 * both processes go on; with io_uring the parent's alone. On macOS and the BSDs
 * a child has no kqueue of its parent's, and its @c notify_fork() fails if
 * there is a watch.
 *
 * @par Executor
 * The end counts when a thread that runs the socket's execution context sees
 * it. A strand that is busy does not delay this.
 *
 * @par Exceptions
 * @c std::invalid_argument if the socket is not connected yet. @c
 * boost::system::system_error if it is not open, or there is no descriptor
 * left.
 * @c std::bad_alloc.
 *
 * @par Thread Safety
 * Safe, but for the use of the stream during the call.
 *
 * @par Example
 * examples/14_with_peer.cpp
 */
template <class Stream>
    requires requires(Stream& s)
    {
        detail::socket_of(s);
    }
cancelable with_peer(
    context const& parent,
    Stream& stream,
    source_location at = BOOST_CURRENT_LOCATION)
{
    auto& socket = detail::socket_of(stream);
    return detail::with_peer(
        parent, socket.native_handle(), socket.get_executor(), at);
}

} // namespace asioctx

#endif

#endif
