#!/usr/bin/env python3
#
# Copyright (c) 2026 The asioctx authors
#
# Distributed under the Boost Software License, Version 1.0. (See accompanying
# file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
#
"""Sends the gateway what no client should send.

    bad_input_test.py <the server's command>...

Each input must get a clear status or the end of the connection, and at the end
the server must have nothing left.
"""

import re
import signal
import socket
import struct
import subprocess
import sys

PATIENCE = 30  # seconds; a failure of this is a server that hangs
GOOD = b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"
CUT = ""  # the connection ends without an answer


def request(headers=b"", target=b"/hello", rest=b""):
    return b"GET " + target + b" HTTP/1.1\r\n" + headers + b"\r\n" + rest


def timeout(text, name=b"Request-Timeout"):
    # The target takes a moment, so that a timeout that has passed is seen.
    return request(name + b": " + text + b"\r\n", b"/sleep/20")


# What is sent, and the statuses that are right. All is followed by a half-close
# if the server does not answer without it, which counts as hanging up.
CASES = {
    "no HTTP at all": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
                       "400"),
    "zeros": (b"\0" * 5000, "400"),
    "no version": (b"GET /hello\r\n\r\n", "400"),
    "a version that is none": (b"GET /hello HTTP/9.9\r\n\r\n", "400"),
    "no target": (b"GET  HTTP/1.1\r\n\r\n", "400"),
    "another method": (b"BREW /hello HTTP/1.1\r\n\r\n", "501"),
    "a header without a colon": (request(b"Nonsense\r\n"), "400"),
    "a header with a space": (request(b"A b: c\r\n"), "400"),
    "a control character": (request(b"A: b\x01c\r\n"), "400"),
    "bare line feeds": (b"GET /hello HTTP/1.1\n\n", "400"),
    "one long header": (request(b"A: " + b"x" * 100000 + b"\r\n"), "431"),
    "many headers": (request(b"A: b\r\n" * 10000), "431"),
    "a long target": (request(b"", b"/" + b"x" * 100000), "431"),
    "a length that is no number": (request(b"Content-Length: x\r\n"), "400"),
    "a length that is negative": (request(b"Content-Length: -1\r\n"), "400"),
    "a length that overflows": (
        request(b"Content-Length: 99999999999999999999\r\n"), "400"),
    "a length that is too much": (
        request(b"Content-Length: 999999999\r\n"), "413"),
    "two lengths": (
        request(b"Content-Length: 1\r\nContent-Length: 2\r\n", rest=b"abc"),
        "400"),
    "chunks that are none": (
        request(b"Transfer-Encoding: chunked\r\n", rest=b"zz\r\n\r\n"), "400"),
    "a chunk that is too much": (
        request(b"Transfer-Encoding: chunked\r\n", rest=b"fffffff\r\n"), "413"),
    "a timeout of nothing": (timeout(b""), "400"),
    "a timeout without a unit": (timeout(b"5"), "400"),
    "a timeout of zero": (timeout(b"0ms"), "504"),
    "a timeout below zero": (timeout(b"-5ms"), "400"),
    "a timeout with a fraction": (timeout(b"1.5s"), "400"),
    "a timeout beyond any number": (timeout(b"9" * 400 + b"m"), "200"),
    "a timeout with junk": (timeout(b"5ms\x80\xff"), "400"),
    "gRPC's timeout with 9 digits": (
        timeout(b"123456789m", b"grpc-timeout"), "400"),
    "gRPC's longest timeout": (timeout(b"99999999H", b"grpc-timeout"), "200"),
    "gRPC's timeout of zero": (timeout(b"0n", b"grpc-timeout"), "504"),
    "gRPC's timeout of an unknown unit": (
        timeout(b"5x", b"grpc-timeout"), "400"),
    "Connect's timeout with 11 digits": (
        timeout(b"10000000000", b"Connect-Timeout-Ms"), "400"),
    "Connect's longest timeout": (
        timeout(b"9999999999", b"Connect-Timeout-Ms"), "200"),
    "Connect's timeout with a unit": (
        timeout(b"5m", b"Connect-Timeout-Ms"), "400"),
    "Envoy's timeout beyond any number": (
        timeout(b"9" * 400, b"x-envoy-expected-rq-timeout-ms"), "200"),
    "Envoy's timeout below zero": (
        timeout(b"-5", b"x-envoy-expected-rq-timeout-ms"), "400"),
    "three timeouts, of which one is short": (
        request(b"grpc-timeout: 5S\r\nConnect-Timeout-Ms: 1\r\n"
                b"x-envoy-expected-rq-timeout-ms: 5000\r\n", b"/sleep/2000"),
        "504"),
    "a number beyond any number": (request(b"", b"/sleep/" + b"9" * 100),
                                   "404"),
    "a number below zero": (request(b"", b"/sleep/-1"), "404"),
    "three times nothing": (request(b"", b"/fan-out///"), "404"),
    "no others to ask": (request(b"", b"/fan-out/1/2/3"), "200"),
}


