#!/usr/bin/env python3
#
# Copyright (c) 2026 The asioctx authors
#
# Distributed under the Boost Software License, Version 1.0. (See accompanying
# file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
#

"""Compares what a shared asioctx exports with a list.

    check-symbols.py <nm> <library> <list> [--update]

The functions and variables of its own that have one definition, without their
parameters. Boost.Asio makes its own visible, which programs and libraries have to
share, and those are not looked at; but no other has one definition here, and none by
whose address Asio knows a service is hidden.
"""

import pathlib
import re
import subprocess
import sys


def symbols(*command):
    return subprocess.run([*command, "-C", "--defined-only"], check=True,
                          capture_output=True, text=True).stdout


def exported(nm, library):
    found, foreign = set(), set()
    for line in symbols(nm, "-D", library).splitlines():
        match = re.match(r"\S+ ([TDBR]) (.*)", line)
        if not match or "thunk to" in match[2]:
            continue
        name = re.match(r"(?:operator\(\)|[^(])*", match[2])[0]
        # A sanitizer's own; and one whose name tells the version of Boost.
        if name.startswith("__") or "::built_with_boost_" in name:
            continue
        (found if name.startswith("asioctx::") else foreign).add(name)
    return found, foreign


def hidden_services(nm, library):
    return re.findall(r"^\S+ [bd] (boost::asio::detail::.*service.*::id)$",
                      symbols(nm, library), re.M)


def main():
    nm, library, listed = sys.argv[1:4]
    found, foreign = exported(nm, library)
    path = pathlib.Path(listed)
    if "--update" in sys.argv:
        path.write_text("".join(f"{n}\n" for n in sorted(found)))
        return 0
    expected = set(path.read_text().split("\n")) - {""}
    for name in sorted(found - expected):
        print(f"exported, and not in {path.name}: {name}")
    for name in sorted(expected - found):
        print(f"in {path.name}, and not exported: {name}")
    for name in sorted(foreign):
        print(f"exported, and not of asioctx: {name}")
    hidden = hidden_services(nm, library)
    for name in hidden:
        print(f"hidden, so that a program has another: {name}")
    if hidden:
        return 1
    if found != expected or foreign:
        print(f"check-symbols: with --update it writes {path.name}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
