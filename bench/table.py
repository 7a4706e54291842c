#!/usr/bin/env python3
#
# Copyright (c) 2026 The asioctx authors
#
# Distributed under the Boost Software License, Version 1.0. (See accompanying
# file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
#
"""Prints what bench/run.sh measured as one table.

    table.py <program>.json... [go.txt]

A row: what, asioctx's figure, the goal, and each rival's figure with its ratio
to asioctx's. Rows that nothing was measured for are left out.
"""

import json
import re
import statistics
import sys

GO = "Go"


class Results:
    """The medians by name."""

    def __init__(self, files):
        self.medians = {}  # name: {"time": ns, counter: value}
        self.context = {}
        for file in files:
            if file.endswith(".json"):
                self.read_json(file)
            else:
                self.read_go(file)

    def read_json(self, file):
        with open(file, encoding="utf-8") as f:
            content = json.load(f)
        self.context = content["context"] or self.context
        for b in content["benchmarks"]:
            if b.get("aggregate_name") != "median":
                continue
            name = re.sub(r"/(iterations:\d+|manual_time|real_time)", "",
                          b["run_name"])
            by_hand = "manual_time" in b["run_name"]
            real = by_hand or "real_time" in b["run_name"]
            # Processor time, if only of one thread: what else runs here does
            # not count.
            figures = {"time": b["real_time" if real else "cpu_time"]}
            for key, value in b.items():
                if isinstance(value, float) and key not in (
                        "real_time", "cpu_time"):
                    figures[key] = value
            self.medians[name] = figures

    def read_go(self, file):
        runs = {}
        with open(file, encoding="utf-8") as f:
            for line in f:
                if m := re.match(r"Benchmark(\S+?)(?:-\d+)?\s+\d+\s+(.*)",
                                 line):
                    figures = runs.setdefault(m[1].replace("_", " "), {})
                    for value, unit in re.findall(r"([\d.]+) (\S+)", m[2]):
                        key = "time" if unit == "ns/op" else unit
                        figures.setdefault(key, []).append(float(value))
        for name, figures in runs.items():
            phase, _, rest = name.partition("/")
            self.medians["/".join(filter(None, (phase, rest, GO)))] = {
                key: statistics.median(v) for key, v in figures.items()}

    def get(self, name, key="time"):
        return self.medians.get(name, {}).get(key)


def time(name, key="time"):
    return lambda r: r.get(name, key)


def extra(name, bare):
    """What it takes more than the bare thing."""
    def figure(r):
        a, b = r.get(name), r.get(bare)
        return None if a is None or b is None else a - b
    return figure


def share(name, bare):
    """Its throughput, in percent of the bare one."""
    def figure(r):
        a, b = r.get(name), r.get(bare)
        return None if a is None or b is None else 100 * b / a
    return figure


def more(name, bare):
    """What it takes more, in percent of the bare one."""
    def figure(r):
        percent = share(bare, name)(r)
        return None if percent is None else percent - 100
    return figure


def mops(name, scale=1):
    def figure(r):
        t = r.get(name)
        return None if t is None else scale * 1000 / t
    return figure


def throughput(name):
    """Of threads, in million a second."""
    def figure(r):
        n = r.get(name, "items_per_second")
        return None if n is None else n / 1e6
    return figure


MANY = "P1/many/bare"
MILLION = "1000000"

