#!/usr/bin/env python3
#
# Copyright (c) 2026 The asioctx authors
#
# Distributed under the Boost Software License, Version 1.0. (See accompanying
# file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
#

"""Checks which way the project's headers include each other.

    check-includes.py [<root>]

The rules are those of doc/design/physical-structure.md:

1. detail/ includes detail/, and of the public headers those alone that stand below
   it. What is in ABOVE_CONTEXT may include others, and is included by none of the
   rest of detail/.
2. impl/x.hpp is included by x.hpp alone.
3. No header includes itself by way of others, but for x.hpp and impl/x.hpp.
4. What is installed includes nothing of src/ or test/, but src.hpp, which includes
   all that is compiled.
5. Each has a test of its name in test/unit/, which includes it first: so it compiles
   alone. Those in ALONE are compiled there without one.
6. What src.hpp includes may come after <windows.h>, which makes macros of min() and
   max(): they are written (std::min)(). test/compile/windows_macros.cpp sees to the
   headers.
7. What only GNU's compilers know is in config.hpp: Clang takes it where it reads the
   library as MSVC does.
"""

import pathlib
import re
import sys

# Public, and below detail/: they include nothing above it.
BELOW_DETAIL = {
    "config.hpp",
    "error.hpp",
    "is_single_step.hpp",
    "operation_state.hpp",
    "stays_asked.hpp",
}

# What names contexts, or consists of bound operations, and so stands above the
# public headers that it includes.
ABOVE_CONTEXT = {
    "detail/attempt_op.hpp",
    "detail/detachable_op.hpp",
    "detail/group_task.hpp",
    "detail/group_wait.hpp",
    "detail/initiate_bound.hpp",
    "detail/task_group_state.hpp",
    "detail/task_handler.hpp",
}

# Tested by way of what is made of them; test/CMakeLists.txt has the same list.
ALONE = {
    "detail/attempt_op.hpp",
    "detail/callback_base.hpp",
    "detail/deadline_timer.hpp",
    "detail/detachable_op.hpp",
    "detail/execution_context_gate.hpp",
    "detail/group_task.hpp",
    "detail/group_wait.hpp",
    "detail/hook.hpp",
    "detail/node.hpp",
    "detail/root.hpp",
    "detail/run_task.hpp",
    "detail/scope.hpp",
    "detail/task_group_state.hpp",
    "detail/task_handler.hpp",
    "detail/timed_scopes.hpp",
    "detail/type_name.hpp",
}

# Tested elsewhere: it needs another library; it is no header to include first.
ELSEWHERE = {"grpc.hpp", "src.hpp"}

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def read(root):
    """Maps each header to those of asioctx that it includes, and to others."""
    include = root / "include" / "asioctx"
    known = {}
    for path in sorted(include.rglob("*.hpp")):
        name = path.relative_to(include).as_posix()
        found = INCLUDE.findall(path.read_text())
        known[name] = (
            [i[len("asioctx/"):] for _, i in found if i.startswith("asioctx/")],
            [i for quote, i in found if quote == '"'],
        )
    return known


def faults(known):
    for name, (included, quoted) in known.items():
        for other in quoted:
            yield f"{name}: includes {other}, which is not installed"
        for other in included:
            if other not in known:
                yield f"{name}: there is no {other}"
            elif name.startswith("detail/") and name not in ABOVE_CONTEXT:
                if other in ABOVE_CONTEXT or not (
                        other.startswith("detail/") or other in BELOW_DETAIL):
                    yield f"{name}: includes {other}, which is above it"
            elif other.startswith("impl/") and other != "impl/" + name:
                yield f"{name}: includes {other}, which is another's"
    for name in BELOW_DETAIL:
        for other in known[name][0]:
            if other not in BELOW_DETAIL and not other.startswith("detail/"):
                yield f"{name}: includes {other}, which is above detail/"
    yield from cycles(known)


def untested(root, known):
    for name in known:
        if name.startswith("impl/") or name in ALONE | ELSEWHERE:
            continue
        test = root / "test" / "unit" / (pathlib.Path(name).stem + ".cpp")
        if not test.is_file():
            yield f"{name}: there is no {test.relative_to(root)}"
        elif INCLUDE.findall(test.read_text())[0][1] != "asioctx/" + name:
            yield f"{name}: {test.relative_to(root)} includes another first"


def cycles(known):
    done, path = set(), []

    def visit(name):
        if name in path:
            cycle = path[path.index(name):]
            if {"impl/" + c for c in cycle} & set(cycle) and len(cycle) == 2:
                return
            yield " -> ".join(cycle + [name])
            return
        if name in done:
            return
        path.append(name)
        for other in known[name][0]:
            if other in known:
                yield from visit(other)
        path.pop()
        done.add(name)

    for name in known:
        yield from visit(name)


def main():
    root = pathlib.Path(
        sys.argv[1] if len(sys.argv) > 1
        else pathlib.Path(__file__).resolve().parent.parent)
    known = read(root)
    found = sorted(set(faults(known)))
    compiled = {p.name for p in (root / "src").glob("*.cpp")}
    named = set(re.findall(r"^#include ASIOCTX_SRC\((\S+)\)$",
                           (root / "include/asioctx/src.hpp").read_text(), re.M))
    found += sorted(untested(root, known))
    found += [f"src.hpp: {n} is missing, or is not there"
              for n in sorted(compiled ^ named)]
    for path in sorted((root / "src").iterdir()):
        found += [f"src/{path.name}:{n}: a macro of <windows.h>"
                  for n, line in enumerate(path.read_text().splitlines(), 1)
                  if re.search(r"\b(min|max)\(", line)]
    for path in [*(root / "include").rglob("*.hpp"), *(root / "src").iterdir()]:
        found += [f"{path.relative_to(root)}:{n}: GNU's alone"
                  for n, line in enumerate(path.read_text().splitlines(), 1)
                  if path.name != "config.hpp" and re.search(
                      r"__(attribute__|int128|builtin_|extension__|typeof|asm)|(=|return) *\(\{", line)]
    for f in found:
        print(f)
    lines = sorted(
        len((root / "include" / "asioctx" / n).read_text().splitlines())
        for n in known)
    print(f"{len(known)} headers; lines: median {lines[len(lines) // 2]}, "
          f"most {lines[-1]}")
    return 1 if found or not known else 0


if __name__ == "__main__":
    sys.exit(main())
