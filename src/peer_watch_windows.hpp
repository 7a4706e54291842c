//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_SRC_PEER_WATCH_WINDOWS_HPP
#define ASIOCTX_SRC_PEER_WATCH_WINDOWS_HPP

#include <asioctx/is_single_step.hpp>
#include <asioctx/with_peer.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/windows/overlapped_ptr.hpp>
#include <boost/system/system_error.hpp>

#include <cstddef>
#include <stdexcept>
#include <utility>

#include <winternl.h>

namespace asioctx::detail {

// What the driver of sockets is asked, and how. There is no header with this;
// it has been so since Windows Vista, and libuv and Rust's mio rest on it, too.
struct afd_poll
{
    static constexpr ULONG disconnect = 0x08; // the remote side sends no more
    static constexpr ULONG abort = 0x10;
    static constexpr ULONG local_close = 0x20; // closesocket()
    static constexpr ULONG code = 0x00012024;

    LARGE_INTEGER timeout;
    ULONG handles;
    ULONG exclusive;
    HANDLE handle;
    ULONG events;
    LONG status;
};

// The functions of ntdll.dll that this takes, which has no import library
// everywhere.
struct nt_functions
{
    static nt_functions const& get() noexcept
    {
        static nt_functions const all;
        return all;
    }

    decltype(&::NtDeviceIoControlFile) device_io_control_file =
        find<decltype(device_io_control_file)>("NtDeviceIoControlFile");
    decltype(&::RtlNtStatusToDosError) status_to_error =
        find<decltype(status_to_error)>("RtlNtStatusToDosError");

private:
    template <class F>
    static F find(char const* name) noexcept
    {
        return reinterpret_cast<F>(reinterpret_cast<void*>(
            ::GetProcAddress(::GetModuleHandleA("ntdll.dll"), name)));
    }
};

// Hears of the end of a socket's remote side from the driver of sockets, which
// any socket leads to: the question goes through one of its own, so that the
// watched one's operations have nothing to do with it.
//
// WSAEventSelect() would be documented. But there is one of it per socket, and
// the program may have it.
//
// What is asked is taken down with the socket, not with its number, which may
// be another one's later: so only what was answered counts.
class peer_watch
{
public:
    peer_watch(asio::any_io_executor const& ex, peer_socket socket)
        : socket_(socket), driver_(ex)
    {
        if (socket == INVALID_SOCKET)
            throw_if(asio::error::bad_descriptor);
        error_code ec;
        if (driver_.open(asio::ip::tcp::v4(), ec))
            driver_.open(asio::ip::tcp::v6(), ec);
        throw_if(ec);
        look();
    }

    // Throws if there is no connection, and has not been one.
    void check_connected()
    {
        sockaddr_storage address = {};
        int size = sizeof address;
        if (::getpeername(socket_, reinterpret_cast<sockaddr*>(&address), &size)
                != 0
            && ::WSAGetLastError() == WSAENOTCONN && events() == 0)
            throw std::invalid_argument(
                "asioctx::with_peer: the socket is not connected; call it "
                "after connect() or accept()");
    }

    // Why the remote side is gone; no error if it is not.
    error_code end() const noexcept
    {
        if ((events() & afd_poll::abort) != 0)
            return asio::error::connection_reset;
        if ((events() & afd_poll::disconnect) != 0)
            return asio::error::eof;
        return {};
    }

    bool socket_is_closed() const noexcept
    {
        return (events() & afd_poll::local_close) != 0;
    }

    template <class Token>
    void async_wait(Token&& token)
    {
        asio::async_initiate<Token, void(error_code, std::size_t)>(
            initiate_wait{this}, token);
    }

    struct initiate_wait
    {
        template <class Handler>
        void operator()(Handler&& handler) const
        {
            self->start(std::forward<Handler>(handler));
        }

        peer_watch* self;
    };

private:
    struct canceler
    {
        void operator()(asio::cancellation_type) const noexcept
        {
            ::CancelIoEx(self->driver(), nullptr);
        }

        peer_watch* self;
    };

    static void throw_if(error_code const& ec)
    {
        if (ec)
            throw boost::system::system_error(ec, "asioctx::with_peer");
    }

    static error_code error_of(LONG status) noexcept
    {
        return {
            static_cast<int>(nt_functions::get().status_to_error(status)),
            asio::error::get_system_category()};
    }

    // The socket under what providers of others have put over it.
    static SOCKET base_of(SOCKET s) noexcept
    {
        constexpr DWORD base_handle = 0x48000022; // SIO_BASE_HANDLE
        SOCKET base = s;
        DWORD size = 0;
        return ::WSAIoctl(
                   s,
                   base_handle,
                   nullptr,
                   0,
                   &base,
                   sizeof base,
                   &size,
                   nullptr,
                   nullptr)
                == 0
            ? base
            : s;
    }

    LONG ask(LONGLONG timeout, HANDLE event, OVERLAPPED* o, IO_STATUS_BLOCK* io)
    {
        question_.timeout.QuadPart = timeout;
        question_.handles = 1;
        question_.handle = reinterpret_cast<HANDLE>(base_of(socket_));
        question_.exclusive = 0;
        question_.events =
            afd_poll::disconnect | afd_poll::abort | afd_poll::local_close;
        question_.status = 0;
        answer_ = {};
        return nt_functions::get().device_io_control_file(
            driver(),
            event,
            nullptr,
            o,
            io,
            afd_poll::code,
            &question_,
            sizeof question_,
            &answer_,
            sizeof answer_);
    }

    // Asks for what is so already. Nothing is queued for the execution context:
    // that takes an OVERLAPPED.
    void look()
    {
        constexpr LONG pending = 0x103;
        HANDLE const event = ::CreateEventW(nullptr, TRUE, FALSE, nullptr);
        if (!event)
            throw_if(
                {static_cast<int>(::GetLastError()),
                 asio::error::get_system_category()});
        IO_STATUS_BLOCK io = {};
        LONG status = ask(0, event, nullptr, &io);
        if (status == pending)
        {
            ::WaitForSingleObject(event, INFINITE);
            status = io.Status;
        }
        ::CloseHandle(event);
        if (status < 0)
            throw_if(error_of(status));
    }

    template <class Handler>
    void start(Handler handler)
    {
        auto slot = asio::get_associated_cancellation_slot(handler);
        asio::windows::overlapped_ptr o(
            driver_.get_executor(), std::move(handler));
        if (slot.is_connected())
            slot.template emplace<canceler>(canceler{this});
        // OVERLAPPED begins with what is an IO_STATUS_BLOCK.
        o.get()->Internal = 0x103;
        LONG const status =
            ask(MAXLONGLONG,
                nullptr,
                o.get(),
                reinterpret_cast<IO_STATUS_BLOCK*>(o.get()));
        if (status < 0)
            o.complete(error_of(status), 0);
        else
            o.release();
    }

    ULONG events() const noexcept
    {
        return answer_.handles == 1 ? answer_.events : 0;
    }

    HANDLE driver() noexcept
    {
        SOCKET const s = driver_.native_handle();
        return reinterpret_cast<HANDLE>(s);
    }

    SOCKET const socket_;
    afd_poll question_ = {};
    afd_poll answer_ = {};
    asio::ip::tcp::socket driver_;
};

} // namespace asioctx::detail

template <>
inline constexpr bool
    asioctx::is_single_step<asioctx::detail::peer_watch::initiate_wait> = true;

#endif
