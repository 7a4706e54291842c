#!/usr/bin/env python3
#
# Copyright (c) 2026 The asioctx authors
#
# Distributed under the Boost Software License, Version 1.0. (See accompanying
# file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
#
"""Drains a gateway, as an orchestrator and systemd do.

    drain_test.py <server>

It is told that the server is ready, and that it stops and how long that may take.
Meanwhile new clients are served, and told to go; then they are refused. Nothing
that was begun is lost. A server that is given its socket serves who came before.
"""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import peers_test
from peers_test import PATIENCE, Server, accepts, check


def ask(port, path, connection=None):
    """Returns the answer, and whether the server has closed the connection."""
    s = connection or socket.create_connection(("127.0.0.1", port), PATIENCE)
    s.settimeout(PATIENCE)
    s.sendall(f"GET {path} HTTP/1.1\r\nHost: gateway\r\n\r\n".encode())
    answer = b""
    while not (found := re.search(
            rb"Content-Length: (\d+)\r\n(?:.*\r\n)*?\r\n", answer)) \
            or len(answer) < found.end() + int(found[1]):
        part = s.recv(4096)
        if not part:
            return answer.decode(), True
        answer += part
    said = b"Connection: close" in answer
    closed = said and s.recv(1) == b""
    if closed or not connection:
        s.close()
    return answer.decode(), closed


def status_of(answer):
    return answer.split(" ", 2)[1] if answer else "none"


def drain(directory):
    supervisor = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    supervisor.settimeout(PATIENCE)
    path = str(pathlib.Path(directory, "notify"))
    supervisor.bind(path)
    os.environ["NOTIFY_SOCKET"] = path
    # Long enough for what is done during the drain, on any machine; the last
    # request outlasts it.
    server = Server(directory, "--drain", "6s", "--grace", "20s",
                    "--max-timeout", "20s")
    try:
        check("what the supervisor is told first",
              (seen := supervisor.recv(4096)) == b"READY=1", seen)
        answer, closed = ask(server.port, "/ready")
        check("readiness", status_of(answer) == "200" and not closed,
              status_of(answer))
        idle = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
        ask(server.port, "/hello", idle)
        last = []
        long = threading.Thread(
            target=lambda: last.append(ask(server.port, "/sleep/8000")))
        long.start()
        while "1" not in ask(server.port, "/requests")[0].split("\r\n\r\n")[1]:
            time.sleep(0.01)

        server.process.send_signal(signal.SIGTERM)
        seen = supervisor.recv(4096)
        check("what the supervisor is told then",
              seen == b"STOPPING=1\nEXTEND_TIMEOUT_USEC=31000000", seen)
        answer, closed = ask(server.port, "/ready")
        check("readiness during the drain",
              status_of(answer) == "503" and closed, status_of(answer))
        answer, closed = ask(server.port, "/hello")
        check("a client that comes during the drain is served, and told to go",
              status_of(answer) == "200" and closed, status_of(answer))
        answer, closed = ask(server.port, "/hello", idle)
        check("so is one that was idle",
              status_of(answer) == "200" and closed, status_of(answer))

        end = time.monotonic() + PATIENCE
        while accepts(server.port) and time.monotonic() < end:
            time.sleep(0.02)
        check("one that comes after it is refused", not accepts(server.port),
              "refused")
        check("the request that outlasts it is still going", not last, last)
        long.join(PATIENCE)
        check("and is answered", last and status_of(last[0][0]) == "200",
              status_of(last[0][0]) if last else "no")
        found = server.wait_for(r"shutdown: signal Terminated; (\d+) finished, "
                                r"(\d+) aborted")
        check("nothing is lost", found[2] == "0", found[0])
        check("the server's end", server.process.wait(PATIENCE) == 0,
              server.process.returncode)
    finally:
        del os.environ["NOTIFY_SOCKET"]
        server.process.kill()
        server.process.wait()


def activate(directory):
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        early = socket.create_connection(("127.0.0.1", port), PATIENCE)
        log = pathlib.Path(directory, "activated")
        with log.open("w") as out:
            process = subprocess.Popen(
                ["sh", "-c", 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"', "sh",
                 *sys.argv[1:]],
                stdout=out, pass_fds=(3,),
                preexec_fn=lambda: os.dup2(listening.fileno(), 3))
    try:
        answer, _ = ask(port, "/hello", early)
        check("a client that came before the server is served",
              status_of(answer) == "200", status_of(answer))
        early.close()
        process.send_signal(signal.SIGTERM)
        check("the end of a server that was given its socket",
              process.wait(PATIENCE) == 0, log.read_text().splitlines()[-1:])
    finally:
        process.kill()
        process.wait()


def main():
    with tempfile.TemporaryDirectory() as directory:
        drain(directory)
        activate(directory)
    return 1 if peers_test.failures else 0


if __name__ == "__main__":
    sys.exit(main())
