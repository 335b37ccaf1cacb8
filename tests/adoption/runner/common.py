"""Where things are, what is said, and programs that are run."""

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
ROOT = HERE.parents[1]
WORK = ROOT / "target" / "adoption"
WORKSPACE = WORK / "workspace"

# Until a server is up, or a client has done its work.
PATIENCE = 60


class CannotRun(Exception):
    """The run could not be made, so there is nothing to judge."""


class Failed(Exception):
    """Something is not as expected."""


def say(text):
    print("adoption: " + text, file=sys.stderr, flush=True)


def shown(path):
    """The path as seen from the repository root."""
    return os.path.relpath(path, ROOT)


def output_of(command, seconds=300, **options):
    """Run a command to its end and return what it printed. It must succeed."""
    command = [str(word) for word in command]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            timeout=seconds, encoding="utf-8", errors="replace", **options)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotRun(f"`{' '.join(command)}`: {error}") from error
    if done.returncode != 0:
        raise CannotRun(f"`{' '.join(command)}` failed: {(done.stdout + done.stderr)[-3000:]}")
    return done.stdout


@contextlib.contextmanager
def running(command, log, **options):
    """A program that ends with the block. Its output goes to a file, the lines also to who asks."""
    with open(log, "wb") as errors:
        process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=errors, **options)
    watchdog = threading.Timer(PATIENCE, process.kill)
    watchdog.start()
    try:
        yield process
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()
        process.stdout.close()
