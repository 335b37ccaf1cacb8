"""Where things are, what is said, and programs that are run."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
WORK = ROOT / "target" / "autobahn"


class Files:
    """What a run leaves behind."""

    def __init__(self, name):
        self.directory = WORK / name
        self.report = self.directory / "report"
        self.wstest_log = self.directory / "wstest.log"
        self.example_log = self.directory / "example.log"
        self.proxy_log = self.directory / "haproxy.log"


class CannotRun(Exception):
    """The run could not be made, so there is nothing to judge."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def shown(path):
    """The path as seen from the repository root."""
    return os.path.relpath(str(path), str(ROOT))


def attempt(command, seconds=60, **options):
    """Run a command to its end. Return whether it succeeded, and what it printed."""
    try:
        done = subprocess.run(
            [str(word) for word in command], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds,
            encoding="utf-8", errors="replace", **options)
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, str(error)
    return done.returncode == 0, done.stdout


@contextlib.contextmanager
def running(command, log, **options):
    """Start a process that writes to a log file, and always end it."""
    with open(log, "wb") as output:
        try:
            process = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT, **options)
        except OSError as error:
            raise CannotRun("cannot start {}: {}".format(command[0], error))
        try:
            yield process
        finally:
            end(process)


def end(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def tail(log, lines=20):
    text = log.read_text(encoding="utf-8", errors="replace")
    last_lines = "\n".join(text.splitlines()[-lines:]) or "(it is empty)"
    return "the end of {}:\n{}".format(shown(log), last_lines)


def died_lines(name, process, log):
    """Return a line if a process that should run does not."""
    died = process.poll() is not None
    return ["{} ended during the run; {}".format(name, tail(log))] if died else []


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_accepting(host, port, process=None, log=None, seconds=30):
    deadline = time.monotonic() + seconds
    while True:
        if process and process.poll() is not None:
            raise CannotRun("the server ended with status {}; {}".format(
                process.returncode, tail(log)))
        try:
            socket.create_connection((host, port), timeout=1).close()
            return
        except OSError as error:
            if time.monotonic() > deadline:
                raise CannotRun("no server accepts connections at {}:{} within {} s: {}".format(
                    host, port, seconds, error))
        time.sleep(0.1)
