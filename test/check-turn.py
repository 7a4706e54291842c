#!/usr/bin/env python3
#
# Copyright (c) 2026 The asioctx authors
#
# Distributed under the Boost Software License, Version 1.0. (See accompanying
# file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
#
"""Tries every interleaving of the threads that meet at a bound operation.

The functions here are those of bound_op_base (src/bound_op.cpp), by the same
names and in the same order of steps: to change the one is to change the other.
Each `yield` is a place at which another thread may run; between two of them one
atomic operation is done. Memory is sequentially consistent: what a weaker order
permits is for ThreadSanitizer to find.

The threads: the operation, which puts something into its slot, is asked by
another slot, and completes, in the turns that a scenario names; the canceler;
the executor, which runs what was dispatched or posted, beside the operation.

At the end of every run a request must have been heard, unless the operation has
completed; that must have happened once; and nothing may be touched after that.
Each of the faults in FAULTS, if it is made, must be found.
"""

import itertools
import sys

# What the canceler and the handler's own slot ask for.
BY_CONTEXT = frozenset(["terminal"])
BY_UPSTREAM = frozenset(["partial"])

FAULTS = {
    "ended": "leave the wanted to a request that was here already",
    "done": "do not look at what is wanted when a request has done its work",
    "missed": "do not ask again when something comes into the slot",
    "queued": "take the record although a request is on its way",
    "wanted": "drop a request if another is on its way",
}


class Violation(Exception):
    pass


class Op:
    """The record. The first four are the word turn_."""

    def __init__(self, scenario, fault):
        self.owner = None
        self.wanted = frozenset()
        self.queued = False
        self.ended = False

        self.holder = None
        self.nested_in = {}
        self.asked = frozenset()
        self.heard = frozenset()
        self.missed = self.repeats = self.asking = False
        self.full = False  # the slot
        self.linked = self.context_done = self.has_left = False
        self.refs = 1
        self.requests = self.completions = 0  # on the executor
        self.stored = self.gone = False
        self.to_emplace = scenario["steps"].count("emplace") \
            + scenario["steps"].count("step") + scenario["emplaces_first"]
        self.constant = scenario, fault

    def word(self):
        self.alive()
        return self.owner, self.wanted, self.queued, self.ended

    def alive(self):
        if self.gone:
            raise Violation("used after it was gone")

    def fault(self, name):
        return self.constant[1] == name


FREE = None, frozenset(), False, False


def want_with(op, me, add):
    yield
    w = op.word()
    while True:
        if w[3]:
            return False
        yield
        if op.word() == w:
            break
        w = op.word()
    op.wanted = add(w[1])
    if w[0] is not None:
        return False
    op.owner, op.holder = me, None
    return True


def ask_with(op, me, add):
    if (yield from want_with(op, me, add)):
        yield from release_turn(op, me, "here")


def ask(op, me, types):
    yield from ask_with(op, me, lambda wanted: wanted | types)


def note(op, wanted):
    op.asked |= wanted - {"again"}


def deliver(op, me, wanted):
    note(op, wanted)
    yield
    op.alive()
    if op.owner != me:
        raise Violation("asked without the turn")
    op.missed = not op.full
    if op.missed:
        return
    op.asking = True
    op.heard |= op.asked
    scenario = op.constant[0]
    if scenario["completes_when_asked"] and op.to_emplace == 0 \
            and not op.has_left:
        yield from complete(op, me)
    op.asking = False


def release_turn(op, me, where):
    yield
    if op.word() == (me, frozenset(), False, False):
        op.owner = None
    else:
        yield from release_contended(op, me, where)


def release_contended(op, me, where):
    here = where == "here" or (
        where == "if_it_runs_here" and op.constant[0]["runs_here"])
    yield
    w = op.word()
    while True:
        if w[1] and not w[3]:
            if not here and w[2] and not op.fault("ended"):
                yield
                if op.word() == w:
                    op.owner = None
                    return
                w = op.word()
                continue
            yield
            wanted, op.wanted = op.word()[1], frozenset()
            if here:
                yield from deliver(op, me, wanted)
            else:
                note(op, wanted)
                yield from ask_again(op, False)
            yield
            w = op.word()
        else:
            yield
            if op.word() == w:
                op.owner, op.wanted = None, frozenset()
                if w[3] and not w[2]:
                    yield from complete_later(op)
                return
            w = op.word()


