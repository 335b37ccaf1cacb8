"""Where things are, what is said, and programs that are run."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
ROOT = HERE.parents[1]
WORK = ROOT / "target" / "interop"

SECONDS_PER_CASE = 60


class CannotRun(Exception):
    """The run could not be made, so there is nothing to judge."""


def say(text):
    print("interop: " + text, file=sys.stderr, flush=True)


def shown(path):
    """The path as seen from the repository root."""
    return os.path.relpath(path, ROOT)


def succeed(command, seconds=300, **options):
    """Run a command to its end and return what it printed. It must succeed."""
    command = [str(word) for word in command]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=seconds, encoding="utf-8", errors="replace",
            **options)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotRun(f"`{' '.join(command)}`: {error}") from error
    if done.returncode != 0:
        raise CannotRun(f"`{' '.join(command)}` failed: {done.stdout[-2000:]}")
    return done.stdout.strip()


def build(what, *options):
    """Build a program in release mode."""
    command = ["cargo", "build", "--release", "--locked", *map(str, options)]
    say(" ".join(command))
    try:
        built = subprocess.run(command, cwd=ROOT).returncode == 0
    except OSError as error:
        raise CannotRun(f"cannot start cargo: {error}") from error
    if not built:
        raise CannotRun(f"{what} does not build")


def build_example(name):
    """Build an example. Return its path."""
    build(f"the example {name}", "--features", "client", "--example", name)
    target = ROOT / (os.environ.get("CARGO_TARGET_DIR") or "target")
    return target / "release" / "examples" / name
