#!/usr/bin/env python3
"""Runs clang-tidy with the plugin over what is compiled below some folders.

    tidy.py <build directory> <folder or file>...

Each file is looked at once, though several programs may have it. One that was
clean is passed over until something changes that it may depend on: itself, how it
is compiled, the project's headers, the checks or clang-tidy, or the version of
Boost.
"""

import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path


def digest(parts):
    out = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else part.encode()
        out.update(b"%d\n" % len(data) + data)
    return out.hexdigest()


def headers_of(project, build):
    for folder in ("include", "src", "examples", "bench", "doc", "test"):
        yield from sorted((project / folder).rglob("*.hpp"))
    yield from sorted(build.glob("examples/**/*.hpp"))
    yield from sorted(project.glob("**/.clang-tidy"))


def main():
    project, build = Path.cwd(), Path(sys.argv[1]).resolve()
    cache = (build / "CMakeCache.txt").read_text()
    tidy = re.search(r"^ASIOCTX_CLANG_TIDY:FILEPATH=(.*)$", cache, re.M)[1]
    plugin = build / "tools/tidy/asioctx_tidy.so"

    known = {Path(c["file"]).resolve(): c for c in json.loads(
        (build / "compile_commands.json").read_text())}
    roots = [Path(r).resolve() for r in sys.argv[2:]]
    files = sorted(
        f for f in known if any(f == r or r in f.parents for r in roots))
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
        *headers_of(project, build)])
    clean = once / "clean"
    clean.mkdir(exist_ok=True)

    def key(file):
        return clean / digest([common, json.dumps(known[file]), file])

    def look_at(file):
        done = subprocess.run(
            [*command, str(file)], capture_output=True, text=True)
        return file, done.returncode == 0, done.stdout + done.stderr

    todo = [f for f in files if not key(f).exists()]
    print(f"tidy: {len(todo)} of {len(files)} files to look at", flush=True)
    failed = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for file, good, text in pool.map(look_at, todo):
            if good:
                key(file).touch()
            else:
                failed.append(file)
                print(text, flush=True)
    for file in failed:
        print(f"tidy: not clean: {file.relative_to(project)}")
    if failed:
        sys.exit(1)
    print("tidy: clean")


if __name__ == "__main__":
    main()
