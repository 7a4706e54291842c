#!/usr/bin/env python3
"""Puts what was run into the table of doc/reference/platforms.md:

    python3 .ci/platforms.py <name> <what is there> <Boost> <what was run>

A row of that name is replaced; a new one comes last.
"""

import datetime
import pathlib
import sys

PAGE = pathlib.Path(__file__).parent.parent / "doc/reference/platforms.md"
HEAD = "|---|---|---|---|---|\n"


def main(name, *cells):
    text = PAGE.read_text()
    before, rest = text.split(HEAD)
    rows, after = rest.split("\n\n", 1)
    rows = rows.split("\n")
    today = datetime.date.today().isoformat()
    new = f"| `{name}` | {' | '.join(cells)} | {today} |"
    for i, row in enumerate(rows):
        if row.startswith(f"| `{name}` |"):
            rows[i] = new
            break
    else:
        rows.append(new)
    PAGE.write_text(before + HEAD + "\n".join(rows) + "\n\n" + after)


if len(sys.argv) != 5:
    sys.exit(__doc__)
main(*sys.argv[1:])
