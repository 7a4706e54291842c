#!/usr/bin/env python3
#
# Starts a server of its own on this machine alone, runs a command, and stops
# the server:
#
#     servers.py mysql <command>...
#     servers.py redis <command>...
#     servers.py postgres <command>...
#     servers.py mqtt5 <command>...
#
# The command finds in ASIOCTX_SERVER the socket's path (for PostgreSQL its
# directory) or the port, and in ASIOCTX_SERVER_PID the process. Exit status 77:
# the server is not installed.
#
# The data are in a directory of their own under TMPDIR, and not in the build's:
# a socket's path must be short, and a server that refuses to be root's becomes
# nobody's, who may not enter that.

import contextlib
import getpass
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

START_SECONDS = 60


def find(*names, where="/usr/sbin"):
    for name in names:
        path = shutil.which(name) or shutil.which(name, path=where)
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


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start_redis(directory):
    server = find("redis-server")
    port = free_port()
    log = os.path.join(directory, "log")
    with open(log, "w") as f:
        process = subprocess.Popen(
            [server, "--port", str(port), "--bind", "127.0.0.1",
             "--dir", directory, "--save", "", "--appendonly", "no"],
            stdout=f, stderr=f)
    wait_until_it_listens(process, socket.AF_INET, ("127.0.0.1", port), log)
    return process, str(port)


def start_postgres(directory):
    # Debian's versions are side by side, and not in the PATH: the newest.
    where = ":".join(sorted(
        glob.glob("/usr/lib/postgresql/*/bin"), reverse=True,
        key=lambda path: float(path.split("/")[-2])))
    initdb = find("initdb", where=where)
    server = find("postgres", where=where)
    log = os.path.join(directory, "log")
    data = os.path.join(directory, "data")
    # It refuses to be root's.
    user = {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(directory, nobody.pw_uid, nobody.pw_gid)
        user = {"user": nobody.pw_uid, "group": nobody.pw_gid,
                "extra_groups": []}
    with open(log, "w") as f:
        if subprocess.run(
                [initdb, "--no-sync", "--auth=trust", "--username=postgres",
                 "--encoding=UTF8", "--no-locale", data],
                stdout=f, stderr=f, cwd=directory, **user).returncode != 0:
            fail(log)
        process = subprocess.Popen(
            [server, "-D", data, "-F", "-c", "listen_addresses=",
             "-c", f"unix_socket_directories={directory}"],
            stdout=f, stderr=f, cwd=directory, **user)
    # That it listens is not enough: it answers "the database system is starting
    # up" at first.
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with open(log) as f:
            if "ready to accept connections" in f.read():
                return process, directory
        time.sleep(0.05)
    process.kill()
    process.wait()
    fail(log)


def start_mqtt5(directory):
    server = find("mosquitto")
    port = free_port()
    log = os.path.join(directory, "log")
    configuration = os.path.join(directory, "conf")
    with open(configuration, "w") as f:
        f.write(f"listener {port} 127.0.0.1\nallow_anonymous true\n"
                f"persistence false\nuser {getpass.getuser()}\n")
    with open(log, "w") as f:
        process = subprocess.Popen(
            [server, "-c", configuration], stdout=f, stderr=f)
    wait_until_it_listens(process, socket.AF_INET, ("127.0.0.1", port), log)
    return process, str(port)


STARTERS = {"mysql": start_mysql, "redis": start_redis,
            "postgres": start_postgres, "mqtt5": start_mqtt5}

# PostgreSQL's SIGTERM would wait for clients.
STOP = {"postgres": signal.SIGINT}


@contextlib.contextmanager
def running(name):
    """A server: its process and its address."""
    with tempfile.TemporaryDirectory(prefix="asioctx-") as directory:
        process, address = STARTERS[name](directory)
        try:
            yield process, address
        finally:
            process.send_signal(signal.SIGCONT)
            process.send_signal(STOP.get(name, signal.SIGTERM))
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def main(arguments):
    if len(arguments) < 2 or arguments[0] not in STARTERS:
        print(f"usage: servers.py {'|'.join(STARTERS)} <command>...",
              file=sys.stderr)
        return 2
    with running(arguments[0]) as (process, address):
        return subprocess.run(
            arguments[1:],
            env=dict(os.environ, ASIOCTX_SERVER=address,
                     ASIOCTX_SERVER_PID=str(process.pid))).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
