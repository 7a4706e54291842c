#
# Copyright (c) 2026 The asioctx authors
#
# Distributed under the Boost Software License, Version 1.0. (See accompanying
# file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
#

"""run.py <gdb> <asioctx.py> <program> [<launcher>...]

Has GDB look at the program where it hangs, at its core, and at the process from
outside, and compares what it shows with what the program has printed of itself.
Returns 77 where that cannot be tried.
"""

import os
import re
import subprocess
import sys
import tempfile

SKIPPED = 77
failures = 0


def skip(why):
    print("skipped: " + why)
    sys.exit(SKIPPED)


def run_gdb(gdb, arguments, commands):
    words = [gdb, "-nx", "-batch", "-iex", "set auto-load off",
             "-iex", "set debuginfod enabled off"] + arguments
    for c in commands:
        words += ["-ex", c]
    p = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, timeout=240,
                       env=dict(os.environ, LC_ALL="C"))
    return p.stdout.decode("utf-8", "replace")


def sections(text):
    """What is after each line "=== name", without what differs: times, and the
    widths of columns that depend on them."""
    result = {}
    lines = None
    for line in text.splitlines():
        m = re.match(r"=== (.*)", line)
        if m:
            lines = result.setdefault(m.group(1), [])
        elif lines is not None:
            indent = re.match(" *", line).group()
            if indent.startswith("      " * 2) and "below" in line:
                indent = "   "
            line = re.sub(
                r"\b(\d+ms|\d+\.\ds|\d+m\d\ds|\d+h\d\dm)\b", "T", line.strip())
            lines.append(indent + re.sub(" +", " ", line))
    return result


def check(what, condition, text=""):
    global failures
    if not condition:
        failures += 1
        print("FAILED: %s\n%s" % (what, text))


def check_lines(what, shown, patterns):
    for p in patterns:
        check("%s: no line %s" % (what, p),
              any(re.fullmatch(p, line) for line in shown), "\n".join(shown))


def check_same(what, shown, expected):
    check(what + ": not the same", shown == expected,
          "\n".join(["--- the program"] + expected + ["--- GDB"] + shown))


SHOW = ["echo === heading\\n", "asioctx-pstree",
        "echo === dump\\n", "asioctx-pstree ioc",
        "echo === dump of server\\n", "asioctx-pstree server.ctx",
        "echo === cancelable\\n", "asioctx-pstree server",
        "echo === stuck\\n", "asioctx-stuck ioc",
        "echo === all\\n", "asioctx-pstree -all root",
        "echo === nothing\\n", "asioctx-stuck pool",
        "echo === wrong\\n", "asioctx-pstree kept",
        "echo === end\\n"]

# A list that a thread is changing: the first context below "server" is not known to
# the last.
BREAK = """python
def break_it(name, how):
    node = gdb.parse_and_eval(name + '.ctx.node_.node_')
    scope = node.cast(gdb.lookup_type('asioctx::detail::scope').pointer())
    ring = scope['children']['first_']
    gdb.execute('set variable *(void**)%d = (void*)%d'
        % (int(ring['next_'][how].address), 16))
    gdb.execute('set variable *(unsigned*)%d = *(unsigned*)%d | 1'
        % (int(scope['state'].address), int(scope['state'].address)))
end"""


def check_shown(what, found, own):
    """The program is in hangs(), or was."""
    for section in ("dump", "dump of server", "stuck"):
        shown = found.get(section, [])
        if what == "core":
            check("core: no remark on time", shown[:1] == [
                "(ages as of the newest event that the core file has kept)"],
                "\n".join(shown))
            shown = shown[1:]
        check_same("%s: %s" % (what, section), shown, own[section])
    check_lines(what, found.get("heading", []), [
        r"execution context at 0x[0-9a-f]+: 20 contexts, 23 operations, "
        r"12 asked and not ended",
        r"execution context at 0x[0-9a-f]+: 1 context, 0 operations"])
    check_lines(what, found.get("nothing", []), [
        "nothing was asked to stop and has not ended"])
    check_lines(what, found.get("wrong", []), [
        "kept is neither an asioctx::context nor an execution context that has a "
        "root: its type is std::vector<.*"])


def main():
    gdb, script, program = sys.argv[1:4]
    if not gdb or gdb.endswith("NOTFOUND"):
        skip("there is no gdb")
    out = run_gdb(gdb, [], ["python print('it has ' + 'Python')"])
    if "it has Python" not in out:
        skip("this gdb has no Python:\n" + out)

    with tempfile.TemporaryDirectory() as folder:
        core = os.path.join(folder, "core")
        own_file = os.path.join(folder, "own")
        up = ["source " + script, "break hangs", "run > " + own_file, "up"]
        out = run_gdb(gdb, [program], up + SHOW[:-1] + [
            "generate-core-file " + core, SHOW[-1]])
        if not os.path.exists(own_file) or "=== end" not in out:
            skip("gdb may not run a program here:\n" + out)
        with open(own_file) as f:
            own = sections(f.read())
        print("live:\n" + out)
        if "no debug information of asioctx" in out:
            skip("the library was compiled without -g")
        check_shown("live", sections(out), own)

        if os.path.exists(core):
            out = run_gdb(gdb, [program, core],
                          ["source " + script, "up"] + SHOW)
            print("core:\n" + out)
            check_shown("core", sections(out), own)
        else:
            print("not tried: gdb has made no core")

    print("%d failures" % failures)
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
