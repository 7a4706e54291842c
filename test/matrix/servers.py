#!/usr/bin/env python3
#
# Starts a server of its own on this machine alone, runs a command, and stops
# the server:
#
#     servers.py mysql <command>...
#     servers.py redis <command>...
#
# The command finds in ASIOCTX_SERVER the socket's path or the port, and in
# ASIOCTX_SERVER_PID the process. Exit status 77: the server is not installed.

import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

START_SECONDS = 60


def find(*names):
    for name in names:
        path = shutil.which(name) or shutil.which(name, path="/usr/sbin")
        if path:
            return path
    print(f"skipped: there is no {' and no '.join(names)} here")
    sys.exit(77)


def fail(log):
    with open(log, encoding="utf-8", errors="replace") as f:
        sys.exit("the server did not start:\n" + f.read())


def wait_until_it_listens(server, family, address, log):
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        with socket.socket(family) as s:
            try:
                s.connect(address)
                return
            except OSError:
                time.sleep(0.05)
    server.kill()
    server.wait()
    fail(log)


def start_mysql(directory):
    server = find("mariadbd", "mysqld")
    install = find("mariadb-install-db", "mysql_install_db")
    log = os.path.join(directory, "log")
    path = os.path.join(directory, "socket")
    common = ["--no-defaults", f"--datadir={directory}/data",
              f"--user={getpass.getuser()}"]
    with open(log, "w") as f:
        if subprocess.run(
                [install, *common, "--auth-root-authentication-method=normal",
                 "--skip-test-db"], stdout=f, stderr=f).returncode != 0:
            fail(log)
        process = subprocess.Popen(
            [server, *common, f"--socket={path}", "--skip-networking",
             f"--pid-file={directory}/pid"], stdout=f, stderr=f)
    wait_until_it_listens(process, socket.AF_UNIX, path, log)
    return process, path


def start_redis(directory):
    server = find("redis-server")
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    log = os.path.join(directory, "log")
    with open(log, "w") as f:
        process = subprocess.Popen(
            [server, "--port", str(port), "--bind", "127.0.0.1",
             "--dir", directory, "--save", "", "--appendonly", "no"],
            stdout=f, stderr=f)
    wait_until_it_listens(process, socket.AF_INET, ("127.0.0.1", port), log)
    return process, str(port)


STARTERS = {"mysql": start_mysql, "redis": start_redis}


def main(arguments):
    if len(arguments) < 2 or arguments[0] not in STARTERS:
        print("usage: servers.py mysql|redis <command>...", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="asioctx-") as directory:
        process, address = STARTERS[arguments[0]](directory)
        try:
            return subprocess.run(
                arguments[1:],
                env=dict(os.environ, ASIOCTX_SERVER=address,
                         ASIOCTX_SERVER_PID=str(process.pid))).returncode
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
