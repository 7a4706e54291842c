#!/usr/bin/env python3
#
# Runs a program, which must succeed and print exactly what is in a file:
#
#     test.py <expected> <server> <program>...
#     test.py --skip <reason>
#
# <server> is one of test/matrix/servers.py's, which is started and whose address
# becomes the program's last argument; or none. Exit status 77: the server is not
# here.

import difflib
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test/matrix"))

import servers  # noqa: E402


def check(expected, command):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        print(done.stdout)
        print(f"{command[0]}: ended with {done.returncode}")
        return 1
    wanted = pathlib.Path(expected).read_text()
    sys.stdout.writelines(difflib.unified_diff(
        wanted.splitlines(True), done.stdout.splitlines(True),
        expected, "what the program printed"))
    return done.stdout != wanted


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "--skip":
        print("skipped:", arguments[1])
        return 77
    expected, server, *command = arguments
    if server == "none":
        return check(expected, command)
    with servers.running(server) as (_, address):
        return check(expected, [*command, address])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
