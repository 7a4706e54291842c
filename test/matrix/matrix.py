#!/usr/bin/env python3
#
# The matrix of operations: what the programs of this directory find out, kept
# in results/boost-*.tsv, and the page that is made of it.
#
#     matrix.py check <boost> <program>...    compare with what is kept
#     matrix.py record <boost> <program>...   keep what the programs say
#     matrix.py page [--check]                write or check the page
#
# <boost> is a version such as 1.81. The last field of a line is for people: it
# is neither kept nor compared.

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
RESULTS = os.path.join(HERE, "results")
PAGE = os.path.join(HERE, "..", "..", "doc", "reference", "operations.md")
FIELDS = ["outcome", "usable", "steps", "asio"]
TYPES = ["terminal", "partial", "total"]
SKIPPED = 77

# The families in the page's order.
FAMILIES = [
    "timers", "TCP", "UDP", "local sockets", "descriptors", "files",
    "signal_set", "resolver", "composed reads and writes", "ssl::stream",
    "channels", "parallel_group", "composed operations", "coroutines",
    "cancel_after", "Beast HTTP", "Beast WebSocket", "Boost.MySQL",
    "Boost.Redis", "Boost.MQTT5", "Boost.Process", "what is kept",
]


def results_file(boost):
    return os.path.join(RESULTS, f"boost-{boost}.tsv")


def parse(lines, where):
    """{(family, operation, type): (outcome, usable, steps, asio)}"""
    found = {}
    for line in lines:
        fields = line.rstrip("\n").split("\t")
        if len(fields) < 7:
            sys.exit(f"{where}: not a line of the matrix: {line!r}")
        key = tuple(fields[:3])
        if key in found:
            sys.exit(f"{where}: twice: {' '.join(key)}")
        found[key] = tuple(fields[3:7])
    return found


def load(boost):
    path = results_file(boost)
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as f:
        return parse(f, path)


def run(programs):
    fresh = {}
    for program in programs:
        done = subprocess.run(
            [program], stdout=subprocess.PIPE, encoding="utf-8", timeout=100)
        if done.returncode == SKIPPED:
            print(f"skipped: {program}")
            sys.exit(SKIPPED)
        if done.returncode != 0:
            sys.exit(f"{program}: exit status {done.returncode}")
        said = parse(done.stdout.splitlines(), program)
        if not said:
            sys.exit(f"{program}: says nothing")
        fresh.update(said)
    return fresh


def operations(results):
    return {key[:2] for key in results}


def check(boost, programs):
    if not os.path.exists(results_file(boost)):
        print(f"skipped: nothing is kept for Boost {boost}")
        return SKIPPED
    kept = load(boost)
    fresh = run(programs)
    if not operations(fresh) & operations(kept):
        print(f"skipped: nothing of this is kept for Boost {boost}")
        return SKIPPED
    families = {key[0] for key in fresh}
    wrong = 0
    for key in sorted(set(fresh) | {k for k in kept if k[0] in families}):
        # A family may be in several programs.
        if key not in fresh and len(programs) == 1:
            continue
        if kept.get(key) != fresh.get(key):
            wrong += 1
            print(f"{', '.join(key)}:\n"
                  f"  kept:  {kept.get(key, 'nothing')}\n"
                  f"  found: {fresh.get(key, 'nothing')}")
    print(f"{len(fresh)} lines, {wrong} differ")
    if wrong:
        print("If they are right: python3 test/matrix/matrix.py record "
              f"{boost} <program>..., then matrix.py page")
    return 1 if wrong else 0


def record(boost, programs):
    kept = load(boost)
    fresh = run(programs)
    gone = operations(fresh)
    kept = {k: v for k, v in kept.items() if k[:2] not in gone}
    kept.update(fresh)
    os.makedirs(RESULTS, exist_ok=True)
    with open(results_file(boost), "w", encoding="utf-8") as f:
        for key in sorted(kept, key=lambda k: (*k[:2], TYPES.index(k[2]))):
            f.write("\t".join(key + kept[key]) + "\n")
    print(f"Boost {boost}: {len(fresh)} lines")
    return 0


def kept_boosts():
    names = [n[len("boost-"):-len(".tsv")] for n in os.listdir(RESULTS)
             if n.startswith("boost-") and n.endswith(".tsv")]
    return sorted(names, key=lambda n: [int(x) for x in n.split(".")])


def joined(boosts, every):
    """Says for which of the Boosts that have it something holds."""
    if boosts == every:
        return ""
    return " (" + ", ".join(boosts) + ")"


def cell(values, every):
    """One text for what each Boost has to say: {boost: text}."""
    groups = {}
    for boost in every:
        groups.setdefault(values[boost], []).append(boost)
    return "; ".join(
        text + joined(boosts, every) for text, boosts in groups.items())


def types_of(data, operation):
    honored = [t for t in TYPES
                if data[operation + (t,)][0] not in ("ignored", "late")]
    late = [t for t in TYPES if data[operation + (t,)][0] == "late"]
    text = ", ".join(honored) if honored else "none"
    if late:
        text += ", late: " + ", ".join(late)
    return text


