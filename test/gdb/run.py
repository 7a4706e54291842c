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
import time

SKIPPED = 77
LOCKED, DONE = 1, 2  # of a scope's state
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
BEFORE = ["echo === before\\n", "asioctx-pstree ioc",
          "echo === none stuck\\n", "asioctx-stuck server.ctx",
          "echo === end before\\n"]

def broken(ring, state):
    """Leaves a list of the server's context in the midst of a change: what its
    second item points to is none."""
    return """python
scope = gdb.parse_and_eval("(asioctx::detail::scope*)server.ctx.node_.node_")
second = scope["%s"]["first_"]["next_"]
gdb.execute("set variable *(long*)%%d = 16" %% int(second["next_"].address))
gdb.execute("set variable *(int*)%%d = %d" %% int(scope["state"].address))
""".replace("python\n", "python ", 1) % (ring, state)


def without_remark(what, shown):
    """What a core shows begins with a remark on its time."""
    if what == "core":
        check("core: no remark on time", shown[:1] == [
            "(ages as of the newest event that the core file has kept)"],
            "\n".join(shown))
        return shown[1:]
    return shown


def check_before(what, found, own):
    """The program is in hangs() for the first time, or was."""
    shown = without_remark(what, found.get("before", []))
    check_same(what + ": before", shown, own["before"])
    check_lines(what + ": before", shown, [
        r"    with_cancel hang.cpp:\d+",
        r"      - 5 x call hang.cpp:\d+ pending, age up to T",
        r"      - basic_waitable_timer::async_wait hang.cpp:\d+ pending, age T",
        r"      - after_func hang.cpp:\d+ pending, age T",
        r"      - async_wait hang.cpp:\d+ pending, age T",
        r"      - basic_resolver::async_resolve hang.cpp:\d+ pending, age T",
        r"    - task hang.cpp:\d+ queued, age T"])
    if has_tls(own):
        check_lines(what + ": before", shown, [
            r"      - stream::async_shutdown hang.cpp:\d+ pending, age T"])
    check_lines(what + ": before", found.get("none stuck", []), [
        "nothing was asked to stop and has not ended"])


def has_tls(own):
    return any("stream::async_shutdown" in line for line in own["before"])