def ask_again(op, in_step):
    op.missed = False
    if in_step:
        yield
        op.wanted |= {"again"}
        return
    yield
    queued = op.word()[2]
    op.queued = True
    if queued:
        if op.fault("ended"):
            op.missed = True
            return
        yield
        op.wanted |= {"again"}
        return
    op.repeats = True
    yield
    op.requests += 1


def request_done(op, me):
    op.repeats = False
    yield
    w = op.word()
    while True:
        is_free = w[0] is None
        if is_free and w[1] and not w[3] and not op.fault("done"):
            yield from ask_with(op, me, lambda wanted: wanted)
            yield
            w = op.word()
            continue
        yield
        if op.word() == w:
            op.queued = False
            if is_free and w[3]:
                yield from complete_later(op)
            return
        w = op.word()


def complete_later(op):
    yield
    if not op.stored:
        raise Violation("completes without its results")
    op.completions += 1


def call_handler(op):
    op.alive()
    if op.refs != 1:
        raise Violation("somebody refers to what is gone")
    op.gone = True


def in_own_step(op, me, w):
    return w[0] == me and not op.asking and op.holder is not None


def end_turn(op):
    op.nested_in[op.holder] = False
    op.holder = None


def complete(op, me):
    if (yield from leave(op, me)) or not (yield from put_off(op, me)):
        op.full = False
        call_handler(op)


def leave(op, me):
    yield  # the scope's lock
    op.has_left, op.linked = True, False
    yield
    if op.refs == 1:
        yield
        if op.word() == FREE:
            return True
    yield lambda: op.refs == 1
    yield
    w = op.word()
    if in_own_step(op, me, w) and (not w[2] or op.fault("queued")):
        end_turn(op)
        return True
    return w == FREE


def put_off(op, me):
    op.stored = True
    yield
    w = op.word()
    in_step = in_own_step(op, me, w)
    if in_step:
        end_turn(op)
    while True:
        owner = None if in_step else w[0]
        if owner is None and not w[2]:
            return False
        yield
        if op.word() == w:
            op.owner, op.ended = owner, True
            return True
        w = op.word()


def begin_turn(op, me, name):
    while True:
        yield
        w = op.word()
        while w[0] is None:
            yield
            if op.word() == w:
                op.owner, op.holder = me, name
                op.nested_in[name] = True
                return
            w = op.word()
        if w[0] == me:
            return  # within another
        yield lambda: op.owner is None or op.gone


def holds(op, name):
    return op.nested_in.get(name, False)


def finish_turn(op, me, name, where):
    if holds(op, name):
        op.nested_in[name] = False
        yield from release_turn(op, me, where)


def emplace(op, me, name):
    yield from begin_turn(op, me, name)
    yield
    op.alive()
    op.full = True
    op.to_emplace -= 1
    if op.missed and not op.fault("missed"):
        yield from ask_again(op, not holds(op, name))
    yield from finish_turn(op, me, name, "elsewhere")


def link(op, me):
    yield  # the scope's lock
    if op.context_done:
        yield from ask(op, me, BY_CONTEXT)
    elif not op.has_left:
        op.linked = True


def operation(op, scenario):
    me = "operation"
    op.owner, op.holder = me, "first"
    op.nested_in["first"] = True
    if scenario["emplaces_first"]:
        yield from emplace(op, me, "emplace")
    if scenario["completes_first"]:
        yield from complete(op, me)
    if holds(op, "first"):
        yield from link(op, me)
        yield from finish_turn(op, me, "first", "if_it_runs_here")
    for number, what in enumerate(scenario["steps"]):
        if op.has_left:
            return
        in_step = what.startswith("step")
        step = f"step {number}"
        if in_step:
            yield from begin_turn(op, me, step)
        if what in ("emplace", "step"):
            yield from emplace(op, me, f"emplace {number}")
        elif what == "ask":
            yield from ask(op, me, BY_UPSTREAM)
        elif not op.has_left:
            yield from complete(op, me)
        if in_step:
            yield from finish_turn(op, me, step, "here")


def canceler(op, scenario):
    yield  # the scope's lock
    op.context_done = True
    if not op.linked:
        return
    op.linked = False
    op.refs += 1
    yield
    w = op.word()
    while True:
        yield
        if op.word() == w:
            break
        w = op.word()
    if not w[2]:
        op.queued = True
    elif not op.fault("wanted"):
        op.wanted |= BY_CONTEXT
    yield
    op.refs -= 1
    if not w[2]:
        yield
        op.requests += 1