def connect(port):
    s = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def send(s, data):
    try:
        s.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        pass  # the server has seen enough


def status(s):
    """Returns the status of the answer, or CUT. Raises if nothing happens."""
    data = b""
    while b"\r\n" not in data:
        try:
            more = s.recv(4096)
        except ConnectionResetError:
            return CUT
        if not more:
            return CUT
        data += more
    return re.match(rb"HTTP/1\.1 (\d{3}) ", data)[1].decode()


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


failures = 0


def check(what, right, seen):
    global failures
    ok = seen in right
    failures += not ok
    print(f"{'ok' if ok else 'FAILED'}: {what}: {seen or 'closed'}"
          + ("" if ok else f", not {' or '.join(right)}"), flush=True)


def run(port):
    for what, (data, right) in CASES.items():
        with connect(port) as s:
            send(s, data)
            check(what, [right], status(s))

    # Whoever is slow is told so, or cut off.
    with connect(port) as s:
        check("nothing is sent", [CUT], status(s))
    with connect(port) as s:
        send(s, GOOD[:10])
        check("half a header is sent", ["408"], status(s))
    with connect(port) as s:
        send(s, request(b"Content-Length: 10\r\n", rest=b"123"))
        check("half a body is sent", ["408"], status(s))
    with connect(port) as s:
        s.settimeout(0.005)
        seen = None
        for byte in GOOD[:-2] + b"A: b\r\n" * 2000:
            send(s, bytes([byte]))
            try:
                seen = status(s)
                break
            except TimeoutError:
                pass
        check("a byte at a time is sent, without an end", ["408", CUT], seen)
    with connect(port) as s:
        for byte in GOOD:
            send(s, bytes([byte]))
        check("a byte at a time is sent", ["200"], status(s))

    # The end of the client's half is its end.
    for size in (0, 1, len(GOOD) // 2, len(GOOD) - 1):
        with connect(port) as s:
            send(s, GOOD[:size])
            s.shutdown(socket.SHUT_WR)
            check(f"a half-close after {size} bytes", ["400", CUT], status(s))
    with connect(port) as s:
        send(s, request(b"", b"/sleep/60000"))
        s.shutdown(socket.SHUT_WR)
        check("a half-close after the request", [CUT], status(s))

    # A reset at each point of a request, and while it is handled.
    for size in range(len(GOOD) + 1):
        s = connect(port)
        send(s, GOOD[:size])
        reset(s)
    for _ in range(20):
        s = connect(port)
        send(s, request(b"", b"/sleep/60000"))
        reset(s)
    s = connect(port)
    send(s, GOOD * 200)
    s.recv(1)
    reset(s)

    with connect(port) as s:
        send(s, GOOD)
        check("after all that, a good request", ["200"], status(s))


def main():
    server = subprocess.Popen(
        [*sys.argv[1:], "--port", "0", "--read-timeout", "300ms",
         "--max-timeout", "20s", "--grace", "1s"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        run(int(server.stdout.readline().rsplit(":", 1)[1]))
        server.send_signal(signal.SIGTERM)
        out, err = server.communicate(timeout=PATIENCE)
    finally:
        server.kill()
    left = [line for line in out.splitlines() if line.startswith("left:")]
    good = "left: 0 requests, 0 contexts, 0 descriptors;"
    check("what is left", ["nothing"],
          "nothing" if left and left[0].startswith(good) else str(left))
    check("the exit code", ["0"], str(server.returncode))
    # Wine's word for a client that was gone before it was accepted.
    err = err.replace("accept: Unexpected network error\n", "")
    check("the standard error", ["nothing"], err.strip() or "nothing")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