def check_shown(what, found, own):
    """The program is in hangs() again, or was."""
    for section in ("dump", "dump of server", "stuck"):
        shown = without_remark(what, found.get(section, []))
        check_same("%s: %s" % (what, section), shown, own[section])
    # The program may be wrong as well.
    check_lines(what, found.get("heading", []), [
        r"execution context at 0x[0-9a-f]+: \d+ contexts, \d+ operations, "
        r"\d+ asked and not ended",
        r"  with_name\(server\)",
        r"    with_cancel hang.cpp:\d+ \[canceled T ago, hang.cpp:\d+, "
        r"Connection reset by peer\]",
        r"      - 5 x call hang.cpp:\d+ never heard, age up to T, asked T ago",
        r"      - call hang.cpp:\d+ heard, age T, asked T ago",
        r"      - call hang.cpp:\d+ put off, age T, asked T ago",
        r"      - basic_waitable_timer::async_wait hang.cpp:\d+ on its way, "
        r"age T, asked T ago",
        r"      - after_func hang.cpp:\d+ put off, age T, asked T ago",
        r"      - async_wait hang.cpp:\d+ put off, age T, asked T ago",
        r"      - basic_resolver::async_resolve hang.cpp:\d+ never heard, "
        r"age T, asked T ago",
        r"      with_value\(request=GET /report\)",
        r"        with_value\(number=1\)",
        r"      with_grace\(600s\) hang.cpp:\d+ T left",
        r"  with_idle_timeout\(3.6e\+03s\) hang.cpp:\d+",
        r"    - after_func hang.cpp:\d+ pending, age T",
        r"    - task hang.cpp:\d+ queued, age T",
        r"  \.\.\. 3 more like this",
        r"  with_deadline hang.cpp:\d+ \[deadline exceeded T ago, "
        r"hang.cpp:\d+\]",
        r"execution context at 0x[0-9a-f]+: 1 context, 0 operations"])
    check("%s: a value that must not be shown" % what,
          not any("told to nobody" in line
                  for lines in found.values() for line in lines))
    check_lines(what, found.get("stuck", []), [
        r"held up for T: \d+ operations asked and not ended, 1 task queued; "
        "hard stop in T",
        r"  T T 5 call hang.cpp:\d+ never heard: it cannot be canceled; use "
        "detach_on_cancel",
        r"  T T 1 basic_resolver::async_resolve hang.cpp:\d+ never heard: it "
        "cannot be canceled; use detach_on_cancel"])
    if has_tls(own):
        check_lines(what, found.get("dump", []), [
            r"      - stream::async_shutdown hang.cpp:\d+ heard, age T, "
            "asked T ago"])
        check_lines(what, found.get("stuck", []), [
            r"  T T 1 stream::async_shutdown hang.cpp:\d+ heard, not "
            "completed"])
    check("%s: -all" % what, len(
        [line for line in found.get("all", []) if " never heard" in line])
        > len([line for line in found.get("dump", [])
               if " never heard" in line]))
    check_same("%s: of a cancelable" % what, found.get("cancelable"),
               found.get("dump of server"))
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
        core_before = os.path.join(folder, "core_before")
        own_file = os.path.join(folder, "own")
        start = ["source " + script, "break hangs", "run > " + own_file, "up"]
        again = ["continue", "up"]
        up = start + again
        out = run_gdb(gdb, [program], start + BEFORE[:-1] + [
            "generate-core-file " + core_before, BEFORE[-1]] + again
            + SHOW[:-1] + ["generate-core-file " + core, SHOW[-1]])
        if not os.path.exists(own_file) or "=== end" not in out:
            skip("gdb may not run a program here:\n" + out)
        with open(own_file) as f:
            own = sections(f.read())
        print("live:\n" + out)
        if "no debug information of asioctx" in out:
            skip("the library was compiled without -g")
        if not has_tls(own):
            print("not tried: a TLS shutdown, as there is no OpenSSL")
        check_before("live", sections(out), own)
        check_shown("live", sections(out), own)

        if os.path.exists(core_before) and os.path.exists(core):
            for file, shows, compare in ((core_before, BEFORE, check_before),
                                         (core, SHOW, check_shown)):
                out = run_gdb(gdb, [program, file],
                              ["source " + script, "up"] + shows)
                print("core:\n" + out)
                compare("core", sections(out), own)
        else:
            print("not tried: gdb has made no core")

        # From outside, as people do.
        with open(own_file, "w") as f:
            p = subprocess.Popen(
                [program, "wait"], stdin=subprocess.PIPE, stdout=f)
        try:
            for section, end in ("before", "end before"), ("dump", "end"):
                for _ in range(600):
                    with open(own_file) as f:
                        own = sections(f.read())
                    if end in own:
                        break
                    time.sleep(0.1)
                out = run_gdb(gdb, ["-p", str(p.pid)], ["source " + script] + [
                    "echo === attached\\n", "asioctx-pstree",
                    "echo === end\\n"])
                print("attached, %s:\n%s" % (section, out))
                if "No symbol table is loaded" in out or "ptrace" in out:
                    print("not tried: gdb may not attach here")
                else:
                    shown = sections(out).get("attached", [])
                    check_same("attached, " + section,
                               shown[1:len(own[section])], own[section][1:])
                p.stdin.write(b"\n")
                p.stdin.flush()
        finally:
            p.kill()
            p.wait()

        # Lists that are not whole.
        out = run_gdb(gdb, [program], up + [
            broken("hooks", DONE | LOCKED), "echo === locked\\n",
            "asioctx-pstree server.ctx",
            broken("children", DONE), "echo === broken\\n",
            "asioctx-pstree server.ctx", "echo === end\\n"])
        print("broken:\n" + out)
        found = sections(out)
        check_lines("locked", found.get("locked", []), [
            r"  ! some operations may be missing: there is no memory at 0x.*; a "
            "stopped thread is changing the list",
            r"  - call hang.cpp:\d+ never heard, age T, asked T ago",
            r"  with_grace\(600s\) .*"])
        check_lines("broken", found.get("broken", []), [
            r"  ! some contexts may be missing: .*; the list is broken"])

        # A thread that is canceling.
        out = run_gdb(gdb, [program], [
            "source " + script, "break hangs", "run in_cancel",
            "echo === in cancel\\n", "asioctx-pstree", "echo === end\\n"])
        print("in cancel:\n" + out)
        check_lines("in cancel", sections(out).get("in cancel", []), [
            "7 contexts, 3 operations, 2 asked and not ended",
            r"    with_cancel hang.cpp:\d+ \[canceled T ago, hang.cpp:\d+\]",
            r"      ! thread 1 \(LWP \d+\) is in cancel\(\) of this",
            r"      with_cancel hang.cpp:\d+ \[canceled T ago, from above\]",
            r"        - call hang.cpp:\d+ on its way, .*",
            r"          - hang_in_cancel hang.cpp:\d+ heard, .*",
            r"      with_name\(third\)",
            r"        with_cancel hang.cpp:\d+ \[canceled T ago, from above\]"])

    print("%d failures" % failures)
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
