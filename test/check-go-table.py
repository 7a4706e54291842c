#!/usr/bin/env python3
#
# Copyright (c) 2026 The asioctx authors
#
# Distributed under the Boost Software License, Version 1.0. (See accompanying
# file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
#
"""Checks that the tests which a page names have run and passed.

The last cell of each row of the page's tables names test cases as
`suite/case`, or says "none: " and why. Each case must be in the report of its
suite, reports/unit.<suite>.xml, which the unit tests write (Boost.Test, format
JUNIT), and must have passed. `examples/name` must be a program in examples/
with its expected output.

    test/check-go-table.py doc/reference/go.md build/dev/test/reports
"""

import pathlib
import re
import sys
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
NAME = re.compile(r"`(\w+)/(\w+)`")
RULE = re.compile(r"\|[-:| ]+\|$")


def rows_of(page):
    """Yields the line numbers and the last cells of the rows of all tables."""
    inside = False
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if RULE.match(line):
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside:
            yield number, line.rstrip(" |").rsplit("|", 1)[-1].strip()


def results_of(report, suite):
    """Returns what became of a suite's cases, or None without a report."""
    try:
        tree = xml.etree.ElementTree.parse(report)
    except FileNotFoundError:
        return None
    results = {}
    for case in tree.iter("testcase"):
        if case.get("classname") != f"test_{suite}":
            continue
        bad = [e.tag for e in case if e.tag in ("failure", "error", "skipped")]
        results[case.get("name")] = bad
    return results


def wrong_with(suite, case, results):
    """Says what is wrong with a test, if anything is."""
    if suite == "examples":
        files = [ROOT / "examples" / f"{case}.{e}" for e in ("cpp", "expected")]
        return None if all(f.is_file() for f in files) else "does not exist"
    if results is None:
        return f"did not run: there is no report of unit.{suite}"
    if case not in results:
        return "does not exist"
    if "skipped" in results[case]:
        return "did not run: it is skipped in the report"
    return "failed" if results[case] else None


def main(page, reports):
    page, reports = pathlib.Path(page), pathlib.Path(reports)
    suites, named, problems = {}, 0, []
    for number, cell in rows_of(page):
        names = NAME.findall(cell)
        if not names and not cell.startswith("none: "):
            problems.append(f"{page}:{number}: names no test")
        for suite, case in names:
            named += 1
            if suite not in suites:
                suites[suite] = results_of(
                    reports / f"unit.{suite}.xml", suite)
            if wrong := wrong_with(suite, case, suites[suite]):
                problems.append(f"{page}:{number}: {suite}/{case} {wrong}")
    if not named:
        problems.append(f"{page}: there is no table that names a test")
    for problem in problems:
        print(problem)
    if not problems:
        print(f"{page}: {named} tests named, all have passed")
    return bool(problems)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
