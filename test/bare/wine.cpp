//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// What is Wine's doing, and not the library's: Windows' sockets without Asio. A
// line that does not hold any more is a reason less in
// cmake/not_on_windows.cmake.

// Before the others.
#include <winsock2.h>

#include <mswsock.h>
#include <ws2tcpip.h>

#include <cstdio>
#include <winternl.h>

namespace {

int failures = 0;

void holds(bool ok, char const* what)
{
    std::printf("%s: %s\n", ok ? "holds" : "DOES NOT HOLD", what);
    failures += !ok;
}

void reset(SOCKET socket)
{
    linger const abort = {1, 0};
    ::setsockopt(
        socket,
        SOL_SOCKET,
        SO_LINGER,
        reinterpret_cast<char const*>(&abort),
        sizeof abort);
    ::closesocket(socket);
}

// A client that nobody has accepted yet.
struct client
{
    client()
        : listener(::socket(AF_INET, SOCK_STREAM, 0)),
          socket(::socket(AF_INET, SOCK_STREAM, 0))
    {
        sockaddr_in to = {};
        to.sin_family = AF_INET;
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        int size = sizeof to;
        auto* const address = reinterpret_cast<sockaddr*>(&to);
        ::bind(listener, address, size);
        ::listen(listener, 1);
        ::getsockname(listener, address, &size);
        ::connect(socket, address, size);
    }

    SOCKET listener;
    SOCKET socket;
};

struct tcp_pair
{
    explicit tcp_pair(client const& c = client())
        : socket(::accept(c.listener, nullptr, nullptr)), peer(c.socket)
    {
        ::closesocket(c.listener);
    }

    SOCKET socket;
    SOCKET peer;
};

// As in src/peer_watch_windows.hpp.
struct poll_info
{
    LARGE_INTEGER timeout;
    ULONG handles;
    ULONG exclusive;
    HANDLE handle;
    ULONG events;
    LONG status;
};

// What a read ends with whose socket is closed.
DWORD error_of_a_read_when_closed(tcp_pair const& p)
{
    HANDLE const port = ::CreateIoCompletionPort(
        reinterpret_cast<HANDLE>(p.socket), nullptr, 1, 0);
    char byte;
    WSABUF buffer = {1, &byte};
    DWORD flags = 0;
    OVERLAPPED operation = {};
    ::WSARecv(p.socket, &buffer, 1, nullptr, &flags, &operation, nullptr);
    ::closesocket(p.socket);
    DWORD n = 0;
    ULONG_PTR key = 0;
    OVERLAPPED* ended = nullptr;
    bool const ok = ::GetQueuedCompletionStatus(port, &n, &key, &ended, 10000);
    DWORD const error = ok ? 0 : ::GetLastError();
    ::CloseHandle(port);
    return ended ? error : WAIT_TIMEOUT;
}

// Whether the driver tells of the end of the remote side within a time.
bool is_end_told(SOCKET s, DWORD milliseconds)
{
    auto const ioctl = reinterpret_cast<decltype(&::NtDeviceIoControlFile)>(
        reinterpret_cast<void*>(::GetProcAddress(
            ::GetModuleHandleA("ntdll.dll"), "NtDeviceIoControlFile")));
    SOCKET const driver = ::socket(AF_INET, SOCK_STREAM, 0);
    poll_info question = {};
    poll_info answer = {};
    question.timeout.QuadPart = MAXLONGLONG;
    question.handles = 1;
    question.handle = reinterpret_cast<HANDLE>(s);
    question.events = 0x18; // disconnect, abort
    HANDLE const event = ::CreateEventW(nullptr, TRUE, FALSE, nullptr);
    IO_STATUS_BLOCK io = {};
    ioctl(
        reinterpret_cast<HANDLE>(driver),
        event,
        nullptr,
        nullptr,
        &io,
        0x00012024,
        &question,
        sizeof question,
        &answer,
        sizeof answer);
    bool const told = ::WaitForSingleObject(event, milliseconds) == 0;
    if (!told)
    {
        ::CancelIoEx(reinterpret_cast<HANDLE>(driver), nullptr);
        ::WaitForSingleObject(event, INFINITE);
    }
    ::CloseHandle(event);
    ::closesocket(driver);
    return told;
}

// What an accept ends with if the client has reset the connection before.
DWORD error_of_an_accept_after_a_reset()
{
    client const c;
    reset(c.socket);

    SOCKET const socket = ::socket(AF_INET, SOCK_STREAM, 0);
    OVERLAPPED operation = {};
    constexpr DWORD room = sizeof(sockaddr_in) + 16;
    char addresses[2 * room];
    DWORD n = 0;
    ::AcceptEx(c.listener, socket, addresses, 0, room, room, &n, &operation);
    DWORD flags = 0;
    if (::WSAGetOverlappedResult(c.listener, &operation, &n, TRUE, &flags))
        return 0;
    return static_cast<DWORD>(::WSAGetLastError());
}

} // namespace

int main()
{
    WSADATA data;
    ::WSAStartup(MAKEWORD(2, 2), &data);
    char byte;
    {
        tcp_pair p;
        ::send(p.peer, "x", 1, 0);
        ::closesocket(p.peer);
        holds(!is_end_told(p.socket, 500), "an unread byte hides the end");
        ::recv(p.socket, &byte, 1, 0);
        holds(is_end_told(p.socket, 10000), "without it, the end is told");
    }
    {
        tcp_pair p;
        reset(p.peer);
        holds(is_end_told(p.socket, 10000), "a reset is told");
        holds(
            ::recv(p.socket, &byte, 1, 0) == 0,
            "a read after a reset that was told reports the end of the file");
    }
    {
        tcp_pair p;
        holds(
            error_of_a_read_when_closed(p) == 676, // ERROR_HANDLES_CLOSED
            "a read whose socket is closed is not aborted, but has an error of "
            "its own");
    }
    {
        holds(
            error_of_an_accept_after_a_reset() == WSAENOTCONN,
            "an accept after a reset is not aborted, but says that there is no "
            "connection");
    }
    {
        DWORD n = 0;
        ::GetProcessHandleCount(::GetCurrentProcess(), &n);
        holds(n == 0, "a program's handles are not counted");
    }
    return failures;
}
