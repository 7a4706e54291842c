#!/usr/bin/env python3
#
# Copyright (c) 2026 The asioctx authors
#
# Distributed under the Boost Software License, Version 1.0. (See accompanying
# file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
#
"""Checks that the code in the documentation is the code of the examples.

In README.md and doc/**/*.md, a fenced cpp block that follows the line

    <!-- from: examples/01_deadline.cpp [tag] -->

must equal the region of that file between the lines //[tag and //], without
the indentation that all its lines share and without the lines of other tags. A
tag such as 3-9 stands for these lines of what an example prints; the block is a
text block then. Blocks without such a line are not checked.

    doc/check-snippets.py             checks; fails if a block differs
    doc/check-snippets.py --update    rewrites the blocks
"""

import argparse
import difflib
import pathlib
import re
import sys
import textwrap

FROM = re.compile(r"\s*<!-- from: (\S+) \[([\w-]+)\] -->\s*$")
LINES = re.compile(r"(\d+)-(\d+)$")
LOOKS_LIKE_FROM = re.compile(r"<!--\s*from\b")
OPEN = re.compile(r"\s*//\[([\w-]+)\s*$")
CLOSE = re.compile(r"\s*//\]\s*$")


class Error(Exception):
    """Something is wrong with a page or with an example."""


def regions_of(path):
    """Returns the regions of a source file: a dictionary of tag to lines."""
    found, unclosed = {}, []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if match := OPEN.match(line):
            tag = match[1]
            if tag in found:
                raise Error(f"{path}:{number}: [{tag}] is there twice")
            found[tag] = []
            unclosed.append(tag)
        elif CLOSE.match(line):
            if not unclosed:
                raise Error(f"{path}:{number}: nothing to close")
            unclosed.pop()
        else:
            for tag in unclosed:
                found[tag].append(line)
    if unclosed:
        raise Error(f"{path}: [{unclosed[-1]}] is not closed")
    return {tag: textwrap.dedent("\n".join(lines)).strip("\n").split("\n")
            for tag, lines in found.items()}


def region(root, name, tag):
    path = root / name
    if not path.is_file():
        raise Error(f"there is no file {name}")
    if lines := LINES.match(tag):
        return path.read_text().splitlines()[int(lines[1]) - 1:int(lines[2])]
    found = regions_of(path)
    if tag not in found:
        raise Error(f"{name} has no region [{tag}]")
    return found[tag]


def check_page(root, path):
    """Returns the page as it should be, the differences, and the numbers of
    blocks that were checked and of those that come from nowhere."""
    page = path.relative_to(root)
    lines = path.read_text().split("\n")
    out, differences, checked, free = [], [], 0, 0
    i = 0
    while i < len(lines):
        line = lines[i]
        out.append(line)
        i += 1
        match = FROM.match(line)
        if not match and LOOKS_LIKE_FROM.search(line):
            raise Error(f"{page}:{i}: cannot read '{line.strip()}'")
        if not match and not line.strip().startswith("```"):
            continue

        if match:
            fence = "```text" if LINES.match(match[2]) else "```cpp"
            if i == len(lines) or lines[i].strip() != fence:
                raise Error(f"{page}:{i}: a line {fence} must follow")
            out.append(lines[i])
            i += 1
        elif line.strip() == "```cpp":
            free += 1
        start = i
        while i < len(lines) and lines[i].strip() != "```":
            i += 1
        if i == len(lines):
            raise Error(f"{page}:{start}: this block is not closed")
        block = lines[start:i]
        if match:
            try:
                wanted = region(root, match[1], match[2])
            except Error as e:
                raise Error(f"{page}:{start - 1}: {e}") from e
            checked += 1
            if block != wanted:
                differences += difflib.unified_diff(
                    block, wanted, f"{page}:{start}",
                    f"{match[1]} [{match[2]}]", lineterm="")
            block = wanted
        out += block
        out.append(lines[i])
        i += 1
    return "\n".join(out), differences, checked, free


def main():
    parser = argparse.ArgumentParser(
        description="Checks that the code in the documentation is the code "
        "of the examples.")
    parser.add_argument(
        "--update", action="store_true", help="rewrite the blocks")
    parser.add_argument(
        "--root", type=pathlib.Path, help="the project's directory",
        default=pathlib.Path(__file__).resolve().parent.parent)
    arguments = parser.parse_args()
    root = arguments.root.resolve()

    checked = free = 0
    failed = False
    for path in [root / "README.md", *sorted(root.glob("doc/**/*.md"))]:
        try:
            text, differences, c, f = check_page(root, path)
        except Error as e:
            print(f"error: {e}", file=sys.stderr)
            failed = True
            continue
        checked += c
        free += f
        if differences and arguments.update:
            path.write_text(text)
            print(f"updated {path.relative_to(root)}")
        elif differences:
            print("\n".join(differences), file=sys.stderr)
            failed = True
    print(f"{checked} blocks come from examples, {free} do not")
    if checked == 0 and not failed:
        print("error: nothing to check", file=sys.stderr)
        failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
