#!/usr/bin/env python3
#
# Copyright (c) 2026 The asioctx authors
#
# Distributed under the Boost Software License, Version 1.0. (See accompanying
# file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
#
"""Runs a check over a file that says what the check must find in it.

    check.py <clang-tidy> <plugin> <file> [<flag of the compiler>...]

The file has the form of clang-tidy's own tests. Its first line names the check:

    // RUN: %check_clang_tidy %s <check> %t [-- <argument of clang-tidy>...]

Below a line, or above it with @LINE+1, is what must be said of it; a text may end
early:

    // CHECK-MESSAGES: :[[@LINE-1]]:5: warning: text [check]

And what the fix-its must make of the lines above, or of the next ones, in this
order:

    // CHECK-FIXES: text of a line, or of a part of it

A warning that no line asks for is an error. What is fixed must compile.
"""

import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

MESSAGE = re.compile(
    r"// CHECK-MESSAGES: :\[\[@LINE([+-]\d+)\]\]:(\d+): (.*)$")
FIXES = re.compile(r"// CHECK-FIXES: (.*)$")
FOUND = re.compile(r"^(.*?):(\d+):(\d+): ((?:warning|error): .*)$")


def expected(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if m := MESSAGE.search(line):
            yield path.name, number + int(m[1]), int(m[2]), m[3].strip()


def run(tidy, plugin, check, arguments, source, flags):
    command = [
        tidy, f"--load={plugin}", f"--checks=-*,{check}", "--quiet",
        *arguments, str(source), "--", *flags]
    done = subprocess.run(command, capture_output=True, text=True)
    found = set()
    for line in done.stdout.splitlines():
        if m := FOUND.match(line):
            found.add((Path(m[1]).name, int(m[2]), int(m[3]), m[4]))
    if not found and done.returncode != 0:
        sys.exit(f"{shlex.join(command)}\n{done.stdout}{done.stderr}")
    return found


def main():
    tidy, plugin, path, *flags = sys.argv[1:]
    path = Path(path)
    first = path.read_text().splitlines()[0]
    m = re.match(r"// RUN: %check_clang_tidy %s (\S+) %t(?: -- (.*))?$", first)
    if not m:
        sys.exit(f"{path}:1: no RUN line")
    check, arguments = m[1], shlex.split(m[2] or "")

    failures = []
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / path.name
        wanted = []
        for file in [path, *path.parent.glob("*.hpp")]:
            shutil.copy(file, folder)
            if file == path or f'"{file.name}"' in path.read_text():
                wanted += expected(file)
        # Its own headers are the user's. What all share is the system's.
        (Path(folder) / "common.hpp").unlink()

        found = run(tidy, plugin, check, [*arguments, "--fix"], source, flags)
        left = set(found)
        for name, line, column, text in wanted:
            match = {f for f in left if f[:3] == (name, line, column)
                     and f[3].startswith(text)}
            left -= match
            if not match:
                failures.append(f"missing: {name}:{line}:{column}: {text}")
        failures += [f"not asked for: {':'.join(map(str, f))}"
                     for f in sorted(left)]
        if not wanted:
            failures.append("nothing is asked for")

        fixes, begin = 0, 0
        lines = source.read_text().splitlines()
        for number, line in enumerate(lines):
            if not (m := FIXES.search(line)):
                continue
            fixes += 1
            at = next((i for i in range(begin, min(number + 5, len(lines)))
                       if m[1].strip() in lines[i]
                       and "// CHECK-" not in lines[i]), None)
            if at is None:
                failures.append(f"not fixed: {m[1].strip()}")
            else:
                begin = at + 1
        if fixes and not failures:
            again = run(tidy, plugin, check, arguments, source, flags)
            failures += [f"when fixed: {':'.join(map(str, f))}"
                         for f in sorted(again) if f[3].startswith("error")]

    print(f"{path.name}: {len(wanted)} messages, {fixes} fixes")
    print("\n".join(failures))
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