def executor(op, scenario):
    me = "executor"
    while True:
        yield lambda: op.requests > 0 or op.completions > 0
        if op.requests > 0:
            op.requests -= 1
            op.alive()
            yield from ask(op, me,
                           frozenset(["again"]) if op.repeats else BY_CONTEXT)
            yield from request_done(op, me)
        else:
            op.completions -= 1
            call_handler(op)


THREADS = {"operation": operation, "canceler": canceler, "executor": executor}


class Run:
    """One run, as far as its path goes: the threads, in the order they ran."""

    def __init__(self, scenario, fault, path):
        self.op = Op(scenario, fault)
        self.threads = {n: f(self.op, scenario) for n, f in THREADS.items()}
        self.waits = {}
        for name in itertools.chain(self.threads, path):
            self.step(name)

    def step(self, name):
        try:
            self.waits[name] = next(self.threads[name])
        except StopIteration:
            del self.threads[name]

    def ready(self):
        return [n for n in self.threads
                if self.waits[n] is None or self.waits[n]()]

    def state(self):
        def position(generator):
            while generator is not None:
                frame = generator.gi_frame
                yield frame.f_code.co_name, frame.f_lasti, repr(
                    [v for k, v in sorted(frame.f_locals.items())
                     if k not in ("op", "scenario") and not callable(v)])
                generator = generator.gi_yieldfrom
        values = {k: v for k, v in vars(self.op).items() if k != "constant"}
        values["nested_in"] = sorted(values["nested_in"].items())
        values["wanted"] = sorted(values["wanted"])
        values["asked"] = sorted(values["asked"])
        values["heard"] = sorted(values["heard"])
        return repr(values), tuple(
            (n, tuple(position(g))) for n, g in self.threads.items())

    def check_end(self, scenario):
        if set(self.threads) != {"executor"}:
            raise Violation("waits for ever")
        op = self.op
        if op.has_left:
            if not op.gone:
                raise Violation("never completes")
            return
        asked = BY_CONTEXT
        if "ask" in scenario["steps"]:
            asked |= BY_UPSTREAM
        if op.full and not asked <= op.heard:
            raise Violation("a request is lost")


def explore(scenario, fault=None):
    """Returns the number of states; raises Violation."""
    seen = set()
    paths = [()]
    while paths:
        path = paths.pop()
        try:
            run = Run(scenario, fault, path)
            while True:
                state = run.state()
                if state in seen:
                    break
                seen.add(state)
                ready = run.ready()
                if not ready:
                    run.check_end(scenario)
                    break
                paths.extend(path + (other,) for other in ready[1:])
                path += (ready[0],)
                run.step(ready[0])
        except Violation as v:
            raise Violation(f"{v}\n  {scenario}\n  {' '.join(path)}") from None
    return len(seen)


def scenarios():
    steps = [
        [], ["emplace"], ["step"], ["complete"], ["step_complete"],
        ["emplace", "emplace"], ["step", "step"], ["emplace", "complete"],
        ["step", "complete"], ["step", "step_complete"],
        ["ask"], ["ask", "emplace"], ["ask", "step"], ["ask", "complete"],
        ["emplace", "ask"], ["step", "ask"], ["ask", "step", "step_complete"],
    ]
    for s, first, here, asked in itertools.product(
            steps, (False, True), (False, True), (False, True)):
        completes = {"complete", "step_complete", "ask"} & set(s)
        if asked and (completes or not (first or s)):
            continue
        for at_once in (False, True) if not s and not asked else (False,):
            yield {"steps": s, "emplaces_first": first, "runs_here": here,
                   "completes_when_asked": asked, "completes_first": at_once}


def main():
    states = number = 0
    for scenario in scenarios():
        states += explore(scenario)
        number += 1
    print(f"{number} scenarios, {states} states: nothing is lost")
    for fault, what in FAULTS.items():
        try:
            for scenario in scenarios():
                explore(scenario, fault)
        except Violation as v:
            print(f"found, as it must be: {what}: {v}")
        else:
            sys.exit(f"not found: {what}")


if __name__ == "__main__":
    try:
        main()
    except Violation as v:
        sys.exit(str(v))
