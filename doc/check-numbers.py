#!/usr/bin/env python3
#
# Copyright (c) 2026 The asioctx authors
#
# Distributed under the Boost Software License, Version 1.0. (See accompanying
# file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
#
"""Checks that the figures in README.md are those of doc/performance.md.

    doc/check-numbers.py             checks
    doc/check-numbers.py --update    rewrites them
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLE = re.compile(r"(<!-- numbers -->\n\n).*?(\n<!-- end of numbers -->)", re.S)

# What README calls it; its number and name in performance.md; the rivals.
ROWS = [
    ("a bound operation, more than a bare one",
     "P1", "the same, one in flight", ["`cancel_after`", "`op || timer`"]),
    ("a context with a deadline: make, cancel, drop",
     "P4", "`with_timeout`, cancel, drop", ["`steady_timer`", "Go"]),
    ("cancel 10^5 contexts: each",
     "P6", "cancel 10^5 children: each", ["`std::stop_source`", "Go"]),
    ("HTTP under load, each request with a deadline: of the bare throughput",
     "P13", "HTTP under load, each request with a deadline", ["`expires_after`"]),
]


def figures(page, number, what):
    """The row's unit, asioctx's figure and the text about the rivals."""
    for line in page.split("\n"):
        cells = [c.strip() for c in re.split(r"(?<!\\)\|", line)]
        if cells[1:3] == [number, what]:
            return cells[3], cells[4], cells[6].replace("\\|", "|")
    sys.exit(f"error: doc/performance.md has no row {number}, {what}")


def table(page):
    lines = ["| | asioctx | rivals |", "|---|---:|---|"]
    for name, number, what, rivals in ROWS:
        unit, ours, theirs = figures(page, number, what)
        shown = []
        for rival in rivals:
            found = re.search(re.escape(rival.strip("`")) + r" ([\d.]+)", theirs)
            if not found:
                sys.exit(f"error: {number}, {what}: there is no {rival}")
            shown.append(f"{rival} {found[1]}".replace("|", "\\|"))
        lines.append(f"| {name} | {ours} {unit} | {', '.join(shown)} |")
    return "\n".join(lines) + "\n"


def main():
    readme = ROOT / "README.md"
    text = readme.read_text()
    new, n = TABLE.subn(
        lambda m: m[1] + table((ROOT / "doc/performance.md").read_text()) + m[2],
        text)
    if n != 1:
        sys.exit("error: README.md has no place for the figures")
    if new == text:
        print(f"{len(ROWS)} rows are those of doc/performance.md")
        return 0
    if sys.argv[1:] == ["--update"]:
        readme.write_text(new)
        return 0
    print("README.md: the figures are not those of doc/performance.md: "
          "run doc/check-numbers.py --update", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