# number, what, unit, asioctx's figure, goal, rivals
ROWS = [
    ("P1", "bind an operation, more than bare (many in flight)", "ns",
     extra("P1/many/asioctx", MANY), "≤ 40",
     [("own signal", extra("P1/many/own signal", MANY)),
      ("cancel_after", extra("P1/many/cancel_after", MANY))]),
    ("P1", "the same, if it cannot be canceled", "ns",
     extra("P1/plain, many/asioctx", "P1/plain, many/bare"), "≤ 40", []),
    ("P1", "the same, one in flight", "ns",
     extra("P1/one/asioctx", "P1/one/bare"), "≤ 40",
     [("cancel_after", extra("P1/one/cancel_after", "P1/one/bare")),
      ("op || timer",
       extra("P1/coroutine/op || timer", "P1/coroutine/bare"))]),
    ("P2", "derive with a timeout, bind, complete, drop", "ns",
     extra("P2/many/asioctx", "P1/plain, many/bare"), "≤ 120",
     [("cancel_after", extra("P1/many/cancel_after", MANY))]),
    ("P3", "`with_cancel`, cancel, drop", "ns",
     time("P3/asioctx/1"), "≤ 60",
     [("std::stop_source", time("P3/std::stop_source/1")),
      (GO, time("P3/Go"))]),
    ("P4", "`with_timeout`, cancel, drop", "ns",
     time("P4/asioctx/1"), "≤ 80",
     [("steady_timer", time("P4/steady_timer/1")), (GO, time("P4/Go"))]),
    ("P4", "the same beside 10^6 others", "ns",
     time("P4/asioctx/" + MILLION), "≤ 80",
     [("steady_timer", time("P4/steady_timer/" + MILLION))]),
    ("P4", "replace one of 1024 from 1 ms to 10 min", "ns",
     time("P4/spread/asioctx"), "",
     [("steady_timer", time("P4/spread/steady_timer"))]),
    ("P4", "of it: the clock is read", "ns", time("clock"), "", []),
    *(("P5", what, unit, time(f"P5/{name}/asioctx"), goal,
       [("steady_timer", time(f"P5/{name}/steady_timer")),
        (GO, time(f"P5/{name}/Go"))])
      for name, what, unit, goal in (
          ("create", "10^6 live deadlines: make each", "ns", "≤ 120"),
          ("cancel in order", "cancel each in order", "ns", "≤ 80"),
          ("cancel at random", "cancel each at random", "ns", "≤ 200"),
          ("drop at random", "drop each at random", "ns", "≤ 304"),
          ("bytes", "memory of each", "B", "≤ 200"))),
    ("P6", "cancel 10^5 children: each", "ns",
     time("P6/children/asioctx/100000"), "≤ 30",
     [("std::stop_source", time("P6/children/std::stop_source/100000")),
      (GO, time("P6/children/Go"))]),
    *(("P6", what, "ns", time(f"P6/{name}/asioctx"), goal,
       [("own signals", time(f"P6/{name}/own signals")),
        ("steady_timer", time(f"P6/{name}/steady_timer"))])
      for name, what, goal in (
          ("ask", "cancel 10^5 bound waits: ask each", "≤ 100"),
          ("run", "complete each", "≤ 60"))),
    *(("P7", what, "ns", time(f"P7/{name}/asioctx"), "≤ 1",
       [("std::stop_token", time(f"P7/{name}/std::stop_token")),
        (GO, time(f"P7/{name}/Go"))])
      for name, what in (("live", "`done()`, live"), ("done", "`done()`, done"))),
    *(("P8", what, "ns", time(f"P8/{name}/asioctx"), goal,
       [(GO, time(f"P8/{name}/Go"))])
      for name, what, goal in (
          ("10 deep", "a value below nine others", "≤ 12"),
          ("below 100 nodes", "a value above 100 nodes", "≤ 3"),
          ("miss", "no value among ten", "≤ 12"))),
    ("P9", "timer calls a round, each round with a deadline", "",
     time("P12/round/asioctx", "timer calls"), "0",
     [("cancel_after", time("P12/cancel_after", "timer calls"))]),
    ("P9", "`run()` returns after the last deadline is gone", "ms",
     lambda r: (lambda t: None if t is None else t / 1e6)(
         r.get("P9/end of run/asioctx")), "≤ 10", []),
    *(("P10", what, unit, time("P10/asioctx", key), goal,
       [("steady_timer", time("P10/steady_timer", key))])
      for key, what, unit, goal in (
          ("early", "10^5 deadlines in a second: early", "", "0"),
          ("median us", "late, median", "µs", "≤ timer's"),
          ("p99 us", "late, p99", "µs", "≤ timer's"),
          ("CPU ms", "processor time", "ms", "< half"))),
    *(("P11", f"derive and cancel, {n}", "M/s",
       throughput(f"P11/asioctx/threads:{i}"), goal,
       [(GO, mops(f"P11/threads:{i}/Go"))])
      for i, n, goal in ((1, "one thread", ""),
                         (2, "two threads", "≥ 1.5 Go's"))),
    *(("P11", f"the same from a root, {n}", "M/s",
       throughput(f"P11/from a root/asioctx/threads:{i}"), "", [])
      for i, n in ((1, "one thread"), (2, "two threads"))),
    *(("P11", f"with a deadline, {n}", "M/s",
       throughput(f"P11/deadlines, one root/asioctx/threads:{i}"), "",
       [("a root each",
         throughput(f"P11/deadlines, own roots/asioctx/threads:{i}"))])
      for i, n in ((1, "one thread"), (2, "two threads"),
                   (8, "eight threads"))),
    *(("P11", f"replace one of 1000 with deadlines, {n}, below {what}", "M/s",
       throughput(f"P11/live, {name}/asioctx/threads:{i}"), "",
       [(GO, mops(f"P11/live, {name}/threads:{i}/Go"))])
      for name, what in (("one parent", "one parent"), ("one root", "one root"),
                         ("own roots", "a root each"))
      for i, n in ((1, "one thread"), (2, "two threads"), (4, "four threads"),
                   (8, "eight threads"), (16, "sixteen threads"))),
    *(("P12", what, "%", share(f"P12/{name}/asioctx", "P12/bare"), goal,
       rivals)
      for name, what, goal, rivals in (
          ("coroutine", "loopback, of the bare throughput: coroutine bound",
           "≥ 99", []),
          ("connection", "each operation bound", "≥ 96", []),
          ("round", "each round under its own timeout", "≥ 92",
           [("cancel_after", share("P12/cancel_after", "P12/bare"))]))),
    ("P13", "HTTP under load, each request with a deadline", "%",
     share("P13/asioctx", "P13/bare"), "≥ 97",
     [("expires_after", share("P13/expires_after", "P13/bare"))]),
    ("P14", "compile a program that binds a read: more time", "%",
     more("P14/time/asioctx", "P14/time/bare"), "≤ 10", []),
    ("P14", "its object file: larger by", "%",
     more("P14/size/asioctx", "P14/size/bare"), "≤ 10", []),
    ("P15", "touch, more than the clock", "ns",
     extra("P15/asioctx", "clock"), "≤ 3",
     [("steady_timer", time("P15/steady_timer"))]),
    *(("P16", f"a step of 10^{i} deadlines over 2^{power} ns: {what}", "µs",
       time(f"P16/step/2^{power}/{10 ** i}", key), "≤ 100", [])
      for power in (30, 36)
      for i in (4, 5, 6)
      for key, what in (("worst us", "worst"), ("p99.9 us", "p99.9"))),
    *(("P16", f"10^6 deadlines {what}: another handler waits at most", "µs",
       time(f"P16/turn/{name}/{MILLION}", "worst us"), "≤ 100", [])
      for name, what in (("1 s", "within a second"),
                         ("at once", "at one instant"))),
    *(("P16", f"10^5 waits are canceled {what}: another handler waits at most",
       "µs", time(f"P16/cancel/{name}/100000", "worst us"), "≤ 1000", [])
      for name, what in (("in place", "by a handler"),
                         ("other thread", "by another thread"))),
    *(("P17", what, "ns", time(f"P17/{name}/asioctx"), "", [])
      for name, what in (("value", "`with_value`, drop"),)),
    *(("P17", f"`merge` of {n}, drop", "ns", time(f"P17/merge/asioctx/{n}"),
       "", []) for n in (2, 15)),
    *(("P17", what, "ns", time(f"P17/{name}/asioctx"), "",
       [("steady_timer", time(f"P17/{name}/steady_timer"))])
      for name, what in (
          ("after_func", "`after_func`, stop"),
          ("async_wait", "`async_wait`, cancel, the handler is called"),
          ("task_group", "a group of one task that ends at once"),
          ("cold start", "an `io_context` and its first deadline"))),
    *(("P18", f"from cancel() to the handler, {what}, {p}", "µs",
       time(f"P18/{name}/asioctx", key), "≤ signal's",
       [("own signal", time(f"P18/{name}/own signal", key))])
      for name, what in (("here", "in place"),
                         ("other thread", "from another thread"),
                         ("strand", "to a strand"))
      for key, p in (("median us", "median"), ("p99 us", "p99"))),
    ("P19", "an idle connection, a read with a timeout: memory", "B",
     time("P19/idle timeout/asioctx"), "",
     [("no timeout", time("P19/read/bare")),
      ("basic_stream", time("P19/idle timeout/basic_stream")),
      (GO, time("P19/Go"))]),
    ("P19", "the same, and `with_peer`", "B", time("P19/peer/asioctx"), "", []),
]