def of_strongest(data, operation, field):
    """Of the types that are honored: what they say, or each of them."""
    said = {}
    for t in TYPES:
        line = data[operation + (t,)]
        if line[0] != "ignored":
            said.setdefault(line[FIELDS.index(field)], []).append(t)
    if not said:
        return "–"
    if len(said) == 1:
        text = next(iter(said))
        return "–" if text == "-" else text
    return "; ".join(f"{text}: {', '.join(types)}"
                     for text, types in said.items())


HEAD = """\
<!-- Written by test/matrix/matrix.py: do not edit. -->
# Operations

What becomes of an operation when the context that it is bound to is canceled.
Every cell is what the programs in [`test/matrix/`](../../test/matrix/) found
out by doing it, on {boosts}. A test runs them again
on the Boost at hand and fails if they find something else.

- **Honors**: the types of cancellation request that the operation honors. Give
  one to `bind_context(ctx, type, token)`. Without it, the cancellation request
  is `terminal`. *late*: once the other side has done what the operation waits for.
- **Ends with**: `canceled` is the context's error. `aborted` is Asio's own
  `operation_aborted`: the operation's signature does not begin with an error
  that could be the context's. *success, status 9*: the signal of that number has
  ended the child, which is no error. *No child processes*: so has SIGKILL, but the
  operation cannot tell.
- **Then usable**: the operation was canceled, and then started again on the same
  object. *yes*: it succeeded, and its other side understood what came; on a
  connection to a database, a query then got its own answer and not an earlier
  one's. *not always*: that depends on the step. It holds for all types in the
  column before.
- **Every step**: the operation was canceled before its first handler, then anew
  after the first, and so on to the last. Each case ran four ways: slow peer or
  data ready; canceled from outside `run()` or inside a handler. *every*: the
  operation always stopped. *while it waits*: a cancellation request between two
  steps is missed as long as the operation finds all that it needs. It is honored
  as soon as the operation has to wait. *not every*: some cancellation requests
  were lost for good.
- **What is kept**, the last family, is about what an object holds: messages of a
  channel and room for more, bytes, connections. There *then usable* also says
  that none is lost or there twice, counted after a cancellation. *success* is said
  of what cannot have succeeded. See [boost-versions.md](boost-versions.md).
- **Asio alone**: the same with a `cancellation_signal` in place of a context.
  Where this says less, the binding repeats the cancellation request.

An operation that has succeeded before the cancellation request reports its success,
and is not counted as missed. Versions of Boost in brackets: on the others it is
different, or the operation is not there. Beside the name of a family: it was tried
on no others. Clients that need a server, such as Boost.Redis, are tried with a
real one, by `.ci/boost-matrix.sh` and not by every build.

| operation | honors | ends with | then usable | every step | Asio alone |
|---|---|---|---|---|---|
"""


def code(name):
    """The part of an operation's name that is C++."""
    if "(" in name and not name.endswith("(stackful)"):
        return f"`{name}`"
    for separator in (", ", " "):
        first, found, rest = name.partition(separator)
        if found:
            break
    if "_" in first or "::" in first:
        first = f"`{first}`"
    return first + found + rest


def page():
    data = {b: load(b) for b in kept_boosts()}
    every_operation = {}
    for boost, results in data.items():
        for operation in operations(results):
            every_operation.setdefault(operation, []).append(boost)

    def order(operation):
        family = operation[0]
        if family not in FAMILIES:
            sys.exit(f"no such family: {family}")
        return FAMILIES.index(family), operation[1]

    versions = list(data)
    # Not every family is tried on every Boost.
    tried = {}
    for (family, _), there in every_operation.items():
        tried.setdefault(family, set()).update(there)
    boosts = ("Boost " + versions[0] if len(versions) == 1 else
              "Boost " + ", ".join(versions[:-1]) + " and " + versions[-1])
    text = HEAD.format(boosts=boosts)
    family = None
    for operation in sorted(every_operation, key=order):
        there = every_operation[operation]
        if operation[0] != family:
            family = operation[0]
            family_versions = [v for v in versions if v in tried[family]]
            text += (f"| **{family}**{joined(family_versions, versions)}"
                     " | | | | | |\n")
        name = code(operation[1]) + joined(there, family_versions)
        columns = [
            {b: types_of(data[b], operation) for b in there},
            {b: of_strongest(data[b], operation, "outcome") for b in there},
            {b: of_strongest(data[b], operation, "usable") for b in there},
            {b: of_strongest(data[b], operation, "steps") for b in there},
            {b: of_strongest(data[b], operation, "asio") for b in there},
        ]
        cells = [cell(c, there) for c in columns]
        text += "| " + " | ".join(
            c.replace("|", "\\|") for c in [name] + cells) + " |\n"
    return text


def main(arguments):
    if arguments[:1] == ["check"] and len(arguments) > 2:
        return check(arguments[1], arguments[2:])
    if arguments[:1] == ["record"] and len(arguments) > 2:
        return record(arguments[1], arguments[2:])
    if arguments == ["page"]:
        text = page()
        with open(PAGE, "w", encoding="utf-8") as f:
            f.write(text)
        return 0
    if arguments == ["page", "--check"]:
        with open(PAGE, encoding="utf-8") as f:
            if f.read() == page():
                return 0
        print("doc/reference/operations.md is not what the results say: "
              "run python3 test/matrix/matrix.py page")
        return 1
    print(__doc__ or "usage: matrix.py check|record|page", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
