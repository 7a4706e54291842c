#
# Copyright (c) 2026 The asioctx authors
#
# Distributed under the Boost Software License, Version 1.0. (See accompanying
# file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
#
"""Writes figures as Google Benchmark does, for table.py."""

import json
import statistics


def write(file, figures):
    """figures: {name: [a figure of each run]}"""
    benchmarks = [
        {"run_name": name, "aggregate_name": "median",
         "cpu_time": statistics.median(runs),
         "real_time": statistics.median(runs)}
        for name, runs in figures.items()]
    with open(file, "w", encoding="utf-8") as f:
        json.dump({"context": {}, "benchmarks": benchmarks}, f, indent=1)
