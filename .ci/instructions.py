#!/usr/bin/env python3
"""Counts what one of each takes that bench/instructions.cpp does, with callgrind:

    instr     instructions of the process
    locked    of these, those that lock the memory (lock, and xchg with memory)
    indirect  of these, calls and jumps through a pointer
    alloc     calls of malloc

and compares that with the budget in .ci/instructions.txt. What is bound is
counted above the same operation when it is bare.

Counts do not depend on the machine's speed, and little on its load. They do on the
compiler and on Boost: the budget is for those that the file names, and with others
nothing is compared. Timers make a count vary by a tenth; instructions may be over their
budget by 0.2 % and one (with a deadline each by 1 % and one), and the others by 0.2.

Called by instructions.sh: instructions.py <program> <setting> [--record]
"""

import concurrent.futures
import functools
import pathlib
import re
import subprocess
import sys
import tempfile

BUDGET = pathlib.Path('.ci/instructions.txt')
COUNT = 2000
KINDS = ('instr', 'locked', 'indirect', 'alloc')


@functools.cache
def marked(file):
    """The addresses of a file's locked and of its indirect instructions."""
    found = {'locked': set(), 'indirect': set()}
    if not pathlib.Path(file).is_file():
        return found
    listing = subprocess.run(
        ['objdump', '-d', '--no-show-raw-insn', file],
        check=True, capture_output=True, text=True).stdout
    for line in listing.splitlines():
        m = re.match(r'\s*([0-9a-f]+):\s+(.*)', line)
        if not m:
            continue
        address, what = int(m[1], 16), m[2]
        if re.match(r'lock |xchg\s[^#]*\(', what):
            found['locked'].add(address)
        elif re.match(r'(notrack )?(call|jmp)\s+\*', what):
            found['indirect'].add(address)
    return found


def count(program, what):
    """What COUNT of one take, within measured()."""
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(
            ['valgrind', '--tool=callgrind', '--collect-atstart=no',
             '--toggle-collect=measured', '--dump-instr=yes', '--dump-line=no',
             '--compress-pos=no', '--compress-strings=no',
             f'--callgrind-out-file={out.name}', program, what, str(COUNT)],
            check=True, capture_output=True)
        lines = pathlib.Path(out.name).read_text().splitlines()
    total = dict.fromkeys(KINDS, 0)
    file = callee = ''
    is_call = False
    for line in lines:
        if line.startswith('ob='):
            file = line[3:]
        elif line.startswith('cfn='):
            callee = line[4:]
        elif line.startswith('calls='):
            if callee == 'malloc':
                total['alloc'] += int(line[6:].split()[0])
            is_call = True
        elif line.startswith('0x'):
            # After calls= stands what the callee takes, which is counted there.
            if not is_call:
                address, *_, n = line.split()
                total['instr'] += int(n)
                for kind, addresses in marked(file).items():
                    if int(address, 16) in addresses:
                        total[kind] += int(n)
            is_call = False
    return {kind: n / COUNT for kind, n in total.items()}


def measure(program, names):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        counts = dict(zip(names, pool.map(lambda n: count(program, n), names)))
    rows = {}
    for name, c in counts.items():
        base, _, how = name.rpartition('/')
        if how == 'bare':
            continue
        bare = counts.get(f'{base}/bare')
        rows[name] = tuple(
            round(c[k] - (bare[k] if bare else 0), 1) for k in KINDS)
    return rows


def main():
    program, setting, *options = sys.argv[1:]
    boost, *names = subprocess.run(
        [program], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    setting = f'{setting}, {boost}'
    rows = measure(program, names)
    head = f'{"":40}' + ''.join(f'{k:>9}' for k in KINDS)

    def text(name):
        return f'{name:40}' + ''.join(f'{n:9.1f}' for n in rows[name])

    table = map(text, rows)

    if '--record' in options:
        BUDGET.write_text('\n'.join([
            '# Written by .ci/instructions.sh --record; see instructions.py.',
            f'# {setting}', '#' + head[1:], *table, '']))
        print(BUDGET.read_text(), end='')
        return 0

    budget = BUDGET.read_text().splitlines()
    if f'# {setting}' not in budget:
        print(f'instructions: the budget is not for {setting}: '
              'nothing to compare')
        print('\n'.join([head, *table]))
        return 0
    allowed = {}
    for line in budget:
        if not line.startswith('#'):
            name, *numbers = line.split()
            allowed[name] = tuple(float(n) for n in numbers)

    # How often the timer is set while deadlines come and go is up to the clock.
    def slack(name):
        return 0.01 if name.endswith('/timeout') else 0.002

    def over(name):
        return [
            f'{kind} over {limit}'
            for kind, n, limit in zip(KINDS, rows[name], allowed.get(name, ()))
            if n > limit + (limit * slack(name) + 1 if kind == 'instr' else 0.2)]

    # On a busy machine timers are set more often: the least of three counts.
    for _ in range(2):
        again = [
            n for name in rows if over(name)
            for n in (name, f'{name.rpartition("/")[0]}/bare') if n in names]
        for name, row in measure(program, again).items():
            rows[name] = tuple(map(min, rows[name], row))

    print(head)
    failed = 0
    for name in rows:
        faults = over(name) if name in allowed else ['NO BUDGET']
        failed += bool(faults)
        print(text(name), ', '.join(faults))
    if failed or allowed.keys() - rows.keys():
        print('instructions: make it cheaper, or record a new budget with '
              '.ci/instructions.sh --record and say why')
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
