#!/usr/bin/env python3
#
# Copyright (c) 2026 The asioctx authors
#
# Distributed under the Boost Software License, Version 1.0. (See accompanying
# file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
#
"""Puts what bench/run.sh measured into doc/performance.md.

    growth.py <program>.json... [go.txt]

Replaces the table of all figures, that of the growth with the number of
siblings, and the plot of the latter, doc/performance.svg, which gnuplot draws.
"""

import pathlib
import re
import subprocess
import sys

import table

DOC = pathlib.Path(__file__).resolve().parent.parent / "doc"
COUNTS = [10**i for i in range(7)]

# title, column of the table, benchmark
CURVES = [
    ("P3: with\\\\_cancel, cancel, drop", "P3", "P3/asioctx"),
    ("P4: with\\\\_timeout, cancel, drop", "P4", "P4/asioctx"),
    ("P4: steady\\\\_timer, the same", "P4, steady_timer", "P4/steady_timer"),
    ("P6: cancel the parent, for each", "P6", "P6/children/asioctx"),
]


def growth(results):
    rows = [["siblings"] + [column for _, column, _ in CURVES]]
    for n in COUNTS:
        figures = [results.get(f"{name}/{n}") for _, _, name in CURVES]
        rows.append([str(n)] + [
            "" if f is None else table.show(f) for f in figures])
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|" + "---:|" * len(rows[0]))
    return lines


def plot(results):
    script = [
        "set terminal svg size 720,420 font 'sans-serif,13' background 'white'",
        "set logscale xy",
        "set xlabel 'siblings'",
        "set ylabel 'nanoseconds'",
        "set format x '10^{%L}'",
        "set yrange [10:*]",
        "set grid",
        "set key top left",
        "plot " + ", ".join(
            f'"-" using 1:2 with linespoints linewidth 2 title "{title}"'
            for title, _, _ in CURVES),
    ]
    for _, _, name in CURVES:
        for n in COUNTS:
            f = results.get(f"{name}/{n}")
            if f is not None:
                script.append(f"{n} {f}")
        script.append("e")
    return subprocess.run(
        ["gnuplot"], input="\n".join(script) + "\n", text=True, check=True,
        stdout=subprocess.PIPE).stdout


def replace(text, name, lines):
    """Replaces what is between the two comments of that name."""
    pattern = re.compile(
        rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.S)
    if not pattern.search(text):
        sys.exit(f"growth: doc/performance.md has no place for {name}")
    return pattern.sub(
        lambda m: m[1] + "\n" + "\n".join(lines) + "\n\n" + m[2], text)


def main():
    results = table.Results(sys.argv[1:])
    missing = [name for _, _, name in CURVES
               if results.get(f"{name}/{COUNTS[-1]}") is None]
    if missing:
        sys.exit("growth: not measured: " + ", ".join(missing))
    c = results.context
    run = [f"Measured {c['date'][:10]} on {c['num_cpus']} processors of "
           f"{c['mhz_per_cpu']} MHz, whose load was "
           f"{c['load_avg'][0]:.1f} when it began."]
    file = DOC / "performance.md"
    text = file.read_text(encoding="utf-8")
    text = replace(text, "run", run)
    text = replace(text, "table", table.table(results))
    text = replace(text, "growth", growth(results))
    file.write_text(text, encoding="utf-8")
    (DOC / "performance.svg").write_text(plot(results), encoding="utf-8")


if __name__ == "__main__":
    main()
