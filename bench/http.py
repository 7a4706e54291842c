#!/usr/bin/env python3
#
# Copyright (c) 2026 The asioctx authors
#
# Distributed under the Boost Software License, Version 1.0. (See accompanying
# file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
#
"""P13: puts asioctx_bench_http under load by wrk, in turns without a deadline,
with contexts and with Beast's.

    http.py <asioctx_bench_http> <repetitions> <result.json>

The figure of a run is the time that it took for each request.
"""

import re
import subprocess
import sys

import medians

SECONDS = 3
CONNECTIONS = 64


def run(program, how):
    with subprocess.Popen([program, how], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as server:
        port = int(server.stdout.readline())
        report = subprocess.run(
            ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s",
             f"http://127.0.0.1:{port}/"],
            check=True, capture_output=True, text=True).stdout
        server.stdin.close()
    if "Non-2xx" in report or "Socket errors" in report:
        sys.exit(f"http: {how}: {report}")
    return 1e9 / float(re.search(r"Requests/sec:\s*([\d.]+)", report)[1])


def main(program, repetitions, result):
    figures = {}
    for _ in range(int(repetitions)):
        for how in ("bare", "asioctx", "expires_after"):
            figures.setdefault(f"P13/{how}", []).append(run(program, how))
    medians.write(result, figures)


main(*sys.argv[1:])
