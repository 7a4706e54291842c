#!/usr/bin/env python3
#
# Copyright (c) 2026 The asioctx authors
#
# Distributed under the Boost Software License, Version 1.0. (See accompanying
# file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
#
"""Lets the gateway talk to programs that others have written.

    peers_test.py <the server's command>...

curl and wrk are its clients; nginx is an upstream, and a proxy in front of it;
HAProxy is one between two gateways.
What is not installed is left out. The exit code is 77 if that is all of it.
"""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PATIENCE = 30  # seconds

NGINX = """
daemon off;
master_process off;
pid {dir}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {dir}/a;
    proxy_temp_path {dir}/b;
    fastcgi_temp_path {dir}/c;
    uwsgi_temp_path {dir}/d;
    scgi_temp_path {dir}/e;
    upstream gateway {{ server 127.0.0.1:{gateway}; keepalive 8; }}
    server {{
        listen 127.0.0.1:{port};
        location /sleep/ {{ return 200
            "nginx had $http_grpc_timeout $http_connect_timeout_ms $http_x_envoy_expected_rq_timeout_ms"; }}
        location /sleep/0 {{ return 200
            "$http_traceparent;$http_tracestate;$http_baggage"; }}
        location /gateway/ {{
            proxy_pass http://gateway/;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}
    }}
}}
"""

# What one gateway takes for an upstream is another gateway, which asks its own.
HAPROXY = """
defaults
    mode http
    timeout connect 30s
    timeout client 30s
    timeout server 30s
frontend front
    bind 127.0.0.1:{port}
    http-request set-path /fan-out/1/0/0
    default_backend gateway
backend gateway
    server gateway 127.0.0.1:{gateway}
"""

RESERVE = 20_000  # microseconds, of each gateway

failures = 0


def check(what, ok, seen):
    global failures
    failures += not ok
    print(f"{'ok' if ok else 'FAILED'}: {what}: {str(seen).strip()}", flush=True)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def accepts(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def output(*command):
    """Returns what a command prints, whether it succeeds or not."""
    return subprocess.run(command, timeout=PATIENCE, text=True, check=False,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT).stdout


def curl(*arguments):
    return output("curl", "-q", "-sS", "--noproxy", "*", *arguments)


class Server:
    """A gateway. Its log goes to a file."""

    def __init__(self, directory, *options):
        self.log = pathlib.Path(directory, "log")
        with self.log.open("w") as out:
            self.process = subprocess.Popen(
                [*sys.argv[1:], "--port", "0", "--max-timeout", "10s",
                 *options], stdout=out)
        self.port = int(self.wait_for(r"listening on .*:(\d+)\n")[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def wait_for(self, pattern):
        end = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, self.log.read_text())):
            if time.monotonic() > end:
                raise TimeoutError(f"no {pattern} in {self.log.read_text()}")
            time.sleep(0.02)
        return found

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=PATIENCE)
        left = self.wait_for(r"left: (.*);")[1]
        check("what is left",
              (code, left) == (0, "0 requests, 0 contexts, 0 descriptors"),
              f"{left}; exit code {code}")


def start_proxy(directory, gateway, text, command):
    """Returns a proxy and its port. Tries another if one was taken meanwhile."""
    for _ in range(5):
        port = free_port()
        conf = pathlib.Path(directory, f"{command[0]}.conf")
        conf.write_text(text.format(dir=directory, port=port,
                                    gateway=gateway))
        proxy = subprocess.Popen(
            [a.format(dir=directory, conf=conf) for a in command])
        end = time.monotonic() + PATIENCE
        while proxy.poll() is None and time.monotonic() < end:
            if accepts(port):
                return proxy, port
            time.sleep(0.02)
    raise TimeoutError(f"{command[0]} does not start")


def start_nginx(directory, gateway):
    return start_proxy(directory, gateway, NGINX, [
        "nginx", "-p", "{dir}", "-c", "{conf}", "-e", "stderr"])


def start_haproxy(directory, gateway):
    return start_proxy(directory, gateway, HAPROXY, [
        "haproxy", "-db", "-q", "-f", "{conf}"])


def run_clients(server):
    if shutil.which("curl"):
        seen = curl(server.url + "/sleep/[1-50]")
        check("50 requests of curl on one connection",
              seen.split("\n")[:-1] == [f"slept {i}ms" for i in range(1, 51)],
              f"{seen.count('slept')} answers")
        seen = curl("--http1.0", "-i", server.url + "/hello")
        check("a request of HTTP/1.0", seen.endswith("\nhello\n"),
              seen.split("\n")[0])
        seen = curl("-X", "POST", "-d", "x" * 1000, "-w", "%{http_code}",
                    server.url + "/hello")
        check("a request with a body", seen.endswith("501"), seen)
    if shutil.which("wrk"):
        seen = output("wrk", "-t", "1", "-c", "20", "-d", "1s",
                      "--timeout", "10s", server.url + "/sleep/5")
        found = re.search(r"(\d+) requests in", seen)
        check("requests of wrk on 20 connections",
              found and int(found[1]) and "errors" not in seen
              and "Non-2xx" not in seen, found[0] if found else seen)


