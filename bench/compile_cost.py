#!/usr/bin/env python3
#
# Copyright (c) 2026 The asioctx authors
#
# Distributed under the Boost Software License, Version 1.0. (See accompanying
# file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
#
"""P14: compiles bench/one_read.cpp with and without a context, in turns.

    compile_cost.py <compiler> <include directory of Boost> <repetitions>
        <result.json>

The figures are the processor time of the compiler in seconds, and the code and
data of the object file in bytes.
"""

import os
import pathlib
import resource
import subprocess
import sys
import tempfile

import medians

ROOT = pathlib.Path(__file__).resolve().parent.parent


def compiled(compiler, boost, definitions, output):
    """Returns the processor time that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [compiler, "-std=c++20", "-O2", "-c", *definitions,
         f"-I{ROOT}/include", "-isystem", boost,
         str(ROOT / "bench/one_read.cpp"), "-o", output], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime
            - before.ru_utime - before.ru_stime)


def size(file):
    text, data, bss = subprocess.run(
        ["size", file], check=True, capture_output=True,
        text=True).stdout.splitlines()[1].split()[:3]
    return int(text) + int(data) + int(bss)


def main(compiler, boost, repetitions, result):
    figures = {}
    with tempfile.TemporaryDirectory() as directory:
        output = os.path.join(directory, "one_read.o")
        for _ in range(int(repetitions)):
            for what, definitions in (("bare", []), ("asioctx", ["-DBOUND"])):
                time = compiled(compiler, boost, definitions, output)
                figures.setdefault(f"P14/time/{what}", []).append(time)
                figures.setdefault(f"P14/size/{what}", []).append(size(output))
    medians.write(result, figures)


main(*sys.argv[1:])
