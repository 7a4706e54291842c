#!/usr/bin/env python3
"""Runs clang-tidy with the plugin over what is compiled below some folders.

    tidy.py <build directory> [--changed] <folder or file>...

That nothing of them is compiled is an error, but for what has changed.

Each file is looked at once, though several programs may have it. One that was
clean is passed over until something changes that it depends on: itself, how it is
compiled, a header of the project that it includes, the checks or clang-tidy, or the
version of Boost.
"""

import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path


def digest(parts):
    out = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else part.encode()
        out.update(b"%d\n" % len(data) + data)
    return out.hexdigest()


def headers_in(dependencies):
    """What a rule of make names after its target and its first source."""
    rule = shlex.split(dependencies.read_text().replace("\\\n", " "))
    return [Path(name) for name in rule[2:]]


def main():
    project, build = Path.cwd(), Path(sys.argv[1]).resolve()
    cache = (build / "CMakeCache.txt").read_text()
    tidy = re.search(r"^ASIOCTX_CLANG_TIDY:FILEPATH=(.*)$", cache, re.M)[1]
    plugin = build / "tools/tidy/asioctx_tidy.so"

    known = {Path(c["file"]).resolve(): c for c in json.loads(
        (build / "compile_commands.json").read_text())}
    names = sys.argv[2:]
    changed = names[:1] == ["--changed"]
    roots = [Path(r).resolve() for r in names[changed:]]
    files = sorted(
        f for f in known if any(f == r or r in f.parents for r in roots))
    if not files and changed:
        print("tidy: nothing has changed that is compiled here")
        return
    if not files:
        sys.exit("tidy: none of these is compiled here")
    once = build / "once"
    once.mkdir(exist_ok=True)
    (once / "compile_commands.json").write_text(
        json.dumps([known[f] for f in files]))

    command = [
        tidy, f"--load={plugin}", "--quiet", "-p", str(once),
        "--extra-arg=-Wno-everything"]
    version = subprocess.run(
        [tidy, "--version"], check=True, capture_output=True, text=True).stdout
    boost = re.search(r"^Boost_DIR:PATH=(.*)$", cache, re.M)
    common = digest([
        json.dumps(command), version, boost[1] if boost else "", plugin,
        *sorted(project.glob("**/.clang-tidy"))])
    clean = once / "clean"
    clean.mkdir(exist_ok=True)

    # Of a file that was clean: the headers that it included, each with its digest.
    def record(file):
        return clean / digest([common, json.dumps(known[file]), file])

    def is_clean(file):
        try:
            headers = json.loads(record(file).read_text())
            return all(digest([Path(h)]) == was for h, was in headers.items())
        except (FileNotFoundError, ValueError):
            return False

    def look_at(file):
        made = record(file).with_suffix(".d")
        done = subprocess.run(
            [*command, f"--extra-arg=-Wp,-MMD,{made}", str(file)],
            capture_output=True, text=True)
        good = done.returncode == 0
        if good:
            record(file).write_text(json.dumps(
                {str(h): digest([h]) for h in headers_in(made)}))
        made.unlink(missing_ok=True)
        return file, good, done.stdout + done.stderr

    todo = [f for f in files if not is_clean(f)]
    print(f"tidy: {len(todo)} of {len(files)} files to look at", flush=True)
    failed = []
    jobs = len(os.sched_getaffinity(0))
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for file, good, text in pool.map(look_at, todo):
            if not good:
                failed.append(file)
                print(text, flush=True)
    for file in failed:
        print(f"tidy: not clean: {file.relative_to(project)}")
    if failed:
        sys.exit(1)
    print("tidy: clean")


if __name__ == "__main__":
    main()
