#!/usr/bin/env python3
#
# Copyright (c) 2026 The asioctx authors
#
# Distributed under the Boost Software License, Version 1.0. (See accompanying
# file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
#
"""Sends the same clients to both servers, and compares what becomes of them.

    test.py <hand_written> <with_contexts> <late>

It fails if one of the two does not do what doc/guide/from-beast-task-group.md
says, the first's losses included.
"""

import re
import signal
import socket
import subprocess
import sys
import threading
import time

PATIENCE = 30  # seconds
GRACE = 500    # ms

failures = 0


def check(what, ok, seen):
    global failures
    failures += not ok
    print(f"{'ok' if ok else 'FAILED'}: {what}: {seen}", flush=True)


class Server:
    """A server of one thread: on more, Boost 1.81 lets the first one crash. Its
    log is read line by line."""

    def __init__(self, program, timeout, grace=GRACE):
        self.process = subprocess.Popen(
            [program, "1", str(grace), str(timeout)], text=True,
            stdout=subprocess.PIPE)
        self.lines, self.closed = [], False
        self.news = threading.Condition()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        self.port = int(self.wait_for(r"listening on .*:(\d+)")[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.reader.join()

    def read(self):
        for line in self.process.stdout:
            with self.news:
                self.lines.append((time.monotonic(), line))
                self.news.notify_all()
        with self.news:
            self.closed = True
            self.news.notify_all()

    def find(self, pattern):
        for self.at, line in self.lines:
            if found := re.search(pattern, line):
                return found
        return None

    def wait_for(self, pattern):
        with self.news:
            self.news.wait_for(
                lambda: self.find(pattern) or self.closed, PATIENCE)
            if not (found := self.find(pattern)):
                raise TimeoutError(f"no {pattern} in {self.lines}")
            return found

    def connect(self, path=None):
        s = socket.socket()
        s.settimeout(PATIENCE)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(("127.0.0.1", self.port))
        if path:
            ask(s, path)
        return s

    def serve_another(self):
        """Its one thread has then done what there was to do before."""
        with self.connect("/work/0/0/0") as s:
            answer(s)

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
        self.wait_for("stopping")
        self.asked = self.at

    def ended(self):
        """Returns how many ms after the signal the server has stopped."""
        self.wait_for("stopped")
        ms = round((self.at - self.asked) * 1000)
        self.process.wait(PATIENCE)
        return ms


def ask(s, path):
    s.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())


def answer(s):
    """Returns an answer's status and body; "none" if there is no answer."""
    data = b""
    try:
        while not (found := re.search(
                rb"HTTP/1.1 (\d+)(?:.*\r\n)*?Content-Length: (\d+)\r\n"
                rb"(?:.*\r\n)*?\r\n", data)) \
                or len(data) < found.end() + int(found[2]):
            part = s.recv(1 << 16)
            if not part:
                return "none", ""
            data += part
    except ConnectionError:
        return "none", ""
    return found[1].decode(), data[found.end():].decode()


def in_progress(program):
    """A request that is going is answered within the grace."""
    with Server(program, 10000, grace=10000) as server, server.connect() as s:
        ask(s, "/work/0/0/0")
        answer(s)
        ask(s, "/work/0/300/0")
        server.serve_another()
        server.interrupt()
        return answer(s)[0], server.ended()


def silent(program):
    """A client that is connected, and asks for nothing."""
    with Server(program, 10000) as server, server.connect("/work/0/0/0") as s:
        answer(s)
        server.serve_another()
        server.interrupt()
        return server.ended()


def unread(program):
    """A client that does not read its answer."""
    with Server(program, 10000) as server, \
            server.connect("/work/0/0/8192") as s:
        s.recv(1)
        server.interrupt()
        return server.ended()


def late(program):
    """The grace ends while a request computes, for 1 s. Then it is answered,
    and the client does not read."""
    with Server(program, 6000) as server, server.connect() as s:
        s.sendall(b"GET /work/1000/0/8192 HTTP/1.1\r\n")
        server.serve_another()
        server.interrupt()
        s.sendall(b"\r\n")
        return server.ended()


def deadline(program):
    """A request that takes longer than the timeout."""
    with Server(program, 500) as server, \
            server.connect("/work/0/2000/0") as s:
        start = time.monotonic()
        status, body = answer(s)
        return status, body, round((time.monotonic() - start) * 1000)


def stopped(program):
    """A request that takes longer than the grace."""
    with Server(program, 20000) as server, \
            server.connect("/work/0/20000/0") as s:
        server.serve_another()
        server.interrupt()
        server.ended()
        return answer(s)


def main():
    hand_written, with_contexts, late_program = sys.argv[1:]

    for name, program in (("signals", hand_written),
                          ("contexts", with_contexts)):
        status, ms = in_progress(program)
        check(f"{name}: a request in progress is answered",
              status == "200" and ms < 8000, (status, ms))

    a, b = silent(hand_written), silent(with_contexts)
    check("signals: a silent client takes all of the grace",
          a >= GRACE - 100, f"{a} ms")
    check("contexts: a silent client does not", b < GRACE - 100, f"{b} ms")

    a, b = unread(hand_written), unread(with_contexts)
    check("signals: a client that does not read takes the grace",
          GRACE - 100 <= a < 5000, f"{a} ms")
    check("contexts: so it does", GRACE - 100 <= b < 5000, f"{b} ms")

    a, b = late(hand_written), late(with_contexts)
    check("signals: a late signal is lost, the connection's timeout ends it",
          a >= 5000, f"{a} ms")
    check("contexts: the end of the grace is not", b < 5000, f"{b} ms")

    a, b = deadline(hand_written), deadline(with_contexts)
    check("signals: no deadline ends a request", a[2] >= 2000, a)
    check("contexts: its deadline does", b[0] == "504" and b[2] < 2000, b)

    a, b = stopped(hand_written), stopped(with_contexts)
    check("signals: who is cut off is not told", a[0] == "none", a)
    check("contexts: who is cut off is told why",
          b == ("503", "Interrupt"), b)

    table = subprocess.run([late_program], stdout=subprocess.PIPE, text=True,
                           timeout=PATIENCE, check=False)
    print(table.stdout, end="")
    rows = [re.split(r"  +", line) for line in table.stdout.splitlines()[2:]]
    check("contexts: no request to cancel is lost",
          table.returncode == 0 and len(rows) == 7
          and all(row[2] == "canceled" for row in rows), len(rows))
    if table.stdout.startswith("Boost 1.81\n"):
        lost = [row[0] for row in rows if row[1] != "canceled"]
        check("signals: three are", lost == [
            "http::async_read, between two of its reads",
            "a coroutine that has not begun",
            "one that computes, throw_if_cancelled(false)"], lost)
    sys.exit(failures != 0)


if __name__ == "__main__":
    main()