def run_nginx(directory, server):
    nginx, port = start_nginx(directory, server.port)
    front = None
    try:
        url = f"http://127.0.0.1:{port}/gateway"
        seen = curl(url + "/sleep/[1-20]")
        check("20 requests through nginx", seen.count("slept") == 20,
              f"{seen.count('slept')} answers")
        seen = curl("-H", "grpc-timeout: 50m", "-w", "%{http_code}",
                    url + "/sleep/9999")
        check("a deadline through nginx", seen.endswith("504"), seen)
        curl("--max-time", "0.3", url + "/sleep/9999")
        line = server.wait_for(r"GET /sleep/9999 canceled by client.*")[0]
        check("a client that hangs up on nginx", True, line)

        behind = tempfile.mkdtemp(dir=directory)
        front = Server(behind, "--upstream", str(port), "--upstream",
                       str(server.port))
        seen = curl("-H", "grpc-timeout: 5S", front.url + "/fan-out/1/2/0")
        found = re.match(
            r"nginx had (4\d{6})u (4\d{3}) (\d+), slept 2ms", seen)
        check("nginx as an upstream, and what it gets of 5 s",
              found and found[2] == found[3]
              and 0 <= int(found[2]) * 1000 - int(found[1]) < 1000, seen)
        run_traces(front.url + "/fan-out/0/0/0")
        front.stop()
    finally:
        if front:
            front.process.kill()
        nginx.terminate()
        nginx.wait(timeout=PATIENCE)


def run_chain(directory, server):
    """A client, nginx, a gateway, HAProxy, a gateway, and nginx at the end, which
    answers with the time that it was given."""
    stop = []

    def started(process):
        stop.append(process)
        return process

    try:
        nginx, echo = start_nginx(directory, server.port)
        started(nginx)
        last = Server(tempfile.mkdtemp(dir=directory), "--upstream", str(echo))
        started(last.process)
        haproxy, between = start_haproxy(directory, last.port)
        started(haproxy)
        first = Server(tempfile.mkdtemp(dir=directory), "--upstream",
                       str(between))
        started(first.process)
        behind = tempfile.mkdtemp(dir=directory)
        front, port = start_nginx(behind, first.port)
        started(front)

        url = f"http://127.0.0.1:{port}/gateway/fan-out/1/0/0"
        for header, given in (("grpc-timeout: 5S", 5_000_000),
                              ("Connect-Timeout-Ms: 4000", 4_000_000),
                              ("x-envoy-expected-rq-timeout-ms: 3000",
                               3_000_000)):
            began = time.monotonic()
            seen = curl("-H", header, url)
            took = (time.monotonic() - began) * 1e6
            found = re.match(r"nginx had (\d+)u ", seen)
            most = given - 2 * RESERVE
            check(f"what the last upstream gets of {given / 1e6:.0f} s, by way of "
                  "three proxies, is that less two reserves and the way",
                  found and most - took <= int(found[1]) <= most,
                  f"{seen.strip()}; at most {most}u, in {took:.0f} us")
        first.stop()
        last.stop()
    finally:
        for process in reversed(stop):
            process.terminate()
            process.wait(timeout=PATIENCE)


def run_traces(url):
    """nginx is the first upstream, and answers with what it has got."""
    trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    parent = f"00-{trace}-{span}-01"

    def told(*headers):
        seen = curl(*(a for h in headers for a in ("-H", h)), url)
        return seen, seen.split(", slept", 1)[0].split(";")

    seen, got = told(f"traceparent: {parent}", "tracestate: rojo=1",
                     "tracestate: congo=2", "baggage: a=1", "baggage: b=2")
    found = re.fullmatch(rf"00-{trace}-([0-9a-f]{{16}})-01", got[0])
    check("an upstream has the trace, and a span of its own",
          found and found[1] != span, seen)
    check("an upstream has the state and the baggage",
          got[1:] == ["rojo=1,congo=2", "a=1,b=2"], seen)
    for what, headers in {
            "none": [],
            "a malformed one": [f"traceparent: {parent.upper()}"],
            "two": [f"traceparent: {parent}"] * 2}.items():
        seen, got = told(*headers, "tracestate: rojo=1", "baggage: a=1")
        check(f"of {what}, an upstream has another trace, and no state",
              re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00", got[0])
              and trace not in got[0] and got[1:] == ["", "a=1"], seen)


def main():
    os.environ["PATH"] += os.pathsep + "/usr/sbin"
    missing = [p for p in ("curl", "wrk", "nginx", "haproxy")
               if not shutil.which(p)]
    for program in missing:
        print(f"skipped: there is no {program}")
    if not {"curl", "wrk"} - set(missing):
        return 77
    with tempfile.TemporaryDirectory() as directory:
        server = Server(directory)
        try:
            run_clients(server)
            if "nginx" not in missing and "curl" not in missing:
                run_nginx(directory, server)
            if not {"nginx", "curl", "haproxy"} & set(missing):
                run_chain(directory, server)
            server.stop()
        finally:
            server.process.kill()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