def show(value):
    if abs(value) >= 100:
        return f"{value:.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}".rstrip("0").rstrip(".")


def ratio(theirs, ours):
    if ours <= 0 or theirs <= 0:
        return ""
    return f" ({show(theirs / ours)} ×)"


def table(results):
    rows = [("", "what", "unit", "asioctx", "goal",
             "rivals (ratio to asioctx)")]
    for number, what, unit, figure, goal, rivals in ROWS:
        ours = figure(results)
        if ours is None:
            continue
        theirs = [(name, f(results)) for name, f in rivals]
        rows.append((number, what, unit, show(ours), goal, ", ".join(
            f"{name} {show(v)}{ratio(v, ours)}"
            for name, v in theirs if v is not None).replace("|", "\\|")))
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = []
    for row in rows:
        cells = [cell.rjust(w) if i == 3 else cell.ljust(w)
                 for i, (cell, w) in enumerate(zip(row, widths))]
        lines.append("| " + " | ".join(cells[:-1] + [row[-1]]) + " |")
    lines.insert(1, "|" + "|".join(
        "-" * (w + 1) + (":" if i == 3 else "-")
        for i, w in enumerate(widths)) + "|")
    return lines


def main():
    print("\n".join(table(Results(sys.argv[1:]))))


if __name__ == "__main__":
    main()
