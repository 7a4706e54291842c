#!/usr/bin/env python3
#
# Copyright (c) 2026 The asioctx authors
#
# Distributed under the Boost Software License, Version 1.0. (See accompanying
# file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
#
"""Asks a gateway for more than it does at a time.

    limit_test.py <server>

What there is no room for waits, is refused at once, or leaves the queue with its
client. Nothing here depends on how fast the machine is.
"""

import re
import socket
import sys
import tempfile
import time

import peers_test
from peers_test import PATIENCE, Server, check


def begin(port, path, *headers):
    s = socket.create_connection(("127.0.0.1", port), PATIENCE)
    s.settimeout(PATIENCE)
    lines = [f"GET {path} HTTP/1.1", "Host: gateway", "Connection: close",
             *headers]
    s.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    return s


def end(s):
    answer = b""
    while part := s.recv(4096):
        answer += part
    s.close()
    return answer.decode()


def status_of(answer):
    return answer.split(" ", 2)[1] if answer else "none"


def figures(port):
    text = end(begin(port, "/limiter")).split("\r\n\r\n")[1]
    return {name: int(n) for name, n in re.findall(r"(\w[a-z ]+) (\d+)", text)}


def wait_for(port, name, value):
    until = time.monotonic() + PATIENCE
    while (seen := figures(port))[name] != value and time.monotonic() < until:
        time.sleep(0.01)
    check(name, seen[name] == value, seen)


def no_queue(directory):
    server = Server(directory, "--limit", "1", "--max-timeout", "60s")
    try:
        hangs = begin(server.port, "/sleep/60000")
        wait_for(server.port, "in use", 1)
        answer = end(begin(server.port, "/hello"))
        check("one too many", status_of(answer) == "503", status_of(answer))
        check("it is told when to come again", "\r\nRetry-After: 1\r\n" in answer,
              answer.split("\r\n\r\n")[0].replace("\r\n", "; "))
        check("it did not wait for the other", figures(server.port)["in use"]
              == 1, figures(server.port))
        hangs.close()
        wait_for(server.port, "in use", 0)
        answer = end(begin(server.port, "/hello"))
        check("there is room again", status_of(answer) == "200",
              status_of(answer))
    finally:
        server.stop()


def queue(directory):
    server = Server(directory, "--limit", "1", "--queue", "2",
                    "--max-timeout", "60s")
    try:
        hangs = begin(server.port, "/sleep/60000")
        wait_for(server.port, "in use", 1)
        waits = begin(server.port, "/hello")
        wait_for(server.port, "queued", 1)
        goes = begin(server.port, "/hello")
        wait_for(server.port, "queued", 2)
        answer = end(begin(server.port, "/hello"))
        check("one too many", status_of(answer) == "503", status_of(answer))
        goes.close()
        wait_for(server.port, "queued", 1)
        late = begin(server.port, "/hello", "Request-Timeout: 1ms")
        check("who has no time is told so",
              (status := status_of(end(late))) == "504", status)
        hangs.close()
        check("who has waited", (status := status_of(end(waits))) == "200",
              status)
        wait_for(server.port, "canceled", 1)
        wait_for(server.port, "expired", 1)
        wait_for(server.port, "queue full", 1)
    finally:
        server.stop()


def main():
    for test in no_queue, queue:
        with tempfile.TemporaryDirectory() as directory:
            test(directory)
    return 1 if peers_test.failures else 0


if __name__ == "__main__":
    sys.exit(main())
